// The series of a chart: points and lines, bars, and coloured cells.
import { faint } from "./canvas.js";
import { edgesOf } from "./chart_axes.js";
import { axesFor, drawn, pointsOf } from "./chart_layout.js";
import { DASHES, each, line, paintSymbol, paintTip, TICK } from "./chart_strokes.js";
import { colorOf } from "./color_scale.js";
import { paintApart } from "./labels.js";
import { sizeOf, writeRich } from "./rich_text.js";

export const PAINTERS = { scatter: paintScatter, bar: paintBars, heatmap: paintCells };
// What may stand beside the plot.
export const TEXTS = { scatter: paintTexts, bar: paintBarTexts };

function paintScatter(p, series) {
  const { c } = p;
  const { mode = "lines", fill, line: style = {}, opacity = 1, marker } = series;
  c.save();
  c.globalAlpha *= opacity;
  const points = series.stackgroup ? stacked(p, series) : pointsOf(p, series);
  if (fill && fill !== "none" || series.stackgroup) paintFill(p, series, points);
  if (mode.includes("lines") && style.width !== 0) for (const run of linesOf(series, points)) paintLine(c, run, style, p.text);
  if (series.error_x) paintAcross(p, series, points);
  if (series.error_y) paintUpright(p, series, points);
  if (mode.includes("markers")) paintMarkers(c, points, marker ?? {}, style.color ?? p.text);
  c.restore();
}

// Pale lines are drawn one by one: where they lie over each other they are darker, at any scale.
const linesOf = ({ meta, opacity = 1 }, points) => (meta?.ways || opacity < 1 ? runsOf(points).map(([from, to]) => points.slice(from, to)) : [points]);

function paintLine(c, points, { color, width = 2, dash, shape }, usual) {
  c.beginPath();
  let on = false, last, before;
  for (const [x, y] of points) {
    const here = Number.isFinite(x) && Number.isFinite(y);
    if (here && on && shape === "hv") c.lineTo(x, before);
    // A curve that is level at both ends.
    if (here && on && shape === "spline") c.bezierCurveTo((last + x) / 2, before, (last + x) / 2, y, x, y);
    else if (here) on ? c.lineTo(x, y) : c.moveTo(x, y);
    [on, last, before] = [here, x, y];
  }
  [c.strokeStyle, c.lineWidth, c.lineJoin] = [color ?? usual, width, "round"];
  c.setLineDash(DASHES[dash] ?? []);
  c.stroke();
  c.setLineDash([]);
}

// The values of a stack's series up to this one.
function stacked(p, series) {
  const [xs, ys] = axesFor(p, series);
  const below = drawn(p).filter(({ stackgroup }) => stackgroup === series.stackgroup);
  const part = below.slice(0, below.indexOf(series) + 1);
  return Array.from(series.x, (x, k) => [xs.at(x), ys.at(part.reduce((sum, { y }) => sum + y[k], 0))]);
}

function paintFill(p, series, points) {
  const { c, data } = p;
  const [, ys] = axesFor(p, series);
  const before = data[data.indexOf(series) - 1];
  const level = points.map(([x]) => [x, ys.at(Math.max(0, ys.low))]);
  const other = series.stackgroup
    ? (before?.stackgroup === series.stackgroup ? stacked(p, before) : level)
    : series.fill === "tonexty" ? pointsOf(p, before) : series.fill === "toself" ? [] : level;
  c.fillStyle = series.fillcolor ?? faint(series.line?.color ?? p.text, 0.2);
  for (const [from, to] of runsOf(points)) {
    c.beginPath();
    [...points.slice(from, to), ...other.slice(from, to).reverse()]
      .forEach(([x, y], k) => (k ? c.lineTo(x, y) : c.moveTo(x, y)));
    c.fill();
  }
}

// The ranges of points without a gap.
function runsOf(points) {
  const runs = [];
  let from = 0;
  points.forEach((at, k) => {
    if (at.every(Number.isFinite)) return;
    if (k > from) runs.push([from, k]);
    from = k + 1;
  });
  return points.length > from ? [...runs, [from, points.length]] : runs;
}

