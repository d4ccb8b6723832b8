"""Split: a seeded choice of test rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnviz.tasks.columns import Form
from rnnviz.tasks.table import Row
from rnnviz.tasks.vocabulary import Unit

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
    """In random order all groups that fit the share; if none does, the smallest."""
    if len(groups) < 2:
        return []
    most = round(share * sum(map(len, groups)))
    shuffled = [groups[i] for i in rng.permutation(len(groups))]
    drawn: list[int] = []
    for group in shuffled:
        if len(drawn) + len(group) <= most:
            drawn += group
    return drawn or min(shuffled, key=len)


def split_rows(
    rows: Sequence[Row], form: Form, unit: Unit, share: float, seed: int
) -> tuple[list[Row], list[Row]]:
    """The training rows and the test rows, in their order; labels are split class by class.

    A row with too few tokens known from the training rows stays in training.
    """
    classes = [row.label if form is Form.LABEL else "" for row in rows]
    texts = [unit.plain(row.text) for row in rows]
    chosen = choose(classes, texts, share, seed)
    remaining = [row for i, row in enumerate(rows) if i not in chosen]
    sources = {token for row in remaining for token in unit.tokens(row.text)}
    targets = {token for row in remaining for token in unit.tokens(row.label)}

    def readable(row: Row) -> bool:
        if form is Form.TRANSLATION and not targets.issuperset(unit.tokens(row.label)):
            return False
        # If training has a single distinct token, a next-token task needs every row for it.
        count = sum(token in sources for token in unit.tokens(row.text))
        return min(count, len(sources)) >= form.least

    test = {i for i in chosen if readable(rows[i])}
    return [row for i, row in enumerate(rows) if i not in test], [rows[i] for i in sorted(test)]
