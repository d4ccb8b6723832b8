// Plots one above the other over one axis of epochs, as a figure of Plotly: what the curves of a run and of two share.
import { faint } from "./canvas.js";
import { TONES } from "./curves_paint.js";
import { axisOf, frameOf } from "./plotly_figure.js";

// In shares of the height: between two plots, below all of them, and a row of chapters there.
const [GAP, FOOT, ROW] = [0.07, 0.05, 0.015];
// So many names of rows have room.
const MOST_ROWS = 7;
const LEGEND = { orientation: "h", x: 1, xanchor: "right", y: 1, yanchor: "bottom" };
const HEADING = {
  xref: "paper", yref: "paper", x: 0, xanchor: "left", yanchor: "bottom", showarrow: false, font: { size: 15, weight: 600 },
};

// Text that is shown as typed.
export const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
export const capital = (text) => text[0].toUpperCase() + text.slice(1);

// Each of the `plots` has its title, as typed, its share of the height, its vertical axis and its series.
export function stackedFigure({ meta, height, yaxis2, ...layout }, plots, { last, shapes, notes = [] }) {
  const free = 1 - FOOT - GAP * (plots.length - 1), whole = plots.reduce((sum, { share }) => sum + share, 0);
  const [data, axes, titles] = [[], {}, []], { color } = layout.font;
  let top = 1;
  plots.forEach(({ title, share, axis, series }, k) => {
    const bottom = top - (free * share) / whole, number = k ? k + 1 : "";
    const usual = { gridcolor: meta.theme.grid, zeroline: false, nticks: 4 };
    axes[`yaxis${number}`] = axisOf({ ...usual, ...axis, domain: [bottom, top] }, color);
    titles.push({ ...HEADING, text: escaped(title), y: top });
    data.push(...series.map((one) => ({ ...one, yaxis: `y${number}` })));
    top = bottom - GAP;
  });
  const epochs = { ...layout.xaxis, range: [0, last], zeroline: false, showgrid: false, anchor: "free", position: 0 };
  axes.xaxis = { ...axisOf(epochs, color), unifiedhovertitle: { text: `${escaped(meta.unit)} %{x}` } };
  const frame = frameOf({ ...layout, legend: LEGEND }, data), annotations = [...titles, ...notes];
  const hover = { hovermode: "x unified", hoversubplots: "axis", hoverdistance: -1 };
  return { data, layout: { ...layout, ...axes, ...frame, shapes, annotations, ...hover } };
}

// A curve with its name, as typed, and a template of its values.
export function curve({ x, y }, typed, line, value) {
  const name = escaped(typed);
  return { type: "scatter", mode: "lines", x, y, name, line, hovertemplate: `${escaped(value)}<extra>${name}</extra>` };
}

// The rows of a map, a token each, from the top; their names are those of the figure's second axis.
export function mapPlot({ x, z }, { meta: { theme }, yaxis2: { tickvals, ticktext } }, noun, [zmin, zmax]) {
  const every = Math.ceil(z.length / MOST_ROWS), some = (values) => values.filter((_, k) => k % every === 0);
  const rows = { tickvals: some(tickvals), ticktext: some(ticktext), range: [z.length - 0.5, -0.5], showgrid: false };
  const colorscale = [[0, theme.neutral], [1, theme.magnitude]];
  const cells = { type: "heatmap", x, z, zmin, zmax, colorscale, showscale: false, ygap: 1,
    text: ticktext.map((word) => Array.from(x, () => word)),
    hovertemplate: `${escaped(noun)} %{text}: 10^%{z:.2f}<extra></extra>` };
  return { series: [cells], axis: rows };
}

// A line through all plots.
export const upright = (x, color, dash, width = 1.5) =>
  ({ type: "line", x0: x, x1: x, yref: "paper", y0: FOOT, y1: 1, line: { color, width, dash } });

export const level = (y, yref, color) =>
  ({ type: "line", xref: "paper", x0: 0, x1: 1, yref, y0: y, y1: y, line: { color, width: 1.2, dash: "dot" } });

// The name of a level in the uppermost plot, as typed.
export const levelName = (name, y, { muted }) =>
  ({ text: escaped(name), xref: "paper", x: 1, xanchor: "right", y, yanchor: "bottom", showarrow: false, font: { size: 12, color: muted } });

// What is later than the epoch shown is faint.
export const veil = (x, last, { background }) =>
  ({ type: "rect", x0: x, x1: last, yref: "paper", y0: 0, y1: 1, line: { width: 0 }, fillcolor: background, opacity: 0.72 });

// The chapters of a run, in a row below all plots.
export function chapterRow(chapters, { forward }, row = 0) {
  const y1 = ROW * (2.5 - 1.3 * row), place = { type: "rect", yref: "paper", y0: y1 - ROW, y1, line: { width: 0 } };
  return chapters.map(([name, x0, x1]) => ({ ...place, x0, x1, fillcolor: faint(forward, TONES[name]) }));
}
