// Two networks over one sequence, drawn on a canvas from the picture of charts/pair_pictures.py.
import { CanvasPicture } from "./canvas_picture.js";
import { leftText, number, percent } from "./canvas.js";
import { pairLayout } from "./pair_layout.js";
import { outcome, paintPair } from "./pair_paint.js";
import { Tokens } from "./tokens.js";

// Reading: the longest time at a word, and the longest time there, in milliseconds. Back it is twice as fast.
const [WORD_MS, ALL_MS] = [320, 3600];

export class PairNetwork extends CanvasPicture {
  constructor(...options) {
    super(...options);
    this.tokens = new Tokens(this.node, this.stage);
    this.button = Object.assign(document.createElement("button"), {
      className: "rnnviz-read", textContent: "▷ Read it",
      title: "Both read the words, one by one; then the gradient comes back (R)",
    });
    this.button.addEventListener("click", () => this.read());
    this.node.append(this.button);
    this.canvas.addEventListener("click", () => this.click());
    this.reading = null;
  }

  // A click on a column follows its token.
  click() {
    const { t, k, row } = this.hover;
    if (row !== undefined) this.stage.keep("unit", this.pair.networks[k].rows[row]);
    else if (t !== undefined) this.onClick(this.key, { x: t });
  }

  show({ data, layout }) {
    const { meta, font } = layout;
    const networks = meta.networks.map((told, k) => ({ ...told, ...arraysOf(data, `#${k}`) }));
    this.pair = { ...meta, networks, font: font.family };
    if (this.reading && this.reading.words !== this.pair.words.join()) this.stop();
    this.tokens.show(this.pair);
    this.repaint();
    this.canvas.setAttribute("aria-label", this.description);
  }

  get hover() {
    return this.pointer ? this.layout?.find(...this.pointer) ?? {} : {};
  }

  // The row of the unit that is marked.
  get kept() {
    const unit = this.stage.unit;
    const k = this.pair.networks.findIndex(({ rows }) => rows?.includes(unit));
    return k < 0 ? {} : { k, row: this.pair.networks[k].rows.indexOf(unit) };
  }

  paint(context, width, height) {
    const { pair, reading } = this;
    this.layout = pairLayout(width, height, pair);
    const count = pair.words.length;
    const [readTo, backFrom] = reading ? [reading.to, reading.back] : [count, 0];
    const hover = reading ? { t: backFrom < count ? backFrom : readTo - 1 } : { ...this.kept, t: this.stage.token, ...this.hover };
    paintPair(context, this.layout, pair, { hover, readTo, backFrom });
    const { wordTop, wordHeight, left: edge, u } = this.layout;
    const shades = pair.words.map((_, t) => (t === pair.token ? pair.theme.forward : pair.theme.grid));
    this.tokens.place(this.layout, undefined, shades);
    const top = `${wordTop * this.zoom}px`;
    this.tokens.node.style.top = top;
    Object.assign(this.button.style, { top, height: `${wordHeight}px`, width: `${edge - 12}px`,
      fontSize: `${Math.max(13, 0.98 * u)}px` });
  }

  get under() {
    const { t: token, k, row } = this.hover;
    return { token, unit: row === undefined ? undefined : this.pair.networks[k].rows[row] };
  }

  // The tip: a line for each network.
  told() {
    const { t, k, row, channel } = this.hover;
    if (t === undefined || this.reading) return [];
    const { words, noun, networks } = this.pair;
    const at = channel < words.length ? channel : t;
    const place = `${noun} ${at + 1}, “${words[at]}”`;
    const finite = networks.filter(({ h }) => h);
    if (channel === at && finite.every(({ share }) => share[at] >= 0))
      return [place, ...finite.map(({ name, share }) => `${name}: share from memory ${percent(share[at])}`)];
    if (row !== undefined)
      return [`unit ${networks[k].rows[row]} of ${networks[k].name} after ${place}`, number(networks[k].h[row][t], 4)];
    return [place, ...finite.map((network) => this.lineOf(network, at))];
  }

