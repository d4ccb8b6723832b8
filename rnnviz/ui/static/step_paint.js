// Paints one moment of a training step: the network over the sequence, and the arithmetic of the moment.

import { clamp, faint, shortNumber, write } from "./canvas.js";
import {
  PAINT_ANSWERS, imageOf, paintChannels, paintColumn, paintGradient, paintOutcome, paintScale, paintSentence,
  paintStates, paintUnit, paintWords, tint,
} from "./network_paint.js";

const SIGNS = new Set(["+", "−", "=", "·"]);

export function paintStep(c, layout, network, hover) {
  const p = { c, layout, network, hover, font: network.font, theme: network.theme };
  if (network.sentence) return paintSentence(p);
  const { opened, row } = network;
  const whole = opened.token === null;
  paintColumn(p);
  paintBox(p);
  paintWords(p);
  paintWindow(p);
  if (!whole) {
    paintChannels(p);
    paintStates(p);
    paintScale(p);
    paintUnit({ ...p, hover: { ...hover, row: hover.row ?? row } });
    PAINT_ANSWERS[network.answers](p);
  }
  paintVectors(p);
  paintFormula(p);
  paintPanels(p);
  paintTerms(p);
  paintGradient(p);
  if (opened.phase !== "forward") paintOutcome(p);
}

const colorOf = ({ network: { opened, theme } }) => opened.phase === "forward" ? theme.forward : theme.magnitude;

function paintBox(p) {
  const { c, layout: { u, box, answer, state }, network: { theme } } = p;
  const top = state.y - 1.8 * u;
  c.beginPath();
  c.roundRect(box.left, top, box.right - box.left, answer.y + answer.height + 0.4 * u - top, 0.5 * u);
  c.fillStyle = theme.background;
  c.fill();
  c.fillStyle = faint(colorOf(p), 0.06);
  c.fill();
  [c.strokeStyle, c.lineWidth] = [colorOf(p), 1.8];
  c.stroke();
}

// The box over what else is drawn there.
function paintGround({ c, layout: { box }, network }, y, height) {
  for (const color of [network.theme.background, faint(colorOf({ network }), 0.06)]) {
    c.fillStyle = color;
    c.fillRect(box.left + 1, y, box.right - box.left - 2, height);
  }
}

// Of a long sequence, which part is shown.
function paintWindow(p) {
  const { layout: { u, left, wordHeight }, network: { first, length, words, theme } } = p;
  if (words.length < length)
    write(p, `${first + 1}–${first + words.length} of ${length}`, 0, wordHeight / 2 + 1.1 * u, 0.87 * u,
      theme.muted, { most: left - 4 });
}

// The vectors side by side, with the signs of the arithmetic between them.
function paintVectors(p) {
  const { layout: { u, box, state, numbers }, network: { opened, theme, row } } = p;
  opened.vectors.forEach((vector, k) => {
    const x = box.vector(k);
    write(p, vector.label, x, state.y - 0.8 * u, 0.95 * u, theme.text,
      { align: "center", weight: 600, most: box.slot - 4 });
    if (vector.cells.length) paintClasses(p, vector, k);
    else paintCells(p, vector, x);
    if (!vector.cells.length) {
      const scale = `${vector.signed ? "±" : "0…"}${shortNumber(vector.limit)}`;
      write(p, scale, x, numbers + 0.7 * u, 0.83 * u, theme.muted, { align: "center" });
      const color = vector.signed ? (vector.values[row] < 0 ? theme.negative : theme.positive) : theme.text;
      write(p, signed(vector.values[row]), x, numbers + 2.1 * u, 1.15 * u, color,
        { align: "center", weight: 700, most: box.slot - 2 });
    }
    if (k) paintSign(p, vector.sign, x - box.slot / 2, vector.cells.length);
  });
}

function signed(value) {
  if (!value) return "0";
  const digits = Math.abs(value) >= 0.0995 && Math.abs(value) < 100 ? value.toFixed(3) : shortNumber(value);
  return digits.replace("-", "−").replace(/^(?=\d)/, "+");
}

function paintSign(p, sign, x, classes) {
  const { layout: { u, state, numbers }, network: { theme } } = p;
  const size = SIGNS.has(sign) ? 1.5 * u : 0.95 * u;
  const middle = state.y + state.height / 2;
  // A function has an arrow.
  const applied = /^[a-z]/.test(sign);
  const shown = { align: "center", weight: 600, halo: true };
  if (classes) return write(p, applied ? `${sign} →` : sign, x, state.y + 0.7 * u, size, theme.text, shown);
  write(p, sign, x, middle - (applied ? u : 0), size, theme.text, shown);
  if (applied) write(p, "→", x, middle, 1.4 * u, theme.text, shown);
  write(p, applied ? "→" : sign, x, numbers + 2.1 * u, 1.3 * u, theme.text, shown);
}

