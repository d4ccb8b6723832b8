// The stage: pictures, texts and controls, drawn from the frames of a source. It is independent of its
// host: the host mounts nodes by key, and frames bring the content by key.

// The drawing time per animation frame while the run plays.
const BUDGET_MS = 9;

export class Stage {
  constructor() {
    this.plots = new Map(); // key -> Picture
    this.mounted = new Set(); // keys of new plots, not yet sent to the server
    this.waiting = new Set(); // keys of plots to redraw
    this.texts = new Map(); // key -> { node, html }
    this.controls = new Set(); // each has `update(header, current)`
    this.explorer = null; // what shows charts in Plotly, where there is a server of ours
    this.pointed = {}; // the token, unit and epoch under the pointer
    this.seq = this.acked = 0; // numbers of the last frame received, and of the last one acknowledged
    this.ended = new AbortController();
    document.addEventListener("visibilitychange", () => this.watch(), { signal: this.ended.signal });
  }

  // Whether the run plays.
  get playing() {
    return Boolean(this.header?.running);
  }

  // Whether a slider is being dragged.
  get held() {
    return [...this.controls].some(({ node, held }) => node.isConnected && held);
  }

  // Show the frames of `source`. The `host` receives frame headers and changes of the connection.
  connect(source, host) {
    Object.assign(this, { source, host });
    source.listen(this);
  }

  // Draw nothing any more.
  close() {
    this.ended.abort();
    clearTimeout(this.watching);
    cancelAnimationFrame(this.due);
    for (const plot of this.plots.values()) plot.remove();
    this.plots.clear();
    this.source?.close();
    this.source = null;
  }

  // Called by the source

  status(state) {
    this.host.status(state);
  }

  welcomed(welcome) {
    this.seq = this.acked = 0;
    this.watch();
    this.host.welcomed(welcome);
  }

  frame(header) {
    const played = this.playing;
    [this.header, this.seq] = [header, header.seq];
    this.made = header.made ?? this.made;
    // What some pictures leave out while the run plays, such as their tables, is there when it rests.
    if (played && !this.playing)
      for (const [key, plot] of this.plots) if (plot.count) this.waiting.add(key);
    for (const [key, changes] of Object.entries(header.pictures))
      if (this.plots.get(key)?.drawing.apply(changes)) this.waiting.add(key);
    for (const [key, html] of Object.entries(header.texts)) this.setText(key, html);
    for (const control of this.controls) this.update(control);
    this.schedule();
    this.host.frame(header);
    this.showMarks(JSON.stringify(header.marked));
  }

  showMarks(marks) {
    if (marks === this.marks) return;
    this.marks = marks;
    for (const plot of this.plots.values()) plot.mark?.();
  }

  send(command) {
    if (!this.source) return 0;
    // Acknowledge the last frame at once, so that the answer to the command is not held back.
    this.acknowledge();
    return this.source.send(command);
  }

  // Pictures

  // `Kind` is the class of the picture.
  mount(Kind, key, parts, options) {
    let plot = this.plots.get(key);
    if (plot?.node !== parts.node) {
      plot?.remove();
      // Changes received for the old node don't apply to the new one.
      this.waiting.delete(key);
      const onClick = (on, event) => this.send({ do: "click", on, ...event });
      plot = new Kind(key, parts, { stage: this, onClick, onSight: () => this.watch() });
      this.plots.set(key, plot);
      this.mounted.add(key);
      // Some pictures are controls too.
      if (plot.update) this.controls.add(plot);
    }
    plot.configure(options);
    return plot;
  }

  unmount(plot) {
    plot.remove();
    if (this.plots.get(plot.key) !== plot) return;
    this.plots.delete(plot.key);
    this.waiting.delete(plot.key);
  }

  // Mark the { token, unit, epoch, phrase } that is pointed at in one picture in all that show it.
  point(marks) {
    const same = ["token", "unit", "epoch", "phrase"].every((name) => marks[name] === this.pointed[name]);
    this.pointed = marks;
    if (same) return;
    for (const plot of this.plots.values()) plot.mark?.();
  }

