// A picture that draws itself on a canvas, with a tip beside the pointer. A subclass has
// `paint(context, width, height)`, which draws all of it, `told()`, the lines of the tip, and `under`, the
// { token, unit, epoch } under the pointer.
import { Picture } from "./picture.js";
import { zoomNow } from "./present.js";

export class CanvasPicture extends Picture {
  constructor(key, parts, listeners) {
    super(key, parts, listeners);
    // At the bottom it would cover an axis.
    for (const button of this.corner) button.classList.add("top");
    const make = (tag, className) => Object.assign(document.createElement(tag), { className });
    this.canvas = make("canvas", "rnnviz-canvas");
    this.tip = make("div", "rnnviz-tip");
    this.tip.hidden = true;
    this.tip.ariaLive = "polite";
    this.node.replaceChildren(this.canvas, this.tip);
    this.pointer = null; // where the pointer is, in the units of `paint`
    // A finger is nowhere before it presses.
    for (const kind of ["pointerdown", "pointermove"])
      this.canvas.addEventListener(kind, (event) => this.point(this.placeOf(event)));
    this.canvas.addEventListener("pointerleave", () => this.point(null));
  }

  // So many pixels are one unit of `paint`.
  get zoom() {
    return zoomNow();
  }

  placeOf({ offsetX, offsetY }) {
    return [offsetX / this.zoom, offsetY / this.zoom];
  }

  get role() {
    return "img";
  }

  // Only what is drawn has a label.
  async draw() {
    await super.draw();
    this.canvas.setAttribute("role", this.role);
  }

  point(pointer) {
    this.pointer = pointer;
    this.stage.point(pointer ? this.under : {});
    this.mark();
  }

  // Another token is marked in all pictures, or the pointer is elsewhere.
  mark() {
    if (this.count) this.due ||= requestAnimationFrame(() => this.repaint());
  }

  resize() {
    this.repaint();
  }

  repaint(again = false) {
    cancelAnimationFrame(this.due);
    this.due = 0;
    const { canvas, node, zoom } = this;
    // Hidden within one frame, as while JupyterLab lays out its cells, its size has not changed for an observer.
    if (!node.clientWidth) {
      if (!again) this.due = requestAnimationFrame(() => this.repaint(true));
      return;
    }
    const [width, height, ratio] = [node.clientWidth, node.clientHeight, window.devicePixelRatio || 1];
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    // Setting the size of a canvas clears it, and takes time.
    if (canvas.width !== across) canvas.width = across;
    if (canvas.height !== down) canvas.height = down;
    const context = canvas.getContext("2d");
    context.setTransform(ratio * zoom, 0, 0, ratio * zoom, 0, 0);
    context.clearRect(0, 0, width / zoom, height / zoom);
    this.paint(context, width / zoom, height / zoom);
    this.overlay?.paint();
    this.showTip(this.pointer ? this.told() : []);
  }

  // Its size in the units of `paint`.
  get size() {
    return [this.node.clientWidth / this.zoom, this.node.clientHeight / this.zoom];
  }

  // Paint it elsewhere as it is here, but without what the pointer is at. The context is `alone`: what stands in boxes
  // over this canvas is painted there.
  paintOn(context) {
    context.alone = true;
    const { pointer } = this;
    this.pointer = null;
    this.paint(context, ...this.size);
    this.pointer = pointer;
    this.repaint();
  }

  showTip(lines) {
    this.tip.hidden = !lines.length;
    if (!lines.length) return;
    const line = (textContent) => Object.assign(document.createElement("div"), { textContent });
    this.tip.replaceChildren(...lines.map(line));
    const { node, tip, zoom } = this;
    const [x, y] = this.pointer.map((place) => place * zoom);
    const left = Math.min(x + 14, node.clientWidth - tip.offsetWidth);
    const top = Math.min(y + 16, node.clientHeight - tip.offsetHeight);
    Object.assign(tip.style, { left: `${Math.max(0, left)}px`, top: `${Math.max(0, top)}px` });
  }

  remove() {
    super.remove();
    cancelAnimationFrame(this.due);
  }
}
