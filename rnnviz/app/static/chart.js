// A chart, drawn on a canvas from one of the pictures of figures/. Its options are Plotly's, so a notebook
// shows the same picture.
import { CanvasPicture } from "./canvas_picture.js";
import { faint } from "./canvas.js";
import { edgesOf } from "./chart_axes.js";
import { axesFor, chartLayout, paintChart, paintSentence, pointsOf } from "./chart_paint.js";
import { plainText } from "./numbers.js";

// The pointer is at a point if it is so near, in pixels.
const NEAR = 30;

export class Chart extends CanvasPicture {
  constructor(key, parts, listeners) {
    super(key, parts, listeners);
    this.canvas.addEventListener("click", () => this.press());
  }

  show(figure) {
    this.figure = figure;
    this.repaint();
    this.canvas.setAttribute("aria-label", plainText(figure.layout.title?.text));
  }

  paint(context, width, height) {
    this.chart = chartLayout(width, height, this.figure, this.edges);
    if (this.meaning.sentence) return paintSentence(context, this.chart);
    this.aim = this.pointer && this.inPlot ? nearest(this.chart, ...this.pointer) : null;
    this.canvas.style.cursor = this.aim && this.clickable ? "pointer" : "";
    paintChart(context, this.chart);
    this.paintMarks(context);
  }

  get inPlot() {
    const [[x, y], { left, right, top, bottom }] = [this.pointer, this.chart.box];
    return x >= left - 4 && x <= right + 4 && y >= top - 4 && y <= bottom + 4;
  }

  // What the places on an axis are: tokens, epochs or units.
  get meaning() {
    return this.figure.layout.meta ?? {};
  }

  get clickable() {
    return this.clicks || ["token", "unit"].includes(this.meaning.x) || this.meaning.y === "unit";
  }

  // The place that is pointed at on an axis that counts something.
  pointed(kind) {
    if (!this.pointer || !this.chart || !this.inPlot) return undefined;
    for (const [k, letter] of ["x", "y"].entries()) {
      const axis = this.chart.axes[`${letter}axis`];
      if (this.meaning[letter] === kind) return Math.round(axis.value(this.pointer[k])) - this.offset(letter);
    }
    return undefined;
  }

  // Rows may be counted from 1.
  offset(letter) {
    return letter === "y" ? this.meaning.first ?? 0 : 0;
  }

  get token() {
    return this.pointed("token") ?? this.pointedOfTokens;
  }

  // The points of a series may be those of the tokens, from `meta.token` on.
  get ofTokens() {
    return this.figure?.data.find(({ meta }) => meta?.token !== undefined);
  }

  get pointedOfTokens() {
    if (!this.ofTokens || !this.pointer || !this.chart || !this.inPlot) return undefined;
    const found = nearest(this.chart, ...this.pointer);
    return found?.series === this.ofTokens ? this.ofTokens.meta.token + found.index : undefined;
  }

  // What is pointed at, or was clicked, is marked in every picture.
  paintMarks(c) {
    const { axes: { xaxis, yaxis }, box } = this.chart;
    const { marked, unit } = this.stage;
    const text = this.figure.layout.font.color;
    this.paintTokens(c, marked);
    this.paintWay(c);
    const band = (axis, place, across) => {
      const at = place + this.offset(axis.letter);
      const [from, to] = [at - 0.5, at + 0.5].map(axis.at).sort((a, b) => a - b);
      if (!(at >= Math.min(axis.low, axis.high) && at <= Math.max(axis.low, axis.high))) return;
      c.fillStyle = faint(text, 0.1);
      if (across) c.fillRect(from, box.top, to - from, box.bottom - box.top);
      else {
        [c.strokeStyle, c.lineWidth] = [text, 1.4];
        c.strokeRect(box.left - 1, from, box.right - box.left + 2, to - from);
      }
    };
    for (const [letter, axis] of [["x", xaxis], ["y", yaxis]]) {
      if (this.meaning[letter] === "token" && marked !== undefined) band(axis, marked, letter === "x");
      const row = this.meaning.units ? this.meaning.units.indexOf(unit) : unit;
      if (this.meaning[letter] === "unit" && unit !== undefined && row >= 0) band(axis, row, letter === "x");
    }
  }

  paintTokens(c, marked) {
    const [x, y] = this.ofTokens && marked !== undefined ? pointsOf(this.chart, this.ofTokens)[marked - this.ofTokens.meta.token] ?? [] : [];
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    c.beginPath();
    c.arc(x, y, 11, 0, 7);
    [c.strokeStyle, c.lineWidth] = [this.figure.layout.font.color, 2];
    c.stroke();
  }

  // Of many lines in one series, `meta.ways`, the one whose point is pointed at, by what both have as customdata.
  paintWay(c) {
    const ways = this.figure.data.find(({ meta }) => meta?.ways);
    if (!ways || !Number.isInteger(this.aim?.data)) return;
    const own = pointsOf(this.chart, ways).filter((_, k) => ways.customdata[k] === this.aim.data);
    c.beginPath();
    for (const [x, y] of own) if (Number.isFinite(x) && Number.isFinite(y)) c.lineTo(x, y);
    [c.strokeStyle, c.lineWidth, c.lineJoin] = [this.figure.layout.font.color, 2, "round"];
    c.stroke();
  }

  press() {
    if (!this.pointer || !this.inPlot) return;
    const { x, y } = this.aim ?? {};
    if (this.clicks) {
      if (this.meaning.x === "epoch") this.onClick(this.key, { x: this.chart.axes.xaxis.value(this.pointer[0]), y: null, data: null });
      else if (this.aim) this.onClick(this.key, { x, y, data: this.aim.data ?? null });
      return;
    }
    if (this.token !== undefined) this.stage.keep("token", this.token);
    const unit = this.pointed("unit");
    if (unit !== undefined) this.stage.keep("unit", this.meaning.units?.[unit] ?? unit);
  }

  told() {
    return this.aim ? this.aim.lines : [];
  }
}

// The cell or point of a series that is nearest to the pointer, and what is told of it.
function nearest(chart, px, py) {
  let best = null;
  for (const series of chart.data) {
    if (series.hoverinfo === "skip" || series.visible === false) continue;
    const found = series.type === "heatmap" ? cellAt(chart, series, px, py)
      : series.type === "bar" ? barAt(chart, series, px, py) : pointAt(chart, series, px, py);
    if (found && (!best || found.distance < best.distance)) best = found;
  }
  return best && { ...best, lines: lines(best) };
}

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
  return { distance: NEAR, series, x, y, z: series.z[row][column],
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
  const values = { x, y, z, text, customdata: data, fullData: { name: series.name } };
  const [main, extra = ""] = (series.hovertemplate ?? usual).split(/<extra>|<\/extra>/);
  const filled = [extra, main].map((part) => part.replace(/%\{([^}:]+)(?::[^}]*)?\}/g, (_, path) => valueAt(values, path)));
  return filled.filter(Boolean).join("<br>").split("<br>").map(plainText);
}

function valueAt(values, path) {
  const value = path.split(/[.[\]]+/).filter(Boolean).reduce((found, name) => found?.[name], values);
  return typeof value === "number" ? String(Number(value.toPrecision(6))).replace("-", "−") : value ?? "";
}
