// The dialog that gives the songs away: as text, as CSV with the datasets' own column names, or as a link
// that brings this very state back.

import { byId } from "./dom.js";
import { lineOf } from "./song.js";

const FORMATS = {
  text: { write: textOf, file: "segue.txt", type: "text/plain;charset=utf-8" },
  csv: { write: csvOf, file: "segue.csv", type: "text/csv;charset=utf-8" },
  link: { write: (songs, link) => link },
};

export function textOf(songs) {
  return songs.map((song) => `${lineOf(song)}\n`).join("");
}

export function csvOf(songs) {
  const rows = songs.map(({ title, artist, uri }) => [title, artist, uri]);
  const quoted = (cell) => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return [["track_name", "artist_name", "track_uri"], ...rows].map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
}

/** Opens from its button; `contents()` gives `{songs, next, link}` as they are at that moment. */
export function prepareExport(contents) {
  const dialog = byId("export");
  const text = byId("export-text");
  const withNext = byId("export-next");
  const save = byId("export-save");
  const done = byId("export-done");
  let url = "";

  const format = () => dialog.querySelector("[name=format]:checked").value;
  const write = () => {
    const { songs, next, link } = contents();
    const { write, file, type } = FORMATS[format()];
    const written = write(withNext.checked ? [...songs, ...next] : songs, link);
    text.value = written;
    byId("export-next-label").textContent = `with the ${next.length} that come next`;
    withNext.disabled = !file || !next.length;
    save.hidden = !file;
    done.textContent = "";
    URL.revokeObjectURL(url);
    url = file ? URL.createObjectURL(new Blob([written], { type })) : "";
    if (file) Object.assign(save, { href: url, download: file });
  };

  byId("open-export").addEventListener("click", () => {
    write();
    dialog.showModal();
  });
  dialog.addEventListener("change", write);
  dialog.addEventListener("close", () => URL.revokeObjectURL(url));
  byId("export-copy").addEventListener("click", async () => {
    text.select();
    try {
      await navigator.clipboard.writeText(text.value);
      done.textContent = "Copied";
    } catch {
      // Away from https and localhost browsers give pages no clipboard: the text is selected all the same.
      done.textContent = "Selected: copy it from here";
    }
  });
}