// Error bars, with a short line at both ends.
function paintAcross(p, series, points) {
  const { error_x: spread, x } = series, [xs] = axesFor(p, series);
  points.forEach(([, y], k) => {
    const [from, to] = endsOf(spread, x[k], k, xs);
    line(p.c, from, y, to, y, spread.color, spread.thickness);
    for (const end of [from, to]) line(p.c, end, y - spread.width, end, y + spread.width, spread.color, spread.thickness);
  });
}

function paintUpright(p, series, points) {
  const { error_y: spread, y } = series, [, ys] = axesFor(p, series);
  points.forEach(([x], k) => {
    const [from, to] = endsOf(spread, y[k], k, ys);
    if (!Number.isFinite(from + to)) return;
    line(p.c, x, from, x, to, spread.color, spread.thickness);
    for (const end of [from, to]) line(p.c, x - spread.width, end, x + spread.width, end, spread.color, spread.thickness);
  });
}

const endsOf = ({ array, arrayminus }, middle, k, axis) => [middle - arrayminus[k], middle + array[k]].map(axis.at);

function paintMarkers(c, points, marker, usual) {
  const { size = 6, symbol = "circle", angleref, opacity, line: edge = {} } = marker;
  const alpha = c.globalAlpha;
  points.forEach(([x, y], k) => {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    const own = marker.colorscale ? scaled(marker, marker.color[k]) : each(marker.color, k, usual);
    c.globalAlpha = alpha * each(opacity, k, 1);
    if (symbol === "arrow" && angleref === "previous") return k && paintTip(c, points[k - 1], [x, y], each(size, k, 6), own);
    paintSymbol(c, each(symbol, k, "circle"), x, y, each(size, k, 6) / 2, own, each(edge.color, k), each(edge.width, k, 0));
  });
  c.globalAlpha = alpha;
}

function paintTexts(p, series) {
  const { mode = "", text, textfont = {}, textposition = "middle center", texttemplate } = series;
  if (!mode.includes("text") || texttemplate) return;
  const [vertical, across] = textposition.split(" ");
  const down = { top: "bottom", middle: "middle", bottom: "top" }[vertical];
  const [dx, dy] = [{ left: -8, right: 8 }[across] ?? 0, { top: -6, bottom: 6 }[vertical] ?? 0];
  const side = { left: "right", right: "left" }[across] ?? "center";
  const written = (k) => each(text, k, "");
  const font = (k) => ({ size: each(textfont.size, k, TICK), color: each(textfont.color, k, p.text),
    weight: textfont.weight, family: textfont.family ?? p.family });
  if (series.meta?.apart) return paintApart(p, pointsOf(p, series), written, font);
  let [last, level] = [-Infinity, NaN];
  pointsOf(p, series).forEach(([x, y], k) => {
    if (!written(k) || !Number.isFinite(x) || !Number.isFinite(y)) return;
    // Of a row of texts those are left out that would cover the last one written.
    const half = side === "center" ? sizeOf(p.c, written(k), font(k)).width / 2 : 0;
    if (half && (y === level || series.meta?.row) && x - half < last + 3) return;
    [last, level] = [x + half, y];
    writeRich(p.c, written(k), x + dx, y + dy, font(k), { across: side, down });
  });
}

// Each bar { k, box, value, middle, to } of a series, in pixels.
function barsOf(p, series) {
  const { x, y, base = 0, width: wide, orientation } = series;
  const [xs, ys] = axesFor(p, series);
  const flat = orientation === "h";
  const [along, across] = flat ? [xs, ys] : [ys, xs];
  const [values, places] = flat ? [x, y] : [y, x];
  return Array.from(values, (value, k) => {
    const half = Math.abs(across.at((wide ? each(wide, k) : 1 - (p.layout.bargap ?? 0.2)) / 2) - across.at(0));
    const middle = across.at(places ? places[k] : k), start = each(base, k, 0);
    const [from, to] = [along.at(start), along.at(start + value)];
    const box = flat ? [from, middle - half, to - from, 2 * half] : [middle - half, from, 2 * half, to - from];
    return { k, box, value, middle, to };
  });
}

