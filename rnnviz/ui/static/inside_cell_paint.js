// Paints the inside of a cell: highways, wires, and symbols with strips of their numbers.

import { clamp, dot, faint, rgb, shortNumber, stroke, write } from "./canvas.js";
import { paintSentence, tint } from "./network_paint.js";

// The radius of corners, and how far beside a wire the way back runs.
const [CORNER, BESIDE] = [10, 6];
// The greatest width of what comes back; a power of ten less is so much narrower.
const [THICKEST, NARROWER] = [5.5, 1.4];
// How much is left of the drawing behind the weights.
const FADED = 0.16;

export function paintInside(c, layout, cell, hover) {
  const p = { c, layout, cell, hover, font: cell.font, theme: cell.theme, network: cell };
  if (cell.sentence) return paintSentence(p);
  // When all tokens have been read, the drawing steps back behind the weights.
  c.globalAlpha = cell.weights ? FADED : 1;
  paintCell(p);
  c.globalAlpha = 1;
  if (cell.weights) paintWeights(p);
  paintSum(p);
}

function paintCell(p) {
  const { c, layout, cell } = p;
  p.largest = Math.max(1e-300, ...cell.routes.map(({ flow }) => flow ?? 0));
  p.size = clamp(Math.min(0.8 * layout.ky, 0.62 * layout.kx), 12, 1.25 * layout.u);
  cell.bands.forEach((band, k) => paintBand(p, band, layout.ways[k]));
  const lines = cell.routes.map((route) => lineOf(p, route));
  // What comes back to a state before the token runs along its bus, below the wires that cross it.
  const isBus = ({ source }) => cell.symbols[source].kind === "before";
  paintWaysBack(p, lines, isBus);
  for (const source of new Set(cell.routes.map((route) => route.source)))
    paintNet(p, cell.routes.flatMap((route, k) => route.source === source ? [[route, lines[k]]] : []));
  paintWaysBack(p, lines, (route) => !isBus(route));
  cell.bands.forEach((band, k) => band.sent && paintDirect(p, band, layout.ways[k], lines));
  paintBranches(p, lines);
  cell.routes.forEach((route, k) => route.pill && paintPill(p, route, lines[k]));
  cell.bands.forEach((band, k) => paintOperations(p, band, layout.ways[k]));
  cell.symbols.forEach((symbol, k) => layout.placed[k] && PAINT[symbol.kind](p, symbol, k, layout.placed[k]));
}

// The weights of the cell: what all tokens together ask for, what clipping leaves of it, and the step that is taken.
function paintWeights(p) {
  const { c, layout: { width, foot, u }, cell: { weights: { columns, now, rows } }, theme } = p;
  const row = Math.min(1.7 * u, (0.92 * foot) / (rows.length + 1.7));
  const size = Math.min(u, 0.8 * row);
  const [wide, high] = [Math.min(0.94 * width, 46 * u), row * (rows.length + 1.7)];
  const [left, top] = [(width - wide) / 2, (foot - high) / 2];
  c.beginPath();
  c.roundRect(left, top, wide, high, 8);
  [c.fillStyle, c.strokeStyle, c.lineWidth] = [theme.background, theme.grid, 1.5];
  c.fill();
  c.stroke();
  const start = left + 0.2 * wide;
  const step = (0.97 * wide - 0.2 * wide) / columns.length;
  const put = (text, k, y, ink, weight) =>
    write(p, text, start + (k + 1) * step, y, size, ink, { align: "right", weight, most: step - 0.4 * u });
  write(p, "L2 norm", left + 0.03 * wide, top + 0.85 * row, size, theme.muted, { most: 0.2 * wide });
  columns.forEach((name, k) => put(name, k, top + 0.85 * row, k === now ? theme.magnitude : theme.muted, k === now ? 700 : 400));
  const largest = Math.max(1e-300, ...rows.map(({ sizes }) => sizes[now]));
  rows.forEach(({ name, sizes }, i) => {
    const y = top + (i + 1.9) * row;
    const share = clamp(1 + Math.log10(sizes[now] / largest + 1e-30) / 4, 0, 1);
    c.fillStyle = faint(theme.magnitude, 0.22);
    c.fillRect(start + (now + 1 - share) * step + 0.3 * u, y - 0.42 * row, share * step - 0.1 * u, 0.84 * row);
    write(p, name, left + 0.03 * wide, y, size, theme.text, { weight: 700, most: 0.2 * wide });
    sizes.forEach((value, k) => put(shortNumber(value), k, y, k === now ? theme.text : theme.muted, k === now ? 700 : 400));
  });
}

