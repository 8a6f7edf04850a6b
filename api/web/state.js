// What the page is about: the chosen songs and how many recommendations are wanted. It is written into the
// address (after the #, which no server sees), so that a reload, a bookmark and a link all bring it back.

import { keyOf, songOf } from "./song.js";

const LIMITS = [10, 25, 50, 100];

export class State extends EventTarget {
  songs = [];
  limit = LIMITS[0];

  /** Adds songs that are not there yet, at the end; says how many those were. */
  add(songs) {
    const before = this.songs.length;
    this.#become([...this.songs, ...songs]);
    return this.songs.length - before;
  }

  remove(song) {
    this.#become(this.songs.filter((other) => keyOf(other) !== keyOf(song)));
  }

  /** Puts other songs in songs' places, as a map from one to the other says. */
  replace(others) {
    this.#become(this.songs.map((song) => others.get(song) ?? song));
  }

  /** Begins again with these songs, each once, and so many recommendations. */
  reset(songs = [], limit = LIMITS[0]) {
    this.limit = limit;
    this.#become(songs);
  }

  /** Whether there is a step beyond this limit. */
  goesBeyond(limit) {
    return limit < LIMITS.at(-1);
  }

  showMore() {
    this.limit = LIMITS.find((limit) => limit > this.limit) ?? this.limit;
    this.#become(this.songs);
  }

  /** The state as a fragment; empty where there is nothing to keep. */
  toFragment() {
    const parts = this.songs.map(({ title, artist, uri }) => {
      const cells = `${title}\t${artist}\t${uri}`.trimEnd();
      // A colon needs no escape here, and every URI has some.
      return `song=${encodeURIComponent(cells).replaceAll("%3A", ":")}`;
    });
    if (this.limit !== LIMITS[0]) parts.push(`show=${this.limit}`);
    return parts.length ? `#${parts.join("&")}` : "";
  }

  fromFragment(fragment) {
    const fields = new URLSearchParams(fragment.replace(/^#/, ""));
    const show = Number(fields.get("show")) || 0;
    const limit = LIMITS.find((limit) => limit >= show) ?? LIMITS.at(-1);
    const songs = fields.getAll("song").map((text) => {
      const [title, artist, uri] = text.split("\t");
      return songOf({ title: title.trim(), artist, uri });
    });
    this.reset(songs.filter(({ title }) => title), limit);
  }

  #become(songs) {
    const known = new Set();
    this.songs = songs.filter((song) => !known.has(keyOf(song)) && known.add(keyOf(song)));
    this.dispatchEvent(new Event("change"));
  }
}
