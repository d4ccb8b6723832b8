// Hosts the stage in a file that replays a run, see export/replay.py. Nothing is asked of a server.
import { Chips } from "../controls.js";
import { Curves } from "../curves.js";
import { Network } from "../network.js";
import { Recording } from "./recording.js";
import { Replay } from "./replay.js";
import { ReplayBar } from "./replay_bar.js";
import { Stage } from "../stage.js";

const PICTURES = { curves: Curves, network: Network };
const KEYS = {
  ArrowLeft: { do: "step", by: -1 }, ArrowRight: { do: "step", by: 1 },
  Home: { do: "seek", epoch: 0 }, End: { do: "seek", epoch: Infinity }, " ": { do: "play" },
};
const find = (selector, node = document) => node.querySelector(selector);
const dark = matchMedia("(prefers-color-scheme: dark)");

async function unpacked(text) {
  const packed = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

// The colours follow the system until they are chosen.
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

function mountFigure(stage, figure) {
  const { kind, text } = figure.dataset;
  const parts = {
    node: find(".rnnviz-chart", figure), caption: find("figcaption", figure), ask: find(".rnnviz-ask", figure),
    enlarge: find(".rnnviz-enlarge", figure),
  };
  stage.mount(PICTURES[kind], kind, parts, { text });
}

function listenToKeys(stage, bar) {
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    const scrubber = bar.scrubber.input;
    if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[key]) return;
    if (target !== scrubber && target.closest("input")) return;
    if (key === " " && target.closest("button, a, summary")) return;
    event.preventDefault();
    // The slider would go to the next epoch, whether it is recorded or not.
    event.stopPropagation();
    if (bar.epochs.length > 1) stage.send(KEYS[key]);
  }, true);
}

async function start() {
  const recording = new Recording(await unpacked(find("#recording").textContent));
  const [stage, replay] = [new Stage(), new Replay(recording, look())];
  window.rnnviz = { stage, replay };
  for (const key of ["status", "story", "verdict"]) stage.mountText(key, find(`[data-text=${key}]`));
  for (const figure of document.querySelectorAll("figure")) mountFigure(stage, figure);
  const bar = new ReplayBar(find(".replay-bar"), stage, recording.epochs);
  const phrases = new Chips(find(".replay-phrases"), stage, { key: "phrase", label: "" });
  stage.connect(replay, { status() {}, welcomed() {}, frame() {} });
  for (const control of [bar, phrases]) stage.mountControl(control);
  const button = find(".replay-look");
  showLook(replay, button);
  dark.addEventListener("change", () => {
    showLook(replay, button);
    replay.show();
  });
  listenToKeys(stage, bar);
}

start().catch((problem) => {
  find("#problem").hidden = false;
  console.error(problem);
});
