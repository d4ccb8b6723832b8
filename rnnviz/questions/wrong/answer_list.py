"""The rows of the list of answers: each section of one network, or of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rnnviz.charts.table import TableColumn, TableRows, class_name
from rnnviz.charts.theme import Theme, plain, shown_token
from rnnviz.config import OutputAt
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number, own_number, quoted, written_step, written_values
from rnnviz.probe.results import Answers, Values
from rnnviz.probe.session import Session
from rnnviz.questions.wrong.measure import (
    Ahead,
    DataPart,
    ResultsLab,
    Section,
    mean_squares,
    origins,
)
from rnnviz.questions.wrong.window_answers import StepAnswers
from rnnviz.tasks.data.number_cells import written
from rnnviz.tasks.dataset import Dataset, Example
from rnnviz.tasks.forecasts import expected_values, expects_values

#: Maximum number of listed rows, and of right ones among errors.
MOST, _NEAR = 200, 30
#: Maximum number of characters of a text, which the list cuts anyway.
_LETTERS = 300


def rows_of(
    session: Session, answers: Answers | Values, section: Section, theme: Theme
) -> TableRows:
    """One section of the list, under its heading."""
    most = _NEAR if section.name == "near" else MOST
    shown, count = section.answers[:most], len(section.answers)
    cut = f"; the first {most} of {count:,}" if count > most else ""
    if isinstance(answers, Answers):
        columns = _class_columns(session, answers, shown, theme)
    else:
        columns = _value_columns(session, answers, shown, theme)
    heading, owners = _heading(session, section) + cut, answers.owners[shown].tolist()
    return TableRows(heading, [*_origin(session, owners, theme), *columns], owners)


def rows_of_windows(
    session: Session, answers: StepAnswers, section: Section, theme: Theme
) -> TableRows:
    """One section of the list of windows: when, what was expected and what came."""
    shown, count = section.answers[:MOST], len(section.answers)
    columns = [*_when(session, answers, shown, theme)]
    for name, values, digits, color in (
        ("expected", answers.expected, 4, theme.forward), ("came", answers.came, 4, theme.text),
        ("error", answers.errors, 3, theme.text),
    ):  # fmt: skip
        cells = [own_number(value, digits) for value in values[shown].tolist()]
        columns.append(TableColumn(name, cells, color))
    last = session.lab(ResultsLab).ahead is Ahead.LAST
    ahead = expected_values(session.dataset).horizon if last else 1
    order = ", largest error first" if section.name == "largest" else ""
    cut = f"; the first {MOST} of {count:,}" if count > MOST else ""
    heading = f"{count:,} windows{order}, {ahead} step{'s' * (ahead > 1)} ahead{cut}"
    return TableRows(heading, columns, answers.owners[shown].tolist())


def _when(
    session: Session, answers: StepAnswers, shown: Array, theme: Theme
) -> Iterator[TableColumn]:
    """The times of some windows, and their series if there are several."""
    columns = expected_values(session.dataset).columns
    yield TableColumn(columns.time or "step", written(answers.times[shown]), theme.text, 1.4)
    if len({*answers.series}) > 1:
        names = [plain(name) for name in answers.series[shown].tolist()]
        yield TableColumn(columns.id or "series", names, theme.text, 1.4)


def _origin(session: Session, owners: Sequence[int], theme: Theme) -> Iterator[TableColumn]:
    """The ids, or else the rows, of sequences of a file of one's own."""
    part = session.lab(ResultsLab).part(session.dataset)
    # The text of a series already names it.
    found = origins(part) if session.data.own and session.dataset.series is None else {}
    for name, values in [*found.items()][-1:]:
        cells = [plain(str(values[owner]), 12) for owner in owners]
        yield TableColumn(name, cells, theme.muted, 0.8)


def _heading(session: Session, section: Section) -> str:
    lab, data, noun = session.lab(ResultsLab), session.dataset, session.names.sequence
    count = len(section.answers)
    some = f"{count:,} {noun}{'s' * (count != 1)}"
    if section.name == "chosen" and lab.cell:
        target, answer = (quoted(shown_token(data.classes[k])) for k in lab.cell)
        what = f"{target} is found" if target == answer else f"{target} is mistaken for {answer}"
        return f"{some}: {what}. Click the cell again for all"
    errors = f"{count:,} error{'s' * (count != 1)} on {part_name(session)}{noun}s, surest first"
    headings = {
        "errors": errors if data.one_class_at_end else f"{some} with errors, surest first",
        "near": "Right, least sure first",
        "unsure": f"{some}, least sure first",
        "largest": f"{some}, largest error first",
    }
    return headings.get(section.name, some)


def _class_columns(
    session: Session, answers: Answers, shown: Array, theme: Theme
) -> Iterator[TableColumn]:
    data, part = session.dataset, session.lab(ResultsLab).part(session.dataset)
    owners = answers.owners[shown].tolist()
    spans = (slice(*np.searchsorted(answers.owners, [owner, owner + 1])) for owner in owners)
    places = [answers.places[span][answers.wrong[span]].tolist() for span in spans]
    texts = [_text(part[owner], data, wrong) for owner, wrong in zip(owners, places, strict=True)]
    yield TableColumn(session.names.sequence, texts, theme.text, 3.6)
    if not data.one_class_at_end:
        yield TableColumn("wrong", [f"{len(wrong)}" for wrong in places], theme.text, 0.7)
    for name, kinds, color in (
        ("target", answers.targets, theme.forward), ("answer", answers.predicted, theme.text)
    ):  # fmt: skip
        yield TableColumn(name, [_written(k, data) for k in kinds[shown]], color, 1.1)
    probability = [None if np.isnan(p) else p for p in answers.probability[shown].tolist()]
    yield TableColumn("probability", probability, theme.muted, 1.5, share=True)


