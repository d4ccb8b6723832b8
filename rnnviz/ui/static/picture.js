// A picture in a node of the page: its size, whether it is in sight, its caption, and how often it was drawn.
import { Enlarged } from "./enlarged.js";
import { Drawing } from "./frame.js";
import { openBeside } from "./popover.js";
import { offerSaves } from "./save_menu.js";

// What the picture's node stands in.
export const FIGURE = `
<figure class="rnnviz-figure">
  <div class="rnnviz-frame"><div class="rnnviz-chart"></div></div>
  <button class="rnnviz-ask" aria-label="What is this?">?</button><figcaption popover></figcaption>
  <button class="rnnviz-enlarge" aria-label="Enlarge" title="Enlarge; its numbers">⤢</button>
</figure>`;

export function partsOf(figure) {
  const [node, caption, ask, enlarge] = [".rnnviz-chart", "figcaption", ".rnnviz-ask", ".rnnviz-enlarge"]
    .map((selector) => figure.querySelector(selector));
  return { node, caption, ask, enlarge };
}

export class Picture {
  // `onClick(key, event)`; `onSight()` is called when the picture enters or leaves the viewport.
  constructor(key, parts, { stage, onClick, onSight }) {
    const { node, caption, ask } = parts;
    Object.assign(this, { key, node, caption, stage, onClick });
    this.enlarged = new Enlarged(this, parts);
    this.corner = [ask, parts.enlarge, offerSaves(this, parts)];
    this.drawing = new Drawing();
    this.inSight = false;
    this.drawnAt = 0;
    node.dataset.picture = key;
    // Until it is drawn there is nothing to point at, to click or to press.
    node.inert = true;
    openBeside(ask, caption);
    const sight = new IntersectionObserver((entries) => {
      this.inSight = entries.at(-1).isIntersecting;
      onSight();
    });
    const size = new ResizeObserver(() => {
      if (this.count && node.clientWidth) this.resize();
    });
    this.observers = [sight, size];
    for (const observer of this.observers) observer.observe(node);
  }

  get count() {
    return Number(this.node.dataset.drawn ?? 0);
  }

  // On a sheet the pictures of a column share their edges.
  get edges() {
    return this.sheet?.edges(this);
  }

  // Called in every run of Streamlit's script.
  configure({ text, height, clicks, sheet, head }) {
    Object.assign(this, { text, clicks, sheet, head });
    // Without a height the style sheet decides.
    if (height) this.node.style.height = height + "px";
    this.showCaption();
  }

  showCaption() {
    // Below the explanation are its terms, one a line.
    const [told, ...terms] = (this.text ?? "").split("\n");
    const text = [told, this.drawing.remark].filter(Boolean).join(" ");
    if (this.explained === text + terms) return;
    this.explained = text + terms;
    const lines = terms.map((textContent) => Object.assign(document.createElement("small"), { textContent }));
    this.caption.replaceChildren(text, ...lines);
  }

  async draw() {
    const figure = this.drawing.figure();
    this.showCaption();
    this.enlarged.refresh(figure);
    await this.show(figure);
    this.node.inert = false;
    this.drawnAt = performance.now();
    this.node.dataset.drawn = this.count + 1;
    this.node.closest("figure")?.setAttribute("data-drawn", "");
    // The first time it was not there to be drawn over.
    this.overlay?.paint();
  }

  remove() {
    for (const observer of this.observers) observer.disconnect();
  }
}
