// Paints the network over one sequence. Every scale is fixed, so nothing moves but what the run moves.

import { clamp, dot, faint, leftText, newPath, number, percent, power, rgb, shortNumber, stroke, write } from "./canvas.js";
import { NARROW, WIDE } from "./network_layout.js";
import { paintSeries } from "./network_series.js";

// Gradients span these powers of ten.
export const GRADIENTS = [-9, 1];
const [LOWEST, HIGHEST] = GRADIENTS;
// Of the products W_hh[i][j] h[j] those below both floors are not drawn, and at most so many a gap; and the
// bins in which their sizes are counted.
const [FLOOR, SHARE_OF_LARGEST, MOST_THREADS, BINS] = [0.003, 0.07, 160, 1024];
// The least width of a column with a letter, in pixels.
const LETTER = 8.5;
// Opacities of threads: those of one are drawn together, and thick from this share of the range on.
const [LEVELS, THICK_FROM] = [12, 0.6];

export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

// What comes after numbers that were typed isn't known: there is no loss.
const isTyped = (curve) => curve?.number === null;

// The answer: `lines` to be drawn, each with its colour, and `words` to be read out.
export function answered({ answers, names, predicted, targets, probability, loss, theme, score: whole, curve, ...network }) {
  const lossText = isTyped(curve) ? "" : `Loss ${shortNumber(loss)}.`;
  if (curve?.joined) {
    const t = network.words.length;
    const at = (rows) => rows.map((row) => (Number.isNaN(row[t]) ? "–" : number(row[t], 4))).slice(0, curve.names.length);
    const [expected, came] = [at(network.expected), at(network.came)];
    const lines = [[curve.times[t], theme.muted], [`expected ${expected[0]}`, theme.forward]];
    if (came[0] !== "–") lines.push([`came ${came[0]}`, theme.text]);
    const told = curve.names.map((name, k) => expected[k] === "–" ? "" : ` ${name} ${expected[k]}, and ${came[k]} came;`).join("");
    return { lines, words: `Expected for ${curve.times[t]}:${told.replace(/;$/, ".")} ${lossText}` };
  }
  if (answers === "values") {
    const last = names.map((name, c) => [name, predicted[c].at(-1), targets[c].at(-1)]);
    const lines = last.slice(0, 3).map(([name, value]) => [`${name}: ${shortNumber(value)}`, theme.forward]);
    const listed = (k) => last.map((row) => `${row[0]} ${shortNumber(row[k])}`).join("; ");
    return { lines, words: `Last output: ${listed(1)}; target: ${listed(2)}. ${lossText}` };
  }
  if (answers === "every") {
    const known = [...targets.keys()].filter((k) => targets[k] >= 0);
    const unknown = [["no target", theme.muted], ["is known", theme.muted]];
    if (!known.length) return { lines: unknown, words: `No target is known. ${lossText}` };
    // A step shows a part of a long sequence, and the score of all of it.
    const [right, count] = whole ?? [known.filter((k) => targets[k] === predicted[k]).length, known.length];
    const color = right === count ? theme.forward : theme.positive;
    const score = `${right} of ${count}`;
    return { lines: [[score, color], ["right", color]], words: `${score} predictions are right. ${lossText}` };
  }
  const [name, p] = [names[predicted.at(-1)], probability.at(-1)];
  const color = p < 0.55 ? theme.muted : colorOf({ names, theme }, predicted.at(-1));
  return { lines: [[name, color], [percent(p), color]],
    words: `Verdict: ${name}, ${percent(p)}. ${lossText}` };
}

// Of two classes the first is blue and the second is red; more have no sign.
const colorOf = ({ names, theme }, k) =>
  names.length > 2 ? theme.forward : k ? theme.positive : theme.negative;

// Painting: each function draws one section of `p` = { c, layout, network, hover }.

export function paint(c, layout, network, hover) {
  const p = { c, layout, network, hover, font: network.font, theme: network.theme };
  if (network.sentence) return paintSentence(p);
  paintColumn(p);
  paintWords(p);
  network.levels.forEach((level, k) => paintLevel(p, level, k));
  paintScale(p);
  if (!layout.joined) PAINT_ANSWERS[network.answers](p);
  paintGradient(p);
  paintOutcome(p);
}

// One layer in its band; from a lower one its states go on to the next.
function paintLevel(p, network, k) {
  const { layout: { bands, x }, hover, theme } = p;
  const layout = { ...p.layout, state: bands[k] };
  const row = bands.length > 1 && hover.level !== k ? undefined : hover.row;
  const q = { ...p, network, layout, hover: { ...hover, row } };
  paintChannels(q);
  paintStates(q);
  paintUnit(q);
  const [end, next] = [bands[k].y + bands[k].height + 1, bands[k + 1]?.y - 1];
  if (next) network.words.forEach((_, t) => stroke(p, [[x(t), end], [x(t), next]], faint(theme.forward, 0.5), 1.5));
}

