"""Dataset: the training and test examples of a run, their metric, and both as JSON."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np

from rnnviz.config import Loss, OutputAt, brief
from rnnviz.tasks.data.csv_table import MAX_LETTERS, MAX_ROWS, TaskError
from rnnviz.tasks.data.series import Series, WindowedSeries
from rnnviz.tasks.data.vocabulary import MAX_TOKENS, Array, Vocabulary, read_values
from rnnviz.tasks.scales import Units


@dataclass(frozen=True, eq=False)
class Example:
    """One sequence, as text and as arrays.

    ``inputs`` are token indices (T,) or values (T, D). ``targets`` are class indices (N,) or values
    (N, C): N = 1 after the last token, or N = T after every token. ``source`` (S,) are the token
    indices of the encoder. ``row`` is the row in its file, from 1, or 0, and ``key`` what the file
    calls it. ``times`` (T,) are those of its steps, dates or numbers, if they are known.
    """

    text: str
    inputs: Array
    targets: Array
    source: Array | None = None
    row: int = 0
    key: str = ""
    times: Array | None = None

    @property
    def read(self) -> Array:
        """The array of the text: the source of a decoder, else the inputs."""
        return self.inputs if self.source is None else self.source

    @property
    def target(self) -> int:
        """The target class of the first, or only, output."""
        return int(self.targets[0])


class Window(NamedTuple):
    """An example that is cut from a series: steps ``start`` to ``end`` of a ``piece`` of it.

    Its ``number`` counts the windows of the training first, then those of the test.
    """

    number: int
    example: Example
    piece: Series
    start: int
    end: int


_WITHIN = "within "
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,12})?(e[+-]\d{1,3})?", re.ASCII)


@dataclass(frozen=True)
class Metric:
    """A share from 0 to 1, explained by ``label``; errors below ``tolerance``, if any, are right.

    ``right`` returns which outputs are right, (M,), or the share of each, for ``outputs`` (M, C),
    logits or values, and ``targets``, classes (M,) or values (M, C). With ``whole`` a sequence
    counts only if all are right.
    """

    name: str
    label: str
    right: Callable[[Array, Array], Array]
    tolerance: float | None = None
    whole: bool = False

    def share(self, right: Array, owners: Array) -> float:
        """The share of ``right`` outputs (M,), or of sequences; ``owners`` (M,) has these."""
        if not self.whole:
            return float(np.mean(right))
        return 1 - len(np.unique(owners[~right])) / len(np.unique(owners))

    def score(self, outputs: Array, targets: Array, owners: Array) -> float:
        """The share of outputs, or of sequences, that are right; M >= 1."""
        return self.share(self.right(outputs, targets), owners)


class Guess(NamedTuple):
    """Guessing, the best ``answer`` (C,) that is the same for every input.

    It has probabilities or values, a loss, the formula of the loss and its unit.
    """

    answer: Array
    loss: float
    text: str
    unit: str


def guess_classes(targets: Array, count: int) -> Guess:
    """Guess the frequencies of ``count`` classes in the targets (N,): their entropy in nats."""
    shares = np.bincount(targets, minlength=count) / len(targets)
    known = shares[shares > 0]
    loss = -float(known @ np.log(known))
    even = count > 1 and shares.max() == shares.min()
    return Guess(shares, loss, f"{f'ln {count}' if even else 'entropy'} = {loss:.3f}", "nats")


def guess_values(targets: Array) -> Guess:
    """Guess the mean of every channel of the targets (N, C): their variance."""
    loss = float(targets.var(axis=0).mean())
    return Guess(targets.mean(axis=0), loss, f"variance {loss:.3g}", "MSE")


@cache
def within(tolerance: float) -> Metric:
    """The share of outputs (M, C) with all values less than ``tolerance`` from the target."""

    def right(outputs: Array, targets: Array) -> Array:
        return np.asarray(np.all(np.abs(outputs - targets) < tolerance, axis=1))

    label = f"share of answers less than {tolerance:g} off"
    return Metric(f"{_WITHIN}{tolerance:g}", label, right, tolerance)


def _signs(outputs: Array, targets: Array) -> Array:
    return np.asarray(np.all(outputs * targets > 0, axis=1))


def _correct(outputs: Array, targets: Array) -> Array:
    # NaN is never correct, although argmax would pick it.
    correct: Array = (outputs.argmax(axis=1) == targets) & ~np.isnan(outputs).any(axis=1)
    return correct


ACCURACY = Metric("accuracy", "share of answers that are right", _correct)
EXACT = Metric("exact match", "share of sequences that are right as a whole", _correct, whole=True)
WITHIN = within(0.1)


def _near(outputs: Array, targets: Array) -> Array:
    return np.asarray(np.mean(np.abs(outputs - targets) < 0.5, axis=1))


#: Of standardised values, each of which counts: several columns and steps ahead are one answer.
WITHIN_HALF = Metric(
    "within ½ SD", "share of numbers less than half a standard deviation of the training off",
    _near, tolerance=0.5,
)  # fmt: skip
SIGNS = Metric("signs right", "share of answers whose every sign is right", _signs)


def metric_named(name: str) -> Metric | None:
    """The metric of this name, if there is one."""
    if name.startswith(_WITHIN) and _NUMBER.fullmatch(name.removeprefix(_WITHIN)):
        return within(float(name.removeprefix(_WITHIN)))
    return {metric.name: metric for metric in (ACCURACY, EXACT, SIGNS, WITHIN_HALF)}.get(name)


# Datasets


#: The target of an output whose class is unknown.
GAP = -1
#: The stream of ``np.random.default_rng((seed, stream, ...))`` for new sequences.
EXTRAPOLATING = 6
#: Draws for each sequence, before the search for another one ends.
_TRIES = 10


@dataclass(frozen=True)
class Extrapolation:
    """How a task draws sequences of any length.

    A length counts ``noun``; ``trained`` is the longest in training, ``lengths`` are measured.
    ``draw`` takes a generator and a length, at least ``shortest``. ``note`` is a sentence about the
    sequences.
    """

    noun: str
    trained: int
    lengths: tuple[int, ...]
    draw: Callable[[np.random.Generator, int], Example]
    note: str = ""
    shortest: int = 1

    def new(self, length: int, count: int, learned: Collection[bytes]) -> tuple[Example, ...]:
        """Up to ``count`` distinct sequences without ``learned`` inputs, the same in every run."""
        rng = np.random.default_rng((0, EXTRAPOLATING, length))
        drawn: dict[bytes, Example] = {}
        for _ in range(_TRIES * count):
            example = self.draw(rng, length)
            if (key := example.inputs.tobytes()) not in learned:
                drawn[key] = example
            if len(drawn) == count:
                break
        return tuple(drawn.values())


def around(trained: int) -> tuple[int, ...]:
    """Half of the trained length, itself, twice and four times it."""
    return trained // 2, trained, 2 * trained, 4 * trained


@dataclass(frozen=True)
class Reference:
    """A predictor of values: its short name, a description, and its formula.

    ``predict`` takes inputs (T, D) and returns outputs (N, C), one after the last step or one
    after every step; an output depends on no later input.
    """

    name: str
    text: str
    predict: Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test examples, and the names of inputs and outputs.

    ``vocabulary`` are the tokens, or the channels, of the inputs; ``classes`` the classes, or the
    channels, of the outputs; ``source`` the tokens of the encoder, if any. ``unknown`` are the test
    tokens that are skipped because no training example has them. ``rule`` computes the targets of
    inputs, (N,) or (N, C), with gaps where it doesn't apply. ``reference`` is a predictor of values
    to compare a network with; ``extrapolation`` draws new sequences. ``units`` are those of
    standardised inputs, in which texts are written, ``answer_units`` those of the outputs;
    ``series`` is what windows are cut from. Unless they are ``labelled``, the targets are a
    network's own answers. ``role`` names the use of ``train``: the probe examples of a recording
    train nothing.
    """

    name: str
    vocabulary: Vocabulary
    classes: tuple[str, ...]
    train: tuple[Example, ...]
    test: tuple[Example, ...]
    notes: tuple[str, ...] = ()
    reads: OutputAt = OutputAt.LAST
    loss: Loss = Loss.CROSS_ENTROPY
    source: Vocabulary | None = None
    unknown: tuple[str, ...] = ()
    metric: Metric = ACCURACY
    rule: Callable[[Array], Array] | None = None
    reference: Reference | None = None
    extrapolation: Extrapolation | None = None
    labelled: bool = True
    role: str = "training"
    units: Units | None = None
    answer_units: Units | None = None
    series: WindowedSeries | None = None

    def values_of(self, text: str, longest: int) -> Array:
        """The values (T, D) of a text as the network reads them, T <= ``longest``; raise TaskError.

        Texts are in the units of the data, if these are known.
        """
        if self.units is None:
            return read_values(text, self.vocabulary.words, longest)
        own = read_values(text, self.vocabulary.words, longest, math.inf)
        return self.units.standardised(own)

    def own_answers(self, outputs: Array) -> Array:
        """Outputs (..., C) in the units of the data, if these are known."""
        return outputs if self.answer_units is None else self.answer_units.own(outputs)

    @property
    def tokens(self) -> bool:
        """Whether the inputs are tokens, not values."""
        return self.train[0].inputs.ndim == 1

    @property
    def answers_classes(self) -> bool:
        """Whether the outputs are classes, not values."""
        return self.loss is Loss.CROSS_ENTROPY

    @cached_property
    def _examples(self) -> dict[bytes | str, Example]:
        """The examples by their texts and by the bytes of their arrays."""
        every = (*self.test, *self.train)
        return {e.text: e for e in every} | {e.read.tobytes(): e for e in every}

    @cached_property
    def longest_text(self) -> int:
        """The number of characters of the longest example."""
        return max(len(example.text) for example in (*self.test, *self.train))

    @property
    def one_class_at_end(self) -> bool:
        """Whether the output is a single class, after the last token."""
        return self.answers_classes and self.reads is OutputAt.LAST

    @property
    def reads_its_answers(self) -> bool:
        """Whether every answer can be the next token, but for one that ends the sequence."""
        known = {*self.classes} & {*self.vocabulary.words}
        return self.reads is OutputAt.EVERY and len(known) >= len(self.classes) - 1

    @cached_property
    def guess(self) -> Guess:
        """The best answer without reading: the training set's frequencies or means."""
        targets = np.concatenate([example.targets for example in self.train])
        if self.answers_classes:
            return guess_classes(targets, len(self.classes))
        return guess_values(targets)

    @cached_property
    def windows(self) -> dict[str, Window]:
        """The windows by the name and the first time of each; empty unless cut from series."""
        of, found = self.series, dict[str, Window]()
        parts = () if of is None else (
            (self.train, of.train, of.train_places), (self.test, of.test, of.test_places)
        )  # fmt: skip
        for examples, pieces, places in parts:
            for example, (k, start) in zip(examples, places.tolist(), strict=True):
                end = start + len(example.inputs)
                found[example.key] = Window(len(found), example, pieces[k], start, end)
        return found

    @cached_property
    def _starts(self) -> list[str]:
        return sorted(self.windows)

    def window_at(self, text: str) -> Window | None:
        """The window that begins at the time ``text``, or else the first that begins within it."""
        if found := self.windows.get(text):
            return found
        k = bisect_left(self._starts, text)
        within = text and k < len(self._starts) and self._starts[k].startswith(text)
        return self.windows[self._starts[k]] if within else None

    def phrase_of(self, example: Example) -> str:
        """The text that stands for an example: its own, or the time at which a window begins."""
        return example.text if self.series is None else example.key

    def lookup(self, inputs: Array) -> Example | None:
        """The example with exactly these inputs; with an encoder, with this source."""
        return self._examples.get(inputs.tobytes())

    def lookup_text(self, text: str) -> Example | None:
        """The example with exactly this text, of which some tokens may be skipped."""
        return self._examples.get(text)

    def targets_of(self, inputs: Array) -> Array:
        """The targets of inputs, by the rule or else from the data; -1 or NaN if unknown."""
        if self.rule:
            return self.rule(inputs)
        example = self.lookup(inputs) if self.labelled else None
        count = len(inputs) if self.reads is OutputAt.EVERY else 1
        return example.targets if example else self.unknown_targets(count)

    def unknown_targets(self, count: int) -> Array:
        """Unknown targets: -1 for each class (N,), NaN for each value (N, C)."""
        if self.answers_classes:
            return np.full(count, GAP)
        return np.full((count, len(self.classes)), np.nan)


