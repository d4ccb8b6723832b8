// Paints a chart from Plotly's options, as many of them as the figures use. `p` has the context `c`, the figure's
// `data` and `layout`, the plot's `box`, the `axes`, and the colours and font of the layout.
import { paintGrid, paintLegend, paintScale, paintScaleAbove, paintTicks, paintTitle } from "./chart_frame.js";
import { axisKey } from "./chart_axes.js";
import { drawn } from "./chart_layout.js";
import { beside, paintNote, paintShape } from "./chart_marks.js";
import { PAINTERS, TEXTS } from "./chart_series.js";
import { sizeOf, writeRich } from "./rich_text.js";

export function paintChart(c, chart) {
  const { font, plot_bgcolor: background } = chart.layout;
  const p = { ...chart, c, family: font.family, text: font.color, background };
  const { shapes = [], annotations = [] } = chart.layout;
  for (const axis of Object.values(p.axes)) paintGrid(p, axis);
  inside(p, () => {
    for (const shape of shapes.filter(({ layer }) => layer === "below")) paintShape(p, shape);
    for (const type of ["heatmap", "bar", "scatter"])
      for (const series of drawn(p).filter((each) => each.type === type))
        inside(p, () => PAINTERS[type](p, series), p.axes[axisKey(series.yaxis, "y")]);
    for (const shape of shapes.filter(({ layer, ...at }) => layer !== "below" && !beside(at))) paintShape(p, shape);
  });
  for (const shape of shapes.filter(beside)) paintShape(p, shape);
  for (const series of drawn(p)) TEXTS[series.type]?.(p, series);
  for (const axis of Object.values(p.axes)) paintTicks(p, axis);
  for (const note of annotations) paintNote(p, note);
  paintTitle(p);
  paintLegend(p);
  const paint = p.edges ? paintScaleAbove : paintScale;
  for (const scale of p.data.flatMap((series) => [series, series.marker ?? {}]))
    if (scale.colorbar && scale.showscale !== false) paint(p, scale);
}

// A sentence in the picture's place, in lines that fit.
export function paintSentence(c, { layout, box, edges }) {
  const { family, color } = layout.font;
  const font = { size: 15, color, family };
  paintTitle({ c, layout, box, edges, family, text: color });
  const most = Math.min(460, box.width - 24);
  const lines = layout.meta.sentence.split(" ").reduce((done, word) => {
    const longer = `${done.at(-1)} ${word}`;
    return done.at(-1) && sizeOf(c, longer, font).width <= most ? [...done.slice(0, -1), longer] : [...done.filter(Boolean), word];
  }, [""]);
  lines.forEach((line, k) => writeRich(c, line, 12, 48 + 21 * k, font));
}

// Lines may be a little thicker than the plot is large, or than the part of it that is their axis's.
function inside({ c, box }, paint, axis = { from: box.bottom, to: box.top, options: { domain: true } }) {
  if (!axis.options.domain) return paint();
  c.save();
  c.beginPath();
  c.rect(box.left - 4, axis.to - 4, box.right - box.left + 8, axis.from - axis.to + 8);
  c.clip();
  paint();
  c.restore();
}
