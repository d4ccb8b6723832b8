// Paints two networks over one sequence: each function draws a part of `p` = { c, layout, pair, theme, font, hover,
// readTo, backFrom }. `readTo` words have been read, and the gradient has come back to `backFrom`.

import { WIDE } from "./pair_layout.js";
import { clamp, disc, dot, faint, leftText, newPath, percent, stroke, write } from "./canvas.js";
import { arrow, imageOf, paintFlow } from "./network_paint.js";

// Columns at least so wide have room for numbers.
const NUMBERS = 3.4;

export function paintPair(c, layout, pair, { hover, readTo, backFrom }) {
  const { font, theme } = pair;
  const p = { c, layout, pair, font, theme, hover, readTo, backFrom };
  if (hover.t !== undefined) {
    c.fillStyle = faint(theme.text, 0.07);
    c.fillRect(layout.edge(hover.t), 0, layout.pitch, layout.height);
  }
  paintWords(p);
  pair.networks.forEach((network, k) => {
    const q = { ...p, network, box: layout.blocks[k], k };
    paintName(q);
    if (network.broken !== null || !network.h) return paintBroken(q);
    paintMemory(q);
    paintTrail(q);
    paintAnswer(q);
  });
}

// The words that are not typed in boxes, the token that is followed, the target, and what turns a verdict.
function paintWords(p) {
  const { c, layout, pair, theme, readTo } = p;
  const { u, x, pitch, wordSize, wordTop, wordHeight, boxed, end, width, blocks } = layout;
  const { words, typed, token, names, target, networks } = pair;
  const middle = wordTop + wordHeight / 2;
  const inBoxes = new Set(boxed && !c.alone ? typed.map(([, t]) => t) : []);
  // The times of steps are level: of many only some have room. The first and the last stay between the margins.
  const times = pair.steps;
  const half = times ? (wordSize * WIDE * layout.longest) / 2 : 0;
  const every = Math.ceil((times ? 2 * half + 8 + Math.max(0, half - pitch / 2) : layout.longest > 1 ? 9 : 8) / pitch);
  // Where words have no room side by side, every second one stands lower.
  const lines = !times && !boxed && layout.longest > 1 && wordSize * WIDE * layout.longest > pitch - 4 ? 2 : 1;
  words.forEach((word, t) => {
    const followed = t === token;
    if (!inBoxes.has(t) && lines === 1 && !times) frameWord(p, t, followed);
    if (inBoxes.has(t) || (t % every && !(followed && !times))) return;
    const color = followed && (lines > 1 || times) ? theme.forward : t >= readTo ? faint(theme.text, 0.35) : theme.text;
    const aside = lines > 1 ? (t % 2 ? 0.56 : -0.56) * u : 0;
    const at = every > 1 ? clamp(x(t), layout.left + half, end - half) : x(t);
    write(p, word, at, middle + aside, wordSize, color,
      { align: "center", weight: followed ? 700 : 600, most: Math.max(12, (times ? every : lines) * pitch - 3) });
  });
  const { bridge } = networks[0];
  if (bridge > 0 && bridge < words.length) {
    const border = layout.edge(bridge);
    stroke(p, [[border, blocks[0].trail.y], [border, blocks[1].trail.y + blocks[1].trail.height]], theme.muted, 1.5, [3, 4]);
  }
  const at = end + 0.7 * u;
  const colors = names.length > 2 ? [] : [theme.negative, theme.positive];
  write(p, "target", at, middle - 0.62 * u, 0.87 * u, theme.muted);
  write(p, target || "unknown", at, middle + 0.6 * u, 1.1 * u,
    target ? colors[names.indexOf(target)] ?? theme.text : theme.muted, { weight: 700, most: width - at, least: 12 });
  networks.forEach(({ turning }, k) => {
    if (turning === null || readTo < words.length || pitch < 2 * u) return;
    const [y, half] = [blocks[k].up ? wordTop - 3 : wordTop + wordHeight + 3, Math.min(pitch / 2 - 3, 1.2 * u)];
    stroke(p, [[x(turning) - half, y], [x(turning) + half, y]], theme.text, 3, k ? [4, 3] : []);
  });
}

// The frame of a word that is not typed in a box, where there is room.
function frameWord({ c, layout: { u, x, pitch, wordTop, wordHeight }, theme }, t, followed) {
  if (pitch < 1.2 * u && !followed) return;
  const width = pitch - 3;
  c.beginPath();
  c.roundRect(x(t) - width / 2, wordTop + 1, width, wordHeight - 2, 6);
  c.fillStyle = followed ? faint(theme.forward, 0.18) : theme.background;
  [c.strokeStyle, c.lineWidth] = followed ? [theme.forward, 1.8] : [faint(theme.text, 0.22), 1];
  c.fill();
  c.stroke();
}

