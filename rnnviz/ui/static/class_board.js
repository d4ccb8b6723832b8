// The board of a class: the guesses, laid over each other, how many there are of each, and then what happened.
import { dot, faint, stroke, write } from "./canvas.js";
import { labelled, paintAlong, paintGuessing, paintUpright, painter, shareOf, writtenOn } from "./class_axes.js";
import { brush } from "./pad.js";

const BINS = 12;

// `unit` is the size of letters; `share` is how far the run is drawn; of `hands` only the shapes to vote for are drawn.
export function paintBoard(canvas, state, { hands, last, share, unit }) {
  const p = painter(canvas);
  if (!p) return;
  Object.assign(p, { state, u: unit, hands, last, share });
  const { how, phase, board, truth } = state;
  const several = how === "draw" || board.axes.length > 1;
  if (hands && how !== "draw") return paintColumns(p, board.options.map(({ letter, text }) => `${letter}: ${text}`), state.phase === "seen" ? null : state.hands, truth?.right);
  if (how === "pick") return paintColumns(p, board.options.map(({ text }) => text), state.votes, truth?.right);
  const split = several && phase !== "collect" && !hands;
  const upper = { x0: 3.6 * p.u, x1: p.W - 5 * p.u, y0: 1.9 * p.u, y1: split ? 0.58 * p.H : p.H - 2.6 * p.u };
  if (how === "draw") paintCurves(p, upper, split);
  else if (several) paintLines(p, upper);
  if (split || !several) paintHistogram(p, several ? { ...upper, y0: 0.74 * p.H, y1: p.H - 2.3 * p.u } : { ...upper, y0: 4 * p.u }, upper.y0);
  if (phase === "collect" && !hands) write(p, "shown when you close the vote", (upper.x0 + upper.x1) / 2, (upper.y0 + upper.y1) / 2, 1.2 * p.u, p.theme.muted, { align: "center", halo: true });
}

const placed = ({ x0, x1, y0, y1 }) => ({ x: (share) => x0 + share * (x1 - x0), y: (share) => y1 - share * (y1 - y0) });

function paintCurves(p, box, split) {
  const { u, theme, state: { board, guesses, truth }, hands } = p;
  const [along, upright] = board.axes, { x, y } = placed(box);
  write(p, upright.label, 0, box.y0 - 1.1 * u, 1.05 * u, theme.text, { weight: 600 });
  paintUpright(p, upright, box, u);
  paintGuessing(p, upright, { ...box }, u);
  // Below a histogram of the same axis it would be there twice.
  if (!(split && sameAxis(along, board.told))) {
    paintAlong(p, along, box, u);
    write(p, along.label, 0, box.y1 + u, u, theme.muted);
  }
  if (hands) paintShapes(p, along, upright, box);
  const line = (values) => values.map((value, k) => [x(k / (values.length - 1)), y(shareOf(upright, value))]);
  for (const values of hands ? [] : guesses ?? []) stroke(p, line(values), faint(theme.you, opacity(guesses)), 1.8);
  if (board.given) dot(p.c, x(shareOf(along, board.given[0])), y(shareOf(upright, board.given[1])), 0.35 * u, theme.you, theme.background);
  if (!truth) return;
  const [places, values] = truth.curve, until = places[0] + p.share * (places.at(-1) - places[0]);
  const points = places.flatMap((place, k) => (place > until ? [] : [[x(shareOf(along, place)), y(shareOf(upright, values[k]))]]));
  paintThick(p, points);
}

// Few guesses are seen well, many would be one stain.
const opacity = (guesses) => Math.max(0.12, Math.min(0.5, 12 / guesses.length));
const sameAxis = (one, other) => one.unit === other.unit && one.low === other.low && one.high === other.high;

// The shapes that hands vote for, each with its letter; that of the last hand is broad.
function paintShapes(p, along, upright, box) {
  const { u, theme, last, state: { board, phase } } = p, { x, y } = placed(box);
  board.options.forEach(({ letter, points }, k) => {
    const line = points.map(([place, value]) => [x(shareOf(along, place)), y(shareOf(upright, value))]);
    if (k === last && phase === "collect") brush(p, line, 0.5 * u);
    else stroke(p, line, faint(theme.you, 0.7), 2.4);
    write(p, letter, box.x1 + (0.5 + 1.1 * k) * u, line.at(-1)[1], 1.2 * u, theme.youText, { weight: 700 });
  });
}

