// A Plotly chart that is redrawn in the same node by the public `Plotly.react`.
import { Picture } from "./picture.js";

const CONFIG = { displayModeBar: false, doubleClick: false };

let source, library;

// Tell where the installed plotly.js is on this server. It is large, so a page without a chart in sight
// doesn't load it.
export function locate(url) {
  source = url;
}

function load() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("plotly.min.js could not be loaded"));
    document.head.append(script);
  });
  return library;
}

export class Plot extends Picture {
  resize() {
    window.Plotly.Plots.resize(this.node);
  }

  async show(figure) {
    const Plotly = await load();
    drawScale(this.scale, figure);
    this.layout = figure.layout;
    // Plotly writes the reader's zoom into the layout it receives.
    const layout = structuredClone(figure.layout);
    // Enlarged, it is as high as its node.
    if (this.enlarged.dialog) delete layout.height;
    await Plotly.react(this.node, figure.data, layout, CONFIG);
    if (!this.count) this.listen();
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
    super.remove();
    if (this.count) window.Plotly.purge(this.node);
  }
}

const extent = ([name, { range, autorange = true }]) =>
  range ? [`${name}.range`, [...range]] : [`${name}.autorange`, autorange];

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
