// A picture on the whole window, in a dialog, with its numbers as a table. The picture moves into the dialog and
// back, and is drawn all the while; its figure keeps its size on the page.
import { columnsOf, fillTable, plainText } from "./numbers.js";
import { SAVES, saveOnClick } from "./save_menu.js";

const BAR = `
<div class="rnnviz-bar">
  <button data-large="explore" title="Zoom, compare values, switch series on and off" hidden>Explore</button>
  <button data-large="table" aria-expanded="false">Table</button>
  ${SAVES}
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
    this.dialog.addEventListener("click", (event) => this.press(event));
    this.dialog.addEventListener("close", () => this.close());
    home.append(this.dialog);
    this.dialog.showModal();
    this.tell();
    if (picture.count) this.refresh(picture.drawing.figure());
  }

  // After the browser has closed the dialog and given back the focus.
  close() {
    this.home.prepend(this.frame, this.ask, this.caption);
    this.home.style.height = "";
    this.dialog.remove();
    this.dialog = null;
    this.tell();
  }

  // The address of the page names the enlarged picture.
  tell() {
    this.home.dispatchEvent(new Event("rnnviz-enlarged", { bubbles: true }));
  }

  press(event) {
    saveOnClick(this.picture, event);
    const button = event.target.closest("[data-large]");
    if (button?.dataset.large === "close") this.dialog.close();
    else if (button?.dataset.large === "explore") this.picture.stage.explorer.open(this.picture, this.dialog);
    else if (button && this.picture.count) this.table(this.picture.drawing.figure(), button);
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
    const { playing, explorer } = this.picture.stage;
    this.dialog.querySelector("[data-large=explore]").hidden = !explorer?.takes(this.picture, figure);
    explorer?.refresh(this.picture, figure);
    if (this.numbers.hidden || (playing && performance.now() < this.filledAt + REFRESH_MS)) return;
    this.filledAt = performance.now();
    const [note, table] = this.numbers.children;
    note.textContent = fillTable(table, columnsOf(figure));
  }
}
