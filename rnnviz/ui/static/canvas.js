// What the pictures that draw themselves share: numbers as text, and marks on a canvas. A painter `p` has
// the context `c`, the `font` and the `theme`.

export const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
export const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
export const faint = (hex, opacity) => `rgba(${rgb(hex).join(",")},${opacity})`;

// A path that is made once and drawn several times.
export const newPath = (c) => (c.newPath ? c.newPath() : new Path2D());

const raised = (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit];
const superscript = (n) => String(n).replace("-", "⁻").replace(/\d/g, raised);
export const power = (n) => `10${superscript(n)}`;

// A number with a typographic minus sign, and with a power of ten: −0.25, 3·10⁻⁵, 10⁶.
export function written(value) {
  const [digits, exponent] = String(value).replace("-", "−").split("e");
  if (!exponent) return digits;
  const scale = power(Number(exponent.replace("−", "-")));
  return /^−?1$/.test(digits) ? digits.replace("1", scale) : `${digits}·${scale}`;
}

// A number with at most so many digits.
export function number(value, digits) {
  const rounded = Number(value.toPrecision(digits)), size = Math.abs(rounded);
  return written(size && (size < 1e-4 || size >= 10 ** digits) ? rounded.toExponential() : rounded);
}

export function shortNumber(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "–" : "∞";
  const exponent = value ? Math.floor(Math.log10(Math.abs(value)) + 1e-9) : 0;
  return written(exponent >= -3 && exponent < 4 ? Number(value.toPrecision(2)) : value.toExponential(0));
}

export function percent(p) {
  if (Number.isNaN(p)) return "–";
  if (p > 0.9995) return "100%";
  if (p > 0.99) return `${(100 * p).toFixed(1)}%`;
  return p > 0 && p < 0.01 ? "<1%" : `${Math.round(100 * p)}%`;
}

// A text wider than `most` gets smaller, down to `least`, and is cut only then.
export function write({ c, font, theme }, text, x, y, size, color,
  { align = "left", weight = 400, halo = false, most = Infinity, least = size } = {}) {
  const inSize = (pixels) => (c.font = `${weight} ${Math.max(12, pixels)}px ${font}`);
  inSize(size);
  // Letters have whole widths: half the size is not half as wide.
  for (let now = size; now > least && c.measureText(text).width > most;) inSize((now = Math.max(least, now - 0.5)));
  [c.fillStyle, c.textAlign, c.textBaseline] = [color, align, "middle"];
  const shown = most < Infinity ? fitted(c, text, most) : text;
  if (halo) {
    [c.lineWidth, c.lineJoin, c.strokeStyle] = [4, "round", theme.background];
    c.strokeText(shown, x, y);
  }
  c.fillText(shown, x, y);
}

export function fitted(c, text, most) {
  let count = [...text].length - 1;
  if (!count || c.measureText(text).width <= most) return text;
  const cut = () => [...text].slice(0, count).join("") + "…";
  while (count > 1 && c.measureText(cut()).width > most) count--;
  return cut();
}

export function stroke({ c }, points, color, width = 1, dash = []) {
  c.beginPath();
  points.forEach(([x, y], k) => (k ? c.lineTo(x, y) : c.moveTo(x, y)));
  [c.strokeStyle, c.lineWidth, c.lineJoin] = [color, width, "round"];
  c.setLineDash(dash);
  c.stroke();
  c.setLineDash([]);
}

export function dot(c, x, y, radius, color, fill = color) {
  c.beginPath();
  c.arc(x, y, radius, 0, 7);
  [c.fillStyle, c.strokeStyle, c.lineWidth] = [fill, color, 1.6];
  c.fill();
  c.stroke();
}

// The disc of one of two networks: the first is filled, the second dashed.
export function disc({ c, font, theme }, k, x, y, radius) {
  c.beginPath();
  c.arc(x, y, radius, 0, 7);
  [c.fillStyle, c.strokeStyle, c.lineWidth] = [k ? theme.background : theme.text, theme.text, 1.5];
  c.fill();
  c.setLineDash(k ? [3, 2.4] : []);
  c.stroke();
  c.setLineDash([]);
  c.font = `700 ${Math.max(9.5, 1.35 * radius)}px ${font}`;
  [c.fillStyle, c.textAlign, c.textBaseline] = [k ? theme.text : theme.background, "center", "middle"];
  c.fillText("AB"[k], x, y + 0.5);
}

// What is left, in words.
export function leftText(share) {
  if (!Number.isFinite(share)) return share > 0 ? "all" : "–";
  if (share >= 0.995) return "all";
  if (share >= 0.01) return `${Math.round(100 * share)}%`;
  return share ? shortNumber(share) : "nothing";
}
