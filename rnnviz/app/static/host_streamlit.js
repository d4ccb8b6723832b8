// The stage in a page of Streamlit's: its components call these with every run of its script.
import { Bar, Cursor, Phrase, Stepper } from "./controls.js";
import { load } from "./plot.js";
import { Stage } from "./stage.js";
import { Wire } from "./wire.js";

// Another version of this script has this page already: both would draw.
if (window.rnnviz) location.reload();
const stage = new Stage();
window.rnnviz = { stage };
// How long nothing must have changed before Streamlit's own part of the page follows, and how long
// it is waited for before it is asked for again.
const [QUIET_MS, PRESS_MS, PATIENCE_MS, REJOIN_MS] = [150, 800, 3000, 700];
const [LEAVING_MS, WRITING_MS] = [1000, 250];
// Where this tab keeps the id of its run, and the address that led to it.
const [RUN, ADDRESS] = ["rnnviz-run", "rnnviz-address"];

// The page as Streamlit drew it last: what has changed since makes its script run again.
const page = { edition: 0, asked: -1, tell: null, leftAt: -Infinity, pressedAt: -Infinity };

// A page that is loaded again goes on with its run; one that was opened by another link does not.
function known() {
  const reloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
  const mine = reloaded || sessionStorage.getItem(ADDRESS) === location.search;
  return mine ? sessionStorage.getItem(RUN) : null;
}

