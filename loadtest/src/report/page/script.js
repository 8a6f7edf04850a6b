// Reads values off the charts: under the pointer, or with the arrow keys. The page is whole without it.
(() => {
  "use strict";
  const charts = document.getElementById("charts");
  const tip = document.getElementById("tip");
  const bins = JSON.parse(document.getElementById("bins").textContent);
  const crosses = charts.querySelectorAll(".cross");
  const plot = charts.querySelector(".plot");
  let place = -1;

  function show(next) {
    place = Math.max(0, Math.min(bins.length - 1, next));
    const bin = bins[place];
    const share = bin.at;
    for (const cross of crosses) {
      cross.setAttribute("x1", share * 1000);
      cross.setAttribute("x2", share * 1000);
      cross.removeAttribute("hidden");
    }
    tip.textContent = bin.text;
    tip.hidden = false;
    const outer = charts.getBoundingClientRect();
    const inner = plot.getBoundingClientRect();
    const x = inner.left - outer.left + share * inner.width;
    const right = x + 14 + tip.offsetWidth > outer.width;
    tip.style.left = `${Math.max(0, right ? x - tip.offsetWidth - 14 : x + 14)}px`;
    tip.style.top = `${inner.top - outer.top}px`;
  }

  function hide() {
    place = -1;
    tip.hidden = true;
    for (const cross of crosses) cross.setAttribute("hidden", "");
  }

  charts.addEventListener("pointermove", (event) => {
    const inner = plot.getBoundingClientRect();
    const share = (event.clientX - inner.left) / inner.width;
    if (share < 0 || share > 1) return hide();
    let next = bins.findIndex((bin) => bin.until >= share);
    show(next < 0 ? bins.length - 1 : next);
  });
  charts.addEventListener("pointerleave", hide);
  charts.addEventListener("blur", hide);
  charts.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };
    if (event.key === "Escape") return hide();
    if (event.key === "Home") show(0);
    else if (event.key === "End") show(bins.length - 1);
    else if (event.key in steps) show(place + steps[event.key]);
    else return;
    event.preventDefault();
  });
})();
