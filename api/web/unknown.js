// What was asked for and is not known here, each with the songs it may have meant.

import { byId, element, name } from "./dom.js";
import { nameOf, songOf } from "./song.js";

/** More than this many are folded away behind a summary. */
const SPREAD = 3;
const NEAR = 3;

/** Shows `unknown`, pairs of a chosen song and its near songs; `replace(song, near)` is called for a choice. */
export function showUnknown(place, unknown, replace) {
  const focused = place.querySelector(":focus-visible");
  const rows = unknown.map(([song, near]) => {
    const row = element("p", {}, "Not known here: ", element("em", {}, name(song.title)));
    if (near.length) row.append(". Perhaps ");
    near.slice(0, NEAR).forEach((other, index) => {
      const button = element("button", { type: "button", className: "text" }, name(nameOf(other)));
      button.addEventListener("click", () => {
        row.nextElementSibling?.querySelector("button")?.focus();
        replace(song, songOf(other));
      });
      row.append(index ? " or " : "", button);
    });
    if (near.length) row.append("?");
    return row;
  });
  place.hidden = rows.length === 0;
  const wasOpen = place.querySelector("details")?.open ?? Boolean(focused);
  const summary = element("summary", {}, `${rows.length} of these are not known here`);
  const folded = rows.length > SPREAD ? [element("details", { open: wasOpen }, summary, ...rows)] : rows;
  place.replaceChildren(...folded);
  if (!focused) return;
  // The focus stays where the same is offered as before, else as near as there is something to choose.
  const choices = [...place.querySelectorAll("summary, button")];
  const same = choices.find(({ textContent }) => textContent === focused.textContent);
  (same ?? choices[0] ?? byId("search")).focus();
}