function paintBars(p, series) {
  const { c } = p;
  const { marker = {}, opacity = 1 } = series;
  for (const { k, box } of barsOf(p, series)) {
    c.globalAlpha = opacity * each(marker.opacity, k, 1);
    c.fillStyle = each(marker.color, k, p.text);
    c.fillRect(...box);
    if (!marker.line?.width) continue;
    [c.strokeStyle, c.lineWidth] = [each(marker.line.color, k, p.text), each(marker.line.width, k, 1)];
    c.strokeRect(...box);
  }
  c.globalAlpha = 1;
}

function paintBarTexts(p, series) {
  const { text, textfont, orientation } = series;
  if (!Array.isArray(text)) return;
  const fontOf = (k) => ({ size: each(textfont?.size, k, TICK), color: each(textfont?.color, k, p.text), family: p.family });
  const written = barsOf(p, series).filter(({ k, to }) => text[k] && Number.isFinite(to));
  const every = orientation === "h" ? 1 : strideOf(written, ({ k }) => sizeOf(p.c, text[k], fontOf(k)).width);
  for (const { k, value, middle, to } of written.filter((_, n) => (written.length - 1 - n) % every === 0)) {
    const font = fontOf(k), back = value < 0;
    if (orientation === "h")
      writeRich(p.c, text[k], to + (back ? -5 : 5), middle, font, { across: back ? "right" : "left", ground: p.background });
    else writeRich(p.c, text[k], middle, to + (back ? 4 : -4), font, { across: "center", down: back ? "top" : "bottom" });
  }
}

// Of numbers side by side that would touch, every n-th is written, up to the last one.
function strideOf(bars, widthOf) {
  const pitch = Math.min(...bars.slice(1).map(({ middle }, n) => middle - bars[n].middle));
  return Math.max(1, Math.ceil((Math.max(0, ...bars.map(widthOf)) + 3) / pitch));
}

function paintCells(p, series) {
  const { z, zmin, zmax, colorscale, ygap = 0 } = series;
  // A share of the columns, or pixels.
  const share = series.meta?.gap ?? 0;
  const xgap = share ? 0 : series.xgap ?? 0;
  if (!z.length || !z[0].length) return;
  const [xs, ys] = axesFor(p, series);
  const across = edgesOf(series.x, z[0].length).map((edge) => xs.at(edge));
  const down = edgesOf(series.y, z.length).map((edge) => ys.at(edge));
  const colour = colorOf({ colorscale, cmin: zmin, cmax: zmax });
  // Cells are drawn from border to border of whole pixels of the screen, so that none shines through.
  const { a: scale } = p.c.getTransform();
  const [left, top] = [across, down].map((edges) => edges.map((edge) => Math.round(edge * scale) / scale));
  // A few epochs of many are seen, the last of them.
  if (Math.abs(left.at(-1) - left[0]) < 3) left[left.length - 1] = left.at(-2) + 3;
  for (let row = 0; row < z.length; row++) {
    const [y0, y1] = [top[row], top[row + 1]].sort((a, b) => a - b);
    for (let column = 0; column < z[row].length; column++) {
      const value = z[row][column];
      if (!Number.isFinite(value)) continue;
      const inset = Math.round((left[column + 1] - left[column]) * share) / 2;
      const [x0, x1] = [left[column] + inset, left[column + 1] - inset];
      if (x1 === x0 || y1 === y0) continue;
      p.c.fillStyle = colour(value);
      p.c.fillRect(x0, y0, Math.max(1, x1 - x0 - xgap), Math.max(1, y1 - y0 - ygap));
    }
  }
}

const scaled = (marker, value) => colorOf(marker)(value);
