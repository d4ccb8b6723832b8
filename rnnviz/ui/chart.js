// One chart that is drawn once and then updated in place.
// Frames wait in a queue; each animation frame draws what fits, newest only, what is in sight only.

const SOURCE = "component/rnnviz.ui.chart.plotly/plotly.min.js?v=" + VERSION;
const BUDGET_MS = 12;

const shared = (window.rnnviz ??= { waiting: new Set(), scheduled: false, plotly: null });

function library() {
  shared.plotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(SOURCE, document.baseURI);
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("plotly.min.js could not be loaded"));
    document.head.append(script);
  });
  return shared.plotly;
}

function schedule() {
  if (shared.scheduled || !shared.waiting.size) return;
  shared.scheduled = true;
  requestAnimationFrame(drawWhatFits);
}

async function drawWhatFits() {
  const until = performance.now() + BUDGET_MS;
  try {
    for (const chart of shared.waiting) {
      if (!chart.inSight) continue;
      shared.waiting.delete(chart);
      await draw(chart);
      if (performance.now() > until) break;
    }
  } finally {
    shared.scheduled = false;
  }
  if ([...shared.waiting].some((chart) => chart.inSight)) schedule();
}

const decode = (frame) => JSON.parse(new TextDecoder().decode(frame));

// Before the first drawing the place is already as large as the chart will be.
function reserve(chart) {
  const { caption, figure } = decode(chart.frame);
  chart.node.style.height = figure.layout.height + "px";
  chart.caption.textContent = caption;
}

async function draw(chart) {
  const Plotly = await library();
  const { caption, figure } = decode(chart.frame);
  if (chart.caption.textContent !== caption) chart.caption.textContent = caption;
  await Plotly.react(chart.node, figure.data, figure.layout, { displaylogo: false });
  chart.node.dataset.drawn = Number(chart.node.dataset.drawn ?? 0) + 1;
}

function mount(parent) {
  const node = parent.querySelector(".rnnviz-chart");
  const caption = parent.querySelector("figcaption");
  const chart = { node, caption, inSight: false, frame: null };
  chart.sight = new IntersectionObserver((entries) => {
    chart.inSight = entries.at(-1).isIntersecting;
    schedule();
  });
  chart.size = new ResizeObserver(() => {
    if (node.dataset.drawn && node.clientWidth) window.Plotly.Plots.resize(node);
  });
  chart.sight.observe(node);
  chart.size.observe(node);
  return chart;
}

function unmount(chart) {
  chart.sight.disconnect();
  chart.size.disconnect();
  shared.waiting.delete(chart);
  if (chart.node.dataset.drawn) window.Plotly.purge(chart.node);
}

const charts = new WeakMap();

export default function ({ parentElement, data }) {
  let chart = charts.get(parentElement);
  if (!chart) charts.set(parentElement, (chart = mount(parentElement)));
  chart.frame = data;
  if (!chart.node.style.height) reserve(chart);
  shared.waiting.add(chart);
  schedule();
  // Streamlit also cleans up when it goes on with the same node; only one that has left is over.
  return () =>
    setTimeout(() => {
      if (chart.node.isConnected) return;
      charts.delete(parentElement);
      unmount(chart);
    }, 1000);
}
