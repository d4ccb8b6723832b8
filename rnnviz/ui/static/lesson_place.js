// Where a guess is made: a region of a picture with its scales, or a board of its own over the picture.
import { clamp } from "./canvas.js";
import { lossTop } from "./curves_paint.js";
import { backOf, GRADIENTS, verdictSpan } from "./network_paint.js";

// The picture of the page in which a guess is made, by what it is made on.
export const PICTURES = {
  loss: "curves", right: "curves", "test right": "curves", radius: "curves",
  verdict: "network", gradient: "network", kept: "network", number: "network",
  memory: "ablation", parameters: "parameters", "right by lag": "over_lag",
};
// The panels of the curves, and the values at their lower and upper edges.
const PANELS = {
  loss: ["loss", ({ loss }, scale) => [0, lossTop(loss) / scale]],
  right: ["metric", () => [-0.03, 1.06]],
  "test right": ["metric", () => [-0.03, 1.06]],
  radius: ["gauge", ({ gauge }) => gauge.span, true],
};

// The panels of the curves, by what is drawn in them.
export const PANEL_OF = Object.fromEntries(Object.entries(PANELS).map(([on, [panel]]) => [on, panel]));

// { u, left, top, width, height, low, high, log, across(place), board }: of a log scale `low` and `high` are decades.
function placeIn(plot, lesson) {
  const { on, scale, places: [from, to] } = lesson;
  if (PANELS[on]) {
    const [name, span, log = false] = PANELS[on];
    const { u, left, width, x, panels } = plot.layout;
    const [low, high] = span(plot.run.scales, scale);
    const others = Object.keys(panels).filter((other) => other !== name).map((other) => panels[other]);
    return { u, left, width, top: panels[name].y, height: panels[name].height, low, high, log, across: x, panels, others };
  }
  if (on === "verdict" || on === "gradient") return inNetwork(plot, on);
  const [width, height] = plot.size;
  const u = clamp(Math.min(width / 40, height / 26), 12, 20);
  const board = { u, left: 4 * u, top: 5 * u, width: width - 6.5 * u, height: height - 9 * u, low: 0, high: 1, board: true };
  const across = (place) => board.left + (board.width * (place - (from ?? 0))) / ((to ?? 1) - (from ?? 0));
  return { ...board, across };
}

function inNetwork({ layout, network }, on) {
  const { u, left, end, width, x: across } = layout;
  const region = { u, left, width: end - left, across, whole: width - left };
  if (on === "verdict") {
    const [top, bottom] = verdictSpan(layout);
    return { ...region, top, height: bottom - top, low: 0, high: 1 };
  }
  const { y: top, height } = layout.gradient;
  // The guess is a share of what is there at the last token.
  const last = Math.log10(Math.max(backOf(network).at(-1), 1e-300));
  const [low, high] = GRADIENTS.map((decade) => decade - last);
  return { ...region, top, height, low, high, most: 0, log: true };
}

export class Place {
  constructor(plot, lesson) {
    Object.assign(this, placeIn(plot, lesson));
  }

  // The height of a value, and the value at a height.
  y(value) {
    const at = this.log ? Math.log10(Math.max(value, 1e-300)) : value;
    return this.top + this.height * (1 - clamp((at - this.low) / (this.high - this.low), 0, 1));
  }

  value(y) {
    const at = this.low + (this.high - this.low) * clamp(1 - (y - this.top) / this.height, 0, 1);
    return this.log ? 10 ** Math.min(at, this.most ?? Infinity) : at;
  }
}