// A row a unit, as high as in the states.
function paintCells({ c, layout, network }, { values, limit, signed }, x) {
  const { box, state, cell } = layout;
  const { theme, row } = network;
  const [left, width] = [Math.round(x - box.strip / 2), box.strip];
  const gap = cell >= 3 ? 1 : 0;
  values.forEach((value, k) => {
    c.fillStyle = tint(theme, value / limit, !signed);
    c.fillRect(left, state.y + k * cell, width, cell - gap);
  });
  [c.strokeStyle, c.lineWidth] = [theme.grid, 1];
  c.strokeRect(left - 0.5, state.y - 0.5, width + 1, state.height);
  [c.strokeStyle, c.lineWidth] = [theme.text, 1.6];
  c.strokeRect(left - 1, state.y + row * cell - 1, width + 2, cell + 1);
}

// Of a class a bar from zero, and its number; its name stands before the first vector.
function paintClasses(p, { cells, values, limit, signed: both }, k) {
  const { c, layout: { u, box, state, numbers }, network: { theme, opened } } = p;
  const [top, space] = [state.y + 1.5 * u, numbers + 2.9 * u - state.y - 1.5 * u];
  const rows = classesShown(opened.vectors, Math.floor(space / 14));
  const height = Math.min(2.6 * u, space / rows.length);
  const [x, half] = [box.vector(k), box.slot * 0.42];
  cells.forEach((cell, i) => {
    if (!rows.includes(cell)) return;
    const y = top + (rows.indexOf(cell) + 0.5) * height + (space - height * rows.length) / 2;
    if (!k)
      write(p, cell, box.left + box.margin + box.names - 0.4 * u, y, 0.95 * u, theme.text,
        { align: "right", weight: 600, most: box.names - 0.2 * u });
    const [from, length] = both ? [x, (half * values[i]) / limit] : [x - half, (2 * half * values[i]) / limit];
    c.fillStyle = faint(both ? (values[i] < 0 ? theme.negative : theme.positive) : theme.muted, 0.55);
    c.fillRect(from, y - height * 0.36, length, height * 0.72);
    write(p, shortNumber(values[i]), x, y, 0.95 * u, theme.text, { align: "center", weight: 600, halo: true });
  });
}

// Of more classes than there is room for, the likeliest and the target.
function classesShown([{ cells }, { values }, ...others], most) {
  if (cells.length <= most) return cells;
  const target = others.at(-1).cells[0];
  const byRank = [...cells.keys()].filter((k) => cells[k] !== target).sort((a, b) => values[b] - values[a]);
  const shown = new Set([target, ...byRank.slice(0, Math.max(1, most - 1)).map((k) => cells[k])]);
  return cells.filter((cell) => shown.has(cell));
}

function paintFormula(p) {
  const { layout: { u, box, numbers }, network: { theme } } = p;
  const [middle, most] = [(box.left + box.right) / 2, box.right - box.left - u];
  const { symbols, shapes } = formulaLines(p);
  const lines = [
    ...symbols.map((text) => [text, theme.text, 600]), ...shapes.map((text) => [text, theme.muted, 400]),
  ];
  // Two lines have room for large type, three or four have not.
  const [step, largest] = lines.length < 3 ? [1.2 * u, 1.15 * u] : [1.02 * u, 0.87 * u];
  lines.forEach(([text, color, weight], k) => {
    const size = weight > 400 ? clamp(most / (0.5 * text.length), 0.83 * u, largest) : 0.83 * u;
    write(p, text, middle, numbers + 2.6 * u + step * (k + 1), size, color, { align: "center", weight, most });
  });
}

function formulaLines({ layout: { u, box }, network: { opened } }) {
  const most = box.right - box.left - u;
  return { symbols: inTwo(opened.symbols, most / (0.48 * u)), shapes: inTwo(opened.shapes, most / (0.42 * u)) };
}

// A text of so many letters on one line; a longer one is cut in two, between its parts.
function inTwo(text, most) {
  const parts = text.split(",  ");
  if (text.length <= most || parts.length < 2) return [text];
  const cuts = parts.slice(1).map((_, k) => [parts.slice(0, k + 1).join(",  "), parts.slice(k + 1).join(",  ")]);
  const longest = (lines) => Math.max(...lines.map(({ length }) => length));
  return cuts.reduce((best, cut) => (longest(cut) < longest(best) ? cut : best));
}

// Parameters or their gradients, below the arithmetic.
function paintPanels(p) {
  const { layout: { u, box, answer }, network: { opened } } = p;
  if (!opened.panels.length) return;
  // The fourth line of a formula takes the room of some rows.
  const { symbols, shapes } = formulaLines(p);
  const under = symbols.length + shapes.length > 3 ? u : 0;
  const area = {
    x: box.left + u, y: answer.y + 1.7 * u + under,
    width: box.right - box.left - 2 * u, height: answer.height - 1.7 * u - under,
  };
  paintGround(p, answer.y - 0.3 * u + under, answer.height + 0.6 * u - under);
  const gap = 1.2 * u;
  const width = (area.width - gap * (opened.panels.length - 1)) / opened.panels.length;
  opened.panels.forEach((panel, k) => paintPanel(p, panel, { ...area, width, x: area.x + k * (width + gap) }));
}

