// Moves things from where they were to where they are. Where people ask for less motion, nothing moves.

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const TIMING = { duration: 320, easing: "cubic-bezier(.2, .7, .2, 1)" };

/** Makes a change; the children of `parent` that stay glide to their new places, new ones appear. */
export function glide(parent, change) {
  if (calm.matches) return change();
  const before = new Map([...parent.children].map((child) => [child, child.getBoundingClientRect()]));
  change();
  for (const child of parent.children) {
    const from = before.get(child);
    const to = child.getBoundingClientRect();
    const start = from
      ? { transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)` }
      : { opacity: 0, transform: "translateY(8px)" };
    child.animate([start, {}], TIMING);
  }
}
