// The network over one sequence, drawn on a canvas from the picture of figures/sequence_network.py.
import { CanvasPicture } from "./canvas_picture.js";
import { percent, shortNumber } from "./canvas.js";
import { answered, counted, layoutOf, paint } from "./network_paint.js";
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
  }

  // Marks a unit by keyboard; it is only seen while it has the focus.
  newPicker() {
    const picker = Object.assign(document.createElement("input"), {
      className: "rnnviz-picker", type: "range", min: -1, ariaLabel: "Marked unit",
    });
    picker.addEventListener("input", () => this.pin(picker.valueAsNumber));
    picker.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.pinned === undefined) return;
      event.preventDefault();
      this.pin(-1);
    });
    return picker;
  }

  pin(row) {
    this.pinned = row < 0 ? undefined : row;
    this.repaint();
    this.describeUnit();
  }

  describeUnit() {
    const { network: { units, words, h }, pinned, picker } = this;
    picker.max = units.length - 1;
    picker.value = pinned ?? -1;
    picker.ariaValueText = pinned === undefined ? "none"
      : `unit ${units[pinned]}: ${words.map((word, t) => `${h[pinned][t].toFixed(2)} after ${word}`).join(", ")}`;
  }

  // A click on a unit keeps it marked until the next click.
  click() {
    const { row, section } = this.hover;
    this.pin(row === this.pinned ? -1 : row ?? -1);
    if (section === "word") this.pickWord();
  }

  // A click on a word selects it in the box in which the phrase is typed.
  pickWord() {
    const { t } = this.hover;
    const input = document.querySelector(".st-key-phrase input");
    if (!input) return;
    const words = [...input.value.matchAll(/\S+/g)];
    const [from, to] = words.length === this.network.words.length
      ? [words[t].index, words[t].index + words[t][0].length] : [0, input.value.length];
    input.focus();
    input.setSelectionRange(from, to);
  }

  show(figure) {
    this.network = networkOf(figure);
    if (this.pinned >= this.network.units.length) this.pinned = undefined;
    this.tokens.show(this.network);
    this.repaint();
    this.describe();
  }

  // What is under the pointer.
  get hover() {
    return this.pointer && !this.network.sentence ? this.layout.find(...this.pointer) : {};
  }

  paint(context, width, height) {
    this.layout = layoutOf(width, height, this.network);
    const kept = { row: this.pinned, t: this.stage.marked };
    paint(context, this.layout, this.network, { ...kept, ...this.hover });
    this.tokens.place(this.layout, this.network.turning);
    this.canvas.style.cursor = this.hover.section === "word" ? "text" : "";
  }

  get token() {
    return this.hover.t;
  }

  told() {
    return this.hover.t === undefined ? [] : told(this.network, this.hover);
  }

  // For those who don't see the canvas: the answer in words, and, while the run rests, the numbers.
  describe() {
    const { network, canvas, table } = this;
    const { sentence, words, noun } = network;
    const read = () => `The network reads ${counted(words.length, noun)}: ${words.join(" ")}.`;
    const label = sentence ?? `${read()} ${answered(network).words}`;
    canvas.setAttribute("aria-label", label);
    if (document.body.hasAttribute("data-playing")) return;
    this.picker.hidden = Boolean(sentence);
    if (!sentence) this.describeUnit();
    const head = [noun, "share from memory", "output", "‖dL/dh‖"];
    const rows = sentence ? [] : [head, ...words.map((_, t) => rowOf(network, t))];
    table.replaceChildren();
    for (const row of rows) {
      const cells = table.insertRow();
      row.forEach((textContent, k) => {
        const scope = row === head ? "col" : "row";
        const heading = row === head || !k;
        cells.append(Object.assign(document.createElement(heading ? "th" : "td"), { textContent, ...(heading && { scope }) }));
      });
    }
  }
}

// The arrays by name, beside what `meta` says.
function networkOf({ data, layout }) {
  const by = Object.fromEntries(data.map((series) => [series.name, series.z ?? series.y]));
  const weights = data.filter(({ name }) => name.startsWith("W_hh")).map(({ z }) => z);
  const units = data.find(({ name }) => name === "h")?.y ?? [];
  return { ...layout.meta, ...by, loss: by.loss?.[0], weights, units, font: layout.font.family };
}

const rowOf = (network, t) => [
  network.words[t], percent(network.share[t]), answerAt(network, t), shortNumber(network.gradient[t]),
];

// The answer after token t; "" where there is none.
function answerAt({ answers, words, names, predicted, targets, probability }, t) {
  const count = answers === "values" ? predicted[0].length : predicted.length;
  const k = t - words.length + count;
  if (k < 0) return "";
  if (answers === "values") return names.map((name, c) => `${name} ${shortNumber(predicted[c][k])}`).join(", ");
  const target = targets[k - count + targets.length] ?? -1;
  const right = target < 0 ? "" : `, target: ${names[target]}`;
  return `${names[predicted[k]]}, ${percent(probability[k])}${right}`;
}

const signed = (value) => `${value < 0 ? "−" : "+"} ${Math.abs(value).toFixed(3)}`;

// The text for the place under the pointer.
function told(network, { t, row, section }) {
  const { words, noun, units, formula, share } = network;
  const place = `${noun} ${t + 1}, “${words[t]}”`;
  if (row !== undefined) {
    const numbers = { added: network.added[row][t], memory: network.memory[row][t] };
    const sum = formula.replace(/{(\w+)}/g, (_, name) => signed(numbers[name]));
    const other = network.cells ? [`${network.part} = ${signed(network.cells[row][t])}`] : [];
    return [`unit ${units[row]} after ${place}`, `${sum} = ${signed(network.h[row][t])}`, ...other];
  }
  if (section === "gradient") return [place, `‖dL/dh‖ = ${network.gradient[t].toExponential(2)}`];
  if (section === "answer") return [`after ${place}`, answerAt(network, t)].filter(Boolean);
  return [place, `share from memory ${percent(share[t])}`];
}
