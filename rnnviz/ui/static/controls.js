// Controls: the bar with its slider of epochs, the moments of a step, steppers, the phrase box.
//
// `command` is the number of the last command that a control has sent. A frame whose `heard` is lower
// is older than that command.

import { openBeside } from "./popover.js";

export const ICONS = {
  play: '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 2.5v11l9-5.5z"/></svg>',
  pause: '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 3h3v10H4zM9 3h3v10H9z"/></svg>',
};
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function enable(button, enabled) {
  if (button.disabled === enabled) button.disabled = !enabled;
}

// After a click with the pointer the button loses the focus, so keys go to the page again.
export function onPress(button, act) {
  button.addEventListener("click", (event) => {
    act();
    if (event.detail) button.blur();
  });
}

// Which buttons a press enables or disables at once, before the server answers.
const NEXT = {
  play: { play: false, pause: true },
  pause: { play: true, pause: false },
};

const BAR = `
<div class="rnnviz-bar">
  <button class="main" data-do="play" title="Continue the run (space)">${ICONS.play}Play <kbd>Space</kbd></button>
  <button class="main" data-do="pause" title="Pause the run at the epoch shown (space)" hidden>${ICONS.pause}Pause <kbd>Space</kbd></button>
  <button data-do="step" data-what="epoch" title="Go on to the end of the epoch (E)"><span><i>Step</i> epoch</span> <kbd>E</kbd></button>
  <button data-do="step" data-what="phrase" title="Take one step of the optimizer (P)"><span><i>Step</i> <b></b></span> <kbd>P</kbd></button>
  <button data-do="reset" title="Epoch 0, same initial weights (0)">Reset <kbd>0</kbd></button>
  <button data-do="seed" title="Other initial weights, another order of the examples (N)"><span><i>New</i> seed</span> <kbd>N</kbd></button>
  <button data-do="menu" title="Compare with another network, or end it (C)">Compare <kbd>C</kbd></button><div class="rnnviz-compare" popover></div>
  <label class="pace"><span>Speed</span> <input type="range" min="0" step="1" aria-label="Speed" /> <output></output></label>
</div>`;

export class Bar {
  constructor(node, stage, { speeds, compares }) {
    Object.assign(this, { node, stage, speeds });
    node.innerHTML = BAR;
    const find = (selector) => node.querySelector(selector);
    const buttons = [...node.querySelectorAll("button")];
    this.buttons = Object.fromEntries(buttons.map((b) => [b.dataset.what ?? b.dataset.do, b]));
    const { menu } = this.buttons;
    for (const button of buttons) if (button !== menu) onPress(button, () => this.act(button));
    // A notebook shows one network. On the page the key of a new seed has no button.
    [menu.hidden, this.buttons.seed.hidden] = [!compares, Boolean(compares)];
    const list = find(".rnnviz-compare");
    openBeside(menu, list);
    stage.mountText("compare", list);
    this.speed = find(".pace input");
    this.speed.max = speeds.length - 1;
    this.pace = find(".pace output");
    this.speed.addEventListener("input", () => {
      this.command = stage.send({ do: "speed", epochs: speeds[this.speed.value] });
      this.showPace(speeds[this.speed.value]);
    });
  }

  act({ dataset }) {
    this.command = this.stage.send({ ...dataset });
    this.enableButtons(NEXT[dataset.do] ?? {});
  }

  enableButtons(enabled) {
    for (const [name, on] of Object.entries(enabled)) enable(this.buttons[name], on);
    // Play and Pause share a place; the focus stays there.
    const { play, pause } = this.buttons;
    const [shown, other] = pause.disabled ? [play, pause] : [pause, play];
    if (other.hidden) return;
    const focused = other.matches(":focus");
    [shown.hidden, other.hidden] = [false, true];
    if (focused) shown.focus();
  }

  // Handle Space, E, P, 0, N and C, and return whether the key was one of them. The repeats of a key
  // that is held down wait for the answer.
  handleKey(name, repeated) {
    const { play, pause, epoch, phrase, reset, seed, menu } = this.buttons;
    if (name === "c" && !menu.hidden && !repeated) {
      menu.click();
      return true;
    }
    const toggle = play.disabled ? pause : play;
    const button = { " ": toggle, e: epoch, p: phrase, 0: reset, n: seed }[name];
    const waits = repeated && this.stage.header.heard < this.command;
    if (button && !button.disabled && !waits) this.act(button);
    return Boolean(button);
  }

