// Who opens the page for the first time is told what is seen, and sees the run learn.
import { Tour } from "./tour.js";

// How long nothing else must be pressed before the run begins by itself.
const WAIT_MS = 3000;
const WELCOMED = "rnnviz-welcomed";

export class Welcome {
  constructor(stage) {
    this.stage = stage;
  }

  // Called when the page is there, unless a link was opened.
  begin() {
    if (known()) return this.learn();
    this.stage.send({ do: "welcome" });
    this.number = this.stage.source.number;
    this.wait();
  }

  wait() {
    this.timer = setTimeout(() => {
      // Who points at the offer has time.
      if (document.querySelector(".rnnviz-message:is(:hover, :focus-within)")) this.wait();
      else if (this.stage.source.number === this.number) this.learn();
    }, WAIT_MS);
  }

  learn() {
    this.stage.send({ do: "show_learning" });
  }

  // The places of the network, one by one; then, if that was offered, it learns.
  tour() {
    const picture = this.stage.plots.get("network");
    if (!picture?.layout || this.touring) return;
    clearTimeout(this.timer);
    this.touring = new Tour(picture, () => {
      this.touring = null;
      if (this.stage.source.number === this.number) this.learn();
    });
  }
}

// Whether this browser has been here; one that keeps nothing is not told again and again.
function known() {
  try {
    const before = localStorage.getItem(WELCOMED);
    localStorage.setItem(WELCOMED, "1");
    return Boolean(before);
  } catch {
    return true;
  }
}
