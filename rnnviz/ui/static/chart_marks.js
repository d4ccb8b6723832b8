// What marks something on a chart: shapes, notes and arrows.
import { axisKey } from "./chart_axes.js";
import { slanted } from "./chart_frame.js";
import { DASHES, line, TICK } from "./chart_strokes.js";
import { writeRich } from "./rich_text.js";

// Whether a shape lies beside the plot.
export const beside = ({ xref, x0 }) => xref === "paper" && x0 > 1;

// A place of a shape or a note: in the plot from 0 to 1, or on an axis.
function placeOf(p, ref, letter, value) {
  const { box, axes } = p;
  const whole = letter === "x" ? [box.left, box.right] : [box.bottom, box.top];
  if (ref === "paper") return whole[0] + value * (whole[1] - whole[0]);
  const axis = axes[axisKey(ref?.replace(" domain", ""), letter)];
  return ref?.endsWith(" domain") ? axis.from + value * (axis.to - axis.from) : axis.at(value);
}

export function paintShape(p, { type, xref, yref, x0, x1, y0, y1, line: style = {}, fillcolor, opacity = 1 }) {
  const { c } = p;
  const [left, right] = [x0, x1].map((x) => placeOf(p, xref, "x", x));
  const [top, bottom] = [y0, y1].map((y) => placeOf(p, yref, "y", y));
  c.save();
  c.globalAlpha = opacity;
  c.beginPath();
  if (type === "circle") c.ellipse((left + right) / 2, (top + bottom) / 2, Math.abs(right - left) / 2, Math.abs(bottom - top) / 2, 0, 0, 7);
  else if (type === "rect") c.rect(left, top, right - left, bottom - top);
  else {
    c.moveTo(left, top);
    c.lineTo(right, bottom);
  }
  if (fillcolor) {
    c.fillStyle = fillcolor;
    c.fill();
  }
  if (style.width !== 0) {
    [c.strokeStyle, c.lineWidth] = [style.color ?? p.text, style.width ?? 2];
    c.setLineDash(DASHES[style.dash] ?? []);
    c.stroke();
  }
  c.restore();
}

export function paintNote(p, note) {
  const { text, xref, yref, x, y, xanchor = "center", yanchor = "middle", xshift = 0, yshift = 0, font = {}, bgcolor } = note;
  const [left, top] = [notePlace(p, xref, "x", x) + xshift, notePlace(p, yref, "y", y) - yshift];
  if (note.showarrow) return paintArrow(p, left, top, note);
  const style = { size: font.size ?? TICK, weight: font.weight, color: font.color ?? p.text, family: p.family };
  if (note.textangle) return slanted(p, text, left, top, note.textangle, style, xanchor);
  writeRich(p.c, text, left, top, style, { across: xanchor, down: yanchor, ground: bgcolor });
}

// On an axis of powers Plotly places notes, unlike shapes, by the exponent.
function notePlace(p, ref, letter, value) {
  const axis = p.axes[axisKey(ref?.replace(" domain", ""), letter)];
  const exponent = axis?.log && ref !== "paper" && !ref?.endsWith(" domain");
  return placeOf(p, ref, letter, exponent ? 10 ** value : value);
}

// An arrow to a place, from `ax` and `ay` pixels beside it.
function paintArrow({ c }, x, y, { ax, ay, arrowcolor, arrowwidth }) {
  const length = Math.hypot(ax, ay) || 1;
  const [right, down] = [-ax / length, -ay / length];
  const head = Math.min(length, 3.2 * arrowwidth + 2);
  line(c, x + ax, y + ay, x - 0.6 * head * right, y - 0.6 * head * down, arrowcolor, arrowwidth);
  c.beginPath();
  c.moveTo(x, y);
  for (const side of [-0.55, 0.55]) c.lineTo(x - head * (right + side * down), y - head * (down - side * right));
  c.fillStyle = arrowcolor;
  c.fill();
}
