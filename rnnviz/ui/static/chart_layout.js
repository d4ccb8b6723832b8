// Where a chart's plot, axes and points are. On a sheet the edges are those of its column.
import { axesOf, axisKey } from "./chart_axes.js";

// On a sheet, `edges` are those of the column; elsewhere the margins are the figure's own. A picture that is `alone` has
// the edges of its column, and no words above it.
export function chartLayout(width, height, { data, layout: full }, edges) {
  const layout = edges ? onSheet(full, edges) : full;
  const { l = 64, r = 16, t = 34, b = 42 } = edges ? marginOf(layout, sidesOf(layout, edges)) : layout.margin ?? {};
  const box = { left: l, right: Math.max(l + 20, width - r), top: t, bottom: Math.max(t + 20, height - b), width, height };
  if (edges && layout.meta?.x === "token") narrowTo(box, layout, edges.most);
  return { data, layout, box, axes: axesOf({ data, layout }, box), edges };
}

// The words stand on top of a sheet, and every axis of epochs is the same.
function onSheet(layout, { alone }) {
  const { xaxis = {}, meta = {} } = layout;
  if (meta.x === "token" && !meta.ticks && !alone) return { ...layout, xaxis: { ...xaxis, showticklabels: false } };
  return meta.x === "epoch" ? { ...layout, xaxis: { ...xaxis, title: "" } } : layout;
}

// A picture that stands on nothing else may be wider.
function sidesOf({ meta, margin }, edges) {
  if (meta?.bare) return { ...edges, left: 0, right: edges.u };
  if (meta?.wide) return { ...edges, left: Math.min(edges.left, 4 * edges.u), right: edges.u };
  // One that shares its axis with no other has room for its names.
  return meta?.x || !(margin?.l > 64) ? edges : { ...edges, left: Math.max(edges.left, margin.l) };
}

// As high as title, legend and ticks need. Ticks on top have the height of the words beside them.
function marginOf({ xaxis = {}, title, showlegend, legend = {}, meta }, { left, right, head = 44, alone }) {
  const top = xaxis.side === "top";
  const above = (plainTitle(title) ? 28 : 8) + (alone ? 6 : 0) + (showlegend && !(legend.x > 1) ? 22 : 0) + (top ? head : 0);
  const none = xaxis.showticklabels === false || xaxis.visible === false || top;
  const labels = none ? 6 : xaxis.tickangle ? 50 : 22;
  return { l: Math.max(left, meta?.left ?? 0), r: right, t: above, b: labels + (plainTitle(xaxis.title) ? 18 : 0) };
}

// A token is at most so wide.
function narrowTo(box, { xaxis: { range: [from, to] } }, most) {
  box.right = Math.min(box.right, box.left + Math.abs(to - from) * most);
}

export const plainTitle = (title) => (typeof title === "string" ? title : title?.text) ?? "";

export const drawn = ({ data }) => data.filter(({ visible }) => visible !== false);

export const axesFor = (p, series) => ["x", "y"].map((letter) => p.axes[axisKey(series[`${letter}axis`], letter)]);

// Where the points of a series are, in pixels.
export function pointsOf(p, series) {
  const [xs, ys] = axesFor(p, series);
  const { x, y } = series;
  const { length } = y ?? x ?? [];
  return Array.from({ length }, (_, k) => [xs.at(x ? x[k] ?? NaN : k), ys.at(y ? y[k] ?? NaN : k)]);
}
