// A chart, drawn on a canvas from one of the pictures of figures/. Its options are Plotly's, so a notebook
// shows the same picture.
import { CanvasPicture } from "./canvas_picture.js";
import { faint } from "./canvas.js";
import { isArrow, nearest, onwards, targetsOf } from "./chart_aim.js";
import { chartLayout, pointsOf } from "./chart_layout.js";
import { paintChart, paintSentence } from "./chart_paint.js";
import { plainText } from "./numbers.js";

// The axes that may count tokens, units or epochs, and their place in a point.
const AXES = new Map([["x", 0], ["y", 1]]);
// So many places of one sequence have a wide ring.
const MOST_RINGS = 9;

const isOfPhrases = ({ meta }) => meta?.phrases;

export class Chart extends CanvasPicture {
  constructor(key, parts, listeners) {
    super(key, parts, listeners);
    // A quick click comes before the picture of the pointer's move, a touch without any.
    this.canvas.addEventListener("click", (event) => this.press(this.placeOf(event)));
    // After a click the keys are the page's again.
    this.canvas.addEventListener("pointerup", () => setTimeout(() => this.canvas.blur(), 0));
    this.canvas.addEventListener("keydown", (event) => this.step(event));
    this.canvas.addEventListener("blur", () => this.keyed && this.point((this.keyed = null)));
  }

  // What can be clicked can be reached with the keyboard.
  get role() {
    return this.clickable ? "application" : "img";
  }

  show(figure) {
    this.figure = figure;
    this.repaint();
    const title = plainText(figure.layout.title?.text);
    this.canvas.setAttribute("aria-label", this.clickable ? `${title}. Arrow keys point, Enter chooses.` : title);
    this.clickable ? (this.canvas.tabIndex = 0) : this.canvas.removeAttribute("tabindex");
  }