export function paintSentence(p) {
  const { layout, network } = p;
  const lines = network.sentence.split(/(?<=\.) /);
  lines.forEach((line, k) => {
    const y = layout.height / 2 + 24 * (k - (lines.length - 1) / 2);
    write(p, line, layout.width / 2, y, 16, network.theme.text,
      { align: "center", most: layout.width - 16 });
  });
}

export function paintColumn({ c, layout, network, hover }) {
  if (!(hover.t < network.words.length)) return;
  const { edge, gradient, series } = layout;
  const top = series?.curve.y ?? 0;
  c.fillStyle = faint(network.theme.text, 0.07);
  c.fillRect(edge(hover.t), top, edge(hover.t + 1) - edge(hover.t), gradient.y + gradient.height - top);
}

// A row's name, and a second line that says more.
function name(p, title, y, more = [], color = p.network.theme.text) {
  const { u, left } = p.layout;
  write(p, title, 0, y, 1.02 * u, color, { weight: 600, most: left - 4 });
  more.forEach((line, k) => write(p, line, 0, y + (k + 1) * Math.max(15, 1.1 * u), 0.87 * u,
    p.network.theme.muted, { most: left - 4 }));
}

// Words, and the arrow of what each adds, as wide beside the state as its share of the new state.
export function paintWords(p) {
  const { c, layout, network } = p;
  const { u, word, edge, pitch, strip, wordHeight, state, box } = layout;
  const { words, share, labels, theme, noun, bridge } = network;
  if (network.curve) paintSeries(p);
  else name(p, noun, wordHeight / 2);
  // Single letters fit where nothing else does.
  const letters = words.every((text) => text.length === 1);
  if (pitch < NARROW * u) {
    if (!network.curve && letters && pitch >= LETTER) words.forEach((text, t) =>
      write(p, text, word(t), wordHeight / 2, 12, theme.text, { align: "center" }));
    return;
  }
  if (!(box && box.token === undefined)) write(p, labels.added, 0, wordHeight + 0.8 * u, 0.92 * u, theme.forward, { weight: 600 });
  c.fillStyle = faint(theme.forward, 0.55);
  const top = wordHeight + 1.9 * u - 2;
  words.forEach((_, t) => share[t] >= 0 && !(box && box.token === undefined)
    && arrow(c, word(t), wordHeight + 2, top, Math.max(1, strip * (1 - share[t])), 0.62 * u));
  if (network.curve) return;
  const { boxed, upright, wordSize } = layout;
  const typed = new Set(boxed && !c.alone ? network.typed.map(([, t]) => t) : []);
  words.forEach((text, t) => {
    if (typed.has(t)) return;
    c.save();
    c.translate(word(t), wordHeight / 2);
    if (upright) c.rotate(-Math.PI / 2);
    write(p, text, 0, 0, wordSize, theme.text,
      { align: "center", weight: 600, most: upright ? wordHeight : Math.max(12, pitch - 3) });
    c.restore();
  });
  if (network.turning !== null && !boxed && !upright) {
    const [at, y, half] = [word(network.turning), wordHeight - 1, Math.min(pitch / 2 - 2, u)];
    stroke(p, [[at - half, y], [at + half, y]], theme.forward, 2.5);
  }
  if (!bridge || bridge >= words.length) return;
  const at = edge(bridge);
  stroke(p, [[at, 0], [at, layout.gradient.y + layout.gradient.height]], theme.muted, 1.5, [3, 4]);
}

// From `top` to `bottom`, which may be above it.
export function arrow(c, x, top, bottom, width, head) {
  const [half, neck] = [width / 2, bottom - Math.sign(bottom - top) * head];
  c.beginPath();
  c.moveTo(x - half, top);
  c.lineTo(x + half, top);
  c.lineTo(x + half, neck);
  c.lineTo(x, bottom);
  c.lineTo(x - half, neck);
  c.fill();
}

// From state to state a channel: at its end as high as the memory's share of the new state.
export function paintChannels(p) {
  const { c, layout, network } = p;
  const { u, pitch, state } = layout;
  const { theme } = network;
  const { hidden, group, layer, layers, part, remembers, units, labels } = network;
  const more = [group > 1 ? `${units.length} of ${hidden} units:` : counted(hidden, "unit")];
  if (group > 1) more.push(`largest of ${group}`);
  const title = `${remembers ? "memory" : "gate"} ${part}`;
  name(p, layers > 1 ? `layer ${layer}: ${part}` : title, state.y + 0.6 * u, more);
  if (pitch < NARROW * u) return;
  // In the low strip of a few units there is no room for it.
  if (state.height > 8 * u)
    ["share from", labels.memory].forEach((line, k) => {
      const y = state.y + state.height - (1.7 - 1.15 * k) * u;
      write(p, line, 0, y, 0.92 * u, theme.forward, { weight: 600 });
    });
  paintFlow(p);
}

