"""Results of a run as CSV: every answer, the confusion matrix, and the scores of every class."""

from __future__ import annotations

import math
from itertools import chain
from typing import Any, NamedTuple

import pandas as pd

from rnnviz.files.numbers import inert, quoting_of, told_lines
from rnnviz.files.output import origin
from rnnviz.probe.results import Answers, Values, confusion
from rnnviz.probe.session import Session
from rnnviz.probe.work import spend
from rnnviz.questions.wrong.measure import ResultsLab
from rnnviz.tasks.csv_table import MAX_CLASSES


class ResultFile(NamedTuple):
    """A kind of results: the suffix of its file name, its label, and a description."""

    suffix: str
    label: str
    help: str


_ROWS = "One row for each answer: text, label, prediction, and its probability."
_MATRIX = "A row for each target class, a column for each answer."
_CLASSES = "Recall, precision, F1 and the count of every class."
ANSWERS = ResultFile("", "Answers", _ROWS)
CONFUSION = ResultFile("-confusion", "Confusion matrix", _MATRIX)
SCORES = ResultFile("-classes", "Scores of the classes", _CLASSES)


def result_files(session: Session) -> list[ResultFile]:
    """The kinds of results; values have no classes."""
    return [ANSWERS, CONFUSION, SCORES] if session.dataset.answers_classes else [ANSWERS]


def result_csv(session: Session, kind: ResultFile) -> str:
    """Results on the part of the data that ``session.lab(ResultsLab).rows`` names, as a text.

    Lines with # before them describe their origin.
    """
    found = _answer_table(session) if kind is ANSWERS else _by_class(session, kind)
    table = found.map(_cell).rename(index=_cell, columns=_cell)
    quoting = quoting_of(map(str, chain(table.columns, table.index, *table.values)))
    body: str = table.to_csv(index=kind is CONFUSION, quoting=quoting)
    return told_lines(origin(session)) + body


def _cell(value: Any) -> Any:
    return inert(value) if isinstance(value, str) else value


def _all_answers(session: Session) -> Answers | Values:
    lab = session.lab(ResultsLab)
    spend(math.inf, lab.develop(session.state, session.dataset))
    return lab.answers(session.state, session.dataset)


def _answer_table(session: Session) -> pd.DataFrame:
    data, answers = session.dataset, _all_answers(session)
    part = session.lab(ResultsLab).part(data)
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


def _by_class(session: Session, kind: ResultFile) -> pd.DataFrame:
    """The confusion matrix or the scores of the most frequent target classes."""
    answers, classes = _all_answers(session), session.dataset.classes
    assert isinstance(answers, Answers)
    found = confusion(answers, len(classes), MAX_CLASSES)
    names = [classes[k] for k in found.classes.tolist()]
    if kind is CONFUSION:
        return pd.DataFrame(found.counts, pd.Index(names, name="label \\ predicted"), names)
    scores = {"recall": found.recall, "precision": found.precision, "f1": found.f1}
    return pd.DataFrame({"class": names, **scores, "count": found.wanted})
