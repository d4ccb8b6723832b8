"""Pictures of many runs: their curves, when they learned, and scores over one setting or two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rnnviz.charts.axes import axis, log_axis, rows_axis, thinned
from rnnviz.charts.axis_limits import decades
from rnnviz.charts.picture import Picture, Series, compact, heatmap, scatter
from rnnviz.charts.shapes import color_bar, faint, ink, mixed, note, sentence
from rnnviz.charts.theme import LIGHT, Theme, picture, plain
from rnnviz.engine.layer_buffers import Array
from rnnviz.questions.runs.measure import Group, label_of, value_text
from rnnviz.sweeps.members import Ending
from rnnviz.sweeps.spread import middle

#: What a curve of ``COLUMNS`` is called.
CURVES = {
    "train_loss": "training loss", "test_loss": "test loss",
    "train_metric": "training score", "test_metric": "test score",
}  # fmt: skip
HEIGHT = 460
#: The height of a name above the plot, in pixels.
_LINE = 18
#: The most settings with a plot of their own, and the most values of a map's side.
_MOST_PLOTS, MOST_VALUES = 6, 24
#: More letters of the values of a setting don't fit side by side.
_MOST_LETTERS = 12


def colors(theme: Theme) -> list[str]:
    """The colours of groups; none has another meaning beside them."""
    return [
        theme.negative, theme.positive, theme.forward, theme.magnitude, theme.test, theme.muted,
    ]  # fmt: skip


def run_curves(
    groups: Sequence[Group], curves: Sequence[Array], column: str, shared: str,
    theme: Theme = LIGHT,
) -> Picture:  # fmt: skip
    """Each run of the groups over its epochs, pale, and the median of each group.

    ``curves`` (N, E + 1) are of ``column`` and end in NaN where a run ended. A loss is on a log
    axis. ``shared`` is what the groups have in common.
    """
    loss, series = column.endswith("loss"), list[Series]()
    for group, rows, color in zip(groups, curves, colors(theme), strict=False):
        drawn = np.where(rows > 0, rows, np.nan) if loss else rows
        picked = thinned(rows.shape[1])
        name = plain(group.name, 60)
        for row, key, seed in zip(drawn, group.runs["key"], group.runs["seed"], strict=True):
            series.append(
                scatter(
                    x=picked,
                    y=compact(row[picked]),
                    mode="lines",
                    opacity=0.35,
                    line={"color": color, "width": 1},
                    customdata=[key] * len(picked),
                    hovertemplate=f"{name}<br>seed {seed}, epoch %{{x}}: %{{y}}<extra></extra>",
                )
            )
        line = {"color": color, "width": 2.5}
        center = compact(middle(drawn, column)[picked])
        series.append(scatter(x=picked, y=center, mode="lines", hoverinfo="skip", line=line))
    longest = max(rows.shape[1] for rows in curves)
    every = np.concatenate([rows.ravel() for rows in curves])
    up = log_axis("", theme, decades(every)) if loss else axis("", theme, range=[0, 1.02])
    return picture(
        series, _titled(CURVES[column].capitalize(), shared), HEIGHT, theme,
        {"t": 48 + _LINE * len(groups)}, yaxis=up, annotations=_names(groups, theme),
        xaxis=axis("epoch", theme, range=[0, max(1, longest - 1)]),
    )  # fmt: skip


def _titled(title: str, shared: str) -> str:
    return f"{title}; {plain(shared, 60)}" if shared else title


def _names(groups: Sequence[Group], theme: Theme) -> list[dict[str, Any]]:
    """The names of the groups above the plot, each in its colour."""
    place = {"x": 0, "xref": "paper", "y": 1, "yref": "paper"}
    return [
        note(
            f"{plain(group.name, 60)} (n = {len(group.runs)})", "left bottom", **place,
            yshift=_LINE * (len(groups) - 1 - k) + 4, font={"color": color, "weight": 600},
        )
        for k, (group, color) in enumerate(zip(groups, colors(theme), strict=False))
    ]  # fmt: skip


def _values(table: pd.DataFrame, name: str) -> list[Any]:
    return sorted(table[name].unique().tolist())


def learned_map(table: pd.DataFrame, across: str, down: str, theme: Theme = LIGHT) -> Picture:
    """The share of runs that learned all of training, for each pair of values of two settings.

    Runs of every other setting count together; a cell says of how many.
    """
    title = "Share of runs that learned all of training"
    xs, ys = _values(table, across), _values(table, down)
    if max(len(xs), len(ys)) > MOST_VALUES:
        return sentence(title, f"There is room for {MOST_VALUES} values of a setting.", theme)
    pairs = table.groupby([down, across])["learned_epoch"].agg(["count", "size"])
    size = pairs["size"].unstack().reindex(index=ys, columns=xs).to_numpy(float)
    learned = pairs["count"].unstack().reindex(index=ys, columns=xs).to_numpy(float)
    with np.errstate(invalid="ignore"):
        shares = learned / size
    names, rows = [_text(x) for x in xs], [_text(y) for y in ys]
    cells = heatmap(
        x=names, y=rows, z=compact(shares), zmin=0, zmax=1,
        colorscale=[[0, theme.neutral], [1, theme.forward]], colorbar=color_bar(""), xgap=2, ygap=2,
        customdata=[[[xs[j], ys[i]] for j in range(len(xs))] for i in range(len(ys))],
        hovertemplate=f"{across} %{{x}}, {down} %{{y}}: %{{z:.0%}}<extra></extra>",
    )  # fmt: skip
    shown = [(i, j) for i in range(len(ys)) for j in range(len(xs)) if size[i, j] > 0]
    counts = scatter(
        x=[names[j] for _, j in shown], y=[rows[i] for i, _ in shown], mode="text",
        hoverinfo="skip", text=[f"{learned[p]:.0f} of {size[p]:.0f}" for p in shown],
        textfont={"color": [ink(mixed(theme.neutral, theme.forward, shares[p])) for p in shown]},
    )  # fmt: skip
    long = max(map(len, rows), default=1)
    return picture(
        [cells, counts], title, HEIGHT, theme, {"l": 40 + 8 * min(24, long), "r": 76},
        xaxis=_named_axis(across, names, theme), yaxis=_named_axis(down, rows, theme),
    )  # fmt: skip


def _named_axis(setting: str, names: Sequence[str], theme: Theme) -> dict[str, Any]:
    span = {"type": "category", "range": [-0.5, len(names) - 0.5], "nticks": 0, "dtick": 1}
    return axis(label_of(setting), theme, showgrid=False, **span)


def _text(value: object) -> str:
    return plain(value_text(value))


def learned_when(groups: Sequence[Group], shared: str, theme: Theme = LIGHT) -> Picture:
    """The epoch at which each run had learned all of training: a row a group, a dot a seed.

    Runs that never did are hollow, at the right.
    """
    longest = max(float(group.runs["reached"].max()) for group in groups)
    series, notes = list[Series](), []
    for k, (group, color) in enumerate(zip(groups, colors(theme), strict=False)):
        epochs = group.runs["learned_epoch"].to_numpy(float)
        never = np.isnan(epochs)
        # Seeds of one epoch lie beside each other.
        height = k + 0.28 * np.cos(np.pi * np.arange(len(epochs)))
        for some, symbol in ((~never, "circle"), (never, "circle-open")):
            series.append(
                scatter(
                    x=compact(np.where(never, longest * 1.06, epochs)[some]),
                    y=compact(height[some]),
                    mode="markers",
                    marker={"size": 9, "color": color, "symbol": symbol},
                    customdata=group.runs["key"][some].tolist(),
                    text=[f"seed {s}" for s in group.runs["seed"][some]],
                    hovertemplate="%{text}: "
                    + ("never" if symbol != "circle" else "epoch %{x}")
                    + "<extra></extra>",
                )
            )
        count = f"{(~never).sum()} of {len(epochs)}"
        notes.append(
            note(f"{plain(group.name, 60)}: {count}", "left bottom", x=0, xref="paper", y=k - 0.34,
                 font={"color": color, "weight": 600})
        )  # fmt: skip
    return picture(
        series, _titled("First epoch with all of training right", shared), HEIGHT, theme, {"l": 24},
        xaxis=axis("epoch", theme, range=[-0.02 * longest, 1.12 * longest]),
        yaxis=rows_axis(len(groups), theme, visible=False), annotations=notes,
    )  # fmt: skip


def scores_over(
    table: pd.DataFrame, names: Sequence[str], column: str, theme: Theme = LIGHT
) -> Picture:
    """The last score of each run over each setting, a small plot a setting, and the median.

    The values are at equal distances, in their order. Runs that diverged have no score.
    """
    title = f"Last {CURVES[column]} over each setting"
    if not names:
        return sentence(title, "All runs have the same settings.", theme)
    names, series, axes = names[:_MOST_PLOTS], list[Series](), dict[str, Any]()
    score = table[column].where(table["state"] != Ending.DIVERGED)
    loss = column.endswith("loss")
    for k, name in enumerate(names):
        number = "" if k == 0 else str(k + 1)
        places = {value: at for at, value in enumerate(_values(table, name))}
        series += _scores_of(table, name, score, places, xaxis=f"x{number}", theme=theme)
        axes[f"xaxis{number}"] = axis(
            label_of(name), theme, range=[-0.6, len(places) - 0.4], showgrid=False,
            domain=[k / len(names) + 0.02, (k + 1) / len(names) - 0.02],
            tickvals=[*places.values()], ticktext=[_text(value) for value in places],
            tickangle=-90 if sum(len(_text(value)) for value in places) > _MOST_LETTERS else 0,
        )  # fmt: skip
    up = axis("", theme, range=[-0.1, 1.05])
    if loss:
        up = log_axis("", theme, decades(score.to_numpy(float)))
    return picture(series, title, HEIGHT, theme, {"b": 84}, **axes, yaxis=up)


def _scores_of(
    table: pd.DataFrame, name: str, score: pd.Series, places: Mapping[Any, int], *,
    xaxis: str, theme: Theme,
) -> Iterator[Series]:  # fmt: skip
    """The scores over the values of one setting: the runs, and the medians."""
    at = table[name].map(places).to_numpy(float)
    # Equal scores lie beside each other.
    aside = 0.22 * np.sin(2.4 * np.arange(len(at)))
    yield scatter(
        x=compact(at + aside), y=compact(score.to_numpy(float)), xaxis=xaxis, mode="markers",
        marker={"size": 5, "color": faint(theme.forward, 0.55)}, customdata=[*table["key"]],
        text=[f"{label_of(name)} {_text(value)}" for value in table[name]],
        hovertemplate="%{text}: %{y}<extra></extra>",
    )  # fmt: skip
    medians = score.groupby(table[name]).median().reindex(list(places))
    yield scatter(
        x=[*places.values()], y=compact(medians.to_numpy(float)), xaxis=xaxis,
        mode="lines+markers", line={"color": theme.text, "width": 1.5},
        marker={"size": 7, "color": theme.text}, hoverinfo="skip",
    )  # fmt: skip
