// Loads the page's modules. While one version of the server replaces another, the modules may come half
// from each and not fit together, or not come at all: then the page starts again, and says so.

const LONGEST_PAUSE_MS = 60_000;

import("./app.js").catch(() => {
  const tries = (history.state?.tries ?? 0) + 1;
  history.replaceState({ tries }, "");
  document.getElementById("trouble").textContent = "Tuning up. One moment, please.";
  setTimeout(() => location.reload(), Math.min(1000 * 2 ** tries, LONGEST_PAUSE_MS));
});
