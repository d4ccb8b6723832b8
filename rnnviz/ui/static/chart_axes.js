// The axes of a chart: where a value stands in pixels, and the ticks. The options are Plotly's.
import { clamp, written } from "./canvas.js";

export const axisKey = (name, letter) => `${letter}axis${(name ?? letter).slice(1)}`;

// The axes by key, each placed in the plot's `box`.
export function axesOf({ data, layout }, box) {
  const keys = Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key));
  for (const letter of "xy") if (!keys.includes(`${letter}axis`)) keys.push(`${letter}axis`);
  const axes = Object.fromEntries(keys.map((key) => [key, axisOf(key, data, layout[key] ?? {}, box)]));
  for (const [key, axis] of Object.entries(axes))
    if (axis.options.scaleanchor) square(axis, axes[axisKey(axis.options.scaleanchor, "x")], key);
  return axes;
}

function axisOf(key, data, options, box) {
  const letter = key[0];
  const own = data.filter((series) => axisKey(series[`${letter}axis`], letter) === key);
  const categories = categoriesOf(own, letter, options);
  const log = options.type === "log";
  const extent = options.range ?? extentOf(own, letter, log);
  const [low, high] = options.autorange === "reversed" ? extent.toReversed() : extent;
  const [from, to] = letter === "x" ? [box.left, box.right] : [box.bottom, box.top];
  const [first, last] = options.domain ?? [0, 1];
  const axis = { letter, options, categories, log, low, high,
    from: from + first * (to - from), to: from + last * (to - from) };
  axis.at = (value) => place(axis, value);
  axis.value = (pixel) => low + ((high - low) * (pixel - axis.from)) / (axis.to - axis.from);
  axis.ticks = ticksOf(axis);
  return axis;
}

function place({ categories, log, low, high, from, to }, value) {
  const known = typeof value === "string" ? categories?.get(value) : undefined;
  const number = known ?? (log ? Math.log10(value) : Number(value));
  return from + ((to - from) * (number - low)) / (high - low);
}

// Names stand at 0, 1, 2, … in the order in which they come.
function categoriesOf(own, letter, options) {
  const names = own.flatMap((series) => (Array.isArray(series[letter]) ? series[letter] : []));
  if (options.type !== "category" && typeof names[0] !== "string") return null;
  return new Map([...new Set([...(options.categoryarray ?? []), ...names])].map((name, k) => [name, k]));
}

const finite = (values) => Array.from(values, Number).filter(Number.isFinite);

// From the smallest to the largest value, with some space.
function extentOf(own, letter, log) {
  const values = own.flatMap((series) => spanOf(series, letter)).map((v) => (log ? Math.log10(v) : v));
  const known = values.filter(Number.isFinite);
  const [low, high] = known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
  if (own.every(({ type }) => type === "heatmap") && own.length) return [low, high];
  const space = 0.05 * (high - low) || 1;
  return [low - space, high + space];
}

function spanOf(series, letter) {
  if (series.type === "heatmap") {
    const edges = edgesOf(series[letter], letter === "x" ? series.z[0]?.length ?? 0 : series.z.length);
    return [edges[0], edges.at(-1)];
  }
  const values = series[letter];
  if (!values || typeof values[0] === "string") return [0, (series.x ?? series.y ?? []).length - 1];
  const some = finite(values);
  const span = some.length ? [some.reduce((a, b) => Math.min(a, b)), some.reduce((a, b) => Math.max(a, b))] : [];
  return series.type === "bar" && letter === "y" ? [0, ...span] : span;
}

// The borders of cells: halfway between their middles.
export function edgesOf(middles, count) {
  if (!middles || typeof middles[0] === "string") return Array.from({ length: count + 1 }, (_, k) => k - 0.5);
  const at = Array.from(middles, Number);
  const inner = at.slice(1).map((value, k) => (value + at[k]) / 2);
  const [first, last] = at.length > 1 ? [inner[0] - at[0], at.at(-1) - inner.at(-1)] : [0.5, 0.5];
  return [at[0] - first, ...inner, at.at(-1) + last];
}

// Equal units on both axes; the longer one gets shorter.
function square(y, x) {
  const unit = (axis) => Math.abs((axis.to - axis.from) / (axis.high - axis.low));
  const smaller = Math.min(unit(x), unit(y));
  for (const axis of [x, y]) {
    const [middle, length] = [(axis.from + axis.to) / 2, smaller * Math.abs(axis.high - axis.low)];
    const half = (Math.sign(axis.to - axis.from) * length) / 2;
    [axis.from, axis.to] = [middle - half, middle + half];
    axis.ticks = ticksOf(axis);
  }
}

// Ticks

function ticksOf(axis) {
  const { options, categories } = axis;
  const inside = ({ pixel }) => Math.min(axis.from, axis.to) - 1 <= pixel && pixel <= Math.max(axis.from, axis.to) + 1;
  const list = options.tickvals ? given(options)
    : categories ? [...categories].map(([text, value]) => [value, text])
    : axis.log ? powers(axis) : numbers(axis);
  return list.map(([value, text]) => ({ value, text, pixel: place(axis, value) })).filter(inside);
}

const given = ({ tickvals, ticktext, tickformat }) =>
  Array.from(tickvals, (value, k) => [value, ticktext?.[k] ?? formatted(value, tickformat, 0)]);

// As many labels as have room along the axis, at least two.
const most = ({ letter, from, to }, wanted) =>
  clamp(Math.floor(Math.abs(to - from) / (letter === "x" ? 30 : 16)), 2, wanted);

function powers(axis) {
  const { low, high } = axis;
  const every = Math.max(1, Math.ceil((high - low) / most(axis, 6)));
  const first = Math.ceil(low / every) * every;
  return Array.from({ length: Math.floor((high - first) / every) + 1 }, (_, k) => first + k * every)
    .map((n) => [10 ** n, n ? `10<sup>${String(n).replace("-", "−")}</sup>` : "1"]);
}

function numbers(axis) {
  const { low, high, options: { dtick, nticks = 5, tickformat } } = axis;
  const step = dtick ?? niceStep(Math.abs(high - low) / most(axis, Math.max(1, nticks)));
  const [bottom, top] = [Math.min(low, high), Math.max(low, high)];
  const first = Math.ceil(bottom / step - 1e-9);
  const count = clamp(Math.floor(top / step + 1e-9) - first + 1, 0, 100);
  return Array.from({ length: count }, (_, k) => (first + k) * step)
    .map((value) => [value, formatted(value, tickformat, step)]);
}

// 1, 2 or 5 times a power of ten, at least as large as asked.
function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least || 1));
  return [1, 2, 5, 10].map((k) => k * power).find((step) => step >= least * (1 - 1e-9));
}

function formatted(value, format, step) {
  if (typeof value !== "number") return String(value);
  if (format?.endsWith("%")) return `${(100 * value).toFixed(Number(format.match(/\.(\d)/)?.[1] ?? 0))}%`;
  const places = step ? clamp(-Math.floor(Math.log10(step) + 1e-9), 0, 12) : 12;
  const large = Math.abs(value) >= 1e5 || (value && Math.abs(value) < 1e-4);
  return written(large ? Number(value.toPrecision(6)).toExponential() : Number(value.toFixed(places)));
}
