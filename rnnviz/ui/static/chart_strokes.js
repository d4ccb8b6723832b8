// The strokes of a chart: lines, symbols, and what may differ from point to point.
import { faint } from "./canvas.js";

export const TICK = 13; // the size of a tick's text
export const DASHES = { solid: [], dot: [2, 4], dash: [7, 5], longdash: [11, 5], dashdot: [8, 4, 2, 4] };

export function line(c, x0, y0, x1, y1, color, width, dash = "solid") {
  c.beginPath();
  c.moveTo(x0, y0);
  c.lineTo(x1, y1);
  [c.strokeStyle, c.lineWidth] = [color, width];
  c.setLineDash(DASHES[dash] ?? []);
  c.stroke();
  c.setLineDash([]);
}

// One value for all points, or one for each.
export const each = (value, k, usual) => (value == null ? usual : typeof value === "object" ? value[k] ?? usual : value);

export const softer = (p, color) => (color === p.text && color.startsWith("#") ? faint(color, 0.75) : color);

const SHAPES = {
  square: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
  diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  "triangle-up": [[0, -1.2], [1.1, 0.8], [-1.1, 0.8]],
  "triangle-left": [[-1.2, 0], [0.8, -1.1], [0.8, 1.1]],
  x: [[-1, -0.6], [-0.6, -1], [0, -0.4], [0.6, -1], [1, -0.6], [0.4, 0], [1, 0.6], [0.6, 1], [0, 0.4], [-0.6, 1], [-1, 0.6], [-0.4, 0]],
};

export function paintSymbol(c, symbol, x, y, radius, color, edge, width) {
  const open = symbol.endsWith("-open");
  if (symbol === "x-thin") {
    for (const side of [-1, 1]) line(c, x - radius, y - side * radius, x + radius, y + side * radius, edge ?? color, width || 2);
    return;
  }
  c.beginPath();
  const corners = SHAPES[symbol.replace("-open", "")];
  if (corners) corners.forEach(([a, b], k) => (k ? c.lineTo(x + a * radius, y + b * radius) : c.moveTo(x + a * radius, y + b * radius)));
  else c.arc(x, y, radius, 0, 7);
  c.closePath();
  if (!open) {
    c.fillStyle = color;
    c.fill();
  }
  if (!open && !width) return;
  [c.strokeStyle, c.lineWidth] = [open ? color : edge ?? color, width || 1.6];
  c.stroke();
}

// The tip of an arrow from a point to another: Plotly's symbol "arrow".
export function paintTip(c, [fromX, fromY], [x, y], size, color) {
  const length = Math.hypot(x - fromX, y - fromY);
  if (!(length > 1)) return;
  const [right, down] = [(x - fromX) / length, (y - fromY) / length];
  c.beginPath();
  c.moveTo(x, y);
  for (const side of [-0.45, 0.45]) c.lineTo(x - size * (right + side * down), y - size * (down - side * right));
  c.closePath();
  c.fillStyle = color;
  c.fill();
}
