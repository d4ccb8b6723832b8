// From the places of questions/step/cell_layout.py to pixels: columns move apart in a wide picture, and rows become
// higher in a high one.
import { clamp } from "./canvas.js";

// The height of the line with the numbers below, and the largest size of a unit across, both in lines of text.
const [FOOT, WIDEST] = [2.6, 2.5];
// Up to so many lanes a highway has one for each unit.
const LANES = 40;

export function insideLayout(width, height, { size: [across, down], columns, symbols, bands, hidden }) {
  const u = clamp(Math.min(width / 76, height / 32), 12, 22);
  const foot = FOOT * u;
  const kx = Math.min(width / across, WIDEST * u);
  const ky = (height - foot) / down;
  const x = apart(columns, kx, width, across);
  const box = ([left, top, wide, high]) => ({ x: x(left), y: top * ky, width: x(left + wide) - x(left), height: high * ky });
  const placed = symbols.map((symbol) => symbol.box
    && { box: box(symbol.box), strip: box(symbol.strip), sign: symbol.sign?.length === 4 ? box(symbol.sign) : null });
  const ways = bands.map((band) => ({ ...box(band.box), ops: band.ops.map((op) => x(op.x)) }));
  const layout = { width, height, u, kx, ky, x, y: (value) => value * ky, box, placed, ways, foot: height - foot + 0.2 * u,
    radius: Math.min(0.75 * kx, 0.72 * ky, 1.15 * u), rows: (high) => rowsOf(hidden, high) };
  return { ...layout, find: (px, py) => find(layout, symbols, bands, hidden, px, py) };
}

// Where a place is: columns keep their width, and what is left over lies between them.
function apart(columns, kx, width, across) {
  const spare = Math.max(0, width - kx * across) / (columns.length - 1);
  return (value) => {
    let shift = 0;
    for (let k = 0; k < columns.length; k++) {
      const [start, end] = columns[k];
      if (value <= end) {
        const before = k ? columns[k - 1][1] : start;
        const share = value >= start || start <= before ? 1 : (value - before) / (start - before);
        return kx * value + shift + (k ? spare * (value >= start ? 1 : share) : 0);
      }
      if (k) shift += spare;
    }
    return kx * value + shift;
  };
}

// How many rows the units have in a strip, and the first unit of each.
function rowsOf(hidden, height) {
  const count = Math.max(1, Math.min(hidden, LANES, Math.floor(height / 2)));
  const starts = [...Array(count + 1).keys()].map((k) => Math.round((k * hidden) / count));
  return { count, starts };
}

function find({ placed, ways }, symbols, bands, hidden, px, py) {
  const inside = (b) => b && px >= b.x && px <= b.x + b.width && py >= b.y && py <= b.y + b.height;
  const unitIn = (b) => Math.min(hidden - 1, Math.floor(((py - b.y) / b.height) * hidden));
  for (const [k, place] of placed.entries()) {
    if (!place || !inside(place.box)) continue;
    const numbers = inside(place.strip) && !["input", "after"].includes(symbols[k].kind);
    return numbers ? { symbol: k, unit: unitIn(place.strip) } : { symbol: k };
  }
  for (const [k, way] of ways.entries()) {
    if (!inside(way)) continue;
    const last = way.ops.findLastIndex((x) => x - 8 <= px);
    return { symbol: last < 0 ? bands[k].before : bands[k].ops[last].symbol, unit: unitIn(way) };
  }
  return {};
}
