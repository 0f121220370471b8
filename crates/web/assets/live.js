// The live page: puts the parts of the page that change in their places once a second, and draws what
// it saw of its numbers. Without it the page shows the same numbers.
(() => {
  "use strict";
  const box = document.getElementById("now");
  if (!box) return;
  const lost = document.getElementById("lost");
  const said = document.getElementById("said");
  const charts = document.getElementById("charts");
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 300, HEIGHT = 90, KEEP = 180;
  // Each name with what was seen of it: pairs of a time in seconds and a number.
  const seen = new Map();
  let failures = 0, lastSaid = "";

  const remember = () => {
    const now = performance.now() / 1000;
    for (const cell of box.querySelectorAll("[data-value]")) {
      const value = Number.parseFloat(cell.textContent.replace(/,/g, ""));
      const points = seen.get(cell.dataset.value) || [];
      points.push([now, Number.isFinite(value) ? value : 0]);
      if (points.length > KEEP) points.shift();
      seen.set(cell.dataset.value, points);
    }
  };

  const rates = (points) =>
    points.slice(1).map(([at, value], before) => {
      const [then, was] = points[before];
      return [at, Math.max(0, (value - was) / Math.max(at - then, 0.2))];
    });

  const draw = (chart) => {
    const isRate = chart.hasAttribute("data-rate");
    const lines = chart.dataset.lines.split(" ").map((name) => {
      const points = seen.get(name) || [];
      return isRate ? rates(points) : points;
    });
    const all = lines.flat();
    const top = Math.max(1, ...all.map(([, value]) => value));
    const end = performance.now() / 1000, begin = Math.max(end - KEEP, Math.min(end - 30, ...all.map(([at]) => at)));
    let svg = chart.querySelector("svg");
    if (!svg) {
      svg = document.createElementNS(SVG, "svg");
      svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
      svg.setAttribute("aria-hidden", "true");
      chart.prepend(svg);
    }
    svg.replaceChildren();
    const x = (at) => (((at - begin) / (end - begin)) * (WIDTH - 44)).toFixed(1);
    const y = (value) => (HEIGHT - 6 - (value / top) * (HEIGHT - 18)).toFixed(1);
    lines.forEach((points, place) => {
      const line = document.createElementNS(SVG, "polyline");
      line.setAttribute("class", "l" + place);
      line.setAttribute("points", points.map(([at, value]) => x(at) + "," + y(value)).join(" "));
      svg.append(line);
    });
    for (const [value, at] of [[top, 10], [0, HEIGHT - 6]]) {
      const text = document.createElementNS(SVG, "text");
      text.setAttribute("x", WIDTH - 40);
      text.setAttribute("y", at);
      text.textContent = value >= 10 ? Math.round(value) : Number(value.toFixed(1));
      svg.append(text);
    }
  };

  const show = (html) => {
    // Whoever has a table in hand to scroll it with keys keeps it.
    const tables = () => [...document.querySelectorAll(".live [tabindex]")];
    const focused = tables().indexOf(document.activeElement);
    const fresh = new DOMParser().parseFromString(html, "text/html");
    for (const part of document.querySelectorAll(".live")) {
      part.innerHTML = fresh.getElementById(part.id).innerHTML;
    }
    if (focused >= 0 && tables()[focused]) tables()[focused].focus({ preventScroll: true });
    const words = box.firstElementChild ? box.firstElementChild.dataset.said || "" : "";
    if (words !== lastSaid) said.textContent = lastSaid = words;
  };

  const ask = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(box.dataset.part, { cache: "no-store" });
        // Signed out meanwhile: the page itself says so.
        if (answer.status === 401 || answer.status === 403) return location.reload();
        if (!answer.ok) throw new Error(answer.status);
        show(await answer.text());
        remember();
        charts.querySelectorAll(".chart").forEach(draw);
        failures = 0;
      } catch {
        failures += 1;
      }
      lost.hidden = failures === 0;
    }
    setTimeout(ask, 1000 * 2 ** Math.min(failures, 4));
  };

  charts.hidden = false;
  remember();
  charts.querySelectorAll(".chart").forEach(draw);
  setTimeout(ask, 1000);
})();
