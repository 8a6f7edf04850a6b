// The dialog that takes a whole playlist as text.

import { byId } from "./dom.js";
import { songsOf } from "./song.js";

/** Opens from its button; `choose(songs)` gets what was pasted. */
export function preparePaste(choose) {
  const dialog = byId("paste");
  const text = byId("paste-text");
  const add = byId("paste-add");
  const count = () => {
    const songs = songsOf(text.value).length;
    add.disabled = songs === 0;
    add.textContent = songs ? `Add ${songs} ${songs === 1 ? "song" : "songs"}` : "Add songs";
  };
  byId("open-paste").addEventListener("click", () => {
    text.value = "";
    dialog.returnValue = "";
    count();
    dialog.showModal();
    text.focus();
  });
  text.addEventListener("input", count);
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "add") choose(songsOf(text.value));
  });
}
