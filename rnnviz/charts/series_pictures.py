"""Series: a window of numbers over time as a curve, and the whole series that it is cut from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import axis, words_axis, words_margin
from rnnviz.charts.picture import SILENT, Picture, Series, compact, heatmap, scatter
from rnnviz.charts.shapes import faint, sentence, upright
from rnnviz.charts.theme import Theme, picture, plain, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.continuation import Continuation
from rnnviz.probe.formatting import own_number
from rnnviz.probe.probe import Probe
from rnnviz.tasks.data.number_cells import short_times, written
from rnnviz.tasks.data.rows import Form
from rnnviz.tasks.data.series import Series as Steps
from rnnviz.tasks.data.series import WindowedSeries
from rnnviz.tasks.dataset import Dataset, Window

#: The most columns of numbers that are drawn, one above the other, and those of the whole series.
MOST_ROWS, _WHOLE_ROWS = 4, 2
#: The number of buckets that a series is downsampled to, each to its minimum and maximum.
_BUCKETS = 600
#: How much more than what is known the scale of a continuation has at each end.
_MORE = 0.25
#: If windows span at least this share of the range of the series, they use its scale.
_NEARLY = 0.5


def continued(
    found: Continuation, past: Steps, names: Sequence[str], theme: Theme, *, named: bool = False
) -> Picture:
    """A series that the network continues by itself, with the spread of its errors, and what came.

    ``past`` are the steps of the training before it. One of several series is ``named`` in the
    title. Columns stand one above the other, each on its own scale, which covers what is known of
    it and a quarter more.
    """
    which = f", {shown_token(past.name)[:24]}" if named else ""
    title = f"On its own{plain(which)}: what the network expects after the training"
    if not np.isfinite(found.values).all():
        return sentence(title, "The answers of the network are not finite numbers.", theme)
    begin, count = len(past), min(len(names), MOST_ROWS)
    x, height = np.arange(begin, begin + len(found.values)), 1 / (1.1 * count - 0.1)
    series, layout, spreads = list[Series](), dict[str, Any](), list[Any]()
    for k, name in enumerate(names[:MOST_ROWS]):
        known = np.concatenate([past.values[:, k], found.real[:, k]])
        low, high = float(np.nanmin(known)), float(np.nanmax(known))
        more, y = _MORE * (high - low) or 1, f"y{k + 1 if k else ''}"
        top = 1 - 1.1 * height * k
        layout[f"yaxis{y[1:]}"] = axis(
            "", theme, range=[low - more, high + more], domain=[top - height, top],
            tickvals=[low, high], ticktext=[own_number(low), own_number(high)], ticks="",
        )  # fmt: skip
        of = f"{plain(name)} " * (count > 1)
        series += [
            _band(x, found.values[:, k], found.spread[:, k], y, theme),
            _stroke(np.arange(begin), past.values[:, k], f"{of}read", y, color=theme.text),
            _stroke(x, found.real[:, k], f"{of}came", y, color=theme.test, dash="dot"),
            _stroke(x, found.values[:, k], f"{of}expected", y, color=theme.forward),
        ]
        spreads.append([f"{of}usual error", compact(found.spread[:, k])])
        if count > 1:
            series.append(scatter(
                x=[0], y=[high + 0.8 * more], yaxis=y, text=[plain(name)], mode="text",
                textposition="middle right", textfont={"color": theme.text}, **SILENT,
            ))  # fmt: skip
    times = short_times(np.append(past.times, found.times))
    ends = [upright(begin - 0.5, theme, dash="solid")]
    return picture(
        series, title, 260, theme, words_margin(times), shapes=ends, meta={"columns": spreads},
        xaxis={**words_axis(times, theme), "anchor": y}, **layout,
    )  # fmt: skip


def _stroke(x: Array, values: Array, name: str, y: str, **line: str) -> Series:
    told = [f"{name} {own_number(value)}" for value in values.tolist()]
    return scatter(
        x=x, y=compact(values), yaxis=y, mode="lines", name=name, line={**line, "width": 2.5},
        customdata=told, hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip


def _band(x: Array, values: Array, spread: Array, y: str, theme: Theme) -> Series:
    known = ~np.isnan(spread)
    around = np.concatenate([(values + spread)[known], (values - spread)[known][::-1]])
    fill = {"fill": "toself", "fillcolor": faint(theme.forward, 0.16), "line": {"width": 0}}
    places = np.concatenate([x[known], x[known][::-1]])
    return scatter(x=places, y=compact(around), yaxis=y, mode="lines", **fill, **SILENT)


class _Piece(NamedTuple):
    """A piece of a series, and where it begins among all steps that are drawn."""

    series: Steps
    test: bool
    first: int


def series_arrays(probe: Probe) -> tuple[list[Series], dict[str, Any]]:
    """The curve of the window that is read, and the whole series; nothing for other data.

    Numbers are in the units of the table. At step t of the ``curve`` are what ``came`` (R, T + H)
    and what was ``expected`` (R, T + H) for it: a step ahead up to the end of the window, then up
    to the horizon of H steps.
    """
    of, window = probe.dataset.series, probe.dataset.window_at(probe.reading.text)
    if of is None:
        return [], {}
    came, expected = _came(probe, of, window), _expected(probe, of)
    arrays = {"came": came, "expected": expected}
    whole, whole_meta = _whole(probe.dataset, of)
    names = [shown_token(name) for name in (*of.columns.expected, *of.columns.inputs)]
    meta = {
        "names": names[:MOST_ROWS],
        "more": max(0, len(names) - MOST_ROWS),
        "joined": of.columns.form is Form.VALUES,
        "ahead": of.lead,
        "times": [*probe.step_names, *probe.names_ahead],
        "limits": _limits(of, came),
        "filled": _filled(window, came.shape) if window else [[] for _ in came],
        "number": window and window.number,
        **whole_meta,
    }
    rows = [heatmap(name=name, z=compact(row), visible=False) for name, row in arrays.items()]
    return [*rows, *whole], {"curve": meta}


def _came(probe: Probe, of: WindowedSeries, window: Window | None) -> Array:
    """The numbers of the window and of the steps after it, (R, T + H); those typed have none."""
    if window:
        return window.piece.values[window.start : window.end + of.lead, :MOST_ROWS].T
    assert probe.dataset.units, "windows are standardised"
    read = probe.dataset.units.own(probe.example.inputs)[:, :MOST_ROWS].T
    return np.pad(read, ((0, 0), (0, of.lead)), constant_values=np.nan)


def _expected(probe: Probe, of: WindowedSeries) -> Array:
    """What was expected at every step, (R, T + H), NaN where there is nothing."""
    count, steps = len(of.columns.expected), len(probe.example.inputs)
    rows = min(count + len(of.columns.inputs), MOST_ROWS)
    expected = np.full((rows, steps + of.lead), np.nan)
    if of.columns.form is Form.VALUES and probe.finite:
        answers = probe.dataset.own_answers(probe.answers).reshape(steps, of.horizon, count)
        shown = min(count, MOST_ROWS)
        expected[:shown, 1 : steps + 1] = answers[:, 0, :shown].T
        expected[:shown, steps:] = answers[-1, :, :shown].T
    return expected


def _filled(window: Window, shape: tuple[int, ...]) -> list[list[int]]:
    """The steps of every row whose number was filled in."""
    flags = window.piece.filled[window.start : window.start + shape[1], : shape[0]].T
    return [np.flatnonzero(row).tolist() for row in flags]


def _limits(of: WindowedSeries, came: Array) -> list[list[float]]:
    """The lowest and the highest number of each row.

    All windows have the same span, so that curves can be compared. If the series spans much more
    than any window, the limits are centred on the window. Values beyond are drawn at the edge.
    """
    limits = np.array(_spans(of))
    low, high, span = limits.T
    middle = (np.nanmin(came, axis=1) + np.nanmax(came, axis=1)) / 2
    moved = np.column_stack([middle - span / 2, middle + span / 2])
    flat = span < _NEARLY * (high - low)
    chosen: list[list[float]] = np.where(flat[:, None], moved, limits[:, :2]).tolist()
    return chosen


@lru_cache(maxsize=4)
def _spans(of: WindowedSeries) -> list[tuple[float, float, float]]:
    """Of every row the lowest and the highest number, and the largest range within a window."""
    every = [piece.values[:, :MOST_ROWS] for piece in (*of.train, *of.test)]
    values = np.concatenate(every)
    length = of.window + of.lead
    ranges = [
        np.ptp(np.lib.stride_tricks.sliding_window_view(one, min(length, len(one)), 0), axis=2)
        for one in every
    ]
    spans = np.concatenate(ranges).max(axis=0)
    return [*zip(values.min(axis=0), values.max(axis=0), spans, strict=True)]


@lru_cache(maxsize=4)
def _whole(dataset: Dataset, of: WindowedSeries) -> tuple[list[Series], dict[str, Any]]:
    """All steps of all series, thinned, and where the windows begin."""
    pieces, lines = [*_pieces(of)], list[Series]()
    rows = min(len(of.columns.expected) or 1, _WHOLE_ROWS)
    bucket = max(1, sum(len(piece.series) for piece in pieces) // _BUCKETS)
    for k in range(rows):
        places = [_thinned(piece.series.values[:, k], piece.first, bucket) for piece in pieces]
        x, y = (np.concatenate(arrays) for arrays in zip(*places, strict=True))
        lines.append(heatmap(name=f"whole {k}", z=compact(np.array([x, y])), visible=False))
    first = {id(piece.series): piece.first for piece in pieces}
    starts = [first[id(one.piece)] + one.start for one in dataset.windows.values()]
    lines.append(scatter(name="starts", y=np.array(starts, np.float32), visible=False))
    ends = [[piece.first, len(piece.series), int(piece.test)] for piece in pieces]
    low, high = [np.array(_spans(of))[:rows, k].tolist() for k in (0, 1)]
    first_time, last_time = written(pieces[0].series.times)[0], written(pieces[-1].series.times)[-1]
    return lines, {
        "pieces": ends, "window": of.window, "low": low, "high": high,
        "between": [first_time, last_time], "series": len({one.series.name for one in pieces}),
    }  # fmt: skip


def _pieces(of: WindowedSeries) -> Iterator[_Piece]:
    """The pieces of all series one after the other, each series in the order of time."""
    first = 0
    every = [(one, False) for one in of.train] + [(one, True) for one in of.test]
    order = {name: k for k, name in enumerate(dict.fromkeys(one.name for one, _ in every))}
    for one, test in sorted(every, key=lambda piece: (order[piece[0].name], piece[0].times[0])):
        yield _Piece(one, test, first)
        first += len(one)


def _thinned(values: Array, first: int, bucket: int) -> tuple[Array, Array]:
    """The places and the values of a thinned line; a NaN separates it from the next one."""
    steps = extreme_steps(values, -(-len(values) // bucket))
    return np.append(first + steps, np.nan), np.append(values[steps], np.nan)


def extreme_steps(values: Array, count: int) -> Array:
    """The steps of the smallest and largest of values (N,) in ``count`` equal parts, in order.

    All steps if these would not be fewer.
    """
    if len(values) <= 2 * count:
        return np.arange(len(values))
    parts = np.array_split(np.arange(len(values)), count)
    ends = ({int(part[values[part].argmin()]), int(part[values[part].argmax()])} for part in parts)
    return np.array([step for pair in ends for step in sorted(pair)])
