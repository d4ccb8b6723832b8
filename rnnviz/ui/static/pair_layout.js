// Where everything is in the picture of two networks: the words in the middle, the first network upwards from them, the
// second downwards.

import { clamp } from "./canvas.js";
import { stripOf } from "./network_layout.js";

// From the middle outwards, in units of the layout: words, what is left, arrows, a gap, answers. The margins.
const [WORDS, TRAIL, ARROW, GAP, ANSWER, LEFT, RIGHT] = [2.3, 2.4, 1.25, 0.55, 3.5, 7.2, 8];
// In columns at least so wide the words can be typed.
const BOXED = 2.4;
// The width of a semibold letter, as a share of its size.
export const WIDE = 0.58;

export function pairLayout(width, height, pair) {
  const { words, typed, networks } = pair;
  const u = clamp(Math.min(width / 66, height / 38), 12, 22);
  const edgeLeft = LEFT * u;
  const pitch = Math.min((width - (LEFT + RIGHT) * u) / words.length, 18 * u);
  const strip = stripOf(pitch, u);
  const edge = (k) => edgeLeft + pitch * k;
  const x = (t) => edge(t + 0.5);
  const longest = Math.max(...words.map((word) => word.length));
  const wordSize = clamp((pitch - 10) / (WIDE * longest), 12, 1.45 * u);
  const boxed = typed.length > 0 && pitch >= BOXED * u && wordSize * WIDE * longest <= pitch - 8;
  const rows = rowsOf(u, height, Math.max(...networks.map(({ units }) => units)));
  const layout = { width, height, u, pitch, strip, x, edge, word: x, longest, wordSize, boxed, upright: false, left: edgeLeft,
    end: edge(words.length), into: (t) => x(t) - strip / 2 - 1, out: (t) => x(t) + strip / 2 + 1, ...rows,
    wordHeight: WORDS * u };
  return { ...layout, find: (px, py) => find(layout, pair, px, py) };
}

// Both memories are equally high. Below two pixels a unit has a fraction of a pixel.
function rowsOf(u, height, units) {
  const fixed = (WORDS + 0.6 + 2 * (TRAIL + ARROW + GAP + ANSWER + 0.3)) * u;
  const room = Math.max(2 * u, Math.min((height - fixed) / 2, 0.33 * height));
  const state = room / units >= 2 ? units * Math.min(Math.floor(room / units), Math.floor(7 * u)) : room;
  const spare = Math.max(0, (height - fixed - 2 * state) / 2);
  const sizes = [
    ["", 0.3 * u], ["trail", TRAIL * u + clamp(0.4 * spare, 0, 2.4 * u)], ["arrow", ARROW * u], ["state", state],
    ["", GAP * u], ["answer", ANSWER * u + clamp(0.6 * spare, 0, 5 * u)],
  ];
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  const block = (start, up) => {
    let y = start;
    const box = { up };
    for (const [name, size] of up ? [...sizes].reverse() : sizes) {
      if (name) box[name] = { y, height: size };
      y += size;
    }
    return box;
  };
  const top = total + 0.3 * u;
  return { wordTop: top, blocks: [block(0, true), block(top + (WORDS + 0.3) * u, false)] };
}

// What is at a place: the token, the network, the row of a unit.
function find({ edge, x, strip, pitch, blocks }, { words, networks }, px, py) {
  const t = Math.floor((px - edge(0)) / pitch);
  if (!(t >= 0 && t < words.length)) return {};
  const k = blocks.findIndex(({ state: { y, height } }) => py >= y && py < y + height);
  if (k < 0 || !networks[k].h) return { t };
  if (Math.abs(px - x(t)) > strip / 2 + 2) return { t, channel: px > x(t) ? t + 1 : t };
  const { state } = blocks[k];
  return { t, k, row: Math.floor(((py - state.y) / state.height) * networks[k].units) };
}
