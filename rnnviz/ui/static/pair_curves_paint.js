// Paints two runs over one axis of epochs: the first is solid, the second dashed.
import { clamp, disc, dot, faint, power, shortNumber, stroke, write } from "./canvas.js";
import { TONES, curve, grid, nameBefore, paintMap, title, valueAt } from "./curves_paint.js";

const DASH = [6, 4];
const MAPS = ["mapA", "mapB"];
const percent = (share) => `${Math.round(100 * share)}%`;

export function pairCurvesLayout(width, height, run) {
  const u = clamp(Math.min(width / 33, height / 38), 11, 20);
  const [start, head, gap, foot] = [3.9 * u, 1.75 * u, 0.6 * u, 5.4 * u];
  const inner = width - start - Math.max(30, 2.2 * u);
  const maps = run.runs.map((_, k) => [MAPS[k], 0.36 / run.runs.length]);
  const parts = [["loss", 0.3], ["metric", 0.17], ["left", 0.17], ...maps];
  const rest = height - foot - parts.length * head - (parts.length - 1) * gap;
  const panels = {};
  let y = 0;
  for (const [name, part] of parts) {
    panels[name] = { head: y + head / 2, y: y + head, height: part * rest };
    y += head + part * rest + gap;
  }
  const x = (epoch) => start + (inner * epoch) / run.last;
  const inside = (px, py) => px >= start - u && px <= start + inner + u && py >= 0 && py <= height;
  return { u, left: start, width: inner, right: start + inner, panels, foot: height - foot, x, inside };
}

export function paintPairCurves(c, layout, run, { shown, pointed, marked }) {
  const p = { c, layout, run, font: run.font, theme: run.theme, shown, marked, heights: heightsOf(layout, run) };
  paintFrames(p);
  paintScores(p);
  run.runs.forEach((one, k) => paintShares(p, one, k, layout.panels[MAPS[k]]));
  paintChapters(p);
  paintChanges(p);
  paintVeil(p);
  if (pointed !== null) upright(p, pointed, faint(p.theme.text, 0.4), 1);
  paintHead(p);
}

function heightsOf({ panels: { loss, metric, left } }, { loss: { top }, least }) {
  const level = ({ y, height }, share) => y + height * (1 - share);
  return {
    loss: (v) => level(loss, clamp(v, 0, 1.04 * top) / (1.04 * top)),
    metric: (v) => level(metric, (v + 0.03) / 1.09),
    // The label of the highest level is below the title.
    left: (v) => level(left, 0.9 - 0.9 * clamp(Math.log10(Math.max(v, 1e-300)), least, 0) / least),
  };
}

function paintFrames(p) {
  const { layout: { u, left, right, panels }, run, theme, heights } = p;
  const { role, roles, metric, loss, words, token } = run;
  const set = roles[role === "train" ? 0 : 1];
  title(p, panels.loss, `Loss in ${loss.unit}, ${set}`);
  grid(p, [0, loss.top / 2, loss.top], heights.loss, shortNumber);
  const guess = heights.loss(loss.guess);
  stroke(p, [[left, guess], [right, guess]], theme.muted, 1.2, [2, 3]);
  // Left of the line at the epoch and its disc, where that is near the end.
  const end = p.layout.x(p.shown) > right - 4.6 * u ? Math.min(right, p.layout.x(p.shown) - 1.8 * u) : right;
  write(p, "guessing", end, guess - 0.62 * u, 0.83 * u, theme.muted, { align: "right", halo: true });
  title(p, panels.metric, `${metric[0].toUpperCase()}${metric.slice(1)}, ${set}`);
  grid(p, [0, 0.5, 1], heights.metric, percent);
  if (seeded(run)) return title(p, panels.left, `Epoch of ${percent(run.threshold)} in ${roles[0]}, a dot a seed`);
  title(p, panels.left, `Left of “${words[token]}” at the end`);
  grid(p, [1, 1e-3, 1e-6, 1e-9], heights.left, (v) => (v === 1 ? "all" : power(Math.round(Math.log10(v)))));
}

// Whether other seeds are shown.
export const seeded = ({ runs }) => runs.every(({ learned }) => learned);

