// The first minute: who opens the page without a link sees the run learn in a second or two, and may then
// watch it slowly. Nothing is faked: the run is trained, and its past can be dragged through at once.

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
  frame({ progress, last, running, heard }) {
    if (this.state === "over") return;
    if (this.state === "due") return last || running ? this.end() : this.begin();
    if (this.stage.source.number > this.command) return this.end();
    if (heard < this.command) return;
    const learned = document.querySelector(".rnnviz-story")?.dataset.chapter === "Learned";
    if (running && learned) this.send({ do: "pause" });
    if (running) return;
    this.end();
    // It may rest within an epoch: "404 + 12/58".
    if (learned) this.offer(parseInt(progress));
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

  offer(epoch) {
    const node = Object.assign(document.createElement("div"), { className: "rnnviz-note rnnviz-offer" });
    node.innerHTML = OFFER;
    node.setAttribute("role", "status");
    node.querySelector("span").textContent = `It learned this in ${epoch} epochs.`;
    node.addEventListener("click", ({ target }) => {
      if (target.dataset.offer === "watch") this.watch();
      if (target.dataset.offer) node.remove();
    });
    document.body.append(node);
  }

  watch() {
    this.stage.send({ do: "seek", epoch: 0, settled: true });
    this.stage.send({ do: "speed", epochs: SLOW });
    this.stage.send({ do: "play" });
  }
}
