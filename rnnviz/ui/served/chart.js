// Charts that are drawn once and then updated in place. `chart` is the place of one, `text` that of
// a text; `frame` brings the newest of all of them in one message, so that a tick touches a single
// element; `ear` takes back what the reader does. Figures wait in a queue; each animation frame draws
// what fits: newest only, what is in sight only. Texts are short and written at once. `slider` is a
// slider that tells its value while it is dragged.

const { search, searchParams } = new URL(import.meta.url);
const VERSION = searchParams.get("plotly");
// Under the same address the browser may have another one from before.
const { paint } = await import(`./paint.js${search}`);
const SOURCE = `component/rnnviz.ui.chart.plotly/plotly.min.js?v=${VERSION}`;
// How long an animation frame may draw while the run goes on; a single picture is drawn at once. It
// is longer the more charts are overtaken, so new that the last picture of them was never drawn.
const [SHORT_MS, LONG_MS] = [14, 70];
// Nothing but the answer is drawn for so long after a press.
const HOLD_MS = 300;
// Where charts are overtaken, a patient one is drawn no sooner than so long after the last time.
const PATIENT_MS = 150;

const shared = (window.rnnviz ??= {
  charts: new Map(), // key -> the chart that is mounted there
  newest: new Map(), // key -> { mark, figure, remark }, as last delivered
  waiting: new Set(), // keys that have something new to draw
  scheduled: false,
  due: 0, // the animation frame that draws next, if one does
  budget: SHORT_MS, // how long an animation frame may draw at present
  heldUntil: 0, // a press waits for its answer, at most until then
  running: false,
  library: null,
  ears: {}, // name -> says something to the server, there
  ear: "live", // the name of the one that listens
  said: 0, // how many things have been said
  saying: null, // what the server was told and hasn't answered
  unsaid: null, // what the reader did last, meanwhile
  sliders: new Map(), // key -> { input, output, bands, held }
  texts: {}, // key -> the HTML of that text, as last delivered
  written: new Map(), // key -> { node, html }: where that text is, and what is there
  stands: {}, // key -> where that slider stands, as last delivered
});

// What is said while the page changes may be lost on its way: it is said up to so many times.
const [PATIENCE_MS, TRIES] = [3000, 3];

// One thing is said at a time; of what the reader does meanwhile the last counts. It has a number,
// for it may be heard more than once: by itself, with a tick that falls due in the same moment, and
// when it is said again.
function say(event) {
  shared.unsaid = { ...event, number: ++shared.said, tries: 1 };
  speak();
}

const keysInSight = () => [...shared.charts.values()].filter((c) => c.inSight).map((c) => c.key);

function speak() {
  const tell = shared.ears[shared.ear];
  if (shared.saying || !shared.unsaid || !tell) return;
  const event = shared.unsaid;
  [shared.saying, shared.unsaid] = [event, null];
  tell({ ...event, sight: keysInSight() });
  setTimeout(() => sayAgain(event), PATIENCE_MS);
}

function sayAgain(event) {
  if (shared.saying !== event) return;
  shared.saying = null;
  if (event.tries < TRIES) shared.unsaid ??= { ...event, tries: event.tries + 1 };
  speak();
}

// A frame that was on its way before answers nothing: it names what was heard last. When the whole
// page has run without hearing it, a press has overtaken it: it is said again before anything else.
function answered(number, whole) {
  if (shared.saying?.number === number) shared.saying = null;
  else if (whole && shared.saying) sayAgain(shared.saying);
}

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

// While the run goes on faster than it can be drawn.
const behind = () => shared.running && shared.budget > 2 * SHORT_MS;

function canWait(key) {
  const { patient, drawnAt } = shared.charts.get(key);
  return patient && behind() && performance.now() - drawnAt < PATIENT_MS;
}

const wanted = () => [...shared.waiting].filter((key) => ready(key) && !canWait(key));

// Whether the reader has done something that the browser has yet to tell, or to answer.
const waitedFor = () => navigator.scheduling?.isInputPending?.() || held();
const held = () => performance.now() < shared.heldUntil;

function hold({ target }) {
  if (target.closest?.("button")) shared.heldUntil = performance.now() + HOLD_MS;
}
for (const press of ["pointerdown", "click"]) document.addEventListener(press, hold, true);

function schedule() {
  if (shared.scheduled ? !shared.due || shared.running : !wanted().length) return;
  shared.scheduled = true;
  // Where the run has stopped, nothing waits for an animation frame any longer.
  cancelAnimationFrame(shared.due);
  shared.due = shared.running ? requestAnimationFrame(drawWhatFits) : 0;
  if (!shared.running) queueMicrotask(drawWhatFits);
}

const longestUndrawnFirst = (keys) =>
  keys.sort((a, b) => shared.charts.get(a).drawnAt - shared.charts.get(b).drawnAt);

