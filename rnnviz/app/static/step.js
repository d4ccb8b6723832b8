// One moment of a training step, drawn from the picture of figures/step_network.py: the network, opened
// where the moment is.
import { shortNumber } from "./canvas.js";
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
    return [label, `unit ${this.network.units[row]}: ${values[row].toPrecision(6).replace("-", "−")}`];
  }

  // The numbers of the moment, in words.
  get description() {
    const { opened, row, units, words, noun, first } = this.network;
    const at = opened.token === null ? "" : ` at ${noun} ${first + opened.token + 1}, “${words[opened.token]}”`;
    const number = ({ label, cells, values }) => cells.length
      ? `${label}: ${cells.map((cell, k) => `${cell} ${shortNumber(values[k])}`).join(", ")}`
      : `${label}: ${shortNumber(values[row])}`;
    return `${opened.phase}${at}. Unit ${units[row]}. ${opened.vectors.map(number).join("; ")}.`;
  }
}
