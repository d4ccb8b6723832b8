// The class on a projector: what was guessed beside what happened. Its state is the server's.
import { paintBoard } from "./class_board.js";
import { escapeHtml, marked } from "./marked.js";

// How often the state is asked for, how long nobody may come before a hint, and how long the run is drawn.
const [POLL_MS, ALONE_MS, RUN_MS] = [700, 30_000, 4000];
const MAIN = { collect: "Close, show the guesses", guesses: "Run it", run: "What did you see?" };
const KEYS = { PageDown: "next", PageUp: "back", Enter: "next", " ": "next", Escape: "hide" };
const STILL = matchMedia("(prefers-reduced-motion: reduce)").matches;
const AWAY = "Can't reach the server. Trying again …";

// How the server is asked, and the class while it is open.
let server = null, page = null;

// Tell where the class is asked for; `lesson` is that of the server's own class, which opens at once.
export function connectClass(url, ticket, lesson) {
  server = { url, ticket };
  if (lesson) openClass(lesson);
}

// Open a lesson for the class, over the page, or come back to it.
export function openClass(lesson) {
  page ??= new ClassPage();
  page.open(lesson);
}

// The state after an action, null without a class. Whatever else the server says is no answer.
async function ask(action) {
  const headers = { "x-rnnviz-ticket": server.ticket() };
  const reply = await fetch(server.url, { method: "POST", headers, body: JSON.stringify(action) });
  if (!reply.ok) throw new Error(reply.status);
  return reply.json();
}

class ClassPage {
  constructor() {
    Object.assign(this, { state: null, hands: null, answered: false, last: 0, number: 0, openedAt: 0, ranAt: 0 });
    this.node = document.createElement("dialog");
    Object.assign(this.node, { className: "rnnviz-class", ariaLabel: "Class", role: "dialog", tabIndex: -1 });
    this.node.innerHTML = `<header><h1></h1><p></p></header><div class="board"><canvas role="img"></canvas></div><aside></aside><footer></footer>`;
    [this.canvas, this.title, this.text, this.aside, this.footer] = ["canvas", "h1", "p", "aside", "footer"].map((name) => this.node.querySelector(name));
    this.back = Object.assign(document.createElement("button"), { className: "rnnviz-class-back", textContent: "Back to the class", hidden: true });
    this.back.onclick = () => this.open(this.state.name);
    document.body.append(this.node, this.back);
    // Of Escape we take care: the class goes on.
    this.node.addEventListener("cancel", (event) => event.preventDefault());
    this.node.addEventListener("click", ({ target }) => this.press(target.closest("button")?.dataset ?? {}));
    this.node.addEventListener("keydown", (event) => this.typed(event));
    this.observer = new ResizeObserver(() => this.paint());
    this.observer.observe(this.canvas.parentElement);
  }

  open(lesson) {
    this.back.hidden = true;
    if (!this.node.open) this.node.showModal();
    this.do({ do: "open", lesson });
  }

  // The class goes on while the page below is used.
  hide() {
    if (!this.state) return this.leave();
    clearTimeout(this.timer);
    this.number++;
    this.node.close();
    this.back.hidden = false;
  }

  // Ask for the state, after an action if there is one, and go on asking.
  async do(action = {}) {
    clearTimeout(this.timer);
    const number = ++this.number;
    try {
      const state = await ask(action);
      // A later action has overtaken this one.
      if (number !== this.number) return;
      this.away = false;
      state ? this.show(state) : this.leave();
    } catch {
      this.away = true;
      if (this.state) set(this.footer, this.buttons());
    }
    if (number === this.number) this.timer = setTimeout(() => this.do(), POLL_MS);
  }

  leave() {
    clearTimeout(this.timer);
    this.number++;
    this.observer.disconnect();
    this.node.remove();
    this.back.remove();
    page = null;
  }

  press({ do: what, option, by }) {
    if (what === "next") this.next();
    if (what === "back") this.answered ? this.reveal(false) : this.do({ do: "turn", by: -1 });
    if (what === "hand") this.count(Number(option), Number(by));
    if (what === "by") {
      this.hands = !this.hands;
      this.show(this.state);
    }
    if (what === "hide") this.hide();
    if (what === "close") {
      this.leave();
      ask({ do: "close" }).catch(() => {});
    }
  }

  next() {
    const { phase, next } = this.state;
    if (phase !== "seen") this.do({ do: "turn", by: 1 });
    else if (!this.answered) this.reveal(true);
    else if (next) this.do({ do: "open", lesson: next });
  }

  reveal(on) {
    this.answered = on;
    this.show(this.state);
  }

  count(option, by) {
    this.last = option;
    this.do({ do: "hand", option, by });
  }

