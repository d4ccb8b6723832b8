// Paints the curves of a run: each function draws one section of `p` = { c, layout, run, font, theme, shown }.
import { clamp, dot, faint, power, rgb, shortNumber, stroke, write } from "./canvas.js";

const percent = (share) => `${Math.round(100 * share)}%`;

// Layout

const PANELS = [["loss", 0.36], ["metric", 0.16], ["gauge", 0.24], ["map", 0.24]];
// When the loss is drawn by hand it needs room.
const LOSS_LARGE = [["loss", 0.56], ["metric", 0.13], ["gauge", 0.17], ["map", 0.14]];

// Where everything is: a function of the size, of what is told of the run, and of what a lesson asks for.
export function curvesLayout(width, height, run, asked = "") {
  const u = clamp(Math.min(width / 33, height / 38), 11, 20);
  const [left, head, gap, foot] = [3.9 * u, 1.7 * u, 0.8 * u, 3.2 * u];
  // Room at the right for the button that explains.
  const inner = width - left - Math.max(30, 2.2 * u);
  const rest = height - foot - 4 * head - 3 * gap;
  const panels = {};
  let y = 0;
  for (const [name, part] of asked === "loss" ? LOSS_LARGE : PANELS) {
    panels[name] = { head: y + head / 2, y: y + head, height: part * rest };
    y += head + part * rest + gap;
  }
  const x = (epoch) => left + (inner * epoch) / run.scales.last;
  const inside = (px, py) => px >= left - u && px <= left + inner + u && py >= 0 && py <= height;
  return { u, left, width: inner, right: left + inner, panels, foot: height - foot, x, inside, run: run.scales };
}

const level = ({ y, height }, value, low, high) => y + height * (1 - (value - low) / (high - low));

// The largest loss of the panel.
export const lossTop = ({ top }) => 1.04 * top;

// The height of a value in each panel.
const heights = {
  loss: ({ panels: { loss } }, scale, value) => level(loss, clamp(value, 0, lossTop(scale)), 0, lossTop(scale)),
  metric: ({ panels: { metric } }, _, value) => level(metric, value, -0.03, 1.06),
  gauge: ({ panels: { gauge } }, { span: [low, high] }, value) =>
    level(gauge, clamp(Math.log10(Math.max(value, 1e-300)), low, high), low, high),
};

// Painting

export function paintCurves(c, layout, run, { shown, pointed, marked }) {
  const p = { c, layout, run, font: run.font, theme: run.theme, shown };
  paintFrames(p);
  paintLevels(p);
  paintScores(p);
  paintGauge(p);
  paintMap(p);
  paintChapters(p);
  paintChanges(p);
  paintVeil(p);
  paintPinned(p);
  if (pointed !== null) upright(p, pointed, faint(p.theme.text, 0.4), 1);
  paintHead(p);
  paintRow(p, marked);
}

// A frame around the row of a token.
function paintRow({ c, layout, run, theme }, token) {
  const { left, right, panels: { map } } = layout;
  const row = map.height / run.scales.map.words.length;
  if (!(token < run.scales.map.words.length)) return;
  [c.strokeStyle, c.lineWidth] = [theme.text, 1.4];
  c.strokeRect(left - 1, map.y + row * token, right - left + 2, row);
}

export function title(p, panel, text, more = []) {
  const { u, right } = p.layout;
  write(p, text, 0, panel.head, 1.02 * u, p.theme.text, { weight: 600 });
  const free = 0.6 * u + p.c.measureText(text).width;
  // The legend, from the right end; in a narrow window the title keeps its place.
  let x = right;
  for (const [label, color, dash] of [...more].reverse()) {
    p.c.font = `400 ${Math.max(12, 0.87 * u)}px ${p.font}`;
    const start = x - p.c.measureText(label).width - 0.3 * u;
    if (start - 1.1 * u < free) return;
    write(p, label, x, panel.head, 0.87 * u, color, { align: "right" });
    stroke(p, [[start - 1.1 * u, panel.head], [start, panel.head]], color, 2, dash);
    x = start - 1.8 * u;
  }
}

// The least distance of two lines of text.
const lineOf = (u) => 0.95 * Math.max(12, 0.87 * u);