  // The arrow keys go from point to point, Enter is a click.
  step(event) {
    const { key } = event;
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (isArrow(key)) this.point((this.keyed = onwards(targetsOf(this.chart), this.pointer, key) ?? this.pointer));
    else if (key === "Enter" && this.pointer) this.press(this.pointer);
    else if (key === "Escape") this.canvas.blur();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  paint(context, width, height) {
    // In a file it has its words itself.
    const { edges } = this;
    this.chart = chartLayout(width, height, this.figure, edges && context.alone ? { ...edges, alone: true } : edges);
    this.aim = this.aimAt(this.pointer);
    if (this.meaning.sentence) return paintSentence(context, this.chart);
    this.canvas.style.cursor = this.aim && this.clickable ? "pointer" : "";
    paintChart(context, this.chart);
    this.paintMarks(context);
  }

  inPlot(at) {
    if (!at || !this.chart) return false;
    const [[x, y], { left, right, top, bottom }] = [at, this.chart.box];
    return x >= left - 4 && x <= right + 4 && y >= top - 4 && y <= bottom + 4;
  }

  // What of the picture is at a place, if anything.
  aimAt(at) {
    return this.inPlot(at) ? nearest(this.chart, ...at) : null;
  }

  // What the places on an axis are: tokens, epochs or units.
  get meaning() {
    return this.figure.layout.meta ?? {};
  }

  get clickable() {
    return this.clicks || ["token", "unit"].includes(this.meaning.x) || this.meaning.y === "unit";
  }

  // The token, unit and epoch under the pointer, where an axis counts them.
  get under() {
    return this.placesAt(this.pointer);
  }

  placesAt(at) {
    if (!this.inPlot(at)) return {};
    const places = [...AXES].map(([letter, k]) => [this.meaning[letter], this.placeAt(letter, at[k])]);
    return { ...Object.fromEntries(places.filter(([name]) => name)), ...this.tokenAt(at), ...this.phraseAt(at) };
  }

  // The points of some series are sequences, whose numbers they have as customdata.
  phraseAt(at) {
    const aim = this.figure.data.some(isOfPhrases) && this.aimAt(at);
    return aim && isOfPhrases(aim.series) ? { phrase: aim.data } : {};
  }

  // The points of a series may be those of the tokens, from `meta.token` on.
  get ofTokens() {
    return this.figure.data.find(({ meta }) => meta?.token !== undefined);
  }

  tokenAt(at) {
    const aim = this.ofTokens && this.aimAt(at);
    return aim?.series === this.ofTokens && aim ? { token: this.ofTokens.meta.token + aim.index } : {};
  }

  // What stands at a pixel of an axis: tokens may be counted from 1, units are in the order of their rows.
  placeAt(letter, pixel) {
    const place = Math.round(this.chart.axes[`${letter}axis`].value(pixel)) - this.offset(letter);
    return this.meaning[letter] === "unit" ? this.meaning.units?.[place] ?? place : place;
  }

  offset(letter) {
    return letter === "y" ? this.meaning.first ?? 0 : 0;
  }

  // What is pointed at, or was clicked, is marked in every picture.
  paintMarks(c) {
    this.paintToken(c);
    this.paintWay(c);
    this.paintPhrase(c);
    for (const letter of AXES.keys()) {
      const name = this.meaning[letter], value = name && this.stage[name];
      if (value === undefined) continue;
      const place = name === "unit" && this.meaning.units ? this.meaning.units.indexOf(value) : value;
      if (name !== "unit" || place >= 0) this.paintMark(c, letter, place + this.offset(letter));
    }
  }

  // A band over a token, a frame around a row, a line at an epoch.
  paintMark(c, letter, place) {
    const { axes, box } = this.chart, axis = axes[`${letter}axis`];
    if (place < Math.min(axis.low, axis.high) || place > Math.max(axis.low, axis.high)) return;
    const color = this.figure.layout.font.color;
    const half = this.meaning[letter] === "epoch" ? 0 : 0.5;
    const [from, to] = [place - half, place + half].map(axis.at).sort((a, b) => a - b);
    const area = letter === "x" ? [from, box.top, Math.max(1, to - from), box.bottom - box.top]
      : [box.left - 1, from, box.right - box.left + 2, to - from];
    c.fillStyle = faint(color, half ? 0.1 : 0.4);
    if (letter === "x") c.fillRect(...area);
    else {
      [c.strokeStyle, c.lineWidth] = [color, 1.4];
      c.strokeRect(...area);
    }
  }

  paintToken(c) {
    const series = this.ofTokens, { token } = this.stage;
    const [x, y] = series && token !== undefined ? pointsOf(this.chart, series)[token - series.meta.token] ?? [] : [];
    this.paintRing(c, x, y);
  }

  // Rings around the places of the sequence that is pointed at, or is opened; around many they would hide all else.
  paintPhrase(c) {
    const phrase = this.stage.phrase ?? this.meaning.opened;
    const places = this.figure.data.filter(isOfPhrases).flatMap((series) =>
      pointsOf(this.chart, series).filter((_, k) => series.customdata[k] === phrase));
    for (const [x, y] of places) this.paintRing(c, x, y, places.length > MOST_RINGS ? 4 : 11);
  }

  paintRing(c, x, y, radius = 11) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    c.beginPath();
    c.arc(x, y, radius, 0, 7);
    [c.strokeStyle, c.lineWidth] = [this.figure.layout.font.color, radius > 4 ? 2 : 1];
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

  press(at) {
    const [{ epoch, token, unit }, aim] = [this.placesAt(at), this.aimAt(at)];
    if (this.clicks && epoch !== undefined) this.onClick(this.key, { x: epoch, y: null, data: null });
    else if (this.clicks && aim) this.onClick(this.key, { x: aim.x, y: aim.y, data: aim.data ?? null });
    else if (this.clicks) return;
    else if (unit !== undefined && this.meaning.kept !== "token") this.stage.keep("unit", unit);
    else if (token !== undefined) this.stage.keep("token", token);
  }

  // Above it the step of a series.
  told() {
    const step = this.aim && this.stage.plots.get("words")?.row?.steps?.[this.under.token];
    return [...(step ? [step] : []), ...(this.aim ? this.aim.lines : [])];
  }
}
