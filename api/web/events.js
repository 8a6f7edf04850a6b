// Listens to what the server serves now: its version and model. Reports every change, and a line that was
// cut and is there again; the browser reconnects most cuts by itself, the rest is done here. A page that is
// not seen does not listen: browsers grant all tabs of a host six connections, and each stream holds one.

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/** `changed` gets each `{version, model, model_date}`; `line` whether the server can be heard. */
export function listen({ changed, line }) {
  let pause = FIRST_PAUSE_MS;
  let source = null;
  let timer = 0;
  const open = () => {
    source = new EventSource("api/events");
    source.addEventListener("open", () => {
      pause = FIRST_PAUSE_MS;
      line(true);
    });
    source.addEventListener("update", ({ data }) => changed(JSON.parse(data)));
    source.addEventListener("error", () => {
      line(false);
      // Anything but a stream as the answer (a proxy's error page, say) ends the browser's own attempts.
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, pause * (0.75 + Math.random() / 2));
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    });
  };
  // A closed source reports no error: the line passes for open until it is tried again. What was missed
  // meanwhile is in the first event. A page that the browser keeps for the way back is hidden, too.
  const attend = () => {
    clearTimeout(timer);
    source?.close();
    if (!document.hidden) open();
  };
  document.addEventListener("visibilitychange", attend);
  attend();
}
