// Two runs over their epochs, drawn on a canvas from the picture of charts/pair_pictures.py.
import { leftText } from "./canvas.js";
import { Curves } from "./curves.js";
import { valueAt } from "./curves_paint.js";
import { pairCurvesLayout, paintPairCurves, seedAt } from "./pair_curves_paint.js";

export class PairCurves extends Curves {
  show({ data, layout }) {
    const runs = layout.meta.runs.map((told, k) => ({ ...told, ...seriesOf(data, `#${k}`) }));
    this.run = { ...layout.meta, runs, font: layout.font.family };
    this.repaint();
    this.canvas.setAttribute("aria-label", `Both runs at ${this.run.unit} ${this.run.epoch}: ${this.linesAt(this.run.epoch).join("; ")}.`);
  }

  get last() {
    return this.run.last;
  }

  get reached() {
    return Math.max(...this.run.runs.map(({ reached }) => reached));
  }

  get rows() {
    return this.run.words.length;
  }

  paint(context, width, height) {
    this.layout = pairCurvesLayout(width, height, this.run);
    const pointed = this.inside ? this.epoch : this.stage.epoch ?? null;
    const shown = this.held ? this.sought : this.run.epoch;
    paintPairCurves(context, this.layout, this.run, { pointed, shown, marked: this.stage.token });
  }

  get map() {
    const { mapA, mapB } = this.layout.panels;
    return !mapB || this.pointer[1] < mapB.y ? mapA : mapB;
  }

  // A press on the dot of a seed opens it.
  pick() {
    const seed = this.seed;
    if (seed !== undefined) this.stage.send({ do: "take_seed", value: seed });
    return seed !== undefined;
  }

  get seed() {
    return this.pointer && seedAt(this.layout, this.run, ...this.pointer);
  }

  told() {
    if (this.seed !== undefined) return [`seed ${this.seed}: a click opens it`];
    return this.inside ? [`${this.run.unit} ${this.epoch}, ${this.run.role}`, ...this.linesAt(this.epoch)] : [];
  }

  linesAt(epoch) {
    const { role, runs, metric } = this.run;
    return runs.map((run) => {
      const at = Math.min(epoch, run.reached);
      const [loss, score, kept] = [`${role}_loss`, `${role}_metric`, "left"].map((name) => valueAt(run[name], at));
      const here = epoch > run.reached ? (run.broken === null ? " (ended)" : " (broke)") : "";
      const share = Number.isNaN(kept) ? "" : `, left at the end ${leftText(kept)}`;
      return `${run.name}${here}: loss ${Number.isNaN(loss) ? "–" : loss.toPrecision(4).replace("Infinity", "∞")}, ${metric} ${(100 * score).toFixed(1)}%${share}`;
    });
  }
}

function seriesOf(data, suffix) {
  const own = data.filter(({ name }) => name.endsWith(suffix));
  return Object.fromEntries(own.map(({ name, x, y, z }) => [name.slice(0, -suffix.length), { x, y, z }]));
}
