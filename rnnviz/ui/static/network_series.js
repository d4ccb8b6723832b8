// A window of numbers over time above the network that reads it: the whole series, which moves the window when it
// is dragged, and the curve of the window, a column a step, with what was expected for each.
import { clamp, dot, faint, number, stroke, write } from "./canvas.js";

// The heights in units of the layout: the whole series, the least of the curve, and the times below each.
const [WHOLE, CURVE, TIMES] = [2.6, 6.5, 1.7];
// The most of the width for the steps ahead; the least for a column with dots, a row's numbers, and both lines' names.
const [AHEAD, DOTS, NUMBERS, LEGEND] = [0.4, 0.9, 34, 5];

// The bands, the lowest border of all, and how much of the spare height they take.
export function seriesBands(u, curve, spare) {
  const whole = { y: 0.4 * u, height: WHOLE * u };
  const y = whole.y + whole.height + TIMES * u;
  const height = CURVE * u + spare * (curve.joined ? 0.6 : 0.3);
  return { whole, curve: { y, height }, bottom: y + height + TIMES * u };
}

// The margin at the right, in which the steps ahead have columns of their own, `ahead` wide.
export function aheadOf(curve, u, across, steps, least) {
  if (!curve?.ahead) return { right: least, ahead: 0 };
  const right = clamp((curve.ahead * across) / (steps + curve.ahead), least, AHEAD * across);
  return { right, ahead: Math.min((across - right) / steps, (right - 0.6 * u) / curve.ahead) };
}

// The place of the step t, also of one ahead.
const placeOf = ({ x, end, ahead }, steps) => (t) => (t < steps ? x(t) : end + ahead * (t - steps + 0.5));

// The window at a place of the whole series: the one whose middle is nearest.
export function windowAt({ layout, network: { curve, starts } }, px) {
  const { first, count } = spanOf(layout, curve);
  const step = ((px - first) / (wideOf(layout) - first)) * count - curve.window / 2;
  let [low, high] = [0, starts.length - 1];
  const order = orderOf(starts);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[order[middle]] < step) low = middle + 1;
    else high = middle;
  }
  const before = order[Math.max(0, low - 1)];
  return Math.abs(starts[before] - step) < Math.abs(starts[order[low]] - step) ? before : order[low];
}

// The numbers of the windows in the order of their steps; found once.
const orders = new WeakMap();
function orderOf(starts) {
  if (!orders.has(starts)) orders.set(starts, [...starts.keys()].sort((a, b) => starts[a] - starts[b]));
  return orders.get(starts);
}

// The window at a place in that order, and the place of the one that is shown.
export const inOrder = ({ starts }, place) => orderOf(starts)[place];
export const placeInOrder = ({ starts, curve }) => orderOf(starts).indexOf(curve.number);

// Where the whole series ends: at the right are the buttons of the picture.
const wideOf = ({ width }) => width - 40;

const spanOf = ({ left }, { pieces }) => ({ first: left, count: pieces.at(-1)[0] + pieces.at(-1)[1] });

export function paintSeries(p) {
  paintWhole(p);
  paintCurve(p);
}

// The whole series, with the training, the test and the window.
function paintWhole(p) {
  const { c, layout, network } = p;
  const { u, series: { whole } } = layout;
  const width = wideOf(layout);
  const { curve, theme, starts } = network;
  const { first, count } = spanOf(layout, curve);
  const place = (step) => first + ((width - first) * step) / count;
  write(p, curve.series > 1 ? `${curve.series} series` : "series", 0, whole.y + whole.height / 2, 1.02 * u, theme.text, { weight: 600 });
  const rows = curve.low.length;
  for (let k = 0; k < rows; k++) {
    const [xs, ys] = network[`whole ${k}`];
    const [low, high] = [curve.low[k], curve.high[k]];
    const band = whole.height / rows;
    const y = (value) => whole.y + band * (k + 0.92 - (0.84 * (value - low)) / (high - low || 1));
    // A NaN ends each piece.
    let [piece, points] = [0, []];
    xs.forEach((step, i) => {
      if (!Number.isNaN(step)) return points.push([place(step + 0.5), y(ys[i])]);
      stroke(p, points, curve.pieces[piece][2] ? theme.test : faint(theme.text, 0.55), 1);
      [piece, points] = [piece + 1, []];
    });
  }
  // Numbers that were typed are at no place of the series.
  const shown = curve.number === null ? NaN : starts[curve.number];
  const [from, to] = [place(shown), place(shown + curve.window)];
  if (!Number.isNaN(shown)) {
    c.fillStyle = faint(theme.forward, 0.16);
    c.fillRect(from, whole.y - 2, Math.max(3, to - from), whole.height + 4);
    [c.strokeStyle, c.lineWidth] = [theme.forward, 1.6];
    c.strokeRect(from, whole.y - 2, Math.max(3, to - from), whole.height + 4);
  }
  const below = whole.y + whole.height + 0.85 * u;
  const taken = nameParts(p, place, below);
  curve.between.forEach((time, k) => {
    const [at, align] = k ? [width, "right"] : [first, "left"];
    c.font = `400 ${Math.max(12, 0.83 * u)}px ${p.font}`;
    const reach = c.measureText(time).width + 8;
    if (taken.every(([from, to]) => (k ? to < at - reach : from > at + reach)))
      write(p, time, at, below, 0.83 * u, theme.muted, { align });
  });
}

