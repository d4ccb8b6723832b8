"""Pictures of scores over settings: of two in a map, of each by itself, and of all at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rnnviz.charts.axes import axis, log_axis
from rnnviz.charts.axis_limits import decades
from rnnviz.charts.picture import Picture, Series, compact, heatmap, scatter
from rnnviz.charts.shapes import faint, ink, mixed, note, sentence
from rnnviz.charts.theme import LIGHT, Theme, picture, plain
from rnnviz.engine.layer_buffers import Array
from rnnviz.questions.runs.measure import LEARNED, SCORES, label_of, value_text, values_of
from rnnviz.questions.runs.pictures import HEIGHT, score_axis
from rnnviz.sweeps.members import Ending
from rnnviz.sweeps.run_table import median_of

#: The most settings with a plot or an axis of their own, values of a map's side, and maps.
_MOST_PLOTS, MOST_VALUES, _MOST_MAPS = 6, 24, 6
#: More columns have no room for "3 of 5".
_MOST_COLUMNS = 8
#: The width of a picture in a narrow page; of a letter, and the height of a line, in pixels.
_WIDTH, _LETTER, _LINE = 330, 7, 16
#: How much longer than the span of its values the axis of a setting is.
_MARGIN = 0.18
#: Values this many times as large as the smallest are on a log axis.
_LOG = 15
#: The colours of lines, from the worst score to the best.
_SHADES = 8
#: Up to this many lines have the highest opacity; more are paler, down to the lowest.
_PLAIN_LINES, _CLEAR, _PALE = 20, 0.9, 0.15
#: The height of the plot of lines, in pixels.
_PLOT = HEIGHT - 100
_NO_SETTING = "All runs have the same settings."


def score_of(table: pd.DataFrame, name: str) -> pd.Series:
    """A score of each run; NaN of runs that diverged."""
    return table[name].where(table["state"] != Ending.DIVERGED)


# A map of two settings


def score_map(
    table: pd.DataFrame, score: str, axes: tuple[str, str, str], *, named: str,
    theme: Theme = LIGHT,
) -> Picture:  # fmt: skip
    """A score for each pair of values of two settings, across and down, in a map.

    There is a map for each value of the third, unless it is empty. The score is the share of runs
    that learned all of training, or the median of a score, which is ``named``. Runs of every other
    setting count together.
    """
    across, down, beside = axes
    xs, ys = values_of(table, across), values_of(table, down)
    thirds = values_of(table, beside) if beside else [None]
    if max(len(xs), len(ys)) > MOST_VALUES or len(thirds) > _MOST_MAPS:
        most = f"{MOST_VALUES} values across and down, and for {_MOST_MAPS} maps"
        return sentence("Two settings", f"There is room for {most}: filter the runs.", theme)
    parts = [table if third is None else table[table[beside] == third] for third in thirds]
    maps = [_Map.of(part, score, (across, xs), (down, ys)) for part in parts]
    scale = _Scale.of(score, np.concatenate([one.values.ravel() for one in maps]), theme)
    series, layout, notes = list[Series](), dict[str, Any](), []
    for k, (third, one) in enumerate(zip(thirds, maps, strict=True)):
        number = "" if k == 0 else str(k + 1)
        domain = [k / len(maps), (k + 1) / len(maps) - 0.02 * (len(maps) > 1)]
        series += one.drawn(scale, third, f"x{number}", len(xs) * len(maps) > _MOST_COLUMNS)
        layout[f"xaxis{number}"] = {**_named_axis(across, xs, theme), "domain": domain}
        if third is not None:
            text = f"{label_of(beside).lower()} {_text(third)}"
            place = {"x": sum(domain) / 2, "xref": "paper", "y": 1, "yref": "paper", "yshift": 2}
            notes.append(note(text, "center bottom", **place, font={"weight": 600}))
    long = max(len(_text(y)) for y in ys)
    median = "" if score == LEARNED else ", median of the runs"
    return picture(
        series, f"{_begun(named)}{median}", HEIGHT, theme,
        {"l": 40 + 8 * min(24, long), "t": 64 if notes else 44, "r": 44}, **layout,
        yaxis=_named_axis(down, ys, theme), annotations=notes,
    )  # fmt: skip


class _Map(NamedTuple):
    """What the runs of each pair of values came to, (down, across): a number, and its text."""

    across: str
    down: str
    xs: Sequence[Any]
    ys: Sequence[Any]
    values: Array
    texts: list[list[str]]

    @classmethod
    def of(
        cls, table: pd.DataFrame, score: str, across: tuple[str, Sequence[Any]],
        down: tuple[str, Sequence[Any]],
    ) -> _Map:  # fmt: skip
        """The share that learned, or the median of a score."""
        (x, xs), (y, ys) = across, down
        pairs = [table[y], table[x]]

        def spread(column: pd.Series) -> Array:
            found: Array = column.unstack().reindex(index=ys, columns=xs).to_numpy(float)
            return found

        if score != LEARNED:
            values = spread(median_of(score_of(table, score).groupby(pairs), score))
            form = "{:.3g}" if score.endswith("loss") else "{:.1%}"
            texts = [["" if math.isnan(v) else form.format(v) for v in row] for row in values]
            return cls(x, y, xs, ys, values, texts)
        counts = table["learned_epoch"].groupby(pairs).agg(["count", "size"])
        learned, size = spread(counts["count"]), spread(counts["size"])
        texts = [
            [f"{a:.0f} of {b:.0f}" if b > 0 else "" for a, b in zip(*rows, strict=True)]
            for rows in zip(learned, size, strict=True)
        ]
        with np.errstate(invalid="ignore"):
            return cls(x, y, xs, ys, learned / size, texts)

    def drawn(self, scale: _Scale, third: object, xaxis: str, short: bool) -> Iterator[Series]:
        """The cells, and their numbers; a click tells the values of the settings."""
        places, rows = [*map(_text, self.xs)], [*map(_text, self.ys)]
        values, (first, last) = scale.at(self.values), scale.colors
        named = f"{label_of(self.across).lower()} %{{x}}, {label_of(self.down).lower()} %{{y}}"
        also = [] if third is None else [third]
        yield heatmap(
            x=places, y=rows, z=compact(values), zmin=scale.low, zmax=scale.high, xaxis=xaxis,
            colorscale=[[0, first], [1, last]], showscale=False, xgap=2, ygap=2, text=self.texts,
            customdata=[[[x, y, *also] for x in self.xs] for y in self.ys],
            hovertemplate=f"{named}: %{{text}}<extra></extra>",
        )  # fmt: skip
        shown = [(i, j) for i, j in np.argwhere(np.isfinite(values)).tolist()]
        texts = [self.texts[i][j] for i, j in shown]
        yield scatter(
            x=[places[j] for _, j in shown], y=[rows[i] for i, _ in shown], mode="text",
            xaxis=xaxis, hoverinfo="skip", showlegend=False,
            text=[text.replace(" of ", "/") for text in texts] if short else texts,
            textfont={"color": [ink(scale.color(values[place])) for place in shown]},
        )  # fmt: skip


class _Scale(NamedTuple):
    """The colour of a score: the better, the stronger; a loss by its logarithm."""

    low: float
    high: float
    colors: tuple[str, str]
    log: bool

    @classmethod
    def of(cls, score: str, values: Array, theme: Theme) -> _Scale:
        colors = theme.neutral, theme.forward
        if not score.endswith("loss"):
            return cls(0, 1, colors, False)
        known = values[np.isfinite(values) & (values > 0)]
        low, high = (float(np.log10(end(known))) if len(known) else 0.0 for end in (np.min, np.max))
        return cls(low, max(high, low + 1e-9), colors[::-1], True)

    def at(self, values: Array) -> Array:
        """The values on the scale."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.log10(values) if self.log else values

    def color(self, value: float) -> str:
        """The colour at a place of the scale."""
        share = (value - self.low) / (self.high - self.low)
        return mixed(*self.colors, min(1.0, max(0.0, share)))