# Datasets as JSON


M = TypeVar("M", bound=StrEnum)
#: The longest sequence, and the longest text of one.
_MOST_TOKENS, _MOST_TEXT = 10_000, 200_000


def table_of_dataset(dataset: Dataset) -> dict[str, Any]:
    """A dataset for JSON, without its rule, its reference, its extrapolation and its series.

    The text of a window is the time at which it begins.
    """
    return {
        "name": dataset.name, "notes": list(dataset.notes),
        "vocabulary": _table(dataset.vocabulary),
        "source": dataset.source and _table(dataset.source),
        "classes": list(dataset.classes), "reads": dataset.reads.value, "loss": dataset.loss.value,
        "metric": dataset.metric.name, "labelled": dataset.labelled,
        "unknown": list(dataset.unknown),
        "units": dataset.units and dataset.units.rows,
        "answer_units": dataset.answer_units and dataset.answer_units.rows,
        "train": [_row(dataset.phrase_of(one), one) for one in dataset.train],
        "test": [_row(dataset.phrase_of(one), one) for one in dataset.test],
    }  # fmt: skip


def _table(of: Vocabulary) -> dict[str, Any]:
    return {"words": list(of.words), "characters": of.characters, "verbatim": of.verbatim}


def _row(text: str, example: Example) -> list[Any]:
    arrays = example.inputs, example.targets, example.source
    return [text, *(None if array is None else array.tolist() for array in arrays)]


