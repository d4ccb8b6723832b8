// The run over its epochs, drawn on a canvas from the picture of charts/training_curves.py. Dragging in it goes
// to an epoch.
import { CanvasPicture } from "./canvas_picture.js";
import { clamp } from "./canvas.js";
import { curvesLayout, paintCurves, valuesAt } from "./curves_paint.js";

export class Curves extends CanvasPicture {
  constructor(key, parts, listeners) {
    super(key, parts, listeners);
    this.held = false;
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (this.pick()) return;
      canvas.setPointerCapture(event.pointerId);
      this.held = true;
      this.seek();
    });
    canvas.addEventListener("pointermove", () => this.held && this.seek());
    for (const end of ["pointerup", "pointercancel"])
      canvas.addEventListener(end, () => this.held && this.release());
  }

  show(figure) {
    this.run = runOf(figure);
    this.repaint();
    const last = this.run.train_loss.x.at(-1);
    const scores = [...valuesAt(this.run, this.run.shown ?? last)].join(", ");
    this.canvas.setAttribute("aria-label", `The run after ${last} ${this.run.scales.unit}s: ${scores}.`);
  }

  // The epoch under the pointer, at most the last one that has been trained.
  get epoch() {
    const { left, width } = this.layout;
    const share = clamp((this.pointer[0] - left) / width, 0, 1);
    return Math.min(Math.round(share * this.last), this.reached);
  }

  // The last epoch of the axis, and the last one that has been trained.
  get last() {
    return this.run.scales.last;
  }

  get reached() {
    return this.run.train_loss.x.at(-1);
  }

  // The map that is pointed at, and the number of its rows.
  get map() {
    return this.layout.panels.map;
  }

  get rows() {
    return this.run.scales.map.words.length;
  }

  // Whether something else than an epoch is pressed.
  pick() {
    return false;
  }

  // The playhead follows the pointer at once; the page follows with the next frame.
  seek() {
    const { epoch } = this;
    if (epoch === this.sought) return;
    this.sought = epoch;
    this.command = this.stage.send({ do: "seek", epoch, settled: false });
  }

  release() {
    this.held = false;
    this.command = this.stage.send({ do: "seek", epoch: this.sought, settled: true });
    this.sought = null;
    this.due ||= requestAnimationFrame(() => this.repaint());
  }

  // Nothing but the picture depends on a frame's header.
  update() {}

  paint(context, width, height) {
    this.layout = curvesLayout(width, height, this.run, this.overlay?.state?.on);
    const pointed = this.inside ? this.epoch : this.stage.epoch ?? null;
    const shown = this.held ? this.sought : this.run.shown;
    // The lines of simple models would be a hint.
    const { overlay, run } = this;
    const seen = overlay?.asking ? { ...run, scales: { ...run.scales, baselines: [] } } : run;
    paintCurves(context, this.layout, seen, { pointed, shown, marked: this.stage.token });
  }

  get inside() {
    return this.pointer && this.layout?.inside(...this.pointer);
  }

  // The epoch, and the row of the gradient map.
  get under() {
    if (!this.inside) return {};
    const { map, rows } = this;
    const row = Math.floor((rows * (this.pointer[1] - map.y)) / map.height);
    return { epoch: this.epoch, token: row >= 0 && row < rows ? row : undefined };
  }

  told() {
    if (!this.inside) return [];
    return [`${this.run.scales.unit} ${this.epoch}`, ...valuesAt(this.run, this.epoch)];
  }
}

// The series by name, beside what `meta` says.
function runOf({ data, layout }) {
  const upto = layout.meta.upto ?? Infinity;
  const series = Object.fromEntries(data.map(({ name, ...one }) => [name, until(one, upto)]));
  return { ...layout.meta, ...series, scales: layout.meta, font: layout.font.family };
}

// A series up to an epoch.
function until({ x, y, z }, epoch) {
  const count = epoch === Infinity ? -1 : x?.findIndex((place) => place > epoch) ?? -1;
  return count < 0 ? { x, y, z } : { x: x.slice(0, count), y: y?.slice(0, count), z: z?.map((row) => row.slice(0, count)) };
}
