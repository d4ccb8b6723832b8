// A sheet: two columns of pictures as high as the window, the words' column at the left, that of the epochs at the
// right. All pictures of a column have the same left and right edges, those of the page Train.
import { clamp } from "./canvas.js";

const FIGURE = `
<figure class="rnnviz-figure">
  <div class="rnnviz-frame"><div class="rnnviz-chart"></div></div>
  <button class="rnnviz-ask" aria-label="What is this?">?</button><figcaption popover></figcaption>
  <button class="rnnviz-enlarge" aria-label="Enlarge" title="Enlarge; its numbers">⤢</button>
</figure>`;

export class Sheet {
  constructor(node) {
    this.node = node;
    this.figures = new Map(); // key -> figure
  }

  // Lay out the columns of panels { key, kind, share, text }. Returns each panel with its figure.
  layOut(columns) {
    const wanted = columns.flat();
    for (const [key, figure] of this.figures)
      if (!wanted.some((panel) => panel.key === key)) this.drop(key, figure);
    while (this.node.children.length < columns.length)
      this.node.append(Object.assign(document.createElement("div"), { className: "rnnviz-column" }));
    return columns.flatMap((panels, k) => panels.map((panel) => this.place(panel, this.node.children[k])));
  }

  place(panel, column) {
    const figure = this.figures.get(panel.key) ?? newFigure(panel.key);
    this.figures.set(panel.key, figure);
    figure.style.flexGrow = panel.share;
    figure.style.setProperty("--share", panel.share);
    figure.classList.toggle("fixed", panel.share === 0);
    if (figure.parentElement !== column || column.lastElementChild !== figure) column.append(figure);
    return { ...panel, figure };
  }

  drop(key, figure) {
    figure.remove();
    this.figures.delete(key);
  }

  // The left and right margin of a picture, and the most that a token is wide.
  edges({ node, enlarged: { dialog, home } }) {
    const column = home.parentElement;
    const [width, height] = dialog
      ? [node.clientWidth, node.clientHeight] : [column.clientWidth, this.node.clientHeight];
    if (column === this.node.children[1]) {
      const u = clamp(Math.min(width / 33, height / 38), 11, 20);
      return { u, left: 3.9 * u, right: Math.max(30, 2.2 * u), most: Infinity };
    }
    const u = clamp(Math.min(width / 66, height / 38), 12, 22);
    return { u, left: 6.6 * u, right: 7.4 * u, most: 18 * u };
  }
}

function newFigure(key) {
  const template = Object.assign(document.createElement("template"), { innerHTML: FIGURE.trim() });
  const figure = template.content.firstElementChild;
  figure.classList.add(`st-key-${key}`);
  return figure;
}
