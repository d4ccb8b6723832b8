// Paints a chart from Plotly's options, as many of them as the figures use. `p` has the context `c`, the figure's
// `data` and `layout`, the plot's `box`, the `axes`, and the colours and font of the layout.
import { clamp, faint } from "./canvas.js";
import { axesOf, axisKey, edgesOf } from "./chart_axes.js";
import { paintApart } from "./labels.js";
import { sizeOf, writeRich } from "./rich_text.js";

const TICK = 13; // the size of a tick's text
const DASHES = { solid: [], dot: [2, 4], dash: [7, 5], longdash: [11, 5], dashdot: [8, 4, 2, 4] };

// On a sheet, `edges` are those of the column; elsewhere the margins are the figure's own.
export function chartLayout(width, height, { data, layout: full }, edges) {
  const layout = edges ? onSheet(full) : full;
  const { l = 64, r = 16, t = 34, b = 42 } = edges ? marginOf(layout, sidesOf(layout, edges)) : layout.margin ?? {};
  const box = { left: l, right: Math.max(l + 20, width - r), top: t, bottom: Math.max(t + 20, height - b), width, height };
  if (edges && layout.meta?.x === "token") narrowTo(box, layout, edges.most);
  return { data, layout, box, axes: axesOf({ data, layout }, box), edges };
}

// The words stand on top of a sheet, and every axis of epochs is the same.
function onSheet(layout) {
  const { xaxis = {}, meta = {} } = layout;
  if (meta.x === "token" && !meta.ticks) return { ...layout, xaxis: { ...xaxis, showticklabels: false } };
  return meta.x === "epoch" ? { ...layout, xaxis: { ...xaxis, title: "" } } : layout;
}

// A picture that stands on nothing else may be wider.
function sidesOf({ meta, margin }, edges) {
  if (meta?.wide) return { ...edges, left: Math.min(edges.left, 4 * edges.u), right: edges.u };
  // One that shares its axis with no other has room for its names.
  return meta?.x || !(margin?.l > 64) ? edges : { ...edges, left: Math.max(edges.left, margin.l) };
}

// As high as title, legend and ticks need. Ticks on top have the height of the words beside them.
function marginOf({ xaxis = {}, title, showlegend, legend = {}, meta }, { left, right, head = 44 }) {
  const top = xaxis.side === "top";
  const above = (plainTitle(title) ? 28 : 8) + (showlegend && !(legend.x > 1) ? 22 : 0) + (top ? head : 0);
  const none = xaxis.showticklabels === false || xaxis.visible === false || top;
  const labels = none ? 6 : xaxis.tickangle ? 50 : 22;
  return { l: Math.max(left, meta?.left ?? 0), r: right, t: above, b: labels + (plainTitle(xaxis.title) ? 18 : 0) };
}

// A token is at most so wide.
function narrowTo(box, { xaxis: { range: [from, to] } }, most) {
  box.right = Math.min(box.right, box.left + Math.abs(to - from) * most);
}

export function paintChart(c, chart) {
  const { font, plot_bgcolor: background } = chart.layout;
  const p = { ...chart, c, family: font.family, text: font.color, background };
  const { shapes = [], annotations = [] } = chart.layout;
  for (const axis of Object.values(p.axes)) paintGrid(p, axis);
  inside(p, () => {
    for (const shape of shapes.filter(({ layer }) => layer === "below")) paintShape(p, shape);
    for (const type of ["heatmap", "bar", "scatter"])
      for (const series of drawn(p).filter((each) => each.type === type)) PAINTERS[type](p, series);
    for (const shape of shapes.filter(({ layer, ...at }) => layer !== "below" && !beside(at))) paintShape(p, shape);
  });
  for (const shape of shapes.filter(beside)) paintShape(p, shape);
  for (const series of drawn(p)) TEXTS[series.type]?.(p, series);
  for (const axis of Object.values(p.axes)) paintTicks(p, axis);
  for (const note of annotations) paintNote(p, note);
  paintTitle(p);
  paintLegend(p);
  const paint = p.edges ? paintScaleAbove : paintScale;
  for (const scale of p.data.flatMap((series) => [series, series.marker ?? {}]))
    if (scale.colorbar && scale.showscale !== false) paint(p, scale);
}

