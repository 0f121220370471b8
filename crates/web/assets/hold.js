// The countdown of a hold: it ticks for the eye, and says whole minutes to whoever listens. Before the
// end it asks, in front of everything else, whether more time is needed.
(() => {
  "use strict";
  const hold = document.getElementById("hold");
  if (!hold) return;
  const { now, span } = window.admitone;
  const clock = document.getElementById("clock");
  const said = document.getElementById("hold-said");
  const expires = Number(hold.dataset.expires);
  const late = document.getElementById("late");
  let lastMinute = -1, isWarned = false;
  // A form that is on its way has its answer soon.
  const isBusy = () => document.querySelector("form[data-sent]") !== null;
  const tick = () => {
    const left = expires - now();
    clock.textContent = span(left, "{1}");
    document.getElementById("late-clock").textContent = clock.textContent;
    if (!isWarned && left > 0 && left <= Number(late.dataset.warn) && !isBusy()) {
      isWarned = true;
      // Old browsers have no such thing: there the countdown alone says it.
      if (late.showModal) late.showModal();
    }
    hold.classList.toggle("late", left < 60000);
    if (left <= 0) {
      clearInterval(timer);
      if (late.open) late.close();
      said.textContent = hold.dataset.over;
      // The server says how it stands: it may have been paid in another tab.
      setTimeout(() => location.reload(), 700);
      return;
    }
    const minute = Math.ceil(left / 60000);
    if (minute !== lastMinute) {
      if (lastMinute >= 0) {
        said.textContent = minute <= 1 ? hold.dataset.last : hold.dataset.minutes.replace("{1}", minute);
      }
      lastMinute = minute;
    }
  };
  const timer = setInterval(tick, 500);
  tick();
})();