  // What is pointed at, else what was clicked.
  get token() {
    return this.pointed.token ?? this.kept("token");
  }

  get unit() {
    return this.pointed.unit ?? this.kept("unit");
  }

  get epoch() {
    return this.pointed.epoch;
  }

  // The number of a sequence.
  get phrase() {
    return this.pointed.phrase;
  }

  // The unit or token that was clicked.
  kept(name) {
    return this.header?.marked[name] ?? undefined;
  }

  // A click marks a unit or a token until it is clicked again, on every page and in the link.
  keep(name, value) {
    const same = this.header.marked[name] === value;
    this.send({ do: "mark", [name]: same ? null : value });
  }

  // Tell the server which pictures are in sight, as only those are computed. One message for all
  // pictures of a page that is laid out.
  watch() {
    this.watching ??= setTimeout(() => this.sendSight(), 0);
  }

  sendSight() {
    this.watching = null;
    if (!this.source) return;
    const plots = document.hidden ? [] : [...this.plots.values()];
    const sight = plots.filter(({ inSight }) => inSight).map(({ key }) => key);
    if (this.source.watch(sight, [...this.mounted])) this.mounted.clear();
    this.schedule();
  }

  // The plots to redraw, the longest undrawn first.
  get queue() {
    const plots = [...this.waiting].map((key) => this.plots.get(key)).filter((p) => p?.inSight);
    return plots.sort((a, b) => a.drawnAt - b.drawnAt);
  }

  // While the run plays, draw within the budget of an animation frame; otherwise draw at once.
  schedule() {
    // A hidden tab has no animation frames. It draws nothing, and the run goes on.
    if (document.hidden) this.acknowledge();
    else if (this.drawing) return;
    else if (this.playing) this.due ||= requestAnimationFrame(() => this.draw());
    else this.draw();
  }

  async draw() {
    cancelAnimationFrame(this.due);
    [this.due, this.drawing] = [0, true];
    const until = this.playing ? performance.now() + BUDGET_MS : Infinity;
    for (const plot of this.queue) {
      this.waiting.delete(plot.key);
      // An error in one plot must not stop the others.
      await plot.draw().catch((problem) => console.error(problem));
      if (performance.now() > until) break;
    }
    this.drawing = false;
    if (this.queue.length) this.schedule();
    else this.acknowledge();
  }

  acknowledge() {
    if (this.acked === this.seq || !this.source) return;
    this.acked = this.seq;
    this.source.drawn(this.seq);
  }

  // Texts

  mountText(key, node) {
    const text = this.texts.get(key) ?? {};
    this.texts.set(key, text);
    if (text.node === node) return;
    text.node = node;
    node.innerHTML = text.override ?? text.html ?? "";
  }

  // Show other HTML in the place of a text, until it is null.
  override(key, html) {
    const text = this.texts.get(key) ?? {};
    this.texts.set(key, { ...text, override: html });
    if (text.node) text.node.innerHTML = html ?? text.html ?? "";
  }

  // An unchanged text keeps its nodes, and so the reader's selection.
  setText(key, html) {
    const text = this.texts.get(key) ?? {};
    this.texts.set(key, { ...text, html });
    if (text.node && text.html !== html && !text.override) text.node.innerHTML = html;
  }

  // Controls

  mountControl(control) {
    this.controls.add(control);
    this.update(control);
  }

  // Whether a control takes a key; before the first frame there is nothing to act on.
  takesKey(name, repeated) {
    return Boolean(this.header) && [...this.controls].some((c) => c.node.isConnected && c.handleKey?.(name, repeated));
  }

  // `current` is false if the frame is older than the control's last command.
  update(control) {
    if (!control.node.isConnected) this.controls.delete(control);
    else if (this.header) control.update(this.header, this.header.heard >= (control.command ?? 0));
  }
}