function paintScores(p) {
  const { run: { role, runs }, theme, heights } = p;
  const color = theme[role];
  if (seeded(p.run)) return paintSeeds(p, color);
  runs.forEach((one, k) => {
    const dash = k ? DASH : [];
    for (const name of ["loss", "metric"]) {
      curve(p, one[`old ${role}_${name}`], heights[name], faint(color, 0.65), 1.8, [2, 3]);
      curve(p, one[`${role}_${name}`], heights[name], color, 2, dash);
    }
    nameBefore(p, one[`old ${role}_loss`], heights.loss);
    curve(p, one.left, heights.left, theme.forward, 2.2, dash);
  });
}

// Every seed as a thin line, the median bold; and when each has learned.
function paintSeeds(p, color) {
  const { run: { role, runs }, theme, heights } = p;
  runs.forEach((one, k) => {
    for (const name of ["loss", "metric"]) {
      const { x, z } = one[`seeds ${role}_${name}`];
      for (const y of z) curve(p, { x, y }, heights[name], faint(color, Math.min(0.3, 2 / z.length)), 1, k ? [3, 2] : []);
    }
    paintLearned(p, one, k);
  });
  // The medians above all members.
  runs.forEach((one, k) => {
    for (const name of ["loss", "metric"]) {
      curve(p, one[`median ${role}_${name}`], heights[name], theme.background, 5);
      curve(p, one[`median ${role}_${name}`], heights[name], color, 2.6, k ? DASH : []);
    }
  });
}

// A dot a seed at the epoch at which it learned; those that never did are counted at the right.
function paintLearned(p, { learned, seed }, k) {
  const { c, layout: { u, left, right }, run, theme } = p;
  const { base, step, radius, x } = lane(p.layout, run, k);
  if (run.runs.length > 1) disc(p, k, left - 1.1 * u, base - 0.2 * u, 0.62 * u);
  stroke(p, [[left, base + radius], [right, base + radius]], theme.grid);
  for (const { at, row, own } of dotsOf(learned, x, radius, seed))
    dot(c, at, base - row * step, own ? 1.35 * radius : radius, theme.text, k ? theme.background : theme.text);
  const never = learned.filter(([, epoch]) => epoch === null).length;
  if (never) write(p, `${never} never`, right, base - 0.35 * u, 0.9 * u, theme.text, { align: "right", weight: 600, halo: true });
}

function lane({ u, x, panels: { left: panel } }, { runs }, k) {
  const height = panel.height / runs.length;
  const radius = 0.34 * u;
  return { base: panel.y + height * (k + 1) - 0.6 * u, step: Math.min(1.7 * radius, (height - 1.4 * u) / 5), radius, x };
}

// The dots, one above the other where they would cover each other.
function dotsOf(learned, x, radius, shown) {
  const piles = new Map();
  return learned.filter(([, epoch]) => epoch !== null).map(([seed, epoch]) => {
    const pile = Math.round(x(epoch) / (2 * radius));
    const row = piles.get(pile) ?? 0;
    piles.set(pile, row + 1);
    return { seed, at: x(epoch), row, own: seed === shown };
  });
}

// The seed whose dot is at a place.
export function seedAt(layout, run, px, py) {
  if (!seeded(run)) return undefined;
  const found = run.runs.flatMap(({ learned, seed }, k) => {
    const { base, step, radius, x } = lane(layout, run, k);
    return dotsOf(learned, x, radius, seed).map((one) => ({ ...one, away: Math.hypot(one.at - px, base - one.row * step - py) }));
  });
  const nearest = found.sort((a, b) => a.away - b.away)[0];
  return nearest?.away <= 0.8 * layout.u ? nearest.seed : undefined;
}

// The gradient at every token as a share of that at the last one, a column an epoch.
function paintShares(p, one, k, panel) {
  const { c, layout, run, theme, marked } = p;
  const { u, left, right } = layout;
  const two = run.runs.length > 1;
  if (two) disc(p, k, 0.62 * u, panel.head, 0.62 * u);
  write(p, `Gradient share at every ${run.noun}`, two ? 1.6 * u : 0, panel.head, 1.02 * u, theme.text,
    { weight: 600, most: right - 1.6 * u });
  const map = { words: run.rows, span: [run.least, 0] };
  paintMap({ ...p, layout: { ...layout, panels: { map: panel } }, run: { ...one, scales: { map } } });
  if (!(marked < run.words.length)) return;
  const row = panel.height / run.words.length;
  [c.strokeStyle, c.lineWidth] = [theme.text, 1.4];
  c.strokeRect(left - 1, panel.y + row * marked, right - left + 2, row);
}

