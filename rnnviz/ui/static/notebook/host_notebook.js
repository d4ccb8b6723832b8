// Hosts the stage in a cell of a notebook, as an anywidget. A shadow tree separates its styles from the notebook's.
import { Bar, Phrase, Time } from "../controls.js";
import { Curves } from "../curves.js";
import { unpack } from "../frame.js";
import { Network } from "../network.js";
import { FIGURE, partsOf } from "../picture.js";
import { openBeside } from "../popover.js";
import { Stage } from "../stage.js";

const PAGE = `
<div class="rnnviz-widget" tabindex="-1" role="group" aria-label="A session of rnnviz">
  <div class="head">
    <div class="rnnviz-control bar"></div>
    <div class="story"><div class="text" data-text="story"></div>
      <button class="rnnviz-health-button" data-text="health"></button>
      <div class="rnnviz-signs" data-text="signs" popover></div></div>
    <div class="scores" data-text="status"></div>
    <div class="rnnviz-control time"></div>
    <div class="asked"><div class="rnnviz-control phrase"></div><div class="text" data-text="verdict"></div></div>
    <div class="text" data-text="message"></div>
  </div>
  <div class="pictures">${FIGURE}${FIGURE}</div>
  <p class="rnnviz-note" role="status"></p>
</div>`;

// The longest answer of a kernel that is not busy.
const ANSWER_MS = 3000;
const SILENT = "The kernel does not answer: it is busy, or it was restarted. This goes on when it answers. "
  + "After a restart, run the cell again.";

// A source of frames for the stage: the messages of a widget's model.
class Model {
  constructor(model, look) {
    Object.assign(this, { model, look, number: 0, heard: 0 });
    this.name = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    this.receive = this.receive.bind(this);
    this.check = this.check.bind(this);
  }

  // `listener` has `frame(header)`, `status(what)`, and `welcomed(message)`.
  listen(listener) {
    this.listener = listener;
    this.model.on("msg:custom", this.receive);
    // Jupyter's event for a kernel that has gone.
    this.model.on("comm_live_update", this.check);
    this.check();
  }

  check() {
    this.post({ do: "hello", ...this.look });
  }

  post(message) {
    this.expect();
    if (!this.told(message)) this.listener.status("silent");
  }

  // Send a message; false if the kernel is away.
  told(message) {
    try {
      this.model.send({ view: this.name, ...message });
      return true;
    } catch {
      return false;
    }
  }

  // Every message has an answer.
  expect() {
    this.timer ??= setTimeout(() => this.listener.status("silent"), ANSWER_MS);
  }

  receive({ view, welcome, unknown, said }, buffers) {
    if (view !== this.name) return;
    clearTimeout(this.timer);
    this.timer = null;
    this.listener.status("open");
    if (said) this.listener.host.say(said);
    if (unknown) this.check();
    else if (welcome) this.listener.welcomed();
    // Some notebooks give a view of a larger buffer.
    else this.listener.frame(unpack(buffers[0]));
  }

  send(command) {
    this.post({ ...command, n: ++this.number });
    return this.number;
  }

  watch(pictures, mounted) {
    this.post({ do: "watch", pictures, new: mounted });
    return true;
  }

  drawn(seq) {
    if (this.listener.playing) this.expect();
    this.told({ do: "ack", seq });
  }

  paint(look) {
    this.look = look;
    this.post({ do: "look", ...look });
  }

  close() {
    clearTimeout(this.timer);
    this.model.off("msg:custom", this.receive);
    this.model.off("comm_live_update", this.check);
    this.told({ do: "bye" });
  }
}

// Draw the model in `el`, with the style `sheet`. Returns a function that ends it.
export function show({ model, el }, sheet) {
  const view = new View(el, sheet, (look) => new Model(model, look));
  return () => view.close();
}

