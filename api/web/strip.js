// The quiet strip: which version, model and dataset the answers come from.

import { element } from "./dom.js";

const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A model's date for people. */
export function dateOf(iso) {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : date.format(time);
}

export class Strip {
  #strip;
  #live = element("span", { className: "live" });
  #version = element("span", { className: "fact" });
  #model = element("time", { className: "fact" });
  #dataset = element("span", { className: "fact" });

  constructor(strip) {
    this.#strip = strip;
    this.line(false);
  }

  /** Shows version and model date of an answer, and the model's metadata where they are there. */
  show({ version, model_date }, model) {
    this.#version.textContent = `Segue ${version}`;
    this.#model.dateTime = model_date;
    this.#model.textContent = `model of ${dateOf(model_date)}`;
    if (model) this.#dataset.replaceChildren("dataset ", linkOf(model.dataset), sizeOf(model));
    this.#strip.replaceChildren(this.#live, " ", this.#version, " ", this.#model, " ", this.#dataset);
  }

  /** Shows whether changes are heard of as they happen. */
  line(open) {
    this.#live.textContent = open ? "live" : "not live";
    this.#live.classList.toggle("off", !open);
  }
}

function linkOf({ id, url }) {
  // Only what is an address on the web becomes a link: the URL comes from whoever runs the miner.
  const web = /^https?:\/\//.test(url);
  return web ? element("a", { href: url, rel: "noreferrer" }, id || url) : element("b", { title: url }, id || url);
}

function sizeOf({ transactions, items }) {
  return `, ${transactions.toLocaleString()} playlists, ${items.toLocaleString()} tracks`;
}