def notes_of(table: Mapping[str, Any]) -> tuple[str, ...]:
    """The notes of a dataset in its table; raises TaskError."""
    return tuple(_text(note, "notes", 2_000) for note in _list(table.get("notes"), "notes", 99))


def dataset_of_table(table: Mapping[str, Any]) -> Dataset:
    """The dataset of ``table_of_dataset``; raises TaskError for anything else."""
    loss = _member(Loss, table.get("loss"), "loss")
    name = brief(table.get("metric"))
    metric = metric_named(name)
    if metric is None or (metric in (ACCURACY, EXACT)) != (loss is Loss.CROSS_ENTROPY):
        raise TaskError(f"Its metric can't be {name!r}.")
    source = table.get("source")
    bare = Dataset(
        _text(table.get("name"), "name", MAX_LETTERS), _vocabulary(table.get("vocabulary")),
        _texts(table.get("classes"), "classes"), train=(), test=(), notes=notes_of(table),
        reads=_member(OutputAt, table.get("reads"), "reads"), loss=loss,
        source=None if source is None else _vocabulary(source),
        unknown=_texts(table.get("unknown"), "unknown", least=0), metric=metric,
        labelled=table.get("labelled") is True,
    )  # fmt: skip
    answers = _units(table.get("answer_units"), len(bare.classes))
    bare = replace(
        bare, units=_units(table.get("units"), len(bare.vocabulary)), answer_units=answers
    )
    train, test = (
        tuple(_example(row, bare) for row in _list(table.get(part), part, MAX_ROWS))
        for part in ("train", "test")
    )
    if not train:
        raise TaskError("It has no examples to train on.")
    if len({example.inputs.ndim for example in (*train, *test)}) > 1:
        raise TaskError("Its examples are words and values.")
    return replace(bare, train=train, test=test)


