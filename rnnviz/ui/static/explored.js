// A picture's figure in Plotly, in a dialog: zoom, pan, select, and switch series on and off. It is a copy of the moment
// at which it was opened, so that nothing moves under the pointer.
import { plainText } from "./numbers.js";

const BAR = `
<div class="rnnviz-bar">
  <p></p><p role="status"></p>
  <button data-explored="update" hidden>Update</button>
  <button data-explored="close" autofocus>Back <kbd>Esc</kbd></button>
</div>
<div class="rnnviz-plotly"></div>`;
const CONFIG = {
  responsive: true, scrollZoom: true, displayModeBar: true, displaylogo: false, typesetMath: false, showTips: false,
  modeBarButtons: [["zoom2d", "pan2d", "select2d", "lasso2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]],
  plotlyServerURL: "", topojsonURL: "/", doubleClick: "reset",
};

let loading = null; // Plotly, from its first use on

function load(address) {
  loading ??= new Promise((done, failed) => {
    const script = Object.assign(document.createElement("script"), { src: address, onerror: failed });
    script.onload = () => done(window.Plotly);
    document.head.append(script);
  });
  loading.catch(() => (loading = null));
  return loading;
}

export class Explored {
  constructor(picture) {
    this.picture = picture;
  }

  // The dialog is part of `parent`, which is open; Esc closes it first.
  async open(parent) {
    const dialog = Object.assign(document.createElement("dialog"), { className: "rnnviz-large rnnviz-explored", innerHTML: BAR });
    dialog.addEventListener("click", (event) => this.press(event));
    dialog.addEventListener("close", () => this.close());
    parent.append(dialog);
    dialog.showModal();
    this.dialog = dialog;
    this.say("Loading Plotly …");
    const plotly = await load(this.picture.stage.plotly).catch(() => null);
    if (this.dialog !== dialog) return;
    if (!plotly) return this.say("Plotly could not be loaded.");
    this.plotly = plotly;
    this.show();
  }

  close() {
    this.plotly?.purge(this.node);
    this.dialog.remove();
    this.dialog = this.plotly = null;
  }

  press({ target }) {
    const { explored } = target.closest("[data-explored]")?.dataset ?? {};
    if (explored === "close") this.dialog.close();
    if (explored === "update") this.show();
  }

  get node() {
    return this.dialog.querySelector(".rnnviz-plotly");
  }

  say(text) {
    this.dialog.querySelector("[role=status]").textContent = text;
  }

  show() {
    const { drawing } = this.picture, figure = drawing.figure(), translated = this.picture.plotlyFigure(figure);
    // A sentence may have come in place of the chart.
    if (!translated) return this.dialog.close();
    const { data, layout } = translated;
    [this.shown, this.color] = [drawing.arrays, layout.font.color];
    this.dialog.ariaLabel = `${plainText(figure.layout.title?.text)}, in Plotly`;
    this.dialog.querySelector("p").textContent = drawing.remark;
    this.plotly.react(this.node, data, layout, CONFIG);
    this.refresh(figure);
  }

  // Called with every figure that is drawn. In other colours the copy would be hard to read.
  refresh({ layout }) {
    if (!this.plotly) return;
    if (layout.font.color !== this.color) return this.show();
    const changed = this.picture.drawing.arrays !== this.shown;
    this.say(changed ? "A copy: the chart has changed since." : "");
    this.dialog.querySelector("[data-explored=update]").hidden = !changed;
  }
}
