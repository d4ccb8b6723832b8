// Hosts the stage in a Streamlit page. The components call these functions in every run of the script.
import { Bar, Chips, Moments, Phrase, Stepper, Time } from "./controls.js";
import { CellEditor } from "./cell_editor.js";
import { connectClass, openClass } from "./class.js";
import { Explorer } from "./explorer.js";
import { FileBox } from "./file_box.js";
import { KINDS } from "./kinds.js";
import { OpenBox, acceptFiles } from "./open_file.js";
import { Learn } from "./learn.js";
import { Lesson } from "./lesson.js";
import { partsOf } from "./picture.js";
import { openBeside } from "./popover.js";
import { Present } from "./present.js";
import { Sheet } from "./sheet.js";
import { Stage } from "./stage.js";
import { Welcome } from "./welcome.js";
import { Wire } from "./wire.js";

// The page already runs another version of this script; both would draw.
if (window.rnnviz) location.reload();
const stage = new Stage();
const present = new Present();
const welcome = new Welcome(stage);
const lesson = new Lesson(stage, showTab);
const learn = new Learn(stage);
window.rnnviz = { stage, openClass };
// Delays before a rerun of Streamlit's script: after a change, after the reader pressed something of
// Streamlit's, before asking again, and after the run was lost.
const [QUIET_MS, PRESS_MS, RETRY_MS, REJOIN_MS] = [150, 1500, 3000, 700];
// A busy server may take so long to begin with another page.
const LEAVING_MS = 12_000;
// Delays before a removed node counts as gone, and before the address is written.
const [REMOVAL_MS, WRITING_MS] = [1000, 250];
const TOO_LONG = "This run is too long for a link. Save it as a file: Export, Run (.rnnviz).";
const READING_MS = 8000;
// What is said of the connection.
const AWAY = "Can't reach the server. Trying again …";
const SIGNS = { open: "", silent: "The server does not answer. Waiting for it …", closed: AWAY, lost: AWAY };
// The session storage keys of this tab's run id and of the address that opened it.
const [RUN, ADDRESS] = ["rnnviz-run", "rnnviz-address"];

// `edition` is what Streamlit's part of the page shows, `asked` the one last asked for by a rerun, `newest` the one
// last heard of, at `newestAt`.
// `enlarged` is the picture that the link opens enlarged, until it has.
const page = {
  edition: 0, asked: -1, newest: 0, trigger: null, leftAt: -Infinity, pressedAt: -Infinity,
  enlarged: new URLSearchParams(location.search).get("enlarged"),
};

// Act when the style sheet is there. It comes with a component of its own, on a busy machine some frames later, and
// what is drawn before would move.
export function styled(act) {
  const there = getComputedStyle(document.documentElement).getPropertyValue("--rnnviz-background");
  there ? act() : setTimeout(() => styled(act), 5);
}

// A reloaded page continues its run. A page opened by another link does not.
function knownRun() {
  const reloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
  const same = reloaded || sessionStorage.getItem(ADDRESS) === location.search;
  return same ? sessionStorage.getItem(RUN) : null;
}

// A note at the bottom of the page.
function newNote(textContent = "") {
  const note = Object.assign(document.createElement("div"), { className: "rnnviz-note", role: "status", textContent });
  document.body.append(note);
  return note;
}