  update(header, current) {
    const { running, over, sequence, recorded, looking_back: back } = header;
    Object.assign(this, { sequence, recorded });
    this.buttons.menu.setAttribute("aria-pressed", header.pair);
    setText(this.buttons.phrase.querySelector("b"), sequence);
    if (recorded) this.offerSnapshots();
    if (!current) return;
    const [play, step] = [!running && !over, recorded ? back : !over];
    this.enableButtons({ play, pause: running, epoch: step, phrase: step && !recorded });
    this.speed.value = this.speeds.indexOf(header.speed);
    this.showPace(header.speed);
  }

  // A recording has snapshots to walk over, and nothing to train.
  offerSnapshots() {
    const { epoch, phrase, reset, seed, menu } = this.buttons;
    for (const button of [phrase, reset, seed, menu]) button.hidden = button.disabled = true;
    setText(epoch.querySelector("span"), "Next snapshot");
    epoch.title = "Go on to the next snapshot (E)";
  }

  showPace(speed) {
    const slow = this.recorded ? "snapshot" : this.sequence;
    const unit = `${this.recorded ? "snapshot" : "epoch"}${speed > 1 ? "s" : ""}`;
    const shown = speed ? `${speed} ${unit}/s` : `${slow} by ${slow}`;
    if (this.pace.textContent === shown) return;
    // In a narrow window the style sheet hides the unit.
    this.pace.textContent = shown;
    if (speed) this.pace.innerHTML = `${speed} <i>${unit}</i>/s`;
    this.speed.setAttribute("aria-valuetext", this.pace.textContent);
  }
}

const TIME = `
<div class="rnnviz-bar rnnviz-time">
  <div class="rnnviz-slider" data-slider="scrubber">
    <div class="track"><input type="range" min="0" step="1" aria-label="Epoch shown" /><div class="bands"></div><i class="pinned" hidden></i></div>
    <output></output>
  </div>
  <button data-do="pin" class="pin" aria-label="Compare with this epoch"></button>
  <button data-do="now" title="Show the latest epoch of the run again (B)"><span><i>Back to</i> now</span> <kbd>B</kbd></button>
  <button data-do="branch" title="Continue from this epoch with the settings of the sidebar; the old run stays as a faint dotted curve"><span>Branch <i>here</i></span></button>
</div>`;

// The slider of epochs, and the buttons for a run that is shown at an earlier epoch.
export class Time {
  constructor(node, stage) {
    Object.assign(this, { node, stage });
    node.innerHTML = TIME;
    this.buttons = [...node.querySelectorAll("[data-do=now], [data-do=branch]")];
    for (const button of this.buttons) onPress(button, () => this.act(button));
    const seek = (epoch, settled) => {
      this.enable(true);
      return (this.command = stage.send({ do: "seek", epoch, settled }));
    };
    this.scrubber = new Slider(node.querySelector(".rnnviz-slider"), stage, seek);
    [this.pin, this.mark] = [".pin", ".pinned"].map((name) => node.querySelector(name));
    onPress(this.pin, () => stage.send({ do: "pin" }));
  }

  get held() {
    return this.scrubber.held;
  }

  act({ dataset }) {
    this.command = this.stage.send({ ...dataset });
    this.enable(false);
  }

  enable(enabled) {
    for (const button of this.buttons) enable(button, enabled);
  }

  handleKey(name, repeated) {
    const [now] = this.buttons;
    if (name === "b" && !now.disabled) this.act(now);
    if (name === "m" && !repeated && !this.pin.hidden) this.stage.send({ do: "pin" });
    return name === "b" || name === "m";
  }

