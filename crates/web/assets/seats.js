// The map: draws the seats, follows what changes, keeps the choice in step with the list. Whatever
// is chosen here is posted by the same form as in the list.
(() => {
  "use strict";
  const box = document.getElementById("map");
  const canvas = document.getElementById("canvas");
  if (!box || !canvas || !canvas.getContext) return;
  const words = box.dataset;
  const max = Number(words.max);
  const say = (text, ...values) => values.reduce((t, v, i) => t.replace(`{${i + 1}}`, v), text);
  const byId = (id) => document.getElementById(id);
  const pen = canvas.getContext("2d");

  // Seats as arrays side by side: twenty thousand objects would cost more than they say.
  let seats = [], index = new Map(), blocks = [], world = { w: 1, h: 1 }, classes = [];
  const chosen = new Set();
  let view = { x: 0, y: 0, z: 1 }, cursor = -1, version = "", dirty = false, colours = {};
  // How large the window was that the view is of, and whether all of the hall is in it.
  let pane = { w: 0, h: 0 }, isWhole = true;
  // The class that is looked for, or -1 for all; letters of what is said of seats that are looked for, or none
  // for all; the seat that the card is of, or -1.
  let only = -1, sought = "", carded = -1;
  // Until when spaces for wheelchairs are kept for who asks for one, by the server's clock.
  let keptUntil = Infinity;
  const PITCH = 12;
  const mini = byId("mini"), small = mini.getContext("2d"), card = byId("card"), jump = byId("jump");

  const lay = (map) => {
    seats = [];
    index = new Map();
    blocks = [];
    classes = map.classes;
    keptUntil = map.kept_until === undefined ? Infinity : map.kept_until;
    const sizes = map.sections.map((section) => {
      const rows = new Map();
      for (const row of section.rows) {
        const known = rows.get(row.name) || [];
        known.push(row);
        rows.set(row.name, known);
      }
      let width = 1;
      for (const parts of rows.values()) {
        const last = Math.max(...parts.map((p) => p.first + p.marks.length - 1));
        const first = Math.min(...parts.map((p) => p.first));
        width = Math.max(width, last - first + 1);
      }
      return { name: section.name, rows, width, height: rows.size };
    });
    // Sections stand side by side, as wide together as the hall is deep.
    const area = sizes.reduce((sum, s) => sum + (s.width + 3) * (s.height + 4), 0);
    const limit = Math.max(Math.sqrt(area) * 1.6, ...sizes.map((s) => s.width + 3));
    let x = 0, y = 4, deep = 0, widest = 0, line = [];
    const lines = [];
    for (const size of sizes) {
      if (x > 0 && x + size.width > limit) {
        lines.push({ line, width: x - 3 });
        line = [];
        y += deep + 4;
        x = 0;
        deep = 0;
      }
      line.push({ size, x, y });
      x += size.width + 3;
      deep = Math.max(deep, size.height);
      widest = Math.max(widest, x - 3);
    }
    lines.push({ line, width: x - 3 });
    for (const one of lines) {
      for (const place of one.line) {
        const left = place.x + (widest - one.width) / 2;
        const { size } = place;
        const block = { name: size.name, x: left * PITCH, y: place.y * PITCH, w: size.width * PITCH,
          h: size.height * PITCH, free: 0, first: seats.length, n: 0 };
        let r = 0;
        for (const [name, parts] of size.rows) {
          const first = Math.min(...parts.map((p) => p.first));
          const last = Math.max(...parts.map((p) => p.first + p.marks.length - 1));
          const shift = (size.width - (last - first + 1)) / 2;
          for (const part of parts) {
            for (let i = 0; i < part.marks.length; i++) {
              index.set(part.id + i, seats.length);
              seats.push({
                id: part.id + i, section: size.name, row: name, number: part.first + i, r,
                mark: part.marks[i], kind: parseInt(part.classes[i], 36), block: blocks.length,
                sign: part.signs && part.signs[i] !== "-" ? part.signs[i] : "",
                x: (left + shift + part.first - first + i + 0.5) * PITCH, y: (place.y + r + 0.5) * PITCH,
              });
              if (part.marks[i] === "f") block.free += 1;
              block.n += 1;
            }
          }
          r += 1;
        }
        blocks.push(block);
      }
    }
    world = { w: widest * PITCH, h: (y + deep + 1) * PITCH };
  };

  // What is said of a seat stands behind its name.
  const said = (seat, before) => (seat.sign ? before + words[seat.sign] : "");
  const name = (seat) => say(words.seat, seat.section, seat.row, seat.number) + said(seat, ", ");
  const full = (seat) =>
    `${name(seat)}, ${classes[seat.kind]}, ${chosen.has(seat.id) ? words.chosen : words[seat.mark]}`;

  // Whether a seat is of a class, and of a kind, that is looked for.
  const isMeant = (seat) => (only < 0 || seat.kind === only) &&
    (sought === "" || (seat.sign !== "" && sought.includes(seat.sign)));

  // The card beside the seat under the pointer or the cursor.
  const place = () => {
    const seat = seats[carded];
    const x = seat ? (seat.x - view.x) * view.z : -1, y = seat ? (seat.y - view.y) * view.z : -1;
    // A seat that was moved out of sight has its card there as well.
    card.hidden = x < 0 || y < 0 || x > canvas.clientWidth || y > canvas.clientHeight;
    if (card.hidden) return;
    const w = card.offsetWidth / 2, h = card.offsetHeight, gap = 10 + Math.min(14, 6 * view.z);
    card.style.left = Math.max(w, Math.min(canvas.clientWidth - w, x)) + "px";
    card.style.top = (y > h + gap ? y - h - gap : y + gap) + "px";
  };
  const describe = (i) => {
    carded = i;
    const seat = seats[i];
    if (seat) {
      const where = document.createElement("strong");
      where.textContent = say(words.card, seat.section, seat.row, seat.number);
      const state = chosen.has(seat.id) ? words.chosen : words[seat.mark];
      card.className = "tip c" + (seat.kind % 6);
      card.replaceChildren(where, `${classes[seat.kind]}${said(seat, " · ")} · ${state}`);
    }
    place();
  };

  const look = () => {
    const style = getComputedStyle(document.documentElement);
    const get = (n) => style.getPropertyValue(n).trim();
    colours = { ink: get("--ink"), soft: get("--soft"), line: get("--line"), accent: get("--accent"),
      paper: get("--paper"), classes: [0, 1, 2, 3, 4, 5].map((n) => get("--c" + n)) };
  };

  // Each class has a shape beside its colour.
  const shape = (kind, x, y, s) => {
    pen.beginPath();
    if (kind === 0) pen.arc(x, y, s, 0, 7);
    else if (kind === 1) pen.rect(x - s * 0.85, y - s * 0.85, s * 1.7, s * 1.7);
    else if (kind === 2) {
      pen.moveTo(x, y - s * 1.15); pen.lineTo(x + s * 1.15, y); pen.lineTo(x, y + s * 1.15); pen.lineTo(x - s * 1.15, y);
    } else if (kind === 3) {
      pen.moveTo(x, y - s); pen.lineTo(x + s * 1.1, y + s * 0.9); pen.lineTo(x - s * 1.1, y + s * 0.9);
    } else if (kind === 4) {
      for (let i = 0; i < 6; i++) pen.lineTo(x + s * Math.cos(i * Math.PI / 3), y + s * Math.sin(i * Math.PI / 3));
    } else {
      const t = s * 0.4;
      pen.moveTo(x - t, y - s); pen.lineTo(x + t, y - s); pen.lineTo(x + t, y - t); pen.lineTo(x + s, y - t);
      pen.lineTo(x + s, y + t); pen.lineTo(x + t, y + t); pen.lineTo(x + t, y + s); pen.lineTo(x - t, y + s);
      pen.lineTo(x - t, y + t); pen.lineTo(x - s, y + t); pen.lineTo(x - s, y - t); pen.lineTo(x - t, y - t);
    }
    pen.closePath();
  };

  // What is said of a seat, as it is drawn in the legend.
  const signs = { w: "wheelchair", c: "companion", r: "restricted_view" };
  for (const [letter, of] of Object.entries(signs)) {
    const at = document.querySelector(`#s-${of} path`);
    signs[letter] = at && new Path2D(at.getAttribute("d"));
  }
  const sign = (seat) => {
    if (!signs[seat.sign]) return;
    pen.save();
    pen.translate(seat.x, seat.y);
    pen.scale(3.4, 3.4);
    pen.lineWidth = 0.3;
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = colours.paper;
    pen.stroke(signs[seat.sign]);
    pen.restore();
  };

  // A name that is too long for its place ends early.
  const shortened = (text, wide) => {
    if (pen.measureText(text).width <= wide) return text;
    let n = text.length - 1;
    while (n > 1 && pen.measureText(text.slice(0, n) + "…").width > wide) n -= 1;
    return text.slice(0, n) + "…";
  };

  const draw = () => {
    dirty = false;
    const ratio = devicePixelRatio || 1;
    const w = canvas.clientWidth, h = canvas.clientHeight;
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
      canvas.width = Math.round(w * ratio);
      canvas.height = Math.round(h * ratio);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, w, h);
    pen.translate(-view.x * view.z, -view.y * view.z);
    pen.scale(view.z, view.z);
    pen.fillStyle = colours.line;
    const stage = Math.max(world.w * 0.5, 5 * PITCH);
    pen.fillRect((world.w - stage) / 2, PITCH * 0.6, stage, PITCH * 1.2);
    pen.fillStyle = colours.ink;
    pen.textAlign = "center";
    // Words are as large as a seat, and never smaller or larger than words are.
    pen.font = `${Math.min(18 / view.z, Math.max(PITCH, 11 / view.z))}px system-ui,sans-serif`;
    pen.fillText(words.stage, world.w / 2, PITCH * 1.55);
    const size = PITCH * view.z;
    const left = view.x - PITCH, top = view.y - PITCH;
    const right = view.x + w / view.z + PITCH, bottom = view.y + h / view.z + PITCH;
    for (const block of blocks) {
      if (block.x > right || block.x + block.w < left || block.y > bottom || block.y + block.h < top) continue;
      pen.fillStyle = colours.ink;
      pen.fillText(shortened(block.name, Math.max(block.w + 2 * PITCH, 5 * PITCH)), block.x + block.w / 2, block.y - PITCH * 0.5);
    }
    const plain = size < 5;
    let last = "";
    for (let i = 0; i < seats.length; i++) {
      const seat = seats[i];
      if (seat.x < left || seat.x > right || seat.y < top || seat.y > bottom) continue;
      const isFree = seat.mark === "f" && isMeant(seat);
      const colour = chosen.has(seat.id) ? colours.ink : isFree ? colours.classes[seat.kind % 6] : colours.line;
      if (colour !== last) pen.fillStyle = last = colour;
      if (plain) pen.fillRect(seat.x - 4, seat.y - 4, 8, 8);
      else if (isFree) {
        shape(seat.kind % 6, seat.x, seat.y, 4.6);
        pen.fill();
      } else pen.fillRect(seat.x - 2, seat.y - 2, 4, 4);
      if (chosen.has(seat.id)) {
        pen.strokeStyle = colours.accent;
        pen.lineWidth = 2;
        pen.beginPath();
        pen.arc(seat.x, seat.y, 6.5, 0, 7);
        pen.stroke();
      }
      if (!plain && isFree && seat.sign) sign(seat);
      else if (!plain && size > 22 && isFree) {
        pen.fillStyle = last = colours.paper;
        pen.font = "4.2px system-ui,sans-serif";
        pen.fillText(seat.number, seat.x, seat.y + 1.5);
      }
    }
    if (cursor >= 0 && seats[cursor]) {
      const seat = seats[cursor];
      pen.strokeStyle = colours.ink;
      pen.lineWidth = Math.max(1.5, 2.5 / view.z);
      pen.strokeRect(seat.x - 6.5, seat.y - 6.5, 13, 13);
    }
    place();
    overview(w, h);
  };

  // The whole hall in a corner while a part of it is seen: its sections, fuller where more is free, and
  // where one is.
  const overview = (w, h) => {
    const seen = Math.min(1, w / view.z / world.w) * Math.min(1, h / view.z / world.h);
    mini.hidden = isWhole || seen > 0.6;
    if (mini.hidden) return;
    const ratio = devicePixelRatio || 1, wide = mini.clientWidth, high = mini.clientHeight;
    if (mini.width !== Math.round(wide * ratio)) {
      mini.width = Math.round(wide * ratio);
      mini.height = Math.round(high * ratio);
    }
    const { z, x, y } = fit(wide, high);
    small.setTransform(ratio * z, 0, 0, ratio * z, -x * z * ratio, -y * z * ratio);
    small.clearRect(x, y, wide / z, high / z);
    for (const block of blocks) {
      small.globalAlpha = 0.15 + 0.6 * (block.free / block.n);
      small.fillStyle = colours.accent;
      small.fillRect(block.x, block.y, block.w, block.h);
    }
    small.globalAlpha = 1;
    small.strokeStyle = colours.ink;
    small.lineWidth = 2 / z;
    small.strokeRect(view.x, view.y, w / view.z, h / view.z);
  };
  const again = () => {
    if (!dirty) requestAnimationFrame(draw);
    dirty = true;
  };

  // The whole hall in so much space.
  const fit = (w, h) => {
    const z = Math.min(4, w / (world.w + 2 * PITCH), h / (world.h + PITCH));
    return { z, x: (world.w - w / z) / 2, y: (world.h - h / z) / 2 };
  };
  const whole = () => {
    const w = canvas.clientWidth, h = canvas.clientHeight;
    pane = { w, h };
    isWhole = true;
    jump.value = "";
    view = fit(w, h);
    again();
  };
  // A section as large as there is room for, its seats large enough to be chosen.
  const approach = (block) => {
    const w = canvas.clientWidth, h = canvas.clientHeight;
    const z = Math.min(w / (block.w + 2 * PITCH), h / (block.h + 3 * PITCH));
    isWhole = false;
    pane = { w, h };
    view.z = Math.min(3, Math.max(12 / PITCH, z));
    view.x = block.x + (block.w - w / view.z) / 2;
    // What does not fit is cut off behind: rows are counted from the stage.
    view.y = Math.min(block.y - 1.5 * PITCH, block.y + (block.h - h / view.z) / 2);
    if (block.h + 3 * PITCH < h / view.z) view.y = block.y + (block.h - h / view.z) / 2 - PITCH;
    again();
  };
  const zoom = (by, px = canvas.clientWidth / 2, py = canvas.clientHeight / 2) => {
    const z = Math.min(8, Math.max(0.05, view.z * by));
    view = { z, x: view.x + px / view.z - px / z, y: view.y + py / view.z - py / z };
    isWhole = false;
    again();
  };
  // A phone that is turned shows the same: the whole hall, or what was in the middle.
  const turn = () => {
    const w = canvas.clientWidth, h = canvas.clientHeight;
    if (w === pane.w && h === pane.h) return again();
    if (isWhole) return whole();
    view.x += (pane.w - w) / 2 / view.z;
    view.y += (pane.h - h) / 2 / view.z;
    pane = { w, h };
    again();
  };
  const reveal = (seat) => {
    const w = canvas.clientWidth / view.z, h = canvas.clientHeight / view.z;
    if (PITCH * view.z < 14) {
      isWhole = false;
      view.z = 18 / PITCH;
      view.x = seat.x - canvas.clientWidth / view.z / 2;
      view.y = seat.y - canvas.clientHeight / view.z / 2;
    } else {
      if (seat.x < view.x + 10 || seat.x > view.x + w - 10) view.x = seat.x - w / 2;
      if (seat.y < view.y + 10 || seat.y > view.y + h - 10) view.y = seat.y - h / 2;
    }
    again();
  };

  // The choice: chips, hidden fields, and the checkboxes of the list say the same.
  const checkbox = (id) => document.querySelector(`input[type=checkbox][name=seat][value="seat_${id}"]`);
  const write = () => {
    const list = byId("chosen"), carried = byId("carried");
    list.replaceChildren();
    carried.replaceChildren();
    for (const id of chosen) {
      const seat = seats[index.get(id)];
      if (!seat) continue;
      const item = document.createElement("li");
      item.dataset.id = "seat_" + id;
      item.append(name(seat) + " ");
      const price = document.createElement("span");
      price.className = "price";
      price.textContent = classes[seat.kind];
      const remove = document.createElement("button");
      remove.type = "button";
      remove.className = "link";
      remove.textContent = "×";
      remove.setAttribute("aria-label", say(words.remove, name(seat)));
      remove.addEventListener("click", () => toggle(id));
      item.append(price, " ", remove);
      list.append(item);
      if (!checkbox(id)) {
        const field = document.createElement("input");
        field.type = "hidden";
        field.name = "seat";
        field.value = "seat_" + id;
        carried.append(field);
      }
    }
    for (const one of document.querySelectorAll("input[type=checkbox][name=seat]")) {
      one.checked = chosen.has(Number(one.value.slice(5)));
    }
    byId("none").hidden = chosen.size > 0;
    again();
  };
  const toggle = (id) => {
    const seat = seats[index.get(id)];
    if (!seat) return;
    if (chosen.has(id)) chosen.delete(id);
    else if (seat.mark !== "f") return tell(full(seat));
    else if (chosen.size >= max) return warn(words.tooMany);
    else chosen.add(id);
    write();
    tell(full(seat));
  };
  const tell = (text) => {
    byId("seat-said").textContent = text;
    byId("told").textContent = "";
    if (carded >= 0) describe(carded);
  };
  // What has to be read, not only heard.
  const warn = (text) => {
    byId("seat-said").textContent = text;
    byId("told").textContent = text;
  };

  // Who lost a seat that anybody sits on is not offered a space for a wheelchair while those are kept.
  const isForSome = (seat) => seat.sign === "w" || seat.sign === "c";
  const isKept = (seat) => isForSome(seat) && window.admitone.now() < keptUntil;
  const nearest = (lost) =>
    seats.filter((s) => s.mark === "f" && s.section === lost.section && !chosen.has(s.id) &&
      (isForSome(lost) || !isKept(s)))
      .map((s) => [Math.abs(s.r - lost.r) * 3 + Math.abs(s.number - lost.number), s])
      .sort((a, b) => a[0] - b[0]).slice(0, 3).map((pair) => pair[1]);

  const lose = (seat) => {
    chosen.delete(seat.id);
    const alert = document.createElement("div");
    alert.className = "alert";
    alert.setAttribute("role", "alert");
    const strong = document.createElement("strong");
    strong.textContent = say(words.lost, name(seat));
    alert.append(strong, " " + (chosen.size ? words.kept : "") + " ");
    const near = nearest(seat);
    if (near.length) alert.append(words.nearest + " ");
    for (const other of near) {
      const offer = document.createElement("button");
      offer.type = "button";
      offer.className = "plain offer";
      offer.textContent = `${name(other)} · ${classes[other.kind]}`;
      offer.addEventListener("click", () => {
        if (!chosen.has(other.id)) toggle(other.id);
        alert.remove();
      });
      alert.append(offer, " ");
    }
    byId("basket-lost").append(alert);
  };

  const change = (changed) => {
    let hasLost = false;
    for (const [id, mark] of changed) {
      const at = index.get(id);
      if (at === undefined) continue;
      const seat = seats[at];
      blocks[seat.block].free += (mark === "f") - (seat.mark === "f");
      seat.mark = mark;
      const box = checkbox(id);
      if (box) {
        box.disabled = mark !== "f";
        box.parentElement.classList.toggle("taken", mark !== "f");
        box.setAttribute("aria-label", `${name(seat)}, ${classes[seat.kind]}, ${words[mark]}`);
      }
      // A form that is on its way takes its own seats.
      if (mark !== "f" && chosen.has(id) && !byId("choice").dataset.sent) {
        lose(seat);
        hasLost = true;
      }
    }
    if (hasLost) write();
    if (carded >= 0) describe(carded);
    again();
  };

  const follow = () => {
    const stream = new EventSource(words.events + version);
    stream.addEventListener("changed", (event) => {
      const news = JSON.parse(event.data);
      version = news.version;
      change(news.changed);
      box.dataset.seen = String(Number(box.dataset.seen || 0) + news.changed.length);
    });
    stream.addEventListener("again", () => {
      stream.close();
      load();
    });
    stream.addEventListener("outside", () => {
      stream.close();
      location.assign(words.line);
    });
    stream.onerror = () => {
      stream.close();
      setTimeout(load, 1000 + Math.random() * 2000);
    };
  };

  // The lists of prices and of sections, as the map has them now. The price that is looked for stays, where
  // there still is such a one.
  const fill = (price, section) => {
    const prices = byId("only");
    only = classes.indexOf(price);
    prices.length = jump.length = 1;
    classes.forEach((one, kind) => prices.add(new Option(one, kind)));
    prices.value = only < 0 ? "" : String(only);
    prices.parentElement.hidden = classes.length < 2;
    blocks.forEach((block, i) => jump.add(new Option(block.name, i)));
    const there = blocks.findIndex((block) => block.name === section);
    jump.value = there < 0 ? "" : String(there);
    jump.parentElement.hidden = blocks.length < 2;
  };

  // Each of the lists narrows what is looked at.
  const offer = () => {
    const prices = byId("only");
    const narrow = () => {
      const free = seats.filter((seat) => seat.mark === "f" && isMeant(seat)).length;
      byId("seat-said").textContent = say(words.left, free);
      describe(-1);
      again();
    };
    prices.addEventListener("change", () => {
      only = prices.value === "" ? -1 : Number(prices.value);
      narrow();
    });
    const kinds = byId("sign");
    if (kinds) kinds.addEventListener("change", () => {
      sought = kinds.value;
      narrow();
    });
    jump.addEventListener("change", () => {
      if (jump.value === "") return whole();
      const block = blocks[Number(jump.value)];
      approach(block);
      cursor = seats.findIndex((seat, i) => i >= block.first && seat.section === block.name && seat.mark === "f" && isMeant(seat));
      describe(-1);
      byId("seat-said").textContent = block.name + ": " + say(words.left, block.free);
    });
    // How many are left is told as it is when somebody looks.
    jump.addEventListener("focus", () => blocks.forEach((block, i) => {
      jump.options[i + 1].text = block.name + " · " + say(words.left, block.free);
    }));
  };

  const load = async () => {
    let map;
    try {
      const answer = await fetch(words.map, { cache: "no-store" });
      if (answer.redirected || answer.status === 403) return location.assign(words.line);
      if (!answer.ok) throw new Error(answer.status);
      map = await answer.json();
    } catch {
      return setTimeout(load, 3000);
    }
    const isFirst = version === "";
    version = map.version;
    const price = classes[only], section = blocks[Number(jump.value)], under = seats[cursor];
    lay(map);
    cursor = under && index.has(under.id) ? index.get(under.id) : -1;
    fill(price, jump.value && section.name);
    const held = [...chosen].map((id) => seats[index.get(id)]).filter((s) => s && s.mark !== "f");
    for (const seat of held) lose(seat);
    carded = -1;
    if (isFirst) {
      box.hidden = false;
      look();
      offer();
      whole();
      byId("list").open = false;
      for (const field of document.querySelectorAll("input[name=seat]")) {
        const id = Number(field.value.slice(5));
        if (field.type === "hidden" || field.checked) if (index.has(id)) chosen.add(id);
      }
    }
    write();
    requestAnimationFrame(() => {
      performance.mark("map");
      box.dataset.ready = "yes";
    });
    follow();
  };

  // Pointer: drag moves, a click chooses, two fingers or the wheel zoom.
  const points = new Map();
  let moved = 0, pinch = null;
  // Where two fingers are: how far apart, and the middle between them.
  const span = () => {
    const [[ax, ay], [bx, by]] = [...points.values()];
    return { d: Math.max(1, Math.hypot(ax - bx, ay - by)), x: (ax + bx) / 2, y: (ay + by) / 2 };
  };
  const local = (event) => {
    const rect = canvas.getBoundingClientRect();
    return [event.clientX - rect.left, event.clientY - rect.top];
  };
  const at = (px, py) => {
    const x = view.x + px / view.z, y = view.y + py / view.z;
    let best = -1, least = Math.max(PITCH * 0.7, 10 / view.z) ** 2;
    for (let i = 0; i < seats.length; i++) {
      if (!isMeant(seats[i])) continue;
      const d = (seats[i].x - x) ** 2 + (seats[i].y - y) ** 2;
      if (d < least) {
        least = d;
        best = i;
      }
    }
    return best;
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    points.set(event.pointerId, local(event));
    moved = points.size > 1 ? 99 : 0;
    pinch = points.size === 2 ? span() : null;
  });
  canvas.addEventListener("pointermove", (event) => {
    const [px, py] = local(event);
    const before = points.get(event.pointerId);
    if (!before) {
      const i = event.pointerType === "mouse" ? at(px, py) : -1;
      if (i !== carded) describe(i);
      return;
    }
    points.set(event.pointerId, [px, py]);
    if (points.size === 2) {
      // What was between the fingers stays between them, wherever they go.
      const last = pinch || span();
      pinch = span();
      view.x -= (pinch.x - last.x) / view.z;
      view.y -= (pinch.y - last.y) / view.z;
      return zoom(pinch.d / last.d, pinch.x, pinch.y);
    }
    moved += Math.abs(px - before[0]) + Math.abs(py - before[1]);
    if (moved < 6) return;
    view.x -= (px - before[0]) / view.z;
    view.y -= (py - before[1]) / view.z;
    isWhole = false;
    again();
  });
  const up = (event) => {
    if (!points.delete(event.pointerId) || event.type !== "pointerup" || moved >= 6) return;
    const [px, py] = local(event);
    // Seats too small for a finger are shown larger first.
    if (PITCH * view.z < 9) return zoom(18 / PITCH / view.z, px, py);
    const i = at(px, py);
    if (i >= 0) {
      cursor = carded = i;
      toggle(seats[i].id);
    }
    describe(i);
  };
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") describe(-1);
  });
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== canvas) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 400), ...local(event));
  }, { passive: false });

  // Keys: arrows go from seat to seat, enter or space chooses.
  const step = (dx, dy) => {
    if (cursor < 0) return seats.findIndex((seat) => seat.mark === "f" && isMeant(seat));
    const from = seats[cursor];
    let best = cursor, least = Infinity;
    for (let i = 0; i < seats.length; i++) {
      const ax = seats[i].x - from.x, ay = seats[i].y - from.y;
      const along = dx ? ax * dx : ay * dy, aside = Math.abs(dx ? ay : ax);
      if (along <= 1 || !isMeant(seats[i])) continue;
      const far = along + aside * 4;
      if (far < least) {
        least = far;
        best = i;
      }
    }
    return best;
  };
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    if (arrows[event.key]) {
      cursor = step(...arrows[event.key]);
      if (cursor >= 0) {
        reveal(seats[cursor]);
        carded = cursor;
        tell(full(seats[cursor]));
      }
    } else if ((event.key === "Enter" || event.key === " ") && cursor >= 0) {
      carded = cursor;
      toggle(seats[cursor].id);
    } else if (event.key === "Escape" && carded >= 0) describe(-1);
    else if (event.key === "+" || event.key === "=") zoom(1.4);
    else if (event.key === "-") zoom(1 / 1.4);
    else if (event.key === "0") whole();
    else return;
    event.preventDefault();
  });

  canvas.addEventListener("blur", () => describe(-1));
  // In the small picture of the hall one goes where one points.
  const go = (event) => {
    const rect = mini.getBoundingClientRect(), { z, x, y } = fit(rect.width, rect.height);
    view.x = x + (event.clientX - rect.left) / z - canvas.clientWidth / view.z / 2;
    view.y = y + (event.clientY - rect.top) / z - canvas.clientHeight / view.z / 2;
    isWhole = false;
    again();
  };
  mini.addEventListener("pointerdown", (event) => {
    mini.setPointerCapture(event.pointerId);
    go(event);
  });
  mini.addEventListener("pointermove", (event) => {
    if (event.buttons) go(event);
  });

  byId("in").addEventListener("click", () => zoom(1.6));
  byId("out").addEventListener("click", () => zoom(1 / 1.6));
  byId("whole").addEventListener("click", whole);
  document.addEventListener("change", (event) => {
    if (event.target.name !== "seat" || event.target.type !== "checkbox") return;
    const id = Number(event.target.value.slice(5));
    // Without the map the list is a form, and what is ticked there is posted.
    if (!index.has(id)) return;
    if (chosen.has(id) !== event.target.checked) toggle(id);
    event.target.checked = chosen.has(id);
  });
  for (const offer of document.querySelectorAll("a.offer")) {
    offer.addEventListener("click", (event) => {
      const id = Number(offer.dataset.add.slice(5));
      if (!index.has(id)) return;
      event.preventDefault();
      if (!chosen.has(id)) toggle(id);
      offer.closest(".alert").remove();
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    look();
    again();
  });
  addEventListener("resize", turn);
  box.seats = () => seats;
  box.view = () => ({ ...view });
  box.point = (id) => {
    const seat = seats[index.get(id)];
    reveal(seat);
    return [(seat.x - view.x) * view.z, (seat.y - view.y) * view.z];
  };
  load();
})();
