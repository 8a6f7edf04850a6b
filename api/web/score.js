// The chosen songs, written as music: a bar for each, its note, its name beneath like a lyric, and a slur to
// the next; the last bar stays open for what follows. Knows no server.

import { arrange, byId, element, name, titled } from "./dom.js";
import { glide } from "./motion.js";
import { keyOf, nameOf, pitchOf } from "./song.js";

export class Score {
  #list;
  #remove;
  #bars = new Map();
  #open = element("li", { className: "bar open", "aria-hidden": "true" });

  constructor(list, remove) {
    this.#list = list;
    this.#remove = remove;
    const invitation = element("span", { className: "words" }, "Your songs are written here.");
    this.#open.append(element("span", { className: "head" }), invitation);
  }

  /** Shows the songs; `isUnknown(song)` says which of them the model does not know. */
  show(songs, isUnknown) {
    const grown = songs.length > this.#bars.size;
    const bars = new Map(songs.map((song) => [keyOf(song), this.#bars.get(keyOf(song)) ?? this.#bar(song)]));
    this.#bars = bars;
    for (const song of songs) bars.get(keyOf(song)).classList.toggle("unknown", isUnknown(song));
    const at = this.#buttons.indexOf(document.activeElement);
    glide(this.#list, () => arrange(this.#list, [...bars.values(), this.#open]));
    // A bar that goes leaves the focus to the one in its place, or the last, and then to the search field.
    if (at >= 0 && !this.#list.contains(document.activeElement)) {
      (this.#buttons[at] ?? this.#buttons.at(-1) ?? byId("search")).focus();
    }
    this.#list.classList.toggle("silent", songs.length === 0);
    if (grown) this.#toEnd();
  }

  get #buttons() {
    return [...this.#list.querySelectorAll("button")];
  }

  /** Notes in the open bar what would come next. */
  hint(song) {
    if (song) this.#open.style.setProperty("--pitch", pitchOf(song));
  }

  /** The score scrolls along its one system, or down its many. */
  #toEnd() {
    const { scrollWidth, scrollHeight } = this.#list;
    const wraps = getComputedStyle(this.#list).flexWrap === "wrap";
    this.#list.scrollTo(wraps ? { top: scrollHeight } : { left: scrollWidth });
  }

  #bar(song) {
    const remove = element("button", { type: "button", className: "remove", title: "Remove" });
    remove.setAttribute("aria-label", `Remove ${nameOf(song)}`);
    remove.addEventListener("click", () => this.#remove(song));
    const words = element("span", { className: "words", title: nameOf(song) }, titled(song));
    if (song.artist) words.append(" ", name(song.artist, "artist"));
    const bar = element("li", { className: "bar" }, element("span", { className: "head" }), words, remove);
    const pitch = pitchOf(song);
    bar.style.setProperty("--pitch", pitch);
    bar.classList.toggle("high", pitch > 4);
    return bar;
  }
}