function paintName(p) {
  const { layout: { u, left: edge, pitch }, network, box: { state }, theme, k } = p;
  const { name, remembers, part, hidden, layers, layer, ended, behind, group, units, broken } = network;
  const [y, radius] = [state.y + 0.9 * u, 0.78 * u];
  disc(p, k, radius, y, radius);
  write(p, name, 2 * radius + 0.35 * u, y, 1.15 * u, theme.text,
    { weight: 700, most: edge - 2 * radius - 0.6 * u, least: 12 });
  if (state.height < 5 * u) return;
  const shown = group > 1 ? `${units} of ${hidden} units` : `${hidden} unit${hidden === 1 ? "" : "s"}`;
  const where = ended !== null ? `ended at ${ended}` : behind !== null ? `at ${behind}` : "";
  const lines = [`${remembers ? "memory" : "gate"} ${part}`, layers > 1 ? `layer ${layer} of ${layers}` : "", shown];
  lines.filter(Boolean).forEach((line, row) => write(p, line, 0, y + (1.5 + 1.15 * row) * u, 0.9 * u, theme.muted));
  const rows = lines.filter(Boolean).length;
  if (where) write(p, where, 0, y + (1.5 + 1.15 * rows) * u, 0.9 * u, theme.text, { weight: 700, most: edge - 4 });
  if (state.height > 10.5 * u && pitch >= 3.6 * u && broken === null)
    ["share from", "memory"].forEach((line, row) =>
      write(p, line, 0, state.y + state.height - (1.7 - 1.1 * row) * u, 0.9 * u, theme.forward, { weight: 600 }));
}

function paintBroken(p) {
  const { c, layout: { u, left: edge, end }, network, box: { state }, theme } = p;
  const [x, y] = [(edge + end) / 2, state.y + state.height / 2];
  c.fillStyle = faint(theme.text, 0.05);
  c.fillRect(edge, state.y, end - edge, state.height);
  const since = network.broken === null ? "The numbers are not finite" : `Not finite from epoch ${network.broken} on`;
  write(p, since, x, y - 0.7 * u, 1.15 * u, theme.text, { align: "center", weight: 700, most: end - edge });
  write(p, "Go back, or choose a smaller learning rate or clipping.", x, y + 0.8 * u, 0.95 * u, theme.muted,
    { align: "center", most: end - edge });
}

// Arrows of what the words add, channels of what is kept, and the states.
function paintMemory(p) {
  const { c, layout, pair, network, box, theme, hover, readTo, k } = p;
  const { u, x, pitch, strip } = layout;
  const same = hover.k === k || (pair.matched && hover.k !== undefined);
  const row = same ? hover.row : undefined;
  const cell = box.state.height / network.units;
  const share = network.share.map((value, t) => (t < readTo ? value : NaN));
  if (pitch >= u) {
    c.fillStyle = faint(theme.forward, 0.55);
    const { y, height } = box.arrow;
    const [from, to] = box.up ? [y + height, y + 2] : [y, y + height - 2];
    share.forEach((value, t) => value >= 0 && arrow(c, x(t), from, to, Math.max(1, strip * (1 - value)), 0.55 * u));
    const q = { c, font: p.font, theme, hover: { row }, layout: { ...layout, cell, state: box.state } };
    paintFlow({ ...q, network: Object.assign(Object.create(network), { words: pair.words, theme, share }) });
  }
  paintStates(p, cell, row);
}

function paintStates({ c, layout: { u, x, left: edge, pitch, strip }, pair, network, box: { state }, theme, readTo }, cell, row) {
  const rows = network.cells ?? network.h;
  const shown = readTo < pair.words.length ? rows.map((values) => values.map((v, t) => (t < readTo ? v : NaN))) : rows;
  const image = imageOf(theme, shown, 1, network.gate);
  c.imageSmoothingEnabled = false;
  if (pitch < u) return c.drawImage(image, edge, state.y, pitch * pair.words.length, state.height);
  [c.strokeStyle, c.lineWidth] = [theme.grid, 1];
  const [gaps, frames] = [newPath(c), newPath(c)];
  pair.words.forEach((_, t) => {
    const at = Math.round(x(t) - strip / 2);
    c.drawImage(image, t, 0, 1, network.units, at, state.y, strip, state.height);
    frames.rect(at - 0.5, state.y - 0.5, strip + 1, state.height + 1);
    for (let k = 1; cell >= 3 && k < network.units; k++) gaps.rect(at, state.y + k * cell - 1, strip, 1);
  });
  c.stroke(frames);
  c.fillStyle = theme.background;
  c.fill(gaps);
  if (row === undefined || row >= network.units) return;
  [c.strokeStyle, c.lineWidth] = [theme.text, 1.6];
  pair.words.forEach((_, t) =>
    c.strokeRect(Math.round(x(t) - strip / 2) - 1, state.y + row * cell - 1, strip + 2, cell + 1));
}

