// Makes every page livelier: countdowns on the server's clock, buttons that answer once, times
// where the visitor is. Nothing needs it: all of it is there without a script.
(() => {
  "use strict";
  const root = document.documentElement;
  // The server wrote its time into the page after it was asked for it: counted from the asking,
  // nothing is ever shown as longer than it is. The visitor's own clock is not believed.
  const asked = performance.getEntriesByType("navigation")[0];
  const since = asked ? asked.requestStart : 0;
  const now = () => Number(root.dataset.now) + performance.now() - since;

  const two = (n) => String(n).padStart(2, "0");
  const span = (ms, days) => {
    const s = Math.max(0, Math.ceil(ms / 1000));
    const d = Math.floor(s / 86400), h = Math.floor(s / 3600) % 24, m = Math.floor(s / 60) % 60;
    if (d > 0) return days.replace("{1}", d) + " " + h + ":" + two(m) + ":" + two(s % 60);
    return (h > 0 ? h + ":" + two(m) : m) + ":" + two(s % 60);
  };

  const tick = () => {
    for (const at of document.querySelectorAll("[data-until]")) {
      const left = Number(at.dataset.until) - now();
      at.textContent = at.dataset.words.replace("{1}", span(left, at.dataset.days || "{1}"));
      if (left <= 0 && at.hasAttribute("data-reload")) {
        at.removeAttribute("data-reload");
        // Spread a little: everybody's clock says the same.
        setTimeout(() => location.reload(), Math.random() * 1500);
      }
    }
  };
  tick();
  setInterval(tick, 500);
  document.addEventListener("admitone:changed", tick);

  // A second click of the same button posts nothing.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      for (const busy of form.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
    }
  });

  const local = (at) =>
    new Date(at.dateTime).toLocaleString(root.lang, { dateStyle: "medium", timeStyle: "short" });
  // A show is at the time of its hall; where the visitor has another, both are told, and the visitor says
  // which comes first. This browser remembers it, where it may.
  const shows = [];
  for (const at of document.querySelectorAll("time[data-here]")) {
    const clock = { hour: "2-digit", minute: "2-digit", hour12: false };
    if (at.textContent.includes(new Date(at.dateTime).toLocaleTimeString("en-GB", clock))) continue;
    const note = document.createElement("span");
    note.className = "here";
    at.after(" ", note);
    shows.push({ at, note, there: at.textContent, here: local(at) });
  }
  const zones = document.getElementById("zones"), ZONE = "admitone zone";
  let isMine = false;
  try {
    isMine = localStorage.getItem(ZONE) === "mine";
  } catch {}
  const tell = () => {
    for (const { at, note, there, here } of shows) {
      at.textContent = isMine ? here : there;
      note.textContent = (isMine ? zones.dataset.there : at.dataset.here).replace("{1}", isMine ? there : here);
    }
    for (const one of zones.querySelectorAll("button")) {
      one.setAttribute("aria-pressed", String((one.value === "mine") === isMine));
    }
  };
  if (shows.length > 0) {
    const mine = zones.querySelector("[value=mine]");
    mine.textContent = mine.textContent.replace("{1}", Intl.DateTimeFormat().resolvedOptions().timeZone);
    zones.hidden = false;
    zones.addEventListener("click", (event) => {
      if (!event.target.value) return;
      isMine = event.target.value === "mine";
      try {
        localStorage.setItem(ZONE, event.target.value);
      } catch {}
      tell();
    });
    tell();
  }
  for (const at of document.querySelectorAll("time[data-local]")) at.textContent = local(at);

  window.admitone = { now, span };
})();
