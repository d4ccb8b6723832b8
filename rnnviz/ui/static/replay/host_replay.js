// Hosts the stage in a file that replays a run, see files/replay.py. It loads nothing.
import { Chips } from "../controls.js";
import { fromBase64 } from "../frame.js";
import { partsOf } from "../picture.js";
import { Recording } from "./recording.js";
import { Replay } from "./replay.js";
import { ReplayBar } from "./replay_bar.js";
import { Stage } from "../stage.js";

const KEYS = {
  ArrowLeft: { do: "step", by: -1 }, ArrowRight: { do: "step", by: 1 },
  Home: { do: "seek", epoch: 0 }, End: { do: "seek", epoch: Infinity }, " ": { do: "play" },
};
const find = (selector, node = document) => node.querySelector(selector);
const dark = matchMedia("(prefers-color-scheme: dark)");

async function unpacked(text) {
  const stream = new Blob([fromBase64(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

// The theme follows the system until one is chosen.
const look = () => document.documentElement.dataset.look ?? (dark.matches ? "dark" : "light");

function showLook(replay, button) {
  replay.look = look();
  const other = replay.look === "dark" ? "light" : "dark";
  button.textContent = other[0].toUpperCase() + other.slice(1);
  button.onclick = () => {
    document.documentElement.dataset.look = other;
    showLook(replay, button);
    replay.show();
  };
}

function mountFigure(stage, figure, kinds) {
  const { kind, text } = figure.dataset;
  stage.mount(kinds[kind], kind, partsOf(figure), { text });
}

// The keys of the slider work everywhere, unless something else takes them.
function listenToKeys(stage, scrubber) {
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[key]) return;
    if (target !== scrubber && target.closest("input, .rnnviz-numbers, .rnnviz-pad")) return;
    if (key === " " && target.closest("button, a, summary")) return;
    // The native slider would stop at epochs that aren't recorded.
    event.preventDefault();
    event.stopPropagation();
    if (!(event.repeat && key === " ")) stage.send(KEYS[key]);
  }, true);
}

function mountBar(stage, node, recording) {
  const bar = new ReplayBar(node, stage, recording);
  stage.mountControl(bar);
  listenToKeys(stage, bar.scrubber.input);
}

// A single phrase is no choice. The button of a long one shows its beginning.
function mountPhrases(stage, node, { phrases }) {
  node.hidden = phrases.length < 2;
  stage.mountControl(new Chips(node, stage, { key: "phrase", label: "Phrase" }));
  for (const button of node.querySelectorAll("button")) button.title = button.textContent;
}

async function start(kinds, Source, begin) {
  const recording = new Recording(await unpacked(find("#recording").textContent));
  const [stage, replay] = [new Stage(), new Source(recording, look())];
  window.rnnviz = { stage, replay };
  for (const key of ["status", "story", "verdict"]) stage.mountText(key, find(`[data-text=${key}]`));
  for (const figure of document.querySelectorAll("figure")) mountFigure(stage, figure, kinds);
  const host = begin(stage, replay);
  stage.connect(replay, { status() {}, welcomed() {}, frame: (header) => host.frame(header) });
  replay.show();
  // Without epochs to play there is no bar.
  const bar = find(".replay-bar");
  if (bar) mountBar(stage, bar, recording);
  mountPhrases(stage, find(".replay-phrases"), recording);
  const button = find(".replay-look");
  showLook(replay, button);
  dark.addEventListener("change", () => {
    showLook(replay, button);
    replay.show();
  });
}

// `kinds` are the classes of the pictures, `Source` that of the frames; `begin(stage, source)` returns what else gets
// each frame.
export function replay(kinds, Source = Replay, begin = () => ({ frame() {} })) {
  start(kinds, Source, begin).catch((problem) => {
    find("#problem").hidden = false;
    console.error(problem);
  });
}