// Lines with their values. In a low panel both ends are written, and what has room between them.
export function grid(p, values, heightOf, textOf) {
  const { u, left, right } = p.layout;
  const ys = values.map(heightOf), end = ys.at(-1), line = lineOf(u);
  let last = Infinity;
  ys.forEach((y, k) => {
    stroke(p, [[left, y], [right, y]], p.theme.grid);
    if (y !== end && (last - y < line || y - end < line)) return;
    last = y;
    write(p, textOf(values[k]), left - 0.45 * u, y, 0.83 * u, p.theme.muted, { align: "right" });
  });
}

function paintFrames(p) {
  const { layout, run, theme } = p;
  const { panels } = layout;
  const { loss, metric, gauge } = run.scales;
  const [train, test] = run.scales.roles;
  const names = [[train, theme.train, []], [test, theme.test, [5, 3]]];
  title(p, panels.loss, `Loss, ${loss.unit}`, names);
  grid(p, [0, 0.5, 1].map((part) => part * loss.top), (v) => heights.loss(layout, loss, v), shortNumber);
  title(p, panels.metric, metric[0].toUpperCase() + metric.slice(1));
  grid(p, [0, 0.5, 1], (v) => heights.metric(layout, null, v), percent);
  title(p, panels.gauge, "Memory gauge", [
    ["radius", theme.forward, []], ["σ", theme.muted, [5, 3]], ["half-life", theme.magnitude, []],
  ]);
  const decades = [];
  for (let e = Math.ceil(gauge.span[0]); e <= gauge.span[1]; e++) decades.push(10 ** e);
  const some = decades.filter((_, k) => k % Math.ceil(decades.length / 4) === 0);
  grid(p, some, (v) => heights.gauge(layout, gauge, v), (v) => {
    const e = Math.round(Math.log10(v));
    return e > -3 && e < 3 ? String(v) : power(e);
  });
  title(p, panels.map, `Gradient at every ${run.scales.map.noun}`);
}

function paintLevels(p) {
  const { layout, run, theme } = p;
  const { u, left, right, panels } = layout;
  const { loss, baselines, gauge } = run.scales;
  const lines = [{ name: "guessing", loss: loss.guess }, ...baselines];
  const written = [];
  for (const { name, loss: value } of lines.sort((a, b) => b.loss - a.loss)) {
    const y = heights.loss(layout, loss, value);
    stroke(p, [[left, y], [right, y]], theme.muted, 1.2, [2, 3]);
    // Above its line, or else below it; a label that would cover another one is left out.
    const middle = [y - 0.62 * u, y + 0.62 * u].find((at) => written.every((other) => Math.abs(at - other) >= 0.95 * u));
    if (middle === undefined) continue;
    // The loss begins near guessing. A line below is named at the left, unless the loss falls through it there.
    const low = y - heights.loss(layout, loss, loss.guess) > 2 * u && fallsThrough(p, value) > (left + right) / 2;
    write(p, name, low ? left + 0.3 * u : right, middle, 0.83 * u, theme.muted, { align: low ? "left" : "right", halo: true });
    written.push(middle);
  }
  const one = heights.gauge(layout, gauge, 1);
  p.c.fillStyle = faint(theme.forward, 0.08);
  p.c.fillRect(left, panels.gauge.y, right - left, Math.max(0, one - panels.gauge.y));
  stroke(p, [[left, one], [right, one]], theme.forward, 1.2, [2, 3]);
}

// Where the loss is below a value for the first time.
function fallsThrough({ layout, run: { train_loss: series } }, value) {
  const k = series.y.findIndex((loss) => loss < value);
  return k < 0 ? Infinity : layout.x(series.x[k]);
}

export function curve(p, series, heightOf, color, width = 2, dash = []) {
  if (!series) return;
  const { c, layout } = p;
  c.beginPath();
  let pen = false;
  series.x.forEach((epoch, k) => {
    const value = series.y[k];
    const drawn = !Number.isNaN(value);
    if (drawn) c[pen ? "lineTo" : "moveTo"](layout.x(epoch), heightOf(value));
    pen = drawn;
  });
  [c.strokeStyle, c.lineWidth, c.lineJoin] = [color, width, "round"];
  c.setLineDash(dash);
  c.stroke();
  c.setLineDash([]);
}

