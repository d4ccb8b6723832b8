// The inside of a cell, drawn from the picture of questions/step/inside_cell.py: its equations as a flow drawing.
import { CanvasPicture } from "./canvas_picture.js";
import { shortNumber } from "./canvas.js";
import { fillTable } from "./network.js";
import { insideLayout } from "./inside_cell_layout.js";
import { paintInside } from "./inside_cell_paint.js";

export class InsideCell extends CanvasPicture {
  constructor(...options) {
    super(...options);
    this.table = Object.assign(document.createElement("table"), { className: "rnnviz-unseen" });
    this.node.append(this.table);
    this.canvas.addEventListener("click", () => this.click());
  }

  show({ data, layout: { meta, font } }) {
    const arrays = Object.fromEntries(data.map(({ name, z }) => [name, z]));
    this.cell = { ...meta, ...arrays, font: font.family };
    this.repaint();
    this.describe();
  }

  paint(context, width, height) {
    const { cell } = this;
    this.layout = cell.sentence ? { width, height } : insideLayout(width, height, cell);
    paintInside(context, this.layout, cell, this.hover);
    this.canvas.style.cursor = cell.symbols?.[this.hover.symbol]?.part ? "pointer" : "";
  }

  // The symbol and the unit under the pointer.
  get hover() {
    return this.pointer && !this.cell.sentence && !this.cell.weights ? this.layout.find(...this.pointer) : {};
  }

  get under() {
    return { unit: this.hover.unit };
  }

  // A click on a symbol chooses its part of the cell; one on its numbers the unit too.
  click() {
    if (this.cell.sentence) return;
    const { symbol, unit } = this.hover;
    const part = this.cell.symbols[symbol]?.part ?? "";
    if (part || unit !== undefined) this.onClick(this.key, { data: [part, unit ?? this.cell.unit] });
  }

  told() {
    const { symbol, unit } = this.hover;
    if (symbol === undefined) return [];
    const { symbols, values, gradients, unit: shown } = this.cell;
    const other = unit === undefined || unit === shown || symbols[symbol].kind === "input" ? []
      : [`unit ${unit}: ${precise(values[symbol][unit])}${gradients ? `, gradient ${shortNumber(gradients[symbol][unit])}` : ""}`];
    return [...symbols[symbol].told, ...other];
  }

  // The moment in words; the table has its numbers.
  get description() {
    const { place, phase, bands, sum: { there: [name, symbols, , value] } } = this.cell;
    const kept = bands.map(({ state }) => state).join(", ");
    const ways = kept ? ` Kept on a highway: ${kept}.` : "";
    return `The inside of the cell at ${place}, ${phase}.${ways} ${name} = ${symbols} = ${value}`;
  }

  get rows() {
    const { symbols, values, gradients, unit, weights } = this.cell;
    if (weights) return [["weights", ...weights.columns], ...weights.rows.map(({ name, sizes }) => [name, ...sizes.map(precise)])];
    const named = (symbol) => symbol.at === "t−1" ? `${symbol.name} before` : symbol.name || symbol.below;
    const back = (k) => gradients ? [precise(gradients[k][unit])] : [];
    const rows = symbols.flatMap((symbol, k) => ["input", "after"].includes(symbol.kind) ? []
      : [[named(symbol), precise(values[k][unit]), ...back(k)]]);
    return [["value", `unit ${unit}`, ...(gradients ? ["gradient"] : [])], ...rows];
  }

  // For those who don't see the canvas: the moment in words, and, while the run rests, the numbers.
  describe() {
    const { cell: { sentence }, canvas, table } = this;
    canvas.setAttribute("aria-label", sentence ?? this.description);
    if (this.stage.playing) return;
    fillTable(table, sentence ? [] : this.rows);
  }
}

const precise = (value) => value.toPrecision(6).replace("-", "−");