// The channels and their threads, with the shares where there is room.
export function paintFlow(p) {
  const { c, layout: { u, into, out, pitch, state }, network: { share, strength, theme } } = p;
  const [gaps, middle] = [gapsOf(p.network), state.y + state.height / 2];
  for (const t of gaps) {
    const [from, to] = [out(t - 1), into(t)];
    const opacity = 0.1 + 0.25 * clamp((Math.log10(strength[t] + 1e-9) + 3.5) / 4, 0, 1);
    const color = c.createLinearGradient(from, 0, to, 0);
    color.addColorStop(0, faint(theme.forward, 0.35 * opacity));
    color.addColorStop(1, faint(theme.forward, opacity));
    c.fillStyle = color;
    channel(c, from, to, middle, state.height / 2, Math.max(0.5, (state.height / 2) * share[t]));
  }
  paintThreads(p);
  if (pitch < WIDE * u) return;
  for (const t of gaps.filter((t) => into(t) - out(t - 1) > 2.2 * u))
    write(p, percent(share[t]), (out(t - 1) + into(t)) / 2, middle, 1.05 * u, theme.forward,
      { align: "center", weight: 700, halo: true });
}

// The tokens that have a memory; a step comes to them one by one.
const gapsOf = ({ words, share }) => [...words.keys()].filter((t) => t > 0 && share[t] >= 0);

function channel(c, from, to, y, start, end) {
  const middle = (from + to) / 2;
  c.beginPath();
  c.moveTo(from, y - start);
  c.bezierCurveTo(middle, y - start, middle, y - end, to, y - end);
  c.lineTo(to, y + end);
  c.bezierCurveTo(middle, y + end, middle, y + start, from, y + start);
  c.fill();
}

// Inside the channels, the largest parts of the memory; those of the unit under the pointer by sign.
function paintThreads(p) {
  const { c, layout, network, hover } = p;
  const { u, into, out, pitch, state, cell, box } = layout;
  const { theme } = network;
  const levels = Array.from({ length: LEVELS }, () => newPath(c));
  const signs = [newPath(c), newPath(c)];
  const most = Math.round(MOST_THREADS * Math.min(1, pitch / (6 * u)));
  for (const t of gapsOf(network)) {
    const [from, to] = [out(t - 1), into(t)];
    // Into an opened column those of the unit that is worked out.
    const worked = t === box?.token && network.opened.phase === "forward";
    const row = hover.row ?? (worked ? network.row : undefined);
    const shown = row === undefined ? threads(network, t, most) : ofUnit(network, t, row, worked);
    for (const [i, j, product, above] of shown) {
      const path = row === undefined
        ? levels[clamp(Math.ceil(LEVELS * Math.sqrt(above)), 1, LEVELS) - 1] : signs[Number(product > 0)];
      const [start, end] = [state.y + (j + 0.5) * cell, state.y + (i + 0.5) * cell];
      path.moveTo(from, start);
      path.bezierCurveTo((from + to) / 2, start, (from + to) / 2, end, to, end);
    }
  }
  const color = (k) => faint(theme.forward, (0.85 * (k + 1)) / LEVELS);
  levels.forEach((path, k) => strokeThin(c, path, color(k),
    k + 1 > THICK_FROM * LEVELS ? [-0.6, 0.6] : [0]));
  strokeThin(c, signs[0], theme.negative, [0]);
  strokeThin(c, signs[1], theme.positive, [0]);
}

// Thick lines are thin ones side by side, at these distances: without a GPU a line of more than a pixel
// takes several times as long.
function strokeThin(c, path, color, distances) {
  [c.strokeStyle, c.lineWidth] = [color, 1];
  for (const distance of distances) {
    c.translate(0, distance);
    c.stroke(path);
    c.translate(0, -distance);
  }
}

// The largest parts of the memory at token t, as [row to, row from, part, how much above the floor]: the
// products W_hh[i][j] h[j], or what each unit of a gated cell keeps. Found once for every drawing.
function threads(network, t, most) {
  network.threads ??= new Map();
  if (!network.threads.has(t)) network.threads.set(t, strongest(network, t, most));
  return network.threads.get(t);
}

