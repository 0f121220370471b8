// Keeps the place in the line: asks when the room promised that it would be in time, and listens
// near the front. A hidden page goes on asking, more seldom when the browser says so.
(() => {
  "use strict";
  const box = document.getElementById("line");
  const said = document.getElementById("said");
  const lost = document.getElementById("lost");
  if (!box) return;
  const title = document.title;
  let timer = 0, stream = null, failures = 0, lastSaid = "", lastSaidAt = 0;
  // When a stream is tried again after one that broke: every time later, for some networks let none
  // through. Meanwhile the page asks as the room promised.
  let streamFrom = 0, breaks = 0, silence = 0;
  const FIRST_MS = 5000, SILENT_MS = 25000, AGAIN_MS = 8000;

  const part = () => box.querySelector("[data-status]");
  const close = () => {
    clearTimeout(silence);
    if (stream) stream.close();
    stream = null;
  };
  const broken = () => {
    close();
    streamFrom = performance.now() + AGAIN_MS * 2 ** Math.min(breaks, 5);
    breaks += 1;
    clearTimeout(timer);
    timer = setTimeout(ask, 500 + Math.random() * 500);
  };
  // The room says at once and then every few seconds how things stand: a stream that says nothing is
  // dead, or kept back on the way, though nobody told the browser.
  const expect = (ms) => {
    clearTimeout(silence);
    silence = setTimeout(broken, ms);
  };

  const show = (html) => {
    const focused = document.activeElement && box.contains(document.activeElement)
      ? document.activeElement.className : null;
    const before = part() && part().dataset.status;
    box.innerHTML = html;
    const now = part();
    if (!now) return;
    lost.hidden = true;
    failures = 0;
    const words = now.dataset.said;
    const isNew = now.dataset.status !== before;
    // Politely: at once when it matters, else every half minute.
    if (words && words !== lastSaid && (isNew || Date.now() - lastSaidAt > 30000)) {
      said.textContent = lastSaid = words;
      lastSaidAt = Date.now();
    }
    document.title = words ? words + " · " + title : title;
    if (now.dataset.status === "active") {
      close();
      const enter = box.querySelector("a.button");
      if (isNew && enter && !document.hidden) enter.focus({ preventScroll: true });
    } else if (focused) {
      const same = [...box.querySelectorAll("a,button")].find((one) => one.className === focused);
      if (same) same.focus({ preventScroll: true });
    }
    document.dispatchEvent(new Event("admitone:changed"));
  };

  const ask = async () => {
    try {
      const answer = await fetch(box.dataset.part, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status);
      show(await answer.text());
    } catch {
      failures += 1;
      lost.textContent = box.dataset.lost;
      lost.hidden = false;
    }
    plan();
  };

  const plan = () => {
    clearTimeout(timer);
    const now = part();
    if (!now || now.dataset.status === "outside") return close();
    if (stream) return;
    const may = failures === 0 && performance.now() >= streamFrom && window.EventSource;
    if (now.hasAttribute("data-near") && may) {
      stream = new EventSource(box.dataset.events);
      let parts = 0;
      stream.addEventListener("part", (event) => {
        // The first comes at once, also where nothing follows it.
        parts += 1;
        if (parts > 1) breaks = 0;
        show(event.data);
        if (stream) expect(SILENT_MS);
        else plan();
      });
      stream.onerror = broken;
      return expect(FIRST_MS);
    }
    const next = Number(now.dataset.next || 5000);
    timer = setTimeout(ask, failures ? Math.min(next, 500 * 2 ** Math.min(failures, 6)) : next);
  };

  const back = () => {
    if (!document.hidden) ask();
  };
  document.addEventListener("visibilitychange", back);
  addEventListener("online", back);
  plan();
})();
