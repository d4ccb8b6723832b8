// What the reader moves: the bar with the time machine, sliders, steppers, the phrase.

const paced = (speed, sequence) =>
  speed ? `${speed} epoch${speed > 1 ? "s" : ""}/s` : `${sequence} by ${sequence}`;

const ICONS = {
  play: '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 2.5v11l9-5.5z"/></svg>',
  pause: '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 3h3v10H4zM9 3h3v10H9z"/></svg>',
};
const MOVES = {
  first: ["First", "M3 3h2v10H3zM13 3v10L6 8z"],
  phaseBack: ["Phase", "M8 3v10L2 8zM14 3v10L8 8z"],
  back: ["Moment", "M11 3v10L4 8z"],
  on: ["Moment", "M5 3v10l7-5z"],
  phaseOn: ["Phase", "M2 3v10l6-5zM8 3v10l6-5z"],
  last: ["Last", "M3 3v10l7-5zM11 3h2v10h-2z"],
};

function set(node, what) {
  if (node.textContent !== what) node.textContent = what;
}

function allow(button, allowed) {
  if (button.disabled === allowed) button.disabled = !allowed;
}

// A press with the pointer leaves the focus to the page, and so the keys.
function press(button, act) {
  button.addEventListener("click", (event) => {
    act();
    if (event.detail) button.blur();
  });
}

// What a press changes at once.
const LEADS = {
  play: { play: false, pause: true },
  pause: { play: true, pause: false },
  now: { now: false, branch: false },
  branch: { now: false, branch: false },
};

const BAR = `
<div class="rnnviz-bar">
  <button class="main" data-do="play" title="Let the run go on (space)">${ICONS.play}Play <kbd>Space</kbd></button>
  <button data-do="pause" title="Hold it at the picture that you see (space)">${ICONS.pause}Pause <kbd></kbd></button>
  <button data-do="step" data-what="epoch" title="Read every training example once (E)">Step epoch <kbd>E</kbd></button>
  <button data-do="step" data-what="phrase" title="Take one step of the optimizer (P)"><span></span> <kbd>P</kbd></button>
  <button data-do="reset" title="Epoch 0, same initial weights (0)">Reset <kbd>0</kbd></button>
  <button data-do="seed" title="Other initial weights, another order of the examples (N)">New seed <kbd>N</kbd></button>
  <label class="pace">Speed <input type="range" min="0" step="1" /> <output></output></label>
</div>
<div class="rnnviz-bar rnnviz-time">
  <div class="rnnviz-slider" data-slider="scrubber">
    <div class="track"><input type="range" min="0" step="1" aria-label="Epoch shown" /><div class="bands"></div></div>
    <output></output>
  </div>
  <button data-do="now" title="Look at the present of the run again (B)">Back to now <kbd>B</kbd></button>
  <button data-do="branch" title="Make this epoch the present, with the settings of the sidebar from here on; the run as it went on stays as a faint dotted curve">Branch here</button>
</div>`;

export class Bar {
  constructor(node, stage, { speeds }) {
    Object.assign(this, { node, stage, speeds });
    node.innerHTML = BAR;
    const find = (what) => node.querySelector(what);
    this.buttons = Object.fromEntries(
      [...node.querySelectorAll("button")].map((b) => [b.dataset.what ?? b.dataset.do, b]),
    );
    for (const button of Object.values(this.buttons)) press(button, () => this.act(button));
    this.speed = find(".pace input");
    this.speed.max = speeds.length - 1;
    this.pace = find(".pace output");
    this.speed.addEventListener("input", () => {
      this.said = stage.send({ do: "speed", epochs: speeds[this.speed.value] });
      this.writePace(speeds[this.speed.value]);
    });
    const seek = (epoch, settled) => {
      this.lead({ now: true, branch: true });
      return (this.said = stage.send({ do: "seek", epoch, settled }));
    };
    this.scrubber = new Slider(find(".rnnviz-slider"), stage, seek);
  }

  get held() {
    return this.scrubber.held;
  }

  act({ dataset }) {
    this.said = this.stage.send({ ...dataset });
    // What is pressed next need not wait for the answer.
    this.lead(LEADS[dataset.do] ?? {});
  }

  // Which buttons can be pressed.
  lead(allowed) {
    for (const [name, on] of Object.entries(allowed)) allow(this.buttons[name], on);
    const { play, pause } = this.buttons;
    set(play.querySelector("kbd"), play.disabled ? "" : "Space");
    set(pause.querySelector("kbd"), pause.disabled ? "" : "Space");
  }

