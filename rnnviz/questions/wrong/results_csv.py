"""Results of a run as CSV: every answer, the confusion matrix, and the scores of every class."""

from __future__ import annotations

from itertools import chain
from typing import Any, NamedTuple

import pandas as pd

from rnnviz.files.numbers import inert, quoting_of, told_lines
from rnnviz.files.output import origin
from rnnviz.probe.results import Answers, Confusion, Values, confusion
from rnnviz.probe.session import Session
from rnnviz.questions.wrong.measure import ResultsLab
from rnnviz.tasks.csv_table import MAX_CLASSES

#: Seconds in which the rest of the data is read, again and again.
_SLICE = 1.0


class ResultFile(NamedTuple):
    """A kind of results: the suffix of its file name, its label, and a description."""

    suffix: str
    label: str
    help: str


ANSWERS = ResultFile(
    "", "Answers", "One row for each answer: text, label, prediction, and its probability."
)
CONFUSION = ResultFile(
    "-confusion", "Confusion matrix", "A row for each class that is wanted, a column for each said."
)
SCORES = ResultFile(
    "-classes", "Scores of the classes", "Recall, precision, F1 and the count of every class."
)


def result_files(session: Session) -> list[ResultFile]:
    """The kinds of results there are; values have no classes."""
    return [ANSWERS, CONFUSION, SCORES] if session.dataset.answers_classes else [ANSWERS]


def result_csv(session: Session, kind: ResultFile) -> str:
    """Results on the part of the data that ``session.lab(ResultsLab).rows`` names, as a text.

    Lines that begin with # stand before them and say what made them.
    """
    found = {ANSWERS: _answers, CONFUSION: _confusion, SCORES: _scores}[kind](session)
    table = found.map(_cell).rename(index=_cell, columns=_cell)
    quoting = quoting_of(map(str, chain(table.columns, table.index, *table.values)))
    body: str = table.to_csv(index=kind is CONFUSION, quoting=quoting)
    return told_lines(origin(session)) + body


def _cell(value: Any) -> Any:
    return inert(value) if isinstance(value, str) else value


def _read(session: Session) -> Answers | Values:
    """All answers to the part of the data."""
    while session.lab(ResultsLab).develop(session.state, session.dataset, _SLICE):
        pass
    return session.lab(ResultsLab).answers(session.state, session.dataset)


def _answers(session: Session) -> pd.DataFrame:
    data, answers, part = (
        session.dataset,
        _read(session),
        session.lab(ResultsLab).part(session.dataset),
    )
    columns: dict[str, Any] = {"text": [part[owner].text for owner in answers.owners.tolist()]}
    if not data.one_class_at_end:
        columns["place"] = (answers.places + 1).tolist()
    if isinstance(answers, Answers):
        columns["label"] = [data.classes[k] for k in answers.wanted.tolist()]
        columns["predicted"] = [data.classes[k] if k >= 0 else "" for k in answers.said.tolist()]
        columns["probability"] = answers.sure.tolist()
    else:
        for k, name in enumerate(data.classes):
            columns[f"target {name}"] = answers.wanted[:, k].tolist()
            columns[f"predicted {name}"] = answers.said[:, k].tolist()
    return pd.DataFrame(columns)


def _counted(session: Session) -> tuple[Confusion, list[str]]:
    """The confusion of the classes that are wanted most often, and their names."""
    answers, classes = _read(session), session.dataset.classes
    assert isinstance(answers, Answers)
    found = confusion(answers, len(classes), MAX_CLASSES)
    return found, [classes[k] for k in found.classes.tolist()]


def _confusion(session: Session) -> pd.DataFrame:
    found, names = _counted(session)
    return pd.DataFrame(found.counts, pd.Index(names, name="label \\ predicted"), names)


def _scores(session: Session) -> pd.DataFrame:
    found, names = _counted(session)
    return pd.DataFrame(
        {
            "class": names,
            "recall": found.recall,
            "precision": found.precision,
            "f1": found.f1,
            "count": found.wanted,
        }
    )
