// A picture on the whole window, in a dialog, with its numbers as a table and as CSV. The picture moves into
// the dialog and back, and is drawn all the while; its figure keeps its size on the page.
import { pngOf, svgOf, toldOf } from "./saved_picture.js";
import { columnsOf, csvOf, fillTable, plainText } from "./numbers.js";

const BAR = `
<div class="rnnviz-bar">
  <button data-large="table" aria-expanded="false">Table</button>
  <button data-large="csv" title="Save the numbers as a file">CSV</button>
  <button data-large="svg" title="Save the picture as a file">SVG</button>
  <button data-large="png" title="Save the picture as a file">PNG</button>
  <button data-large="close" autofocus>Close <kbd>Esc</kbd></button>
</div>
<div class="rnnviz-numbers" role="region" aria-label="The numbers" tabindex="0" hidden><p></p><table></table></div>`;
// Milliseconds between two tables of a run that plays.
const REFRESH_MS = 1000;

export class Enlarged {
  constructor(picture, { node, caption, ask, enlarge }) {
    Object.assign(this, { picture, caption, ask });
    [this.frame, this.home] = [node.parentElement, node.closest("figure")];
    enlarge.onclick = () => this.open();
  }

  open() {
    if (this.dialog) return;
    const { home, frame, ask, caption, picture } = this;
    home.style.height = `${home.offsetHeight}px`;
    this.dialog = Object.assign(document.createElement("dialog"), { className: "rnnviz-large", innerHTML: BAR });
    this.dialog.append(frame);
    this.dialog.firstElementChild.prepend(ask, caption);
    this.dialog.addEventListener("click", ({ target }) => this.press(target.closest("[data-large]")));
    this.dialog.addEventListener("close", () => this.close());
    home.append(this.dialog);
    this.dialog.showModal();
    if (picture.count) this.refresh(picture.drawing.figure());
  }

  // After the browser has closed the dialog and given back the focus.
  close() {
    this.home.prepend(this.frame, this.ask, this.caption);
    this.home.style.height = "";
    this.dialog.remove();
    this.dialog = null;
  }

  press(button) {
    if (button?.dataset.large === "close") this.dialog.close();
    else if (button && this.picture.count) this[button.dataset.large](this.picture.drawing.figure(), button);
  }

  csv(figure) {
    save(`${this.picture.key}.csv`, new Blob([csvOf(columnsOf(figure))], { type: "text/csv" }));
  }

  svg(figure) {
    save(`${this.picture.key}.svg`, new Blob([svgOf(this.picture, this.told(figure))], { type: "image/svg+xml" }));
  }

  async png(figure) {
    save(`${this.picture.key}.png`, await pngOf(this.picture, this.told(figure)));
  }

  told(figure) {
    return toldOf(this.picture, plainText(figure.layout.title?.text));
  }

  table(figure, button) {
    const shown = this.dialog.classList.toggle("with-table");
    button.ariaExpanded = shown;
    this.numbers.hidden = !shown;
    this.filledAt = -Infinity;
    this.refresh(figure);
  }

  get numbers() {
    return this.dialog.querySelector(".rnnviz-numbers");
  }

  // Called with every figure that is drawn.
  refresh(figure) {
    if (!this.dialog) return;
    this.dialog.ariaLabel = plainText(figure.layout.title?.text);
    const { playing } = this.picture.stage;
    if (this.numbers.hidden || (playing && performance.now() < this.filledAt + REFRESH_MS)) return;
    this.filledAt = performance.now();
    const [note, table] = this.numbers.children;
    note.textContent = fillTable(table, columnsOf(figure));
  }
}

function save(download, content) {
  const href = URL.createObjectURL(content);
  Object.assign(document.createElement("a"), { download, href }).click();
  URL.revokeObjectURL(href);
}