def _example(row: Any, of: Dataset) -> Example:
    if not (isinstance(row, list) and len(row) == 4):
        raise TaskError("An example must have a text, inputs, targets and a source.")
    text, inputs, targets, source = row
    values = isinstance(inputs, list) and bool(inputs) and isinstance(inputs[0], list)
    read = (_values if values else _numbers)(inputs, len(of.vocabulary))
    answers = (_numbers if of.answers_classes else _values)(targets, len(of.classes))
    wanted = len(read) if of.reads is OutputAt.EVERY else 1
    if len(answers) != wanted or (source is None) != (of.source is None):
        raise TaskError("An example has other targets than its inputs need, or another source.")
    tokens = None if of.source is None else _numbers(source, len(of.source))
    return Example(_text(text, "text", _MOST_TEXT), read, answers, tokens)


def _numbers(given: Any, count: int) -> Array:
    array = _array(given)
    if array.ndim != 1 or array.dtype.kind != "i" or array.min() < 0 or array.max() >= count:
        raise TaskError(f"An example has other numbers than whole ones from 0 to {count - 1:,}.")
    return array.astype(np.intp)


def _values(given: Any, count: int) -> Array:
    array = _array(given)
    if array.ndim != 2 or array.shape[1] != count or not np.isfinite(array).all():
        raise TaskError(f"An example has other values than {count} finite numbers a row.")
    return array.astype(float)