// The parts that go into a unit, and out of it unless it is worked out; those that can be seen beside the largest.
function ofUnit(network, t, row, into) {
  const [parts, rows] = network.weights.length ? products(network, t) : kept(network, t);
  const own = [...parts.keys()].map((k) => [...rows(k), parts[k]])
    .filter(([i, j]) => i === row || (j === row && !into));
  const largest = Math.max(...own.map(([, , part]) => Math.abs(part)));
  return own.filter(([, , part]) => Math.abs(part) > SHARE_OF_LARGEST * largest);
}

// The floor rises until at most `most` are left, so the next one would be the faintest. Sizes are counted in
// bins, because sorting thousands of them takes longer than all the drawing.
function strongest(network, t, most) {
  const [parts, rows] = network.weights.length ? products(network, t) : kept(network, t);
  let largest = 0;
  for (let k = 0; k < parts.length; k++) largest = Math.max(largest, Math.abs(parts[k]));
  const least = Math.max(FLOOR, SHARE_OF_LARGEST * largest);
  const [counts, scale] = [new Uint32Array(BINS), BINS / (largest - least)];
  for (let k = 0; k < parts.length; k++) {
    const size = Math.abs(parts[k]);
    if (size > least) counts[Math.min(BINS - 1, Math.floor((size - least) * scale))]++;
  }
  let bin = BINS;
  for (let left = most; bin > 0 && counts[bin - 1] <= left; bin--) left -= counts[bin - 1];
  const floor = least + bin / scale;
  // Of 1, or of the largest part if that is more.
  const above = (part) => (Math.abs(part) - floor) / Math.max(1, largest);
  const shown = [];
  for (let k = 0; k < parts.length; k++)
    if (Math.abs(parts[k]) > floor) shown.push([...rows(k), parts[k], above(parts[k])]);
  return shown;
}

function products({ weights, h, bridge }, t) {
  const [W, count] = [weights[t < bridge ? 0 : weights.length - 1], h.length];
  const before = Float32Array.from(h, (row) => row[t - 1]);
  const parts = new Float32Array(count * count);
  for (let i = 0, k = 0; i < count; i++) {
    const row = W[i];
    for (let j = 0; j < count; j++, k++) parts[k] = row[j] * before[j];
  }
  return [parts, (k) => [Math.floor(k / count), k % count]];
}

const kept = ({ memory }, t) => [Float32Array.from(memory, (row) => row[t]), (k) => [k, k]];

// Colours of -1..1 as pixels, on a square-root scale, so that small states show; of a gate, 0..1, on a linear one.
const ramps = new Map();
function ramp({ negative, neutral, positive, muted }, gate) {
  const key = [negative, neutral, positive, muted, gate].join();
  const color = (_, k) => {
    const place = Math.abs(k - 256) / 256;
    return gate ? pixel(neutral, muted, place ** 2) : pixel(neutral, k < 256 ? negative : positive, place);
  };
  if (!ramps.has(key)) ramps.set(key, Uint32Array.from({ length: 513 }, color));
  return ramps.get(key);
}
function pixel(from, to, part) {
  const [r, g, b] = rgb(from).map((start, k) => Math.round(start + (rgb(to)[k] - start) * part));
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0; // little-endian
}

// The colour of a share, -1..1, as a pixel.
const pixelOf = (colors, share) =>
  colors[256 + Math.round(256 * Math.sign(share) * Math.sqrt(Math.min(1, Math.abs(share))))];

// The colour of a share, as a style.
export function tint(theme, share, gate = false) {
  const color = pixelOf(ramp(theme, gate), share);
  return `rgb(${[0, 8, 16].map((shift) => (color >> shift) & 255)})`;
}

const image = document.createElement("canvas");

// Rows of numbers as an image, a pixel each, with `limit` the end of the scale; NaN is empty.
export function imageOf(theme, rows, limit = 1, gate = false) {
  const columns = rows[0].length;
  Object.assign(image, { width: columns, height: rows.length });
  const content = new ImageData(columns, rows.length);
  const [pixels, colors] = [new Uint32Array(content.data.buffer), ramp(theme, gate)];
  for (let i = 0, k = 0; i < rows.length; i++)
    for (let j = 0; j < columns; j++, k++) pixels[k] = pixelOf(colors, rows[i][j] / limit);
  image.getContext("2d").putImageData(content, 0, 0);
  return image;
}