async function drawWhatFits() {
  shared.due = 0;
  if (shared.running && held()) {
    shared.due = requestAnimationFrame(drawWhatFits);
    return;
  }
  const until = shared.running ? performance.now() + shared.budget : Infinity;
  try {
    for (const key of longestUndrawnFirst(wanted())) {
      shared.waiting.delete(key);
      await draw(shared.charts.get(key), shared.newest.get(key));
      if (performance.now() > until || (shared.running && waitedFor())) break;
    }
  } finally {
    // One that can't be drawn keeps no other from it.
    shared.scheduled = false;
    schedule();
  }
}

async function draw(chart, { figure, remark }) {
  const { node, caption } = chart;
  const Plotly = await library();
  const text = [caption.dataset.text, remark].filter(Boolean).join(" ");
  if (caption.textContent !== text) caption.textContent = text;
  drawScale(chart, figure);
  await paint(Plotly, node, figure);
  if (!node.dataset.drawn) listen(chart);
  flash(node, figure.layout.annotations ?? []);
  chart.drawnAt = performance.now();
  node.dataset.drawn = Number(node.dataset.drawn ?? 0) + 1;
}

// What is touched at this moment, all of it together, lights up for the eye to find.
function flash(node, annotations) {
  for (const arrow of node.querySelectorAll(".annotation")) {
    const touched = annotations[arrow.dataset.index]?.name === "touched";
    if (touched) arrow.classList.add("touched");
  }
}

function listen(chart) {
  if (chart.clicks) chart.node.on("plotly_click", (click) => pointed(chart, click));
  chart.node.on("plotly_doubleclick", () => zoomOut(chart));
}

// To the axes of the newest figure; Plotly itself goes back to those of the first.
function zoomOut({ key, node }) {
  const axes = Object.entries(shared.newest.get(key).figure.layout).filter(isAxis);
  window.Plotly.relayout(node, Object.fromEntries(axes.map(extent)));
}

const isAxis = ([name]) => /^[xy]axis/.test(name);
const extent = ([name, { range, autorange = true }]) =>
  range ? [`${name}.range`, [...range]] : [`${name}.autorange`, autorange];

function pointed({ key }, { points: [{ x, y, customdata }] }) {
  say({ kind: key, x, y, data: customdata ?? null });
}

// There is no room for many digits beside a scale.
const short = (number) => (number >= 1e5 ? number.toExponential() : `${number}`).replace("+", "");

// Plotly draws a colour bar anew with every frame, which takes as long as a small chart.
function drawScale({ scale }, { data: [series], layout }) {
  if (!series.colorbar) return;
  series.showscale = false;
  const end = short(Number(series.zmax.toPrecision(3)));
  const bottom = series.zmin < 0 ? `−${end}` : "0";
  const [low, high] = series.colorbar.ticktext ?? [bottom, `${end}`];
  const drawn = [low, high, series.colorscale, series.colorbar.title.text].join(" ");
  if (scale.dataset.drawn === drawn) return;
  scale.dataset.drawn = drawn;
  scale.style.top = layout.margin.t - 37 + "px";
  scale.style.bottom = layout.margin.b - 4 + "px";
  const colors = series.colorscale.map(([, color]) => color).join(", ");
  const bar = Object.assign(document.createElement("i"), { title: "colour scale" });
  bar.style.background = `linear-gradient(to top, ${colors})`;
  const label = (text) => Object.assign(document.createElement("span"), { textContent: text });
  const name = label(series.colorbar.title.text);
  scale.replaceChildren(name, label(high), bar, label(low));
}

