"""Split: what is set aside for the test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnviz.tasks.data.number_columns import SeriesColumns
from rnnviz.tasks.data.rows import Form
from rnnviz.tasks.data.series import Series

#: The stream of ``np.random.default_rng((seed, stream, ...))`` for test rows.
SPLITTING = 5


def choose(classes: Sequence[str], texts: Sequence[str], share: float, seed: int) -> set[int]:
    """The indices of the test rows, about ``share`` (at most 0.5) of every class.

    Rows of equal text stay together. A class of at least two texts is in training and test.
    """
    groups: dict[str, dict[str, list[int]]] = {}
    for row, (name, text) in enumerate(zip(classes, texts, strict=True)):
        groups.setdefault(name, {}).setdefault(text, []).append(row)
    chosen: set[int] = set()
    for index, name in enumerate(sorted(groups) if share > 0 else ()):
        rng = np.random.default_rng((seed, SPLITTING, index))
        chosen.update(_draw([*groups[name].values()], share, rng))
    return chosen


def _draw(groups: list[list[int]], share: float, rng: np.random.Generator) -> list[int]:
    """Groups in random order, as many as fit the share; if none does, the smallest."""
    if len(groups) < 2:
        return []
    most = round(share * sum(map(len, groups)))
    shuffled = [groups[i] for i in rng.permutation(len(groups))]
    drawn: list[int] = []
    for group in shuffled:
        if len(drawn) + len(group) <= most:
            drawn += group
    return drawn or min(shuffled, key=len)


#: The fewest series of which whole ones are the test, where a class at every step is learned.
_SERIES = 5


def split_series(
    series: Sequence[Series], columns: SeriesColumns, share: float, seed: int
) -> tuple[list[Series], list[Series]]:
    """The training and the test: whole series where there are classes, else the end of time.

    The test begins at one time for all series, or, without times, at each one's last steps.
    """
    if columns.form is Form.SERIES or (columns.form is Form.STEPS and len(series) >= _SERIES):
        labels = [str(one.labels[0]) if columns.form is Form.SERIES else "" for one in series]
        chosen = choose(labels, [one.name for one in series], share, seed)
        parts = ([one for k, one in enumerate(series) if (k in chosen) == test] for test in (0, 1))
        return next(parts), next(parts)
    train, test = list[Series](), list[Series]()
    every = np.sort(np.concatenate([one.times for one in series]))
    kept = len(every) - round(share * len(every))
    for one in series:
        count = len(one) - round(share * len(one))
        if columns.time:
            count = len(one) if kept == len(every) else int(np.searchsorted(one.times, every[kept]))
        train.append(one.at(slice(count)))
        test.append(one.at(slice(count, None)))
    return [one for one in train if len(one)], [one for one in test if len(one)]
