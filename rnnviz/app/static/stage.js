// The stage: pictures, texts and controls, drawn from the frames of a source. It knows no host and
// no page: hosts mount what they lay out, by its key; a frame brings what is to be seen there.
import { Plot } from "./plot.js";

// How long an animation frame goes on to draw pictures while the run goes on.
const BUDGET_MS = 9;

export class Stage {
  constructor() {
    this.plots = new Map(); // key -> the picture that is mounted there
    this.mounted = new Set(); // keys that the server has yet to hear of
    this.waiting = new Set(); // keys that have something new to draw
    this.texts = new Map(); // key -> { node, html }
    this.controls = new Set(); // each has `write(header, heard)`
    this.seq = this.acked = 0; // of the frame that came last, and of the one that was answered
    document.addEventListener("visibilitychange", () => this.watch());
  }

  // Whether a hand is on a slider.
  get held() {
    return [...this.controls].some(({ node, held }) => node.isConnected && held);
  }

  // Begin to show what this source says; `told` hears each frame's header, and of the wire's state.
  connect(source, told) {
    Object.assign(this, { source, told });
    source.listen(this);
  }

  // Of a source

  status(what) {
    this.told.status(what);
  }

  welcomed(welcome) {
    this.seq = this.acked = 0;
    this.watch();
    this.told.welcomed(welcome);
  }

  frame(header) {
    [this.header, this.seq] = [header, header.seq];
    for (const [key, news] of Object.entries(header.pictures))
      if (this.plots.get(key)?.drawing.take(news)) this.waiting.add(key);
    for (const [key, html] of Object.entries(header.texts)) this.write(key, html);
    document.body.toggleAttribute("data-playing", header.running);
    for (const control of this.controls) this.tell(control);
    this.schedule();
    this.told.frame(header);
  }

  // What the reader does

  send(command) {
    if (!this.source) return 0;
    // The answer need not wait until what is here is drawn: it will be overtaken.
    this.answer();
    return this.source.send(command);
  }

  // Pictures

  mount(key, parts, what) {
    let plot = this.plots.get(key);
    if (plot?.node !== parts.node) {
      plot?.leave();
      // What has come for the node before isn't what this one draws.
      this.waiting.delete(key);
      const clicked = (on, event) => this.send({ do: "click", on, ...event });
      plot = new Plot(key, parts, { clicked, seen: () => this.watch() });
      this.plots.set(key, plot);
      this.mounted.add(key);
    }
    plot.explain(what);
    return plot;
  }

  unmount(plot) {
    plot.leave();
    if (this.plots.get(plot.key) !== plot) return;
    this.plots.delete(plot.key);
    this.waiting.delete(plot.key);
  }

  // Tell the server which pictures are in sight: only those are computed. Of a page that is laid
  // out all of them tell at once.
  watch() {
    this.watching ??= setTimeout(() => this.tellSight(), 0);
  }

  tellSight() {
    this.watching = null;
    if (!this.source) return;
    const seen = ({ inSight }) => inSight && !document.hidden;
    const sight = [...this.plots.values()].filter(seen).map(({ key }) => key);
    if (this.source.watch(sight, [...this.mounted])) this.mounted.clear();
    this.schedule();
  }

  get wanted() {
    const seen = [...this.waiting].map((key) => this.plots.get(key)).filter((p) => p?.inSight);
    return seen.sort((a, b) => a.drawnAt - b.drawnAt);
  }

  // While the run goes on an animation frame draws what fits; an answer is drawn at once.
  schedule() {
    // A hidden tab has no animation frames: it draws nothing, and the run goes on.
    if (document.hidden) this.answer();
    else if (this.drawing) return;
    else if (this.header?.running) this.due ||= requestAnimationFrame(() => this.draw());
    else this.draw();
  }

  // The longest undrawn first.
  async draw() {
    cancelAnimationFrame(this.due);
    [this.due, this.drawing] = [0, true];
    const until = this.header?.running ? performance.now() + BUDGET_MS : Infinity;
    for (const plot of this.wanted) {
      this.waiting.delete(plot.key);
      // One that can't be drawn keeps no other from it.
      await plot.draw().catch((problem) => console.error(problem));
      if (performance.now() > until) break;
    }
    this.drawing = false;
    if (this.wanted.length) this.schedule();
    else this.answer();
  }

  answer() {
    if (this.acked === this.seq) return;
    this.acked = this.seq;
    this.source.drawn(this.seq);
  }

  // Texts

  mountText(key, node) {
    const text = this.texts.get(key) ?? {};
    this.texts.set(key, text);
    if (text.node === node) return;
    text.node = node;
    node.innerHTML = text.html ?? "";
  }

  // What is as it was keeps its nodes, and so what the reader has selected in it.
  write(key, html) {
    const text = this.texts.get(key) ?? {};
    this.texts.set(key, { ...text, html });
    if (text.node && text.html !== html) text.node.innerHTML = html;
  }

  // Controls

  mountControl(control) {
    this.controls.add(control);
    this.tell(control);
  }

  // A control is led only by a frame that has heard what was done last.
  tell(control) {
    if (!control.node.isConnected) this.controls.delete(control);
    else if (this.header) control.write(this.header, this.header.heard >= (control.said ?? 0));
  }
}
