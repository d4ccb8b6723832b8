// A lesson on the page: the guess that is made over a picture, the keys, and what is kept of it in this browser.
import { CurveGuess } from "./curve_guess.js";
import { HandleGuess } from "./handle_guess.js";
import { PICTURES, Place } from "./lesson_place.js";

const NOTES = "rnnviz-lessons";
const PICK = "parameters";

// Names of which some are picked, in the strip; the picture says nothing until then.
class PickGuess {
  constructor(lesson) {
    Object.assign(this, { lesson, picked: new Set() });
  }

  complete = true;

  get empty() {
    return !this.picked.size;
  }

  // 1 is above every level from which on a gradient counts as wrong.
  get values() {
    return this.lesson.handles.map(({ name }) => (this.picked.has(name) ? 1 : 0));
  }

  clear() {
    this.picked.clear();
  }

  take(k) {
    const name = this.lesson.handles[k]?.name;
    if (name) this.picked.has(name) ? this.picked.delete(name) : this.picked.add(name);
    return Boolean(name);
  }

  paint(p, { left, top, width, height, u }, asking) {
    if (!asking) return;
    [p.c.fillStyle, p.c.textAlign, p.c.font] = [p.muted, "center", `400 ${1.2 * u}px ${p.font}`];
    p.c.fillText("shown when your guess is locked in", left + width / 2, top + height / 2);
  }
}

const GUESSES = { draw: CurveGuess, drag: HandleGuess, mark: HandleGuess, pick: PickGuess };

export class Lesson {
  // `openTab(question)` opens the tab of a question.
  constructor(stage, openTab) {
    Object.assign(this, { stage, openTab, state: null });
    this.canvas = Object.assign(document.createElement("canvas"), { className: "rnnviz-pad", tabIndex: -1 });
    for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel"])
      this.canvas.addEventListener(kind, (event) => this.pointer(event));
    this.canvas.addEventListener("keydown", (event) => this.typed(event));
    for (const kind of ["focus", "blur"]) this.canvas.addEventListener(kind, () => this.paint());
    document.addEventListener("click", (event) => this.click(event), true);
  }

  get asking() {
    return this.state?.step === "Predict";
  }

  // Called with every frame; `json` is there if it has changed.
  update(json) {
    if (json !== undefined) this.show(json && JSON.parse(json));
    if (this.state) this.attach();
    this.showGuess();
  }

  // A lesson that was left shows nothing; its guess is there when it is resumed.
  show(told) {
    if (told) this.keepNote(told);
    const state = (this.state = told && !told.away ? told : null);
    if (state && state.begun !== this.begun) {
      [this.begun, this.guess] = [state.begun, new GUESSES[state.how](state)];
      this.openTab(state.question);
    }
    if (state) this.guess.lesson = state;
    const { dataset } = document.documentElement;
    if (state) dataset.lesson = PICTURES[state.on];
    else delete dataset.lesson;
    if (this.asking) dataset.guessing = state.on;
    else delete dataset.guessing;
    this.paint();
  }

  // The strip is made anew with every text: what the guess says is written into it.
  showGuess() {
    const strip = document.querySelector(".rnnviz-lesson");
    if (!strip || !this.asking) return;
    const { guess, state } = this, find = (selector) => strip.querySelector(selector);
    const [lock, clear, watch, hint, choices] = [".lock", ".clear", ".watch", ".hint", ".choices"].map(find);
    const look = JSON.stringify([guess.empty, guess.complete, this.hinted, state.handles.map(({ name }) => guess.picked?.has(name))]);
    if (strip.dataset.look === look) return;
    strip.dataset.look = look;
    lock.ariaDisabled = !guess.complete;
    clear.hidden = guess.empty;
    watch.hidden = !this.hinted;
    hint.hidden = !this.hinted || guess.complete;
    hint.textContent = ` ${guess.missing}`;
    if (!guess.picked) return;
    choices.replaceChildren(...state.handles.map(({ name }, k) => {
      const button = Object.assign(document.createElement("button"), { className: "pick", ariaPressed: guess.picked.has(name) });
      button.innerHTML = `<kbd>${k + 1}</kbd><span></span>`;
      button.querySelector("span").textContent = name;
      button.onclick = () => this.take(k);
      return button;
    }));
  }

  // To play with a guess is to lock it in.
  click(event) {
    const button = event.target.closest?.(".rnnviz-lesson button, .rnnviz-bar [data-do=play]");
    if (button?.dataset.do === "play" && this.asking) {
      event.stopPropagation();
      return this.lock();
    }
    if (button?.matches(".lock")) this.lock();
    if (button?.matches(".clear")) this.changed(() => this.guess.clear());
  }

  lock() {
    this.hinted = !this.guess.complete;
    // What is missing may be on another page.
    if (this.hinted && !this.plot) this.openTab(this.state.question);
    if (this.guess.complete) this.stage.send({ do: "lesson", what: "lock", values: this.guess.values });
    this.showGuess();
  }

  changed(change) {
    change();
    this.hinted = false;
    this.paint();
    this.showGuess();
  }

  take(k) {
    this.changed(() => this.guess.take(k));
    document.querySelectorAll(".rnnviz-lesson .pick")[k]?.focus();
  }

