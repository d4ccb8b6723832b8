"""Split: which rows are set aside for testing, drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnviz.tasks.table import Form, Row
from rnnviz.tasks.vocabulary import Unit

#: The stream of ``np.random.default_rng((seed, stream, ...))`` that tests are drawn from.
SPLITTING = 5

_Copies = list[int]


def choose(classes: Sequence[str], texts: Sequence[str], share: float, seed: int) -> set[int]:
    """The numbers of the rows to test on, about ``share`` (at most 0.5) of every class.

    Rows of equal text stay together. Every class that has two texts is tested on and learned.
    """
    copies: dict[str, dict[str, _Copies]] = {}
    for row, (name, text) in enumerate(zip(classes, texts, strict=True)):
        copies.setdefault(name, {}).setdefault(text, []).append(row)
    chosen: set[int] = set()
    for number, name in enumerate(sorted(copies) if share > 0 else ()):
        rng = np.random.default_rng((seed, SPLITTING, number))
        chosen.update(_draw([*copies[name].values()], share, rng))
    return chosen


def _draw(copies: list[_Copies], share: float, rng: np.random.Generator) -> _Copies:
    """In a random order every text whose rows still fit; if none does, one with fewest rows."""
    if len(copies) < 2:
        return []
    room = round(share * sum(map(len, copies)))
    shuffled = [copies[i] for i in rng.permutation(len(copies))]
    drawn: _Copies = []
    for same in shuffled:
        if len(drawn) + len(same) <= room:
            drawn += same
    return drawn or min(shuffled, key=len)


def split_rows(
    rows: Sequence[Row], form: Form, unit: Unit, share: float, seed: int
) -> tuple[list[Row], list[Row]]:
    """The rows to learn and those to test on, in their order; by class where there are classes.

    A row that couldn't be read after training on the others is learned.
    """
    classes = [row.label if form is Form.LABEL else "" for row in rows]
    texts = [unit.plain(row.text) for row in rows]
    chosen = choose(classes, texts, share, seed)
    known = _known([row for i, row in enumerate(rows) if i not in chosen], form, unit)
    tested = {i for i in chosen if _readable(rows[i], known, form, unit)}
    learned = [row for i, row in enumerate(rows) if i not in tested]
    return learned, [rows[i] for i in sorted(tested)]


def _known(rows: Sequence[Row], form: Form, unit: Unit) -> tuple[set[str], set[str]]:
    """The tokens that occur in the texts, and in the targets."""
    said = rows if form is Form.TRANSLATION else ()
    return (
        {token for row in rows for token in unit.tokens(row.text)},
        {token for row in said for token in unit.tokens(row.label)},
    )


def _readable(row: Row, known: tuple[set[str], set[str]], form: Form, unit: Unit) -> bool:
    read, said = known
    if form is Form.TRANSLATION and not said.issuperset(unit.tokens(row.label)):
        return False
    # Where training would know a single token, nothing can be told apart: then it needs all rows.
    count = sum(token in read for token in unit.tokens(row.text))
    return min(count, len(read)) >= form.least
