// Paints HTML as the browser has laid it out: grounds, and texts line by line. What scrolls is painted whole.
import { fitted } from "./canvas.js";

// Paint a node, its corner at the origin.
export function paintHtml(c, node) {
  const { left, top } = node.getBoundingClientRect();
  paintNode(c, node, { left, top, end: Infinity });
}

// `at` is the place of the origin, and where texts end.
function paintNode(c, node, at) {
  const style = getComputedStyle(node);
  if (style.display === "none" || style.visibility === "hidden") return;
  c.save();
  c.globalAlpha *= Number(style.opacity);
  for (const box of node.getClientRects()) paintGround(c, box, style, at);
  const end = style.textOverflow === "ellipsis" ? node.getBoundingClientRect().right : at.end;
  const within = { left: at.left, top: at.top - node.scrollTop, end };
  for (const child of node.childNodes) {
    if (child.nodeType === Node.ELEMENT_NODE) paintNode(c, child, within);
    else if (child.nodeType === Node.TEXT_NODE) paintText(c, child, style, within);
  }
  c.restore();
}

// A colour; and over it colours from left to right, on a share of the width.
function paintGround(c, { left, top, width, height }, style, at) {
  const box = [left - at.left, top - at.top];
  const fill = (shade, share = 1) => {
    c.fillStyle = shade;
    c.beginPath();
    c.roundRect(...box, share * width, height, parseFloat(style.borderTopLeftRadius));
    c.fill();
  };
  const ground = plainColor(style.backgroundColor);
  if (ground !== "rgba(0, 0, 0, 0)") fill(ground);
  const colors = style.backgroundImage.match(/(?:rgba?|color)\([^)]*\)/g) ?? [];
  if (!colors.length) return;
  const shade = c.createLinearGradient(box[0], 0, box[0] + width, 0);
  colors.forEach((color, k) => shade.addColorStop(k / Math.max(1, colors.length - 1), plainColor(color)));
  const share = parseFloat(style.backgroundSize) / 100;
  fill(shade, Number.isNaN(share) ? 1 : share);
}

// Mixed colours have a notation of their own, which few programs read.
function plainColor(color) {
  if (!color.startsWith("color(srgb")) return color;
  const [red, green, blue, opacity = 1] = color.slice(10).match(/[\d.e-]+/g).map(Number);
  return `rgba(${[red, green, blue].map((part) => Math.round(255 * part)).join(", ")}, ${opacity})`;
}

function paintText(c, node, style, at) {
  const { color, fontStyle, fontWeight, fontSize, fontFamily } = style;
  c.font = `${fontStyle} ${fontWeight} ${fontSize} ${fontFamily}`;
  [c.fillStyle, c.textAlign, c.textBaseline] = [plainColor(color), "left", "alphabetic"];
  for (const { text, left, right, top } of linesOf(node)) {
    if (left >= at.end) continue;
    const shown = right > at.end + 1 ? fitted(c, text, at.end - left) : text;
    const [x, y] = [left - at.left, top - at.top + c.measureText(shown).fontBoundingBoxAscent];
    c.fillText(shown, x, y);
    if (style.textDecorationLine.includes("underline"))
      c.fillRect(x, y + parseFloat(style.textUnderlineOffset), right - left, parseFloat(style.textDecorationThickness));
  }
}

// The lines into which a text was broken, each where it stands.
function linesOf(node) {
  const lines = [];
  const range = document.createRange();
  let at = 0;
  for (const sign of node.data) {
    range.setStart(node, at);
    range.setEnd(node, (at += sign.length));
    const { left, right, top, height } = range.getBoundingClientRect();
    const last = lines.at(-1);
    const same = last && Math.abs(top - last.top) < height / 2;
    // Some scripts go to the left.
    if (same) Object.assign(last, { text: last.text + sign, left: Math.min(left, last.left), right: Math.max(right, last.right) });
    else if (height && sign.trim()) lines.push({ text: sign, left, right, top });
  }
  return lines.map((line) => ({ ...line, text: line.text.trimEnd() }));
}
