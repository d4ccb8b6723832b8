// The words of the phrase above the pictures that stand on them. They are typed there.
import { CanvasPicture } from "./canvas_picture.js";
import { clamp, write } from "./canvas.js";
import { Tokens } from "./tokens.js";

export class WordsRow extends CanvasPicture {
  constructor(...options) {
    super(...options);
    this.tokens = new Tokens(this.node, this.stage);
    this.canvas.addEventListener("click", () => {
      const { token } = this.under;
      if (token !== undefined) this.stage.keep("token", token);
    });
  }

  show({ layout }) {
    this.row = { ...layout.meta, font: layout.font };
    this.tokens.show(this.row);
    this.repaint();
    this.canvas.setAttribute("aria-label", `The ${this.row.noun}s: ${this.row.words.join(" ")}`);
  }

  paint(context, width, height) {
    this.layout = this.layoutOf(width, height);
    this.tokens.place(this.layout, this.row.turning, this.row.shades);
    this.paintWords(context);
  }

  layoutOf(width, height) {
    const { words, typed, steps } = this.row;
    const { u, left, right, most } = this.edges;
    const pitch = Math.min((width - left - right) / words.length, most);
    const longest = Math.max(...words.map((word) => word.length));
    const wordSize = steps?.length ? Math.max(12, u) : clamp((pitch - 6) / (0.54 * longest), 12, 1.45 * u);
    const upright = !steps?.length && longest > 1 && pitch < 3 * u && wordSize * 0.54 * longest > pitch;
    const edge = (k) => left + pitch * k;
    return { u, pitch, wordSize, upright, edge, word: (t) => edge(t + 0.5), wordHeight: height,
      boxed: typed.length > 0 && !upright && pitch >= 2.4 * u };
  }

  paintWords(c) {
    const { words, typed, steps, font } = this.row;
    const { pitch, wordSize, upright, word, wordHeight, boxed } = this.layout;
    // What is not typed: the words of a decoder.
    const inBoxes = new Set(boxed && !c.alone ? typed.map(([, t]) => t) : []);
    const p = { c, font: font.family, theme: { background: "transparent" } };
    const narrow = words.every(({ length }) => length === 1) ? 8 : 13;
    const longest = Math.max(...words.map((text) => text.length));
    // The times of steps are level: of many only some have room.
    const room = steps?.length ? 0.56 * wordSize * longest + 8 : narrow;
    const every = Math.max(1, Math.ceil(room / pitch));
    words.forEach((text, t) => {
      // Behind the last box a word can be added.
      if (t % every || inBoxes.has(t) || inBoxes.has(t - 1)) return;
      c.save();
      c.translate(word(t), upright ? wordHeight - 4 : wordHeight / 2);
      if (upright) c.rotate(-Math.PI / 2);
      write(p, text, 0, 0, wordSize, font.color, { align: upright ? "left" : "center", weight: 600, most: upright ? wordHeight - 6 : every * pitch });
      c.restore();
    });
  }

  get under() {
    const { edge, pitch } = this.layout;
    const t = Math.floor((this.pointer?.[0] - edge(0)) / pitch);
    return { token: t >= 0 && t < this.row.words.length ? t : undefined };
  }

  // A step, or a word that has no room in its column.
  told() {
    const { words, steps } = this.row;
    const { wordSize, pitch, boxed } = this.layout;
    const { token } = this.under;
    if (steps?.[token]) return [steps[token]];
    const cut = token !== undefined && !boxed && 0.54 * wordSize * words[token].length > pitch;
    return cut ? [words[token]] : [];
  }
}
