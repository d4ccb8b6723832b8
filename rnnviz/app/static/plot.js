// A Plotly chart that is redrawn in the same node by the public `Plotly.react`.
import { Drawing } from "./frame.js";

const CONFIG = { displayModeBar: false, doubleClick: false };

let library;

// Load the installed plotly.js from this server.
export function load(source) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("plotly.min.js could not be loaded"));
    document.head.append(script);
  });
  return library;
}

export class Plot {
  // `onClick(key, event)`; `onSight()` is called when the chart enters or leaves the viewport.
  constructor(key, { node, caption, scale }, { onClick, onSight }) {
    Object.assign(this, { key, node, caption, scale, onClick });
    this.drawing = new Drawing();
    this.inSight = false;
    this.drawnAt = 0;
    node.dataset.picture = key;
    const sight = new IntersectionObserver((entries) => {
      this.inSight = entries.at(-1).isIntersecting;
      onSight();
    });
    const size = new ResizeObserver(() => {
      if (this.count && node.clientWidth) window.Plotly.Plots.resize(node);
    });
    this.observers = [sight, size];
    for (const observer of this.observers) observer.observe(node);
  }

  get count() {
    return Number(this.node.dataset.drawn ?? 0);
  }

  // Called in every run of Streamlit's script.
  configure({ text, height, clicks }) {
    Object.assign(this, { text, clicks });
    this.node.style.height = height + "px";
    this.showCaption();
  }

  showCaption() {
    const text = [this.text, this.drawing.remark].filter(Boolean).join(" ");
    if (this.caption.textContent !== text) this.caption.textContent = text;
  }

  async draw() {
    const Plotly = await library;
    const figure = this.drawing.figure();
    this.showCaption();
    drawScale(this.scale, figure);
    this.layout = figure.layout;
    // Plotly writes the reader's zoom into the layout it receives.
    await Plotly.react(this.node, figure.data, structuredClone(figure.layout), CONFIG);
    if (!this.count) this.listen();
    flash(this.node, figure.layout.annotations ?? []);
    this.drawnAt = performance.now();
    this.node.dataset.drawn = this.count + 1;
  }

  listen() {
    this.node.on("plotly_click", ({ points: [{ x, y, customdata }] }) => {
      if (this.clicks) this.onClick(this.key, { x, y, data: customdata ?? null });
    });
    this.node.on("plotly_doubleclick", () => this.zoomOut());
  }

  // Reset to the axes of the newest figure; Plotly's own reset goes to those of the first.
  zoomOut() {
    const axes = Object.entries(this.layout).filter(([name]) => /^[xy]axis/.test(name));
    window.Plotly.relayout(this.node, Object.fromEntries(axes.map(extent)));
  }

  remove() {
    for (const observer of this.observers) observer.disconnect();
    if (this.count) window.Plotly.purge(this.node);
  }
}

const extent = ([name, { range, autorange = true }]) =>
  range ? [`${name}.range`, [...range]] : [`${name}.autorange`, autorange];

// Flash the arrows that the figure names "touched".
function flash(node, annotations) {
  for (const arrow of node.querySelectorAll(".annotation"))
    if (annotations[arrow.dataset.index]?.name === "touched") arrow.classList.add("touched");
}

// The space beside a colour scale is too narrow for many digits.
const short = (number) => (number >= 1e5 ? number.toExponential() : `${number}`).replace("+", "");

// Draw the colour bar ourselves: Plotly redraws its own in every frame, which costs as much as a
// small chart.
function drawScale(node, { data: [series], layout }) {
  if (!series?.colorbar) return;
  series.showscale = false;
  const end = short(Number(series.zmax.toPrecision(3)));
  const bottom = series.zmin < 0 ? `−${end}` : "0";
  const [low, high] = series.colorbar.ticktext ?? [bottom, `${end}`];
  const drawn = [low, high, series.colorscale, series.colorbar.title.text].join(" ");
  if (node.look === drawn) return;
  node.look = drawn;
  node.style.top = layout.margin.t - 37 + "px";
  node.style.bottom = layout.margin.b - 4 + "px";
  const colors = series.colorscale.map(([, color]) => color).join(", ");
  const bar = Object.assign(document.createElement("i"), { title: "colour scale" });
  bar.style.background = `linear-gradient(to top, ${colors})`;
  const label = (text) => Object.assign(document.createElement("span"), { textContent: text });
  node.replaceChildren(label(series.colorbar.title.text), label(high), bar, label(low));
}