  lineOf({ name, left: shares, gradient, predicted, answer }, t) {
    const { words, names, kind, token } = this.pair;
    const k = t - words.length + answer.length;
    const says = k < 0 ? "" : kind === "values" ? `error ${answer[k].toPrecision(2)}, `
      : `says ${names[predicted[k]]}${kind === "verdict" ? ` ${percent(Math.max(answer[k], 1 - answer[k]))}` : ""}, `;
    const kept = t < token ? "" : `left ${leftText(shares[t])}, `;
    return `${name}: ${says}${kept}of the gradient ${leftText(gradient[t])}`;
  }

  get description() {
    const { words, noun, networks, theme } = this.pair;
    const told = networks.map((network) => network.h
      ? `${network.name}: ${outcome({ pair: this.pair, network, theme }).map(([line]) => line).join(" ")}`
      : `${network.name}: not finite`);
    return `Two networks read ${words.length} ${noun}s: ${words.join(" ")}. ${told.join(". ")}.`;
  }

  // Reading: word by word, then the gradient comes back

  handleKey(name, repeated) {
    if (name === "r" && !repeated) this.read();
    return name === "r";
  }

  // It is a control for its key; a run that plays ends it.
  update({ running }) {
    if (running && this.reading) this.stop();
  }

  read() {
    if (this.reading) return this.stop();
    if (this.stage.playing) this.stage.send({ do: "pause" });
    const count = this.pair.words.length;
    this.reading = { to: 0, back: count, words: this.pair.words.join() };
    this.turn(Math.min(WORD_MS, ALL_MS / count));
  }

  turn(pause) {
    const { reading, pair: { words } } = this;
    if (reading.to < words.length) reading.to++;
    else if (reading.back > 0) reading.back--;
    else return this.stop();
    this.repaint();
    this.stage.override("story", this.sentence());
    this.timer = setTimeout(() => this.turn(pause), reading.to < words.length ? pause : pause / 2);
  }

  stop() {
    clearTimeout(this.timer);
    this.reading = null;
    this.stage.override("story", null);
    this.repaint();
  }

  // What is left after this word; on the way back, of the gradient.
  sentence() {
    const { reading: { to, back }, pair: { words, token, networks } } = this;
    const returning = back < words.length;
    const k = returning ? back : to - 1;
    const place = `${quoted(words[k])}, ${k + 1} of ${words.length}`;
    const [a, b] = networks.map(({ left: shares, gradient }) => (shares ? leftText((returning ? gradient : shares)[k]) : "–"));
    const [one, two] = networks.map(({ name }, i) => `<u class="rnnviz-called ${"ab"[i]}">${escaped(name)}</u>`);
    const line = returning ? `Back at ${place}: of the gradient ${one} has ${a}, ${two} ${b}.`
      : k < token ? `Both read ${place}.` : `After ${place}: of ${quoted(words[token])} ${one} has ${a} left, ${two} ${b}.`;
    const chip = returning ? "← Gradient" : "Reading →";
    return `<div class="rnnviz-story pair"><b>${chip}</b><span><bdi>${line}</bdi></span></div>`;
  }

  remove() {
    clearTimeout(this.timer);
    if (this.reading) this.stage.override("story", null);
    super.remove();
  }
}

const escaped = (text) => Object.assign(document.createElement("i"), { textContent: text }).innerHTML;
const quoted = (word) => `“${escaped(word)}”`;

// The arrays of one network by name, with the units of its rows.
function arraysOf(data, suffix) {
  const own = data.filter(({ name }) => name.endsWith(suffix));
  const named = own.map((series) => ({ ...series, name: series.name.slice(0, -suffix.length) }));
  const by = Object.fromEntries(named.map((series) => [series.name, series.z ?? series.y]));
  const weights = named.filter(({ name }) => name.startsWith("W_hh")).map(({ z }) => z);
  return { ...by, weights, rows: named.find(({ name }) => name === "h")?.y };
}