def _text(example: Example, data: Dataset, wrong: Sequence[int]) -> str:
    """The text, numbers in a few digits, or the target of a decoder; ``wrong`` ones are bold.

    Of a series it is the name and the time.
    """
    if data.series:
        return plain(example.key, _LETTERS)
    if data.tokens and data.one_class_at_end:
        return plain(example.text, _LETTERS)
    if data.tokens:
        names = data.classes if data.source else data.vocabulary.words
        tokens = (example.targets if data.source else example.inputs)[:_LETTERS].tolist()
        texts = [names[token] for token in tokens]
    else:
        texts = list(map(written_step, example.inputs[:_LETTERS]))
    marked = {*(() if data.one_class_at_end else wrong)}
    shown = (plain(shown_token(text)) for text in texts)
    gap = "" if data.vocabulary.characters else " "
    return gap.join(f"<b>{name}</b>" if k in marked else name for k, name in enumerate(shown))


def _value_columns(
    session: Session, values: Values, shown: Array, theme: Theme
) -> Iterator[TableColumn]:
    part = session.lab(ResultsLab).part(session.dataset)
    texts = [_text(part[owner], session.dataset, ()) for owner in values.owners[shown].tolist()]
    yield TableColumn(session.names.sequence, texts, theme.text, 3.6)
    if session.dataset.reads is OutputAt.EVERY:
        steps = [str(k + 1) for k in values.places[shown].tolist()]
        yield TableColumn("step", steps, theme.muted, 0.6)
    targets, answers = (map(written_values, v[shown]) for v in (values.targets, values.predicted))
    yield TableColumn("target", [*targets], theme.forward, 1)
    yield TableColumn("answer", [*answers], theme.text, 1.2)
    errors = [number(error, 3) for error in values.errors[shown].tolist()]
    yield TableColumn("error", errors, theme.text, 0.8)


def rows_of_both(
    session: Session, names: tuple[str, str], first: Answers | Values, second: Answers | Values,
    section: Section, *, theme: Theme,
) -> TableRows:  # fmt: skip
    """One section of the list of two networks, under its heading; their answers are aligned."""
    data = session.dataset
    part, owners = session.lab(ResultsLab).part(data), first.owners[section.answers[:MOST]]
    one, other = map(plain, names)
    alone = "right in {} alone" if data.answers_classes else "closer in {}"
    headings = {
        "first": alone.format(one), "second": alone.format(other), "neither": "wrong in both",
        "near": "right in both, least sure first", "unsure": "least sure in either first",
    }  # fmt: skip
    columns = [*_origin(session, owners.tolist(), theme)]
    if expects_values(data):
        step = session.lab(ResultsLab).step(session.state, data)
        columns += _when(session, step, np.searchsorted(step.owners, owners), theme)
    else:
        texts = [_text(part[owner], data, ()) for owner in owners.tolist()]
        columns.append(TableColumn(session.names.sequence, texts, theme.text, 3.2))
    answers = [("target", first.targets), (one, first.predicted), (other, second.predicted)]
    if isinstance(first, Values) and isinstance(second, Values) and data.reads is OutputAt.EVERY:
        answers, form = [], own_number if data.series else number
        for name, found in (one, first), (other, second):
            errors = np.sqrt(mean_squares(found)[section.answers[:MOST]]).tolist()
            columns.append(TableColumn(f"error, {name}", [form(e, 2) for e in errors], theme.text))
    for name, of in answers:
        shown = [(of[k], first.targets[k]) for k in section.answers[:MOST]]
        written = [
            f"{'✓ ' * (name != 'target' and np.array_equal(*both))}{_written(both[0], data)}"
            for both in shown
        ]
        inks = [theme.forward if np.array_equal(*both) else theme.text for both in shown]
        columns.append(TableColumn(name, written, inks, 1.1))
    count = len(section.answers)
    cut = f"; the first {MOST} of {count:,}" if count > MOST else ""
    what = f": {headings[section.name]}" if section.name in headings else ""
    some = f"{count:,} {session.names.sequence}{'s' * (count != 1)}"
    return TableRows(f"{some}{what}{cut}", columns, owners.tolist())


def _written(answer: Any, data: Dataset) -> str:
    """A class, or values, as text."""
    if not data.answers_classes:
        return written_values(answer)
    return class_name(data.classes[answer], 24) if answer >= 0 else "not finite"


def part_name(session: Session) -> str:
    """The part of the data before a noun, with a space: “test ”; nothing if it is all."""
    lab, data = session.lab(ResultsLab), session.dataset
    if lab.rows is DataPart.ALL:
        return ""
    return "test " if lab.rows is DataPart.TEST and data.test else f"{data.role} "
