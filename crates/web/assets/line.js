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

  const part = () => box.querySelector("[data-status]");
  const close = () => {
    if (stream) stream.close();
    stream = null;
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
    if (now.hasAttribute("data-near") && !stream && failures === 0 && window.EventSource) {
      stream = new EventSource(box.dataset.events);
      stream.addEventListener("part", (event) => show(event.data));
      stream.onerror = () => {
        close();
        failures += 1;
        timer = setTimeout(ask, 1000);
      };
      return;
    }
    if (stream) return;
    const next = Number(now.dataset.next || 5000);
    timer = setTimeout(ask, failures ? Math.min(next, 500 * 2 ** Math.min(failures, 6)) : next);
  };

  const back = () => {
    if (!document.hidden && !stream) ask();
  };
  document.addEventListener("visibilitychange", back);
  addEventListener("online", back);
  plan();
})();
