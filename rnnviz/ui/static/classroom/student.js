// A student's page: the question, and what it is answered with. It asks the server only to take an answer, and learns
// from the reply what the class does now.
import { escapeHtml, marked } from "../marked.js";
import { CurveGuess, NumberGuess, PickGuess } from "./guess.js";

// How often the page asks what the class does.
const POLL_MS = 4000;
const AWAY = "Can't reach the class. Trying again …";
const CLOSED = "The class is closed.";
const LOOK = "Now look at the projector.";
const GUESSES = { draw: CurveGuess, drag: NumberGuess, mark: NumberGuess, pick: PickGuess };

const lesson = JSON.parse(document.getElementById("lesson").textContent);
const find = (name) => document.getElementById(name);
const base = location.pathname.replace(/\/+$/, "");
const keys = { student: "rnnviz-student", guess: `rnnviz-guess ${base} ${lesson.lesson}` };

// What this browser tab keeps over a reload, if it keeps anything.
const kept = (key) => {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
};
function keep(key, text) {
  try {
    sessionStorage.setItem(key, text);
  } catch {
    // The answers count; only a reload forgets them.
  }
  return text;
}

// Not crypto.randomUUID: it needs HTTPS.
function newStudent() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

class StudentPage {
  constructor() {
    this.student = kept(keys.student) ?? keep(keys.student, newStudent());
    const before = JSON.parse(kept(keys.guess) ?? "null");
    // `changes` is whether a guess that was locked in is being changed, `asked` counts what was said to the server.
    Object.assign(this, { shown: { phase: "collect", guessed: Boolean(before) }, changes: false, asked: 0 });
    this.guess = new GUESSES[lesson.how](find("guess"), lesson.board, () => this.show());
    if (before) this.guess.take(before);
    find("where").textContent = `${base.slice(1)} · ${lesson.title}`;
    find("clear").onclick = () => (this.locked ? this.change() : this.guess.clear());
    find("lock").onclick = () => this.lock();
    find("choices").onclick = ({ target }) => this.choose(target.closest("button")?.dataset.choice);
    document.addEventListener("visibilitychange", () => this.poll());
    this.show();
    this.poll();
  }

  get locked() {
    return this.shown.guessed && !this.changes;
  }

  // Send an answer, or nothing but the question what the class does.
  async say(answer = {}) {
    const number = ++this.asked;
    const message = { student: this.student, lesson: lesson.lesson, ...answer };
    try {
      const reply = await fetch(`${base}/answer`, { method: "POST", body: JSON.stringify(message) });
      const shown = reply.ok && (await reply.json());
      // A reply that a later question has overtaken may be older than the answer.
      if (shown && number === this.asked) this.heard(shown);
      if (!shown) find("note").textContent = reply.status === 404 ? CLOSED : await reply.text();
      return reply.ok;
    } catch {
      find("note").textContent = AWAY;
      return false;
    }
  }

  heard(shown) {
    if (shown.lesson !== lesson.lesson) return location.reload();
    find("note").textContent = "";
    this.shown = shown;
    this.show();
  }

  async poll() {
    clearTimeout(this.timer);
    if (!document.hidden) await this.say();
    clearTimeout(this.timer);
    // Not all at once.
    this.timer = setTimeout(() => this.poll(), POLL_MS * (0.75 + 0.5 * Math.random()));
  }

  async lock() {
    const guess = this.guess.values.map((value) => Number(value.toPrecision(4)));
    if (!(await this.say({ guess }))) return;
    this.changes = false;
    keep(keys.guess, JSON.stringify(guess));
    this.show();
  }

  change() {
    this.changes = true;
    this.show();
  }

  choose(choice) {
    if (choice !== undefined) this.say({ seen: [Number(choice)] });
  }

  show() {
    const { shown, locked, guess } = this;
    const collects = shown.phase === "collect", asks = Boolean(shown.choices);
    const waits = !asks && (locked || !collects);
    find("ask").textContent = asks || !locked ? lesson.ask : "Locked in.";
    find("text").innerHTML = waits ? LOOK : marked(shown.text ?? lesson.text);
    find("guess").hidden = asks;
    find("acts").hidden = !collects;
    guess.enable(collects && !locked);
    find("clear").textContent = locked ? "Change" : "Clear";
    find("clear").disabled = !locked && guess.empty;
    find("lock").disabled = locked || !guess.complete;
    this.showChoices(asks ? shown : { choices: [] });
    guess.paint();
  }

  showChoices({ choices, seen }) {
    const buttons = choices.map((text, k) => `<button data-choice="${k}" aria-pressed="${k === seen}">${escapeHtml(text)}</button>`);
    const html = buttons.join("");
    // Not made anew with every reply, or it would lose the focus.
    if (html === this.choices) return;
    const at = [...find("choices").children].indexOf(document.activeElement);
    find("choices").innerHTML = this.choices = html;
    find("choices").children[at]?.focus();
  }
}

new StudentPage();
