// The numbers of a picture as columns of text, with all their digits. files/numbers.py has the same rule.

import { each } from "./chart_strokes.js";

// The most rows and columns of a table; the CSV has all.
const [ROWS, COLUMNS] = [500, 100];
// The heading of labels whose axis has no title.
const PLACE = "place";

// Text without its tags.
export const plainText = (html) =>
  new DOMParser().parseFromString(String(html ?? "").replaceAll("<br>", " "), "text/html").body.textContent;

// The columns { name, cells } of every series, then those that the picture lists in `meta`.
export function columnsOf(figure) {
  const beside = (figure.layout.meta?.columns ?? []).filter(([name]) => typeof name === "string");
  return [...columnsOfSeries(figure), ...beside.map(([name, values]) => ({ name, cells: texts(values) }))];
}

function columnsOfSeries({ data, layout }) {
  // A table of rounded numbers lists the exact ones.
  if (data[0]?.type === "table") return layout.meta?.columns ? [] : data.flatMap(columnsOfTable);
  const shown = data.filter(({ hoverinfo }) => hoverinfo !== "skip");
  return withoutRepeats(shown.flatMap((series, k) => {
    const name = plainText(series.name) || (shown.length > 1 ? `series ${k + 1}` : "");
    const [x, y] = ["x", "y"].map((letter) => axisOf(series, layout, letter));
    return series.z?.[0]?.length === undefined ? points(series, name, x, y) : cells(series, name, x, y);
  }));
}

// Series over the same places share one column of places.
function withoutRepeats(columns) {
  const same = (one, other) => one.length === other.length && one.every((text, k) => text === other[k]);
  const first = ({ place, cells }) => columns.find((other) => other.place === place && same(other.cells, cells));
  const repeats = columns.filter((column) => column.place && first(column) !== column);
  const groups = [...new Set(repeats.map(first))];
  // Two shared columns under one title keep the names of their first series.
  const shared = new Set(groups.filter(({ place }) => groups.filter((other) => other.place === place).length === 1));
  return columns.filter((column) => !repeats.includes(column))
    .map(({ name, cells, place }, k, kept) => ({ name: shared.has(kept[k]) ? place : name, cells }));
}

function columnsOfTable({ name, header, cells }) {
  return header.values.map((heading, k) => ({ name: joined(name, heading), cells: texts(cells.values[k]) }));
}

const joined = (...parts) => parts.filter(Boolean).join(": ");

function points(series, name, x, y) {
  const { length } = series.y ?? series.x ?? [];
  const column = (title, values) => ({ name: joined(name, title), cells: texts(values ?? []) });
  // The text at a bar is its number.
  const written = series.type === "bar" ? ["z"] : ["z", "text"];
  const more = written.filter((key) => typeof series[key] === "object").map((key) => column(key, series[key]));
  const place = x.title || PLACE;
  return [{ name: joined(name, place), cells: x.labels(length), place }, column(y.title, endsOf(series)), ...more];
}

// The ends of bars, which may begin elsewhere than at 0.
function endsOf({ y, base, orientation }) {
  return base && y && orientation !== "h" ? y.map((length, k) => length + each(base, k, 0)) : y;
}

// A matrix has its longer side down the page.
function cells({ z }, name, x, y) {
  const [down, across] = [z.length, z[0].length];
  const [rows, columns, at] = down < across
    ? [x, y, (i, j) => z[j][i]] : [y, x, (i, j) => z[i][j]];
  const [long, short] = [Math.max(down, across), Math.min(down, across)];
  const labels = rows.labels(long);
  const column = (label, j) => ({
    name: joined(name, label), cells: labels.map((_, i) => digits(at(i, j), z[0])),
  });
  const place = rows.title || PLACE;
  return [{ name: joined(name, place), cells: labels, place }, ...columns.labels(short).map(column)];
}

// The title of a series' axis, and the labels of its places: a number, with its word if there is one.
function axisOf(series, layout, letter) {
  const axis = layout[(series[`${letter}axis`] ?? letter).replace(letter, `${letter}axis`)] ?? {};
  const ticks = axis.type === "log" ? [] : axis.ticktext ?? [];
  const words = new Map(ticks.map((text, k) => [String(axis.tickvals[k]), plainText(text)]));
  const label = (value) => (words.has(value) && words.get(value) !== value ? `${value} ${words.get(value)}` : value);
  // Places count from 0; rows of units have their numbers.
  const places = (count) => {
    const { units = [], words: tokens = [] } = layout.meta ?? {};
    if (letter === "y" && units.length === count) return units.map((unit) => `unit ${unit}`);
    return tokens.length === count ? tokens : Array.from({ length: count }, (_, k) => label(String(k)));
  };
  const labels = (count) => (series[letter] ? texts(series[letter]).map(label) : places(count));
  return { title: plainText(axis.title?.text ?? axis.title) || "", labels };
}

const texts = (values) => Array.from(values, (value) => digits(value, values));

// The shortest text that identifies a number of its array's type.
function digits(value, array) {
  if (typeof value !== "number") return plainText(value);
  if (Number.isNaN(value)) return "";
  if (!(array instanceof Float32Array)) return String(value);
  const short = [6, 7, 8].map((count) => Number(value.toPrecision(count)));
  return String(short.find((number) => Math.fround(number) === value) ?? Number(value.toPrecision(9)));
}

const longest = (columns) => Math.max(0, ...columns.map(({ cells }) => cells.length));

// Text that spreadsheets run as a formula, and numbers that begin with the same signs.
const FORMULA = /^[\s\ufeff\u200b-\u200f]*[=+@-]\s*\S/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^[+-]?inf(inity)?$/i;

// A part of a cell, with an apostrophe if a spreadsheet would run it as a formula; and a cell, part by part: a
// spreadsheet may divide it by other signs than a comma.
const inertPart = (part) => (FORMULA.test(part) && !NUMBER.test(part.trim()) ? `'${part}` : part);
const inert = (cell) => inertPart(cell.replace(/[^;|\t\r\n"]+/g, inertPart));

// Columns as CSV, below their origin in lines that begin with #, which spreadsheets split into cells too.
export function csvOf(columns, told = {}) {
  const quoted = (text) => (/[",#\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const row = (texts) => texts.map(inert).map(quoted).join(",");
  const rows = Array.from({ length: longest(columns) }, (_, k) => columns.map(({ cells }) => cells[k] ?? ""));
  const line = ([name, text]) => `# ${name}: ${String(text).replace(/\s+/g, " ")}`.replace(/[^,;|"]+/g, inertPart);
  const lines = Object.entries(told).filter(([, text]) => text).map(line);
  return [...lines, ...[columns.map(({ name }) => name), ...rows].map(row)].join("\r\n") + "\r\n";
}

// Fill the table, and return a note on rows and columns left out.
export function fillTable(table, columns) {
  const [rows, some] = [longest(columns), columns.slice(0, COLUMNS)];
  const every = Math.ceil(rows / ROWS) || 1;
  const head = document.createElement("thead");
  const body = document.createElement("tbody");
  const names = head.insertRow();
  for (const { name } of some)
    names.append(Object.assign(document.createElement("th"), { textContent: name, scope: "col" }));
  for (let k = 0; k < rows; k += every) {
    const row = body.insertRow();
    for (const { cells } of some) row.insertCell().textContent = cells[k] ?? "";
  }
  table.replaceChildren(head, body);
  const left = [
    every > 1 && `one row in ${every} of ${rows}`,
    columns.length > COLUMNS && `${COLUMNS} columns of ${columns.length}`,
  ].filter(Boolean).join(", ");
  return left && `The table shows ${left}; the CSV has all.`;
}
