// The frame of a chart: grid, ticks, title, legend and colour scales.
import { clamp } from "./canvas.js";
import { axisKey } from "./chart_axes.js";
import { plainTitle } from "./chart_layout.js";
import { each, line, paintSymbol, softer, TICK } from "./chart_strokes.js";
import { endText } from "./color_scale.js";
import { sizeOf, writeRich } from "./rich_text.js";

// The largest radius of a symbol in the legend.
const LARGEST = 6;

// The axis across the ticks of `axis`: Plotly's `anchor`.
function acrossOf(p, { letter, options }) {
  const other = letter === "x" ? "y" : "x";
  const { from, to } = p.axes[axisKey(options.anchor ?? other, other)] ?? p.axes[`${other}axis`];
  return [Math.min(from, to), Math.max(from, to)];
}

export function paintGrid(p, axis) {
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

export function paintTicks(p, axis) {
  const { options, letter, ticks } = axis;
  if (options.visible === false) return;
  const [near, far] = acrossOf(p, axis);
  const { size = TICK, color = options.tickfont?.color ?? p.text, family = p.family } = options.tickfont ?? {};
  const font = { size, color: softer(p, color), family };
  const text = plainTitle(options.title);
  let last = Infinity;
  // Long names left of a vertical axis are smaller.
  let widest = letter === "y" ? Math.max(0, ...ticks.map(({ text: label }) => sizeOf(p.c, label, font).width)) : 0;
  const fits = Math.min(1, Math.max(0.8, (near - 9) / widest));
  if (letter === "y" && fits < 1) [font.size, widest] = [font.size * fits, widest * fits];
  if (options.showticklabels !== false) for (const { pixel, text: label } of ticks) {
    // Labels that would touch are left out; a raised exponent needs room.
    const room = label.includes("<sup>") ? size + 3 : size - 1;
    if (letter === "y" && Math.abs(pixel - last) < room) continue;
    last = pixel;
    if (letter === "y") writeRich(p.c, label, near - 8, pixel, font, { across: "right" });
    else if (options.side === "top") slanted(p, label, pixel, near - 7, options.tickangle ?? 0, font, "left");
    else if (options.tickangle) slanted(p, label, pixel, far + 8, options.tickangle, font);
    else writeRich(p.c, label, pixel, far + 5, font, { across: "center", down: "top" });
  }
  if (p.edges && letter === "x" && p.layout.meta?.x === "epoch") writeRich(p.c, p.layout.meta.unit, 0, far + 5, font, { down: "top" });
  if (!text) return;
  if (letter === "x") {
    const below = far + (options.showticklabels === false ? 6 : options.tickangle && options.side !== "top" ? 50 : 22);
    writeRich(p.c, text, (Math.min(axis.from, axis.to) + Math.max(axis.from, axis.to)) / 2, below, font, { across: "center", down: "top" });
  } else if (!p.edges || near - 8 - widest > 18) upright(p, text, (axis.from + axis.to) / 2, font);
}

export function slanted({ c }, label, x, y, angle, font, across = angle < 0 ? "right" : "left") {
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

export function paintTitle({ c, layout, family, text, box, edges }) {
  const title = plainTitle(layout.title);
  if (!title) return;
  c.save();
  // On a sheet the buttons stand beside it.
  if (edges && !edges.alone) {
    c.beginPath();
    c.rect(0, 0, box.width - 56, 30);
    c.clip();
  }
  writeRich(c, title, 0, 14, { size: 15, weight: 600, color: text, family });
  c.restore();
}

// What lines and areas mean, between title and plot, or beside it.
export function paintLegend(p) {
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
  // Many names stand closer, and begin left of the plot; of too many each is smaller.
  const length = () => widths.reduce((sum, width) => sum + 28 + width, 0);
  if (!beside && length() + 8 * (named.length - 1) > box.width) {
    font.size = 12;
    named.forEach(({ name }, k) => (widths[k] = sizeOf(c, name, font).width));
  }
  const wide = length();
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
  const sizes = [marker.size ?? 6].flat();
  if (mode.includes("markers") && type !== "bar")
    paintSymbol(c, each(marker.symbol, 0, "circle"), x + 11, y, Math.min(Math.max(4, ...sizes) / 2, LARGEST), plainMarker ?? color, each(marker.line?.color, 0), each(marker.line?.width, 0, 0));
}

// A colour bar at the right of the plot, headed by its symbol.
export function paintScale(p, { colorbar, colorscale, zmin, zmax, cmin = zmin, cmax = zmax }) {
  const { c, box, family, text } = p;
  const [x, top, bottom] = [box.right + 12, box.top + 18, box.bottom - 2];
  const shade = c.createLinearGradient(0, bottom, 0, top);
  for (const [at, color] of colorscale) shade.addColorStop(at, color);
  c.fillStyle = shade;
  c.fillRect(x, top, 10, bottom - top);
  const font = { size: 12, color: softer(p, text), family };
  const [low, high] = colorbar.ticktext ?? [cmin, cmax].map(endText);
  writeRich(c, colorbar.title.text, x, box.top + 4, font);
  writeRich(c, high, x + 14, top + 6, font);
  writeRich(c, low, x + 14, bottom - 6, font);
}

// Beside a plot whose title leaves no room, between both of its ends. Where there is none either, a scale with two
// signs is a number beside the title.
function paintScaleBeside({ c, box }, colorscale, [low, high], font, title) {
  if (box.width - box.right < 26) {
    const [text, right] = [`±${high}`, box.width - 60];
    const fits = right - sizeOf(c, text, font).width >= title + 6;
    if (low === `−${high}` && fits) writeRich(c, text, right, 14, font, { across: "right" });
    return;
  }
  const [x, top, bottom] = [box.right + 5, box.top + 17, box.bottom - 17];
  const shade = c.createLinearGradient(0, bottom, 0, top);
  for (const [at, color] of colorscale) shade.addColorStop(at, color);
  c.fillStyle = shade;
  c.fillRect(x, top, 9, bottom - top);
  const within = (text) => Math.min(x, box.width - sizeOf(c, text, font).width - 1);
  writeRich(c, high, within(high), top - 9, font);
  writeRich(c, low, within(low), bottom + 9, font);
}

// On a sheet it lies beside the title.
export function paintScaleAbove(p, { colorbar, colorscale, zmin, zmax, cmin = zmin, cmax = zmax }) {
  const { c, family, text, box, layout } = p;
  const font = { size: 12, color: softer(p, text), family };
  const [low, high] = colorbar.ticktext ?? [cmin, cmax].map(endText);
  const title = sizeOf(c, plainTitle(layout.title), { size: 15, weight: 600, family }).width;
  const [end, wide] = [sizeOf(c, high, font).width, 46];
  const right = Math.min(box.width - 62, Math.max(box.right, title + 150));
  // Two networks' maps have theirs at the same place, however long their names are.
  if (layout.meta?.beside || right - end - wide - 12 - sizeOf(c, low, font).width < title + 8) return paintScaleBeside(p, colorscale, [low, high], font, title);
  const x = right - end - wide - 5;
  const shade = c.createLinearGradient(x, 0, x + wide, 0);
  for (const [at, color] of colorscale) shade.addColorStop(at, color);
  c.fillStyle = shade;
  c.fillRect(x, 9, wide, 9);
  writeRich(c, low, x - 5, 14, font, { across: "right" });
  writeRich(c, high, right, 14, font, { across: "right" });
}
