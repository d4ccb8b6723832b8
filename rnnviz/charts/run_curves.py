"""The curves of a run on one axis of epochs: loss, metric, memory gauge and gradient map.

The page draws this picture itself, in static/curves.js, from the series by name and ``meta``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.epoch_axis import last_epoch, thinned
from rnnviz.charts.gradients import color_span, gauge_span
from rnnviz.charts.picture import Picture, Series, compact, heatmap, scatter
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture, plain, shown_token
from rnnviz.charts.training_curves import loss_limit
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.baselines import Baseline
from rnnviz.probe.chapters import Chapter, Scores, chapters
from rnnviz.probe.memory_gauge import GradientMap, MemoryGauge
from rnnviz.run.history import COLUMNS, Course, History
from rnnviz.tasks.metrics import Guess, Metric

_COLORS = ("background", "text", "muted", "grid", "forward", "magnitude", "train", "test",
           "neutral")  # fmt: skip
#: Changes of settings that are marked.
_MOST_CHANGES = 40


class Scored(NamedTuple):
    """What the loss and the metric are called, and what they are compared with.

    ``chance`` is the most of the test metric that is chance.
    """

    guess: Guess
    metric: Metric
    baselines: Sequence[Baseline] = ()
    chance: float = math.nan


class Reach(NamedTuple):
    """The memory gauge, and the gradients at the tokens ``words`` of one sequence."""

    gauge: MemoryGauge
    map: GradientMap
    words: Sequence[str]
    noun: str = "word"


def run_curves(course: Course, scored: Scored, reach: Reach, theme: Theme = LIGHT) -> Picture:
    """Scores, gauge and ||dL/dh_t|| over the epochs so far."""
    guess, gauge, norms = scored.guess, reach.gauge, reach.map.norms
    low, high = color_span(norms)
    meta: dict[str, Any] = {
        "unit": course.history.unit,
        "roles": course.history.roles,
        "theme": {name: getattr(theme, name) for name in _COLORS},
        "last": last_epoch(course),
        "shown": course.shown,
        "pinned": course.pinned,
        "loss": {"unit": guess.unit, "top": loss_limit(course, guess), "guess": guess.loss},
        "baselines": [{"name": line.name, "loss": line.loss} for line in scored.baselines],
        "metric": scored.metric.name,
        "gauge": {"weights": gauge.weights, "span": gauge_span(gauge)},
        "map": _rows(reach, low, high),
        "chapters": list(_chapters(course.history, scored, gauge)),
        "changes": sorted({c.position.epoch for c in course.changes})[-_MOST_CHANGES:],
    }
    series = [*_scores(course.history, ""), *_gauge(gauge), _map(reach.map, low)]
    if course.ghost:
        meta["changes"] = sorted({*meta["changes"], course.ghost.position.epoch})
        series += _scores(course.ghost.history, "old ", course.ghost.position.epoch)
    axes = {
        "xaxis": {"title": {"text": course.history.unit}},
        "yaxis2": _names(meta["map"]["words"]),
    }
    return picture(series, "The run", HEIGHTS["curves"], theme, meta=meta, **axes)


def _names(words: Sequence[str]) -> dict[str, Any]:
    """The rows of the map, for its table."""
    return {"tickvals": list(range(len(words))), "ticktext": [plain(word) for word in words]}


def _rows(reach: Reach, low: float, high: float) -> dict[str, Any]:
    words = [shown_token(word) for word in reach.words]
    return {"noun": reach.noun, "words": words, "span": [low, high]}


def _scores(history: History, prefix: str, first: int = 0) -> Iterator[Series]:
    rows = thinned(len(history))
    rows = rows[history.epochs[rows] >= first]
    for name in COLUMNS:
        yield _line(prefix + name, history.epochs[rows], history.column(name)[rows])


def _line(name: str, epochs: Array, values: Array) -> Series:
    return scatter(name=name, x=epochs.astype(np.int32), y=compact(values))


def _gauge(gauge: MemoryGauge) -> Iterator[Series]:
    curves = {"radius": gauge.radius, "norm": gauge.norm, "half-life": gauge.half_life}
    for name, values in curves.items():
        yield _line(name, gauge.epochs, np.nan_to_num(values, nan=np.nan, posinf=1e9))


def _map(norms: GradientMap, low: float) -> Series:
    """The logarithms (T, N), nothing below the lowest that has a colour."""
    with np.errstate(divide="ignore"):
        logs = np.maximum(np.log10(norms.norms.T), low)
    epochs = norms.epochs.astype(np.int32)
    return heatmap(name="log10 gradient", x=epochs, z=compact(logs), yaxis="y2")


def _chapters(
    history: History, scored: Scored, gauge: MemoryGauge
) -> Iterator[tuple[str, int, int]]:
    """Each chapter's name, and the epochs at which it begins and ends."""
    rows, epochs = thinned(len(history)), history.epochs
    losses, metrics, tests = map(history.column, ("train_loss", "train_metric", "test_metric"))
    scores = Scores(losses, metrics, tests, scored.guess.loss, scored.chance)
    told = chapters(scores, gauge.radii(epochs), rows)
    starts = [0, *(np.flatnonzero(np.diff(told)) + 1).tolist(), len(told) - 1]
    for start, end in pairwise(starts):
        yield Chapter(told[start]).label, int(epochs[rows[start]]), int(epochs[rows[end]])
