"""The pictures of two networks: what each has left of a word, and both runs over the epochs.

The page draws them itself, in static/pair_network.js and static/pair_curves.js, from the series by
name and ``meta``. The series of the second network end in "#1".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import last_epoch, thinned
from rnnviz.charts.axis_limits import nice_limit
from rnnviz.charts.picture import Picture, Series, compact, heatmap, scatter
from rnnviz.charts.sequence_network import Words, palette, units_series
from rnnviz.charts.theme import LIGHT, Theme, picture, plain, shown_token
from rnnviz.charts.training_curves import chapter_spans, loss_limit
from rnnviz.probe.cell_parts import cell_parts
from rnnviz.probe.comparison import ComparedAnswers, Standing
from rnnviz.probe.epoch_series import EpochSeries
from rnnviz.probe.memory_gauge import MemoryGauge
from rnnviz.probe.retention import Retention
from rnnviz.probe.sequence_pass import SequencePass
from rnnviz.run.history import COLUMNS, RunCurves
from rnnviz.sweeps.spread import Spread
from rnnviz.tasks.dataset import Guess, Metric

#: At most this many changes of settings are marked; the letters of their labels.
_CHANGES, _LETTERS = 6, 24
#: The decades of what is left: less counts as nothing.
LEAST = -9


class DrawnNetwork(NamedTuple):
    """One of two networks as it is drawn: its pass, what it has left, its answers."""

    name: str
    shown: SequencePass
    left: Retention
    answers: ComparedAnswers
    standing: Standing = Standing()
    turning: int | None = None


class Asked(NamedTuple):
    """What both are asked: the classes, the targets (N,) of the last tokens, and their kind.

    ``kind`` is "verdict" for one of two classes, "classes", or "values" for errors up to ``limit``.
    A target is -1 where it is unknown. ``guess`` is the probability of guessing.
    """

    kind: str
    names: Sequence[str]
    targets: Sequence[int]
    target: str
    guess: float | None = None
    limit: float = 1.0


def pair_network(
    networks: Sequence[DrawnNetwork], words: Words, asked: Asked, *, token: int, matched: bool,
    theme: Theme = LIGHT,
) -> Picture:  # fmt: skip
    """Both networks over one sequence, the words between them.

    What is left of ``token`` is drawn beside the words. ``matched``: both had the same initial
    weights, so that unit 5 of both began as the same unit.
    """
    series: list[Series] = []
    for k, network in enumerate(networks):
        series += (
            {**row, "name": f"{row['name']}#{k}", "visible": k == 0 and row["name"] == "h"}
            for row in _series(network)
        )
    meta = {
        "theme": palette(theme), **words.meta, **asked._asdict(), "token": token,
        "steps": words.times, "matched": matched,
        "networks": [_meta(network) for network in networks],
    }  # fmt: skip
    return picture(series, "Two networks, step by step", 600, theme, meta=meta)


def _series(network: DrawnNetwork) -> list[Series]:
    """The arrays of one network; none if its numbers are not finite."""
    shown, left = network.shown, network.left
    if not shown.finite:
        return []
    rows = {
        "share": shown.share, "strength": shown.strength, "left": left.memory,
        "gradient": left.gradient, "answer": network.answers.values,
    }  # fmt: skip
    lines = [scatter(name=name, y=compact(row)) for name, row in rows.items()]
    predicted = scatter(name="predicted", y=network.answers.predicted.astype(np.int32))
    return [*units_series(shown), *lines, predicted]


def _meta(network: DrawnNetwork) -> dict[str, Any]:
    shown = network.shown
    of = shown.architecture
    return {
        "name": network.name, "finite": shown.finite, "hidden": of.hidden, "group": shown.group,
        "units": len(shown.units), "part": shown.part, "layers": of.layers,
        "gate": cell_parts(of.cell).is_gate(shown.part),
        "layer": shown.layer + 1, "bridge": shown.bridge,
        "remembers": shown.part in (*of.cell.states, of.out),
        "turning": network.turning, **network.standing._asdict(),
    }  # fmt: skip


class Course(NamedTuple):
    """One of two runs as it is drawn: its curves, its gauge, and what was left by epoch.

    ``seeds`` are the runs of other seeds, of which ``seed`` is shown.
    """

    name: str
    curves: RunCurves
    gauge: MemoryGauge
    left: EpochSeries[Retention]
    standing: Standing = Standing()
    seeds: Spread | None = None
    seed: int = 0


def pair_curves(
    courses: Sequence[Course], *, epoch: int, guess: Guess, metric: Metric, role: str,
    words: Sequence[str], token: int, noun: str = "word", chance: float = np.nan,
    threshold: float = 1.0, rows: Sequence[str] = (), theme: Theme = LIGHT,
) -> Picture:  # fmt: skip
    """Scores of both runs, what is left of ``token`` at the end, and both gradients as shares.

    ``rows`` are the names of the words beside the gradients, if these are others.
    With other seeds: every one's scores, their medians, and when each reached the ``threshold``.
    """
    series: list[Series] = []
    for k, course in enumerate(courses):
        own = [*_course_series(course), *_seed_series(course.seeds, role)]
        series += ({**row, "name": f"{row['name']}#{k}"} for row in own)
    tops = [loss_limit(course.curves, guess) for course in courses]
    meta = {
        "theme": theme.colors(
            "background", "text", "muted", "grid", "forward", "magnitude", "train", "test",
            "neutral",
        ),
        "unit": courses[0].curves.history.unit, "role": role, "noun": noun,
        "roles": courses[0].curves.history.roles, "words": [shown_token(word) for word in words],
        "rows": [*map(shown_token, rows or words)],
        "token": token, "epoch": epoch, "last": max(last_epoch(c.curves) for c in courses),
        "loss": {"unit": guess.unit, "top": _top(tops, guess), "guess": guess.loss},
        "metric": metric.name, "least": LEAST,
        "threshold": threshold,
        "runs": [_course_meta(course, guess, chance, threshold) for course in courses],
    }  # fmt: skip
    names = {"tickvals": list(range(len(words))), "ticktext": [plain(word) for word in words]}
    axis = {"title": {"text": meta["unit"]}}
    return picture(series, "Both runs", 600, theme, meta=meta, xaxis=axis, yaxis2=names)


def _top(tops: Sequence[float], guess: Guess) -> float:
    """The end of the common axis of losses; a run that breaks must not flatten the other."""
    return min(max(tops), max(min(tops), nice_limit(3 * guess.loss)))


def _course_series(course: Course) -> Iterator[Series]:
    history = course.curves.history
    rows = thinned(len(history))
    for name in COLUMNS:
        yield _line(name, history.epochs[rows], history.column(name)[rows])
    left = course.left
    yield _line("left", left.epochs, np.array([row.memory[-1] for row in left.rows]))
    shares = np.array([row.gradient for row in left.rows])
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.maximum(np.log10(shares), LEAST)
    yield heatmap(
        name="log10 gradient", x=left.epochs.astype(np.int32), z=compact(logs.T), yaxis="y2"
    )
    if ghost := course.curves.ghost:
        old = thinned(len(ghost.history))
        old = old[ghost.history.epochs[old] >= ghost.position.epoch]
        for name in COLUMNS:
            values = ghost.history.column(name)[old]
            yield _line(f"old {name}", ghost.history.epochs[old], values)


def _seed_series(seeds: Spread | None, role: str) -> Iterator[Series]:
    """A row for each seed, (N, E), and the medians, (E,)."""
    if seeds is None:
        return
    for name in (f"{role}_loss", f"{role}_metric"):
        column, median = seeds.column(name), seeds.median(name)
        rows = thinned(column.shape[1])
        yield heatmap(name=f"seeds {name}", x=rows.astype(np.int32), z=compact(column[:, rows]))
        yield _line(f"median {name}", rows, median[rows])


def _line(name: str, epochs: Any, values: Any) -> Series:
    return scatter(name=name, x=np.asarray(epochs).astype(np.int32), y=compact(values))


def _course_meta(
    course: Course, guess: Guess, chance: float, threshold: float
) -> dict[str, Any]:  # fmt: skip
    curves, seeds = course.curves, course.seeds
    learned = None
    if seeds:
        found = zip(seeds.members, seeds.first(threshold).tolist(), strict=True)
        learned = [
            [member.config.seed, None if np.isnan(epoch) else int(epoch)] for member, epoch in found
        ]
    return {
        "name": course.name, "epochs": curves.epochs, "reached": int(curves.history.epochs[-1]),
        "changes": [
            [change.position.epoch, plain(f"{change.label} {change.shown}", _LETTERS)]
            for change in curves.changes[-_CHANGES:]
        ],
        "learned": learned, "seed": course.seed, **course.standing._asdict(),
        "chapters": list(chapter_spans(curves, guess.loss, chance, course.gauge)),
    }  # fmt: skip
