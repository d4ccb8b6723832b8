// What a guess is made with: a curve that is drawn, numbers that are dragged, or names that are picked. Each has `values`,
// `empty`, `complete`, `clear()`, `take(values)`, `enable(on)` and `paint()`, and calls `changed` when a hand changes it.
import { clamp, dot, faint, write } from "../canvas.js";
import { labelled, paintAlong, paintGuessing, paintUpright, painter, shareOf, valueAt, writtenOn } from "../class_axes.js";
import { escapeHtml } from "../marked.js";
import { Pad, brush } from "../pad.js";

const SIZE = 15; // of letters
const KEYS = { ArrowLeft: [-4, 0], ArrowRight: [4, 0], ArrowUp: [0, 0.04], ArrowDown: [0, -0.04] };

export class CurveGuess {
  constructor(node, { axes: [along, upright], given, places }, changed) {
    Object.assign(this, { along, upright, given, changed });
    this.pad = new Pad(places, given && given[0] === along.low ? given[1] : null);
    node.innerHTML = `<div class="pad"><canvas tabindex="0" role="application" aria-label="Draw with the arrow keys, or with a finger"></canvas></div><output class="unseen" aria-live="polite"></output>`;
    [this.canvas, this.spoken] = [node.querySelector("canvas"), node.querySelector("output")];
    for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) this.canvas.addEventListener(kind, (event) => this.pen(event));
    // Else the browser takes a quick stroke for a swipe, and swallows the tap after it.
    this.canvas.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    this.canvas.addEventListener("keydown", (event) => this.typed(event));
    new ResizeObserver(() => this.paint()).observe(this.canvas.parentElement);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
  }

  get values() {
    return this.pad.values;
  }

  get empty() {
    return this.pad.empty;
  }

  get complete() {
    return this.pad.complete;
  }

  clear() {
    this.pad.clear();
    this.changed();
  }

  take(values) {
    this.pad.values = values;
  }

  enable(on) {
    this.enabled = on;
    this.canvas.tabIndex = on ? 0 : -1;
  }

  pen({ type, offsetX, offsetY, pointerId }) {
    if (!this.enabled || !this.box) return;
    if (type === "pointerdown") this.canvas.setPointerCapture(pointerId);
    else if (type !== "pointermove") this.from = null;
    if (type !== "pointerdown" && !this.from) return;
    const { x0, x1, y0, y1 } = this.box;
    const place = Math.round(clamp((offsetX - x0) / (x1 - x0), 0, 1) * (this.pad.count - 1));
    const to = [place, valueAt(this.upright, clamp((y1 - offsetY) / (y1 - y0), 0, 1))];
    this.pad.draw(this.from ?? to, to);
    this.pad.at = place;
    this.from = to;
    this.changed();
  }

  typed(event) {
    const [places, rise] = KEYS[event.key] ?? [];
    if (!this.enabled || places === undefined) return;
    event.preventDefault();
    const { pad, along, upright } = this;
    const value = pad.step(places, rise * upright.high, upright.high);
    const at = Math.round(valueAt(along, pad.at / (pad.count - 1)));
    this.spoken.textContent = `${along.label} ${at}: ${upright.label} ${writtenOn(upright, value)}`;
    this.changed();
  }

  paint() {
    const p = painter(this.canvas);
    if (!p) return;
    const { pad, along, upright, given, enabled } = this;
    const box = (this.box = { x0: 3.5 * SIZE, x1: p.W - 12, y0: 1.8 * SIZE, y1: p.H - 2.2 * SIZE });
    const { x0, x1, y0, y1 } = box, { you, youText, background, muted } = p.theme;
    if (enabled) {
      p.c.fillStyle = faint(you, 0.06);
      p.c.fillRect(x0, y0, x1 - x0, y1 - y0);
    }
    const x = (k) => x0 + ((x1 - x0) * k) / (pad.count - 1), y = (value) => y1 - shareOf(upright, value) * (y1 - y0);
    paintUpright(p, upright, box, SIZE);
    paintAlong(p, along, box, SIZE);
    paintGuessing(p, upright, box, SIZE);
    write(p, upright.label, 0, 0.6 * SIZE, SIZE, muted, { weight: 600 });
    write(p, along.label, 0, y1 + SIZE, SIZE, muted, {});
    const points = pad.points(x, y);
    if (points.length > 1) brush(p, points, 11);
    if (given) dot(p.c, x0 + shareOf(along, given[0]) * (x1 - x0), y(given[1]), 7, you, background);
    const next = Math.max(0, pad.reached);
    if (pad.empty) write(p, pad.first === null ? "draw from the left edge" : "draw from here", x0 + 14, y(pad.first ?? 0.5) + 30, 17, youText, { weight: 600 });
    else if (!pad.complete) write(p, "→", x(next) + 8, y(pad.values[next]), 24, youText, { weight: 700, halo: true });
  }
}

const STEPS = 1000;

export class NumberGuess {
  constructor(node, { axes }, changed) {
    Object.assign(this, { axes, changed });
    node.innerHTML = axes.map(() => `<label class="number"><span></span><input type="range"></label>`).join("");
    this.rows = [...node.children];
    this.inputs = this.rows.map((row) => row.querySelector("input"));
    this.inputs.forEach((input, k) => {
      input.max = axes[k].unit === "count" ? axes[k].high - axes[k].low : STEPS;
      input.oninput = () => {
        this.rows[k].dataset.moved = "";
        changed();
      };
    });
    this.center();
  }

  // In the middle nothing is guessed yet.
  center() {
    this.inputs.forEach((input, k) => {
      input.value = input.max / 2;
      delete this.rows[k].dataset.moved;
    });
  }

  get values() {
    return this.inputs.map((input, k) => valueAt(this.axes[k], input.value / input.max));
  }

  get empty() {
    return !this.rows.some(({ dataset }) => "moved" in dataset);
  }

  get complete() {
    return this.rows.every(({ dataset }) => "moved" in dataset);
  }

  clear() {
    this.center();
    this.changed();
  }

  take(values) {
    values.forEach((value, k) => {
      this.inputs[k].value = shareOf(this.axes[k], value) * this.inputs[k].max;
      this.rows[k].dataset.moved = "";
    });
  }

  enable(on) {
    for (const input of this.inputs) input.disabled = !on;
  }

  paint() {
    this.values.forEach((value, k) => {
      const text = "moved" in this.rows[k].dataset ? writtenOn(this.axes[k], value) : "?";
      this.rows[k].firstChild.innerHTML = escapeHtml(labelled(this.axes[k], "\0")).replace("\0", `<b>${text}</b>`);
      this.inputs[k].ariaValueText = text;
    });
  }
}

export class PickGuess {
  constructor(node, { axes }, changed) {
    Object.assign(this, { changed });
    node.innerHTML = axes.map(({ label }) => `<button class="name" aria-pressed="false">${escapeHtml(label)}</button>`).join("");
    this.buttons = [...node.children];
    for (const button of this.buttons)
      button.onclick = () => {
        button.ariaPressed = String(button.ariaPressed !== "true");
        changed();
      };
  }

  get values() {
    return this.buttons.map(({ ariaPressed }) => Number(ariaPressed === "true"));
  }

  get empty() {
    return !this.values.includes(1);
  }

  get complete() {
    return !this.empty;
  }

  clear() {
    this.take(this.buttons.map(() => 0));
    this.changed();
  }

  take(values) {
    values.forEach((value, k) => (this.buttons[k].ariaPressed = String(Boolean(value))));
  }

  enable(on) {
    for (const button of this.buttons) button.disabled = !on;
  }

  paint() {}
}
