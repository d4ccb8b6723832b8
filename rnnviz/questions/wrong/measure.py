"""ResultsLab: the answers to a part of the data, the opened sequence, the filters; as CSV."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from rnnviz.config import RunConfig
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.training import TrainState
from rnnviz.files.numbers import inert, quoting_of, told_lines
from rnnviz.files.output import origin
from rnnviz.probe.cache import Memo
from rnnviz.probe.marks import Mark, index_from, one_of, written_from
from rnnviz.probe.probe import Probe, inspect, read
from rnnviz.probe.questions import TrainQuestion
from rnnviz.probe.results import (
    Answers,
    Values,
    confusion,
    merged,
    read_answers,
    read_last_values,
    read_values,
)
from rnnviz.probe.session import Session
from rnnviz.probe.work import ChunkedRead, chunk_indexes, spend
from rnnviz.questions.wrong.window_answers import StepAnswers, WindowAnswers
from rnnviz.tasks.data.csv_table import MAX_CLASSES, TaskError
from rnnviz.tasks.data.number_cells import written
from rnnviz.tasks.dataset import Dataset, Example
from rnnviz.tasks.forecasts import expected_values, expects_values, windows_in


class DataPart(StrEnum):
    """The part of the data."""

    TEST = "test"
    TRAIN = "train"
    ALL = "all"


class Show(StrEnum):
    """The sequences that are listed first."""

    ERRORS = "errors"
    UNSURE = "unsure"
    ALL = "all"


class Ahead(StrEnum):
    """The step ahead whose answers are shown."""

    NEXT = "next step"
    LAST = "last step"


Found = TypeVar("Found", Answers, Values)


class Section(NamedTuple):
    """The indices (M,) of listed answers, one of each sequence, under a heading."""

    name: str
    answers: Array


def _part(dataset: Dataset, rows: DataPart) -> tuple[Example, ...]:
    if rows is DataPart.ALL:
        return (*dataset.test, *dataset.train)
    return dataset.test if rows is DataPart.TEST and dataset.test else dataset.train


def _reader(dataset: Dataset) -> Callable[..., Answers | Values]:
    """The reader of answers to examples; of next values, only the last answer of each window."""
    if dataset.answers_classes:
        return read_answers
    if expects_values(dataset):
        return read_last_values
    return read_values


def _read_row(text: str) -> tuple[DataPart, int]:
    rows, _, number = text.partition(" ")
    return one_of({f"{one}": one for one in DataPart})(rows), index_from(1)(number)


def _read_cell(text: str) -> tuple[int, int]:
    target, _, answer = text.partition("-")
    return index_from(0)(target), index_from(0)(answer)


class ResultsLab:
    """The answers to a part of the data, cached until the weights change.

    A large part is read in chunks, in a random order: the first chunk at once, the others by
    ``develop``. ``rows``, ``show`` and ``cell``, a target and an answer, filter the list;
    ``opened`` is the sequence that the reader opened, which is shown word by word. Of the next
    values of series those of one ``column`` are judged, and how far ``ahead``.
    """

    marks = (
        Mark.option("wrong.rows", "rows", DataPart),
        Mark.option("wrong.show", "show", Show),
        Mark("wrong.row", "row", _read_row, lambda row: f"{row[0]} {row[1] + 1}" if row else ""),
        Mark("wrong.cell", "cell", _read_cell, lambda cell: "-".join(map(str, cell or ()))),
        Mark.option("wrong.ahead", "ahead", Ahead),
        Mark("wrong.column", "column", index_from(1), written_from(1)),
    )

    def __init__(self) -> None:
        self.question = TrainQuestion.LEARN
        self.rows, self.show = DataPart.TEST, Show.ERRORS
        self.ahead, self.column = Ahead.NEXT, 0
        self.cell: tuple[int, int] | None = None
        self.opened: Example | None = None
        #: The part of the data, and the index there, of the sequence that the reader opened.
        self.row: tuple[DataPart, int] | None = None
        self._typed = ""
        self._dataset: Dataset | None = None
        self._memo = Memo()

    def part(self, dataset: Dataset) -> tuple[Example, ...]:
        """The sequences of the chosen part; without a test set the training sequences."""
        return _part(dataset, self.rows)

    def parts(self, dataset: Dataset) -> list[bool]:
        """Test (True) and training (False) in the chosen part, in their order there."""
        both = [True, False] if self.rows is DataPart.ALL else [self.rows is DataPart.TEST]
        return both if dataset.test else [False]

    # Reading

    def answers(self, state: TrainState, dataset: Dataset) -> Answers | Values:
        """The answers read so far, at least the first chunk, in the order of the examples."""
        chunks = self._chunks(state, dataset)

        def joined() -> Answers | Values:
            first, *others = chunks.results
            if not others:
                return first
            return type(first)(*merged([tuple(columns) for *columns, _ in chunks.results]))

        return self._memo.ask("answers", (chunks, len(chunks.results)), joined)

    def windows(self, state: TrainState, dataset: Dataset) -> WindowAnswers:
        """The answers read so far after windows of series, beside those of simple models."""
        chunks, values = self._chunks(state, dataset), self.answers(state, dataset)
        assert isinstance(values, Values)
        return self._memo.ask(
            "windows", (chunks, len(chunks.results)),
            lambda: WindowAnswers.of(dataset, self.parts(dataset), values),
        )  # fmt: skip

    def step(self, state: TrainState, dataset: Dataset) -> StepAnswers:
        """Those of the chosen column, as far ahead as chosen."""
        last = expected_values(dataset).horizon - 1
        ahead = last if self.ahead is Ahead.LAST else 0
        return self.windows(state, dataset).step(ahead, self.column)

    def develop(self, state: TrainState, dataset: Dataset) -> Iterator[None]:
        """Read on; yields before each chunk."""
        return self._chunks(state, dataset).develop()

    def _chunks(self, state: TrainState, dataset: Dataset) -> ChunkedRead[Answers | Values]:
        parameters, examples = state.parameters, self.part(dataset)
        key = dataset, self.rows, parameters.architecture
        orders = self._memo.ask(
            "orders", key, lambda: chunk_indexes(examples, parameters.theta.size)
        )
        reads = _reader(dataset)
        return self._memo.ask(
            "chunks", (state, dataset, self.rows),
            lambda: ChunkedRead(orders, lambda chunk: reads(parameters, examples, chunk)),
        )  # fmt: skip

    # Lists

    def listed(self, answers: Answers) -> list[Section]:
        """The answers to list: wrong ones, unsure ones, or all of them."""
        if self.cell is not None:
            target, predicted = self.cell
            found = (answers.targets == target) & (answers.predicted == predicted)
            return [Section("chosen", surest(answers, found))]
        right = Section("near", least_sure(answers, whole(answers)))
        wrong = Section("errors", surest(answers, answers.wrong))
        if self.show is Show.ERRORS:
            return [wrong, right]
        if self.show is Show.UNSURE:
            every = np.ones(len(answers.owners), bool)
            return [Section("unsure", least_sure(answers, every))]
        return [_in_order(answers, [wrong, right])]

    def largest(self, values: Values | StepAnswers) -> list[Section]:
        """The largest error of values of each sequence, the largest first; or all in order.

        Unknown errors are left out.
        """
        if isinstance(values, StepAnswers):
            found = values.largest
        else:
            order = np.argsort(-np.nan_to_num(values.errors, nan=np.inf), kind="stable")
            found = one_each(values.owners, order)
        largest = Section("largest", found)
        return [_in_order(values, [largest]) if self.show is Show.ALL else largest]

    # The sequence that is opened

    def fit(self, dataset: Dataset) -> None:
        """Reset the choices if the data are new."""
        if dataset is not self._dataset:
            # Before there were data, cell and row are those of a link.
            first = self._dataset is None
            fits = first and max(self.cell or (0,)) < len(dataset.classes)
            self._dataset, self.cell = dataset, self.cell if fits else None
            columns = dataset.series.columns.expected if dataset.series else ()
            self.column = self.column if self.column < len(columns) else 0
            row, self.row, self.opened = self.row if first else None, None, None
            if row and row[1] < len(part := _part(dataset, row[0])):
                example = part[row[1]]
                self.choose(row, example, dataset, dataset.phrase_of(example))

    def choose(
        self, row: tuple[DataPart, int], example: Example, dataset: Dataset, typed: str
    ) -> None:
        """Show a sequence of the list word by word, until something else is ``typed``."""
        try:
            read(dataset, dataset.phrase_of(example))
        except TaskError:
            return
        self.row, self.opened, self._typed = row, example, typed

    def current(self, typed: str) -> Example | None:
        """The opened sequence, unless something else is typed."""
        return self.opened if typed == self._typed else None

    def probe(
        self, state: TrainState, dataset: Dataset, config: RunConfig, example: Example
    ) -> Probe:
        """A sequence of the data, read by the network."""
        text, parameters = dataset.phrase_of(example), state.parameters
        return self._memo.ask(
            "probe",
            (state, example, config),
            lambda: inspect(dataset, parameters, text, config, example),
        )


def in_common(one: Found, other: Found) -> tuple[Found, Found]:
    """The answers of two networks to the sequences that both have read; they are aligned."""
    return _among(one, other.owners), _among(other, one.owners)


def _among(found: Found, owners: Array) -> Found:
    some = np.isin(found.owners, owners)
    return type(found)(*(column[some] for column in found))


def apart(first: Answers, second: Answers, show: Show) -> list[Section]:
    """The answers of two networks, aligned, by who is right: the first alone, the second, neither.

    Those that both have right come last, the least sure first. The unsure ones are those of which
    either network is unsure.
    """
    one, other = whole(first), whole(second)
    sections = [
        Section("first", surest(second, one & second.wrong)),
        Section("second", surest(first, other & first.wrong)),
        Section("neither", surest(first, ~other & first.wrong)),
        Section("near", least_sure(first, one & other)),
    ]
    if show is Show.UNSURE:
        either = first._replace(probability=np.minimum(first.probability, second.probability))
        return [Section("unsure", least_sure(either, np.ones(len(one), bool)))]
    return sections if show is Show.ERRORS else [_in_order(first, sections)]


def closer(first: Values, second: Values, show: Show) -> list[Section]:
    """The answers of two networks, aligned, by whose mean squared error is smaller.

    The sequence with the largest difference is first. Of each the answer is listed at which both
    differ most.
    """
    apart = np.nan_to_num(second.squares - first.squares)
    less = np.nan_to_num(mean_squares(second) - mean_squares(first))
    found = one_each(first.owners, np.lexsort((-np.abs(apart), -np.abs(less))))
    sections = [Section("first", found[less[found] > 0]), Section("second", found[less[found] < 0])]
    return sections if show is Show.ERRORS else [_in_order(first, [Section("", found)])]


def mean_squares(found: Values) -> Array:
    """The mean squared error of each answer's sequence, (M,)."""
    _, owners = np.unique(found.owners, return_inverse=True)
    return np.asarray((np.bincount(owners, found.squares) / np.bincount(owners))[owners])