export function wire({ parentElement, data, setTriggerValue }) {
  Object.assign(page, { trigger: setTriggerValue, edition: data.edition });
  window.rnnviz.edition = data.edition;
  learn.offer(data.lessons);
  stage.explorer ??= new Explorer(new URL(data.plotly, document.baseURI));
  acceptFiles(new URL(data.open, document.baseURI), data.ticket, data.limit, tableBox);
  if (stage.source) {
    stage.source.renew(data.ticket);
    return;
  }
  const url = new URL(data.wire, document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  const source = (window.rnnviz.wire = new Wire(url, data.ticket, knownRun()));
  connectClass(new URL(data.class, document.baseURI), () => source.ticket, data.lesson);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  page.fresh = !location.search && !knownRun() && !still;
  const note = newNote();
  const show = (text) => note.textContent !== text && (note.textContent = text);
  stage.connect(source, {
    status(state) {
      document.body.dataset.wire = state;
      show(SIGNS[state]);
      if (state === "lost") page.lost ??= setTimeout(() => rejoin(source), REJOIN_MS);
    },
    welcomed({ run, moved }) {
      sessionStorage.setItem(RUN, run);
      if (moved) rerun("moved");
    },
    frame(header) {
      show(header.problem);
      showLearning(header);
      lesson.update(header.texts.lesson);
      updateAddress(header.link);
      scheduleRerun();
    },
  });
}

// Who opens the page without a link, for the first time, sees the run learn; not if the reader was faster.
function showLearning({ last, running, given }) {
  if (page.fresh && !(last || running || given || stage.source.number)) welcome.begin();
  page.fresh = false;
}

// The server no longer has this run, so Streamlit's script must run to open the link. Called at every
// reconnect, as Streamlit's own socket may open later than ours.
function rejoin(source) {
  page.lost = null;
  if (source.lost) rerun("lost");
}

// Make Streamlit's script run again.
function rerun(why) {
  page.asked = stage.header?.edition ?? 0;
  page.newestAt = performance.now();
  page.trigger("stale", { why, edition: page.asked });
}

// The last element of the page. If Streamlit's socket closes during a run of the script, Streamlit
// treats the run as complete and removes the elements after that point; then the script must run again.
export function end({ parentElement }) {
  page.end = parentElement;
  // A change of page has changed the address, perhaps after the last frame.
  if ("query" in page) updateAddress(null);
  return () => repair(REMOVAL_MS);
}

function repair(wait) {
  clearTimeout(page.repairing);
  page.repairing = setTimeout(() => {
    if (page.end.isConnected) return;
    // The page that comes is still being made: a rerun would be one of the page before.
    if (!leaving()) rerun("cut short");
    repair(RETRY_MS);
  }, wait);
}

// Update Streamlit's part of the page after a pause, unless a slider is being dragged.
function scheduleRerun() {
  clearTimeout(page.timer);
  const { edition } = stage.header;
  if (edition === page.edition) return;
  const now = performance.now();
  // The frames of a run that plays must not postpone it for ever.
  if (edition !== page.newest) [page.newest, page.newestAt] = [edition, now];
  const asked = page.newestAt + (edition === page.asked ? RETRY_MS : QUIET_MS);
  const quiet = leaving() ? now + RETRY_MS : asked;
  const wait = Math.max(quiet, page.pressedAt + PRESS_MS) - now;
  page.timer = setTimeout(() => (stage.held || leaving() ? scheduleRerun() : rerun("stale")), wait);
}

// Whether the reader goes to another page. Its path is there when the server has answered.
function leaving() {
  const arrived = page.left && page.left !== location.pathname;
  // Of "back" and "forward" the path is there before the page.
  return !arrived && performance.now() < page.leftAt + (page.left ? LEAVING_MS : RETRY_MS);
}

// Going to another page reruns the script anyway. A rerun asked for before the server has answered
// would be sent for the old page, and lead back to it.
function leavePage(path) {
  [page.left, page.leftAt, page.enlarged] = [path, performance.now(), null];
  if (stage.header) scheduleRerun();
}
const isLink = ({ target }) => {
  const link = target.closest?.("a[href]:not([download])");
  return link && link.origin === location.origin && link.pathname !== location.pathname;
};
// Streamlit's own widgets rerun the script too. It forgets a press if another rerun is asked for before
// the script has begun with it (SafeSessionState.on_script_will_rerun yields to that one first).
const isOurs = ({ target }) => target.closest?.(".rnnviz-control:not(.rnnviz-file), .rnnviz-figure");
function postponeRerun(event) {
  if (isOurs(event) || event.key === " ") return;
  page.pressedAt = performance.now();
  if (stage.header) scheduleRerun();
}
for (const press of ["pointerdown", "keydown"]) document.addEventListener(press, postponeRerun, true);
document.addEventListener("click", (event) => isLink(event) && leavePage(location.pathname), true);

// A link in a text leads to the tab of a question, or trains with a preset; a button there sends a command. While the run plays the texts are made
// anew: a press may begin on one node and end on the next.
document.addEventListener("click", (event) => {
  const spot = event.detail ? document.elementFromPoint(event.clientX, event.clientY) : event.target;
  const { question, preset } = spot?.closest(".rnnviz-go")?.dataset ?? {};
  const press = spot?.closest(".rnnviz-press")?.dataset;
  if (press) stage.send(press.epoch ? { ...press, epoch: Number(press.epoch) } : { ...press });
  const tour = spot?.closest(".rnnviz-tour");
  if (question || press || tour) spot.closest("[popover]")?.hidePopover();
  if (tour) welcome.tour();
  if (preset) stage.send({ do: "preset", label: preset });
  if (question) openTab(question);
});

// Open the tab of a question, unless it is open.
function showTab(question) {
  const open = document.querySelector("[class*=st-key-question_] [data-selected=true]");
  if (open?.textContent !== question) openTab(question);
}

function openTab(question) {
  const tabs = [...document.querySelectorAll("[class*=st-key-question_] button")];
  const here = tabs.find(({ textContent }) => textContent === question);
  if (here) return here.click();
  leavePage(location.pathname);
  page.trigger("question", question);
}
addEventListener("popstate", () => leavePage(null));

// The address links to what is shown, on every page. It is written once after several fast changes,
// because browsers limit how often it may change.
function updateAddress(query) {
  page.query = query ?? page.query;
  // Before the first frame the address is that of the link.
  if (page.query === undefined) return;
  if (query === null && location.search === page.search) return;
  page.writing ??= setTimeout(writeAddress, WRITING_MS);
}

function writeAddress() {
  page.writing = null;
  const large = document.querySelector(".rnnviz-large .rnnviz-chart")?.dataset.picture ?? page.enlarged;
  const query = [present.added(page.query), large && `enlarged=${large}`].filter(Boolean).join("&");
  const search = query ? `?${query}` : "";
  history.replaceState(history.state, "", location.pathname + search + location.hash);
  // Read back, as the browser may encode it differently.
  page.search = location.search;
  sessionStorage.setItem(ADDRESS, page.search);
}

// To the next page, or the one before.
function turn(by) {
  leavePage(location.pathname);
  page.trigger("question", by);
}

function switchPresent() {
  present.show(!present.on);
  updateAddress(page.query);
}

export function link({ parentElement }) {
  for (const button of parentElement.querySelectorAll("[data-turn]")) button.onclick = () => turn(button.dataset.turn);
  for (const button of parentElement.querySelectorAll(".rnnviz-presents"))
    button.onclick = () => {
      switchPresent();
      button.blur();
    };
  const button = parentElement.querySelector(".rnnviz-copy");
  const { textContent } = button;
  button.onclick = async () => {
    writeAddress();
    // Only this server has the run that such an address names.
    if (new URLSearchParams(location.search).has("run")) {
      const note = newNote(TOO_LONG);
      setTimeout(() => note.remove(), READING_MS);
      return;
    }
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = textContent), WRITING_MS * 6);
  };
}