// Wires

// A wire's corners in pixels; it ends at the rim of a circle.
function lineOf({ layout: { x, y, placed, radius } }, { points, symbol }) {
  const found = points.map(([px, py]) => [x(px), y(py)]);
  const sign = placed[symbol]?.sign;
  if (sign && found.length > 1) {
    const [[ax, ay], [bx, by]] = found.slice(-2);
    const [mx, my] = [sign.x + sign.width / 2, sign.y + sign.height / 2];
    const rim = (off) => Math.sqrt(Math.max(0, radius ** 2 - Math.min(Math.abs(off), radius) ** 2)) + 1;
    found[found.length - 1] = ay === by ? [mx - rim(by - my), by] : [bx, my + Math.sign(ay - by) * rim(bx - mx)];
  }
  return found;
}

function path(c, points) {
  c.beginPath();
  c.moveTo(...points[0]);
  points.slice(1, -1).forEach((point, k) => {
    const next = points[k + 2];
    const room = Math.min(distance(points[k], point), distance(point, next)) / 2;
    c.arcTo(...point, ...next, Math.min(CORNER, room));
  });
  c.lineTo(...points.at(-1));
}

const distance = ([ax, ay], [bx, by]) => Math.hypot(bx - ax, by - ay);

function head(c, [ax, ay], [bx, by], size, color) {
  const length = distance([ax, ay], [bx, by]) || 1;
  const [ux, uy] = [((bx - ax) / length) * size, ((by - ay) / length) * size];
  c.beginPath();
  c.moveTo(bx, by);
  c.lineTo(bx - ux - 0.55 * uy, by - uy + 0.55 * ux);
  c.lineTo(bx - ux + 0.55 * uy, by - uy - 0.55 * ux);
  c.fillStyle = color;
  c.fill();
}

const isNear = ({ cell, hover }, { source, symbol }) =>
  hover.symbol !== undefined && (hover.symbol === source || hover.symbol === symbol);

// All wires of one value; where they cross others there is a gap in those.
function paintNet(p, wires) {
  const { c, theme, cell } = p;
  for (const [, line] of wires) draw(c, line, theme.background, 7);
  for (const [route, line] of wires) {
    const near = isNear(p, route);
    const opacity = cell.symbols[route.source].kind === "input" ? 0.5 : 1;
    const color = faint(theme.forward, near ? 1 : p.hover.symbol === undefined ? opacity : 0.35);
    draw(c, line, color, near ? 3 : 2);
    head(c, line.at(-2), line.at(-1), 8, color);
  }
}

function draw(c, line, color, width) {
  path(c, line);
  [c.strokeStyle, c.lineWidth] = [color, width];
  c.stroke();
}

// The ways back beside the wires of a kind, the faintest first: where ways join, the larger one is seen.
function paintWaysBack(p, lines, isOfKind) {
  const ways = p.cell.routes.map((route, k) => [route, lines[k]]).filter(([route]) => route.flow && isOfKind(route));
  const ink = (route) => mix(p.theme.background, p.theme.magnitude, p.hover.symbol === undefined || isNear(p, route) ? 0.85 : 0.3);
  for (const [route, line] of ways.sort(([a], [b]) => a.flow - b.flow)) paintBack(p, route, line, ink(route));
}

// The way back beside a wire, as wide as what comes back.
function paintBack({ c, largest }, { flow }, line, ink) {
  const width = clamp(THICKEST + NARROWER * Math.log10(flow / largest), 1, THICKEST);
  const points = beside(line, BESIDE);
  draw(c, points, ink, width);
  head(c, points[1], points[0], Math.max(7, 1.7 * width), ink);
}

