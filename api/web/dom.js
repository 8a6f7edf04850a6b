// Makes and finds elements. Text goes in as text: nothing on this page ever parses markup.

export const byId = (id) => document.getElementById(id);

/** An element with its properties (attributes where it has no such property) and children. */
export function element(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in node) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

/** A foreign name: isolated, so that no script's direction disturbs the words around it. */
export const name = (text, className = "") => element("bdi", { className }, text);

/** A song's title, with the note of its edition ("- Remastered 2011") set apart. */
export function titled(song) {
  // Without an artist it may be "Artist - Title": nothing is known of its parts.
  const at = song.artist ? song.title.indexOf(" - ", 1) : -1;
  const [title, edition] = at < 0 ? [song.title, ""] : [song.title.slice(0, at), song.title.slice(at)];
  const node = name(title, "title");
  if (edition) node.append(element("span", { className: "edition" }, edition));
  return node;
}

/** Makes `parent` hold exactly these children; what has the focus and stays keeps it. */
export function arrange(parent, children) {
  const focused = document.activeElement;
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  // An element that was moved has lost it.
  if (parent.contains(focused) && document.activeElement !== focused) focused.focus();
}