function paintChapters(p) {
  const { c, layout: { u, left, right, x, foot }, run, theme } = p;
  run.runs.forEach(({ chapters, epochs, broken, reached }, k) => {
    const [y, height] = [foot + (0.85 + 1.3 * k) * u, 0.75 * u];
    if (run.runs.length > 1) disc(p, k, left - 1.1 * u, y + height / 2, 0.58 * u);
    c.fillStyle = theme.grid;
    c.fillRect(left, y, x(Math.min(epochs, run.last)) - left, height);
    for (const [name, from, to] of chapters) {
      c.fillStyle = faint(theme.forward, TONES[name]);
      c.fillRect(x(from), y, x(to) - x(from), height);
    }
    if (broken !== null) write(p, "✕", x(reached) + 0.3 * u, y + height / 2, u, theme.text, { weight: 700 });
  });
  const y = foot + 4.75 * u;
  ["left", "center", "right"].forEach((align, k) => {
    const epoch = Math.round((k / 2) * run.last);
    write(p, String(epoch), left + (k / 2) * (right - left), y, 0.87 * u, theme.muted, { align });
  });
  write(p, run.unit, 0, y, 0.87 * u, theme.muted);
}

// A line at an epoch through every panel.
function upright(p, epoch, color, width, dash = []) {
  const { x, panels } = p.layout;
  for (const { y, height } of Object.values(panels))
    stroke(p, [[x(epoch), y - 1], [x(epoch), y + height + 1]], color, width, dash);
}

// Where a setting was changed, and to what.
function paintChanges(p) {
  const { layout: { u, x, left, right, panels: { loss } }, run, theme } = p;
  const drawn = new Set();
  run.runs.flatMap(({ changes }) => changes).forEach(([epoch, label]) => {
    if (drawn.has(`${epoch} ${label}`)) return;
    drawn.add(`${epoch} ${label}`);
    upright(p, epoch, theme.muted, 1.2, [4, 4]);
    const align = x(epoch) > (left + right) / 2 ? "right" : "left";
    write(p, label, x(epoch) + (align === "left" ? 4 : -4), loss.y + (drawn.size - 0.4) * u, 0.87 * u, theme.muted, { align, halo: true });
  });
}

// What is later than the epoch shown is faint.
function paintVeil({ c, layout, run, theme, shown }) {
  const { x, u, right, panels, foot } = layout;
  if (shown >= Math.max(...run.runs.map(({ reached }) => reached))) return;
  c.fillStyle = faint(theme.background, 0.7);
  // The seeds have been trained to their end.
  for (const [name, { y, height }] of Object.entries(panels))
    if (!seeded(run) || MAPS.includes(name)) c.fillRect(x(shown), y - 1, right - x(shown) + 2, height + 2);
  c.fillRect(x(shown), foot, right - x(shown) + 2, 3.2 * u);
}

// The line at the epoch, and a disc of each network on every curve: the first left of the line, the second right of it.
function paintHead(p) {
  const { c, layout: { u, x, foot, left }, run, theme, shown, heights } = p;
  upright(p, shown, theme.text, 1.6);
  const knob = foot + 3.6 * u;
  stroke(p, [[x(shown), foot], [x(shown), knob]], theme.text, 1.6);
  const median = seeded(run) ? "median " : "";
  const names = { loss: `${median}${run.role}_loss`, metric: `${median}${run.role}_metric`, left: median ? "" : "left" };
  for (const [panel, name] of Object.entries(names))
    run.runs.forEach((one, k) => {
      const until = median ? one.epochs : one.reached;
      const at = x(Math.min(shown, until));
      const value = one[name] ? valueAt(one[name], Math.min(shown, until)) : NaN;
      if (Number.isNaN(value)) return;
      if (run.runs.length === 1) return dot(c, at, heights[panel](value), 0.3 * u, theme.background, theme.text);
      // At the beginning there is no room left of the line.
      const aside = at - left < 1.6 * u ? [0.95, 2.25][k] : [-0.95, 0.95][k];
      disc(p, k, at + aside * u, heights[panel](value), 0.6 * u);
    });
  dot(c, x(shown), knob, 0.55 * u, theme.text, theme.background);
}