def _in_order(found: Answers | Values | StepAnswers, sections: list[Section]) -> Section:
    every = np.concatenate([section.answers for section in sections])
    return Section("all", every[np.argsort(found.owners[every], kind="stable")])


def most_confused(answers: Answers) -> tuple[int, int] | None:
    """The most frequent confusion, as a target and an answer.

    None if every confusion occurs once, or if several are equally frequent.
    """
    wrong = answers.wrong & (answers.predicted >= 0)
    if not wrong.any():
        return None
    pairs = np.stack([answers.targets[wrong], answers.predicted[wrong]], axis=1)
    kinds, counts = np.unique(pairs, axis=0, return_counts=True)
    target, predicted = kinds[counts.argmax()].tolist()
    most = counts == counts.max()
    return (target, predicted) if counts.max() > 1 and most.sum() == 1 else None


def one_each(owners: Array, order: Array) -> Array:
    """The first answer of every sequence in an ``order`` of some answers, in this order."""
    _, first = np.unique(owners[order], return_index=True)
    return order[np.sort(first)]


def surest(answers: Answers, among: Array) -> Array:
    """The surest answer of each sequence ``among`` some answers (M,), the surest first."""
    order = np.argsort(-np.nan_to_num(answers.probability, nan=-1), kind="stable")
    return one_each(answers.owners, order[among[order]])