  typed(event) {
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!this.state && event.key !== "Escape") return;
    const onButton = event.target.closest("button") && [" ", "Enter"].includes(event.key);
    const option = "abcdefgh".indexOf(event.key.toLowerCase());
    const by = { "+": 1, "=": 1, "-": -1, "−": -1 }[event.key];
    if (KEYS[event.key] && !onButton) this.press({ do: KEYS[event.key] });
    else if (this.hands && event.key.length === 1 && option >= 0 && option < this.state.hands.length) this.count(option, 1);
    else if (this.hands && by) this.count(this.last, by);
    else return;
    event.preventDefault();
  }

  show(state) {
    const before = this.state;
    this.hands ??= !state.join;
    if (state.lesson !== before?.lesson) this.openedAt = performance.now();
    if (state.phase !== before?.phase) [this.answered, this.last] = [false, 0];
    if (state.truth && !before?.truth) this.ranAt = performance.now();
    this.state = state;
    this.title.textContent = state.ask;
    this.text.innerHTML = marked(state.text);
    set(this.aside, this.hands ? this.cards() : this.phones());
    set(this.footer, this.buttons());
    // The button that was pressed may be gone, and the keys with it.
    if (!this.node.contains(document.activeElement)) this.node.focus();
    this.canvas.ariaLabel = `${state.ask} ${state.text.replaceAll("*", "")}`;
    this.paint();
  }

  paint() {
    if (!this.state) return;
    const { state, hands } = this;
    const share = STILL ? 1 : Math.min(1, (performance.now() - this.ranAt) / RUN_MS);
    paintBoard(this.canvas, state, { hands, last: this.last, share, unit: parseFloat(getComputedStyle(this.node).fontSize) });
    cancelAnimationFrame(this.drawing);
    if (state.truth && share < 1) this.drawing = requestAnimationFrame(() => this.paint());
  }

  buttons() {
    const { phase, locked, join, next } = this.state;
    const last = phase === "seen" && this.answered;
    const main = phase !== "seen" ? MAIN[phase] : last ? "Next lesson" : "Show the answer";
    const answers = `${locked} ${locked === 1 ? "answer" : "answers"}, kept in memory alone`;
    const said = this.away ? AWAY : this.hands ? "Hands, counted here. Keys: the letters, + and −" : answers;
    const off = (is) => (is ? "disabled" : "");
    return `<span role="status">${said}</span><button data-do="close">Close</button><button data-do="hide" title="To the page and back (Esc)">Page</button><button data-do="back" ${off(phase === "collect")}>Back</button>${
      join ? `<button data-do="by" aria-pressed="${this.hands}">${this.hands ? "Phones" : "Hands instead"}</button>` : ""
    }<button class="main" data-do="next" ${off(last && !next)}>${main}</button>`;
  }

  // The address and, once guesses are shown, what they are.
  phones() {
    const { phase, join, here, locked } = this.state;
    const address = escapeHtml(join.address);
    if (phase !== "collect") return `<div class="mini">${join.qr}<span>${address}</span></div>${this.bars()}`;
    const alone = !here && performance.now() - this.openedAt > ALONE_MS;
    const hint = alone ? `<p class="alone">Nobody is here yet. Is client isolation on? Use hands.</p>` : "";
    return `<div class="join">${join.qr}<b>${address}</b><small>no account, no name</small></div><div class="count"><b>${locked}</b><span>of ${here} have locked in</span></div>${hint}`;
  }

  // What is voted for, how often, and what is right, as far as it is told.
  get rows() {
    const { phase, board, truth, choices, hands, votes, seen } = this.state;
    if (phase === "seen") {
      const texts = choices.map((text, k) => ({ letter: "ABCDEFGH"[k], text }));
      return { options: texts, counts: this.hands ? hands : seen, right: this.answered ? truth?.right_choices : null, told: this.answered || this.hands };
    }
    return { options: board.options, counts: this.hands ? hands : votes, right: truth?.right, told: true };
  }

  bars() {
    const { options, counts, right, told } = this.rows;
    const most = Math.max(1, ...counts);
    const count = (k) => (told ? `<i style="width:${(100 * counts[k]) / most}%"></i><b>${counts[k]}</b>` : "");
    const bars = options.map(({ text }, k) => `<div class="${right?.[k] ? "right" : ""}"><span>${escapeHtml(text)}</span>${count(k)}</div>`);
    const sum = told ? "" : `<p>${counts.reduce((a, b) => a + b, 0)} of ${this.state.here} have answered</p>`;
    return `<div class="bars">${bars.join("")}</div>${sum}`;
  }

  cards() {
    const { options, counts, right } = this.rows;
    const press = (k, by, sign, name) => `<button data-do="hand" data-option="${k}" data-by="${by}" aria-label="${options[k].letter}: one ${name}">${sign}</button>`;
    const cards = options.map(({ letter, text, points }, k) =>
      `<div class="${right?.[k] ? "right" : ""}"><b>${letter}</b>${points?.length ? sketch(points) : ""}<span>${escapeHtml(text)}</span><div>${press(k, -1, "−", "less")}<output>${counts[k]}</output>${press(k, 1, "+", "more")}</div></div>`);
    return cards.length ? `<div class="cards">${cards.join("")}</div>` : "<p>This lesson has no letters to vote for.</p>";
  }
}

// A shape as a small picture.
function sketch(points) {
  const [low, high] = [points[0][0], points.at(-1)[0]];
  const path = points.map(([x, y], k) => `${k ? "L" : "M"}${((x - low) / (high - low)) * 92 + 4} ${44 - y * 38}`).join("");
  return `<svg viewBox="0 0 100 48" aria-hidden="true"><path d="${path}"/></svg>`;
}

// Set HTML if it is another. The focus stays on the button that was pressed.
const shown = new WeakMap();
function set(node, html) {
  if (shown.get(node) === html) return;
  const at = [...node.querySelectorAll("button")].indexOf(document.activeElement);
  node.innerHTML = html;
  shown.set(node, html);
  node.querySelectorAll("button")[at]?.focus();
}
