// The figure of a chart in Plotly, in a dialog: zoom, pan, select, and switch series on and off. It is a copy of the
// moment at which it was opened, so that nothing moves under the pointer.
import { Chart } from "./chart.js";
import { Curves } from "./curves.js";
import { curvesFigure } from "./curves_figure.js";
import { plainText } from "./numbers.js";
import { PairCurves } from "./pair_curves.js";
import { pairCurvesFigure } from "./pair_curves_figure.js";
import { chartFigure } from "./plotly_figure.js";

const FIGURES = new Map([[Chart, chartFigure], [Curves, curvesFigure], [PairCurves, pairCurvesFigure]]);
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

// The figure of a kind of picture; null of one that is no chart.
export const figureOf = (Kind, figure) => FIGURES.get(Kind)?.(figure) ?? null;

export class Explorer {
  // Plotly's script is at `address`.
  constructor(address) {
    this.address = address;
  }

  // Whether a picture has a figure.
  takes({ constructor }, figure) {
    return figureOf(constructor, figure) !== null;
  }

  // Plotly is loaded for the first figure.
  load() {
    this.loading ??= new Promise((done, failed) => {
      const script = Object.assign(document.createElement("script"), { src: this.address, onerror: failed });
      script.onload = () => done(window.Plotly);
      document.head.append(script);
    });
    this.loading.catch(() => (this.loading = null));
    return this.loading;
  }

  // The dialog is part of `parent`, which is open; Esc closes it first.
  async open(picture, parent) {
    const dialog = Object.assign(document.createElement("dialog"), { className: "rnnviz-large rnnviz-explored", innerHTML: BAR });
    dialog.addEventListener("click", (event) => this.press(event));
    dialog.addEventListener("close", () => this.close());
    parent.append(dialog);
    dialog.showModal();
    Object.assign(this, { picture, dialog });
    this.say("Loading Plotly …");
    const plotly = await this.load().catch(() => null);
    if (this.dialog !== dialog) return;
    if (!plotly) return this.say("Plotly could not be loaded.");
    this.plotly = plotly;
    this.show();
  }

  close() {
    this.plotly?.purge(this.node);
    this.dialog.remove();
    this.picture = this.dialog = this.plotly = null;
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
    const { drawing, constructor } = this.picture, figure = drawing.figure(), drawn = figureOf(constructor, figure);
    // A sentence may have come in place of the chart.
    if (!drawn) return this.dialog.close();
    [this.shown, this.color] = [drawing.arrays, drawn.layout.font.color];
    this.dialog.ariaLabel = `${plainText(figure.layout.title?.text)}, in Plotly`;
    this.dialog.querySelector("p").textContent = drawing.remark;
    this.plotly.react(this.node, drawn.data, drawn.layout, CONFIG);
    this.refresh(this.picture, figure);
  }

  // Called with every figure that is drawn of an enlarged picture. In other colours the copy would be hard to read.
  refresh(picture, { layout }) {
    if (picture !== this.picture || !this.plotly) return;
    if (layout.font.color !== this.color) return this.show();
    const changed = picture.drawing.arrays !== this.shown;
    this.say(changed ? "A copy: the chart has changed since." : "");
    this.dialog.querySelector("[data-explored=update]").hidden = !changed;
  }
}
