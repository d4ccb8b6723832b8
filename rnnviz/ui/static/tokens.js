// The words of the picture, each in a box of its own. What is typed there is the phrase.
import { zoomNow } from "./present.js";

// A box dragged so far, in pixels, is moved to another place.
const DRAG_FROM = 6;
const BOX = "rnnviz-word";
// The share of a column that words between two columns may take.
const SKIPPED = 0.45;

export class Tokens {
  constructor(node, stage) {
    Object.assign(this, { stage, words: [], boxes: [] });
    this.node = Object.assign(document.createElement("div"), { className: "rnnviz-words" });
    this.node.setAttribute("role", "group");
    this.options = Object.assign(document.createElement("datalist"), { id: "rnnviz-vocabulary" });
    this.add = Object.assign(document.createElement("button"), { className: "rnnviz-add", textContent: "+" });
    this.add.addEventListener("click", () => this.insert(this.words.length));
    this.node.append(this.options, this.add);
    node.append(this.node);
  }

  // Follow the picture, unless the reader is changing the words.
  show({ typed, vocabulary, noun, sentence }) {
    this.node.hidden = Boolean(sentence);
    if (sentence) return;
    const [words, offered] = [JSON.stringify(typed), JSON.stringify(vocabulary)];
    if (offered !== this.offered) {
      this.offered = offered;
      this.known = new Set(vocabulary);
      this.options.replaceChildren(...vocabulary.map((value) =>
        Object.assign(document.createElement("option"), { value })));
    }
    this.noun = noun;
    this.add.title = this.add.ariaLabel = `Add a ${noun}`;
    this.node.ariaLabel = `The ${noun}s of the phrase`;
    if (words === this.shown) return;
    if (this.editing ? !this.adopt(typed) : !this.follow(typed)) return;
    this.shown = words;
    this.layOut();
  }

  follow(typed) {
    this.words = wordsOf(typed);
    return true;
  }

  // While the reader types, only what is read of the same words is new; an empty word stays.
  adopt(typed) {
    const own = this.words.filter(({ text }) => text);
    const same = own.length === typed.length && own.every(({ text }, k) => text === typed[k][0]);
    if (same) wordsOf(typed).forEach((word, k) => Object.assign(own[k], word));
    return same;
  }

  // Put every box at its token: `layout` is that of the picture, `turning` the token that turns the verdict, `shades`
  // are colours of the tokens.
  place(layout, turning, shades = []) {
    this.node.hidden = !layout.boxed;
    const { u, pitch, boxed, box, wordHeight } = layout;
    const look = JSON.stringify([u, pitch, boxed, box, wordHeight, turning, shades]);
    if (look === this.look) return;
    Object.assign(this, { look, layout, turning, shades });
    this.layOut();
  }

  get editing() {
    return Boolean(this.node.querySelector(".rnnviz-word:focus"));
  }

  get text() {
    return this.words.map(({ text }) => text).filter(Boolean).join(" ");
  }

  layOut() {
    if (!this.layout?.boxed) return;
    while (this.boxes.length > this.words.length) this.boxes.pop().remove();
    while (this.boxes.length < this.words.length) this.boxes.push(this.newBox());
    const { u, word, edge, pitch, wordHeight, wordSize } = this.layout;
    // A box takes room from its word, which gets smaller before it is cut.
    const longest = Math.max(...this.words.map(({ text }) => text.length));
    const size = Math.min(wordSize, Math.max(12, (pitch - 10) / (0.62 * longest)));
    this.node.style.setProperty("--size", `${size}px`);
    let column = 0;
    const skipped = this.skippedAt();
    this.words.forEach(({ text, token }, k) => {
      const box = this.boxes[k];
      if (box.value !== text) box.value = text;
      box.ariaLabel = `${this.noun} ${k + 1}`;
      const read = token >= 0;
      box.classList.toggle("unread", !read);
      box.classList.toggle("turning", read && token === this.turning);
      box.classList.toggle("shaded", this.shades.length > 0);
      box.style.setProperty("--shade", this.shades[token] ?? "");
      if (read) column = token + 1;
      // Words that are not read stand, smaller, between those that are.
      const beside = skipped.get(column) ?? [];
      const room = beside.length ? SKIPPED * pitch : 0;
      const share = (beside.indexOf(k) + 0.5) / beside.length - 0.5;
      const middle = read ? word(token) : edge(column) + share * room;
      const crowded = read && (skipped.has(token) || skipped.has(token + 1));
      const most = read ? pitch * (crowded ? 1 - SKIPPED : 1) - 4 : room / beside.length - 2;
      const whole = Math.max(3.4 * u, 0.62 * size * text.length + 1.6 * u);
      const width = Math.min(most, whole);
      // A word that is wider than its place opens under the pointer, over its neighbours.
      const cut = width < 0.62 * size * text.length + 4;
      box.classList.toggle("cut", cut);
      box.title = read ? (cut ? text : "") : `${text}: not in the vocabulary`;
      box.style.setProperty("--whole", `${whole}px`);
      box.style.setProperty("--shift", `${(width - whole) / 2}px`);
      const place = { left: middle - width / 2, width, height: wordHeight - 2, top: 1 };
      for (const [name, value] of Object.entries(place)) box.style[name] = `${value}px`;
    });
    const [side, end] = [Math.max(24, 1.7 * u), edge(column)];
    const place = { left: end + 0.2 * u, width: side, height: side, top: (wordHeight - side) / 2 };
    for (const [name, value] of Object.entries(place)) this.add.style[name] = `${value}px`;
    // Beside a decoder's first word there is no room.
    this.add.hidden = end < this.layout.end - 1;
  }

