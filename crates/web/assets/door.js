// The door: sends codes without leaving the page, keeps them while the network stutters and sends
// them again under the same key, and reads them with the camera where the browser can. Without it
// the form is posted.
(() => {
  "use strict";
  const form = document.getElementById("door");
  if (!form) return;
  const [code, show, results, said, waiting, signedOut] =
    ["code", "show", "results", "said", "waiting", "signed-out"].map((id) => document.getElementById(id));
  const STORE = "admitone door", SHOWN = 20;

  // What was scanned and has no answer yet, the oldest first; it survives a reload.
  let kept = [];
  try {
    kept = JSON.parse(localStorage.getItem(STORE)) || [];
  } catch {
    kept = [];
  }
  const keep = () => {
    try {
      localStorage.setItem(STORE, JSON.stringify(kept));
    } catch {
      // Without a store it is kept as long as the page is open.
    }
    waiting.hidden = kept.length === 0;
    waiting.textContent = waiting.dataset.words.replace("{1}", kept.length);
  };

  const tell = (html) => {
    results.insertAdjacentHTML("afterbegin", html);
    while (results.children.length > SHOWN) results.lastElementChild.remove();
    const first = results.firstElementChild;
    if (!first) return;
    said.textContent = "";
    said.textContent = first.dataset.said + ": " + first.textContent;
    // A browser that nobody has touched yet would complain.
    const isTouched = !navigator.userActivation || navigator.userActivation.hasBeenActive;
    if (navigator.vibrate && isTouched) navigator.vibrate(first.dataset.in === "true" ? 80 : [80, 60, 80, 60, 80]);
  };

  let isSending = false, failures = 0, timer = null;
  const send = async () => {
    if (isSending || kept.length === 0) return;
    isSending = true;
    clearTimeout(timer);
    const scan = kept[0];
    const body = new URLSearchParams({ ...scan, form_token: form.elements.form_token.value });
    let wait = 0;
    try {
      const answer = await fetch(form.dataset.scan, { method: "POST", body, cache: "no-store" });
      if (answer.ok) {
        tell(await answer.text());
        kept.shift();
        failures = 0;
      } else if (answer.status === 401 || answer.status === 403) {
        // Kept until somebody signs in: the page is loaded anew then.
        signedOut.hidden = false;
        wait = 5000;
      } else if (answer.status === 400 || answer.status === 404) {
        // Nothing that anybody could answer otherwise tomorrow.
        kept.shift();
      } else {
        throw new Error(answer.status);
      }
    } catch {
      failures += 1;
      wait = 500 * 2 ** Math.min(failures, 4);
    }
    keep();
    isSending = false;
    if (kept.length > 0) timer = setTimeout(send, wait);
  };

  const scanned = (text) => {
    const key = crypto.randomUUID ? crypto.randomUUID() : String(Math.random()) + Date.now();
    kept.push({ code: text, show: show.value, key });
    keep();
    send();
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // The next code is another wish: nothing else shall stop its form.
    event.stopPropagation();
    const text = code.value.trim();
    code.value = "";
    code.focus();
    if (text) scanned(text);
  });
  addEventListener("online", send);
  keep();
  send();

  const camera = document.getElementById("camera"), video = document.getElementById("video");
  const noCamera = document.getElementById("no-camera");
  if (!navigator.mediaDevices) {
    // Nothing to see with, or the page did not come by https: browsers give no camera to such a one.
    noCamera.hidden = false;
    return;
  }
  camera.hidden = false;
  let stream = null, isStarting = false;
  const stop = () => {
    for (const track of stream ? stream.getTracks() : []) track.stop();
    stream = null;
    video.hidden = true;
    camera.setAttribute("aria-pressed", "false");
  };

  // What reads a code in the picture: the browser where it can, else our own script, asked for once.
  let reading = null;
  const byTheBrowser = async () => {
    if (!("BarcodeDetector" in window)) return null;
    const formats = await BarcodeDetector.getSupportedFormats();
    if (!formats.includes("qr_code")) return null;
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    return async () => (await detector.detect(video)).map((found) => found.rawValue);
  };
  const byUs = async () => {
    await new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = form.dataset.reader;
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    });
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    return async () => {
      // Large enough for a ticket at arm's length, small enough for an old phone.
      const scale = Math.min(1, 640 / Math.max(video.videoWidth, video.videoHeight, 1));
      canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
      canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
      pen.drawImage(video, 0, 0, canvas.width, canvas.height);
      const said = readQr(pen.getImageData(0, 0, canvas.width, canvas.height));
      return said ? [said] : [];
    };
  };
  const reader = async () => (await byTheBrowser().catch(() => null)) || byUs();

  // The same ticket stays before the camera for a while, and others of the same buyer beside it.
  const STAYS_MS = 4000, seen = new Map();
  const isNew = (found) => {
    const now = performance.now();
    for (const [one, at] of seen) if (now - at > STAYS_MS) seen.delete(one);
    const isKnown = seen.has(found);
    seen.set(found, now);
    return !isKnown;
  };

  const look = async (read) => {
    if (!stream) return;
    try {
      for (const found of await read()) if (isNew(found)) scanned(found);
    } catch {
      // A picture that cannot be read yet.
    }
    setTimeout(look, 200, read);
  };
  camera.addEventListener("click", async () => {
    // Whoever clicks again while he is asked for the camera waits for the same one.
    if (isStarting) return;
    if (stream) return stop();
    isStarting = true;
    noCamera.hidden = true;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = stream;
      video.hidden = false;
      camera.setAttribute("aria-pressed", "true");
      await video.play();
      reading = reading || reader();
      look(await reading);
    } catch {
      // Not allowed, none there, or nothing to read with: codes are typed, and it may be tried again.
      reading = null;
      stop();
      noCamera.hidden = false;
    } finally {
      isStarting = false;
    }
  });
})();