// Numbers side by side, each guess a line through its own.
function paintLines(p, box) {
  const { u, theme, state: { board: { axes }, guesses, truth } } = p, { x, y } = placed(box);
  const at = (k) => x((k + 0.5) / axes.length);
  paintUpright(p, axes[0], box, u);
  axes.forEach((axis, k) => {
    write(p, axis.label.replace("…", "").trim(), at(k), box.y1 + u, 1.05 * u, theme.text, { align: "center", weight: 600 });
    stroke(p, [[at(k), box.y0], [at(k), box.y1]], theme.grid);
  });
  const line = (values) => values.map((value, k) => [at(k), y(shareOf(axes[k], value))]);
  for (const values of guesses ?? []) {
    stroke(p, line(values), faint(theme.you, opacity(guesses)), 1.8);
    for (const [px, py] of line(values)) dot(p.c, px, py, 2.5, faint(theme.you, 0.6));
  }
  if (!truth) return;
  const points = line(truth.values);
  paintThick(p, points);
  points.forEach(([px, py], k) => {
    dot(p.c, px, py, 0.35 * u, theme.train);
    // Beside the line that goes on from here, and above the names.
    const side = points[k + 1]?.[1] < py && py < box.y1 - 2 * u ? 1 : -1;
    write(p, writtenOn(axes[k], truth.values[k]), px + 0.6 * u, py + 0.9 * side * u, 1.1 * u, theme.train, { weight: 700, halo: true });
  });
}

function paintThick(p, points) {
  if (points.length < 2) return;
  stroke(p, points, p.theme.background, 7);
  stroke(p, points, p.theme.train, 4);
}

// How many guesses there are of each size. Those that never come have a place of their own.
function paintHistogram(p, box, top) {
  const { u, theme, state: { board: { told: axis }, told, truth } } = p, { x } = placed(box);
  write(p, `how many of you said “${labelled(axis, "…")}”`, box.x0, box.y0 - 1.1 * u, u, theme.muted, { most: box.x1 - box.x0, least: u });
  paintAlong(p, axis, box, u);
  const numbers = told ?? [], counts = new Array(BINS).fill(0);
  for (const value of numbers) if (value !== null) counts[Math.min(BINS - 1, Math.floor(shareOf(axis, value) * BINS))]++;
  const never = numbers.filter((value) => value === null).length;
  const most = Math.max(1, never, ...counts), tall = box.y1 - box.y0;
  counts.forEach((count, k) => paintBar(p, x(k / BINS) + 1.5, x((k + 1) / BINS) - 1.5, box.y1, (tall * count) / most, count));
  if (never) {
    paintBar(p, box.x1 + 1.2 * u, box.x1 + 3.6 * u, box.y1, (tall * never) / most, never);
    write(p, "never", box.x1 + 2.4 * u, box.y1 + u, u, theme.muted, { align: "center" });
  }
  if (truth && p.share === 1 && truth.told !== null) paintMark(p, x(shareOf(axis, truth.told)), box, top, truth.written);
}

// Where the run is. Its line goes up to the curves if these have the same axis.
function paintMark(p, at, box, top, text) {
  const { u, theme, W, state: { how, board } } = p;
  const through = how === "draw" && sameAxis(board.axes[0], board.told);
  const y0 = through ? top : box.y0 - 0.6 * u;
  stroke(p, [[at, y0], [at, box.y1]], theme.train, 2, [4, 3]);
  const right = at > W / 2;
  write(p, `the run ${text}`, at + (right ? -0.5 : 0.5) * u, box.y0 + 0.2 * u, 1.2 * u, theme.train, { weight: 700, halo: true, align: right ? "right" : "left" });
}

function paintBar(p, x0, x1, y1, height, count) {
  const { c, u, theme } = p;
  if (!count) return;
  c.fillStyle = faint(theme.you, 0.75);
  c.fillRect(x0, y1 - height, x1 - x0, height);
  const inside = height > 1.5 * u;
  write(p, String(count), (x0 + x1) / 2, y1 - height + (inside ? 0.8 : -0.7) * u, u, inside ? theme.background : theme.text, { align: "center", weight: 700 });
}

// A bar for each name; a right one is marked.
function paintColumns(p, names, counts, right) {
  const { u, theme, W, H } = p, most = Math.max(1, ...(counts ?? [0]));
  const box = { x0: u, x1: W - u, y0: 2 * u, y1: H - 3.4 * u }, { x } = placed(box);
  stroke(p, [[box.x0, box.y1], [box.x1, box.y1]], theme.muted);
  names.forEach((name, k) => {
    const [left, end] = [x((k + 0.15) / names.length), x((k + 0.85) / names.length)], middle = (left + end) / 2;
    if (counts) paintBar(p, left, end, box.y1, ((box.y1 - box.y0) * counts[k]) / most, counts[k]);
    const wide = (box.x1 - box.x0) / names.length;
    write(p, (right?.[k] ? "✓ " : "") + name, middle, box.y1 + 1.2 * u, 1.1 * u, theme.text, { align: "center", weight: right?.[k] ? 700 : 400, most: wide, least: u });
  });
}