def _array(given: Any) -> Array:
    listed = _list(given, "example", _MOST_TOKENS)
    entries = (entry for row in listed for entry in (row if isinstance(row, list) else [row]))
    # An array of texts has room for the longest one at every place: a short list can fill memory.
    numbers = {*map(type, entries)} <= {int, float}
    try:
        array = np.array(listed if numbers else ())
    except (ValueError, OverflowError):
        array = np.array(())
    if not array.size or array.dtype.kind not in "if":
        raise TaskError("An example is empty, or no array of numbers.")
    return array


def _vocabulary(table: Any) -> Vocabulary:
    if not isinstance(table, dict):
        raise TaskError("Its vocabulary is not a table.")
    words = _texts(table.get("words"), "vocabulary")
    characters, verbatim = (table.get(name) is True for name in ("characters", "verbatim"))
    if characters and any(len(word) != 1 for word in words):
        raise TaskError("Its vocabulary of characters has a word that is not one character.")
    return Vocabulary(words, characters, verbatim)


def _units(table: Any, count: int) -> Units | None:
    if table is None:
        return None
    rows = _values(table, count)
    if len(rows) != 2 or rows[1].min() <= 0:
        raise TaskError("Its units must be means, and scales above 0.")
    return Units(*map(tuple, rows.tolist()))


def _texts(values: Any, what: str, least: int = 1) -> tuple[str, ...]:
    texts = tuple(_text(value, what, MAX_LETTERS) for value in _list(values, what, MAX_TOKENS))
    if len(texts) < least or len({*texts}) < len(texts):
        raise TaskError(f"Its {what} must be different texts, at least {least}.")
    return texts


def _text(value: Any, what: str, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise TaskError(f"Its {what} must be a text of at most {most:,} characters.")
    return value


def _list(values: Any, what: str, most: int) -> list[Any]:
    if not isinstance(values, list) or len(values) > most:
        raise TaskError(f"Its {what} must be a list of at most {most:,}.")
    return values


def _member(kind: type[M], value: Any, what: str) -> M:
    try:
        return kind(value)
    except ValueError:
        raise TaskError(f"Its {what} can't be {brief(value)!r}.") from None