def _named_axis(setting: str, values: Sequence[Any], theme: Theme) -> dict[str, Any]:
    span = {"type": "category", "range": [-0.5, len(values) - 0.5], "nticks": 0, "dtick": 1}
    return axis(label_of(setting), theme, showgrid=False, **span)


def _begun(named: str) -> str:
    return named[0].upper() + named[1:]


def _text(value: object) -> str:
    return plain(value_text(value))


# Each setting by itself


class _Places(NamedTuple):
    """Where the values of a setting stand on its axis, from 0 to 1, and their labels."""

    at: Mapping[Any, float]
    ticks: Mapping[str, float]

    @classmethod
    def of(cls, values: Sequence[Any], room: float = 0.12) -> _Places:
        """Names at equal distances; numbers by their size, or over decades by their logarithm.

        Labels are as far apart as ``room``.
        """
        named = len(values) < 3 or not all(
            isinstance(v, int | float) and not isinstance(v, bool) for v in values
        )
        if named:
            at = {value: k / max(1, len(values) - 1) for k, value in enumerate(values)}
            return cls(at, {_text(value): place for value, place in at.items()})
        log = values[0] > 0 and values[-1] >= _LOG * values[0]
        size = {value: math.log10(value) if log else float(value) for value in values}
        low, high = size[values[0]], size[values[-1]]
        at = {value: (found - low) / (high - low) for value, found in size.items()}
        # Of many values, or close ones, some have a label.
        labelled, last = list[Any](), -1.0
        for value in values:
            if at[value] - last > room:
                labelled.append(value)
                last = at[value]
        return cls(at, {_text(value): at[value] for value in labelled})

    @property
    def gap(self) -> float:
        """The smallest distance of two values."""
        places = sorted(self.at.values())
        return min((b - a for a, b in pairwise(places)), default=1.0)

    def axis(self, name: str, width: float, theme: Theme) -> dict[str, Any]:
        """The axis of the setting in a plot of this ``width`` in pixels."""
        span, places = width / (1 + 2 * _MARGIN), [*self.ticks.items()]
        crowded = any(
            (b - a) * span < _LETTER * (len(one) + len(two)) / 2 + _LETTER
            for (one, a), (two, b) in pairwise(places)
        )
        return axis(
            label_of(name), theme, showgrid=False, tickangle=-90 if crowded else 0,
            range=[-_MARGIN, 1 + _MARGIN] if len(self.at) > 1 else [-0.5, 0.5],
            tickvals=[*self.ticks.values()], ticktext=[*self.ticks],
        )  # fmt: skip