function paintScores(p) {
  const { layout, run, theme } = p;
  const { loss } = run.scales;
  for (const [prefix, width] of [["old ", 1.8], ["", 2]])
    for (const [role, dash] of [["test", [5, 3]], ["train", []]]) {
      const color = prefix ? faint(theme[role], 0.65) : theme[role];
      const own = prefix ? [2, 3] : dash;
      curve(p, run[`${prefix}${role}_loss`], (v) => heights.loss(layout, loss, v), color, width, own);
      curve(p, run[`${prefix}${role}_metric`], (v) => heights.metric(layout, null, v), color, width, own);
    }
  nameBefore(p, run["old train_loss"], (v) => heights.loss(layout, loss, v));
}

// The name of the dotted curve of the run before, at its end.
export function nameBefore(p, series, heightOf) {
  if (!series?.x.length) return;
  const { u, left, right, x } = p.layout;
  const at = clamp(x(series.x.at(-1)), left + 3.6 * u, right);
  write(p, "before", at, heightOf(series.y.at(-1)) - 0.62 * u, 0.83 * u, p.theme.muted, { align: "right", halo: true });
}

function paintGauge(p) {
  const { layout, run, theme } = p;
  const heightOf = (v) => heights.gauge(layout, run.scales.gauge, v);
  curve(p, run.norm, heightOf, theme.muted, 1.2, [5, 3]);
  curve(p, run["half-life"], heightOf, theme.magnitude, 1.6);
  curve(p, run.radius, heightOf, theme.forward, 2.4);
}

const image = document.createElement("canvas");

// A column an epoch and a row a token, scaled up by the browser.
export function paintMap(p) {
  const { c, layout, run, theme } = p;
  const { u, left, right, x, panels: { map } } = layout;
  const { words, span: [low, high] } = run.scales.map;
  const { x: epochs, z } = run["log10 gradient"];
  const row = map.height / words.length;
  c.fillStyle = theme.neutral;
  c.fillRect(left, map.y, right - left, map.height);
  const every = Math.ceil(lineOf(u) / row);
  words.forEach((word, t) => {
    if (t % every) return;
    write(p, word, left - 0.45 * u, map.y + row * (t + 0.5), 0.87 * u, theme.muted,
      { align: "right", most: left - 0.5 * u });
  });
  if (!epochs.length) return;
  const columns = Math.max(1, Math.round(x(epochs.at(-1)) - left));
  Object.assign(image, { width: columns, height: words.length });
  const content = new ImageData(columns, words.length);
  const pixels = new Uint32Array(content.data.buffer);
  const colors = ramp(theme);
  for (let column = 0, k = 0; column < columns; column++) {
    const epoch = ((column + 0.5) / columns) * epochs.at(-1);
    // The last epoch that is not later.
    while (k + 1 < epochs.length && epochs[k + 1] <= epoch) k++;
    for (let t = 0; t < words.length; t++)
      pixels[t * columns + column] = colors[Math.round(255 * clamp((z[t][k] - low) / (high - low), 0, 1))];
  }
  image.getContext("2d").putImageData(content, 0, 0);
  c.imageSmoothingEnabled = false;
  c.drawImage(image, left, map.y, columns, map.height);
  for (let t = 1; row > 6 && t < words.length; t++)
    stroke(p, [[left, map.y + row * t], [right, map.y + row * t]], theme.background);
}

const ramps = new Map();
function ramp({ neutral, magnitude }) {
  const key = neutral + magnitude;
  const [from, to] = [rgb(neutral), rgb(magnitude)];
  const mixed = (k) => from.map((start, i) => Math.round(start + ((to[i] - start) * k) / 255));
  const pixel = (_, k) => {
    const [r, g, b] = mixed(k);
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0; // little-endian
  };
  if (!ramps.has(key)) ramps.set(key, Uint32Array.from({ length: 256 }, pixel));
  return ramps.get(key);
}

export const TONES = {
  Untrained: 0, Plateau: 0.15, "Memory grows": 0.3, "Memory opens": 0.45, Falling: 0.7, Damaged: 0.3, Overfitting: 0.85,
  Memorized: 0.85, Learned: 1,
};

