// Learns the names of songs that came as a URI or as "Artist - Title", so that they are shown, compared and
// exported like those that were chosen from a list. Knows no screen.

import { lineOf, sameText, songOf } from "./song.js";

/** Questions under way at once. */
const SIDE_BY_SIDE = 4;

/** A map from the songs of which more could be learnt to what they are; `suggest(text, limit)` finds songs. */
export async function namesOf(songs, suggest) {
  const names = new Map();
  const waiting = songs.filter(({ title, artist }) => !artist && / - |^\w+:\w+:/.test(title));
  const work = async () => {
    for (let song = waiting.pop(); song; song = waiting.pop()) {
      // A name that cannot be learnt now is no loss: the song goes by what was typed.
      const [found] = await suggest(song.title, 1).catch(() => []);
      if (found && isMeant(found, song.title)) names.set(song, songOf(found));
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  return names;
}

function isMeant(found, text) {
  return found.uri === text || sameText(lineOf(found), text) || sameText(`${found.title} - ${found.artist}`, text);
}
