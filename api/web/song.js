// What a song is on this page, and how people and programs write one. Knows no server and no screen.

/**
 * @typedef {{title: string, artist: string, uri: string}} Song
 * Artist and URI are empty where they are not known: a song may be no more than what somebody typed.
 */

const STEPS = 9;

/** @returns {Song} */
export const songOf = ({ title, artist = "", uri = "" }) => ({ title, artist, uri });

/** What tells one song from another, however it is capitalised. */
export const keyOf = ({ title, artist }) => `${title}\t${artist}`.toLowerCase();

/** A song on one line, as the server and other people's programs read it: by name, as URIs differ among datasets. */
export const lineOf = ({ title, artist }) => (artist ? `${artist} - ${title}` : title);

/** A song in a sentence. */
export const nameOf = ({ title, artist }) => (artist ? `${title} by ${artist}` : title);

/** The songs of a pasted text, one a line. */
export function songsOf(text) {
  return text.split(/[\r\n]+/).map(songOfLine).filter(({ title }) => title);
}

/** Whether a song's title or artist, or one after the other, begins with what was typed. */
export function beginsLike({ title, artist }, typed) {
  const start = bare(typed);
  return [title, `${artist} ${title}`, artist && `${title} ${artist}`].some((text) => bare(text).startsWith(start));
}

/** Whether two texts differ in accents, case and punctuation only. */
export const sameText = (one, other) => bare(one) === bare(other);

/** Letters and figures only. */
const bare = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^\p{L}\p{N}]+/gu, " ").trim().toLowerCase();

function songOfLine(line) {
  const text = line.replace(/^\s*(\d{1,4}[.)]|[-*•–])\s+/, "").trim();
  // What players copy is a page's address; what datasets hold is the URI it stands for.
  const track = /^https?:\/\/open\.spotify\.com\/(?:[\w-]+\/)?track\/(\w+)/.exec(text);
  if (track) return songOf({ title: `spotify:track:${track[1]}` });
  const [title, artist] = text.split("\t").map((cell) => cell.trim());
  return songOf({ title, artist });
}

/** A song's place on the staff, in half spaces from the lowest line: always the same for the same song. */
export function pitchOf(song) {
  let hash = 7;
  for (const unit of keyOf(song)) hash = (hash * 31 + unit.codePointAt(0)) >>> 0;
  return (hash >>> 4) % STEPS;
}
