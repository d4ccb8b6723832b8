// Colour scales: from a value to its colour, and the texts at their ends.
import { written } from "./canvas.js";

export const rgbOf = (color) => color.startsWith("#")
  ? [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16)) : color.match(/[\d.]+/g).slice(0, 3).map(Number);

const tables = new Map(); // colour scale -> 256 colours

// A function from a value to its colour. Nearby values share one: to make each would take longer than to draw it.
export function colorOf({ colorscale, cmin, cmax }) {
  const key = JSON.stringify(colorscale);
  if (!tables.has(key)) tables.set(key, Array.from({ length: 257 }, (_, k) => between(colorscale, k / 256)));
  const table = tables.get(key), scale = 256 / (cmax - cmin || 1);
  return (value) => table[Math.max(0, Math.min(256, Math.round((value - cmin) * scale)))];
}

function between(stops, share) {
  const next = Math.max(1, stops.findIndex(([at]) => at >= share));
  const [[low, first], [high, last]] = [stops[next - 1], stops[next]];
  const part = (share - low) / (high - low || 1);
  const [a, b] = [rgbOf(first), rgbOf(last)];
  return `rgb(${a.map((value, i) => Math.round(value + part * (b[i] - value)))})`;
}

// An end of the scale, with three digits.
export function endText(value) {
  const end = Number(value.toPrecision(3));
  return written(Math.abs(end) >= 1e5 ? end.toExponential() : end);
}
