// The network over one sequence, drawn on a canvas from the picture of charts/sequence_network.py.
import { CanvasPicture } from "./canvas_picture.js";
import { leftText, number, percent, shortNumber } from "./canvas.js";
import { layoutOf } from "./network_layout.js";
import { answered, counted, named, paint } from "./network_paint.js";
import { inOrder, placeInOrder, toldOf, windowAt } from "./network_series.js";
import { Tokens } from "./tokens.js";

export class Network extends CanvasPicture {
  constructor(...options) {
    super(...options);
    this.table = Object.assign(document.createElement("table"), { className: "rnnviz-unseen" });
    this.node.append(this.table);
    this.tokens = new Tokens(this.node, this.stage);
    this.canvas.addEventListener("click", () => this.click());
    this.picker = this.newPicker();
    this.table.after(this.picker);
    this.windows = this.newWindows();
  }

  // Dragged, the whole series moves the window; so do the arrow keys.
  newWindows() {
    const { canvas } = this;
    const windows = Object.assign(document.createElement("input"), {
      className: "rnnviz-picker", type: "range", min: 0, ariaLabel: "Window of the series",
    });
    windows.addEventListener("input", () => this.open(inOrder(this.network, windows.valueAsNumber)));
    windows.addEventListener("change", () => this.settle());
    const move = () => this.held && this.open(windowAt(this, this.pointer[0]));
    canvas.addEventListener("pointerdown", (event) => {
      this.held = this.hover.section === "series" && Boolean(this.phraseBox);
      if (!this.held) return;
      canvas.setPointerCapture(event.pointerId);
      move();
    });
    canvas.addEventListener("pointermove", move);
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => {
      if (this.held) this.settle();
      this.held = false;
    });
    return windows;
  }

  // The mark of the window moves at once; its numbers come with the next frame.
  open(number) {
    this.opened = number;
    if (number === this.network.curve.number) return;
    this.network.curve.number = number;
    this.stage.send({ do: "open", window: number, settled: false });
    this.mark();
  }

  // The rest of the page follows when the drag ends.
  settle() {
    this.stage.send({ do: "open", window: this.opened, settled: true });
  }

  // Below the explanation, on the page itself, the places of the picture are shown one by one.
  showCaption() {
    super.showCaption();
    if (!this.phraseBox || this.caption.querySelector(".rnnviz-tour")) return;
    this.caption.append(Object.assign(document.createElement("button"), { className: "rnnviz-go rnnviz-tour", textContent: "Show me" }));
  }

  // Marks a unit by keyboard; it is only seen while it has the focus.
  newPicker() {
    const picker = Object.assign(document.createElement("input"), {
      className: "rnnviz-picker", type: "range", min: -1, ariaLabel: "Marked unit",
    });
    const mark = (row) => this.stage.send({ do: "mark", unit: row < 0 ? null : this.network.units[row] });
    picker.addEventListener("input", () => mark(picker.valueAsNumber));
    picker.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.keptRow === undefined) return;
      event.preventDefault();
      mark(-1);
    });
    return picker;
  }

  mark() {
    super.mark();
    if (this.network && !this.network.sentence) this.describeUnit();
  }

  describeUnit() {
    const { network: { units, words, h }, keptRow: row, picker } = this;
    picker.max = units.length - 1;
    picker.value = row ?? -1;
    picker.ariaValueText = row === undefined ? "none"
      : `unit ${units[row]}: ${words.map((word, t) => `${h[row][t].toFixed(2)} after ${word}`).join(", ")}`;
  }

  describeWindow() {
    const { windows, network } = this;
    if (!windows.isConnected) this.picker.after(windows);
    windows.max = network.starts.length - 1;
    windows.value = Math.max(0, placeInOrder(network));
    windows.ariaValueText = `${network.curve.times[0]} to ${network.words.at(-1)}`;
  }

  // A click on a unit or a column keeps it marked until the next click.
  click() {
    const { t, row, section, level = 0 } = this.hover;
    if (section === "series") return;
    if (section === "word") this.pickWord();
    else if (row !== undefined) this.stage.keep("unit", this.network.levels[level].units[row]);
    else if (t !== undefined) this.stage.keep("token", t);
  }

  // The row of the unit that is marked, if it is shown.
  get keptRow() {
    const row = this.network.units.indexOf(this.stage.kept("unit"));
    return row < 0 ? undefined : row;
  }

  // A file that replays a run has none.
  get phraseBox() {
    return this.node.getRootNode().querySelector(".rnnviz-phrase input");
  }

  // A click on a word selects it in the box in which the phrase is typed.
  pickWord() {
    const { t } = this.hover;
    const input = this.phraseBox;
    if (!input) return;
    const words = [...input.value.matchAll(/\S+/g)];
    const [from, to] = words.length === this.network.words.length
      ? [words[t].index, words[t].index + words[t][0].length] : [0, input.value.length];
    input.focus();
    input.setSelectionRange(from, to);
  }

  show(figure) {
    this.network = this.read(figure);
    this.tokens.show(this.network);
    this.repaint();
    this.describe();
  }

  read(figure) {
    return networkOf(figure);
  }

  // What is under the pointer.
  get hover() {
    return this.pointer && !this.network.sentence ? this.layout.find(...this.pointer) : {};
  }

  paint(context, width, height) {
    this.layout = layoutOf(width, height, this.network);
    const row = this.network.units.indexOf(this.stage.unit);
    const kept = { row: row < 0 ? undefined : row, level: this.network.layer - 1, t: this.stage.token };
    this.drawOn(context, { ...kept, ...this.hover });
    this.tokens.place(this.layout, this.network.turning);
    const cursor = { word: "text", series: "ew-resize" }[this.hover.section];
    this.canvas.style.cursor = (this.phraseBox && cursor) || "";
    this.canvas.style.touchAction = this.network.curve ? "pan-y" : "";
  }

  drawOn(context, hover) {
    paint(context, this.layout, this.network, hover);
  }

  get under() {
    const { t: token, row, level = 0 } = this.hover;
    return { token, unit: row === undefined ? undefined : this.network.levels[level].units[row] };
  }

  get description() {
    const { words, noun } = this.network;
    const read = `The network reads ${counted(words.length, noun)}: ${words.join(" ")}.`;
    return `${read} ${answered(this.network).words}`;
  }

  told() {
    if (this.hover.section === "curve") return toldOf(this.network, this.hover.step);
    return this.hover.t === undefined ? [] : told(this.network, this.hover);
  }

  // The numbers as a table, its head first.
  get rows() {
    const { words, noun } = this.network;
    const head = [noun, "share from memory", "output", `‖${this.network.symbol}‖`];
    return [head, ...words.map((_, t) => rowOf(this.network, t))];
  }

  // For those who don't see the canvas: the answer in words, and, while the run rests, the numbers.
  describe() {
    const { network: { sentence }, canvas, table } = this;
    canvas.setAttribute("aria-label", sentence ?? this.description);
    if (this.stage.playing) return;
    this.picker.hidden = Boolean(sentence);
    if (this.network.curve && !sentence) this.describeWindow();
    else this.windows.remove();
    if (!sentence) this.describeUnit();
    fillTable(table, sentence ? [] : this.rows);
  }
}

