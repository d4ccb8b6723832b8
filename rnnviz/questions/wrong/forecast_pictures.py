"""Pictures of next values: beside simple models, along the time, and of one window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import axis, rows_axis
from rnnviz.charts.picture import SILENT, Picture, Series, bar, compact, scatter
from rnnviz.charts.shapes import level, note, upright
from rnnviz.charts.theme import LIGHT, Theme, picture, plain
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.continuation import mean_known
from rnnviz.probe.formatting import number, own_number
from rnnviz.questions.wrong.window_answers import StepAnswers
from rnnviz.tasks.data.number_cells import written
from rnnviz.tasks.forecasts import ForecastErrors

#: The dashes of the simple models.
_DASHES = ("dot", "dash", "dashdot", "longdash")
#: The width of the names as a share of the lines', and the text height as a share of the axis.
_NAMES, _LINE = 1.15, 0.1
#: An error this many times the largest of the best simple model is beyond the axis.
_BEYOND = 3.0


def better_than_what(
    models: Sequence[ForecastErrors], column: int, theme: Theme = LIGHT, *, networks: int = 1
) -> Picture:
    """The mean absolute scaled errors of the ``networks``, which come first, and of simple models.

    They are lines over the steps ahead, or bars if there is one step. Beside the names are the mean
    errors of the ``column`` in its own units.
    """
    scaled = np.array([model.mase[:, column] for model in models])
    own = np.array([model.mae[:, column] for model in models])
    if len(scaled[0]) == 1:
        return _bars(_Errors(models, networks, scaled[:, 0], own[:, 0]), theme)
    return _lines(_Errors(models, networks, scaled, own), theme)


class _Errors(NamedTuple):
    """The errors of models, the first of which are ``networks``: scaled, and in own units."""

    models: Sequence[ForecastErrors]
    networks: int
    scaled: Array
    own: Array

    def colors(self, network: str, simple: str) -> list[str]:
        """A colour of each model."""
        return [network if k < self.networks else simple for k in range(len(self.models))]

    @property
    def top(self) -> float:
        """The end of the axis, by the simple models alone.

        These stay as they are while the network learns, and so does the axis.
        """
        simple = self.scaled[self.networks :]
        known = np.nan_to_num(simple.reshape(len(simple), -1))
        usual, best = np.median(known, axis=1).max(), known.max(axis=1).min()
        return 1.15 * max(1.0, float(min(usual, _BEYOND * best)))


def _bars(of: _Errors, theme: Theme) -> Picture:
    count, top = len(of.models), of.top
    colors = of.colors(theme.forward, theme.muted)
    beyond = " ▸"  # A bar that ends at the axis is longer.
    names = [plain(model.name) for model in of.models]
    bars = bar(
        x=compact(np.minimum(of.scaled, top)), y=names, orientation="h", width=0.7,
        marker={"color": colors}, textfont={"color": colors},
        text=[own_number(error) + beyond * (size > top)
              for error, size in zip(of.own.tolist(), of.scaled.tolist(), strict=True)],
        customdata=[f"{model.text}: scaled {number(size, 3)}"
                    for model, size in zip(of.models, of.scaled.tolist(), strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    return picture(
        [bars], "Better than what?", 300, theme,
        yaxis=rows_axis(count, theme, showgrid=False, ticks=""),
        xaxis=axis("error, 1 = last value in training", theme, range=[0, 1.25 * top]),
        # Numbers of short bars stand on the line.
        shapes=[upright(1, theme) | {"layer": "below"}],
        meta={"left": 16 + 7 * max(map(len, names))},
    )  # fmt: skip


def _lines(of: _Errors, theme: Theme) -> Picture:
    top, last = of.top, of.scaled.shape[1]
    dashes = ["solid", "dash"][: of.networks]
    dashes += [_DASHES[k % len(_DASHES)] for k in range(len(of.models) - of.networks)]
    colors = of.colors(theme.forward, theme.muted)
    curves = [
        scatter(
            x=np.arange(1, last + 1, dtype=np.int32), y=compact(errors), mode="lines",
            name=plain(model.name), line={"color": color, "dash": dash,
                  "width": 4 if color == theme.forward else 2},
            customdata=[own_number(error) for error in own.tolist()],
            hovertemplate="%{x} ahead: %{customdata}, scaled %{y:.3g}"
            "<extra>%{fullData.name}</extra>",
        )
        for model, errors, own, color, dash in zip(
            of.models, of.scaled, of.own, colors, dashes, strict=True
        )
    ]  # fmt: skip
    ticks = np.unique(np.linspace(1, last, 4).round().astype(int)).tolist()
    across = axis("steps ahead", theme, range=[1, last + _NAMES * (last - 1)], tickvals=ticks)
    return picture(
        curves, "Better than what?", 300, theme, xaxis=across,
        yaxis=axis("error, 1 = last value", theme, range=[0, top]),
        shapes=[level(1, theme, dash="solid") | {"xref": "x", "x0": 1, "x1": last}],
        annotations=_names(of, theme),
    )  # fmt: skip


def _names(of: _Errors, theme: Theme) -> list[dict[str, Any]]:
    """The mean errors and the names beside the ends of the lines, in the same order, apart."""
    ends, top, gap = of.scaled[:, -1], of.top, _LINE * of.top
    order = np.argsort(ends, kind="stable")
    heights, highest = list[float](), top - gap * len(of.models)
    for k, end in enumerate(ends[order].tolist()):
        below = heights[-1] if heights else -gap
        heights.append(max(below + gap, min(end, highest + gap * (k + 1), top)))
    colors = of.colors(theme.forward, theme.text)
    return [
        note(f"<b>{own_number(mean_known(of.own[k]))}</b> {plain(of.models[k].name)}",
             "left middle", x=of.scaled.shape[1], y=height, xshift=6,
             font={"size": 12, "color": colors[k]})
        for k, height in zip(order.tolist(), heights, strict=True)
    ]  # fmt: skip


#: Maximum number of points along the time: a screen has no more columns; and of labels,
#: and how far they are from the ends.
_MOST_POINTS, _LABELS, _INSET = 1000, 5, 0.06


def error_over_time(
    of: StepAnswers, name: str, opened: int | None = None, theme: Theme = LIGHT
) -> Picture:
    """The errors of the network, of the training before those of the test, in the order of time.

    Of very many windows the largest error of each group is drawn. A ring on the axis marks an
    unknown true value.
    """
    order, count = np.argsort(of.test, kind="stable"), len(of.test)
    groups = np.array_split(order, min(count, _MOST_POINTS))
    errors = np.nan_to_num(of.errors, nan=-1.0)
    some = np.array([group[errors[group].argmax()] for group in groups])
    x = np.cumsum([0, *map(len, groups[:-1])])
    lines = [_error_line(of, some, x, part, theme) for part in np.unique(of.test).tolist()]
    unknown = x[np.isnan(of.came[some])]
    ring = {"symbol": "circle-open", "size": 7, "color": theme.muted, "line": {"width": 1.5}}
    rings = scatter(
        x=compact(unknown), y=compact(0 * unknown), mode="markers", marker=ring, **SILENT
    )
    borders = np.flatnonzero(np.diff(of.test[order])) + 0.5
    top = theme.scale.tenths(0, float(errors[np.isfinite(errors)].max(initial=0)))[1]
    return picture(
        [*lines, rings], f"Error over time, {plain(name, 20)}", 230, theme,
        xaxis=axis("", theme, range=[-0.5, count - 0.5], showgrid=False, **_times(of, order)),
        yaxis=axis("", theme, range=[0, top], nticks=3), meta={"opened": opened},
        shapes=[upright(at, theme) for at in borders.tolist()],
    )  # fmt: skip


def _error_line(of: StepAnswers, some: Array, x: Array, test: bool, theme: Theme) -> Series:
    """The errors of a part, with a gap before each series."""
    here = of.test[some] == test
    some, x = some[here], x[here].astype(float)
    gaps = np.flatnonzero(of.series[some][1:] != of.series[some][:-1]) + 1
    several, role = len({*of.series}) > 1, "test" if test else "training"
    named = zip(of.series[some].tolist(), written(of.times[some]), strict=True)
    texts = [f"{plain(name)} {time}" if several else time for name, time in named]
    return scatter(
        x=compact(np.insert(x, gaps, np.nan)), y=compact(np.insert(of.errors[some], gaps, np.nan)),
        mode="lines", name=role, line={"color": theme.test if test else theme.text, "width": 1.8},
        customdata=np.insert(of.owners[some], gaps, -1).tolist(), meta={"phrases": True},
        text=np.insert(np.array(texts, object), gaps, "").tolist(),
        hovertemplate="%{text}: error %{y:.4g}<extra>%{fullData.name}</extra>",
    )  # fmt: skip


def _times(of: StepAnswers, order: Array) -> dict[str, Any]:
    """Ticks with some times; of several series with some of their names."""
    series = of.series[order]
    starts = np.flatnonzero(np.append(True, series[1:] != series[:-1]))
    if len(starts) == 1 or len({*series}) == 1:
        places = _ticks(len(order))
        return {"tickvals": places.tolist(), "ticktext": written(of.times[order[places]])}
    middles = (starts + np.append(starts[1:], len(series))) / 2 - 0.5
    named = range(0, len(starts), -(-len(starts) // (2 * _LABELS)))
    return {
        "tickvals": [float(middles[k]) for k in named],
        "ticktext": [plain(series[starts[k]], 10) for k in named],
    }


def _ticks(count: int) -> Array:
    """Some places of ``count``, away from the ends, where other labels are."""
    ends = (count - 1) * _INSET, (count - 1) * (1 - _INSET)
    return np.unique(np.linspace(*ends, _LABELS).round().astype(int))


class WindowView(NamedTuple):
    """One window of T steps, and H steps after it, of one column in its own units.

    ``read`` (T,) is what is read, ``expected`` (T + H - 1,) the answer for each step but the first:
    one step ahead in the window, then from its end. ``came`` (H,) is NaN where it is unknown.
    ``labels`` are the times of all T + H steps.
    """

    read: Array
    expected: Array
    came: Array
    labels: Sequence[str]


def window_picture(of: WindowView, name: str, theme: Theme = LIGHT) -> Picture:
    """What the network reads, what it expects at each step, and what came, dotted."""
    count, steps = len(of.read), len(of.labels)
    labels, hover = (
        [plain(label) for label in of.labels],
        "%{text}: %{y:.5g}<extra>%{fullData.name}</extra>",
    )
    after = np.arange(count - 1, steps)
    lines = [
        _stroke("read", np.arange(count), of.read, theme.text, {"width": 2}),
        _stroke("came", after, np.append(of.read[-1:], of.came), theme.text,
                {"width": 2, "dash": "dot"}),
        _stroke("expected", np.arange(1, steps), of.expected, theme.forward, {"width": 4}),
    ]  # fmt: skip
    for line in lines:
        line |= {"text": [labels[int(k)] for k in line["x"]], "hovertemplate": hover}
    known = np.concatenate([of.read, of.expected, of.came])
    known = known[np.isfinite(known)]
    span = theme.scale.tenths(float(known.min()), float(known.max()))
    places = _ticks(steps).tolist()
    return picture(
        lines, f"This window and what came (dotted), {plain(name, 20)}", 230, theme,
        xaxis=axis("", theme, range=[-0.5, steps - 0.5], tickvals=places, showgrid=False,
                   ticktext=[labels[k] for k in places]),
        yaxis=axis("", theme, range=span, nticks=4),
        shapes=[upright(count - 0.5, theme)],
    )  # fmt: skip


def _stroke(name: str, x: Array, y: Array, color: str, line: dict[str, Any]) -> Series:
    return scatter(
        x=x.astype(np.int32), y=compact(y), name=name, mode="lines+markers",
        line={"color": color, **line}, marker={"size": 5, "color": color},
    )  # fmt: skip