// Mount the picture of a figure's node.
function mountFigure(figure, data) {
  const picture = stage.mount(KINDS[data.kind], data.key, partsOf(figure), data);
  present.cover(data.key, picture.node.closest("figure"), () => updateAddress(page.query));
  if (data.key === page.enlarged) {
    page.enlarged = null;
    picture.enlarged.open();
  }
  return picture;
}
document.addEventListener("rnnviz-enlarged", () => updateAddress(page.query));

// Streamlit also leaves a node that it keeps, so unmount only a node that is gone.
const unmountGone = (plots) => () =>
  setTimeout(() => plots.forEach((plot) => plot.node.isConnected || stage.unmount(plot)), REMOVAL_MS);

export function chart({ parentElement, data }) {
  return unmountGone([mountFigure(parentElement.querySelector("figure"), data)]);
}

const sheets = new WeakMap(); // node -> its sheet

export function sheet({ parentElement, data }) {
  const node = parentElement.querySelector(".rnnviz-sheet");
  const own = sheets.get(node) ?? new Sheet(node);
  sheets.set(node, own);
  const panels = own.layOut(data.columns);
  return unmountGone(panels.map(({ figure, ...panel }) => mountFigure(figure, { ...panel, sheet: own })));
}

export function text({ parentElement, data: { key } }) {
  stage.mountText(key, parentElement.querySelector(".rnnviz-text"));
}