def scores_over(
    table: pd.DataFrame, names: Sequence[str], score: str, *, named: str, theme: Theme = LIGHT
) -> Picture:
    """A score of each run, ``named``, over each setting, a small plot a setting, and the median.

    Runs that diverged are crosses below the others.
    """
    title = f"{_begun(named)} over each setting"
    if not names:
        return sentence(title, _NO_SETTING, theme)
    names, series, axes = names[:_MOST_PLOTS], list[Series](), dict[str, Any]()
    found, loss = score_of(table, score), score.endswith("loss")
    powers = decades(found.to_numpy(float)) if loss else (0.0, 0.0)
    bottom = 10.0 ** powers[0] if loss else -0.07
    width = _WIDTH / len(names)
    for k, name in enumerate(names):
        number = "" if k == 0 else str(k + 1)
        places = _Places.of(values_of(table, name), _LINE / width)
        series += _scores_of(table, name, found, bottom, places, xaxis=f"x{number}", theme=theme)
        domain = [k / len(names) + 0.02, (k + 1) / len(names) - 0.02]
        axes[f"xaxis{number}"] = {**places.axis(name, width, theme), "domain": domain}
    up = log_axis("", theme, powers) if loss else score_axis(theme, -0.1, 1.05)
    return picture(series, title, HEIGHT, theme, {"b": 84}, **axes, yaxis=up)


def _scores_of(
    table: pd.DataFrame, name: str, score: pd.Series, bottom: float, places: _Places, *,
    xaxis: str, theme: Theme,
) -> Iterator[Series]:  # fmt: skip
    """The scores over the values of one setting: the runs, and the medians."""
    # Equal scores lie beside each other.
    aside = 0.3 * min(places.gap, 0.25) * np.sin(2.4 * np.arange(len(table)))
    at = table[name].map(places.at).to_numpy(float) + aside
    text = np.array([f"{label_of(name)} {_text(value)}" for value in table[name]])
    keys, diverged = table["key"].to_numpy(), (table["state"] == Ending.DIVERGED).to_numpy()
    for some, symbol, told in ((~diverged, "circle", "%{y}"), (diverged, "x", "diverged")):
        height = np.where(diverged, bottom, score.to_numpy(float))[some]
        yield scatter(
            x=compact(at[some]), y=compact(height), xaxis=xaxis, mode="markers", showlegend=False,
            marker={"size": 6, "color": faint(theme.forward, 0.55), "symbol": symbol},
            customdata=keys[some].tolist(), text=text[some].tolist(),
            hovertemplate=f"%{{text}}: {told}<extra></extra>",
        )  # fmt: skip
    medians = median_of(score.groupby(table[name]), str(score.name)).reindex(list(places.at))
    yield scatter(
        x=[*places.at.values()], y=compact(medians.to_numpy(float)), xaxis=xaxis,
        mode="lines+markers", line={"color": theme.text, "width": 1.5}, hoverinfo="skip",
        marker={"size": 7, "color": theme.text}, name=f"{label_of(name)}, median",
    )  # fmt: skip


# All settings at once


