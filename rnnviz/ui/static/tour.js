// A tour of the picture of the network: four places, each with a sentence. Esc leaves it.

const PLACES = [
  { say: ({ noun }) => `The ${noun}s come in from the left. After each one the network has a state: a strip, one cell per unit, red above zero and blue below.`,
    at: ({ edge, state }) => [edge(0), 0, edge(1), state.y + state.height] },
  { say: ({ noun }) => `The state is handed on to the next ${noun}, by the same weights each time: that is its memory. The wider the channel, the larger is the memory's share of the new state.`,
    at: ({ x, edge, state }) => [x(0), state.y, edge(2), state.y + state.height] },
  { say: ({ noun }) => `This is what it would answer after each ${noun}. At first it guesses.`,
    at: ({ left, end, answer }) => [left, answer.y, end, answer.y + answer.height] },
  { say: ({ noun }) => `To learn, the error goes back from the last ${noun} to the first: backpropagation through time. Purple is how much of it comes back.`,
    at: ({ left, end, gradient }) => [left, gradient.y, end, gradient.y + gradient.height] },
];
// Between a place and what is said of it, in pixels.
const GAP = 12;

export class Tour {
  // `picture` is that of the network; `done()` is called when the tour ends.
  constructor(picture, done) {
    Object.assign(this, { picture, done, step: 0, before: document.activeElement });
    this.spot = Object.assign(document.createElement("div"), { className: "rnnviz-spot" });
    this.card = Object.assign(document.createElement("div"), { className: "rnnviz-tour-card", role: "dialog", ariaLabel: "What is seen" });
    this.card.innerHTML = '<p aria-live="polite"></p><small></small><button class="next"></button><button class="leave">Close</button>';
    this.card.querySelector(".next").onclick = () => this.go(1);
    this.card.querySelector(".leave").onclick = () => this.end();
    this.card.onkeydown = (event) => this.key(event);
    this.place = () => this.show();
    addEventListener("resize", this.place);
    document.body.append(this.spot, this.card);
    this.show();
    this.card.querySelector(".next").focus();
  }

  key(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by) this.go(by);
    else if (event.key === "Escape") this.end();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  go(by) {
    this.step = Math.max(0, this.step + by);
    this.step < PLACES.length ? this.show() : this.end();
  }

  show() {
    const { picture: { node, layout, network, zoom }, card, spot, step } = this;
    if (!node.isConnected) return this.end();
    const { x, y } = node.getBoundingClientRect();
    const [left, top, right, bottom] = PLACES[step].at(layout).map((place, k) => place * zoom + [x, y][k % 2]);
    Object.assign(spot.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
    card.querySelector("p").textContent = PLACES[step].say(network);
    card.querySelector("small").textContent = `${step + 1} of ${PLACES.length}`;
    card.querySelector(".next").textContent = step + 1 < PLACES.length ? "Next" : "Done";
    const { width, height } = card.getBoundingClientRect();
    // Beside a column, or above or below a row.
    const beside = right + GAP + width < innerWidth && right - left < innerWidth / 3;
    const [cx, cy] = beside ? [right + GAP, top] : [left, top - height - GAP];
    Object.assign(card.style, {
      left: `${Math.max(GAP, Math.min(cx, innerWidth - width - GAP))}px`,
      top: `${Math.max(GAP, Math.min(cy, innerHeight - height - GAP))}px`,
    });
  }

  end() {
    removeEventListener("resize", this.place);
    this.spot.remove();
    this.card.remove();
    this.before?.focus?.();
    this.done();
  }
}