function paintChapters(p) {
  const { c, layout, run, theme } = p;
  const { u, left, right, x, foot } = layout;
  const y = foot + 0.5 * u;
  c.fillStyle = theme.grid;
  c.fillRect(left, y, right - left, 0.45 * u);
  for (const [name, from, to] of run.scales.chapters) {
    c.fillStyle = faint(theme.forward, TONES[name]);
    c.fillRect(x(from), y, x(to) - x(from), 0.45 * u);
  }
  const ticks = [0, 0.5, 1].map((part) => Math.round(part * run.scales.last));
  ["left", "center", "right"].forEach((align, k) =>
    write(p, String(ticks[k]), x(ticks[k]), foot + 2.2 * u, 0.87 * u, theme.muted, { align }));
  write(p, run.scales.unit, 0, foot + 2.2 * u, 0.87 * u, theme.muted);
}

// A line at an epoch through every panel, but not through the titles.
function upright(p, epoch, color, width, dash) {
  const { x, panels, foot, u } = p.layout;
  for (const panel of Object.values(panels)) {
    const end = panel === panels.map ? foot + 0.5 * u : panel.y + panel.height + 0.1 * u;
    stroke(p, [[x(epoch), panel.y - 0.15 * u], [x(epoch), end]], color, width, dash);
  }
}

function paintChanges(p) {
  for (const epoch of p.run.scales.changes) upright(p, epoch, p.theme.muted, 1.2, [4, 4]);
}

// The epoch that what is shown is compared with.
function paintPinned(p) {
  const { pinned } = p.run.scales;
  if (Number.isInteger(pinned)) upright(p, pinned, faint(p.theme.text, 0.6), 1.5, [8, 4, 2, 4]);
}

// The future of a past epoch is faint.
function paintVeil({ c, layout, run, theme, shown }) {
  if (shown === null) return;
  const { x, u, right, panels, foot } = layout;
  c.fillStyle = faint(theme.background, 0.72);
  for (const { y, height } of Object.values(panels)) c.fillRect(x(shown), y, right - x(shown) + 1, height);
  c.fillRect(x(shown), foot + 0.4 * u, x(run.train_loss.x.at(-1)) - x(shown), 0.65 * u);
}

// The playhead: a line at the epoch shown, a point on every curve, and a knob.
function paintHead(p) {
  const { c, layout, run, theme } = p;
  const { u, x, foot } = layout;
  const epoch = p.shown ?? run.train_loss.x.at(-1);
  upright(p, epoch, theme.text, 1.6);
  const { loss, gauge } = run.scales;
  const points = [
    [run.test_loss, (v) => heights.loss(layout, loss, v), theme.test],
    [run.train_loss, (v) => heights.loss(layout, loss, v), theme.train],
    [run.test_metric, (v) => heights.metric(layout, null, v), theme.test],
    [run.train_metric, (v) => heights.metric(layout, null, v), theme.train],
    [run["half-life"], (v) => heights.gauge(layout, gauge, v), theme.magnitude],
    [run.radius, (v) => heights.gauge(layout, gauge, v), theme.forward],
  ];
  for (const [series, heightOf, color] of points) {
    const value = valueAt(series, epoch);
    if (!Number.isNaN(value)) dot(c, x(epoch), heightOf(value), 0.3 * u, theme.background, color);
  }
  dot(c, x(epoch), foot + 0.72 * u, 0.6 * u, theme.text, theme.background);
}

// Numbers

// The value of a series at the last of its epochs that is not later.
export function valueAt({ x, y }, epoch) {
  let [low, high] = [0, x.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] <= epoch) low = middle + 1;
    else high = middle;
  }
  return low ? y[low - 1] : NaN;
}

// The text for an epoch.
export function* valuesAt(run, epoch) {
  const { loss, metric } = run.scales;
  for (const [k, role] of ["train", "test"].entries()) {
    const [value, share] = ["loss", "metric"].map((score) => valueAt(run[`${role}_${score}`], epoch));
    const known = [];
    if (!Number.isNaN(value)) known.push(`loss ${value.toPrecision(4).replace("Infinity", "∞")} ${loss.unit}`);
    if (!Number.isNaN(share)) known.push(`${metric} ${(100 * share).toFixed(1)}%`);
    if (known.length) yield `${run.scales.roles[k]}: ${known.join(", ")}`;
  }
  const [radius, norm, life] = ["radius", "norm", "half-life"].map((name) => valueAt(run[name], epoch));
  yield `${run.scales.gauge.weights}: radius ${shortNumber(radius)}, largest singular value ${shortNumber(norm)}`;
  if (!Number.isNaN(life))
    yield life > 1e8 ? "no half-life: the fitted line does not fall" : `half-life ${shortNumber(life)} tokens`;
}
