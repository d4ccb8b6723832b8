// The network over one sequence, drawn on a canvas from the picture of figures/sequence_network.py.
import { answered, counted, layoutOf, paint, percent, shortNumber } from "./network_paint.js";
import { Picture } from "./picture.js";

export class Network extends Picture {
  constructor(...options) {
    super(...options);
    const make = (tag, className) => Object.assign(document.createElement(tag), { className });
    this.canvas = make("canvas", "rnnviz-network");
    this.canvas.setAttribute("role", "img");
    this.table = make("table", "rnnviz-unseen");
    this.tip = make("div", "rnnviz-tip");
    this.tip.hidden = true;
    this.node.replaceChildren(this.canvas, this.table, this.tip);
    this.pointer = null; // where the pointer is, in pixels of the canvas
    this.canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => this.point([offsetX, offsetY]));
    this.canvas.addEventListener("pointerleave", () => this.point(null));
  }

  show(figure) {
    this.network = networkOf(figure);
    this.repaint();
    this.describe();
  }

  resize() {
    this.repaint();
  }

  point(pointer) {
    this.pointer = pointer;
    if (this.network) this.due ||= requestAnimationFrame(() => this.repaint());
  }

  repaint() {
    cancelAnimationFrame(this.due);
    this.due = 0;
    const { network, canvas, node } = this;
    const [width, height, ratio] = [node.clientWidth, node.clientHeight, window.devicePixelRatio || 1];
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    // Setting the size of a canvas clears it, and takes time.
    if (canvas.width !== across) canvas.width = across;
    if (canvas.height !== down) canvas.height = down;
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.layout = layoutOf(width, height, network);
    const hover = this.pointer && !network.sentence ? this.layout.find(...this.pointer) : {};
    paint(context, this.layout, network, hover);
    this.showTip(hover);
  }

  showTip(hover) {
    const lines = hover.t === undefined ? [] : told(this.network, hover);
    this.tip.hidden = !lines.length;
    if (!lines.length) return;
    const line = (textContent) => Object.assign(document.createElement("div"), { textContent });
    this.tip.replaceChildren(...lines.map(line));
    const [[x, y], layout] = [this.pointer, this.layout];
    const left = Math.min(x + 14, layout.width - this.tip.offsetWidth);
    const top = Math.min(y + 16, layout.height - this.tip.offsetHeight);
    Object.assign(this.tip.style, { left: `${Math.max(0, left)}px`, top: `${Math.max(0, top)}px` });
  }

  // For those who don't see the canvas: the answer in words, and, while the run rests, the numbers.
  describe() {
    const { network, canvas, table } = this;
    const { sentence, words, noun } = network;
    const read = () => `The network reads ${counted(words.length, noun)}: ${words.join(" ")}.`;
    const label = sentence ?? `${read()} ${answered(network).words}`;
    canvas.setAttribute("aria-label", label);
    if (document.body.hasAttribute("data-playing")) return;
    const head = [noun, "share from memory", "answer", "‖dL/dh‖"];
    const rows = sentence ? [] : [head, ...words.map((_, t) => rowOf(network, t))];
    table.replaceChildren();
    for (const row of rows) {
      const cells = table.insertRow();
      for (const text of row) cells.insertCell().textContent = text;
    }
  }

  remove() {
    super.remove();
    cancelAnimationFrame(this.due);
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
function answerAt({ answers, words, names, said, wanted, probability }, t) {
  const count = answers === "values" ? said[0].length : said.length;
  const k = t - words.length + count;
  if (k < 0) return "";
  if (answers === "values") return names.map((name, c) => `${name} ${shortNumber(said[c][k])}`).join(", ");
  const target = wanted[k - count + wanted.length] ?? -1;
  const right = target < 0 ? "" : `, target: ${names[target]}`;
  return `${names[said[k]]}, ${percent(probability[k])}${right}`;
}

const signed = (value) => `${value < 0 ? "−" : "+"} ${Math.abs(value).toFixed(3)}`;

// What is said of the place under the pointer.
function told(network, { t, row, section }) {
  const { words, noun, units, formula, share } = network;
  const place = `${noun} ${t + 1}, “${words[t]}”`;
  if (row !== undefined) {
    const numbers = { added: network.added[row][t], memory: network.memory[row][t] };
    const sum = formula.replace(/{(\w+)}/g, (_, name) => signed(numbers[name]));
    return [`unit ${units[row]} after ${place}`, `${sum} = ${signed(network.h[row][t])}`];
  }
  if (section === "gradient") return [place, `‖dL/dh‖ = ${network.gradient[t].toExponential(2)}`];
  if (section === "answer") return [`after ${place}`, answerAt(network, t)].filter(Boolean);
  return [place, `share from memory ${percent(share[t])}`];
}
