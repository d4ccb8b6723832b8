// Play button and slider of a recorded run. The slider stops at the recorded epochs.
import { ICONS, Slider, enable, onPress, setText } from "../controls.js";

const BAR = `
<div class="rnnviz-bar rnnviz-time">
  <button class="main" title="Play or pause (space)"><i></i><span></span> <kbd>Space</kbd></button>
  <button data-by="-1" title="What is recorded before (←)" aria-label="What is recorded before">‹</button>
  <div class="rnnviz-slider" data-slider="scrubber">
    <div class="track"><input type="range" min="0" step="1" /><div class="bands"></div></div>
    <output></output>
  </div>
  <button data-by="1" title="What is recorded next (→)" aria-label="What is recorded next">›</button>
</div>`;

export class ReplayBar {
  // `unit` names a position of the slider: epoch or step.
  constructor(node, stage, { epochs, unit }) {
    Object.assign(this, { node, stage, epochs, unit });
    node.innerHTML = BAR;
    node.querySelector("input").ariaLabel = `${unit[0].toUpperCase()}${unit.slice(1)} shown`;
    [this.main, this.back, this.on] = node.querySelectorAll("button");
    onPress(this.main, () => stage.send({ do: "play" }));
    for (const button of [this.back, this.on])
      onPress(button, () => stage.send({ do: "step", by: Number(button.dataset.by) }));
    this.scrubber = new Slider(node.querySelector(".rnnviz-slider"), stage, (epoch) => stage.send({ do: "seek", epoch }));
    node.querySelector(".track").append(...marksOf(epochs));
  }

  get held() {
    return this.scrubber.held;
  }

  update({ running, epoch, last }) {
    const look = running ? "pause" : "play";
    if (this.look !== look) this.main.querySelector("i").innerHTML = ICONS[look];
    this.look = look;
    setText(this.main.querySelector("span"), running ? "Pause" : "Play");
    this.scrubber.show({ last, shown: epoch, text: `${this.unit} ${epoch}`, bands: [] });
    enable(this.back, epoch > this.epochs[0]);
    enable(this.on, epoch < last);
  }
}

// A mark below the slider for each recorded epoch, unless all are.
function* marksOf(epochs) {
  const last = epochs.at(-1);
  if (epochs.length > last) return;
  const marks = Object.assign(document.createElement("div"), { className: "replay-marks" });
  for (const epoch of epochs) {
    const mark = document.createElement("i");
    mark.style.left = `${(100 * epoch) / last}%`;
    marks.append(mark);
  }
  yield marks;
}
