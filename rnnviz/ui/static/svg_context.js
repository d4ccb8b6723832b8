// A context for the code that paints on a canvas, which writes SVG instead: every mark becomes an element with the
// colours, the transform and the clip of its time. What is an image on the canvas is one in the SVG.

// What XML can't have, such as half a character, is a box.
const NEVER = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]/gu;
const escaped = (text) =>
  String(text).replace(NEVER, "\ufffd").replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const short = (value) => String(Math.round(value * 1000) / 1000);
const ANCHORS = { left: "start", start: "start", center: "middle", right: "end", end: "end" };
const BASELINES = { middle: "central", top: "text-before-edge", bottom: "text-after-edge", alphabetic: "auto" };
// The state that `save` keeps, as a new canvas has it.
const FIRST = {
  fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, lineJoin: "miter", lineCap: "butt", globalAlpha: 1,
  font: "10px sans-serif", textAlign: "start", textBaseline: "alphabetic", imageSmoothingEnabled: true,
  dash: [], matrix: [1, 0, 0, 1, 0, 0], clipped: "",
};

// A path as text, in the units in which it was made; the methods are those of a canvas.
class SvgPath {
  constructor() {
    [this.parts, this.last, this.first] = [[], null, null];
  }

  add(letter, ...numbers) {
    this.parts.push(letter + numbers.map(short).join(" "));
    if (numbers.length) this.last = numbers.slice(-2);
  }

  moveTo(x, y) {
    this.add("M", x, y);
    this.first = [x, y];
  }

  lineTo(x, y) {
    if (this.last) this.add("L", x, y);
    else this.moveTo(x, y);
  }

  bezierCurveTo(...numbers) {
    if (!this.last) this.moveTo(numbers[0], numbers[1]);
    this.add("C", ...numbers);
  }

  closePath() {
    if (!this.last) return;
    this.add("Z");
    this.last = this.first;
  }

  rect(x, y, width, height) {
    this.moveTo(x, y);
    for (const point of [[x + width, y], [x + width, y + height], [x, y + height]]) this.lineTo(...point);
    this.closePath();
  }

  roundRect(x, y, width, height, radius) {
    const r = Math.min(radius, Math.abs(width) / 2, Math.abs(height) / 2);
    const [right, bottom] = [x + width, y + height];
    this.moveTo(x + r, y);
    for (const [to, end] of [
      [[right - r, y], [right, y + r]], [[right, bottom - r], [right - r, bottom]],
      [[x + r, bottom], [x, bottom - r]], [[x, y + r], [x + r, y]],
    ]) {
      this.lineTo(...to);
      this.add("A", r, r, 0, 0, 1, ...end);
    }
    this.closePath();
  }

  arc(x, y, radius, from, to) {
    this.ellipse(x, y, radius, radius, 0, from, to);
  }

  // Two halves make a whole one, which an arc of SVG alone can't be.
  ellipse(x, y, across, down, rotation, from, to) {
    const turn = Math.min(to - from, 2 * Math.PI);
    const at = (angle) => [x + across * Math.cos(angle), y + down * Math.sin(angle)];
    this.lineTo(...at(from));
    for (const share of [0.5, 1]) this.add("A", across, down, 0, 0, 1, ...at(from + turn * share));
  }

  // Towards one point, and from there to the next, with a round corner of this radius.
  arcTo(x1, y1, x2, y2, radius) {
    if (!this.last) this.moveTo(x1, y1);
    const back = [this.last[0] - x1, this.last[1] - y1], on = [x2 - x1, y2 - y1];
    const [a, b] = [Math.hypot(...back), Math.hypot(...on)];
    const cosine = (back[0] * on[0] + back[1] * on[1]) / (a * b || 1);
    if (!radius || !a || !b || Math.abs(cosine) > 1 - 1e-9) return this.lineTo(x1, y1);
    const cut = radius / Math.tan(Math.acos(cosine) / 2);
    const turns = back[0] * on[1] - back[1] * on[0] < 0;
    this.lineTo(x1 + (cut * back[0]) / a, y1 + (cut * back[1]) / a);
    this.add("A", radius, radius, 0, 0, Number(turns), x1 + (cut * on[0]) / b, y1 + (cut * on[1]) / b);
  }
}

const PATH = ["moveTo", "lineTo", "bezierCurveTo", "closePath", "rect", "roundRect", "arc", "ellipse", "arcTo"];

export class SvgContext {
  constructor() {
    Object.assign(this, FIRST, { saved: [], elements: [], definitions: [], path: new SvgPath() });
    // It measures texts.
    this.ruler = document.createElement("canvas").getContext("2d");
  }

  // A path for `fill` and `stroke`, as Path2D is one for a canvas.
  newPath() {
    return new SvgPath();
  }

