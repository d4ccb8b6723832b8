// The axes of a guess, on a phone and on the projector: how numbers are written, and where they are.
import { clamp, faint, number, percent, power, stroke, write } from "./canvas.js";

export const FONT = "Source Sans, Source Sans Pro, system-ui, sans-serif";

// The colours of the page, for a canvas.
export function pageTheme() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(`--rnnviz-${name}`).trim();
  const [background, text, muted, train] = ["background", "text", "muted", "train"].map(color);
  return { background, text, muted, train, you: color("you"), youText: color("you-text"), grid: faint(muted, 0.22) };
}

// A canvas as large as its box, and a painter with `W` and `H`, if the box has a size.
export function painter(canvas) {
  const { clientWidth: W, clientHeight: H } = canvas.parentElement;
  const ratio = devicePixelRatio || 1;
  [canvas.width, canvas.height] = [Math.round(W * ratio), Math.round(H * ratio)];
  const c = canvas.getContext("2d");
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  return W && H ? { c, W, H, font: FONT, theme: pageTheme() } : null;
}

// A number of an axis: 361, 38%, 10⁻⁵.
export function writtenOn({ unit, high }, value) {
  if (unit === "epoch" || unit === "count") return String(Math.round(value));
  if (unit === "number") return number(value, high > 10 ? 3 : 2);
  if (value > 0 && value < 0.001) return number(value, 1);
  return value > 1.5 ? `${number(value, 2)} times` : value >= 0.01 || !value ? percent(value) : `${number(100 * value, 1)}%`;
}

// The label of an axis with a number in it.
export const labelled = ({ label }, text) => (label.includes("…") ? label.replace("…", text) : `${label}: ${text}`);

// The share of an axis at a value, and the value at a share.
export function shareOf({ low, high, log }, value) {
  if (!log) return clamp((value - low) / (high - low), 0, 1);
  return clamp(Math.log(Math.max(value, low) / low) / Math.log(high / low), 0, 1);
}
export function valueAt({ low, high, log, unit }, share) {
  const value = log ? low * (high / low) ** share : low + (high - low) * share;
  return unit === "count" ? Math.round(value) : value;
}

// Round values along an axis.
export function ticksOf({ low, high, log, unit }) {
  if (log) {
    const first = Math.round(Math.log10(low)), last = Math.round(Math.log10(high));
    return Array.from({ length: Math.floor((last - first) / 2) + 1 }, (_, k) => 10 ** (first + 2 * k));
  }
  if (unit === "share" && high < 1.5) return [0, 0.5, 1];
  const rough = (high - low) / 3, size = 10 ** Math.floor(Math.log10(rough));
  const step = size * [1, 2, 5, 10].find((many) => many * size >= rough * 0.75);
  const first = Math.ceil(low / step) * step;
  return Array.from({ length: Math.floor((high - first) / step + 1.001) }, (_, k) => first + k * step);
}
export const tickText = (axis, value) => (axis.log ? (value === 1 ? "1" : power(Math.round(Math.log10(value)))) : writtenOn(axis, value));

// Lines and numbers of a vertical axis, whose name stands above; `size` is that of its letters.
export function paintUpright(p, axis, { x0, x1, y0, y1 }, size) {
  for (const value of ticksOf(axis)) {
    const y = y1 - shareOf(axis, value) * (y1 - y0);
    stroke(p, [[x0, y], [x1, y]], p.theme.grid);
    write(p, tickText(axis, value), x0 - 0.4 * size, y, size, p.theme.muted, { align: "right" });
  }
}

// The numbers of a horizontal axis below its line.
export function paintAlong(p, axis, { x0, x1, y1 }, size) {
  const ticks = ticksOf(axis);
  ticks.forEach((value, k) => {
    const x = x0 + shareOf(axis, value) * (x1 - x0);
    const align = k === ticks.length - 1 && x > x1 - size ? "right" : k ? "center" : "left";
    write(p, tickText(axis, value), x, y1 + size, size, p.theme.muted, { align });
  });
  stroke(p, [[x0, y1], [x1, y1]], p.theme.muted);
}

// The loss of blind guessing.
export function paintGuessing(p, axis, { x0, x1, y0, y1 }, size) {
  if (axis.name !== "loss") return;
  const y = y1 - shareOf(axis, 1) * (y1 - y0);
  stroke(p, [[x0, y], [x1, y]], p.theme.muted, 1.4, [2, 3]);
  write(p, "guessing", x1, y + 0.8 * size, size, p.theme.muted, { align: "right", halo: true });
}