// An opaque colour between two, so that ways that join don't add up.
function mix(ground, color, share) {
  const [from, to] = [rgb(ground), rgb(color)];
  return `rgb(${from.map((start, k) => Math.round(start + (to[k] - start) * share))})`;
}

// The same corners, a distance to the right of the way.
function beside(points, off) {
  const normal = ([ax, ay], [bx, by]) => {
    const length = distance([ax, ay], [bx, by]) || 1;
    return [-(by - ay) / length, (bx - ax) / length];
  };
  return points.map((point, k) => {
    const before = k ? normal(points[k - 1], point) : [0, 0];
    const after = k < points.length - 1 ? normal(point, points[k + 1]) : [0, 0];
    const same = before[0] === after[0] && before[1] === after[1];
    const sum = same ? before : [before[0] + after[0], before[1] + after[1]];
    return [point[0] + off * sum[0], point[1] + off * sum[1]];
  });
}

// A dot where a wire leaves another of the same value.
function paintBranches({ c, cell: { routes }, theme }, lines) {
  routes.forEach(({ source }, k) => {
    const others = lines.filter((_, i) => i !== k && routes[i].source === source);
    for (const corner of lines[k].slice(1, -1))
      if (others.some((line) => runsThrough(line, corner))) dot(c, ...corner, 2.4, theme.forward);
  });
}

function runsThrough(line, [x, y]) {
  return line.some(([bx, by], k) => {
    if (!k) return false;
    const [ax, ay] = line[k - 1];
    if (ay === by) return Math.abs(y - ay) < 0.5 && x > Math.min(ax, bx) + 1 && x < Math.max(ax, bx) - 1;
    return Math.abs(x - ax) < 0.5 && y > Math.min(ay, by) + 1 && y < Math.max(ay, by) - 1;
  });
}

function paintPill(p, { pill: [corners, label] }) {
  const { c, layout, theme, size } = p;
  const box = layout.box(corners);
  const high = Math.min(box.height, 1.7 * size);
  c.beginPath();
  c.roundRect(box.x, box.y + (box.height - high) / 2, box.width, high, high / 2);
  [c.fillStyle, c.strokeStyle, c.lineWidth] = [theme.background, theme.text, 1.5];
  c.fill();
  c.stroke();
  write(p, label, box.x + box.width / 2, box.y + box.height / 2 + 0.5, 0.85 * size, theme.text,
    { align: "center", weight: 600, most: box.width - 2 });
}

// Highways

// The value of a row: that of its units which is largest in size.
const largestOf = (values, from, to) => {
  let found = values[from];
  for (let k = from + 1; k < to; k++) if (Math.abs(values[k]) > Math.abs(found)) found = values[k];
  return found;
};

// What the numbers of a strip look like, a row for one unit or a few.
function paintRows({ c, layout, theme }, values, { x, y, width, height }, ink, share) {
  const { count, starts } = layout.rows(height);
  const row = height / count;
  const gap = row >= 3 ? 1 : 0;
  for (let k = 0; k < count; k++) {
    const value = largestOf(values, starts[k], starts[k + 1]);
    const high = share ? (row - gap) * clamp(share[starts[k]], 0, 1) : row - gap;
    c.fillStyle = ink(value);
    c.fillRect(x, y + k * row + (row - gap - high) / 2, width, high);
  }
}

const signedInk = ({ theme }, limit) => (value) => tint(theme, value / limit);

function outlineUnit({ c, cell, theme }, { x, y, width, height }) {
  const row = height / cell.hidden;
  [c.strokeStyle, c.lineWidth] = [theme.text, 1.6];
  c.strokeRect(x - 1.5, y + cell.unit * row - 1, width + 3, Math.max(3, row + 1));
}

function paintBand(p, band, way) {
  const { cell: { values, symbols } } = p;
  const cuts = [way.x, ...way.ops, way.x + way.width];
  const shown = [band.before, ...band.ops.map(({ symbol }) => symbol)];
  const limit = Math.max(...shown.map((k) => symbols[k].limit));
  shown.forEach((k, i) => paintRows(p, values[k], { ...way, x: cuts[i], width: cuts[i + 1] - cuts[i] }, signedInk(p, limit)));
  paintEnds(p, band, way);
  paintBus(p, band);
}