def least_sure(answers: Answers, among: Array) -> Array:
    """The least sure answer of each sequence ``among`` some answers (M,), the least sure first."""
    order = np.argsort(np.nan_to_num(answers.probability, nan=-1), kind="stable")
    return one_each(answers.owners, order[among[order]])


def whole(answers: Answers) -> Array:
    """Which answers (M,) are in a sequence without a wrong one."""
    return ~np.isin(answers.owners, np.unique(answers.owners[answers.wrong]))


# Results of a run as CSV: every answer, the confusion matrix, and the scores of every class


class ResultFile(NamedTuple):
    """A kind of results: the suffix of its file name, its label, and a description."""

    suffix: str
    label: str
    help: str


_ROWS = "One row for each answer: text, target, answer, and of classes its probability."
_STEPS = "One row for each step after each window: target, answers of the network and others."
_MATRIX = f"A row for each target class, a column for each answer: up to {MAX_CLASSES} of both."
_CLASSES = (
    f"Recall, precision, F1 and the count of every class, or of the {MAX_CLASSES} most frequent."
)
ANSWERS = ResultFile("", "Answers", _ROWS)
CONFUSION = ResultFile("-confusion", "Confusion matrix", _MATRIX)
SCORES = ResultFile("-classes", "Scores of the classes", _CLASSES)


