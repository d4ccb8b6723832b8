// The curves of two runs for Plotly: the first is solid, the second dashed.
import { faint } from "./canvas.js";
import { seeded } from "./pair_curves_paint.js";
import { capital, chapterRow, curve, escaped, level, levelName, mapPlot, stackedFigure, upright, veil } from "./stacked_figure.js";

const DASHES = ["solid", "dash"];

export function pairCurvesFigure({ data, layout }) {
  const { meta } = layout, { loss, metric, role, roles, runs, noun, least } = meta;
  const own = Object.fromEntries(data.map((series) => [series.name, series]));
  const set = roles[role === "train" ? 0 : 1];
  const plots = [
    { title: `Loss in ${loss.unit}, ${set}`, share: 0.3, axis: { range: [0, 1.04 * loss.top] },
      series: scoresOf(own, meta, "loss", "loss", `%{y:.4g} ${loss.unit}`) },
    { title: `${capital(metric)}, ${set}`, share: 0.17, axis: { range: [-0.03, 1.06], tickformat: "~%" },
      series: scoresOf(own, meta, "metric", metric, "%{y:.1%}") },
    { share: 0.17, ...(seeded(meta) ? learnedPlot(meta) : leftPlot(own, meta)) },
    ...runs.map(({ name }, k) => ({ title: `${name}: gradient share at every ${noun}`, share: 0.36 / runs.length,
      ...mapPlot(own[`log10 gradient#${k}`], layout, noun, [least, 0]) })),
  ];
  const notes = [levelName("guessing", loss.guess, meta.theme)];
  return stackedFigure(layout, plots, { last: meta.last, shapes: marksOf(meta), notes });
}

// The curves of one score; with other seeds those of every seed, pale, and the medians.
function scoresOf(own, { theme, role, runs }, score, called, value) {
  return runs.flatMap(({ name }, k) => {
    const [key, line] = [`${role}_${score}#${k}`, { color: theme[role], width: 2, dash: DASHES[k] }];
    const named = (series, which, style) => curve(series, `${name}: ${called}${which}`, style, value);
    if (own[`seeds ${key}`]) {
      const pale = { ...line, color: faint(theme[role], 0.3), width: 1 };
      const every = named(seedsOf(own[`seeds ${key}`]), " of every seed", pale);
      return [{ ...every, hoverinfo: "skip" }, named(own[`median ${key}`], ", median", line)];
    }
    const old = own[`old ${key}`], dots = { color: faint(theme[role], 0.65), width: 1.8, dash: "dot" };
    return [...(old ? [named(old, " before", dots)] : []), named(own[key], "", line)];
  });
}

// The rows of all seeds as one line with gaps.
const seedsOf = ({ x, z }) => ({ x: z.flatMap(() => [...x, null]), y: z.flatMap((row) => [...row, null]) });

function leftPlot(own, { theme, runs, words, token }) {
  const series = runs.map(({ name }, k) =>
    curve(own[`left#${k}`], `${name}: left`, { color: theme.forward, width: 2.2, dash: DASHES[k] }, "%{y:.3g}"));
  return { title: `Left of “${words[token]}” at the end`, series,
    axis: { type: "log", range: [-9.4, 0.4], exponentformat: "power" } };
}

// A dot a seed at the epoch at which it learned.
function learnedPlot({ theme, runs, roles, threshold }) {
  const series = runs.map(({ name, learned }, k) => {
    const found = learned.filter(([, epoch]) => epoch !== null);
    return {
      type: "scatter", mode: "markers", name: `${escaped(name)}: learned`,
      x: found.map(([, epoch]) => epoch), y: found.map(() => k),
      customdata: found.map(([seed]) => seed), hovertemplate: "seed %{customdata}<extra></extra>",
      marker: { size: 8, color: k ? theme.background : theme.text, line: { color: theme.text, width: 1.6 } },
    };
  });
  const names = { tickvals: runs.map((_, k) => k), ticktext: runs.map(({ name }) => escaped(name)) };
  const title = `Epoch of ${Math.round(100 * threshold)}% in ${roles[0]}, a dot a seed`;
  return { title, series, axis: { ...names, range: [runs.length - 0.5, -0.5] } };
}

function marksOf({ theme, loss, runs, epoch, last }) {
  const isPast = epoch < Math.max(...runs.map(({ reached }) => reached));
  return [
    level(loss.guess, "y", theme.muted), ...runs.flatMap(({ chapters }, k) => chapterRow(chapters, theme, k)),
    ...runs.flatMap(({ changes }) => changes.map(([at]) => upright(at, theme.muted, "dash"))),
    ...(isPast ? [veil(epoch, last, theme)] : []), upright(epoch, theme.text, "solid"),
  ];
}