class View {
  constructor(el, sheet, sourceOf) {
    // When a cell runs again, el may be reused.
    const root = el.shadowRoot ?? el.attachShadow({ mode: "open" });
    root.innerHTML = PAGE;
    root.prepend(Object.assign(document.createElement("style"), { textContent: sheet }));
    Object.assign(this, { el, root, sourceOf, stage: new Stage() });
    this.find = (selector) => root.querySelector(selector);
    this.page = this.find(".rnnviz-widget");
    this.mount();
    this.listen();
    this.followTheme();
  }

  mount() {
    const { stage } = this;
    const figures = [...this.root.querySelectorAll("figure")];
    const kinds = Object.entries({ network: Network, curves: Curves });
    this.pictures = kinds.map(([key, Kind], k) => stage.mount(Kind, key, partsOf(figures[k]), {}));
    for (const node of this.root.querySelectorAll("[data-text]")) stage.mountText(node.dataset.text, node);
    const [button, signs] = [this.find(".rnnviz-health-button"), this.find(".rnnviz-signs")];
    openBeside(button, signs);
  }

  // The keys of the page work here, while those of JupyterLab's commands rest: d d would delete the cell. Some
  // versions look for keys before they come here; the mark is for those.
  listen() {
    const options = { signal: this.stage.ended.signal };
    const mark = (event) => this.el.toggleAttribute("data-lm-suppress-shortcuts", !isModified(event));
    addEventListener("keydown", mark, { ...options, capture: true });
    this.page.addEventListener("keydown", (event) => isModified(event) || this.press(event), options);
    // After a press with the pointer the keys stay here.
    this.page.addEventListener("click", () => this.root.activeElement ?? this.page.focus({ preventScroll: true }), options);
  }

  press(event) {
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.defaultPrevented || event.target.closest("input, dialog")) return;
    if (event.key === " " && event.target.closest("button")) return;
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (this.stage.takesKey(name, event.repeat)) event.preventDefault();
  }

  // An element outside the document has no background.
  followTheme() {
    const { signal } = this.stage.ended;
    const look = () => this.look();
    const watchers = [new MutationObserver(look), new ResizeObserver(look)];
    for (const node of [document.documentElement, document.body]) watchers[0].observe(node, { attributes: true });
    watchers[1].observe(this.el);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look, { signal });
    signal.addEventListener("abort", () => watchers.forEach((watcher) => watcher.disconnect()));
  }

  look() {
    const dark = isDark(this.el);
    if (!this.el.isConnected || dark === this.dark) return;
    this.dark = dark;
    this.page.classList.toggle("dark", dark);
    const { stage } = this;
    if (stage.source) stage.source.paint({ dark });
    else stage.connect(this.sourceOf({ dark }), this);
  }

  // Called by the stage and its source

  status(state) {
    const note = this.find(".rnnviz-note");
    const text = state === "silent" ? SILENT : "";
    if (note.textContent !== text) note.textContent = text;
    this.page.classList.toggle("silent", state === "silent");
  }

  welcomed() {}

  frame(header) {
    this.page.classList.toggle("drawn", true);
    if (header.problem) this.find(".rnnviz-note").textContent = header.problem;
  }

  // The texts around the pictures.
  say({ speeds, label, placeholder, help, most, ...texts }) {
    for (const picture of this.pictures) picture.configure({ text: texts[picture.key] });
    this.controls ??= [
      new Bar(this.find(".bar"), this.stage, { speeds }), new Time(this.find(".time"), this.stage),
      new Phrase(this.find(".phrase"), this.stage),
    ];
    this.controls[2].configure({ label, placeholder, disabled: false, help, most });
    for (const control of this.controls) this.stage.mountControl(control);
  }

  close() {
    this.stage.close();
    this.root.replaceChildren();
  }
}

const isModified = ({ ctrlKey, metaKey, altKey }) => ctrlKey || metaKey || altKey;

// Whether the notebook is dark, by the background of `node`.
function isDark(node) {
  for (let at = node; at; at = at.parentElement) {
    const [red, green, blue, opacity = 1] = (getComputedStyle(at).backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
    if (opacity > 0.5) return red + green + blue < 384;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}