// Write rows of texts into a table, its head first. Only what has changed is written: to lay out the table of a long
// sequence takes longer than to draw it.
export function fillTable(table, rows) {
  while (table.rows.length > rows.length) table.deleteRow(-1);
  rows.forEach((texts, i) => {
    const row = table.rows[i] ?? table.insertRow();
    while (row.cells.length > texts.length) row.deleteCell(-1);
    texts.forEach((text, k) => {
      const cell = row.cells[k] ?? row.appendChild(newCell(i, k));
      if (cell.textContent !== text) cell.textContent = text;
    });
  });
}

// The first row and the first column are headings.
const newCell = (i, k) => i && k ? document.createElement("td")
  : Object.assign(document.createElement("th"), { scope: i ? "row" : "col" });

// The arrays by name, beside what `meta` says; `levels` has those of every layer.
export function networkOf({ data, layout }) {
  const { meta, font } = layout;
  const network = { ...meta, ...arraysOf(data, ""), font: font.family };
  network.loss = network.loss?.[0];
  // A level has its own arrays, and all else of the network, which is the level of its layer.
  const level = (k) => k === network.layer - 1 ? network : Object.assign(Object.create(network), arraysOf(data, ` @${k}`), { layer: k + 1 });
  const count = meta.levels || 0;
  return Object.assign(network, { levels: count ? [...Array(count).keys()].map(level) : [network] });
}