let signs = 0; // the number of the last list of signs

export function health({ parentElement }) {
  const find = (selector) => parentElement.querySelector(selector);
  const [button, list] = [find(".rnnviz-health-button"), find(".rnnviz-signs")];
  list.id ||= `rnnviz-signs-${++signs}`;
  openBeside(button, list);
  stage.mountText("health", button);
  stage.mountText("signs", list);
}

const controls = new WeakMap(); // node -> its control

// A component that mounts a control, made when its node is new.
const mountControl = (Control) => ({ parentElement, data }) => {
  const node = parentElement.querySelector(".rnnviz-control");
  const control = controls.get(node) ?? new Control(node, stage, data);
  controls.set(node, control);
  control.configure?.(data);
  stage.mountControl(control);
};

export const bar = mountControl(Bar);
export const time = mountControl(Time);
export const moments = mountControl(Moments);
export const chips = mountControl(Chips);
export const stepper = mountControl(Stepper);
export const phrase = mountControl(Phrase);
export const editor = mountControl(CellEditor);

const fileBoxes = new WeakMap(); // node -> its box
const tableBox = () => fileBoxes.get(document.querySelector(".st-key-train_csv .rnnviz-control"));

export function file({ parentElement, data, setTriggerValue }) {
  const node = parentElement.querySelector(".rnnviz-control");
  const box = fileBoxes.get(node) ?? new FileBox(node, data.limit);
  fileBoxes.set(node, box);
  box.configure(data, (choice) => {
    postponeRerun({ target: node });
    setTriggerValue("file", choice);
  });
}

const openBoxes = new WeakMap(); // node -> its box

export function open({ parentElement, data }) {
  const node = parentElement.querySelector(".rnnviz-control");
  const box = openBoxes.get(node) ?? new OpenBox(node, data.limit);
  openBoxes.set(node, box);
  box.configure(data);
}

// Keys of the controls, unless a text field, a button or a dialog has the focus.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable], [role=dialog], .rnnviz-editor")) return;
  if (event.key === " " && event.target.closest("button, a, summary, [role=button]")) return;
  const plain = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const name = event.shiftKey ? `Shift+${event.key}` : plain;
  if (name === "l" && !event.repeat) return switchPresent();
  const by = present.on && { PageUp: "previous", PageDown: "next" }[name];
  if (by) {
    event.preventDefault();
    return turn(by);
  }
  if (!event.repeat && lesson.handleKey(name)) {
    event.preventDefault();
    return;
  }
  if (name === "s" && !event.repeat) document.querySelector(".rnnviz-luck")?.click();
  const view = { 1: "A", 2: "B", 3: "both" }[name];
  if (view && stage.header?.pair) stage.send({ do: "view", what: view });
  else if (stage.takesKey(name, event.repeat)) event.preventDefault();
});