// The words "training" and "test" below the longest piece of each, and where they stand.
function nameParts(p, place, y) {
  const { c, layout: { u }, network: { curve, theme } } = p;
  const taken = [];
  for (const [test, text, color] of [[0, "training", theme.text], [1, "test", theme.test]]) {
    const own = curve.pieces.filter((piece) => piece[2] === test);
    if (!own.length) continue;
    const [begin, length] = own.reduce((most, piece) => (piece[1] > most[1] ? piece : most));
    const at = place(begin + length / 2);
    write(p, text, at, y, 0.87 * u, color, { align: "center", weight: 600, halo: true });
    const half = c.measureText(text).width / 2;
    taken.push([at - half, at + half]);
  }
  return taken;
}

// What came at every step of the window and what was expected for it, then the steps ahead.
function paintCurve(p) {
  const { layout, network } = p;
  const { u, end, series: { curve: band } } = layout;
  const { curve, theme, words } = network;
  const rows = curve.names.length;
  const height = band.height / rows;
  if (curve.ahead) {
    p.c.fillStyle = faint(theme.text, 0.04);
    p.c.fillRect(end, band.y, layout.ahead * curve.ahead, band.height);
    stroke(p, [[end, band.y], [end, band.y + band.height]], theme.muted, 1.2);
  }
  for (let k = 0; k < rows; k++) paintRow(p, k, { y: band.y + k * height, height });
  paintTimes(p, band.y + band.height + 0.9 * u, words.length + curve.ahead);
}

function paintRow(p, k, { y: top, height }) {
  const { c, layout, network } = p;
  const { u, left, end, pitch } = layout;
  const { curve, came, expected, theme, words } = network;
  const [low, high] = curve.limits[k];
  const [steps, place] = [words.length, placeOf(layout, words.length)];
  const y = (value) => top + height * (0.92 - 0.84 * clamp((value - low) / (high - low || 1), -0.05, 1.05));
  name(p, k, top + height / 2, height >= LEGEND * u);
  stroke(p, [[left, y(low)], [end + layout.ahead * curve.ahead, y(low)]], theme.grid);
  // Those of two rows leave room for each other.
  const inwards = curve.names.length > 1 ? 0.4 * u : 0;
  if (height >= NUMBERS) for (const [value, by] of [[low, -inwards], [high, inwards]])
    write(p, number(value, 4), left - 4, y(value) + by, 0.83 * u, theme.muted, { align: "right" });
  const points = (row, from, to) => [...row.slice(from, to).keys()].map((t) => t + from)
    .filter((t) => !Number.isNaN(row[t])).map((t) => [place(t), y(row[t])]);
  const [answers, real] = [expected[k], came[k]];
  // How far beside it was.
  if (pitch >= DOTS * u) for (let t = 1; t < real.length; t++)
    if (!Number.isNaN(answers[t] + real[t])) stroke(p, [[place(t), y(real[t])], [place(t), y(answers[t])]], faint(theme.forward, 0.35), 3);
  stroke(p, points(real, 0, steps), theme.text, 1.8);
  stroke(p, points(real, steps - 1, real.length), theme.text, 1.4, [2, 3]);
  stroke(p, points(answers, 0, steps), theme.forward, 2.4);
  stroke(p, points(answers, steps - 1, real.length), theme.forward, 2.4, [6, 3]);
  if (pitch >= DOTS * u) for (const [px, py] of points(real, 0, steps)) dot(c, px, py, 0.22 * u, theme.text);
  for (const t of curve.filled[k]) dot(c, place(t), y(real[t]), 0.3 * u, theme.text, theme.background);
}

// The name of a row, and once what both lines are.
function name(p, k, y, explained) {
  const { layout: { u, left }, network: { curve, theme } } = p;
  const text = k === curve.names.length - 1 && curve.more ? `${curve.names[k]} (+ ${curve.more})` : curve.names[k];
  const both = !k && curve.joined && explained;
  write(p, text, 0, y - (both ? 1.2 * u : 0), 0.98 * u, theme.text, { weight: 600, most: left - 6, least: 11 });
  if (!both) return;
  write(p, "came", 0, y, 0.9 * u, theme.text);
  write(p, "expected", 0, y + 1.1 * u, 0.9 * u, theme.forward, { weight: 600, most: left - 6 });
}

// As many times as have room, always the first, and the first that is expected beyond the window.
function paintTimes(p, y, count) {
  const { c, layout, network: { curve, theme, words } } = p;
  const { u, pitch } = layout;
  const place = placeOf(layout, words.length);
  c.font = `400 ${Math.max(12, 0.83 * u)}px ${p.font}`;
  const widest = Math.max(...curve.times.map((text) => c.measureText(text).width)) + 10;
  const every = Math.max(1, Math.ceil(widest / pitch));
  let free = -Infinity;
  for (let t = 0; t < count; t++) {
    const begins = t === words.length;
    if (!begins && (t < words.length ? t : t - words.length) % every) continue;
    // The last one before the steps ahead leaves room for theirs.
    if (t < words.length && curve.ahead && place(words.length) - place(t) < widest) continue;
    if (place(t) - widest / 2 < free || place(t) + widest / 2 > layout.width + 4) continue;
    write(p, curve.times[t], place(t), y, 0.83 * u, begins ? theme.text : theme.muted, { align: "center", weight: begins ? 600 : 400 });
    free = place(t) + widest / 2;
  }
}

// The lines of the tip at a step, in the units of the table.
export function toldOf({ curve, came, expected }, t) {
  const exactly = (value) => String(Number(value.toPrecision(6))).replace("-", "−");
  return [curve.times[t], ...curve.names.map((text, k) => {
    const filled = curve.filled[k].includes(t) ? " (filled in)" : "";
    const numbers = [[came[k][t], "", filled], [expected[k][t], "expected ", ""]];
    const known = numbers.filter(([value]) => !Number.isNaN(value));
    return `${text} ${known.map(([value, before, after]) => before + exactly(value) + after).join(", ")}`;
  })];
}