// The state before the token at the left, and after it at the right.
function paintEnds(p, { state }, way) {
  const { c, theme, size } = p;
  const [end, middle] = [way.x + way.width, way.y + way.height / 2];
  c.beginPath();
  c.moveTo(end + 2, way.y - 4);
  c.lineTo(end + 1.5 * size, middle);
  c.lineTo(end + 2, way.y + way.height + 4);
  c.fillStyle = faint(theme.forward, 0.35);
  c.fill();
  writeName(p, state, "t−1", way.x - 6, middle, 1.2 * size, theme.text, "right");
  writeName(p, state, "t", end + 1.7 * size, middle, 1.3 * size, theme.text);
}

// The name of the old state where it turns into the bus below.
function paintBus(p, { state, before }) {
  const { cell, layout: { x, y }, theme, size } = p;
  const route = cell.routes.find(({ source }) => source === before);
  if (!route) return;
  const [px, py] = route.points[1];
  writeName(p, state, "t−1", x(px) - (cell.gradients ? 14 : 6), y(py), size, theme.forward, "right");
}

// Over a highway: how much of the gradient comes back on it alone.
function paintDirect(p, { state, kept, sent }, way, lines) {
  const { c, layout, cell, theme, size } = p;
  const y = way.y - 1.95 * layout.ky;
  const [from, to] = [way.x + way.width, way.x];
  if (kept === null) return paintArriving(p, state, from, y);
  const share = kept / sent;
  const width = clamp(THICKEST + NARROWER * Math.log10(share || 1e-300), 1, THICKEST);
  stroke(p, [[from, y], [to + 8, y]], faint(theme.magnitude, 0.85), width);
  head(c, [from, y], [to - 2, y], Math.max(8, 1.8 * width), theme.magnitude);
  const shown = share > 1.005 ? `× ${shortNumber(share)}` : share < 0.005 ? "under 1%" : `${Math.round(100 * share)}%`;
  const text = cell.bands.length > 1 ? `${shown} direct` : `${shown} of the gradient on the direct path`;
  const x = to + way.width * freePlace(p, text, way, y, lines);
  clear(p, text, x, y);
  write(p, text, x, y, size, theme.magnitude, { align: "center", weight: 700 });
  writeName(p, `d${state}`, "t−1", way.x - 6, y, size, theme.magnitude, "right");
  clear(p, `d${state}tt`, from - size, y);
  writeName(p, `d${state}`, "t", from + 2, y, size, theme.magnitude, "right");
}

// At the loss its gradient arrives at the end of the highway.
function paintArriving(p, state, from, y) {
  const { c, layout: { u }, theme, size } = p;
  const ink = faint(theme.magnitude, 0.85);
  stroke(p, [[from - 2.5 * u, y], [from - 7 * u, y]], ink, THICKEST);
  head(c, [from, y], [from - 8 * u, y], Math.max(8, 1.8 * THICKEST), ink);
  writeName(p, `d${state}`, "t", from + 2, y, size, theme.magnitude, "right");
}

// Where over a highway no wire goes through a text, as a share of its length.
function freePlace({ c, font, size }, text, way, y, lines) {
  c.font = `700 ${Math.max(12, size)}px ${font}`;
  const half = c.measureText(text).width / 2 + 12;
  const crossed = lines.flatMap((line) => line.slice(1).flatMap(([x, to], k) =>
    line[k][0] === x && Math.min(line[k][1], to) < y + 6 && Math.max(line[k][1], to) > y - 6 ? [x] : []));
  const free = (share) => crossed.every((x) => Math.abs(x - way.x - share * way.width) > half);
  return [0.5, 0.4, 0.3, 0.2, 0.6, 0.7, 0.8].find(free) ?? 0.5;
}

// Clears the ground of a text.
function clear({ c, theme, font, size }, text, x, y) {
  c.font = `700 ${Math.max(12, size)}px ${font}`;
  const wide = c.measureText(text).width + 14;
  c.fillStyle = theme.background;
  c.fillRect(x - wide / 2, y - size * 0.6, wide, size * 1.2);
}