  svg(width, height, background, told, margin = 0) {
    const [across, down] = [width, height].map((length) => short(length + 2 * margin));
    const size = `width="${across}" height="${down}" viewBox="${-margin} ${-margin} ${across} ${down}"`;
    return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>
<title>${escaped(told.title ?? "")}</title>
<metadata>${escaped(JSON.stringify(told))}</metadata>
<defs>${this.definitions.join("\n")}</defs>
<rect x="${-margin}" y="${-margin}" width="100%" height="100%" fill="${escaped(background)}"/>
${this.elements.join("\n")}
</svg>
`;
  }

  save() {
    this.saved.push(Object.fromEntries(Object.keys(FIRST).map((name) => [name, this[name]])));
  }

  restore() {
    Object.assign(this, this.saved.pop());
  }

  setLineDash(dash) {
    this.dash = dash;
  }

  getTransform() {
    const [a, b, c, d, e, f] = this.matrix;
    return { a, b, c, d, e, f };
  }

  transform(a, b, c, d, e, f) {
    const [m0, m1, m2, m3, m4, m5] = this.matrix;
    this.matrix = [
      m0 * a + m2 * b, m1 * a + m3 * b, m0 * c + m2 * d, m1 * c + m3 * d, m0 * e + m2 * f + m4, m1 * e + m3 * f + m5,
    ];
  }

  translate(x, y) {
    this.transform(1, 0, 0, 1, x, y);
  }

  scale(x, y) {
    this.transform(x, 0, 0, y, 0, 0);
  }

  rotate(angle) {
    const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
    this.transform(cosine, sine, -sine, cosine, 0, 0);
  }

  beginPath() {
    this.path = new SvgPath();
  }

  fill(path = this.path) {
    this.mark("path", `d="${path.parts.join("")}" ${this.filling}`);
  }

  stroke(path = this.path) {
    this.mark("path", `d="${path.parts.join("")}" ${this.stroking}`);
  }

  fillRect(...box) {
    if (!box.every(Number.isFinite)) return; // A canvas draws none either.
    this.mark("rect", `${boxOf(box)} ${this.filling}`);
  }

  strokeRect(...box) {
    if (!box.every(Number.isFinite)) return;
    this.mark("rect", `${boxOf(box)} ${this.stroking}`);
  }

  clearRect() {}

  clip() {
    const id = `clip${this.definitions.length}`;
    this.definitions.push(
      `<clipPath id="${id}"${this.clipping}><path d="${this.path.parts.join("")}"${this.placed}/></clipPath>`);
    this.clipped = id;
  }

  measureText(text) {
    this.ruler.font = this.font;
    return this.ruler.measureText(text);
  }

  fillText(text, x, y) {
    this.write(text, x, y, this.filling);
  }

  strokeText(text, x, y) {
    this.write(text, x, y, this.stroking);
  }

  // As wide as it is here, also where the font is missing.
  write(text, x, y, painted) {
    text = String(text);
    const width = text.length > 1 ? ` textLength="${short(this.measureText(text).width)}" lengthAdjust="spacingAndGlyphs"` : "";
    const placed = `x="${short(x)}" y="${short(y)}" text-anchor="${ANCHORS[this.textAlign]}"`;
    const style = `dominant-baseline="${BASELINES[this.textBaseline]}" style="font: ${escaped(this.font)}; white-space: pre"`;
    this.mark("text", `${placed}${width} ${style} ${painted}`, escaped(text));
  }

  createLinearGradient(x1, y1, x2, y2) {
    const stops = [];
    const [from, to] = [`x1="${short(x1)}" y1="${short(y1)}"`, `x2="${short(x2)}" y2="${short(y2)}"`];
    const attributes = `gradientUnits="userSpaceOnUse" ${from} ${to}`;
    return { stops, attributes, addColorStop: (at, color) => stops.push([at, color]) };
  }

  drawImage(image, ...numbers) {
    const part = numbers.length > 4 ? numbers.splice(0, 4) : [0, 0, image.width, image.height];
    const copy = Object.assign(document.createElement("canvas"), { width: part[2], height: part[3] });
    copy.getContext("2d").drawImage(image, ...part, 0, 0, part[2], part[3]);
    const smooth = this.imageSmoothingEnabled ? "" : ' style="image-rendering: pixelated"';
    this.mark("image", `${boxOf(numbers)} preserveAspectRatio="none"${smooth} href="${copy.toDataURL()}"`);
  }

  get filling() {
    return `fill="${this.color(this.fillStyle)}"`;
  }

  get stroking() {
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.map(short).join(" ")}"` : "";
    const line = `stroke-width="${short(this.lineWidth)}" stroke-linejoin="${this.lineJoin}" stroke-linecap="${this.lineCap}"`;
    return `fill="none" stroke="${this.color(this.strokeStyle)}" ${line}${dash}`;
  }

  // A gradient is written where it is used: it has all its stops then.
  color(style) {
    if (typeof style === "string") return escaped(style);
    const id = `shade${this.definitions.length}`;
    const stops = style.stops.map(([at, color]) => `<stop offset="${at}" stop-color="${escaped(color)}"/>`);
    this.definitions.push(`<linearGradient id="${id}" ${style.attributes}>${stops.join("")}</linearGradient>`);
    return `url(#${id})`;
  }

  get placed() {
    return this.matrix.every((value, k) => value === FIRST.matrix[k]) ? "" : ` transform="matrix(${this.matrix.map(short).join(" ")})"`;
  }

  get clipping() {
    return this.clipped ? ` clip-path="url(#${this.clipped})"` : "";
  }

  // A clip is in the units of the picture, and so around what is placed.
  mark(tag, attributes, content = "") {
    const faded = this.globalAlpha < 1 ? ` opacity="${short(this.globalAlpha)}"` : "";
    const element = `<${tag} ${attributes}${faded}${this.placed}>${content}</${tag}>`;
    this.elements.push(this.clipped ? `<g${this.clipping}>${element}</g>` : element);
  }
}

for (const name of PATH) SvgContext.prototype[name] = function draw(...numbers) { this.path[name](...numbers); };

// A rectangle may go to the left or up.
function boxOf([x, y, width, height]) {
  const [left, top] = [Math.min(x, x + width), Math.min(y, y + height)];
  return `x="${short(left)}" y="${short(top)}" width="${short(Math.abs(width))}" height="${short(Math.abs(height))}"`;
}
