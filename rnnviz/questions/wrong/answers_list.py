"""The answers to a part of the data as rows of a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from rnnviz.charts.table import Column, Rows, class_name
from rnnviz.charts.theme import Theme, plain, shown_token
from rnnviz.config import OutputAt
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number, quoted, written_step, written_values
from rnnviz.probe.results import Answers, Values
from rnnviz.probe.session import Session
from rnnviz.questions.wrong.measure import ResultsLab, Section
from rnnviz.questions.wrong.measure import Rows as Part
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example

#: At most so many rows are listed, and so many that are right; the CSV has all.
MOST, _NEAR = 200, 30
#: The most letters of a text, which the list cuts anyway.
_LETTERS = 300


def rows_of(session: Session, answers: Answers | Values, section: Section, theme: Theme) -> Rows:
    """One section of the list, under its heading."""
    most = _NEAR if section.name == "near" else MOST
    shown, count = section.answers[:most], len(section.answers)
    cut = f"; the first {most} of {count:,}" if count > most else ""
    columns = (
        _class_columns(session, answers, shown, theme)
        if isinstance(answers, Answers)
        else _value_columns(session, answers, shown, theme)
    )
    heading = _heading(session, section) + cut
    return Rows(heading, list(columns), answers.owners[shown].tolist())


def _heading(session: Session, section: Section) -> str:
    lab, data, noun = session.lab(ResultsLab), session.dataset, session.names.sequence
    count = len(section.answers)
    some = f"{count:,} {noun}{'s' * (count != 1)}"
    if section.name == "chosen" and lab.cell:
        wanted, said = (quoted(shown_token(data.classes[k])) for k in lab.cell)
        what = f"{wanted} is found" if wanted == said else f"{wanted} is taken for {said}"
        return f"{some}: {what}. Click the cell again for all"
    part = "" if lab.rows is Part.ALL else "test " if lab.rows is Part.TEST else f"{data.role} "
    errors = f"{count:,} error{'s' * (count != 1)} on {part}{noun}s, surest first"
    headings = {
        "errors": errors if data.one_class_at_end else f"{some} with errors, surest first",
        "near": "Right, least sure first",
        "unsure": f"{some}, least sure first",
        "largest": f"{some}, largest error first",
    }
    return headings.get(section.name, some)


def _class_columns(
    session: Session, answers: Answers, shown: Array, theme: Theme
) -> Iterator[Column]:
    data, part = session.dataset, session.lab(ResultsLab).part(session.dataset)
    places = [_wrong_places(answers, owner) for owner in answers.owners[shown].tolist()]
    texts = [
        _text(part[owner], data, wrong)
        for owner, wrong in zip(answers.owners[shown].tolist(), places, strict=True)
    ]
    yield Column(session.names.sequence, texts, theme.text, 3.6)
    if not data.one_class_at_end:
        yield Column("wrong", [f"{len(wrong)}" for wrong in places], theme.text, 0.7)
    for name, kinds, color in (
        ("wanted", answers.wanted, theme.forward), ("says", answers.said, theme.text)
    ):  # fmt: skip
        yield Column(name, [_class(data, k) for k in kinds[shown].tolist()], color, 1.1)
    sure = [None if np.isnan(p) else p for p in answers.sure[shown].tolist()]
    yield Column("sure", sure, theme.muted, 1.5, share=True)


def _class(data: Dataset, kind: int) -> str:
    return class_name(data.classes[kind], 24) if kind >= 0 else "not finite"


def _wrong_places(answers: Answers, owner: int) -> list[int]:
    first, last = np.searchsorted(answers.owners, [owner, owner + 1])
    wrong: list[int] = answers.places[first:last][answers.wrong[first:last]].tolist()
    return wrong


def _text(example: Example, data: Dataset, wrong: Sequence[int]) -> str:
    """The text; with an answer after every token, those with a wrong one are bold."""
    if data.tokens and data.one_class_at_end:
        return plain(example.text, _LETTERS)
    marked = {*(() if data.one_class_at_end else wrong)}
    shown = (plain(shown_token(name)) for name in _names(example, data))
    gap = "" if data.vocabulary.characters else " "
    return gap.join(f"<b>{name}</b>" if k in marked else name for k, name in enumerate(shown))


def _names(example: Example, data: Dataset) -> Iterable[str]:
    """What is read, token by token; numbers in a few digits."""
    if not data.tokens:
        return map(written_step, example.inputs[:_LETTERS])
    # What a decoder reads begins with a sign; what it should write says more.
    names = data.classes if data.source else data.vocabulary.words
    tokens = (example.targets if data.source else example.inputs)[:_LETTERS].tolist()
    return (names[token] for token in tokens)


def _value_columns(
    session: Session, values: Values, shown: Array, theme: Theme
) -> Iterator[Column]:
    part = session.lab(ResultsLab).part(session.dataset)
    texts = [_text(part[owner], session.dataset, ()) for owner in values.owners[shown].tolist()]
    yield Column(session.names.sequence, texts, theme.text, 3.6)
    if session.dataset.reads is OutputAt.EVERY:
        yield Column("step", [str(k + 1) for k in values.places[shown].tolist()], theme.muted, 0.6)
    yield Column("wanted", [written_values(v) for v in values.wanted[shown]], theme.forward, 1)
    yield Column("says", [written_values(v) for v in values.said[shown]], theme.text, 1.2)
    errors = [number(error, 3) for error in values.errors[shown].tolist()]
    yield Column("error", errors, theme.text, 0.8)