function paintOperations(p, { before, ops }, way) {
  const { c, layout, cell, theme, size } = p;
  ops.forEach((op, k) => {
    const x = way.ops[k];
    const from = k ? ops[k - 1].symbol : before;
    const next = way.ops[k + 1] ?? way.x + way.width;
    if (op.share) paintValve(p, op, cell, from, way, x, next);
    else {
      stroke(p, [[x, way.y + way.height], [x, way.y + way.height / 2]], theme.forward, 2);
      paintSign(p, op.sign, x, way.y + way.height / 2, Math.min(layout.radius, 0.46 * way.height));
      // Beside the wire that may go on over the highway.
      if (op.label) write(p, op.label, x - 8, way.y - 0.85 * layout.ky, size, theme.text, { align: "right", weight: 700, halo: true });
    }
    if (cell.symbols[op.symbol].chosen) outline(p, { x: x - 0.9 * layout.kx, y: way.y - 3, width: 1.8 * layout.kx, height: way.height + 6 });
  });
  outlineUnit(p, way);
}

// A valve leaves of each lane's height what its gate lets through.
function paintValve(p, op, cell, from, way, x, next) {
  const { c, layout, theme, size } = p;
  const width = 1.5 * Math.min(layout.kx, 1.6 * layout.u);
  const box = { x: x - width / 2, y: way.y, width, height: way.height };
  c.fillStyle = theme.background;
  c.fillRect(box.x, box.y - 3, width, box.height + 6);
  const limit = Math.max(cell.symbols[from].limit, cell.symbols[op.symbol].limit);
  paintRows(p, cell.values[from], box, signedInk(p, limit), op.share);
  [c.strokeStyle, c.lineWidth] = [theme.text, 2];
  c.strokeRect(box.x, box.y - 3, width, box.height + 6);
  const text = `${op.label}  ${Math.round(100 * op.open)}% open`;
  const most = Math.max(4 * size, next - box.x - size);
  c.font = `700 ${Math.max(12, 1.05 * size)}px ${p.font}`;
  const wide = Math.min(most, c.measureText(text).width) + 8;
  c.fillStyle = theme.background;
  c.fillRect(box.x - 4, way.y - 0.85 * layout.ky - 0.6 * size, wide, 1.2 * size);
  write(p, text, box.x, way.y - 0.85 * layout.ky, 1.05 * size, theme.text, { weight: 700, most });
}

// Symbols

function paintSign({ c, theme, font }, mark, x, y, radius) {
  if (mark.length > 1) return paintWord({ c, theme, font }, mark, x, y, radius);
  dot(c, x, y, radius, theme.text, theme.background);
  const arm = 0.48 * radius;
  const lines = { "+": [[-1, 0, 1, 0], [0, -1, 0, 1]], "×": [[-0.75, -0.75, 0.75, 0.75], [-0.75, 0.75, 0.75, -0.75]] }[mark];
  if (!lines) return write({ c, font, theme }, mark, x, y + 0.5, 12, theme.text, { align: "center", weight: 700 });
  for (const [ax, ay, bx, by] of lines) stroke({ c }, [[x + ax * arm, y + ay * arm], [x + bx * arm, y + by * arm]], theme.text, 2.2);
}

// An operation whose name is a word.
function paintWord({ c, theme, font }, mark, x, y, radius) {
  c.font = `700 12px ${font}`;
  const half = Math.max(radius, c.measureText(mark).width / 2 + 4);
  c.beginPath();
  c.roundRect(x - half, y - Math.min(radius, 10), 2 * half, 2 * Math.min(radius, 10), 6);
  [c.fillStyle, c.strokeStyle, c.lineWidth] = [theme.background, theme.text, 1.6];
  c.fill();
  c.stroke();
  write({ c, font, theme }, mark, x, y + 0.5, 12, theme.text, { align: "center", weight: 700 });
}

function outline({ c, theme }, { x, y, width, height }) {
  [c.strokeStyle, c.lineWidth] = [theme.forward, 2.4];
  c.beginPath();
  c.roundRect(x - 5, y - 5, width + 10, height + 10, 5);
  c.stroke();
}