def spread_of(table: pd.DataFrame, name: str, score: str) -> float:
    """How far the medians of a score at the values of a setting lie apart; a loss in decades."""
    medians = median_of(score_of(table, score).groupby(table[name]), score).dropna()
    if score.endswith("loss"):
        medians = np.log10(medians[medians > 0])
    return float(medians.max() - medians.min()) if len(medians) else 0.0


def setting_lines(
    table: pd.DataFrame, rows: pd.DataFrame, names: Sequence[str], score: str, *, named: str,
    theme: Theme = LIGHT,
) -> Picture:  # fmt: skip
    """The seeds of each setting as a line through an axis a setting, to the median of their score.

    ``rows`` are the settings by family. The axes are sorted by importance: by the
    spread of the medians of the score, called ``named``, over all runs. Where all seeds diverged,
    the line ends before the score.
    """
    title = f"All settings, and the {named}, median"
    if not names:
        return sentence(title, _NO_SETTING, theme)
    spreads = {name: spread_of(table, name, score) for name in names}
    names = sorted(names, key=lambda name: -spreads[name])[:_MOST_PLOTS]
    each = {name: _Places.of(values_of(table, name), _LINE / _PLOT) for name in names}
    found = median_of(score_of(table, score).groupby(table["family"]), score).reindex(rows.index)
    scale = _Scale.of(score, found.to_numpy(float), theme)
    ends = (scale.at(found.to_numpy(float)) - scale.low) / (scale.high - scale.low)
    heights = np.column_stack([*(rows[n].map(each[n].at).to_numpy(float) for n in names), ends])
    # The strongest colour is the best score, and lies above.
    better = 1 - ends if scale.log else ends
    shade = np.where(np.isnan(better), -1, np.minimum(better * _SHADES, _SHADES - 1)).astype(int)
    opacity = min(_CLEAR, max(_PALE, _PLAIN_LINES / len(rows)))
    series = [
        _lines(
            heights[here], rows["middle"][here], mixed(theme.grid, theme.forward, share), opacity
        )
        for k in range(-1, _SHADES)
        if (here := shade == k).any()
        for share in [(k + 1) / _SHADES]
    ]
    stroke = {"color": theme.muted, "width": 1}
    upright = [{"type": "line", "x0": k, "x1": k, "y0": 0, "y1": 1} for k in range(len(names) + 1)]
    return picture(
        series, title, HEIGHT, theme, {"t": 88, "l": 20, "r": 40, "b": 12},
        shapes=[{**line, "line": stroke} for line in upright],
        annotations=[*_heads(names, spreads, score), *_marks(names, each, scale, theme)],
        xaxis=axis("", theme, range=[-0.35, len(names) + 0.35], visible=False),
        yaxis=axis("", theme, range=[-0.04, 1.04], visible=False),
    )  # fmt: skip


def _lines(heights: Array, keys: pd.Series, color: str, opacity: float) -> Series:
    """Lines of one colour, with gaps between them; a click tells the key of a run."""
    count, axes = heights.shape
    x = np.tile([*range(axes), np.nan], count)
    y = np.column_stack([heights, np.full(count, np.nan)]).ravel()
    return scatter(
        x=compact(x), y=compact(y), mode="lines", line={"color": color, "width": 1.5},
        opacity=opacity, customdata=np.repeat(keys.to_numpy(), axes + 1).tolist(),
        showlegend=False, hovertemplate="click to open the seed in the middle<extra></extra>",
    )  # fmt: skip


def _heads(names: Sequence[str], spreads: Mapping[str, float], score: str) -> list[dict[str, Any]]:
    """The names above the axes, each with its spread."""
    loss = score.endswith("loss")
    texts = [
        f"{label_of(name)}<br>{f'× {10 ** spreads[name]:.3g}' if loss else f'{spreads[name]:.2f}'}"
        for name in names
    ]
    end = SCORES[score].replace(" ", "<br>", 1)
    return [
        note(text, "center bottom", x=k, y=1, yref="paper", yshift=4, font={"size": 13})
        for k, text in enumerate([*texts, end])
    ]


def _marks(
    names: Sequence[str], each: Mapping[str, _Places], scale: _Scale, theme: Theme
) -> list[dict[str, Any]]:
    """The values along the axes."""
    places = [(k, text, at) for k, n in enumerate(names) for text, at in each[n].ticks.items()]
    ends = (f"{10**v:.2g}" if scale.log else f"{v:.0%}" for v in (scale.low, scale.high))
    places += [(len(names), text, at) for text, at in zip(ends, (0.0, 1.0), strict=True)]
    style = {"font": {"size": 12, "color": theme.text}, "bgcolor": theme.background}
    return [note(text, "left middle", x=k, y=at, xshift=5, **style) for k, text, at in places]
