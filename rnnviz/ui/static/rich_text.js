// Texts with Plotly's few tags, written on a canvas: <b>, <i>, <sub>, <sup>, <br>, and a span's colour.

const SMALL = 0.72; // of what is raised or lowered
const LINE = 1.25; // the height of a line

const parsed = new Map(); // html -> lines of runs { text, bold, italic, shift, color }

// The lines of a text; each is a list of runs in one style.
export function linesOf(html) {
  if (!parsed.has(html)) {
    if (parsed.size > 2000) parsed.clear();
    const lines = [[]];
    collect(new DOMParser().parseFromString(html, "text/html").body, {}, lines);
    parsed.set(html, lines);
  }
  return parsed.get(html);
}

function collect(node, style, lines) {
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) lines.at(-1).push({ ...style, text: child.data });
    else if (child.tagName === "BR") lines.push([]);
    else collect(child, styled(child, style), lines);
  }
}

function styled(node, style) {
  if (node.tagName === "B") return { ...style, bold: true };
  if (node.tagName === "I") return { ...style, italic: true };
  if (node.tagName === "SUB") return { ...style, shift: 0.22 };
  if (node.tagName === "SUP") return { ...style, shift: -0.34 };
  return node.style.color ? { ...style, color: node.style.color } : style;
}

const fontOf = ({ bold, italic, shift }, { size, weight = 400, family }) =>
  `${italic ? "italic " : ""}${bold ? Math.max(600, weight) : weight} ${shift ? SMALL * size : size}px ${family}`;

function widthOf(c, runs, font) {
  return runs.reduce((sum, run) => {
    c.font = fontOf(run, font);
    return sum + c.measureText(run.text).width;
  }, 0);
}

// The width and height of a text.
export function sizeOf(c, html, font) {
  const lines = linesOf(html);
  const width = Math.max(...lines.map((runs) => widthOf(c, runs, font)));
  return { width, height: lines.length * LINE * font.size };
}

// Write a text whose corner, or middle, ("left", "top"), is at a place. `ground` is the colour behind it, `halo`
// that around its letters.
export function writeRich(c, html, x, y, font, { across = "left", down = "middle", ground, halo } = {}) {
  const lines = linesOf(html);
  const { width, height } = sizeOf(c, html, font);
  const share = { left: 0, center: 0.5, right: 1 }[across];
  const top = y - { top: 0, middle: 0.5, bottom: 1 }[down] * height;
  if (ground) {
    c.fillStyle = ground;
    c.fillRect(x - share * width - 2, top, width + 4, height);
  }
  [c.textAlign, c.textBaseline] = ["left", "middle"];
  lines.forEach((runs, k) => {
    let at = x - share * widthOf(c, runs, font);
    for (const run of runs) {
      c.font = fontOf(run, font);
      const middle = top + (k + 0.5) * LINE * font.size + (run.shift ?? 0) * font.size;
      if (halo) {
        [c.strokeStyle, c.lineWidth, c.lineJoin] = [halo, 4, "round"];
        c.strokeText(run.text, at, middle);
      }
      c.fillStyle = run.color ?? font.color;
      c.fillText(run.text, at, middle);
      at += c.measureText(run.text).width;
    }
  });
}
