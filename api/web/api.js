// Asks the server, one function a route. Every failure is a `Trouble` that says what can be done about it.

const DEADLINE_MS = 10_000;

/** Why there is no answer. `passing` troubles are worth trying again. */
export class Trouble extends Error {
  constructor(message, { passing, waitMs = 0 }) {
    super(message);
    this.passing = passing;
    this.waitMs = waitMs;
  }
}

const UNREACHABLE = "The server cannot be reached just now. Your songs are safe here; the music goes on as soon as it answers.";
const NO_MODEL = "No model has been loaded yet. This page goes on by itself as soon as one is there.";
const BUSY = "There is a crowd at the moment. Trying again.";

/** What goes with these songs, why, and from which model. */
export async function recommend(songs, limit, signal) {
  const request = { method: "POST", headers: { "content-type": "application/json" }, signal };
  const { body, headers } = await ask("api/recommend", { ...request, body: JSON.stringify({ songs, limit, explain: true }) });
  return { ...body, limit, asked: songs.length, model: headers.get("x-segue-model") };
}

/** Songs whose titles or artists begin like, or resemble, what was typed. */
export async function suggest(query, limit, signal) {
  const fields = new URLSearchParams({ q: query, limit });
  return (await ask(`api/songs?${fields}`, { signal })).body.songs;
}

/** What the model that is served says of itself. */
export const model = async () => (await ask("api/model")).body;

async function ask(path, { signal, ...request } = {}) {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  let response, body;
  try {
    const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
    response = await fetch(path, { ...request, signal: either, cache: "no-store" });
    body = await response.json();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Trouble(UNREACHABLE, { passing: true });
  }
  if (response.ok) return { body, headers: response.headers };
  throw troubleOf(response, body.error);
}

function troubleOf(response, error) {
  const waitMs = 1000 * Number(response.headers.get("retry-after")) || 0;
  if (response.status === 429 || response.status === 503) {
    return new Trouble(error?.code === "no_model" ? NO_MODEL : BUSY, { passing: true, waitMs });
  }
  if (response.status >= 500) return new Trouble(UNREACHABLE, { passing: true, waitMs });
  return new Trouble(`The server declines: ${error?.message ?? response.status}.`, { passing: false });
}
