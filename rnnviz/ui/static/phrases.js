// Sequences whose words are tinted by a unit, from the heatmap of questions/carry/pictures.py: each row is a sequence.
// Here the words flow, in a box that scrolls.
import { colorOf, endText, rgbOf } from "./color_scale.js";
import { HtmlPicture } from "./html_picture.js";
import { plainText } from "./numbers.js";

const BOX = "<h4><span></span><small></small><i></i><small></small></h4><div tabindex='0' role='region'></div>";

export class Phrases extends HtmlPicture {
  constructor(key, parts, listeners) {
    super(key, parts, listeners);
    this.node.innerHTML = `<div class="rnnviz-phrases">${BOX}</div>`;
    this.box = this.node.querySelector(".rnnviz-phrases");
    this.lines = this.box.lastElementChild;
    this.lines.addEventListener("click", ({ target }) => target.dataset.word && this.onClick(key, { x: null, y: null, data: target.dataset.word }));
    // A title for every word would take time with every frame.
    this.lines.addEventListener("pointerover", ({ target }) => target.value !== undefined && (target.title = this.told(target)));
  }

  show({ data: [series], layout }) {
    const { notes, word, tight, sentence } = layout.meta;
    if (sentence) return this.say(plainText(layout.title.text), plainText(sentence));
    Object.assign(this, { series, name: plainText(series.colorbar.title.text) });
    const look = JSON.stringify([series.text, notes, tight]);
    if (look !== this.look) this.write(series, notes, tight);
    this.look = look;
    this.tint(plainText(word));
    const { colorscale, zmin, zmax } = series;
    const colors = colorscale.map(([, color]) => color).join(", ");
    this.entitle(plainText(layout.title.text), [zmin, zmax].map(endText), `linear-gradient(to right, ${colors})`);
  }

  // A sentence came instead of the phrases.
  say(title, sentence) {
    this.look = "";
    this.spans = [];
    this.entitle(title, ["", ""], "none");
    this.lines.replaceChildren(Object.assign(document.createElement("p"), { textContent: sentence }));
  }

  get scroller() {
    return this.lines;
  }

  // One span for each word.
  write({ text }, notes, tight) {
    const make = (tag, options) => Object.assign(document.createElement(tag), options);
    this.spans = [];
    this.lines.classList.toggle("tight", tight);
    this.lines.replaceChildren(...text.map((words, row) => {
      const line = make("p");
      const read = words.filter(Boolean);
      this.spans.push(read.map((word) => make("span", { textContent: plainText(word) })));
      for (const span of this.spans.at(-1)) {
        span.dataset.word = span.textContent;
        line.append(span, ...(tight ? [] : [" "]));
      }
      line.append(make("small", { textContent: plainText(notes[row]) }));
      return line;
    }));
  }

  tint(word) {
    const { z, zmin, zmax, colorscale } = this.series;
    const color = colorOf({ colorscale, cmin: zmin, cmax: zmax });
    this.spans.forEach((spans, row) => spans.forEach((span, t) => {
      span.value = z[row][t];
      const ground = color(Number.isFinite(span.value) ? span.value : 0);
      [span.style.background, span.style.color] = [ground, inkOn(ground)];
      span.classList.toggle("chosen", span.textContent === word);
    }));
  }

  entitle(title, ends, background) {
    const [name, low, bar, high] = this.box.firstElementChild.children;
    [low.textContent, high.textContent] = ends;
    name.textContent = this.lines.ariaLabel = title;
    bar.style.background = background;
  }

  told(span) {
    return `${this.name} = ${span.value.toPrecision(6).replace("-", "−")} after “${span.textContent}”`;
  }
}

// Black or white, whichever has more contrast (WCAG).
function inkOn(color) {
  const [r, g, b] = rgbOf(color).map((part) => (part / 255 <= 0.04045 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}
