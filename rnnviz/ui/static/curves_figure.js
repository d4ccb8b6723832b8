// The curves of a run for Plotly.
import { faint } from "./canvas.js";
import { capital, chapterRow, curve, level, levelName, mapPlot, stackedFigure, upright, veil } from "./stacked_figure.js";

export function curvesFigure({ data, layout }) {
  const { meta } = layout, { loss, metric, gauge, map } = meta;
  const own = Object.fromEntries(data.map((series) => [series.name, series]));
  const plots = [
    { title: `Loss, ${loss.unit}`, share: 0.36, axis: { range: [0, 1.04 * loss.top] },
      series: scoresOf(own, meta, "loss", "loss", `%{y:.4g} ${loss.unit}`) },
    { title: capital(metric), share: 0.16, axis: { range: [-0.03, 1.06], tickformat: "~%" },
      series: scoresOf(own, meta, "metric", metric, "%{y:.1%}") },
    { title: `Memory gauge of ${gauge.weights}`, share: 0.24, series: gaugeOf(own, meta.theme),
      axis: { type: "log", range: gauge.span, exponentformat: "power" } },
    { title: `Gradient at every ${map.noun}`, share: 0.24, ...mapPlot(own["log10 gradient"], layout, map.noun, map.span) },
  ];
  return stackedFigure(layout, plots, { last: meta.last, shapes: marksOf(meta), notes: labelsOf(meta) });
}

// The curves of one score, and those of the run before it branched.
function scoresOf(own, { theme, roles }, score, called, value) {
  const lines = ["train", "test"].flatMap((role, k) => [
    [`${role}_${score}`, `${called}, ${roles[k]}`, { color: theme[role], width: 2, dash: k ? "dash" : "solid" }],
    [`old ${role}_${score}`, `${called} before, ${roles[k]}`, { color: faint(theme[role], 0.65), width: 1.8, dash: "dot" }],
  ]);
  const known = lines.filter(([key]) => own[key]?.y.some(Number.isFinite));
  return known.map(([key, name, line]) => curve(own[key], name, line, value));
}

const gaugeOf = (own, theme) => [
  curve(own.radius, "radius", { color: theme.forward, width: 2.4 }, "%{y:.4g}"),
  curve(own.norm, "largest singular value", { color: theme.muted, width: 1.2, dash: "dash" }, "%{y:.4g}"),
  curve(own["half-life"], "half-life", { color: theme.magnitude, width: 1.6 }, "%{y:.4g} tokens"),
];

const levelsOf = ({ loss, baselines }) => [{ name: "guessing", loss: loss.guess }, ...baselines];

function marksOf(meta) {
  const { theme, shown, pinned, changes, chapters, last } = meta;
  return [
    ...levelsOf(meta).map(({ loss }) => level(loss, "y", theme.muted)), level(1, "y3", theme.forward),
    ...chapterRow(chapters, theme), ...changes.map((epoch) => upright(epoch, theme.muted, "dash")),
    ...(pinned === null ? [] : [upright(pinned, faint(theme.text, 0.6), "dashdot")]),
    ...(shown === null ? [] : [veil(shown, last, theme), upright(shown, theme.text, "solid")]),
  ];
}

// The names of levels; one that would cover another is left out.
function labelsOf(meta) {
  const { loss: { top }, theme } = meta;
  const apart = levelsOf(meta).sort((a, b) => b.loss - a.loss)
    .reduce((kept, one) => (kept.length && kept.at(-1).loss - one.loss < 0.08 * top ? kept : [...kept, one]), []);
  return apart.map(({ name, loss }) => levelName(name, loss, theme));
}
