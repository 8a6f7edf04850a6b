// A short message at the foot of the page, with something to do about it where there is; it stays until it is
// dismissed, answered or replaced, so that nobody has to hurry.

import { byId, element } from "./dom.js";

export class Toast {
  #place;
  /** What had the focus before a button of the message. */
  #before = null;

  constructor(place) {
    this.#place = place;
    place.addEventListener("focusin", ({ relatedTarget }) => {
      if (relatedTarget && !place.contains(relatedTarget)) this.#before = relatedTarget;
    });
  }

  show(text, { action, act } = {}) {
    // The same words may be about something else now, where there is something to do.
    if (!action && this.#place.dataset.text === text) return;
    const focused = this.#focused;
    this.#place.dataset.text = text;
    this.#place.replaceChildren(element("span", {}, text));
    if (action) this.#button(action, {}, act);
    this.#button("", { className: "remove", "aria-label": "Dismiss" });
    if (focused) this.#place.querySelector("button").focus();
  }

  hide(act) {
    const focused = this.#focused;
    delete this.#place.dataset.text;
    this.#place.replaceChildren();
    act?.();
    if (!focused) return;
    this.#before?.focus();
    if (document.activeElement !== this.#before) byId("search").focus();
  }

  /** A finger needs no focus, and one in the search field would bring up the keyboard of a phone. */
  get #focused() {
    return this.#place.querySelector(":focus-visible");
  }

  #button(label, properties, act) {
    const button = element("button", { type: "button", ...properties }, label);
    button.addEventListener("click", () => this.hide(act));
    this.#place.append(button);
  }
}