  // Play with a guess that is not complete asks for the rest. Enter is the main button, a digit an answer or a shape,
  // an arrow draws, Esc leaves.
  handleKey(name, typing) {
    // An open menu has its keys to itself.
    if (!this.state || document.querySelector(":popover-open")) return false;
    // So has a tip: Esc hides it.
    if (name === "Escape" && document.querySelector("[role=tooltip]")) return true;
    if (name === "Escape") return this.press(".leave");
    if (name === "Enter") return this.press(".acts .main");
    if (name === " " && this.asking) {
      this.lock();
      return true;
    }
    // The keys of the guess, before Tab has come to it.
    if (this.draws(name)) {
      this.canvas.focus();
      return true;
    }
    const k = /^[1-8]$/.test(name) && !typing ? Number(name) - 1 : -1;
    if (k < 0) return false;
    if (this.asking) this.changed(() => this.guess.take(k));
    else this.press(`.choices button:nth-child(${k + 1}):enabled`);
    return true;
  }

  press(selector) {
    const button = document.querySelector(`.rnnviz-lesson ${selector}`);
    button?.click();
    return Boolean(button);
  }

  // The picture

  // A file has the network alone.
  get plot() {
    const { plots, explorer } = this.stage, key = this.state && PICTURES[this.state.on];
    return key && (plots.get(key) ?? (explorer ? undefined : plots.get("network")));
  }

  // Over the picture, as long as there is one on this page.
  attach() {
    const { plot, canvas } = this;
    if (this.attached !== plot || (plot && !canvas.isConnected)) {
      if (this.attached) this.attached.overlay = null;
      this.cover(false);
      canvas.remove();
      this.attached = plot;
      plot?.node.append(canvas);
    }
    if (!plot) return;
    if (plot.overlay !== this) {
      plot.overlay = this;
      this.paint();
    }
  }

  // What is seen of the guess on this page: on a board only the guess itself, and what came of it.
  get shown() {
    if (!this.state) return false;
    const { on, trying, lines, here, guessed, truth } = this.state;
    if (this.asking) return true;
    // The picture below is what is asked about, or what is tried.
    if (on === "memory" || (trying && !lines.length)) return false;
    return here && (guessed || truth.length > 0 || on === "kept" || on === "number");
  }

  // Called when the picture below was painted.
  paint() {
    const { canvas, plot, state } = this;
    canvas.hidden = !(this.shown && plot?.count && plot.node.clientWidth);
    this.cover(false);
    if (canvas.hidden) return;
    const { zoom } = plot, [width, height] = plot.size, ratio = window.devicePixelRatio || 1;
    const [across, down] = [Math.round(width * zoom * ratio), Math.round(height * zoom * ratio)];
    if (canvas.width !== across) canvas.width = across;
    if (canvas.height !== down) canvas.height = down;
    const c = canvas.getContext("2d");
    c.setTransform(ratio * zoom, 0, 0, ratio * zoom, 0, 0);
    c.clearRect(0, 0, width, height);
    this.place = new Place(plot, state);
    const { board, left, top, width: w, height: h, u } = this.place;
    const seen = state.how === PICK && !["Predict", "Run"].includes(state.step), look = colors();
    canvas.style.pointerEvents = this.asking ? "auto" : "none";
    // Over the words of the network one can still type; of the curves only the asked one is bright.
    const clips = this.asking && PICTURES[state.on] === "network" && !board;
    const edges = [top - 1.6 * u, width - left - (this.place.whole ?? w) - 2.5 * u, height - top - h - 1.6 * u, left - 2.5 * u].map((edge) => `${Math.max(0, edge * zoom)}px`);
    canvas.style.clipPath = clips ? `inset(${edges.join(" ")})` : "";
    canvas.tabIndex = this.asking && state.how !== "pick" ? 0 : -1;
    const p = { c, width, height, font: "Source Sans, system-ui, sans-serif", theme: look, focused: canvas.matches(":focus-visible"), ...look };
    if (board && !seen) {
      this.cover(true);
      c.fillStyle = p.background;
      c.fillRect(0, 0, width, height);
    }
    this.guess.paint(p, this.place, this.asking);
    canvas.ariaLabel ??= state.title;
  }

  // What the picture below has to say, and to save, is not about a board over it.
  cover(isCovered) {
    this.attached?.node.closest(".rnnviz-figure")?.classList.toggle("covered", isCovered);
  }

  pointer(event) {
    if (!this.asking || !this.place || this.state.how === PICK) return;
    const { zoom } = this.plot, spot = [event.offsetX / zoom, event.offsetY / zoom];
    if (event.type === "pointerdown") {
      this.canvas.setPointerCapture(event.pointerId);
      this.held = true;
      this.changed(() => this.guess.press(this.place, spot));
    } else if (event.type === "pointermove" && this.held) this.changed(() => this.guess.move(this.place, spot));
    else if (event.type !== "pointermove") this.held = false;
    event.stopPropagation();
  }

  typed(event) {
    if (!this.draws(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Whether a key has changed the guess.
  draws(name) {
    const told = this.asking && this.place && !this.canvas.hidden && this.guess.key?.(this.place, name);
    if (!told) return false;
    this.changed(() => {});
    this.canvas.ariaLabel = told;
    return true;
  }

  // Notes

  keepNote({ name, title, note, done }) {
    const notes = readNotes();
    notes[name] = { title, ...note, done: done || Boolean(notes[name]?.done) };
    try {
      localStorage.setItem(NOTES, JSON.stringify(notes));
    } catch {
      // A browser that keeps nothing has no notes.
    }
  }
}

// What was guessed and answered, by the names of lessons.
export function readNotes() {
  try {
    return JSON.parse(localStorage.getItem(NOTES)) ?? {};
  } catch {
    return {};
  }
}

// The page's colours.
function colors() {
  const style = getComputedStyle(document.documentElement);
  const named = ["background", "text", "muted", "grid", "forward", "magnitude", "you"].map((name) => [name, name]);
  return Object.fromEntries([...named, ["youText", "you-text"]].map(([key, name]) => [key, style.getPropertyValue(`--rnnviz-${name}`).trim()]));
}
