// Charts that are drawn once and then updated in place. `slot` is the place of one chart; `courier`
// brings the newest figures of all of them in one message, so that a tick touches a single element.
// Figures wait in a queue; each animation frame draws what fits: newest only, what is in sight only.

const SOURCE = "component/rnnviz.ui.chart.plotly/plotly.min.js?v=" + VERSION;
// How long an animation frame may draw while the run goes on; a single picture is drawn at once.
const BUDGET_MS = 14;
const CONFIG = { displayModeBar: false };

const shared = (window.rnnviz ??= {
  charts: new Map(), // key -> the chart that is mounted there
  newest: new Map(), // key -> { mark, figure, remark }, as last delivered
  waiting: new Set(), // keys that have something new to draw
  scheduled: false,
  running: false,
  library: null,
});

function library() {
  shared.library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(SOURCE, document.baseURI);
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("plotly.min.js could not be loaded"));
    document.head.append(script);
  });
  return shared.library;
}

const ready = (key) => shared.charts.get(key)?.inSight && shared.newest.has(key);

function schedule() {
  if (shared.scheduled || ![...shared.waiting].some(ready)) return;
  shared.scheduled = true;
  shared.running ? requestAnimationFrame(drawWhatFits) : queueMicrotask(drawWhatFits);
}

const longestUndrawnFirst = (keys) =>
  keys.sort((a, b) => shared.charts.get(a).drawnAt - shared.charts.get(b).drawnAt);

async function drawWhatFits() {
  const until = shared.running ? performance.now() + BUDGET_MS : Infinity;
  try {
    for (const key of longestUndrawnFirst([...shared.waiting].filter(ready))) {
      shared.waiting.delete(key);
      await draw(shared.charts.get(key), shared.newest.get(key));
      if (performance.now() > until) break;
    }
  } finally {
    shared.scheduled = false;
  }
  schedule();
}

async function draw(chart, { figure, remark }) {
  const { node, caption } = chart;
  const Plotly = await library();
  const text = [caption.dataset.text, remark].filter(Boolean).join(" ");
  if (caption.textContent !== text) caption.textContent = text;
  drawScale(chart, figure);
  await Plotly.react(node, figure.data, figure.layout, CONFIG);
  chart.drawnAt = performance.now();
  node.dataset.drawn = Number(node.dataset.drawn ?? 0) + 1;
}

// Plotly draws a colour bar anew with every frame, which takes as long as a small chart.
function drawScale({ scale }, { data: [series], layout }) {
  if (!series.colorbar) return;
  series.showscale = false;
  const end = Number(series.zmax.toPrecision(3));
  if (scale.dataset.end === `${end} ${series.colorscale}`) return;
  scale.dataset.end = `${end} ${series.colorscale}`;
  scale.style.top = layout.margin.t - 37 + "px";
  scale.style.bottom = layout.margin.b - 4 + "px";
  const colors = series.colorscale.map(([, color]) => color).join(", ");
  const bar = Object.assign(document.createElement("i"), { title: "colour scale" });
  bar.style.background = `linear-gradient(to top, ${colors})`;
  const label = (text) => Object.assign(document.createElement("span"), { textContent: text });
  const name = label(series.colorbar.title.text);
  scale.replaceChildren(name, label(end), bar, label(`−${end}`));
}

function mount(key, parent, { text, height }) {
  const node = parent.querySelector(".rnnviz-chart");
  const caption = parent.querySelector("figcaption");
  node.style.height = height + "px";
  caption.textContent = caption.dataset.text = text;
  const scale = parent.querySelector(".rnnviz-scale");
  const chart = { node, caption, scale, inSight: false, drawnAt: 0 };
  chart.sight = new IntersectionObserver((entries) => {
    chart.inSight = entries.at(-1).isIntersecting;
    schedule();
  });
  chart.size = new ResizeObserver(() => {
    if (node.dataset.drawn && node.clientWidth) window.Plotly.Plots.resize(node);
  });
  chart.sight.observe(node);
  chart.size.observe(node);
  shared.charts.set(key, chart);
  shared.waiting.add(key);
  library();
}

function unmount(key, chart) {
  chart.sight.disconnect();
  chart.size.disconnect();
  if (shared.charts.get(key) === chart) shared.charts.delete(key);
  if (chart.node.dataset.drawn) window.Plotly.purge(chart.node);
}

function slot({ parentElement, data }) {
  const { key } = data;
  const node = parentElement.querySelector(".rnnviz-chart");
  if (shared.charts.get(key)?.node !== node) mount(key, parentElement, data);
  const chart = shared.charts.get(key);
  // Streamlit also cleans up when it goes on with the same node; only one that has left is over.
  return () => setTimeout(() => chart.node.isConnected || unmount(key, chart), 1000);
}

function courier({ data }) {
  const { running, charts } = JSON.parse(new TextDecoder().decode(data));
  shared.running = running;
  for (const [key, frame] of Object.entries(charts)) {
    if (shared.newest.get(key)?.mark === frame.mark) continue;
    shared.newest.set(key, frame);
    shared.waiting.add(key);
  }
  schedule();
}
