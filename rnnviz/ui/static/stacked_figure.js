// Plots one above the other over one axis of epochs, as a figure of Plotly: what the curves of a run and of two share.
import { faint } from "./canvas.js";
import { TONES } from "./curves_paint.js";
import { axisOf, frameOf } from "./plotly_figure.js";

// In shares of the height: between two plots, below all of them, and a row of chapters there.
const [GAP, FOOT, ROW] = [0.07, 0.05, 0.015];
const LEGEND = { orientation: "h", x: 1, xanchor: "right", y: 1, yanchor: "bottom" };
const PAPER = { xref: "paper", yref: "paper", showarrow: false };

// Text that is shown as typed.
export const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
export const capital = (text) => text[0].toUpperCase() + text.slice(1);

// Each of the `plots` has its title, its share of the height, its vertical axis and its series.
export function stackedFigure({ meta, height, yaxis2, ...layout }, plots, { last, shapes, notes = [] }) {
  const free = 1 - FOOT - GAP * (plots.length - 1), whole = plots.reduce((sum, { share }) => sum + share, 0);
  const [data, axes, titles] = [[], {}, []], { color } = layout.font;
  let top = 1;
  plots.forEach(({ title, share, axis, series }, k) => {
    const bottom = top - (free * share) / whole, number = k ? k + 1 : "";
    axes[`yaxis${number}`] = axisOf({ gridcolor: meta.theme.grid, zeroline: false, nticks: 4, ...axis, domain: [bottom, top] }, color);
    titles.push({ ...PAPER, text: title, x: 0, y: top, xanchor: "left", yanchor: "bottom", font: { size: 15, weight: 600 } });
    data.push(...series.map((one) => ({ ...one, yaxis: `y${number}` })));
    top = bottom - GAP;
  });
  const epochs = { ...layout.xaxis, range: [0, last], zeroline: false, showgrid: false, anchor: "free", position: 0 };
  axes.xaxis = { ...axisOf(epochs, color), unifiedhovertitle: { text: `${meta.unit} %{x}` } };
  return { data, layout: { ...layout, ...axes, ...frameOf({ ...layout, legend: LEGEND }, data), shapes, annotations: [...titles, ...notes],
    hovermode: "x unified", hoversubplots: "axis", hoverdistance: -1 } };
}

export const curve = (series, name, line, value) =>
  ({ type: "scatter", mode: "lines", x: series.x, y: series.y, name, line, hovertemplate: `${value}<extra>${name}</extra>` });

// The rows of a map, a token each, from the top; their names are those of the figure's second axis.
export function mapPlot({ x, z }, { meta: { theme }, yaxis2: rows }, noun, [zmin, zmax]) {
  const colorscale = [[0, theme.neutral], [1, theme.magnitude]];
  const cells = { type: "heatmap", x, z, zmin, zmax, colorscale, showscale: false, ygap: 1,
    hovertemplate: `${noun} %{y}: 10^%{z:.2f}<extra></extra>` };
  return { series: [cells], axis: { ...rows, range: [z.length - 0.5, -0.5], showgrid: false } };
}

// A line through all plots.
export const upright = (x, color, dash, width = 1.5) =>
  ({ type: "line", x0: x, x1: x, yref: "paper", y0: FOOT, y1: 1, line: { color, width, dash } });

export const level = (y, yref, color) =>
  ({ type: "line", xref: "paper", x0: 0, x1: 1, yref, y0: y, y1: y, line: { color, width: 1.2, dash: "dot" } });

// What is later than the epoch shown is faint.
export const veil = (x, last, { background }) =>
  ({ type: "rect", x0: x, x1: last, yref: "paper", y0: 0, y1: 1, line: { width: 0 }, fillcolor: background, opacity: 0.72 });

// The chapters of a run, in a row below all plots.
export function chapterRow(chapters, { forward }, row = 0) {
  const y1 = ROW * (2.5 - 1.3 * row), place = { type: "rect", yref: "paper", y0: y1 - ROW, y1, line: { width: 0 } };
  return chapters.map(([name, x0, x1]) => ({ ...place, x0, x1, fillcolor: faint(forward, TONES[name]) }));
}
