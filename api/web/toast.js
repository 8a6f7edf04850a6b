// A short message at the foot of the page, with something to do about it where there is; it stays until it is
// dismissed, answered or replaced, so that nobody has to hurry.

import { element } from "./dom.js";

export class Toast {
  #place;

  constructor(place) {
    this.#place = place;
  }

  show(text, { action, act } = {}) {
    // The same words may be about something else now, where there is something to do.
    if (!action && this.#place.dataset.text === text) return;
    this.#place.dataset.text = text;
    this.#place.replaceChildren(element("span", {}, text));
    if (action) this.#button(action, {}, act);
    this.#button("", { className: "remove", "aria-label": "Dismiss" }, () => {});
  }

  hide() {
    delete this.#place.dataset.text;
    this.#place.replaceChildren();
  }

  #button(label, properties, act) {
    const button = element("button", { type: "button", ...properties }, label);
    button.addEventListener("click", () => {
      this.hide();
      act();
    });
    this.#place.append(button);
  }
}