// What is left, as high as its share: of the token forwards, above the line; of the gradient backwards, below it.
function paintTrail(p) {
  const { c, layout: { u, x, left: edge, end }, pair, network, box: { trail: { y, height } }, theme, readTo, backFrom } = p;
  const [base, quarter, count] = [y + height / 2, height / 4, pair.words.length];
  for (const at of [y, y + height]) stroke(p, [[edge, at], [end, at]], theme.grid);
  wedge(p, network.left, pair.token, readTo, base, -1, theme.forward);
  wedge(p, network.gradient, backFrom, count, base, 1, theme.magnitude);
  stroke(p, [[edge, base], [end, base]], theme.muted, 1.2);
  const named = (text, side, color) => write(p, text, edge - 6, base + side * quarter, 0.92 * u, color,
    { align: "right", weight: 600, most: edge - 8, least: 12 });
  const whole = `left of “${pair.words[pair.token]}” →`;
  c.font = `600 12px ${p.font}`;
  named(c.measureText(whole).width > edge - 8 ? "left of it →" : whole, -1, theme.forward);
  named("← of gradient", 1, theme.magnitude);
  // Each number is where its way ends: at the right, and at the token that is followed.
  if (readTo > pair.token)
    write(p, leftText(network.left[readTo - 1]), end + 0.7 * u, base - quarter, 1.1 * u, theme.forward, { weight: 700 });
  const back = Math.max(backFrom, pair.token);
  if (backFrom < count)
    write(p, leftText(network.gradient[back]), x(back), base + quarter, 1.1 * u, theme.magnitude, { align: "center", weight: 700, halo: true });
}

function wedge(p, shares, from, to, base, side, color) {
  const { c, layout: { x }, box: { trail: { height } } } = p;
  const points = [];
  for (let t = from; t < to; t++)
    if (!Number.isNaN(shares[t])) points.push([x(t), base + side * (height / 2 - 1) * clamp(shares[t], 0, 1)]);
  if (!points.length) return;
  c.beginPath();
  c.moveTo(points[0][0], base);
  for (const point of points) c.lineTo(...point);
  c.lineTo(points.at(-1)[0], base);
  c.fillStyle = faint(color, 0.32);
  c.fill();
  stroke(p, points, color, 1.8);
  if (points.length === 1) dot(c, ...points[0], 2, color);
}

// Answers

function paintAnswer(p) {
  const { layout: { u, end, width, pitch }, pair, network, box: { answer: { y, height } }, readTo, theme } = p;
  const [first, count] = [pair.words.length - network.answer.length, pair.words.length];
  const bar = (t, top, size, color) => {
    const [x, wide, last] = [p.layout.x(t), clamp(pitch * 0.5, 1, 4 * u), t === count - 1];
    p.c.fillStyle = last ? color : faint(color, 0.5);
    p.c.fillRect(x - wide / 2, top, wide, size);
    if (!last) return;
    [p.c.strokeStyle, p.c.lineWidth] = [theme.text, 1.6];
    p.c.strokeRect(x - wide / 2 - 1, top - 1, wide + 2, size + 2);
  };
  PAINT[pair.kind](p, bar, first);
  if (readTo < count) return;
  const [at, lines] = [end + 0.7 * u, outcome(p)];
  lines.forEach(([line, color], k) => write(p, line, at, y + height / 2 + (k ? 0.75 : -0.75) * u, 1.35 * u, color,
    // Room for the buttons in the corner.
    { weight: 700, most: width - at - 34, least: 12 }));
}

// What it says in the end, as lines with their colours.
export function outcome({ pair: { kind, names, targets }, network: { predicted, answer }, theme }) {
  if (kind === "values") {
    const known = Array.from(answer).filter(Number.isFinite);
    return known.length ? [["error", theme.muted], [number(known.at(-1)), theme.text]] : [];
  }
  const k = predicted.at(-1);
  if (kind === "classes" && predicted.length < 2 * targets.length && targets.length > 1) {
    const right = targets.filter((target, t) => target >= 0 && target === predicted[t]).length;
    const known = targets.filter((target) => target >= 0).length;
    return known ? [[`${right} of ${known}`, right === known ? theme.forward : theme.text], ["right", theme.muted]] : [];
  }
  const probability = kind === "verdict" ? Math.max(answer.at(-1), 1 - answer.at(-1)) : answer.at(-1);
  const unsure = probability < (names.length === 2 ? 0.55 : 1.4 / names.length);
  const color = unsure ? theme.muted : names.length > 2 ? theme.text : k ? theme.positive : theme.negative;
  const target = targets.at(-1);
  // Of classes the probability is that of the target.
  const wrong = kind === "classes" && target >= 0 && target !== k;
  return [[names[k], color], [wrong ? `${names[target]} ${percent(probability)}` : percent(probability), wrong ? theme.muted : color]];
}