def result_files(session: Session) -> list[ResultFile]:
    """The kinds of results; values have no classes."""
    if expects_values(session.dataset):
        return [ANSWERS._replace(help=_STEPS)]
    return [ANSWERS, CONFUSION, SCORES] if session.dataset.answers_classes else [ANSWERS]


def result_csv(session: Session, kind: ResultFile) -> str:
    """Results on the part of the data that ``session.lab(ResultsLab).rows`` names, as a text.

    Lines with # before them describe their origin.
    """
    answers = kind.suffix == ANSWERS.suffix
    found = _answer_table(session) if answers else _by_class(session, kind)
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
    lab = session.lab(ResultsLab)
    if expects_values(data):
        return lab.windows(session.state, data).table()
    part, owners = lab.part(data), answers.owners.tolist()
    columns: dict[str, Any] = {}
    if session.data.own:
        if lab.rows is DataPart.ALL and data.test:
            columns["part"] = ["test" if k < len(data.test) else "train" for k in owners]
        for name, found in origins(part).items():
            columns[name] = [found[k] for k in owners]
    if data.series:
        columns[data.series.columns.time or "step"] = _times(session, answers)
    columns["text"] = [part[k].text for k in owners]
    if not data.one_class_at_end:
        columns["place"] = (answers.places + 1).tolist()
    if isinstance(answers, Answers):
        columns["label"] = [data.classes[k] for k in answers.targets.tolist()]
        predicted = answers.predicted.tolist()
        columns["predicted"] = [data.classes[k] if k >= 0 else "" for k in predicted]
        columns["probability"] = answers.probability.tolist()
    else:
        targets, predicted = map(data.own_answers, (answers.targets, answers.predicted))
        for k, name in enumerate(data.classes):
            columns[f"target {name}"] = targets[:, k].tolist()
            columns[f"predicted {name}"] = predicted[:, k].tolist()
    return pd.DataFrame(columns)


def _times(session: Session, answers: Answers | Values) -> list[str]:
    """The time of each answer about series."""
    data, lab = session.dataset, session.lab(ResultsLab)
    assert data.series, "only series have times"
    times, starts = list[Array](), list[Array]()
    for test in lab.parts(data):
        _, whole, first = windows_in(data.series, test)
        starts.append(first + sum(map(len, times)))
        times.append(whole.times)
    lengths = np.array([len(example.inputs) for example in lab.part(data)])
    ahead = lengths[answers.owners] - 1 if data.one_class_at_end else answers.places
    return written(np.concatenate(times)[np.concatenate(starts)[answers.owners] + ahead])


def origins(part: Sequence[Example]) -> dict[str, list[Any]]:
    """Where sequences of one's own come from: the row in their file, and its own id.

    A plain text has no rows, and many tables have no column of ids.
    """
    found: dict[str, list[Any]] = {
        "row": [one.row for one in part], "id": [one.key for one in part]
    }  # fmt: skip
    return {name: values for name, values in found.items() if len({*values}) > 1}


def _by_class(session: Session, kind: ResultFile) -> pd.DataFrame:
    """The confusion matrix or the scores of the most frequent target classes."""
    answers, classes = _all_answers(session), session.dataset.classes
    assert isinstance(answers, Answers)
    found = confusion(answers, len(classes), MAX_CLASSES)
    names = [classes[k] for k in found.classes.tolist()]
    if kind is CONFUSION:
        return pd.DataFrame(found.counts, pd.Index(names, name="label \\ predicted"), names)
    scores = {"recall": found.recall, "precision": found.precision, "f1": found.f1}
    return pd.DataFrame({"class": names, **scores, "count": found.targets})