  // The epoch that what is shown is compared with: a mark on the slider, and the same in the button.
  showPinned({ pinned = null, last, unit, pair }) {
    // Two networks are compared with each other.
    this.pin.hidden = pair;
    const on = pinned !== null;
    this.mark.hidden = !on;
    this.mark.style.setProperty("--at", last ? pinned / last : 0);
    setText(this.pin, on ? "◆" : "◇");
    this.pin.setAttribute("aria-pressed", on);
    this.pin.setAttribute("aria-label", `Compare with this ${unit}`);
    this.pin.title = on ? `What is faint is ${unit} ${pinned}. Press to end it (M)` : `Compare with this ${unit}: it stays faint (M)`;
  }

  update(header, current) {
    const { looking_back: back, epoch, last, progress, unit, recorded } = header;
    this.showPinned(header);
    const [now, branch] = this.buttons;
    branch.hidden = recorded;
    now.title = `Show the latest ${unit} of the run again (B)`;
    this.scrubber.input.setAttribute("aria-label", `${unit[0].toUpperCase()}${unit.slice(1)} shown`);
    this.scrubber.show({ last, shown: epoch, text: back ? `${unit} ${progress}` : "now", bands: [] });
    if (current) this.enable(back);
  }
}

const MOVING = /^(Arrow|Page|Home|End)/;

// A slider. `send(value, settled)` is called while it is dragged and when it is released.
export class Slider {
  constructor(node, stage, send) {
    Object.assign(this, { node, stage, send });
    const find = (selector) => node.querySelector(selector);
    [this.input, this.output, this.bands] = [find("input"), find("output"), find(".bands")];
    this.input.addEventListener("input", () => this.move(true));
    // A drag that ends where it began has no "change" event.
    for (const end of ["change", "pointerup", "pointercancel", "blur"])
      this.input.addEventListener(end, () => this.held && this.move(false));
    // While the slider has the focus it keeps the arrow keys. After a drag they go to the page.
    this.input.addEventListener("keydown", (e) => MOVING.test(e.key) && e.stopPropagation());
    this.input.addEventListener("pointerup", () => this.input.blur());
  }

  move(held) {
    this.held = held;
    this.command = this.send(Number(this.input.value), !held);
  }

  show({ last, shown, text, bands }) {
    // Don't move a slider that is being dragged, nor by a frame older than its last command.
    if (!this.held && this.stage.header.heard >= (this.command ?? 0)) {
      this.input.max = last;
      this.input.value = shown;
    }
    this.input.disabled = last === 0;
    this.input.setAttribute("aria-valuetext", text);
    setText(this.output, text);
    drawBands(this.bands, last, bands);
  }
}

// The named sections of a slider, each as wide as its number of stops.
function drawBands(node, last, bands) {
  const drawn = JSON.stringify(bands);
  if (node.look === drawn) return;
  node.look = drawn;
  node.parentElement.style.setProperty("--stops", bands.length ? last + 1 : 0);
  node.replaceChildren(
    ...bands.map(([name, width]) => {
      const band = Object.assign(document.createElement("span"), { className: name, title: name });
      // A narrow band shows no name.
      if (width > 0.04 * (last + 1)) band.textContent = name;
      band.style.flexGrow = width;
      return band;
    }),
  );
}

const MOMENT_KEYS = {
  Home: "first", "Shift+ArrowLeft": "phaseBack", ArrowLeft: "back",
  ArrowRight: "on", "Shift+ArrowRight": "phaseOn", End: "last",
};
const WALK_MS = 1500;
const MOMENTS = `
<div class="rnnviz-bar rnnviz-moments">
  <button data-move="back" title="The moment before (←)" aria-label="The moment before">‹</button>
  <div class="names" role="group"></div>
  <div class="rnnviz-slider" hidden>
    <div class="track"><input type="range" min="0" step="1" /><div class="bands"></div></div><output></output>
  </div>
  <button data-move="on" title="The next moment (→)" aria-label="The next moment">›</button>
  <button data-do="walk" class="main" title="Go through the moments one by one (W)"><i>${ICONS.play}</i><span>Walk</span> <kbd>W</kbd></button>
</div>`;