  // Space, E, P, 0, N and B; whether it was one of them. One that is held down waits for its answer.
  key(name, repeated) {
    const { play, pause, epoch, phrase, reset, seed, now } = this.buttons;
    const toggle = play.disabled ? pause : play;
    const button = { " ": toggle, e: epoch, p: phrase, 0: reset, n: seed, b: now }[name];
    const waits = repeated && this.stage.header.heard < this.said;
    if (button && !button.disabled && !waits) this.act(button);
    return Boolean(button);
  }

  write(header, heard) {
    const { running, over, looking_back: back, epoch, last, progress, sequence } = header;
    this.sequence = sequence;
    set(this.buttons.phrase.querySelector("span"), `Step ${sequence}`);
    this.scrubber.stand({ last, shown: epoch, text: back ? `epoch ${progress}` : "now", bands: [] });
    if (!heard) return;
    const [play, step] = [!running && !over, !over];
    this.lead({ play, pause: running, epoch: step, phrase: step, now: back, branch: back });
    this.speed.value = this.speeds.indexOf(header.speed);
    this.writePace(header.speed);
  }

  writePace(speed) {
    set(this.pace, paced(speed, this.sequence));
    this.speed.setAttribute("aria-valuetext", this.pace.textContent);
  }
}

const MOVING = /^(Arrow|Page|Home|End)/;

// A slider that tells each number it is dragged to, and when it is let go.
export class Slider {
  constructor(node, stage, moved) {
    Object.assign(this, { node, stage, moved });
    const find = (what) => node.querySelector(what);
    [this.input, this.output, this.bands] = [find("input"), find("output"), find(".bands")];
    this.input.addEventListener("input", () => this.move(true));
    // Back where it began a drag ends without a change.
    for (const end of ["change", "pointerup", "pointercancel", "blur"])
      this.input.addEventListener(end, () => this.held && this.move(false));
    // The arrow keys belong to the slider while it has the focus, and after a drag to the page.
    this.input.addEventListener("keydown", (e) => MOVING.test(e.key) && e.stopPropagation());
    this.input.addEventListener("pointerup", () => this.input.blur());
  }

  move(held) {
    this.held = held;
    this.said = this.moved(Number(this.input.value), !held);
  }

  stand({ last, shown, text, bands }) {
    // A hand on the slider is not led, nor is what it did last undone by what was before.
    if (!this.held && this.stage.header.heard >= (this.said ?? 0)) {
      this.input.max = last;
      this.input.value = shown;
    }
    this.input.disabled = last === 0;
    this.input.setAttribute("aria-valuetext", text);
    set(this.output, text);
    drawBands(this.bands, last, bands);
  }
}

// What the parts of a slider's way are, each as wide as it has stops; the thumb stops mid-stop.
function drawBands(node, last, bands) {
  const drawn = JSON.stringify(bands);
  if (node.look === drawn) return;
  node.look = drawn;
  node.parentElement.style.setProperty("--stops", bands.length ? last + 1 : 0);
  node.replaceChildren(
    ...bands.map(([name, width]) => {
      const band = Object.assign(document.createElement("span"), { className: name, title: name });
      // A sliver has no room for its name.
      if (width > 0.04 * (last + 1)) band.textContent = name;
      band.style.flexGrow = width;
      return band;
    }),
  );
}

const CURSOR_KEYS = {
  Home: "first", "Shift+ArrowLeft": "phaseBack", ArrowLeft: "back",
  ArrowRight: "on", "Shift+ArrowRight": "phaseOn", End: "last",
};

// A slider of moments with buttons that go from one to another.
export class Cursor {
  constructor(node, stage, { key, label }) {
    Object.assign(this, { node, stage, name: key });
    node.innerHTML = `
      <div class="rnnviz-slider" data-slider="${key}">
        <div class="track"><input type="range" min="0" step="1" /><div class="bands"></div></div>
        <output></output>
      </div>
      <div class="rnnviz-bar rnnviz-cursor">${Object.entries(MOVES).map(button).join("")}</div>`;
    node.querySelector("input").setAttribute("aria-label", label);
    const select = (value, settled) => stage.send({ do: "select", on: key, value, settled });
    this.slider = new Slider(node.querySelector(".rnnviz-slider"), stage, select);
    this.buttons = Object.fromEntries(
      [...node.querySelectorAll("button")].map((b) => [b.dataset.move, b]),
    );
    for (const [move, button] of Object.entries(this.buttons)) press(button, () => this.act(move));
  }

  get held() {
    return this.slider.held;
  }

  act(move) {
    this.stage.send({ do: "select", on: this.name, move });
  }

  key(name) {
    const move = CURSOR_KEYS[name];
    if (move && !this.buttons[move].disabled) this.act(move);
    return Boolean(move);
  }