// A strip of the values, and beside it one of the gradients by powers of ten.
function paintStrip(p, symbol, k, strip) {
  const { c, cell: { values, gradients }, theme } = p;
  const width = gradients ? 0.68 * strip.width : strip.width;
  const box = { ...strip, width };
  if (symbol.gate) paintBars(p, values[k], box);
  else paintRows(p, values[k], box, symbol.signed ? signedInk(p, symbol.limit) : shade(theme.text, theme, symbol.limit));
  if (gradients) {
    const largest = Math.max(1e-300, ...gradients[k].map(Math.abs));
    const ink = shade(theme.magnitude, theme, 1);
    const size = (value) => 1 + Math.log10(Math.abs(value) / largest + 1e-30) / 3;
    paintRows(p, gradients[k].map(size), { ...strip, x: strip.x + 0.76 * strip.width, width: 0.24 * strip.width }, ink);
  }
  [c.strokeStyle, c.lineWidth] = [theme.grid, 1];
  c.strokeRect(strip.x - 0.5, strip.y - 0.5, width + 1, strip.height);
  outlineUnit(p, box);
  if (symbol.chosen) outline(p, strip);
}

function shade(color, { neutral }, limit) {
  return (value) => mix(neutral, color, clamp(value / limit, 0, 1));
}

// Of a gate a bar for each unit: dark is open.
function paintBars({ c, layout, theme }, values, { x, y, width, height }) {
  const { count, starts } = layout.rows(height);
  const row = height / count;
  const gap = row >= 3 ? 1 : 0;
  for (let k = 0; k < count; k++) {
    c.fillStyle = theme.grid;
    c.fillRect(x, y + k * row, width, row - gap);
    c.fillStyle = faint(theme.text, 0.85);
    c.fillRect(x, y + k * row, width * clamp(values[starts[k]], 0, 1), row - gap);
  }
}

// A name with its token below the line.
function writeName(p, name, at, x, y, size, color, align = "left") {
  const { c, font } = p;
  const small = Math.max(11, 0.62 * size);
  c.font = `italic 700 ${Math.max(12, size)}px ${font}`;
  const wide = c.measureText(name).width;
  c.font = `600 ${small}px ${font}`;
  const end = at ? c.measureText(at).width + 1 : 0;
  const left = align === "right" ? x - wide - end : align === "center" ? x - (wide + end) / 2 : x;
  const put = (text, px, py, style) => {
    [c.font, c.fillStyle, c.textAlign, c.textBaseline] = [style, color, "left", "middle"];
    [c.lineWidth, c.lineJoin, c.strokeStyle] = [4, "round", p.theme.background];
    c.strokeText(text, px, py);
    c.fillText(text, px, py);
  };
  put(name, left, y, `italic 700 ${Math.max(12, size)}px ${font}`);
  if (at) put(at, left + wide + 1, y + 0.32 * size, `600 ${small}px ${font}`);
}

function paintLeaf(p, symbol, k, { box, strip }) {
  const { theme, size, layout } = p;
  paintStrip(p, symbol, k, strip);
  const x = strip.x + strip.width + 6;
  const most = box.x + box.width - x;
  const parts = symbol.name ? [symbol.below] : symbol.below.includes("(") ? [symbol.below] : symbol.below.split(/ (?=[+−] )/);
  const step = Math.min(1.15 * size, strip.height / 3.4);
  let y = strip.y + 0.6 * size;
  if (symbol.name) {
    writeName(p, symbol.name, symbol.at, x, y, 1.4 * size, theme.text);
    y += 1.25 * Math.max(step, 0.95 * size);
  }
  for (const text of parts.filter(Boolean)) {
    write(p, text, x, y, 0.88 * size, theme.muted, { most, weight: symbol.name ? 400 : 600, halo: true });
    y += step;
  }
  if (symbol.open === null || y > strip.y + strip.height) return;
  const share = `${Math.round(100 * symbol.open)}%`;
  p.c.font = `700 ${Math.max(12, size)}px ${p.font}`;
  const roomy = p.c.measureText(`${share} open`).width <= most;
  write(p, roomy ? `${share} open` : share, x, y, size, theme.text, { weight: 700, most, halo: true });
}

