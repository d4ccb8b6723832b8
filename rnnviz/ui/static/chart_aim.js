// What of a chart is at a place: the nearest cell, bar or point, and what is told of it.
import { number } from "./canvas.js";
import { edgesOf } from "./chart_axes.js";
import { axesFor, pointsOf } from "./chart_layout.js";
import { each } from "./chart_strokes.js";
import { plainText } from "./numbers.js";

// The pointer is at a point if it is so near, in pixels.
const NEAR = 30;
// Where an arrow key leads: right, and down.
const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
export const isArrow = (key) => key in WAYS;
// What is aside of the way is as much farther.
const ASIDE = 4;

const pointedAt = (chart) => chart.data.filter(
  ({ hoverinfo, visible }) => !["skip", "none"].includes(hoverinfo) && visible !== false);

// The cell or point of a series that is nearest to the pointer, and what is told of it.
export function nearest(chart, px, py) {
  let best = null;
  for (const series of pointedAt(chart)) {
    const found = series.type === "heatmap" ? cellAt(chart, series, px, py)
      : series.type === "bar" ? barAt(chart, series, px, py) : pointAt(chart, series, px, py);
    if (found && (!best || found.distance < best.distance)) best = found;
  }
  return best && { ...best, lines: isGap(best) ? [] : lines(best) };
}

// A cell that isn't painted has no number to tell.
const isGap = ({ series, z }) => series.type === "heatmap" && !Number.isFinite(z);

function cellAt(chart, series, px, py) {
  const [xs, ys] = axesFor(chart, series);
  const index = (edges, axis, pixel) => edges.findIndex((edge, k) => {
    const [a, b] = [axis.at(edge), axis.at(edges[k + 1])];
    return k + 1 < edges.length && pixel >= Math.min(a, b) && pixel < Math.max(a, b);
  });
  const column = index(edgesOf(series.x, series.z[0]?.length ?? 0), xs, px);
  const row = index(edgesOf(series.y, series.z.length), ys, py);
  if (row < 0 || column < 0) return null;
  const [x, y] = [series.x?.[column] ?? column, series.y?.[row] ?? row];
  const z = series.z[row][column];
  // Of cells that lie over each other the one that is painted.
  return { distance: Number.isFinite(z) ? NEAR : NEAR + 1, series, x, y, z,
    data: series.customdata?.[row]?.[column], text: series.text?.[row]?.[column] };
}

function barAt(chart, series, px, py) {
  const [xs, ys] = axesFor(chart, series);
  const flat = series.orientation === "h";
  const [axis, pixel, places, values] = flat ? [ys, py, series.y, series.x] : [xs, px, series.x, series.y];
  const at = Array.from(values, (_, k) => axis.at(places ? places[k] : k));
  const distances = at.map((middle) => Math.abs(middle - pixel));
  const k = distances.indexOf(Math.min(...distances));
  if (k < 0 || distances[k] > Math.abs(axis.at(0.5) - axis.at(0))) return null;
  return { distance: NEAR, series, ...told(series, k) };
}

function pointAt(chart, series, px, py) {
  let [least, index] = [NEAR, -1];
  pointsOf(chart, series).forEach(([x, y], k) => {
    const distance = Math.hypot(x - px, y - py);
    if (distance < least) [least, index] = [distance, k];
  });
  return index < 0 ? null : { distance: least, series, ...told(series, index) };
}

const told = (series, k) => ({
  index: k,
  x: series.x?.[k] ?? k, y: series.y?.[k] ?? k, data: series.customdata?.[k],
  text: Array.isArray(series.text) ? series.text[k] : series.text,
});

// What the series' template says of a point.
function lines({ series, x, y, z, data, text }) {
  const usual = `${series.name ? `${series.name}: ` : ""}%{y}`;
  const { meta, name } = series;
  const values = { x, y, z, text, meta, customdata: data, fullData: { name } };
  const [main, extra = ""] = (series.hovertemplate ?? usual).split(/<extra>|<\/extra>/);
  const filled = [extra, main].map((part) => part.replace(/%\{([^}:]+)(?::[^}]*)?\}/g, (_, path) => valueAt(values, path)));
  return filled.filter(Boolean).join("<br>").split("<br>").map(plainText);
}

function valueAt(values, path) {
  const value = path.split(/[.[\]]+/).filter(Boolean).reduce((found, name) => found?.[name], values);
  return typeof value === "number" ? number(value, 6) : value ?? "";
}

// All places that can be pointed at: points, the middles of cells, the feet of bars.
export function targetsOf(chart) {
  return pointedAt(chart).flatMap((series) => MIDDLES[series.type]?.(chart, series) ?? pointsOf(chart, series))
    .filter((place) => place.every(Number.isFinite) && within(chart.box, place));
}

const within = ({ left, right, top, bottom }, [x, y]) => x >= left && x <= right && y >= top && y <= bottom;

// Of a bar it is the foot.
const MIDDLES = {
  heatmap(chart, series) {
    const middles = (edges, axis) => edges.slice(1).map((edge, k) => (axis.at(edges[k]) + axis.at(edge)) / 2);
    const [xs, ys] = axesFor(chart, series);
    const across = middles(edgesOf(series.x, series.z[0]?.length ?? 0), xs);
    return middles(edgesOf(series.y, series.z.length), ys).flatMap((y) => across.map((x) => [x, y]));
  },
  bar(chart, series) {
    const [xs, ys] = axesFor(chart, series), { x, y, base } = series;
    return Array.from(x ?? y, (_, k) => (series.orientation === "h"
      ? [xs.at(each(base, k, 0)), ys.at(y?.[k] ?? k)] : [xs.at(x?.[k] ?? k), ys.at(each(base, k, 0))]));
  },
};

// The next of the targets on the way of an arrow key, if there is one; the first one without a place.
export function onwards(targets, from, key) {
  const way = WAYS[key];
  if (!from) return targets[0];
  let [least, next] = [Infinity, null];
  for (const target of targets) {
    const [dx, dy] = [target[0] - from[0], target[1] - from[1]];
    const [along, aside] = [dx * way[0] + dy * way[1], Math.abs(dx * way[1] + dy * way[0])];
    if (along > 0.5 && along + ASIDE * aside < least) [least, next] = [along + ASIDE * aside, target];
  }
  return next;
}
