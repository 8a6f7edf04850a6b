// Puts the page together: state, server and screen meet here and nowhere else.

import * as api from "./api.js";
import { Combobox } from "./combobox.js";
import { byId } from "./dom.js";
import { listen } from "./events.js";
import { prepareExport } from "./export.js";
import { namesOf } from "./naming.js";
import { Next } from "./next.js";
import { preparePaste } from "./paste.js";
import { Refresh } from "./refresh.js";
import { Score } from "./score.js";
import { keyOf, lineOf, nameOf, songOf } from "./song.js";
import { State } from "./state.js";
import { dateOf, Strip } from "./strip.js";
import { Toast } from "./toast.js";
import { showUnknown } from "./unknown.js";

/** A surprise is any of this many songs that fit. */
const SURPRISES = 200;

const state = new State();
const score = new Score(byId("score"), (song) => state.remove(song));
const next = new Next(byId("next"), (detail) => choose([songOf(detail)]));
const strip = new Strip(byId("strip"));
const trouble = new Toast(byId("trouble"));
const news = new Toast(byId("news"));

/** The latest answer, what is known of its model, and what the server last said it serves. */
let answer = { details: [], unknown: [], limit: Infinity };
let model = null;
let served = null;

const say = (text) => (byId("voice").textContent = text);

const refresh = new Refresh((signal) => api.recommend(state.songs.map(lineOf), state.limit, signal), {
  answered(found) {
    const before = offered().length;
    const wentOn = found.limit > answer.limit && document.activeElement === byId("more");
    answer = found;
    trouble.hide();
    show();
    if (wentOn) next.focus(before);
    if (state.songs.length) tell();
    if (found.model !== model?.id) learnModel();
    // Another instance may serve what was there before for a while yet.
    return document.hidden || found.model === (served ?? found).model;
  },
  failed: (why) => trouble.show(why.message),
});

/** Says to those who do not see it what has changed. */
function tell() {
  const [first] = offered();
  const unknown = answer.unknown.length ? ` ${answer.unknown.length} of your songs not known here.` : "";
  say(first ? `Next: ${nameOf(first)}.${unknown}` : unknown);
}

async function learnModel() {
  try {
    model = await api.model();
    strip.show(answer, model);
  } catch {
    // The strip does without; the next answer brings another chance.
  }
}

async function choose(songs) {
  const added = state.add(songs);
  if (songs.length > 1) say(`Songs added: ${added}`);
  const names = await namesOf(songs, api.suggest);
  if (names.size) state.replace(names);
}

/** What is recommended; until the server has answered, without what has been chosen since. */
function offered() {
  const chosen = new Set(state.songs.map(keyOf));
  return answer.details.filter((detail) => !chosen.has(keyOf(detail)));
}

function show() {
  const { songs } = state;
  const near = new Map(answer.unknown.map(({ song, near }) => [song, near]));
  const unknown = songs.filter((song) => near.has(lineOf(song)));
  const details = offered();
  const popular = answer.details.every((detail) => detail.popular);
  score.show(songs, (song) => near.has(lineOf(song)));
  score.hint(details[0]);
  showUnknown(byId("unknown"), unknown.map((song) => [song, near.get(lineOf(song))]), (song, other) => {
    state.replace(new Map([[song, other]]));
  });
  next.show(details);
  byId("next-heading").textContent = songs.length ? "Next" : "Or begin with what most playlists hold";
  byId("next-note").hidden = !(songs.length && answer.asked && answer.details.length && popular);
  byId("more").hidden = !state.goesBeyond(answer.limit) || answer.details.length < answer.limit;
  byId("clear").hidden = byId("open-export").hidden = songs.length === 0;
  if (answer.version) strip.show(answer, model);
}

async function surprise() {
  try {
    const { details } = await api.recommend(state.songs.map(lineOf), SURPRISES);
    const detail = details[Math.floor(Math.random() * details.length)];
    if (detail) choose([songOf(detail)]);
  } catch {
    // The trouble is told, and its end awaited, where it is not only about surprises.
    refresh.now();
  }
}

function startOver() {
  const { songs, limit } = state;
  state.reset();
  byId("search").focus();
  const act = () => state.reset([...songs, ...state.songs], Math.max(limit, state.limit));
  news.show("A clean sheet.", { action: "Undo", act });
}

/** What the server says it serves: news only where it served something else before. */
function heard(now) {
  const before = served;
  served = now;
  const newModel = before && before.model !== now.model;
  const newVersion = before && before.version !== now.version;
  if (newVersion) {
    const reload = { action: "Reload", act: () => location.reload() };
    news.show(`Segue ${now.version} has taken over from ${before.version}.`, reload);
  } else if (newModel) {
    news.show(`A new model, of ${dateOf(now.model_date)}, has just taken over.`);
  }
  if ((answer.model ?? now.model) !== now.model || newVersion || refresh.inTrouble) refresh.now();
}

state.addEventListener("change", () => {
  history.replaceState(null, "", state.toFragment() || location.pathname + location.search);
  show();
  refresh.now();
});
addEventListener("hashchange", () => state.fromFragment(location.hash));
addEventListener("online", () => refresh.now());
byId("surprise").addEventListener("click", surprise);
byId("clear").addEventListener("click", startOver);
byId("more").addEventListener("click", () => state.showMore());
new Combobox(byId("search"), byId("suggestions"), { suggest: api.suggest, choose, say });
preparePaste(choose);
prepareExport(() => ({ songs: state.songs, next: offered(), link: location.href }));
state.fromFragment(location.hash);
listen({ changed: heard, line: (open) => strip.line(open) });