function paintOperation(p, symbol, k, { strip, sign }) {
  const { c, theme, size, layout } = p;
  const [mx, my] = [sign.x + sign.width / 2, sign.y + sign.height / 2];
  stroke(p, [[mx, my], [strip.x, my]], theme.text, 1.6);
  const middle = strip.x + strip.width / 2;
  paintStrip(p, symbol, k, strip);
  paintSign(p, symbol.mark, mx, my, layout.radius);
  // What leaves the cell is named there. A wire may go up from the middle.
  if (symbol.name && !symbol.leaves) writeName(p, symbol.name, symbol.at, middle - 5, strip.y - 0.75 * size, 1.3 * size, theme.text, "right");
  const text = [symbol.below, symbol.open === null || !symbol.name ? "" : `${Math.round(100 * symbol.open)}%`].filter(Boolean).join(" ");
  const most = 2 * Math.max(middle - sign.x, strip.width) + 0.4 * layout.kx;
  write(p, text, middle, strip.y + strip.height + 0.65 * size, 0.85 * size, theme.muted, { align: "center", weight: 600, halo: true, most });
}

function paintBefore(p, symbol, k, { strip }) {
  paintStrip(p, symbol, k, strip);
  writeName(p, symbol.name, symbol.at, strip.x + strip.width / 2, strip.y - 0.95 * p.size, 1.2 * p.size, p.theme.text, "center");
}

function paintInput(p, symbol, k, { box }) {
  const { c, cell, theme, size } = p;
  const high = Math.max(1.5 * size, Math.min(box.height, 2 * size));
  c.beginPath();
  c.roundRect(box.x, box.y + (box.height - high) / 2, box.width, high, 5);
  [c.fillStyle, c.strokeStyle, c.lineWidth] = [theme.background, theme.grid, 1.2];
  c.fill();
  c.stroke();
  write(p, cell.word, box.x + box.width / 2, box.y + box.height / 2, size, theme.text,
    { align: "center", weight: 600, most: box.width - 4 });
}

function paintAfter(p, symbol, k, { box }) {
  const { theme, size, cell } = p;
  const y = box.y + box.height / 2;
  writeName(p, symbol.name, "t", box.x + 6, y, 1.3 * size, theme.text);
  const arrives = cell.routes.some((route) => route.flow && cell.symbols[route.symbol] === symbol);
  if (cell.gradients || arrives) writeName(p, `d${symbol.name}`, "t", box.x + 6, y + 1.35 * size, size, theme.magnitude);
}

const PAINT = {
  line: (p, symbol, k, place) => (place.sign ? paintOperation : paintLeaf)(p, symbol, k, place),
  weights: paintLeaf, before: paintBefore, input: paintInput, after: paintAfter, sum: paintOperation,
  product: paintOperation, div: paintOperation, max: paintOperation, where: paintOperation, function: paintOperation,
};

// One unit in numbers, there and back.
function paintSum(p) {
  const { c, layout: { width, height, foot, u }, cell: { unit, sum }, theme } = p;
  const [middle, high] = [(foot + height) / 2, height - foot];
  c.beginPath();
  c.roundRect(0, foot, width, high, 8);
  c.fillStyle = faint(theme.text, 0.06);
  c.fill();
  write(p, `unit ${unit}`, 0.8 * u, middle, 0.95 * u, theme.muted);
  const [name, symbols, numbers, value] = sum.there;
  const text = [`${name} = ${symbols}`, numbers, value].filter(Boolean).join(" = ");
  const back = sum.back ? fit(p, sum.back, 0.42 * width) : 0;
  const start = 5.4 * u;
  write(p, text, start, middle, 1.1 * u, theme.text, { weight: 600, most: width - start - back - 2 * u });
  if (sum.back) write(p, sum.back, width - 0.8 * u, middle, 1.05 * u, theme.magnitude, { align: "right", weight: 700, most: 0.42 * width });
}

function fit({ c, font, layout: { u } }, text, most) {
  c.font = `700 ${Math.max(12, 1.05 * u)}px ${font}`;
  return Math.min(most, c.measureText(text).width);
}