export function wire({ parentElement, data, setTriggerValue }) {
  [page.tell, page.edition] = [setTriggerValue, data.edition];
  page.asked = -1;
  load(new URL(data.plotly, document.baseURI));
  if (stage.source) {
    stage.source.renew(data.ticket);
    return;
  }
  const url = new URL(data.wire, document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  const source = (window.rnnviz.wire = new Wire(url, data.ticket, known()));
  const note = document.createElement("div");
  note.className = "rnnviz-note";
  note.setAttribute("role", "status");
  document.body.append(note);
  const say = (what) => note.textContent !== what && (note.textContent = what);
  stage.connect(source, {
    status(what) {
      document.body.dataset.wire = what;
      say(what === "open" ? "" : "The server is out of reach. Trying again …");
      if (what === "lost") page.lost ??= setTimeout(() => openAgain(source), REJOIN_MS);
    },
    welcomed({ run, moved }) {
      sessionStorage.setItem(RUN, run);
      if (moved) ask("moved");
    },
    frame(header) {
      say(header.problem);
      address(header.link);
      follow();
    },
  });
}

// The server is there, but without this run: Streamlit's script must run to open its link. It can't
// before Streamlit's own socket is open again, and is asked with every try of ours.
function openAgain(source) {
  page.lost = null;
  if (source.lost) ask("lost");
}

function ask(why) {
  page.asked = stage.header?.edition ?? 0;
  page.tell("stale", { why, edition: page.asked });
}

// The last thing on the page. Where Streamlit's socket falls while its script runs, Streamlit stops
// the script, takes the run for a whole one and drops all that it had not come to: then it must run
// again.
export function end({ parentElement }) {
  page.end = parentElement;
  return () => mend(LEAVING_MS);
}

function mend(wait) {
  clearTimeout(page.mending);
  page.mending = setTimeout(() => {
    if (page.end.isConnected) return;
    ask("cut short");
    mend(PATIENCE_MS);
  }, wait);
}

// Streamlit's part of the page follows once it is quiet, and no hand is on a slider.
function follow() {
  clearTimeout(page.timer);
  const { edition } = stage.header;
  if (edition === page.edition) return;
  const now = performance.now();
  // The path changes when the server has answered.
  const there = page.left && page.left !== location.pathname;
  const leaving = !there && now < page.leftAt + PATIENCE_MS;
  const pressed = now < page.pressedAt + PRESS_MS;
  const asked = leaving || edition === page.asked;
  const wait = asked ? PATIENCE_MS : pressed ? PRESS_MS : QUIET_MS;
  page.timer = setTimeout(() => (stage.held ? follow() : ask("stale")), wait);
}

// Who goes to another page has Streamlit's script run anyhow. What is asked for before the server has
// answered would be sent as from the page before, and lead back to it.
function leave(path) {
  [page.left, page.leftAt] = [path, performance.now()];
  if (stage.header) follow();
}
const isLink = ({ target }) => target.closest?.("a[href]");
// What is pressed on Streamlit's own elements has its script run too: both at once may lose the press.
const isOurs = ({ target }) => target.closest?.(".rnnviz-control, .rnnviz-figure");
function yieldTo(event) {
  if (isOurs(event) || event.key === " ") return;
  page.pressedAt = performance.now();
  if (stage.header) follow();
}
for (const press of ["pointerdown", "keydown"]) document.addEventListener(press, yieldTo, true);
document.addEventListener("click", (event) => isLink(event) && leave(location.pathname), true);
addEventListener("popstate", () => leave(null));

// The address leads to what is shown, on another page too; going back leads to the page before. It
// is written at the end of what follows each other fast: browsers allow it so often only.
function address(query) {
  page.query = query ?? page.query;
  if (query === null && location.search === page.search) return;
  page.writing ??= setTimeout(writeAddress, WRITING_MS);
}

function writeAddress() {
  page.writing = null;
  const search = page.query ? `?${page.query}` : "";
  history.replaceState(history.state, "", location.pathname + search + location.hash);
  // As the browser writes it.
  page.search = location.search;
  sessionStorage.setItem(ADDRESS, page.search);
}

export function chart({ parentElement, data }) {
  const find = (what) => parentElement.querySelector(what);
  const parts = { node: find(".rnnviz-chart"), caption: find("figcaption"), scale: find(".rnnviz-scale") };
  const plot = stage.mount(data.key, parts, data);
  // Streamlit also cleans up where it goes on with the same node; only one that has left is over.
  return () => setTimeout(() => plot.node.isConnected || stage.unmount(plot), LEAVING_MS);
}

export function text({ parentElement, data: { key, reserve } }) {
  keepReserve(parentElement.querySelector(".rnnviz-reserve"), reserve);
  stage.mountText(key, parentElement.querySelector(".rnnviz-text"));
}

// The longest that a text may say lies unseen in its place, so that what is below never moves.
function keepReserve(node, reserve) {
  const kept = JSON.stringify(reserve);
  if (node.kept === kept) return;
  node.kept = kept;
  const line = ([className, textContent]) =>
    Object.assign(document.createElement("div"), { className, textContent });
  const blocks = reserve.map((lines) => {
    const block = document.createElement("div");
    block.append(...lines.map(line));
    return block;
  });
  node.replaceChildren(...blocks);
}

const kept = new WeakMap(); // node -> the control in it

function control(parentElement, make) {
  const node = parentElement.querySelector(".rnnviz-control");
  const found = kept.get(node) ?? make(node);
  kept.set(node, found);
  return found;
}

export function bar({ parentElement, data }) {
  stage.mountControl(control(parentElement, (node) => new Bar(node, stage, data)));
}

export function cursor({ parentElement, data }) {
  stage.mountControl(control(parentElement, (node) => new Cursor(node, stage, data)));
}

export function stepper({ parentElement, data }) {
  const stepper = control(parentElement, (node) => new Stepper(node, stage, data));
  stepper.explain(data);
  stage.mountControl(stepper);
}

export function phrase({ parentElement, data }) {
  const box = control(parentElement, (node) => new Phrase(node, stage));
  box.explain(data);
  stage.mountControl(box);
}

// Keys that belong to a control, unless something else has them.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable], [role=dialog]")) return;
  if (event.key === " " && event.target.closest("button, a, summary, [role=button]")) return;
  const plain = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const name = event.shiftKey ? `Shift+${event.key}` : plain;
  const taken = [...stage.controls].some((c) => c.node.isConnected && c.key?.(name, event.repeat));
  if (taken) event.preventDefault();
});