  write({ sliders }) {
    const state = sliders[this.name];
    if (!state) return;
    this.slider.stand(state);
    const [first, last] = [state.shown === 0, state.shown === state.last];
    for (const [move, button] of Object.entries(this.buttons))
      allow(button, !(["first", "phaseBack", "back"].includes(move) ? first : last));
  }
}

function button([move, [label, path]]) {
  const key = Object.keys(CURSOR_KEYS).find((name) => CURSOR_KEYS[name] === move);
  const said = key.replace("ArrowLeft", "←").replace("ArrowRight", "→");
  const icon = `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${path}"/></svg>`;
  return `<button data-move="${move}">${icon}${label} <kbd>${said}</kbd></button>`;
}

// A number from 0 on, in a box and at buttons that go so far on or back. Text beside the keys' names
// is set as text.
const ARROWS = { ArrowLeft: "←", ArrowRight: "→" };
const BOX = `<label class="rnnviz-field"><small></small><input type="number" min="0" /></label>`;

export class Stepper {
  constructor(node, stage, { key, label, steps }) {
    Object.assign(this, { node, stage, name: key });
    const buttons = steps.map(() => "<button><span></span> <kbd></kbd></button>");
    node.innerHTML = `<div class="rnnviz-bar">${label ? BOX : ""}${buttons.join("")}</div>`;
    this.input = node.querySelector("input");
    this.buttons = [...node.querySelectorAll("button")];
    this.buttons.forEach((button, i) => press(button, () => this.step(this.steps[i])));
    this.input?.addEventListener("input", () => this.type());
    this.input?.addEventListener("keydown", (e) => e.key === "Enter" && this.input.reportValidity());
    this.input?.addEventListener("blur", () => this.leave());
  }

  // What Streamlit says of it with every run of its script.
  explain({ label, steps, wraps, disabled, help }) {
    Object.assign(this, { steps, wraps, disabled });
    this.buttons.forEach((button, i) => {
      set(button.querySelector("span"), steps[i].text);
      set(button.querySelector("kbd"), ARROWS[steps[i].key] ?? steps[i].key);
      button.title = help;
    });
    if (!this.input) return;
    this.label = label;
    this.input.setAttribute("aria-label", label);
    if (!this.unfinished) this.caption("");
  }

  // The name above the box, with what may be typed where something else was.
  caption(range) {
    set(this.node.querySelector("small"), this.label + range);
  }

  step({ by }) {
    this.said = this.stage.send({ do: "select", on: this.name, by });
  }

  // What is no number of this kind is left as it is typed, and told to nobody.
  type() {
    const { value, validity, max } = this.input;
    this.unfinished = !value || !validity.valid;
    this.caption(validity.valid ? "" : `: 0 to ${max}`);
    if (this.unfinished) return;
    this.said = this.stage.send({ do: "select", on: this.name, value: Number(this.input.value) });
  }

  leave() {
    this.unfinished = false;
    this.caption("");
    this.stage.tell(this);
  }

  key(name, repeated) {
    const i = this.steps.findIndex(({ key }) => key.toLowerCase() === name.toLowerCase());
    if (i < 0) return false;
    const waits = repeated && this.stage.header.heard < this.said;
    if (!this.buttons[i].disabled && !waits) this.step(this.steps[i]);
    return true;
  }

  write({ sliders }, heard) {
    const state = sliders[this.name];
    if (!state || !heard) return;
    const { shown, last } = state;
    if (this.input) this.input.max = last;
    if (this.input && !this.unfinished) this.input.value = shown;
    this.buttons.forEach((button, i) => {
      const there = shown + this.steps[i].by;
      allow(button, !this.disabled && (this.wraps ? last > 0 : there >= 0 && there <= last));
    });
  }
}

// The box in which the reader types a phrase; the pictures follow with every letter.
export class Phrase {
  constructor(node, stage) {
    Object.assign(this, { node, stage });
    node.innerHTML = `<label class="rnnviz-field"><small></small>
      <input type="text" maxlength="2001" spellcheck="false" autocomplete="off" /></label>`;
    [this.label, this.input] = [node.querySelector("small"), node.querySelector("input")];
    this.input.addEventListener("input", () => {
      this.said = stage.send({ do: "phrase", text: this.input.value });
    });
  }

  explain({ label, placeholder, disabled, help }) {
    set(this.label, label);
    Object.assign(this.input, { placeholder, disabled, title: help });
    this.input.setAttribute("aria-label", label);
  }

  // What is typed is the reader's own until another phrase is chosen elsewhere.
  write({ typed }, heard) {
    if (heard && this.input.value !== typed) this.input.value = typed;
  }
}
