// The figure of a chart for Plotly. The options are Plotly's already; added is what the canvas does by itself.
import { faint } from "./canvas.js";
import { beside } from "./chart_marks.js";
import { chartLayout, pointsOf } from "./chart_layout.js";
import { TICK, each } from "./chart_strokes.js";
import { placesApart } from "./labels.js";

// So many names have room above the plot; more stand beside it.
const MOST_ABOVE = 8;
const ABOVE = { orientation: "h", x: 0, xanchor: "left", y: 1, yanchor: "bottom" };
const BESIDE = { x: 1.02, y: 1 };
// The values of more series at one place hide the plot.
const MOST_COMPARED = 8;
// What is usual on the canvas, by the type of a series.
const USUAL = {
  scatter: { mode: "lines" }, bar: { textangle: 0, constraintext: "none" },
  heatmap: { hoverongaps: false, zhoverformat: ".6~g" },
};

export function chartFigure(figure) {
  const { data, layout: { meta = {}, height, ...whole } } = figure;
  // A few words in place of a chart are no figure.
  if (meta.sentence || meta.bare) return null;
  const [series, layout] = [data.map(seriesOf), withRoom(whole)];
  data.forEach((one, k) => one.meta?.apart && Object.assign(series[k], namesApart(figure, one)));
  const keys = Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key));
  const axes = Object.fromEntries(keys.map((key) => [key, axisOf(layout[key], layout.font.color)]));
  const compared = isCompared(series);
  if (compared && meta.unit) tellTogether(series, axes.xaxis, meta.unit);
  const hover = compared ? { hovermode: "x unified", hoverdistance: -1 } : { hovermode: "closest" };
  return { data: series, layout: { ...layout, ...axes, ...frameOf(layout, series), ...hover } };
}

// What stands beside the plot has its place there at every width.
function withRoom(layout) {
  const { shapes = [], annotations = [] } = layout, most = Math.max(...shapes.filter(beside).map(({ x1 }) => x1));
  if (!Number.isFinite(most)) return layout;
  const nearer = (mark) => {
    const places = ["x", "x0", "x1"].filter((key) => mark.xref === "paper" && key in mark);
    return { ...mark, ...Object.fromEntries(places.map((key) => [key, mark[key] / most])) };
  };
  const xaxis = { ...layout.xaxis, domain: [0, 1 / most] };
  return { ...layout, xaxis, shapes: shapes.map(nearer), annotations: annotations.map(nearer) };
}

// What all figures have. An update keeps what was zoomed and switched off.
export function frameOf({ title, font, legend, margin, plot_bgcolor: background }, series) {
  const names = series.filter(({ name, showlegend }) => name && showlegend !== false).length;
  const grouped = series.some(({ legendgroup }) => legendgroup), soft = faint(font.color, 0.6);
  return {
    autosize: true, uirevision: true, dragmode: "zoom", barmode: "overlay", colorway: [font.color],
    title: { ...title, font: { size: 15, weight: 600 } },
    showlegend: names > 1,
    legend: { traceorder: grouped ? "grouped" : "normal", ...(legend ?? (names > MOST_ABOVE ? BESIDE : ABOVE)),
      font: { size: TICK }, groupclick: "toggleitem" },
    margin: { ...margin, t: Math.max(margin.t, names > 1 ? 76 : 60) },
    hoverlabel: { bgcolor: background, bordercolor: soft, align: "left", namelength: -1, font: { ...font, size: TICK } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: soft, activecolor: font.color },
  };
}

// A name of two lines is that of a group, and of one of it.
function seriesOf({ meta, hoverlabel, ...series }) {
  const parts = nameOf(series).split("<br>"), name = parts.at(-1);
  const group = parts.length > 1 ? { legendgroup: parts[0], legendgrouptitle: { text: parts[0] } } : {};
  const told = series.hovertemplate?.includes("%{meta") ? { meta } : {};
  const marker = series.type === "scatter" && series.marker ? { marker: markerOf(series.marker) } : {};
  const own = meta?.gap ? apart(series, meta.gap) : series;
  return { showlegend: Boolean(name), ...USUAL[series.type], ...own, ...marker, ...told, ...group, name };
}