function mount(key, parent, { text, height, clicks, patient }) {
  const node = parent.querySelector(".rnnviz-chart");
  const caption = parent.querySelector("figcaption");
  node.style.height = height + "px";
  caption.textContent = caption.dataset.text = text;
  const scale = parent.querySelector(".rnnviz-scale");
  const chart = { key, node, caption, scale, clicks, patient, inSight: false, drawnAt: 0 };
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

// What a chart shows, and how high it is, can change while it stays.
function explain({ key, node, caption }, { text, height }) {
  node.style.height = height + "px";
  if (caption.dataset.text === text) return;
  const remark = shared.newest.get(key)?.remark;
  caption.dataset.text = text;
  caption.textContent = remark ? `${text} ${remark}` : text;
}

function unmount(key, chart) {
  chart.sight.disconnect();
  chart.size.disconnect();
  if (shared.charts.get(key) === chart) shared.charts.delete(key);
  if (chart.node.dataset.drawn) window.Plotly.purge(chart.node);
}

function chart({ parentElement, data }) {
  const { key } = data;
  const node = parentElement.querySelector(".rnnviz-chart");
  if (shared.charts.get(key)?.node !== node) mount(key, parentElement, data);
  const mounted = shared.charts.get(key);
  explain(mounted, data);
  // Streamlit also cleans up when it goes on with the same node; only one that has left is over.
  return () => setTimeout(() => mounted.node.isConnected || unmount(key, mounted), 1000);
}

function text({ parentElement, data: { key, room } }) {
  const node = parentElement.querySelector(".rnnviz-text");
  keepRoom(parentElement.querySelector(".rnnviz-room"), room);
  if (shared.written.get(key)?.node === node) return;
  shared.written.set(key, { node });
  write(key);
}

// The longest that a text may say lies unseen in its place, so that what is below never moves.
function keepRoom(node, room) {
  const kept = JSON.stringify(room);
  if (node.kept === kept) return;
  node.kept = kept;
  const line = ([className, textContent]) =>
    Object.assign(document.createElement("div"), { className, textContent });
  const blocks = room.map((lines) => {
    const block = document.createElement("div");
    block.append(...lines.map(line));
    return block;
  });
  node.replaceChildren(...blocks);
}

// What is as it was keeps its nodes, and so what the reader has selected in it.
function write(key) {
  const [place, html] = [shared.written.get(key), shared.texts[key]];
  if (!place || html === undefined || place.html === html) return;
  place.node.innerHTML = place.html = html;
}

// There are two; the last message says which one listens.
function ear({ data, setTriggerValue }) {
  shared.ears[data.ear] = (event) => setTriggerValue("heard", event);
  speak();
}

function hurry(keys) {
  const late = keys.some((key) => wanted().includes(key));
  const budget = shared.budget * (late ? 1.2 : 0.95);
  shared.budget = Math.min(LONG_MS, Math.max(SHORT_MS, budget));
}

function frame({ data }) {
  const told = JSON.parse(new TextDecoder().decode(data));
  const { running, charts, sliders, texts } = told;
  [shared.running, shared.ear] = [running, told.ear];
  document.body.toggleAttribute("data-playing", running);
  answered(told.heard, told.whole);
  if (told.whole || !running) shared.heldUntil = 0;
  hurry(Object.keys(charts));
  for (const [key, newest] of Object.entries(charts)) {
    if (shared.newest.get(key)?.mark === newest.mark) continue;
    shared.newest.set(key, newest);
    shared.waiting.add(key);
  }
  Object.assign(shared.texts, texts);
  for (const key of Object.keys(texts)) write(key);
  shared.stands = sliders;
  for (const key of shared.sliders.keys()) moveSlider(key);
  schedule();
  speak();
}

const MOVING = /^(Arrow|Page|Home|End)/;

function slider({ parentElement, data: { key, label } }) {
  const find = (what) => parentElement.querySelector(what);
  const input = find("input");
  if (shared.sliders.get(key)?.input === input) return;
  const mounted = { input, output: find("output"), bands: find(".bands"), held: false };
  shared.sliders.set(key, mounted);
  input.setAttribute("aria-label", label);
  const moved = (held) => {
    mounted.held = held;
    say({ kind: key, value: Number(input.value), settled: !held });
  };
  input.addEventListener("input", () => moved(true));
  // Back where it began a drag ends without a change.
  const released = () => mounted.held && moved(false);
  for (const end of ["change", "pointerup", "pointercancel", "blur"])
    input.addEventListener(end, released);
  // The arrow keys belong to the slider while it has the focus, and after a drag to the page.
  input.addEventListener("keydown", (event) => MOVING.test(event.key) && event.stopPropagation());
  input.addEventListener("pointerup", () => input.blur());
  moveSlider(key);
}

function moveSlider(key) {
  const stand = shared.stands[key];
  if (!stand) return;
  const { input, output, bands, held } = shared.sliders.get(key);
  const { last, shown, text } = stand;
  // A hand on the slider is not led, nor is what it did last undone by an answer to what was before.
  const told = [shared.saying, shared.unsaid].some((event) => event?.kind === key);
  if (!held && !told) {
    input.max = last;
    input.value = shown;
  }
  input.disabled = last === 0;
  input.setAttribute("aria-valuetext", text);
  if (output.textContent !== text) output.textContent = text;
  drawBands(bands, stand);
}

// What the parts of a slider's way are, each as wide as it has stops; the thumb stops mid-stop.
function drawBands(node, { last, bands }) {
  const drawn = JSON.stringify(bands);
  if (node.dataset.drawn === drawn) return;
  node.dataset.drawn = drawn;
  node.parentElement.style.setProperty("--stops", bands.length ? last + 1 : 0);
  node.replaceChildren(
    ...bands.map(([name, width]) => {
      const band = Object.assign(document.createElement("span"), { className: name });
      band.title = name;
      // A sliver has no room for its name.
      if (width > 0.04 * (last + 1)) band.textContent = name;
      band.style.flexGrow = width;
      return band;
    }),
  );
}

export { chart, ear, frame, slider, text };