function arraysOf(data, suffix) {
  const own = data.filter(({ name }) => name.includes("@") ? suffix && name.endsWith(suffix) : !suffix);
  const named = own.map((series) => ({ ...series, name: series.name.slice(0, series.name.length - suffix.length) }));
  const by = Object.fromEntries(named.map((series) => [series.name, series.z ?? series.y]));
  const weights = named.filter(({ name }) => name.startsWith("W_hh")).map(({ z }) => z);
  const units = named.find(({ name }) => name === "h")?.y ?? [];
  return { ...by, weights, units };
}

const rowOf = (network, t) => [
  network.words[t], percent(network.share[t]), answerAt(network, t), shortNumber(network.gradient[t]),
];

// The answer after token t; "" where there is none.
function answerAt({ answers, words, names, predicted, targets, probability, curve, expected }, t) {
  // Of a series in its own units.
  if (curve?.joined)
    return curve.names.map((name, k) => [name, expected[k][t + 1]]).filter(([, value]) => !Number.isNaN(value))
      .map(([name, value]) => `${name} ${number(value, 4)}`).join(", ");
  const count = answers === "values" ? predicted[0].length : predicted.length;
  const k = t - words.length + count;
  if (k < 0) return "";
  if (answers === "values") return names.map((name, c) => `${name} ${shortNumber(predicted[c][k])}`).join(", ");
  const target = targets[k - count + targets.length] ?? -1;
  const right = target < 0 ? "" : `, target: ${names[target]}`;
  return `${names[predicted[k]]}, ${percent(probability[k])}${right}`;
}

// What is left at token t: of the gradient, and of the token that is followed.
function leftAt(network, t) {
  const { words, followed, waits, left: kept, "gradient left": back } = network;
  if (followed === undefined) return [];
  const exactly = (share) => (share > 1.005 && share < Infinity ? `${shortNumber(share)} times` : leftText(share));
  const of = t < followed || waits ? [] : [`left of ${named(network, words[followed])}: ${exactly(kept[t])}`];
  return [`of the gradient: ${exactly(back[t])}`, ...of];
}

const signed = (value) => `${value < 0 ? "−" : "+"} ${Math.abs(value).toFixed(3)}`;

// The text for the place under the pointer.
function told(whole, { t, row, section, level, channel }) {
  const network = level === undefined ? whole : whole.levels[level];
  const { words, noun, units, formula, share } = network;
  const at = channel < words.length ? channel : t;
  const place = `${noun} ${at + 1}, ${named(whole, words[at])}`;
  if (!Number.isFinite(network.h[0][t])) return [place, "not read yet"];
  if (row !== undefined) {
    const numbers = { added: network.added[row][t], memory: network.memory[row][t] };
    const sum = formula.replace(/{(\w+)}/g, (_, name) => signed(numbers[name]));
    const other = network.cells ? [`${network.part} = ${signed(network.cells[row][t])}`] : [];
    return [`unit ${units[row]} after ${place}`, `${sum} = ${signed(network.h[row][t])}`, ...other];
  }
  if (section === "gradient" && Number.isNaN(network.gradient[t])) return [place, "no gradient yet"];
  if (section === "gradient") return [place, `‖${network.symbol}‖ = ${number(network.gradient[t], 3)}`, ...leftAt(network, t)];
  if (section === "answer") return [`after ${place}`, answerAt(network, t)].filter(Boolean);
  return channel === at && share[at] >= 0 ? [place, `share from memory ${percent(share[at])}`] : [place];
}
