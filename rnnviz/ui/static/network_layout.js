// Where everything in the picture of the network is: a function of the size, and the numbers of words and units.

import { clamp } from "./canvas.js";
import { aheadOf, seriesBands } from "./network_series.js";

// Columns at least so wide, in units of the layout, have numbers in their channels; narrower ones than
// the second stand side by side without channels.
export const [WIDE, NARROW] = [3.6, 1];
// In columns at least so wide there is room for boxes in which the words are typed.
const BOXED = 2.4;
// Of a column that is opened: the width of a vector, of the names of classes, and the share of all columns.
const [SLOT, NAMES, SHARE] = [5.4, 5, 0.62];
// The least width of all vectors, and the width of the list of terms beside them.
const [LEAST, TERMS] = [24, 18];
// Between the layers.
const LEVEL_GAP = 1.2;

export function layoutOf(across, height, network) {
  const { words = [], units = [], typed = [], opened, curve } = network;
  const u = clamp(Math.min(across / (opened ? 66 + TERMS : 66), height / (opened ? 44 : 38)), 12, 22);
  const width = across - (opened ? TERMS * u : 0);
  const left = 6.6 * u;
  const { right, ahead } = aheadOf(curve, u, width - left, words.length, 7.4 * u);
  const columns = columnsOf(u, left, width - left - right, words.length, opened);
  const { pitch } = columns;
  const longest = Math.max(...words.map((word) => word.length));
  const wordSize = clamp((pitch - 6) / (0.54 * longest), 12, 1.45 * u);
  // Where even small words don't fit side by side, they stand upright; where they do, they can be typed.
  const room = pitch < 3 * u ? 1 : 1.25;
  const upright = longest > 1 && pitch < 4.2 * u && wordSize * 0.54 * longest > room * pitch;
  const wordHeight = (upright && pitch >= NARROW * u ? clamp((0.56 * wordSize * longest) / u, 2.4, 5) : 2.4) * u;
  const rows = rowsOf(u, height, wordHeight, { units: units.length, levels: network.levels?.length ?? 1, opened, curve });
  const boxed = typed.length > 0 && !upright && pitch >= BOXED * u;
  const layout = { width, height, u, left, ahead, ...rows, ...columns, wordSize, upright, boxed };
  return { ...layout, find: (px, py) => find(layout, words.length, units.length, px, py) };
}

// The heights. Above an opened column are the names of its vectors, and below it their numbers. Numbers over time have
// a curve in the place of the words; if values are expected they are in it, and at the right of the states.
function rowsOf(u, height, words, { units, levels, opened, curve }) {
  const [arrow, between, foot, joined] = [1.9 * u, 1.6 * u, 0.8 * u, curve?.joined];
  const below = joined ? 0 : 1.2 * u;
  const [labels, numbers, least] = opened ? [1.6 * u, 5.4 * u, [5.6 * u, 5 * u]] : [0, 0, [joined ? 0 : 7.4 * u, 6 * u]];
  const fixed = (curve ? seriesBands(u, curve, 0).bottom : words) + arrow + labels + numbers + below + between + foot + least[0] + least[1];
  const rest = height - fixed - LEVEL_GAP * u * (levels - 1);
  // In a low window the answers and the gradient are lower, and nothing is cut.
  const shrunk = clamp((rest - units * levels) / (least[0] + least[1]), -0.5, 0);
  const most = levels > 1 ? rest : Math.min(rest, 0.46 * height);
  const cell = clamp(Math.floor(most / (units * levels)), 1, Math.floor(7 * u));
  const spare = Math.max(0, rest - cell * units * levels);
  const series = curve && seriesBands(u, curve, spare);
  const wordHeight = series?.bottom ?? words;
  const top = wordHeight + arrow + labels;
  const [band, gap] = [cell * units, LEVEL_GAP * u];
  const bands = [...Array(levels).keys()].map((k) => ({ y: top + k * (band + gap), height: band }));
  const state = { y: top, height: levels * (band + gap) - gap };
  const bottom = state.y + state.height;
  const answers = { y: bottom + numbers + below, height: least[0] * (1 + shrunk) + (joined ? 0 : curve ? 0.4 : 0.7) * spare };
  const gradient = { y: answers.y + answers.height + between, height: least[1] * (1 + shrunk) + (joined ? 0.4 : 0.3) * spare };
  const answer = joined ? { y: bottom - 5.6 * u, height: 4 * u } : answers;
  return { wordHeight, series, joined, cell, bands, state, answer, gradient, numbers: bottom };
}