// Names that would cover each other are left out, as on a canvas of this size.
function namesApart(figure, series) {
  const { text, textfont } = series, { family } = figure.layout.font;
  const chart = { ...chartLayout(1240, 640, figure), c: document.createElement("canvas").getContext("2d") };
  const font = (k) => ({ size: each(textfont.size, k, TICK), weight: textfont.weight, family });
  const places = placesApart(chart, pointsOf(chart, series), (k) => text[k], font);
  const shown = { text: text.map(() => ""), textposition: text.map(() => "top right") };
  for (const { k, across, down } of places) {
    // Beside a point, not on it.
    shown.text[k] = `\u00a0${text[k]}\u00a0`;
    shown.textposition[k] = `${["top", "middle", "bottom"][Math.sign(down) + 1]} ${["left", "center", "right"][across + 1]}`;
  }
  return shown;
}

// Plotly makes points of different sizes pale, and puts a line around them.
function markerOf({ line, ...marker }) {
  const width = String(marker.symbol).includes("-open") ? 1.6 : 0;
  return { opacity: 1, ...marker, line: { width, ...line } };
}

// Between two columns of cells is a column of nothing, so that the gap is the same share at every zoom.
function apart({ z, customdata, text, xgap, ...series }, gap) {
  const x = Array.from({ length: 2 * z[0].length }, (_, k) => Math.floor(k / 2) + (k % 2 ? 0.5 : -0.5) * (1 - gap));
  const spread = (rows) => rows?.map((row) => Array.from(row).flatMap((value, k) => (k ? [null, value] : [value])));
  const more = Object.entries({ customdata, text }).filter(([, rows]) => rows);
  return { ...series, x, z: spread(z), ...Object.fromEntries(more.map(([name, rows]) => [name, spread(rows)])) };
}

const isTold = ({ hoverinfo, visible }) => !["skip", "none"].includes(hoverinfo) && visible !== false;

// A series without a name has that at the beginning of its hover text.
function nameOf({ name, hovertemplate = "", ...series }) {
  if (name || !isTold(series)) return name ?? "";
  const [text] = hovertemplate.split("<extra>"), [before, ...rest] = text.split("%{");
  return rest.length ? before.match(/(.*)[,:]/)?.[1] ?? "" : before;
}

// Whether curves and bars over one axis are told together, at one place of it.
function isCompared(series) {
  const told = series.filter(isTold);
  const isWhole = (x) => Array.from(x ?? []).every(Number.isInteger);
  const isOver = ({ type, x, mode, orientation, xaxis = "x" }) =>
    xaxis === "x" && (type === "scatter" ? mode.includes("lines") : type === "bar" && orientation !== "h" && isWhole(x));
  return told.length <= MOST_COMPARED && told.every(isOver);
}

// Told together, the epoch stands above.
function tellTogether(series, axis, unit) {
  axis.unifiedhovertitle = { text: `${unit} %{x}` };
  for (const one of series)
    for (const place of [`, ${unit} %{x}`, `${unit} %{x}: `, `${unit} %{x}, `])
      one.hovertemplate = one.hovertemplate?.replace(place, "");
}

// Ticks that are numbers are made anew when the plot is zoomed.
export function axisOf({ tickvals, ticktext, tickformat, ...axis }, color) {
  const font = { size: TICK, color: faint(color, 0.75) };
  // Plotly writes powers larger than all else.
  const tick = axis.type === "log" ? { ...font, size: TICK - 2 } : font;
  const percent = tickformat?.endsWith("%") || ticktext?.some((text) => text.endsWith("%"));
  const areNumbers = axis.type === "log" || !ticktext || ticktext.every((text, k) => numberOf(text) === Number(tickvals[k]));
  const numbers = percent ? { tickformat: "~%" } : tickformat ? { tickformat } : {};
  return {
    showline: false, ticks: "", ...axis, automargin: true, ...(areNumbers ? numbers : { tickvals, ticktext }),
    title: { ...axis.title, font }, tickfont: { ...tick, ...axis.tickfont },
  };
}

const numberOf = (text) => (text.endsWith("%") ? parseFloat(text) / 100 : Number(text.replace("−", "-")));