// A sentence in the picture's place, in lines that fit.
export function paintSentence(c, { layout, box, edges }) {
  const { family, color } = layout.font;
  const font = { size: 15, color, family };
  paintTitle({ c, layout, box, edges, family, text: color });
  const most = Math.min(460, box.width - 24);
  const lines = layout.meta.sentence.split(" ").reduce((done, word) => {
    const longer = `${done.at(-1)} ${word}`;
    return done.at(-1) && sizeOf(c, longer, font).width <= most ? [...done.slice(0, -1), longer] : [...done.filter(Boolean), word];
  }, [""]);
  lines.forEach((line, k) => writeRich(c, line, 12, 48 + 21 * k, font));
}

// Whether a shape lies beside the plot.
const beside = ({ xref, x0 }) => xref === "paper" && x0 > 1;

const drawn = ({ data }) => data.filter(({ visible }) => visible !== false);

// Lines may be a little thicker than the plot is large.
function inside({ c, box }, paint) {
  c.save();
  c.beginPath();
  c.rect(box.left - 4, box.top - 4, box.right - box.left + 8, box.bottom - box.top + 8);
  c.clip();
  paint();
  c.restore();
}

export const axesFor = (p, series) => ["x", "y"].map((letter) => p.axes[axisKey(series[`${letter}axis`], letter)]);

// Where the points of a series are, in pixels.
export function pointsOf(p, series) {
  const [xs, ys] = axesFor(p, series);
  const { x, y } = series;
  const { length } = y ?? x ?? [];
  return Array.from({ length }, (_, k) => [xs.at(x ? x[k] ?? NaN : k), ys.at(y ? y[k] ?? NaN : k)]);
}

// The frame

// The axis across the ticks of `axis`: Plotly's `anchor`.
function acrossOf(p, { letter, options }) {
  const other = letter === "x" ? "y" : "x";
  const { from, to } = p.axes[axisKey(options.anchor ?? other, other)] ?? p.axes[`${other}axis`];
  return [Math.min(from, to), Math.max(from, to)];
}

function line(c, x0, y0, x1, y1, color, width, dash = "solid") {
  c.beginPath();
  c.moveTo(x0, y0);
  c.lineTo(x1, y1);
  [c.strokeStyle, c.lineWidth] = [color, width];
  c.setLineDash(DASHES[dash] ?? []);
  c.stroke();
  c.setLineDash([]);
}

function paintGrid(p, axis) {
  const { options, ticks, letter, low, high } = axis;
  if (options.visible === false) return;
  const [near, far] = letter === "x" ? yspan(p) : acrossOf(p, axis);
  const rule = (at, color, width) =>
    letter === "x" ? line(p.c, at, near, at, far, color, width) : line(p.c, near, at, far, at, color, width);
  if (options.showgrid !== false && options.gridcolor)
    for (const { pixel } of ticks) rule(Math.round(pixel) + 0.5, options.gridcolor, 1);
  if (options.zeroline && low < 0 && high > 0) rule(axis.at(0), options.zerolinecolor ?? p.text, 1);
}

// Upright rules go through all plots above each other.
function yspan(p) {
  const ends = Object.values(p.axes).filter(({ letter }) => letter === "y").flatMap(({ from, to }) => [from, to]);
  return [Math.min(...ends), Math.max(...ends)];
}