  // The words that are not read, by the number of those read before them.
  skippedAt() {
    const found = new Map();
    let column = 0;
    this.words.forEach(({ token }, k) => {
      if (token >= 0) column = token + 1;
      else found.set(column, [...(found.get(column) ?? []), k]);
    });
    return found;
  }

  newBox() {
    const box = Object.assign(document.createElement("input"), { className: BOX, maxLength: 2000 });
    box.setAttribute("list", this.options.id);
    box.setAttribute("autocomplete", "off");
    box.spellcheck = false;
    const at = () => this.boxes.indexOf(box);
    box.addEventListener("input", () => this.type(at()));
    box.addEventListener("keydown", (event) => this.press(event, at()));
    box.addEventListener("blur", (event) => this.leave(event));
    // The first press takes hold of a word, the next one places the cursor in it.
    const held = () => !box.matches(":focus");
    box.addEventListener("mousedown", (event) => held() && event.preventDefault());
    box.addEventListener("pointerdown", (event) => held() && !event.button && this.grasp(event, at()));
    const token = () => this.words[at()]?.token;
    box.addEventListener("pointerenter", () => this.stage.point(token() >= 0 ? { token: token() } : {}));
    box.addEventListener("pointerleave", () => this.stage.point({}));
    this.add.before(box);
    return box;
  }

  // Typing: a space begins the next word, a pasted sentence becomes its words.
  type(k) {
    const { value } = this.boxes[k];
    const parts = value.split(/\s+/);
    if (parts.length === 1) {
      const read = this.reads(value);
      Object.assign(this.words[k], { text: value, read });
      this.boxes[k].classList.toggle("unread", !read);
      this.sendKnown();
      return;
    }
    const words = parts.map((text) => ({ text, token: -1, read: this.reads(text) }));
    if (!words[0].text) words.shift();
    // The first keeps its place.
    words[0].token = this.words[k].token;
    this.words.splice(k, 1, ...words);
    this.layOut();
    this.focus(k + words.length - 1);
    this.sendKnown();
  }

  // Words of which the network knows no list, such as numbers, are sent as they are typed.
  reads(text) {
    return !this.known.size || this.known.has(text.toLowerCase());
  }

  // A word that is half typed is not sent: the pictures keep the last phrase.
  sendKnown() {
    if (this.words.every(({ text, read }) => text && read)) this.send();
  }

  send() {
    if (this.text !== JSON.parse(this.shown).map(([text]) => text).join(" "))
      this.stage.send({ do: "phrase", text: this.text });
  }

  press(event, k) {
    const { selectionStart: start, selectionEnd: end, value } = event.target;
    const [first, last] = [start === 0 && end === 0, start === value.length && end === value.length];
    const moves = { ArrowLeft: first && -1, ArrowRight: last && 1 };
    if (event.key === "Enter") event.target.blur();
    else if (event.key === "Escape") this.restore();
    else if (event.key === "Backspace" && !value) this.drop(k);
    else if (moves[event.key] && this.boxes[k + moves[event.key]]) this.focus(k + moves[event.key], moves[event.key] > 0);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  focus(k, atStart = false) {
    const box = this.boxes[k];
    if (!box) return;
    box.focus();
    const at = atStart ? 0 : box.value.length;
    box.setSelectionRange(at, at);
  }

  insert(k) {
    this.words.splice(k, 0, { text: "", token: -1, read: true });
    this.layOut();
    this.focus(k);
  }

  // An empty word goes, the one before it is typed on.
  drop(k) {
    if (this.words.length < 2) return;
    this.words.splice(k, 1);
    this.focus(Math.max(0, k - 1));
    this.layOut();
    this.sendKnown();
  }

  restore() {
    this.words = wordsOf(JSON.parse(this.shown));
    this.layOut();
    this.node.querySelector(":focus")?.blur();
  }

  // Empty words go when no word is typed any longer.
  leave({ relatedTarget }) {
    const within = this.boxes.includes(relatedTarget);
    if (within || !document.hasFocus()) return this.send();
    this.words = this.words.filter(({ text }) => text);
    this.layOut();
    this.send();
  }

  // Dragged, a word goes to another place; otherwise it is selected, to be typed over.
  grasp({ clientX: from }, k) {
    const box = this.boxes[k];
    const move = ({ clientX }) => {
      const by = (clientX - from) / zoomNow();
      if (Math.abs(by) < DRAG_FROM && !box.classList.contains("dragged")) return;
      box.classList.add("dragged");
      box.style.transform = `translateX(${by}px)`;
    };
    const end = ({ type, clientX }) => {
      for (const name of ["pointermove", "pointerup", "pointercancel"]) removeEventListener(name, listen[name]);
      box.style.transform = "";
      const dragged = box.classList.contains("dragged");
      box.classList.remove("dragged");
      if (type !== "pointerup") return;
      if (dragged) this.moveTo(k, (clientX - from) / zoomNow() / this.layout.pitch);
      else if (box.isConnected) box.select();
    };
    const listen = { pointermove: move, pointerup: end, pointercancel: end };
    for (const [name, act] of Object.entries(listen)) addEventListener(name, act);
  }

  moveTo(k, by) {
    const to = Math.min(this.words.length - 1, Math.max(0, k + Math.round(by)));
    if (to === k) return;
    this.words.splice(to, 0, ...this.words.splice(k, 1));
    this.send();
  }
}

const wordsOf = (typed) => typed.map(([text, token]) => ({ text, token, read: token >= 0 }));
