"""Curves of a run over its epochs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from rnnviz.charts.axes import (
    axis,
    change_labels,
    epoch_curve,
    epochs_picture,
    last_epoch,
    log_axis,
    thinned,
)
from rnnviz.charts.axis_limits import nice_limit
from rnnviz.charts.gradients import gauge_curves, gauge_span, log_norms
from rnnviz.charts.picture import Picture, Series, compact, heatmap, scatter
from rnnviz.charts.shapes import PAPER, colored, level, note
from rnnviz.charts.theme import LIGHT, Theme, picture, plain, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number
from rnnviz.probe.memory_gauge import GradientMap, MemoryGauge
from rnnviz.probe.results import Baseline
from rnnviz.probe.story import Chapter, Scores, chapters
from rnnviz.run.history import COLUMNS, History, RunCurves
from rnnviz.tasks.dataset import ACCURACY, Guess, Metric

#: The shares of the figure's height for the loss and, below it, for the gauge.
_ABOVE, _BELOW = (0.46, 1.0), (0.0, 0.33)
#: The height of a label of two lines, in pixels.
_LABEL = 34
#: Maximum number of changes of settings that are marked.
_MOST_CHANGES = 40
_COLORS = ("background", "text", "muted", "grid", "forward", "magnitude", "train", "test",
           "neutral")  # fmt: skip


def loss_curve(
    course: RunCurves, guess: Guess, gauge: MemoryGauge | None = None, theme: Theme = LIGHT,
    baselines: Sequence[Baseline] = (),
) -> Picture:  # fmt: skip
    """Mean loss over the epochs, train and test, with guessing, baselines and all changes.

    A gauge is drawn below, on the same epochs.
    """
    top, height = loss_limit(course, guess), 250 if gauge is None else 470
    labels = [_label(f"guessing:<br>{guess.text}", guess.loss, theme)]
    for line in baselines:
        text = f"{line.text}: {number(line.loss, 3)} {guess.unit}, {line.right:.0%} right"
        label = _label(f"{line.name}<br>{number(line.loss, 3)}", line.loss, theme)
        labels.append(label | {"hovertext": f"On the training sequences,<br>{text}"})
    curves = _curves(course, ("train_loss", "test_loss"), f"%{{y:.4g}} {guess.unit}", theme)
    yaxis = axis(f"loss ({guess.unit})", theme, range=[-0.02 * top, 1.02 * top])
    layout: dict[str, Any] = {"yaxis": yaxis, "showlegend": True}
    shapes, notes = [level(label["y"], theme) for label in labels], change_labels(course)
    if gauge is not None:
        curves = [*curves[:2], *gauge_curves(gauge, course.history.unit, theme, "y2"), *curves[2:]]
        below = log_axis(f"{gauge.weights} / tokens", theme, gauge_span(gauge), domain=_BELOW)
        yaxis["domain"] = _ABOVE
        layout |= {"xaxis": {"anchor": "y2"}, "yaxis2": below}
        shapes.insert(0, level(1, theme, width=1.5) | {"yref": "y2"})
        notes.append(_gauge_heading(theme))
    layout["annotations"] = [*_apart(labels, top, height, gauge is not None), *notes]
    legend = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.005, "yanchor": "bottom"}
    layout |= {"legend": legend, "shapes": shapes}
    return epochs_picture(curves, "Loss", height, course, theme, **layout)


def metric_curve(course: RunCurves, metric: Metric = ACCURACY, theme: Theme = LIGHT) -> Picture:
    """The metric of the task over the epochs, train and test: the share that is right."""
    curves = _curves(course, ("train_metric", "test_metric"), "%{y:.1%}", theme)
    share = axis("", theme, range=[-0.02, 1.04], tickformat=".0%")
    return epochs_picture(curves, metric.name.capitalize(), 250, course, theme, yaxis=share)


def _curves(course: RunCurves, columns: tuple[str, str], hover: str, theme: Theme) -> list[Series]:
    curves = _pair(course.history, thinned(len(course.history)), columns, hover, theme)
    if (ghost := course.ghost) is None:
        return curves
    # The abandoned run, from the epoch of the branch on.
    rows = np.unique(np.append(thinned(len(ghost.history)), ghost.position.epoch))
    rows = rows[rows >= ghost.position.epoch]
    old = _pair(ghost.history, rows, columns, hover, theme)
    for curve in old:
        line = {**curve["line"], "width": 1.2, "dash": "dot"}
        curve.update(name=f"old {curve['name']}", opacity=0.4, line=line, showlegend=False)
    return curves + old


def _pair(
    history: History, rows: Any, columns: tuple[str, str], hover: str, theme: Theme
) -> list[Series]:
    styles = ((theme.train, "solid"), (theme.test, "dash"))
    hover = f"{history.unit} %{{x}}: {hover}<extra>%{{fullData.name}}</extra>"
    return [
        epoch_curve(name, history.epochs[rows], values[rows], {"color": color, "dash": dash}, hover)
        for name, column, (color, dash) in zip(history.roles, columns, styles, strict=True)
        if not np.isnan(values := history.column(column)).all()
    ]


def loss_limit(course: RunCurves, guess: Guess) -> float:
    """The top of the axis of losses."""
    histories = [course.history, *([course.ghost.history] if course.ghost else ())]
    losses = [h.column(name) for h in histories for name in ("train_loss", "test_loss")]
    worst = max(1.2 * guess.loss, *(float(np.nanmax(v, initial=0.0)) for v in losses))
    return nice_limit(worst) if worst > 1 or guess.unit != "nats" else 1.0


def _gauge_heading(theme: Theme) -> dict[str, Any]:
    radius, norm = colored("━ radius", theme.text), colored("╌ singular value", theme.muted)
    legend = f"{radius}   {norm}   {colored('━ half-life', theme.magnitude)}"
    place = {**PAPER, "x": 0, "y": _BELOW[1] + 0.02}
    return note(f"<b>Memory gauge</b>   {legend}", "left bottom", **place, font={"size": 14})


def _label(text: str, loss: float, theme: Theme) -> dict[str, Any]:
    font = {"color": theme.muted, "size": 12}
    position = {"xref": "paper", "x": 1, "xshift": 2, "y": loss}
    return note(text, "left middle", **position, align="left", font=font)


def _apart(
    labels: Sequence[dict[str, Any]], top: float, height: int, gauged: bool
) -> list[dict[str, Any]]:
    """Labels from the highest to the lowest, shifted so that none covers another."""
    # Between the margins of every picture, and in the range of the axis.
    pixels = (height - 44 - 48) * (_ABOVE[1] - _ABOVE[0] if gauged else 1)
    exact = [pixels * (label["y"] / top + 0.02) / 1.04 for label in reversed(labels)]
    up = list(accumulate(exact, lambda below, y: max(y, below + _LABEL)))
    end = pixels + _LABEL
    down = accumulate(reversed(up), lambda above, y: min(y, above - _LABEL), initial=end)
    shifted = list(down)[:0:-1]
    shifts = [round(y - at) for y, at in zip(shifted, exact, strict=True)]
    return [label | {"yshift": s} for label, s in zip(labels, reversed(shifts), strict=True)]


def run_curves(
    course: RunCurves, *, guess: Guess, metric: Metric, gauge: MemoryGauge, gradients: GradientMap,
    words: Sequence[str], noun: str = "word", baselines: Sequence[Baseline] = (),
    chance: float = math.nan, theme: Theme = LIGHT,
) -> Picture:  # fmt: skip
    """Scores, gauge and ||dL/ds_t|| over the epochs so far.

    The ``gradients`` are those at the tokens ``words`` of one sequence; ``chance`` is the most of
    the test metric that is chance.
    """
    logs, span = log_norms(gradients.norms)
    words = [shown_token(word) for word in words]
    meta: dict[str, Any] = {
        "unit": course.history.unit,
        "roles": course.history.roles,
        "theme": theme.colors(*_COLORS),
        "last": last_epoch(course),
        "shown": course.shown,
        "pinned": course.pinned,
        "loss": {"unit": guess.unit, "top": loss_limit(course, guess), "guess": guess.loss},
        "baselines": [{"name": line.name, "loss": line.loss} for line in baselines],
        "metric": metric.name,
        "gauge": {"weights": gauge.weights, "span": gauge_span(gauge)},
        "map": {"noun": noun, "words": words, "span": span},
        "chapters": list(chapter_spans(course, guess.loss, chance, gauge)),
        "changes": sorted({c.position.epoch for c in course.changes})[-_MOST_CHANGES:],
    }
    curves = ("radius", gauge.radius), ("norm", gauge.norm), ("half-life", gauge.half_life)
    epochs = gradients.epochs.astype(np.int32)
    series = [
        *_scores(course.history, ""),
        *(_line(k, gauge.epochs, np.nan_to_num(v, nan=np.nan, posinf=1e9)) for k, v in curves),
        heatmap(name="log10 gradient", x=epochs, z=compact(logs.T), yaxis="y2"),
    ]
    if course.ghost:
        meta["changes"] = sorted({*meta["changes"], course.ghost.position.epoch})
        series += _scores(course.ghost.history, "old ", course.ghost.position.epoch)
    xaxis = {"title": {"text": course.history.unit}}
    # The rows of the map, for its table.
    rows = {"tickvals": list(range(len(words))), "ticktext": [plain(word) for word in words]}
    return picture(series, "The run", 600, theme, meta=meta, xaxis=xaxis, yaxis2=rows)


def _scores(history: History, prefix: str, first: int = 0) -> Iterator[Series]:
    rows = thinned(len(history))
    rows = rows[history.epochs[rows] >= first]
    for name in COLUMNS:
        yield _line(prefix + name, history.epochs[rows], history.column(name)[rows])


def _line(name: str, epochs: Array, values: Array) -> Series:
    return scatter(name=name, x=epochs.astype(np.int32), y=compact(values))


def chapter_spans(
    course: RunCurves, guess: float, chance: float, gauge: MemoryGauge
) -> Iterator[tuple[str, int, int]]:
    """The chapters of a run, each with its first and its last epoch."""
    history = course.history
    rows, epochs = thinned(len(history)), history.epochs
    scores = Scores.of(history, guess, chance, course.changes)
    told = chapters(scores, gauge.radii(epochs), rows)
    starts = [0, *(np.flatnonzero(np.diff(told)) + 1).tolist(), len(told) - 1]
    for start, end in pairwise(starts):
        yield Chapter(told[start]).label, int(epochs[rows[start]]), int(epochs[rows[end]])