function paintTicks(p, axis) {
  const { options, letter, ticks } = axis;
  if (options.visible === false) return;
  const [near, far] = acrossOf(p, axis);
  const { size = TICK, color = options.tickfont?.color ?? p.text, family = p.family } = options.tickfont ?? {};
  const font = { size, color: faint3(p, color), family };
  const text = plainTitle(options.title);
  let last = Infinity;
  // Long names left of a vertical axis are smaller.
  let widest = letter === "y" ? Math.max(0, ...ticks.map(({ text: label }) => sizeOf(p.c, label, font).width)) : 0;
  const fits = Math.min(1, Math.max(0.8, (near - 9) / widest));
  if (letter === "y" && fits < 1) [font.size, widest] = [font.size * fits, widest * fits];
  if (options.showticklabels !== false) for (const { pixel, text: label } of ticks) {
    // Labels that would touch are left out.
    if (letter === "y" && Math.abs(pixel - last) < size - 1) continue;
    last = pixel;
    if (letter === "y") writeRich(p.c, label, near - 8, pixel, font, { across: "right" });
    else if (options.side === "top") slanted(p, label, pixel, near - 7, options.tickangle ?? 0, font, "left");
    else if (options.tickangle) slanted(p, label, pixel, far + 8, options.tickangle, font);
    else writeRich(p.c, label, pixel, far + 5, font, { across: "center", down: "top" });
  }
  if (p.edges && letter === "x" && p.layout.meta?.x === "epoch") writeRich(p.c, "epoch", 0, far + 5, font, { down: "top" });
  if (!text) return;
  if (letter === "x") {
    const below = far + (options.showticklabels === false ? 6 : 22);
    writeRich(p.c, text, (Math.min(axis.from, axis.to) + Math.max(axis.from, axis.to)) / 2, below, font, { across: "center", down: "top" });
  } else if (!p.edges || near - 8 - widest > 18) upright(p, text, (axis.from + axis.to) / 2, font);
}

const plainTitle = (title) => (typeof title === "string" ? title : title?.text) ?? "";
const faint3 = (p, color) => (color === p.text && color.startsWith("#") ? faint(color, 0.75) : color);

function slanted({ c }, label, x, y, angle, font, across = angle < 0 ? "right" : "left") {
  c.save();
  c.translate(x, y);
  c.rotate((angle * Math.PI) / 180);
  writeRich(c, label, 0, 0, font, { across });
  c.restore();
}

// The title of a vertical axis reads upwards.
function upright({ c }, text, y, font) {
  c.save();
  c.translate(10, y);
  c.rotate(-Math.PI / 2);
  writeRich(c, text, 0, 0, font, { across: "center" });
  c.restore();
}

function paintTitle({ c, layout, family, text, box, edges }) {
  const title = plainTitle(layout.title);
  if (!title) return;
  c.save();
  // On a sheet the buttons stand beside it.
  if (edges) {
    c.beginPath();
    c.rect(0, 0, box.width - 56, 30);
    c.clip();
  }
  writeRich(c, title, 0, 14, { size: 15, weight: 600, color: text, family });
  c.restore();
}

// Series

const PAINTERS = { scatter: paintScatter, bar: paintBars, heatmap: paintCells };
// What may stand beside the plot.
const TEXTS = { scatter: paintTexts, bar: paintBarTexts };

function paintScatter(p, series) {
  const { c } = p;
  const { mode = "lines", fill, line: style = {}, opacity = 1, marker } = series;
  c.save();
  c.globalAlpha *= opacity;
  const points = series.stackgroup ? stacked(p, series) : pointsOf(p, series);
  if (fill && fill !== "none" || series.stackgroup) paintFill(p, series, points);
  if (mode.includes("lines") && style.width !== 0) paintLine(c, points, style, p.text);
  if (series.error_x) paintSpread(p, series, points);
  if (mode.includes("markers")) paintMarkers(c, points, marker ?? {}, style.color ?? p.text);
  c.restore();
}

