// A sheet: two columns of pictures, together as high as the window: at the left those that stand on the words, at the
// right those over the epochs. All that fill a column's width have the same edges, those of the page Train.
import { clamp } from "./canvas.js";
import { FIGURE } from "./picture.js";

export class Sheet {
  constructor(node) {
    this.node = node;
    this.figures = new Map(); // key -> figure
  }

  // Lay out columns of rows of panels { key, share }. Returns the panels, each with its figure.
  layOut(columns) {
    const wanted = columns.flat(2);
    const look = JSON.stringify(wanted.map(({ key, share, head }) => [key, share, head]));
    if (look !== this.look) this.node.replaceChildren(...columns.map((rows) => this.column(rows)));
    this.look = look;
    return wanted.map((panel) => ({ ...panel, figure: this.figures.get(panel.key) }));
  }

  column(rows) {
    const column = Object.assign(document.createElement("div"), { className: "rnnviz-column" });
    column.append(...rows.map((panels) => {
      const row = Object.assign(document.createElement("div"), { className: "rnnviz-row" });
      const share = Math.max(...panels.map((panel) => panel.share));
      row.style.setProperty("--share", share);
      row.classList.toggle("fixed", share === 0);
      row.classList.toggle("headed", panels.some(({ head }) => head));
      row.append(...panels.map((panel) => this.figure(panel)));
      return row;
    }));
    return column;
  }

  figure({ key }) {
    if (!this.figures.has(key)) this.figures.set(key, newFigure(key));
    return this.figures.get(key);
  }

  // The left and right margin of a picture, and the most that a token is wide.
  edges(picture) {
    const edges = { ...this.sides(picture), alone: Boolean(picture.enlarged.dialog) };
    const [words] = this.node.getElementsByClassName("fixed");
    return picture.head && words && !picture.enlarged.dialog ? { ...edges, head: words.offsetHeight / picture.zoom } : edges;
  }

  sides({ node, zoom, enlarged: { dialog, home } }) {
    const row = home.parentElement;
    const pixels = dialog ? [node.clientWidth, node.clientHeight] : [row.clientWidth, this.node.clientHeight];
    const [width, height] = pixels.map((length) => length / zoom);
    const right = row.parentElement === this.node.children[1];
    const u = right ? clamp(Math.min(width / 33, height / 38), 11, 20) : clamp(Math.min(width / 66, height / 38), 12, 22);
    // Side by side they stand on no common axis.
    if (row.children.length > 1 && !dialog) return { u, left: 3 * u, right: 1.2 * u, most: Infinity };
    return right ? { u, left: 3.9 * u, right: Math.max(30, 2.2 * u), most: Infinity }
      : { u, left: 6.6 * u, right: 7.4 * u, most: 18 * u };
  }
}

function newFigure(key) {
  const template = Object.assign(document.createElement("template"), { innerHTML: FIGURE.trim() });
  const figure = template.content.firstElementChild;
  figure.classList.add(`st-key-${key}`);
  return figure;
}