export function paintStates({ c, layout, network }) {
  const { u, x, pitch, strip, state, cell } = layout;
  const { words, units, theme } = network;
  const image = imageOf(theme, network.cells ?? network.h, 1, network.gate);
  c.imageSmoothingEnabled = false;
  [c.strokeStyle, c.lineWidth] = [theme.grid, 1];
  if (pitch < NARROW * u) {
    c.drawImage(image, layout.left, state.y, pitch * words.length, state.height);
    return;
  }
  const gaps = newPath(c);
  for (let t = 0; t < words.length; t++) {
    if (t === layout.box?.token) continue;
    const left = Math.round(x(t) - strip / 2);
    c.drawImage(image, t, 0, 1, units.length, left, state.y, strip, state.height);
    c.strokeRect(left - 0.5, state.y - 0.5, strip + 1, state.height);
    for (let row = 1; cell >= 3 && row < units.length; row++)
      gaps.rect(left, state.y + row * cell - 1, strip, 1);
  }
  c.fillStyle = theme.background;
  c.fill(gaps);
}

// The scale of the states, where there is room for it.
export function paintScale(p) {
  const { c, layout: { u, end, state }, theme } = p;
  const [x, y, height] = [end + 1.4 * u, state.y + 2.4 * u, 7 * u];
  // Beside low states stands what is expected next.
  if (state.height < (p.layout.joined ? 17 : 12) * u) return;
  const { part, gate } = p.network;
  for (let k = 0; k <= height; k++) {
    const place = 1 - (2 * k) / height;
    c.fillStyle = tint(theme, gate ? 1 - k / height : place * Math.abs(place), gate);
    c.fillRect(x, y + k, 0.8 * u, 1.5);
  }
  write(p, part, x, y - 0.9 * u, 0.95 * u, theme.muted, { weight: 600 });
  (gate ? ["1", "¾", "½", "¼", "0"] : ["+1", "+¼", "0", "−¼", "−1"]).forEach((label, k) =>
    write(p, label, x + 1.3 * u, y + (k * height) / 4, 0.83 * u, theme.muted));
}

export function paintUnit(p) {
  const { c, layout, network, hover } = p;
  if (hover.row === undefined) return;
  const { u, x, strip, state, cell, left, box } = layout;
  [c.strokeStyle, c.lineWidth] = [network.theme.text, 1.6];
  network.words.forEach((_, t) => t === box?.token || c.strokeRect(Math.round(x(t) - strip / 2) - 1,
    state.y + hover.row * cell - 1, strip + 2, cell + 1));
  if (state.height < 9 * u) return;
  const y = state.y + clamp((hover.row + 0.5) * cell, 5.5 * u, state.height - 3 * u);
  write(p, `unit ${network.units[hover.row]}`, left - 6, y, 0.87 * u, network.theme.text,
    { align: "right", weight: 600, halo: true });
}

// Answers

export const PAINT_ANSWERS = { verdict: paintVerdict, every: paintEvery, values: paintValues };

// The heights of the second and of the first of two classes.
export const verdictSpan = ({ answer: { y, height }, u }) => [y + 1.2 * u, y + height - 1.2 * u];

function paintVerdict(p) {
  const { layout, network } = p;
  const [top, bottom] = verdictSpan(layout);
  const { names, theme } = network;
  const { u, left, end } = layout;
  if (names.length !== 2) {
    name(p, "probability", (top + bottom) / 2);
    const guess = bottom - (bottom - top) * (network.guess ?? 0);
    if (network.guess) stroke(p, [[left, guess], [end, guess]], theme.muted, 1.2, [2, 3]);
    // Where its name is free of that of the row.
    if (network.guess && guess - (top + bottom) / 2 > 1.3 * u)
      write(p, "guess", left - 4, guess, 0.83 * u, theme.muted, { align: "right" });
    return paintBars(p, top, bottom, (k) => colorOf(network, network.predicted[k]), network.predicted.length - 1);
  }
  const [middle, half] = [(top + bottom) / 2, (bottom - top) / 2];
  name(p, "verdict", middle);
  for (const y of [top, bottom]) stroke(p, [[left, y], [end, y]], theme.grid);
  [bottom, top].forEach((y, k) => write(p, names[k], 0, y, 0.87 * u, colorOf(network, k),
    { weight: 600, most: left - 6 }));
  network.predicted.forEach((side, t) => isShown(p, t, side) && verdictBar(p, t, side, middle, half));
  stroke(p, [[left, middle], [end, middle]], theme.muted, 1.2);
}

// A step has not every answer yet, and shows other things in the column that is opened.
const isShown = ({ layout, network }, t, answer) =>
  answer >= 0 && !(t === layout.box?.token && network.opened.panels.length);