// The width of a state in a column of this pitch: the whole of a narrow one.
export const stripOf = (pitch, u) => (pitch < NARROW * u ? pitch
  : Math.round(clamp(pitch * (pitch < WIDE * u ? 0.7 : 0.4), 0.5 * u, 3.6 * u)));

// The places across: `x` of a state's middle, `edge` of the border before a column, `into` and `out` of where
// a channel ends and begins, `word` of a word's middle.
function columnsOf(u, left, width, count, opened) {
  const box = opened && boxOf(u, left, width, count, opened);
  const closed = box?.token === undefined ? count : Math.max(1, count - 1);
  const extra = box?.token === undefined ? 0 : box.width;
  const pitch = Math.min((width - extra) / closed, (extra ? 12 : 18) * u);
  const strip = stripOf(pitch, u);
  const edge = (k) => left + pitch * k + (k > box?.token ? extra - pitch : 0);
  const x = (t) => (edge(t) + edge(t + 1)) / 2;
  const plain = { pitch, strip, edge, end: edge(count), x, word: x,
    into: (t) => x(t) - strip / 2 - 1, out: (t) => x(t) + strip / 2 + 1 };
  if (!box) return plain;
  return { ...plain, ...openedAt(box, edge(box.token ?? 0), plain, opened) };
}

function boxOf(u, left, width, count, { token, vectors }) {
  const names = vectors[0].cells.length ? NAMES * u : 0;
  const most = count > 1 && token !== null ? SHARE * width : width;
  // At clipping and update there is nothing else beside them.
  const wide = token === null ? Infinity : Math.max(SLOT, LEAST / vectors.length) * u;
  const slot = Math.min(wide, (most - names - 1.2 * u) / vectors.length);
  return { token: token ?? undefined, names, slot, width: slot * vectors.length + names + 1.2 * u,
    strip: Math.round(Math.min(3.2 * u, 0.6 * slot)), margin: 0.6 * u };
}

// The opened column: its last vector stands in the place of the state. `vector` is the middle of one.
function openedAt(box, start, plain, { vectors, phase }) {
  const vector = (k) => start + box.margin + box.names + box.slot * (k + 0.5);
  const last = vectors.length - 1;
  const shown = { ...box, left: start, right: start + box.width, vector };
  if (box.token === undefined) return { box: { ...shown, right: plain.end } };
  const [middle, forward] = [(shown.left + shown.right) / 2, phase === "forward"];
  const here = (at, other) => (t) => (t === box.token ? at : other(t));
  return {
    box: shown,
    x: here(forward ? vector(last) : middle, plain.x),
    // The word stands above the vector that it adds.
    word: here(forward && last === 4 ? vector(1) : middle, plain.x),
    into: here(forward ? vector(0) - box.strip / 2 - 1 : shown.left, plain.into),
    out: here(forward ? vector(last) + box.strip / 2 + 1 : shown.right, plain.out),
  };
}

// What is at a place: token, section, the row of a unit, the vector of an opened column, and the token at which a
// channel ends.
function find(layout, tokens, units, px, py) {
  const { u, x, edge, strip, cell, wordHeight, bands, answer, gradient, box, series, joined } = layout;
  const level = bands.findIndex(({ y, height }) => py >= y && py < y + height);
  const row = level < 0 ? -1 : Math.floor((py - bands[level].y) / cell);
  const within = row >= 0 && row < units;
  if (box && px >= box.left && px < box.right && within) {
    const vector = Math.floor((px - box.left - box.margin - box.names) / box.slot);
    const near = Math.abs(px - box.vector(vector)) <= box.strip / 2 + 2;
    return near && box.vector(vector) < box.right ? { t: box.token, row, vector } : { t: box.token };
  }
  if (series && py < series.curve.y) return { section: "series" };
  if (series && py < wordHeight && px >= layout.end && layout.ahead)
    return { section: "curve", step: tokens + Math.floor((px - layout.end) / layout.ahead) };
  let t = -1;
  while (t < tokens && px >= edge(t + 1)) t++;
  if (!(t >= 0 && t < tokens)) return {};
  if (within && Math.abs(px - x(t)) <= strip / 2 + 2) return { t, row, level };
  if (py < wordHeight) return series ? { t, section: "curve", step: t } : { t, section: "word" };
  if (py > gradient.y - u) return { t, section: "gradient" };
  if (py > answer.y && !joined) return { t, section: "answer" };
  return { t, section: "memory", ...(level < 0 ? {} : { level, channel: px > x(t) ? t + 1 : t }) };
}
