// The recommendations: a row each, with the reason in words and as a line inked as far as the reason goes.
// A tap on a row adds its song. Rows that stay keep their elements, and so their focus.

import { arrange, element, name, titled } from "./dom.js";
import { glide } from "./motion.js";
import { keyOf } from "./song.js";

/** Reasons told for one song. */
const REASONS = 2;

export class Next {
  #list;
  #add;
  #rows = new Map();

  constructor(list, add) {
    this.#list = list;
    this.#add = add;
  }

  /** Shows an answer's details. */
  show(details) {
    const plain = details.every(({ popular }) => popular);
    const rows = new Map();
    for (const detail of details) {
      const row = this.#rows.get(keyOf(detail)) ?? this.#row(detail);
      explain(row, detail, plain);
      rows.set(keyOf(detail), row);
    }
    const focused = this.#list.contains(document.activeElement);
    this.#rows = rows;
    glide(this.#list, () => arrange(this.#list, [...rows.values()]));
    if (focused && !this.#list.contains(document.activeElement)) this.#list.querySelector("button")?.focus();
  }

  /** Passes the focus to this row, or else the last. */
  focus(index) {
    (this.#list.children[index] ?? this.#list.lastElementChild)?.querySelector("button").focus();
  }

  #row(detail) {
    const words = element("span", { className: "words" });
    const button = element("button", { type: "button" }, element("span", { className: "head" }), words);
    const row = element("li", {}, button);
    words.append(element("span", { className: "unseen" }, "Add "), titled(detail), " ");
    words.append(name(detail.artist, "artist"), " ", element("span", { className: "why" }));
    button.addEventListener("click", () => {
      // The next row takes this one's place under the finger and the focus, so that one can go on and on.
      const heir = row.nextElementSibling ?? row.previousElementSibling;
      heir?.querySelector("button").focus({ preventScroll: true });
      this.#add(detail);
    });
    return row;
  }
}

/** Tells the reason, which changes as songs are added; what is said of all songs is not said of each. */
function explain(row, { because, popular }, plain) {
  const why = row.querySelector(".why");
  // The artist is a reason to name where no song is: it goes without saying for a song's own artist.
  const songs = because.filter(({ artist }) => !artist);
  const reasons = songs.length ? songs : because;
  row.style.setProperty("--share", reasons[0]?.confidence ?? 0);
  if (popular) {
    why.replaceChildren(plain ? "" : "among the most played here");
    return;
  }
  why.replaceChildren(...reasons.slice(0, REASONS).map(reasonOf));
}

/** "with *Yesterday* in 41 of 52 playlists", or "with songs by *The Beatles* in ...". */
function reasonOf({ songs, artist, support, of }, index) {
  const reason = element("span", { className: index ? "also" : "" }, artist ? "with songs by " : "with ");
  if (artist) reason.append(element("em", {}, name(artist)));
  else songs.forEach((title, at) => reason.append(at ? " and " : "", element("em", {}, name(baseOf(title)))));
  reason.append(` in ${count(support)} of ${count(of)}${index ? "" : " playlists"}`);
  return reason;
}

/** A title without the note of its edition: a reason is read at a glance. */
const baseOf = (title) => title.replace(/(?<=.) - .+$/s, "");

const count = (number) => number.toLocaleString();
