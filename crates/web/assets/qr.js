// Reads the QR code in a picture, for browsers that cannot by themselves: Firefox, iPhones, and
// Chromium on a desk. It knows the small codes that tickets have, versions one to six, and is
// asked for when a camera is switched on.
(() => {
  "use strict";
  const VERSION_MAX = 6;
  // By level in the order of its two bits (M, L, H, Q) and version: blocks, and the symbols in each
  // by which errors are mended.
  const BLOCKS = [[1, 1, 1, 2, 2, 4], [1, 1, 1, 1, 1, 2], [1, 1, 2, 4, 4, 4], [1, 1, 2, 2, 4, 4]];
  const CHECKS = [[10, 16, 26, 18, 24, 16], [7, 10, 15, 20, 26, 18], [17, 28, 22, 16, 22, 28], [13, 22, 18, 26, 18, 24]];

  // The field in which errors are mended.
  const EXP = new Uint8Array(512), LOG = new Uint8Array(256);
  for (let i = 0, x = 1; i < 255; i++) {
    EXP[i] = EXP[i + 255] = x;
    LOG[x] = i;
    x = x & 128 ? (x << 1) ^ 0x11d : x << 1;
  }
  const times = (a, b) => (a && b ? EXP[LOG[a] + LOG[b]] : 0);
  const over = (a, b) => (a ? EXP[LOG[a] + 255 - LOG[b]] : 0);
  // A polynomial has its lowest place first.
  const at = (poly, x) => poly.reduceRight((sum, one) => times(sum, x) ^ one, 0);

  // Dark where a place is darker than what is around it: a door has light and shadow.
  const darken = ({ luma, w, h }) => {
    const sums = new Float64Array((w + 1) * (h + 1));
    for (let y = 0; y < h; y++) {
      for (let x = 0, row = 0; x < w; x++) {
        row += luma[y * w + x];
        sums[(y + 1) * (w + 1) + x + 1] = sums[y * (w + 1) + x + 1] + row;
      }
    }
    const reach = Math.max(8, Math.round(Math.min(w, h) / 12));
    const dark = new Uint8Array(w * h);
    for (let y = 0; y < h; y++) {
      const top = Math.max(0, y - reach) * (w + 1), end = Math.min(h, y + reach + 1), bottom = end * (w + 1);
      const rows = end - Math.max(0, y - reach);
      for (let x = 0; x < w; x++) {
        const left = Math.max(0, x - reach), right = Math.min(w, x + reach + 1);
        const sum = sums[bottom + right] - sums[bottom + left] - sums[top + right] + sums[top + left];
        dark[y * w + x] = luma[y * w + x] * rows * (right - left) < sum * 0.87 ? 1 : 0;
      }
    }
    return { dark, w, h, is: (x, y) => x >= 0 && y >= 0 && x < w && y < h && dark[(y | 0) * w + (x | 0)] === 1 };
  };

  // Five runs as those through the middle of a corner mark: 1, 1, 3, 1, 1. The width of one, or 0.
  const unit = (runs) => {
    const one = (runs[0] + runs[1] + runs[2] + runs[3] + runs[4]) / 7;
    const fits = one >= 1 && runs.every((run, i) => Math.abs(run - (i === 2 ? 3 : 1) * one) <= (i === 2 ? 1.4 : 0.75) * one);
    return fits ? one : 0;
  };
  // The mark through a dark place in one direction: its middle, and the width of one.
  const across = (picture, x, y, dx, dy) => {
    const walk = (sign) => {
      const runs = [0, 0, 0];
      let i = sign > 0 ? 0 : 1;
      for (let part = 0; part < 3; part++) {
        while (runs[part] < 200 && picture.is(x + sign * dx * i, y + sign * dy * i) === (part !== 1)) {
          runs[part] += 1;
          i += 1;
          const px = x + sign * dx * i, py = y + sign * dy * i;
          if (px < 0 || py < 0 || px >= picture.w || py >= picture.h) break;
        }
      }
      return runs;
    };
    const there = walk(1), back = walk(-1);
    const one = unit([back[2], back[1], back[0] + there[0], there[1], there[2]]);
    return one && { shift: (there[0] - back[0]) / 2, one };
  };

  // The middles of all that looks like a corner mark.
  const marks = (picture) => {
    const found = [];
    const { dark, w, h } = picture;
    const see = (x, y) => {
      const down = across(picture, x, y, 0, 1);
      if (!down) return;
      const cy = y + down.shift;
      const side = across(picture, x, Math.round(cy), 1, 0);
      if (!side) return;
      const cx = x + side.shift, one = (down.one + side.one) / 2;
      const known = found.find((mark) => Math.hypot(mark.x - cx, mark.y - cy) < 3 * mark.one);
      if (!known) return found.push({ x: cx, y: cy, one, n: 1 });
      known.x += (cx - known.x) / (known.n + 1);
      known.y += (cy - known.y) / (known.n + 1);
      known.one += (one - known.one) / (known.n + 1);
      known.n += 1;
    };
    for (let y = 0; y < h; y += 2) {
      let runs = [0, 0, 0, 0, 0], before = 0, length = 0;
      for (let x = 0; x <= w; x++) {
        const now = x < w ? dark[y * w + x] : 1 - before;
        if (now === before) {
          length += 1;
          continue;
        }
        runs = [runs[1], runs[2], runs[3], runs[4], length];
        // A dark run ends here: with the four before it, it may be a mark.
        if (before === 1 && unit(runs)) see(Math.round(x - runs[4] - runs[3] - runs[2] / 2), y);
        before = now;
        length = 1;
      }
    }
    return found.sort((a, b) => b.n - a.n).slice(0, 9);
  };

  // Three marks that can be the corners of one code, the likeliest first: the top left, the one to its
  // right, the one below it.
  const corners = (found) => {
    const all = [];
    for (const a of found) for (const b of found) for (const c of found) {
      if (a === b || b === c || a === c) continue;
      const [ux, uy, vx, vy] = [b.x - a.x, b.y - a.y, c.x - a.x, c.y - a.y];
      const u = Math.hypot(ux, uy), v = Math.hypot(vx, vy), one = (a.one + b.one + c.one) / 3;
      // Seen from before, not through the paper.
      if (ux * vy - uy * vx <= 0 || Math.min(u, v) < 8 * one) continue;
      const bent = Math.abs(ux * vx + uy * vy) / (u * v), uneven = Math.abs(u - v) / Math.max(u, v);
      const sizes = Math.max(a.one, b.one, c.one) / Math.min(a.one, b.one, c.one) - 1;
      if (bent < 0.5 && uneven < 0.4 && sizes < 0.8) all.push({ a, b, c, u, v, one, off: bent + uneven + sizes });
    }
    return all.sort((p, q) => p.off - q.off).slice(0, 4);
  };

  // How many squares wide a code is, by what is measured along its edges.
  const wide = (picture, { a, b, c, u, v, one }) => {
    const along = (from, to, far) => across(picture, from.x, from.y, (to.x - from.x) / far, (to.y - from.y) / far).one;
    const ones = [along(a, b, u), along(b, a, u), along(a, c, v), along(c, a, v)].filter(Boolean);
    return (u + v) / 2 / (ones.length ? ones.reduce((sum, n) => sum + n, 0) / ones.length : one) + 7;
  };

  // What maps four places of the code to four of the picture.
  const projection = (from, to) => {
    const rows = [];
    from.forEach(([x, y], i) => {
      const [px, py] = to[i];
      rows.push([x, y, 1, 0, 0, 0, -x * px, -y * px, px], [0, 0, 0, x, y, 1, -x * py, -y * py, py]);
    });
    for (let i = 0; i < 8; i++) {
      const best = rows.slice(i).reduce((a, b) => (Math.abs(b[i]) > Math.abs(a[i]) ? b : a));
      rows.splice(rows.indexOf(best), 1);
      rows.splice(i, 0, best);
      for (let k = 0; k < 8; k++) {
        if (k === i) continue;
        const times = rows[k][i] / best[i];
        for (let j = i; j < 9; j++) rows[k][j] -= times * best[j];
      }
    }
    const m = rows.map((row, i) => row[8] / row[i]);
    return (x, y) => {
      const z = m[6] * x + m[7] * y + 1;
      return [(m[0] * x + m[1] * y + m[2]) / z, (m[3] * x + m[4] * y + m[5]) / z];
    };
  };

  // The small mark near the fourth corner: where the picture fits it best.
  const fourth = (picture, { a, b, c }, size) => {
    const [ux, uy, vx, vy] = [b.x - a.x, b.y - a.y, c.x - a.x, c.y - a.y].map((d) => d / (size - 7));
    const sx = a.x + (size - 10) * (ux + vx), sy = a.y + (size - 10) * (uy + vy);
    let best = 0, sum = [0, 0, 0];
    for (let i = -4; i <= 4; i += 0.25) {
      for (let j = -4; j <= 4; j += 0.25) {
        let score = 0;
        const x = sx + i * ux + j * vx, y = sy + i * uy + j * vy;
        for (let p = -2; p <= 2; p++) {
          for (let q = -2; q <= 2; q++) {
            const isDark = Math.max(Math.abs(p), Math.abs(q)) !== 1;
            if (picture.is(x + p * ux + q * vx, y + p * uy + q * vy) === isDark) score += 1;
          }
        }
        if (score > best) [best, sum] = [score, [0, 0, 0]];
        if (score === best) sum = [sum[0] + x, sum[1] + y, sum[2] + 1];
      }
    }
    return best >= 21 ? [sum[0] / sum[2], sum[1] / sum[2]] : null;
  };

  // Where the fourth corner may be: at its small mark, or where the other three say.
  function* fourths(picture, three, size) {
    const { a, b, c } = three, small = size > 21 && fourth(picture, three, size);
    if (small) yield [size - 6.5, ...small];
    yield [size - 3.5, b.x + c.x - a.x, b.y + c.y - a.y];
  }

  // Where that is not good enough, as with a tilted code without a mark: so many squares around it, the
  // nearest first.
  const RINGS = 5, AROUND = [];
  for (let i = -RINGS; i <= RINGS; i++) for (let j = -RINGS; j <= RINGS; j++) if (i || j) AROUND.push([i, j]);
  const ring = ([i, j]) => Math.max(Math.abs(i), Math.abs(j));
  AROUND.sort((p, q) => ring(p) - ring(q));
  const around = ({ a, b, c }, size, [i, j]) => {
    const off = (one) => (i * (b[one] - a[one]) + j * (c[one] - a[one])) / (size - 7);
    return [size - 3.5, b.x + c.x - a.x + off("x"), b.y + c.y - a.y + off("y")];
  };

  // The code as squares, with a place and where it is in the picture for the fourth corner.
  const squares = (picture, { a, b, c }, size, [last, x, y]) => {
    const far = size - 3.5;
    const to = projection([[3.5, 3.5], [far, 3.5], [3.5, far], [last, last]], [[a.x, a.y], [b.x, b.y], [c.x, c.y], [x, y]]);
    const cells = new Uint8Array(size * size);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        let votes = 0;
        for (const d of [-0.2, 0, 0.2]) for (const e of [-0.2, 0, 0.2]) votes += picture.is(...to(x + 0.5 + d, y + 0.5 + e)) ? 1 : 0;
        cells[y * size + x] = votes > 4 ? 1 : 0;
      }
    }
    return cells;
  };

  // Level and mask: the one of the 32 words to which what is written twice is nearest.
  const format = (cells, size) => {
    const place = (x, y) => cells[y * size + x];
    let first = 0, second = 0;
    for (let i = 0; i < 15; i++) {
      const near = i < 6 ? place(8, i) : i < 8 ? place(8, i + 1) : i < 9 ? place(7, 8) : place(14 - i, 8);
      const far = i < 8 ? place(size - 1 - i, 8) : place(8, size - 15 + i);
      first |= near << i;
      second |= far << i;
    }
    let best = null, least = 4;
    for (let data = 0; data < 32; data++) {
      let rest = data;
      for (let i = 0; i < 10; i++) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
      const word = ((data << 10) | rest) ^ 0x5412;
      for (const seen of [first, second]) {
        let differs = 0;
        for (let bits = seen ^ word; bits; bits &= bits - 1) differs += 1;
        if (differs < least) [least, best] = [differs, { level: data >> 3, mask: data & 7 }];
      }
    }
    return best;
  };

  const MASKS = [
    (x, y) => (x + y) % 2, (x, y) => y % 2, (x) => x % 3, (x, y) => (x + y) % 3,
    (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2, (x, y) => ((x * y) % 2) + ((x * y) % 3),
    (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
  ];

  // The symbols in the order in which they lie: two columns at a time, up and down in turn.
  const symbols = (cells, size, mask) => {
    const corner = size - 9;
    const isFixed = (x, y) => x === 6 || y === 6 || (x < 9 && y < 9) || (x < 9 && y > corner) || (x > corner && y < 9)
      || (size > 21 && x >= corner && x < size - 4 && y >= corner && y < size - 4);
    const bytes = [];
    let byte = 0, count = 0, isUp = true;
    for (let right = size - 1; right > 0; right -= 2) {
      if (right === 6) right = 5;
      for (let i = 0; i < size; i++) {
        const y = isUp ? size - 1 - i : i;
        for (const x of [right, right - 1]) {
          if (isFixed(x, y)) continue;
          byte = (byte << 1) | (cells[y * size + x] ^ (MASKS[mask](x, y) === 0 ? 1 : 0));
          count += 1;
          if (count % 8 === 0) {
            bytes.push(byte);
            byte = 0;
          }
        }
      }
      isUp = !isUp;
    }
    return bytes;
  };

  // Mends what was read wrong in one block; null where that was too much.
  const mended = (block, checks) => {
    const whole = block.slice().reverse();
    const hints = Array.from({ length: checks }, (_, i) => at(whole, EXP[i]));
    if (hints.every((hint) => hint === 0)) return block;
    // Berlekamp and Massey: the shortest recurrence that the hints obey has its zeros at the errors.
    let wrong = [1], before = [1], errors = 0, gap = 1, scale = 1;
    for (let n = 0; n < checks; n++) {
      let off = hints[n];
      for (let i = 1; i <= errors; i++) off ^= times(wrong[i] || 0, hints[n - i]);
      if (off === 0) {
        gap += 1;
        continue;
      }
      const factor = over(off, scale), next = wrong.slice();
      before.forEach((one, i) => {
        next[i + gap] = (next[i + gap] || 0) ^ times(factor, one);
      });
      for (let i = 0; i < next.length; i++) next[i] = next[i] || 0;
      if (2 * errors <= n) {
        [before, scale, errors, gap] = [wrong, off, n + 1 - errors, 1];
      } else gap += 1;
      wrong = next;
    }
    const places = [];
    for (let i = 0; i < whole.length; i++) if (at(wrong, EXP[(255 - i) % 255]) === 0) places.push(i);
    if (errors * 2 > checks || places.length !== errors) return null;
    // Forney: how much is wrong at each.
    const sizes = Array.from({ length: checks }, (_, n) =>
      wrong.reduce((sum, one, i) => (i <= n ? sum ^ times(one, hints[n - i]) : sum), 0));
    const slope = wrong.map((one, i) => (i % 2 ? one : 0)).slice(1);
    for (const place of places) {
      const back = EXP[(255 - place) % 255];
      const below = at(slope, back);
      if (below === 0) return null;
      whole[place] ^= times(EXP[place], over(at(sizes, back), below));
    }
    if (hints.some((_, i) => at(whole, EXP[i]) !== 0)) return null;
    return whole.reverse();
  };

  // The data of all blocks, mended and in order.
  const data = (bytes, level, version) => {
    const count = BLOCKS[level][version - 1], checks = CHECKS[level][version - 1];
    const short = Math.floor(bytes.length / count), longer = bytes.length % count;
    const blocks = Array.from({ length: count }, () => []);
    let next = 0;
    for (let i = 0; i <= short - checks; i++) {
      for (let k = 0; k < count; k++) if (i < short - checks || k >= count - longer) blocks[k].push(bytes[next++]);
    }
    for (let i = 0; i < checks; i++) for (let k = 0; k < count; k++) blocks[k].push(bytes[next++]);
    const all = blocks.map((block) => mended(block, checks));
    if (all.includes(null)) return null;
    return all.flatMap((block) => block.slice(0, block.length - checks));
  };

  const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  // What is written: digits, capitals and bytes, each in parts.
  const text = (bytes) => {
    let from = 0;
    const take = (n) => {
      let value = 0;
      for (let i = 0; i < n; i++, from++) value = (value << 1) | (from >> 3 < bytes.length ? (bytes[from >> 3] >> (7 - (from & 7))) & 1 : 0);
      return value;
    };
    let said = "";
    const raw = [];
    const spell = () => {
      if (raw.length) said += new TextDecoder().decode(new Uint8Array(raw.splice(0)));
    };
    while (from + 4 <= bytes.length * 8) {
      const kind = take(4);
      if (kind === 0) break;
      if (kind === 1) {
        spell();
        for (let n = take(10); n > 0; n -= 3) said += String(take([0, 4, 7, 10][Math.min(n, 3)])).padStart(Math.min(n, 3), "0");
      } else if (kind === 2) {
        spell();
        for (let n = take(9); n > 0; n -= 2) {
          const pair = take(n > 1 ? 11 : 6);
          said += n > 1 ? LETTERS[Math.floor(pair / 45)] + LETTERS[pair % 45] : LETTERS[pair];
        }
      } else if (kind === 4) {
        for (let n = take(8); n > 0; n--) raw.push(take(8));
      } else if (kind === 7) take(8);
      else return null;
    }
    spell();
    return said || null;
  };

  const written = (picture, three, size, places) => {
    for (const corner of places) {
      const cells = squares(picture, three, size, corner);
      const found = format(cells, size);
      const bytes = found && data(symbols(cells, size, found.mask), found.level, (size - 17) / 4);
      const said = bytes && text(bytes);
      if (said) return said;
    }
    return null;
  };

  // Nobody who types meanwhile shall wait longer for one picture, in milliseconds. The next picture is much
  // like this one: the search goes on in it where it was broken off.
  const SEARCH_MS = 60;
  let searched = 0;
  const search = (picture, three, sizes, until) => {
    for (let n = AROUND.length * sizes.length; n > 0 && performance.now() < until; n--) {
      const size = sizes[searched % sizes.length], at = Math.floor(searched / sizes.length) % AROUND.length;
      const said = written(picture, three, size, [around(three, size, AROUND[at])]);
      if (said) return said;
      searched += 1;
    }
    return null;
  };

  // What the code in a picture says: pixels as a canvas gives them. Null where none can be read, or not yet.
  window.readQr = ({ data: pixels, width: w, height: h }) => {
    const until = performance.now() + SEARCH_MS;
    const luma = new Uint8Array(w * h);
    for (let i = 0; i < luma.length; i++) luma[i] = (pixels[i * 4] * 77 + pixels[i * 4 + 1] * 150 + pixels[i * 4 + 2] * 29) >> 8;
    const picture = darken({ luma, w, h });
    const likely = corners(marks(picture));
    const sizes = Array.from({ length: VERSION_MAX }, (_, i) => i * 4 + 21);
    for (const three of likely) {
      const size = wide(picture, three);
      // A tilted code looks smaller than it is, or larger.
      for (const one of sizes.sort((p, q) => Math.abs(p - size) - Math.abs(q - size))) {
        const said = written(picture, three, one, fourths(picture, three, one));
        if (said) return said;
      }
    }
    if (likely.length === 0) return null;
    const size = wide(picture, likely[0]);
    return search(picture, likely[0], sizes.filter((one) => Math.abs(one - size) < 5), until);
  };
})();