// From the line of 50% up to the second of two classes, or down to the first.
function verdictBar(p, t, second, middle, half) {
  const { c, layout, network } = p;
  const { u, x, pitch, state } = layout;
  const [side, last, probability] = [second ? -1 : 1, t === network.words.length - 1, network.probability[t]];
  const [height, color] = [half * (2 * probability - 1), colorOf(network, second)];
  const width = clamp(pitch * 0.5, 1, 4.6 * u);
  const top = side < 0 ? middle - height : middle;
  if (pitch >= NARROW * u) {
    const wire = faint(network.theme.forward, last ? 0.9 : 0.35);
    stroke(p, [[x(t), t === layout.box?.token ? layout.answer.y : state.y + state.height + 1], [x(t), top - (side < 0 ? 1.4 * u : 0)]], wire,
      last ? 2 : 1.2);
  }
  c.fillStyle = last ? color : faint(color, 0.5);
  c.fillRect(x(t) - width / 2, top, width, Math.max(1, height));
  if (last) frame(p, x(t) - width / 2, top, width, Math.max(1, height));
  if (pitch < 2.6 * u) return; // the last one stands at the end of the row
  const ink = probability < 0.55 ? network.theme.muted : color;
  write(p, percent(probability), x(t), middle + side * (height + 0.75 * u), 0.95 * u, ink,
    { align: "center", weight: last ? 700 : 600, halo: true });
}

function frame({ c, network }, x, y, width, height) {
  [c.strokeStyle, c.lineWidth] = [network.theme.text, 1.6];
  c.strokeRect(x - 1, y - 1, width + 2, height + 2);
}

// Probabilities of the predictions, from 0 to 1, with their names below; `framed` is the last one.
function paintBars(p, top, bottom, color, framed = -1) {
  const { c, layout, network } = p;
  const { u, x, pitch, left, end } = layout;
  const { words, predicted, probability, theme } = network;
  const first = words.length - predicted.length;
  const width = clamp(pitch * 0.5, 1, 3.6 * u);
  stroke(p, [[left, top], [end, top]], theme.grid);
  predicted.forEach((answer, k) => {
    if (!isShown(p, first + k, answer)) return;
    const height = Math.max(1, (bottom - top) * probability[k]);
    c.fillStyle = faint(color(k), framed < 0 || k === framed ? 0.9 : 0.5);
    c.fillRect(x(first + k) - width / 2, bottom - height, width, height);
    if (k === framed) frame(p, x(first + k) - width / 2, bottom - height, width, height);
    if (isNamed(p)) paintName(p, answer, first + k, bottom + 0.9 * u, color(k), 600);
  });
  stroke(p, [[left, bottom], [end, bottom]], theme.muted, 1.2);
  if (layout.series)
    paintSpans(p, predicted.map((answer, k) => (isShown(p, first + k, answer) ? answer : -1)), bottom + 0.8 * u, color);
}

// Whether every answer has its name at its token; over time, each stretch of the same answers has one.
const isNamed = ({ layout: { u, pitch, series } }) => pitch >= NARROW * u && !series;

// How far below the others every second name stands: names that may be too wide for a column take turns.
const nameStep = ({ layout: { u, pitch }, network: { names } }) =>
  Math.max(...names.map(({ length }) => length)) * 0.58 * u > pitch - 2 ? 1.3 * u : 0;

// The name of a class below or above the token t.
function paintName(p, answer, t, y, color, weight) {
  const { layout: { u, x, pitch }, network: { names } } = p;
  const step = nameStep(p);
  write(p, names[answer], x(t), y + (t % 2) * step, 1.02 * u, color,
    { align: "center", weight, most: (step ? 2 : 1) * pitch - 2 });
}

// After every token the prediction, as high as its probability, below the target.
function paintEvery(p) {
  const { layout, network } = p;
  const { u, answer } = layout;
  const { words, predicted, targets, theme } = network;
  const step = isNamed(p) ? nameStep(p) : 0;
  const [top, bottom] = [answer.y + 1.9 * u + step, answer.y + answer.height - 1.7 * u - step];
  name(p, "target", answer.y + 0.7 * u, [], theme.muted);
  name(p, "probability", (top + bottom) / 2);
  name(p, "prediction", bottom + 0.9 * u);
  paintBars(p, top, bottom,
    (k) => (targets[k] < 0 || targets[k] === predicted[k] ? theme.forward : theme.positive));
  if (layout.series) paintSpans(p, targets, answer.y + 0.5 * u, () => theme.muted);
  if (!isNamed(p)) return;
  targets.forEach((target, k) => {
    if (target >= 0) paintName(p, target, words.length - predicted.length + k, answer.y + 0.7 * u, theme.muted, 400);
  });
}