function paintPanel(p, { title, limit, blocks }, { x, y, width, height }) {
  const { layout: { u }, network: { theme } } = p;
  write(p, `${title}, ±${shortNumber(limit)}`, x, y - 1.1 * u, 0.9 * u, theme.text, { weight: 600, most: width });
  const counts = blocks.map(({ rows }) => Math.sqrt(rows[0].length));
  const total = counts.reduce((a, b) => a + b);
  // Narrow ones have room for their names too.
  const [gap, least] = [0.4 * u, Math.min(2.9 * u, width / 5)];
  let left = x;
  blocks.forEach(({ name, rows }, k) => {
    const across = least + ((width - (gap + least) * blocks.length + gap) * counts[k]) / total;
    paintMatrix(p, rows, limit, left, y, across, height - 1.1 * u);
    write(p, name, left + across / 2, y + height - 0.4 * u, 0.83 * u, theme.muted,
      { align: "center", most: across + gap });
    left += across + gap;
  });
}

function paintMatrix({ c, network: { theme, opened } }, rows, limit, x, y, width, height) {
  c.imageSmoothingEnabled = rows.length > height || rows[0].length > width;
  c.drawImage(imageOf(theme, rows, limit), x, y, width, height);
  [c.strokeStyle, c.lineWidth] = [theme.grid, 1];
  c.strokeRect(x - 0.5, y - 0.5, width + 1, height + 1);
  // The row of the unit, if the rows are those of its layer.
  const size = height / rows.length;
  [c.strokeStyle, c.lineWidth] = [theme.text, 1.2];
  c.strokeRect(x - 1, y + opened.unit * size - 0.5, width + 2, Math.max(2, size + 1));
}

// The largest terms of the unit's sum, the others together, and the sum.
function paintTerms(p) {
  const { layout: { u, width, gradient }, network: { terms, theme } } = p;
  const x = width + 1.5 * u;
  // The corner buttons stand beside it.
  const most = 16.2 * u - 54;
  write(p, terms.title, x, 1.2 * u, clamp(most / (0.54 * terms.title.length), 12, 1.1 * u), theme.text,
    { weight: 700, most });
  const rows = listed(p, Math.floor((gradient.y + gradient.height - 10 * u) / (1.75 * u)));
  const largest = Math.max(...rows.map(([, value]) => Math.abs(value)), 1e-300);
  rows.forEach(([label, value], k) => paintTerm(p, label, value, 3.4 * u + 1.75 * u * k, largest));
  const end = 3.4 * u + 1.75 * u * rows.length;
  if (!terms.total) return;
  p.c.fillStyle = theme.text;
  p.c.fillRect(x, end - 0.7 * u, 16.2 * u, 1.5);
  paintTerm(p, `sum: ${terms.total[0]}`, terms.total[1], end + 0.5 * u, largest, 700);
  lines(p, `then ${terms.then}`, 16.2 * u, 0.9 * u).slice(0, 3).forEach((line, k) =>
    write(p, line, x, end + (2.2 + 1.3 * k) * u, 0.9 * u, theme.muted));
}

// As many terms as there is room for, and one for all others.
function listed({ network: { terms } }, most) {
  const [count, value] = terms.rest ?? [0, 0];
  if (!count && terms.rows.length <= most) return terms.rows;
  const shown = terms.rows.slice(0, most - 1);
  const others = terms.rows.slice(most - 1);
  const rest = others.reduce((sum, row) => sum + row[1], value);
  return [...shown, [`the other ${count + others.length}`, rest]];
}

function paintTerm(p, label, value, y, largest, weight = 400) {
  const { c, layout: { u, width }, network: { theme } } = p;
  const [x, zero, half] = [width + 1.5 * u, width + 11.6 * u, 1.7 * u];
  const color = value < 0 ? theme.negative : theme.positive;
  write(p, label, x, y, 0.9 * u, theme.text, { weight, most: 8.4 * u });
  c.fillStyle = color;
  c.fillRect(zero, y - 0.45 * u, half * clamp(value / largest, -1, 1), 0.9 * u);
  c.fillStyle = theme.muted;
  c.fillRect(zero - 0.5, y - 0.85 * u, 1, 1.7 * u);
  write(p, signed(value), width + 17.7 * u, y, 0.95 * u, color, { align: "right", weight: Math.max(600, weight) });
}

// A text in lines of a width.
function lines({ c, font }, text, most, size) {
  c.font = `400 ${Math.max(12, size)}px ${font}`;
  const found = [""];
  for (const word of text.split(" ")) {
    const longer = `${found.at(-1)} ${word}`.trim();
    if (c.measureText(longer).width <= most) found[found.length - 1] = longer;
    else found.push(word);
  }
  return found;
}