const number = (value) => (Number.isFinite(value) ? Number(value.toPrecision(2)).toString() : "–");

const PAINT = { verdict: paintVerdict, classes: paintClasses, values: paintErrors };

// Up to the second of two classes, or down to the first.
function paintVerdict(p, bar, first) {
  const { layout: { u, x, left: edge, end, pitch }, pair: { names, words }, network, box: { answer }, theme, readTo } = p;
  const [middle, half] = [answer.y + answer.height / 2, answer.height / 2 - 0.2 * u];
  names.forEach((name, k) => write(p, name, 0, middle + (k ? -0.62 : 0.62) * Math.min(half, 1.6 * u), 0.87 * u,
    k ? theme.positive : theme.negative, { weight: 600, most: edge - 6 }));
  network.answer.forEach((q, k) => {
    const t = first + k;
    if (t >= readTo) return;
    const [up, size] = [q >= 0.5, Math.max(1, half * Math.abs(2 * q - 1))];
    bar(t, up ? middle - size : middle, size, up ? theme.positive : theme.negative);
    const largest = Math.max(q, 1 - q);
    // On the other side of the line, where there is no bar.
    if (pitch > NUMBERS * u && t < words.length - 1) write(p, percent(largest), x(t), middle + (up ? 0.72 : -0.72) * u,
      0.92 * u, largest < 0.55 ? theme.muted : theme.text, { align: "center", weight: 600 });
  });
  stroke(p, [[edge, middle], [end, middle]], theme.muted, 1.2);
}

// The probability of the target; below is the prediction, bold where it is right.
function paintClasses(p, bar, first) {
  const { layout: { u, x, left: edge, end, pitch }, pair, network, box: { answer }, theme, readTo } = p;
  const { names, targets, guess, target } = pair;
  const [top, bottom] = [answer.y + 0.2 * u, answer.y + answer.height - 1.25 * u];
  const one = targets.length < network.answer.length || targets.length === 1;
  const label = one ? (target ? `p(${target})` : "probability") : "p(target)";
  write(p, label, 0, (top + bottom) / 2, 0.95 * u, theme.text, { weight: 600, most: edge - 6, least: 12 });
  write(p, "prediction", 0, bottom + 0.68 * u, 0.95 * u, theme.muted);
  stroke(p, [[edge, top], [end, top]], theme.grid);
  network.answer.forEach((q, k) => {
    const [t, number] = [first + k, one ? targets.at(-1) : targets[k]];
    if (t >= readTo) return;
    const [size, right] = [Math.max(1, (bottom - top) * q), number < 0 || number === network.predicted[k]];
    bar(t, bottom - size, size, theme.forward);
    if (pitch >= u) write(p, names[network.predicted[k]], x(t), bottom + 0.68 * u, 0.98 * u,
      right ? theme.forward : theme.muted, { align: "center", weight: right ? 700 : 400, most: pitch - 2 });
  });
  if (guess) {
    const at = bottom - (bottom - top) * guess;
    stroke(p, [[edge, at], [end, at]], theme.muted, 1.2, [2, 3]);
  }
  stroke(p, [[edge, bottom], [end, bottom]], theme.muted, 1.2);
}

// The error after every token.
function paintErrors(p, bar, first) {
  const { layout: { u, left: edge, end }, pair: { limit, target }, network, box: { answer }, theme, readTo } = p;
  const [top, bottom] = [answer.y + 0.4 * u, answer.y + answer.height - 0.4 * u];
  write(p, target || network.answer.some(Number.isFinite) ? "error" : "no target", 0, (top + bottom) / 2, 0.95 * u, theme.text, { weight: 600 });
  [[limit, top], [0, bottom]].forEach(([value, y]) => {
    stroke(p, [[edge, y], [end, y]], theme.grid);
    write(p, String(value), edge - 6, y, 0.83 * u, theme.muted, { align: "right" });
  });
  network.answer.forEach((error, k) => {
    if (first + k >= readTo || !Number.isFinite(error)) return;
    const size = Math.max(1, (bottom - top) * clamp(error / limit, 0, 1));
    bar(first + k, bottom - size, size, theme.forward);
  });
  stroke(p, [[edge, bottom], [end, bottom]], theme.muted, 1.2);
}
