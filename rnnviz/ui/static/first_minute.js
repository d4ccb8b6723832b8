// The first minute: who opens the page without a link sees the run learn in a second or two, and may then
// watch it slowly. Nothing is faked: the run is trained, and its past can be dragged through at once. A
// network that was given is shown as it is.

// Epochs per second, of SPEEDS in training/player.py.
const [FAST, USUAL, SLOW] = [300, 60, 20];
const OFFER = `<span></span> <button data-offer="watch">Watch it slowly</button>
<button data-offer="close" aria-label="Close">×</button>`;

export class FirstMinute {
  // `fresh` tells whether the page was opened without a link, and for the first time.
  constructor(stage, fresh) {
    this.stage = stage;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.state = fresh && !still ? "due" : "over";
  }

  send(command) {
    this.command = this.stage.send(command);
  }

  // Called with every frame. Whatever the reader does meanwhile ends it.
  frame(header) {
    const { last, running, heard, given } = header;
    this.withdraw();
    if (this.state === "over" || heard < this.command) return;
    if (this.state === "watched" || this.state === "back") return this.rest(header);
    const { number } = this.stage.source; // of the last command: the reader may have been faster
    if (this.state === "due") return last || running || number || given ? this.end() : this.begin();
    if (number > this.command) return this.end();
    const learned = document.querySelector(".rnnviz-story")?.dataset.chapter === "Learned";
    if (running && learned) this.send({ do: "pause" });
    if (running) return;
    this.end();
    if (learned) this.offer();
  }

  // Shown slowly, the run rests again where it rested.
  rest({ running, looking_back: back }) {
    if (back) this.state = "back";
    else if (this.state === "back" || !running) {
      this.state = "over";
      if (running) this.stage.send({ do: "pause" });
      this.stage.send({ do: "speed", epochs: USUAL });
    }
  }

  begin() {
    this.state = "on";
    this.send({ do: "speed", epochs: FAST });
    this.send({ do: "play" });
  }

  end() {
    if (this.state === "on") this.stage.send({ do: "speed", epochs: USUAL });
    this.state = "over";
  }

  // Whoever goes on in another way, to another page or with another run, needs no offer.
  withdraw() {
    const { offered, page, stage: { source, header } } = this;
    const moved = source.number > this.command || location.pathname !== page || header.edition !== this.edition;
    const other = moved || header.last < this.last;
    if (offered && other) {
      offered.remove();
      this.offered = null;
    }
  }

  offer() {
    const curves = this.stage.plots.get("curves");
    // This frame's curves may not be drawn yet.
    const { chapters } = curves?.run ? curves.drawing.figure().layout.meta : { chapters: [] };
    const [, epoch] = chapters.find(([name]) => name === "Learned") ?? [];
    const node = Object.assign(document.createElement("div"), { className: "rnnviz-note rnnviz-offer" });
    node.innerHTML = OFFER;
    node.setAttribute("role", "status");
    node.querySelector("span").textContent = epoch ? `It learned this in ${epoch} epochs.` : "It has learned this.";
    node.addEventListener("click", ({ target }) => {
      if (target.dataset.offer === "watch") this.watch();
      if (target.dataset.offer) node.remove();
    });
    document.body.append(node);
    Object.assign(this, { offered: node, page: location.pathname, command: this.stage.source.number });
    const { edition, last } = this.stage.header;
    Object.assign(this, { edition, last });
  }

  watch() {
    this.state = "watched";
    this.send({ do: "seek", epoch: 0, settled: true });
    this.send({ do: "speed", epochs: SLOW });
    this.send({ do: "play" });
  }
}