// Lines under the steps at which a class stays the same, each with its name if that has room.
function paintSpans(p, answers, y, color) {
  const { layout: { u, x, pitch }, network: { words, names } } = p;
  const first = words.length - answers.length;
  for (let from = 0, to; from < answers.length; from = to) {
    for (to = from + 1; answers[to] === answers[from] && color(to) === color(from);) to++;
    if (answers[from] < 0) continue;
    const [start, end] = [x(first + from) - 0.4 * pitch, x(first + to - 1) + 0.4 * pitch];
    stroke(p, [[start, y + 0.7 * u], [end, y + 0.7 * u]], color(from), 2);
    if (end - start > 2 * u)
      write(p, names[answers[from]], (start + end) / 2, y, u, color(from), { align: "center", weight: 600, most: end - start, least: 11 });
  }
}

// Of every channel a line of the outputs, and a dotted one, or a point, of the targets.
function paintValues(p) {
  const { c, layout, network } = p;
  const { u, x, left, end, answer } = layout;
  const { words, names, predicted, targets, limit, theme } = network;
  const band = answer.height / names.length;
  names.forEach((channel, k) => {
    const y = (value) => answer.y + band * (k + 0.5) - (0.38 * band * clamp(value, -limit, limit)) / limit;
    stroke(p, [[left, y(0)], [end, y(0)]], theme.grid);
    if (band >= 13) write(p, channel, 0, y(0), 0.95 * u, theme.text, { weight: 600, most: left - 6, least: 11 });
    for (const value of band < 44 ? [] : [-limit, limit])
      write(p, shortNumber(value), left - 4, y(value), 0.83 * u, theme.muted, { align: "right" });
    const points = (values) => {
      const first = words.length - values.length;
      return [...values].map((value, t) => [x(first + t), y(value)]).filter(([, at]) => !Number.isNaN(at));
    };
    stroke(p, points(predicted[k]), theme.forward, 2.5);
    const aims = points(targets[k]);
    if (aims.length > 1) stroke(p, aims, theme.text, 1.6, [2, 3]);
    else for (const [at, height] of aims) dot(c, at, height, 0.34 * u, theme.text, theme.background);
  });
}

// The backward pass

const heightOf = ({ gradient: { y, height } }, norm) =>
  y + height * (1 - clamp((Math.log10(Math.max(norm, 1e-300)) - LOWEST) / (HIGHEST - LOWEST), 0, 1));

// What comes back, as shares of the gradient at the last token; a step has its norms.
export const backOf = (network) => network["gradient left"] ?? network.gradient;

export function paintGradient(p) {
  const { c, layout, network } = p;
  const { u, x, left, end, pitch, gradient } = layout;
  const { theme, followed } = network;
  const [norms, shares] = [backOf(network), followed !== undefined];
  const y = (norm) => heightOf(layout, norm);
  name(p, shares ? "← gradient" : "gradient", gradient.y - 0.4 * u, [], theme.magnitude);
  for (let exponent = 0; exponent >= LOWEST; exponent -= 3) {
    const at = y(10 ** exponent);
    stroke(p, [[left, at], [end, at]], theme.grid);
    write(p, exponent ? power(exponent) : shares ? "all" : "1", left - 6, at, 0.83 * u, theme.muted, { align: "right" });
  }
  paintSecond(p, y);
  if (shares) paintLeft(p, y);
  // The gradient comes from the right, and a step shows it as far as it has come.
  const reached = [...norms.keys()].filter((t) => !Number.isNaN(norms[t]));
  if (!reached.length) return;
  const points = reached.map((t) => [x(t), y(norms[t])]);
  const base = gradient.y + gradient.height;
  c.beginPath();
  c.moveTo(points.at(-1)[0], base);
  for (const [px, py] of [...points].reverse()) c.lineTo(px, py);
  c.lineTo(points[0][0], base);
  c.fillStyle = faint(theme.magnitude, 0.2);
  c.fill();
  stroke(p, points, theme.magnitude, 0.17 * u);
  if (pitch >= NARROW * u) reached.forEach((t, k) => paintStation(p, points, k,
    norms[t] < 10 ** LOWEST));
  for (const k of new Set([0, reached.length - 1]))
    write(p, shares ? leftText(norms[reached[k]]) : shortNumber(norms[reached[k]]), points[k][0], points[k][1] - u,
      0.95 * u, theme.magnitude, { align: "center", weight: 600, halo: true });
}

// A token in quotes, or the time of a step.
export const named = ({ curve }, word, after = "") => (curve ? word : `“${word}”${after}`);