// The moments of a step, a button each; of many a slider. *Walk* goes through them.
export class Moments {
  constructor(node, stage, { key, label }) {
    Object.assign(this, { node, stage, name: key });
    node.innerHTML = MOMENTS;
    const find = (selector) => node.querySelector(selector);
    [this.names, this.walking] = [find(".names"), find("[data-do=walk]")];
    this.names.setAttribute("aria-label", label);
    this.buttons = [...node.querySelectorAll("[data-move]")];
    for (const button of this.buttons) onPress(button, () => this.act(button.dataset.move));
    onPress(this.walking, () => this.walk(!this.timer));
    const box = find(".rnnviz-slider");
    box.dataset.slider = key;
    box.querySelector("input").setAttribute("aria-label", label);
    this.slider = new Slider(box, stage, (value, settled) => this.go(value, settled));
    // After a press the keys go to the page again.
    this.names.addEventListener("click", ({ target, detail }) => {
      const at = [...this.names.children].indexOf(target.closest("button"));
      if (at < 0) return;
      this.go(at, true);
      if (detail) target.blur();
    });
  }

  get held() {
    return this.slider.held;
  }

  go(value, settled) {
    this.walk(false);
    return this.stage.send({ do: "select", on: this.name, value, settled });
  }

  act(move) {
    this.walk(false);
    this.stage.send({ do: "select", on: this.name, move });
  }

  // From the end it begins again. Before the first frame there are no moments.
  walk(on) {
    if (!this.state) return;
    clearInterval(this.timer);
    this.timer = on && setInterval(() => this.next(), WALK_MS);
    setText(this.walking.querySelector("span"), on ? "Stop" : "Walk");
    this.walking.querySelector("i").innerHTML = on ? ICONS.pause : ICONS.play;
    if (on) this.next();
  }

  next() {
    const { shown, last } = this.state;
    const ended = shown === last;
    if (!this.node.isConnected || (ended && this.begun)) {
      this.begun = false;
      return this.walk(false);
    }
    this.begun = true;
    this.stage.send({ do: "select", on: this.name, move: ended ? "first" : "on" });
  }

  handleKey(name) {
    if (name === "w") this.walk(!this.timer);
    const move = MOMENT_KEYS[name];
    if (move) this.act(move);
    return Boolean(move) || name === "w";
  }

  update({ sliders }) {
    const state = sliders[this.name];
    if (!state) return;
    this.state = state;
    const { names, shown, last } = state;
    [this.names.hidden, this.slider.node.hidden] = [!names.length, Boolean(names.length)];
    if (!names.length) this.slider.show(state);
    this.showNames(state);
    const [back, on] = this.buttons;
    enable(back, shown > 0);
    enable(on, shown < last);
  }

  showNames({ names, bands, shown }) {
    const look = JSON.stringify([names, bands]);
    if (look !== this.look) {
      this.look = look;
      this.names.classList.toggle("many", names.length > 14);
      const phases = bands.flatMap(([phase, count]) => Array(count).fill(phase));
      this.names.replaceChildren(...names.map((textContent, k) => Object.assign(
        document.createElement("button"), { textContent, className: phases[k], title: `${phases[k]}: ${textContent}` })));
    }
    [...this.names.children].forEach((button, k) => {
      button.toggleAttribute("data-done", k < shown);
      if (k === shown) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    });
    // In a narrow window the names scroll.
    const { names: box } = this, { offsetLeft, offsetWidth } = this.names.children[shown] ?? box;
    box.scrollLeft = offsetLeft - box.offsetLeft - (box.clientWidth - offsetWidth) / 2;
  }
}

const ARROWS = { ArrowLeft: "←", ArrowRight: "→" };
const BOX = `<label class="rnnviz-field"><small></small><input type="number" min="0" /></label>`;

// A number, 0..last, in an optional box, and buttons that change it.
export class Stepper {
  constructor(node, stage, { key, label, steps }) {
    Object.assign(this, { node, stage, name: key });
    const buttons = steps.map(() => "<button><span></span> <kbd></kbd></button>");
    node.innerHTML = `<div class="rnnviz-bar">${label ? BOX : ""}${buttons.join("")}</div>`;
    this.input = node.querySelector("input");
    this.buttons = [...node.querySelectorAll("button")];
    this.buttons.forEach((button, i) => onPress(button, () => this.step(this.steps[i])));
    this.input?.addEventListener("input", () => this.type());
    this.input?.addEventListener("keydown", (e) => e.key === "Enter" && this.input.reportValidity());
    this.input?.addEventListener("blur", () => this.leave());
  }