function paintLine(c, points, { color, width = 2, dash, shape }, usual) {
  c.beginPath();
  let on = false, before;
  for (const [x, y] of points) {
    const here = Number.isFinite(x) && Number.isFinite(y);
    if (here && on && shape === "hv") c.lineTo(x, before);
    if (here) on ? c.lineTo(x, y) : c.moveTo(x, y);
    [on, before] = [here, y];
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

function paintSpread(p, { error_x: spread, x }, points) {
  const [xs] = axesFor(p, {});
  points.forEach(([, y], k) => {
    const [from, to] = [x[k] - spread.arrayminus[k], x[k] + spread.array[k]].map(xs.at);
    line(p.c, from, y, to, y, spread.color, spread.thickness);
    for (const end of [from, to]) line(p.c, end, y - spread.width, end, y + spread.width, spread.color, spread.thickness);
  });
}

// One value for all points, or one for each.
const each = (value, k, usual) => (value == null ? usual : typeof value === "object" ? value[k] ?? usual : value);

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

// The tip of an arrow from a point to another: Plotly's symbol "arrow".
function paintTip(c, [fromX, fromY], [x, y], size, color) {
  const length = Math.hypot(x - fromX, y - fromY);
  if (!(length > 1)) return;
  const [right, down] = [(x - fromX) / length, (y - fromY) / length];
  c.beginPath();
  c.moveTo(x, y);
  for (const side of [-0.45, 0.45]) c.lineTo(x - size * (right + side * down), y - size * (down - side * right));
  c.closePath();
  c.fillStyle = color;
  c.fill();
}

const SHAPES = {
  square: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
  diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  "triangle-up": [[0, -1.2], [1.1, 0.8], [-1.1, 0.8]],
  "triangle-left": [[-1.2, 0], [0.8, -1.1], [0.8, 1.1]],
  x: [[-1, -0.6], [-0.6, -1], [0, -0.4], [0.6, -1], [1, -0.6], [0.4, 0], [1, 0.6], [0.6, 1], [0, 0.4], [-0.6, 1], [-1, 0.6], [-0.4, 0]],
};

function paintSymbol(c, symbol, x, y, radius, color, edge, width) {
  const open = symbol.endsWith("-open");
  if (symbol === "x-thin") {
    for (const side of [-1, 1]) line(c, x - radius, y - side * radius, x + radius, y + side * radius, edge ?? color, width || 2);
    return;
  }
  c.beginPath();
  const corners = SHAPES[symbol.replace("-open", "")];
  if (corners) corners.forEach(([a, b], k) => (k ? c.lineTo(x + a * radius, y + b * radius) : c.moveTo(x + a * radius, y + b * radius)));
  else c.arc(x, y, radius, 0, 7);
  c.closePath();
  if (!open) {
    c.fillStyle = color;
    c.fill();
  }
  if (!open && !width) return;
  [c.strokeStyle, c.lineWidth] = [open ? color : edge ?? color, width || 1.6];
  c.stroke();
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
  pointsOf(p, series).forEach(([x, y], k) => {
    if (written(k) && Number.isFinite(x) && Number.isFinite(y)) writeRich(p.c, written(k), x + dx, y + dy, font(k), { across: side, down });
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
  for (const { k, value, middle, to } of barsOf(p, series)) {
    if (!text[k] || !Number.isFinite(to)) continue;
    const font = { size: each(textfont?.size, k, TICK), color: each(textfont?.color, k, p.text), family: p.family };
    const back = value < 0;
    if (orientation === "h") writeRich(p.c, text[k], to + (back ? -5 : 5), middle, font, { across: back ? "right" : "left" });
    else writeRich(p.c, text[k], middle, to + (back ? 4 : -4), font, { across: "center", down: back ? "top" : "bottom" });
  }
}

// Heatmaps

function paintCells(p, series) {
  const { z, zmin, zmax, colorscale, xgap = 0, ygap = 0 } = series;
  if (!z.length || !z[0].length) return;
  const [xs, ys] = axesFor(p, series);
  const across = edgesOf(series.x, z[0].length).map((edge) => xs.at(edge));
  const down = edgesOf(series.y, z.length).map((edge) => ys.at(edge));
  const colour = colorOf({ colorscale, cmin: zmin, cmax: zmax });
  // Cells are drawn from border to border, so that none shines through.
  const [left, top] = [across.map(Math.round), down.map(Math.round)];
  // A few epochs of many are seen, the last of them.
  if (Math.abs(left.at(-1) - left[0]) < 3) left[left.length - 1] = left.at(-2) + 3;
  for (let row = 0; row < z.length; row++) {
    const [y0, y1] = [top[row], top[row + 1]].sort((a, b) => a - b);
    for (let column = 0; column < z[row].length; column++) {
      const value = z[row][column];
      if (!Number.isFinite(value)) continue;
      const [x0, x1] = [left[column], left[column + 1]];
      if (x1 === x0 || y1 === y0) continue;
      p.c.fillStyle = colour(value);
      p.c.fillRect(x0, y0, Math.max(1, x1 - x0 - xgap), Math.max(1, y1 - y0 - ygap));
    }
  }
}

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

const scaled = (marker, value) => colorOf(marker)(value);

// A colour bar at the right of the plot, headed by its symbol.
function paintScale(p, { colorbar, colorscale, zmin, zmax, cmin = zmin, cmax = zmax }) {
  const { c, box, family, text } = p;
  const [x, top, bottom] = [box.right + 12, box.top + 18, box.bottom - 2];
  const shade = c.createLinearGradient(0, bottom, 0, top);
  for (const [at, color] of colorscale) shade.addColorStop(at, color);
  c.fillStyle = shade;
  c.fillRect(x, top, 10, bottom - top);
  const font = { size: 12, color: faint3(p, text), family };
  const [low, high] = colorbar.ticktext ?? [cmin, cmax].map(endText);
  writeRich(c, colorbar.title.text, x, box.top + 4, font);
  writeRich(c, high, x + 14, top + 6, font);
  writeRich(c, low, x + 14, bottom - 6, font);
}

// On a sheet it lies beside the title.
function paintScaleAbove(p, { colorbar, colorscale, zmin, zmax, cmin = zmin, cmax = zmax }) {
  const { c, family, text, box, layout } = p;
  const font = { size: 12, color: faint3(p, text), family };
  const [low, high] = colorbar.ticktext ?? [cmin, cmax].map(endText);
  const title = sizeOf(c, plainTitle(layout.title), { size: 15, weight: 600, family }).width;
  const [end, wide] = [sizeOf(c, high, font).width, 46];
  const right = Math.min(box.width - 62, Math.max(box.right, title + 150));
  if (right - end - wide - 12 - sizeOf(c, low, font).width < title + 8) return;
  const x = right - end - wide - 5;
  const shade = c.createLinearGradient(x, 0, x + wide, 0);
  for (const [at, color] of colorscale) shade.addColorStop(at, color);
  c.fillStyle = shade;
  c.fillRect(x, 9, wide, 9);
  writeRich(c, low, x - 5, 14, font, { across: "right" });
  writeRich(c, high, right, 14, font, { across: "right" });
}

// An end of the scale, with three digits.
export function endText(value) {
  const end = Number(value.toPrecision(3));
  return (Math.abs(end) >= 1e5 ? end.toExponential() : `${end}`).replace("+", "").replace("-", "−");
}

// Marks

// A place of a shape or a note: in the plot from 0 to 1, or on an axis.
function placeOf(p, ref, letter, value) {
  const { box, axes } = p;
  const whole = letter === "x" ? [box.left, box.right] : [box.bottom, box.top];
  if (ref === "paper") return whole[0] + value * (whole[1] - whole[0]);
  const axis = axes[axisKey(ref?.replace(" domain", ""), letter)];
  return ref?.endsWith(" domain") ? axis.from + value * (axis.to - axis.from) : axis.at(value);
}

function paintShape(p, { type, xref, yref, x0, x1, y0, y1, line: style = {}, fillcolor, opacity = 1 }) {
  const { c } = p;
  const [left, right] = [x0, x1].map((x) => placeOf(p, xref, "x", x));
  const [top, bottom] = [y0, y1].map((y) => placeOf(p, yref, "y", y));
  c.save();
  c.globalAlpha = opacity;
  c.beginPath();
  if (type === "circle") c.ellipse((left + right) / 2, (top + bottom) / 2, Math.abs(right - left) / 2, Math.abs(bottom - top) / 2, 0, 0, 7);
  else if (type === "rect") c.rect(left, top, right - left, bottom - top);
  else {
    c.moveTo(left, top);
    c.lineTo(right, bottom);
  }
  if (fillcolor) {
    c.fillStyle = fillcolor;
    c.fill();
  }
  if (style.width !== 0) {
    [c.strokeStyle, c.lineWidth] = [style.color ?? p.text, style.width ?? 2];
    c.setLineDash(DASHES[style.dash] ?? []);
    c.stroke();
  }
  c.restore();
}

function paintNote(p, note) {
  const { text, xref, yref, x, y, xanchor = "center", yanchor = "middle", xshift = 0, yshift = 0, font = {}, bgcolor } = note;
  const [left, top] = [notePlace(p, xref, "x", x) + xshift, notePlace(p, yref, "y", y) - yshift];
  if (note.showarrow) return paintArrow(p, left, top, note);
  const style = { size: font.size ?? TICK, weight: font.weight, color: font.color ?? p.text, family: p.family };
  if (note.textangle) return slanted(p, text, left, top, note.textangle, style, xanchor);
  writeRich(p.c, text, left, top, style, { across: xanchor, down: yanchor, ground: bgcolor });
}

// On an axis of powers Plotly places notes, unlike shapes, by the exponent.
function notePlace(p, ref, letter, value) {
  const axis = p.axes[axisKey(ref?.replace(" domain", ""), letter)];
  const exponent = axis?.log && ref !== "paper" && !ref?.endsWith(" domain");
  return placeOf(p, ref, letter, exponent ? 10 ** value : value);
}

// An arrow to a place, from `ax` and `ay` pixels beside it.
function paintArrow({ c }, x, y, { ax, ay, arrowcolor, arrowwidth }) {
  const length = Math.hypot(ax, ay) || 1;
  const [right, down] = [-ax / length, -ay / length];
  const head = Math.min(length, 3.2 * arrowwidth + 2);
  line(c, x + ax, y + ay, x - 0.6 * head * right, y - 0.6 * head * down, arrowcolor, arrowwidth);
  c.beginPath();
  c.moveTo(x, y);
  for (const side of [-0.55, 0.55]) c.lineTo(x - head * (right + side * down), y - head * (down - side * right));
  c.fillStyle = arrowcolor;
  c.fill();
}

// What lines and areas mean, between title and plot, or beside it.
function paintLegend(p) {
  const { layout: { showlegend, legend = {} }, box, c, family, text } = p;
  if (!showlegend) return;
  const groups = new Set();
  const named = p.data.filter(({ name, showlegend: shown, legendgroup }) => {
    const known = legendgroup && groups.has(legendgroup);
    groups.add(legendgroup);
    return name && shown !== false && !known;
  });
  const beside = legend.x > 1;
  if (beside && legend.traceorder === "reversed") named.reverse();
  const font = { size: TICK, color: text, family };
  const widths = named.map(({ name }) => sizeOf(c, name, font).width);
  // Many names stand closer, and begin left of the plot.
  const wide = widths.reduce((sum, width) => sum + 28 + width, 0);
  const gap = clamp((box.width - box.left - wide) / named.length, 8, 18);
  const start = clamp(box.width - wide - gap * (named.length - 1), 0, box.left);
  let [x, y] = beside ? [box.right + 10, box.top + 8] : [start, box.top - 14];
  for (const [k, series] of named.entries()) {
    const width = widths[k];
    if (!beside && x + 28 + width > box.width + 1 && x > start) return;
    paintSample(p, series, x, y);
    writeRich(c, series.name, x + 28, y, font);
    if (beside) y += 19;
    else x += 28 + width + gap;
  }
}

function paintSample({ c, text }, { mode = "lines", line: style = {}, marker = {}, fill, fillcolor, stackgroup, type }, x, y) {
  const plainMarker = typeof marker.color === "string" ? marker.color : undefined;
  const color = style.color ?? plainMarker ?? text;
  if (fillcolor && (fill || stackgroup) || type === "bar") {
    c.fillStyle = fillcolor ?? color;
    c.fillRect(x, y - 6, 22, 12);
  } else if (mode.includes("lines")) line(c, x, y, x + 22, y, color, style.width ?? 2, style.dash);
  if (mode.includes("markers") && type !== "bar")
    paintSymbol(c, each(marker.symbol, 0, "circle"), x + 11, y, 4, plainMarker ?? color, each(marker.line?.color, 0), each(marker.line?.width, 0, 0));
}