// What is left of a token in the memory after every later one.
function paintLeft(p, y) {
  const { layout: { u, x, left: edge, gradient }, network: { theme, words, followed, left, waits } } = p;
  const points = [...left.keys()].filter((t) => t >= followed && !Number.isNaN(left[t])).map((t) => [x(t), y(left[t])]);
  ["left of", named(p.network, words[followed], " →")].forEach((line, k) => write(p, line, 0, gradient.y + gradient.height + (1.15 * k - 1.5) * u,
    0.92 * u, theme.forward, { weight: 600, most: edge - 34, least: 12 }));
  const lowest = gradient.y + gradient.height - 0.6 * u;
  if (waits) write(p, "pause to measure it", edge + 0.4 * u, lowest, 0.92 * u, theme.forward, { halo: true });
  if (points.length < 2) return;
  stroke(p, points, theme.forward, 0.17 * u);
  // Below the line, where nothing else stands.
  const at = points.at(-1);
  write(p, leftText(left.at(-1)), at[0] - 0.7 * u, Math.min(at[1] + u, lowest), 0.95 * u, theme.forward,
    { align: "right", weight: 600, halo: true });
}

// The gradient at a second moment of the run. Its name is at the lower right, where there is room: a gradient that fades
// does so to the left. There may also be the number of what is left of a token, of up to 4 units.
function paintSecond(p, y) {
  const { c, layout: { u, x, left, gradient }, network: { theme, moment, followed, "second gradient": norms } } = p;
  if (!norms) return;
  const [color, dashes, at] = [faint(theme.magnitude, 0.6), [8, 4, 2, 4], gradient.y + gradient.height - 0.8 * u];
  stroke(p, Array.from(norms, (norm, t) => [x(t), y(norm)]), color, 1.5, dashes);
  c.font = `400 ${Math.max(12, 0.87 * u)}px ${p.font}`;
  const begin = Math.max(left + 2.4 * u, x(norms.length - 1) - (followed === undefined ? 0.5 : 4.6) * u - c.measureText(moment).width);
  write(p, moment, begin, at, 0.87 * u, theme.magnitude);
  stroke(p, [[begin - 2 * u, at], [begin - 0.4 * u, at]], color, 1.5, dashes);
}

// The gradient at a token, hollow if it is below the scale, and an arrow to the token before.
function paintStation(p, points, t, lost) {
  const { c, layout: { u, pitch }, network: { theme } } = p;
  const [[x, y], before] = [points[t], points[t - 1]];
  dot(c, x, y, Math.min(0.34 * u, pitch / 5), theme.magnitude, lost ? theme.background : theme.magnitude);
  if (before && !lost && pitch >= 2 * u) chevron(p, (x + before[0]) / 2, (y + before[1]) / 2);
}

function chevron(p, x, y) {
  const size = 0.42 * p.layout.u;
  stroke(p, [[x + size / 2, y - size], [x - size / 2, y], [x + size / 2, y + size]],
    p.network.theme.magnitude, 0.17 * p.layout.u);
}

// At the right end the answer, and the loss, where the backward pass begins.
export function paintOutcome(p) {
  const { c, layout, network } = p;
  const { u, x, end, width, answer } = layout;
  const { answers, names, targets, theme } = network;
  const [at, middle] = [end + (layout.joined ? 0.5 : 0.9) * u, answer.y + answer.height / 2];
  const most = width - at;
  if (answers === "verdict") {
    const target = targets.at(-1) ?? -1;
    ["target", target < 0 ? "its own" : names[target]].forEach((line, k) =>
      write(p, line, at, middle + (1.1 * k - 3.5) * u, 0.9 * u, theme.muted, { most }));
  }
  const size = answers === "values" ? 0.95 * u : 1.35 * u;
  answered(network).lines.forEach(([line, color], k) => write(p, line, at, middle + (1.5 * k - 0.75) * u,
    size, color, { weight: 700, most, least: 0.9 * u }));
  const arriving = backOf(network).at(-1);
  if (Number.isNaN(arriving)) return paintLoss(p, at, most);
  // Below the last line.
  const [from, to] = [middle + Math.max(2.3, 1.5 * answered(network).lines.length - 1.2) * u, heightOf(layout, arriving)];
  const last = x(network.words.length - 1) + 0.75 * u;
  c.beginPath();
  [c.strokeStyle, c.lineWidth] = [theme.magnitude, 0.17 * u];
  c.moveTo(at + 1.2 * u, from);
  c.bezierCurveTo(at + 1.2 * u, to, at, to, last, to);
  c.stroke();
  chevron(p, last + 0.1 * u, to);
  paintLoss(p, at, most);
}

function paintLoss(p, at, most) {
  const { layout: { u, gradient }, network: { loss, theme, curve } } = p;
  if (isTyped(curve)) return;
  const y = gradient.y + gradient.height / 2;
  write(p, "loss", at + 1.9 * u, y, 0.95 * u, theme.magnitude, { weight: 600 });
  write(p, shortNumber(loss), at + 1.9 * u, y + 1.3 * u, 1.1 * u, theme.magnitude,
    { weight: 700, most: most - 1.9 * u });
}