  // Called in every run of Streamlit's script.
  configure({ label, steps, wraps, disabled, help }) {
    Object.assign(this, { steps, wraps, disabled });
    this.buttons.forEach((button, i) => {
      setText(button.querySelector("span"), steps[i].text);
      setText(button.querySelector("kbd"), ARROWS[steps[i].key] ?? steps[i].key);
      button.title = help;
    });
    if (!this.input) return;
    this.label = label;
    this.input.setAttribute("aria-label", label);
    if (!this.invalid) this.caption("");
  }

  // The label above the box, with the valid range after invalid input.
  caption(range) {
    setText(this.node.querySelector("small"), this.label + range);
  }

  step({ by }) {
    this.command = this.stage.send({ do: "select", on: this.name, by });
  }

  // Invalid input stays as it is typed and is not sent.
  type() {
    const { value, validity, max } = this.input;
    this.invalid = !value || !validity.valid;
    this.caption(validity.valid ? "" : `: 0 to ${max}`);
    if (this.invalid) return;
    this.command = this.stage.send({ do: "select", on: this.name, value: Number(value) });
  }

  leave() {
    this.invalid = false;
    this.caption("");
    this.stage.update(this);
  }

  handleKey(name, repeated) {
    const i = this.steps.findIndex(({ key }) => key.toLowerCase() === name.toLowerCase());
    if (i < 0) return false;
    const waits = repeated && this.stage.header.heard < this.command;
    if (!this.buttons[i].disabled && !waits) this.step(this.steps[i]);
    return true;
  }

  update({ sliders }, current) {
    const state = sliders[this.name];
    if (!state || !current) return;
    const { shown, last } = state;
    if (this.input) this.input.max = last;
    if (this.input && !this.invalid) this.input.value = shown;
    this.buttons.forEach((button, i) => {
      const target = shown + this.steps[i].by;
      enable(button, !this.disabled && (this.wraps ? last > 0 : target >= 0 && target <= last));
    });
  }
}

// Names side by side, of which one is chosen.
export class Chips {
  constructor(node, stage, { key, label }) {
    Object.assign(this, { node, stage, name: key });
    node.innerHTML = `<div class="rnnviz-field"><small></small><div class="rnnviz-chips" role="group"></div></div>`;
    setText(node.querySelector("small"), label);
    this.names = node.querySelector(".rnnviz-chips");
    this.names.setAttribute("aria-label", label);
    this.names.addEventListener("click", ({ target }) => {
      const at = [...this.names.children].indexOf(target.closest("button"));
      if (at >= 0) this.stage.send({ do: "select", on: this.name, value: at });
    });
  }

  update({ sliders }) {
    const state = sliders[this.name];
    if (!state) return;
    const look = JSON.stringify(state.names);
    if (look !== this.look)
      this.names.replaceChildren(...state.names.map((textContent) => Object.assign(document.createElement("button"), { textContent })));
    this.look = look;
    [...this.names.children].forEach((button, k) => button.setAttribute("aria-pressed", k === state.shown));
  }
}

// The box in which the reader types a phrase; every letter is sent.
export class Phrase {
  constructor(node, stage) {
    Object.assign(this, { node, stage });
    node.innerHTML = `<label class="rnnviz-field rnnviz-phrase inline"><small></small>
      <input type="text" spellcheck="false" autocomplete="off" /></label>`;
    [this.label, this.input] = [node.querySelector("small"), node.querySelector("input")];
    this.input.addEventListener("input", () => {
      this.command = stage.send({ do: "phrase", text: this.input.value });
    });
  }

  configure({ label, placeholder, disabled, help, most }) {
    setText(this.label, label);
    Object.assign(this.input, { placeholder, disabled, title: help, maxLength: most });
    this.input.setAttribute("aria-label", label);
  }

  // Another phrase may be chosen elsewhere on the page. Where nothing can be typed, the frame says what is read.
  update({ typed, sliders }, current) {
    const shown = (this.input.disabled && sliders.phrase?.text) || typed;
    if (current && this.input.value !== shown) this.input.value = shown;
  }
}
