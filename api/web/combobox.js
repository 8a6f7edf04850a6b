// The search field and its suggestions: the ARIA combobox pattern, with a listbox that only hints (what is
// typed is never changed). Knows nothing of what becomes of a chosen song.

import { element, name, titled } from "./dom.js";
import { beginsLike, songOf, songsOf } from "./song.js";

const TYPING_PAUSE_MS = 120;
const SUGGESTIONS = 8;

export class Combobox {
  #input;
  #list;
  #suggest;
  #choose;
  #say;
  #songs = [];
  /** The text that the songs shown belong to. */
  #answered = "";
  #active = -1;
  #timer = 0;
  #running = null;

  /** `suggest(text, limit, signal)` finds songs, `choose(songs)` takes them, `say(text)` speaks. */
  constructor(input, list, { suggest, choose, say }) {
    this.#input = input;
    this.#list = list;
    this.#suggest = suggest;
    this.#choose = choose;
    this.#say = say;
    input.addEventListener("input", () => this.#typed());
    input.addEventListener("keydown", (event) => this.#pressed(event));
    input.addEventListener("paste", (event) => this.#pasted(event));
    input.addEventListener("focus", () => this.#show(this.#songs));
    input.addEventListener("blur", () => this.#open(false));
    // Without this, pressing on a suggestion takes the focus from the field and closes the list.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", ({ target }) => {
      const option = target.closest("[role=option]");
      if (option) this.#take([this.#songs[[...list.children].indexOf(option)]]);
    });
  }

  get #text() {
    return this.#input.value.trim();
  }

  /** From here on, nothing that was typed before brings suggestions. */
  #stop() {
    clearTimeout(this.#timer);
    this.#running?.abort();
  }

  #typed() {
    this.#stop();
    this.#activate(-1);
    if (this.#text) this.#timer = setTimeout(() => this.#ask(), TYPING_PAUSE_MS);
    else this.#show([]);
  }

  /** Shows suggestions; false where the person went on before they were there. */
  async #ask() {
    this.#stop();
    const running = new AbortController();
    this.#running = running;
    const text = this.#text;
    try {
      const songs = await this.#suggest(text, SUGGESTIONS, running.signal);
      if (running.signal.aborted) return false;
      this.#answered = text;
      this.#show(songs);
      if (document.activeElement === this.#input) this.#say(`Suggestions: ${songs.length}`);
    } catch {
      // Suggestions are a help, not a need: the field works without them, and the page says elsewhere
      // when the server is gone.
      if (running.signal.aborted) return false;
      this.#show([]);
    }
    return true;
  }

  #show(songs) {
    this.#songs = songs;
    this.#list.replaceChildren(...songs.map(optionOf));
    this.#open(songs.length > 0 && document.activeElement === this.#input);
  }

  #open(open) {
    this.#list.hidden = !open;
    this.#input.setAttribute("aria-expanded", open);
    this.#activate(-1);
  }

  #activate(index) {
    this.#active = index;
    [...this.#list.children].forEach((option, at) => option.setAttribute("aria-selected", at === index));
    const option = this.#list.children[index];
    if (option) {
      this.#input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      this.#input.removeAttribute("aria-activedescendant");
    }
  }

  #pressed(event) {
    if (event.isComposing) return;
    const act = {
      ArrowDown: () => this.#step(1),
      ArrowUp: () => this.#step(-1),
      Enter: () => this.#enter(),
      Escape: () => this.#escape(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** Walks through the suggestions and, between last and first, back to what was typed. */
  #step(by) {
    if (!this.#songs.length) return;
    if (this.#list.hidden) this.#show(this.#songs);
    const places = this.#songs.length + 1;
    this.#activate(((this.#active + 1 + by + places) % places) - 1);
  }

  /** Takes the suggestion that is marked, else the first that begins like the text, else the text as it is. */
  async #enter() {
    const text = this.#text;
    let song = this.#songs[this.#active];
    if (!song && text) {
      if (this.#answered !== text && !(await this.#ask())) return;
      song = this.#songs.find((song) => beginsLike(song, text));
    }
    if (song) this.#take([song]);
    else if (text) this.#take(songsOf(text));
  }

  /** Wants none of the suggestions; once more, and what was typed goes, too. */
  #escape() {
    this.#stop();
    if (this.#list.hidden) this.#input.value = "";
    this.#answered = this.#text;
    this.#show([]);
  }

  #pasted(event) {
    const text = event.clipboardData.getData("text");
    const songs = songsOf(text);
    if (songs.length < 2) return;
    event.preventDefault();
    this.#take(songs);
  }

  #take(songs) {
    this.#stop();
    this.#input.value = "";
    this.#show([]);
    this.#choose(songs.map(songOf));
  }
}

function optionOf(song, index) {
  const option = element("li", { id: `suggestion-${index}`, role: "option" });
  option.append(titled(song), " ");
  if (song.artist) option.append(element("span", { className: "unseen" }, "by "), name(song.artist, "artist"));
  return option;
}
