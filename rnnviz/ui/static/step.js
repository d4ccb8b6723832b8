// One moment of a training step, drawn from the picture of questions/step/pictures.py: the network, opened
// where the moment is.
import { Network, networkOf } from "./network.js";
import { paintStep } from "./step_paint.js";

export class StepNetwork extends Network {
  read(figure) {
    const network = networkOf(figure);
    if (network.sentence) return network;
    const vectors = network.opened.vectors.map((said, k) => ({ ...said, values: network[`vector ${k}`] }));
    const matrices = (panel) => panel.blocks.map(({ name, key }) => ({ name, rows: network[key] }));
    const panels = network.opened.panels.map((panel) => ({ ...panel, blocks: matrices(panel) }));
    return { ...network, opened: { ...network.opened, vectors, panels } };
  }

  drawOn(context, hover) {
    paintStep(context, this.layout, this.network, hover);
  }

  // The unit that is worked out is outlined in any case, and has a box of its own.
  get keptRow() {
    return undefined;
  }

  describeUnit() {
    this.picker.hidden = true;
  }

  // Its rows are of the moment's vectors; only the word is marked elsewhere.
  get under() {
    return { token: this.hover.t };
  }

  // A click on a word opens its column, one on a cell its unit too.
  click() {
    const { t = this.network.opened?.token, row } = this.hover;
    if (this.network.sentence || t === undefined || t === null) return;
    const unit = this.network.units[row ?? this.network.row];
    this.onClick(this.key, { data: [this.network.first + t, unit] });
  }

  told() {
    const { vector, row } = this.hover;
    if (vector === undefined) return super.told();
    const { label, cells, values } = this.network.opened.vectors[vector];
    if (cells.length) return [label];
    return [label, `unit ${this.network.units[row]}: ${precise(values[row])}`];
  }

  // The moment in words; the table has its numbers.
  get description() {
    const { opened, words, noun, first } = this.network;
    const at = opened.token === null ? "" : ` at ${noun} ${first + opened.token + 1}, “${words[opened.token]}”`;
    return `One step of training: ${opened.phase}${at}. ${opened.symbols}`;
  }

  get rows() {
    const { opened: { vectors }, terms, row, units } = this.network;
    const numbers = vectors.flatMap(({ label, cells, values }) => cells.length
      ? cells.map((cell, k) => [`${label}, ${cell}`, precise(values[k])])
      : [[label, precise(values[row])]]);
    const rest = terms.rest ? [[`the other ${terms.rest[0]}`, precise(terms.rest[1])]] : [];
    const listed = terms.rows.map(([label, value]) => [label, precise(value)]);
    return [["vector", `unit ${units[row]}`], ...numbers, [terms.title, "value"], ...listed, ...rest];
  }
}

const precise = (value) => value.toPrecision(6).replace("-", "−");
