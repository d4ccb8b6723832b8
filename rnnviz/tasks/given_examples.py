"""Given examples: the inputs and outputs of a network from elsewhere, and its sequences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from reprlib import repr as shortened
from typing import Any, NamedTuple

import numpy as np

from rnnviz.config import Loss, OutputAt
from rnnviz.tasks.data.csv_table import MAX_CHARACTERS, MAX_LETTERS, MAX_ROWS, MAX_WORDS, TaskError
from rnnviz.tasks.data.vocabulary import (
    LARGEST,
    MAX_TOKENS,
    Array,
    Vocabulary,
    has_marks,
    read_values,
    split_words,
    write_values,
)
from rnnviz.tasks.dataset import ACCURACY, WITHIN, Dataset, Example, within

#: The words of a vocabulary in their order, or each with its number.
Words = Sequence[str] | Mapping[str, int]


@dataclass(frozen=True)
class Signature:
    """The inputs of a network, words or numbers, and its outputs, classes or values.

    ``vocabulary`` are the words, or the names of the numbers of a step; ``classes`` the names of
    the classes, or of the values. Raises TaskError for invalid or equal names.
    """

    vocabulary: Vocabulary
    classes: tuple[str, ...]
    tokens: bool = True
    loss: Loss = Loss.CROSS_ENTROPY

    def __post_init__(self) -> None:
        what, noun = ("classes", "class") if self.answers_classes else ("outputs", "output")
        _check_names(self.classes, what, noun)
        if self.answers_classes and len(self.classes) < 2:
            raise TaskError("There must be at least two classes.")

    @property
    def answers_classes(self) -> bool:
        """Whether the outputs are classes, not values."""
        return self.loss is Loss.CROSS_ENTROPY


def signature_of(
    vocabulary: Words | None = None,
    classes: Sequence[str] | None = None,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    characters: bool | None = None,
) -> Signature:
    """The signature of a network; raises TaskError.

    It reads the words of a ``vocabulary``, or numbers with the names ``inputs``; its outputs are
    ``classes``, or values with the names ``outputs``.
    """
    if (vocabulary is None) == (inputs is None):
        raise TaskError(
            "Give vocabulary=, the words, if the network reads words, or inputs=, the names of the "
            "numbers at a step, if it reads numbers: one of the two."
        )
    if (classes is None) == (outputs is None):
        raise TaskError(
            "Give classes=, their names, if the network answers classes, or outputs=, the names of "
            "the values, if it answers values: one of the two."
        )
    names = texts(classes, "classes") if outputs is None else texts(outputs, "outputs")
    loss = Loss.CROSS_ENTROPY if outputs is None else Loss.SQUARED_ERROR
    if vocabulary is not None:
        return Signature(vocabulary_from(vocabulary, characters), names, True, loss)
    channels = texts(inputs, "inputs")
    _check_names(channels, "inputs", "input")
    return Signature(Vocabulary(channels), names, False, loss)


def vocabulary_from(words: Words, characters: bool | None = None) -> Vocabulary:
    """The vocabulary of these words, in their order or by their indices; raises TaskError.

    By default its tokens are characters if every word is a single character. Words that can't be
    typed in lower case, without punctuation, are read verbatim.
    """
    if isinstance(words, Mapping):
        by_number = {number: str(word) for word, number in words.items()}
        if by_number.keys() != {*range(len(words))}:
            raise TaskError(
                f"The numbers of the {len(words):,} words must be 0 to {len(words) - 1:,}, each "
                "once."
            )
        listed = tuple(by_number[number] for number in range(len(words)))
    else:
        listed = texts(words, "vocabulary")
    _check_names(listed, "vocabulary", "word")
    single = all(len(word) == 1 for word in listed)
    if characters and not single:
        raise TaskError("The vocabulary has words of several characters: it can't be characters.")
    characters = single if characters is None else characters
    plain = all(split_words(word) == [word] for word in listed)
    return Vocabulary(listed, characters, verbatim=not (characters or plain))


def place_of(reads: str | None) -> OutputAt | None:
    """Parse the tokens after which a network is read out; raise TaskError."""
    try:
        return None if reads is None else OutputAt(reads)
    except ValueError:
        raise TaskError(f"reads can't be {str(reads)[:40]!r}: it is last or every.") from None


def texts(values: Any, what: str) -> tuple[str, ...]:
    """Convert to strings; raise TaskError for anything but a list."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TaskError(f"The {what} must be a list of texts.")
    return tuple(map(str, values))


def _check_names(names: Sequence[str], what: str, noun: str) -> None:
    if not names:
        raise TaskError(f"The {what} is empty." if noun == "word" else f"There are no {what}.")
    if len(names) > MAX_TOKENS:
        raise TaskError(
            f"There are {len(names):,} entries in the {what}, more than {MAX_TOKENS:,}."
        )
    seen: set[str] = set()
    one = f"{'An' if noun[0] in 'io' else 'A'} {noun}"
    for place, name in enumerate(names, 1):
        if not name or len(name) > MAX_LETTERS:
            long = f"{one} must have 1 to {MAX_LETTERS} characters, not {len(name):,}"
            raise TaskError(f"{long}: entry {place:,} of the {what}.")
        if name != name.encode(errors="replace").decode():
            raise TaskError(f"{one} has half of a character, {name[:30]!r}: write it again.")
        if name in seen:
            raise TaskError(f"The {noun} {name[:30]!r} appears twice in the {what}.")
        seen.add(name)


# Examples


#: A text, or an array of numbers (T, D); or a pair of it and its target: a class, or values, or a
#: list of these, one after every token.
Given = Any
#: Most characters of numbers that are written.
_MOST_TEXT = 20_000


class _Pair(NamedTuple):
    """A sequence, its target or None, and its name in messages."""

    sequence: Any
    target: Any
    called: str


@dataclass(frozen=True)
class GivenExamples:
    """Examples to train on and to test with, of a network with this signature.

    Numbers are read in the precision ``dtype`` of the network.
    """

    signature: Signature
    examples: Iterable[Given] = ()
    test: Iterable[Given] = ()
    dtype: str = "float64"

    def dataset(self, name: str, reads: OutputAt = OutputAt.LAST) -> Dataset:
        """A dataset; raises TaskError.

        Without examples every word is one. Without targets the network's own answers, which are
        still unknown, are the targets: here they are 0.
        """
        train = [*self._pairs(self.examples, "example")]
        test = [*self._pairs(self.test, "test example")]
        if len(train) + len(test) > MAX_ROWS:
            raise TaskError(f"There are more than {MAX_ROWS:,} examples. Use fewer.")
        labelled = _labelled(train, test)
        train = train or self._words()
        of, pairs = self.signature, [*train, *test]
        marks = len(of.vocabulary) == 2 and all(_is_marked(pair.sequence) for pair in pairs)
        made, tested = (
            tuple(self._example(pair, reads, marks) for pair in part) for part in (train, test)
        )
        metric = ACCURACY
        if not of.answers_classes:
            # The share of values that are off by less than a tenth of their deviation.
            targets = np.concatenate([example.targets for example in made])
            with np.errstate(over="ignore", invalid="ignore"):
                deviation = math.sqrt(targets.var(axis=0).mean()) if labelled else 0.0
            known = deviation and math.isfinite(deviation)
            metric = within(float(f"{deviation / 10:.1g}")) if known else WITHIN
        typed = [pair.sequence for pair in pairs] if of.tokens else []
        skipped = {word for text in typed for word in of.vocabulary.read(text).unknown}
        return Dataset(
            name, of.vocabulary, of.classes, made, tested, _notes(of, skipped, labelled),
            reads=reads, loss=of.loss, metric=metric, labelled=labelled,
        )  # fmt: skip

    def _pairs(self, given: Iterable[Given], called: str) -> Iterator[_Pair]:
        for number, one in enumerate(given, 1):
            if isinstance(one, str) or not (self.signature.tokens or isinstance(one, tuple)):
                yield _Pair(one, None, f"The {called} {number}")
                continue
            try:
                sequence, target = one
            except (TypeError, ValueError):
                sequence = target = None
            if sequence is None or (self.signature.tokens and not isinstance(sequence, str)):
                what = "text and its label" if self.signature.tokens else "sequence and its target"
                raise TaskError(f"{_cut(one, 60)!r} is not an example: give a {what}.")
            yield _Pair(sequence, target, f"The {called} {number}")

    def _words(self) -> list[_Pair]:
        """Every word that can be typed, as an example; raises TaskError if there is none."""
        vocabulary = self.signature.vocabulary
        if not self.signature.tokens:
            raise TaskError(
                "There are no examples: give examples=, sequences of numbers that it reads."
            )
        words = [word for word in vocabulary.words if vocabulary.split(word) == [word]]
        if not words:
            raise TaskError("Every word of the vocabulary has a space in it: none can be typed.")
        return [_Pair(word, None, "") for word in words]

    def _example(self, pair: _Pair, reads: OutputAt, marks: bool) -> Example:
        """An example; with ``marks`` the second of two numbers is written as a mark."""
        of, target, called = self.signature, pair.target, pair.called
        if of.tokens:
            called = f"The example {pair.sequence[:60]!r}"
            text, inputs = pair.sequence, _tokens(pair.sequence, called, of.vocabulary)
        else:
            text, inputs = self._numbers(pair.sequence, called, marks)
        count = len(inputs) if reads is OutputAt.EVERY else 1
        if not of.answers_classes:
            targets = _values(target, called, count, of.classes, reads)
        elif target is None:
            targets = np.zeros(count, np.intp)
        else:
            targets = _classes(target, called, count, of.classes, reads)
        return Example(text, inputs, targets)

    def _numbers(self, given: Any, called: str, marks: bool) -> tuple[str, Array]:
        """Numbers as text, and as an array (T, D) in which they are exactly those of the text."""
        names = self.signature.vocabulary.words
        if isinstance(given, str):
            return given, read_values(given, names, MAX_WORDS)
        values = _array(given, self.dtype, called)
        values = values[:, None] if values.ndim == 1 and len(names) == 1 else values
        _check_values(values, names, called)
        text = write_values(values, marks)
        if len(text) > _MOST_TEXT:
            raise TaskError(
                f"{called} has {len(text):,} characters when it is written down, more than "
                f"{_MOST_TEXT:,}. Shorten it, or round its numbers."
            )
        return text, read_values(text, names, MAX_WORDS)


def _labelled(train: Sequence[_Pair], test: Sequence[_Pair]) -> bool:
    """Whether the examples have targets; raises TaskError if only some have."""
    missing = [pair.target is None for pair in (*train, *test)]
    if any(missing) and not all(missing):
        raise TaskError("Some examples have labels and some have none. Give all of them one.")
    if test and (not train or all(missing)):
        raise TaskError(
            "Test examples need labels, and other examples with labels to learn from. Without a "
            "test, give them as examples."
        )
    return bool(train) and not any(missing)


def _is_marked(given: Any) -> bool:
    if isinstance(given, str):
        return True
    try:
        return has_marks(np.asarray(given, float))
    except (TypeError, ValueError, OverflowError):
        return False  # It is refused where it is read.


def _array(given: Any, dtype: str, called: str) -> Array:
    try:
        with np.errstate(over="ignore"):
            return np.asarray(given, dtype)
    except (TypeError, ValueError, OverflowError):
        raise TaskError(
            f"{called} can't be read as an array of numbers: give a row for each step."
        ) from None


def _check_values(values: Array, names: Sequence[str], called: str) -> None:
    if values.ndim != 2 or values.shape[1] != len(names) or not len(values):
        listed = ", ".join(name[:30] for name in names[:8])
        raise TaskError(
            f"{called} has the shape {values.shape}, and must have (steps, {len(names)}): a row "
            f"for each step, with {listed}."
        )
    if len(values) > MAX_WORDS:
        raise TaskError(f"{called} has {len(values):,} steps, more than {MAX_WORDS}. Shorten it.")
    if not np.isfinite(values).all():
        problem = "has inputs that are not finite numbers. Fill them, or leave it out."
        raise TaskError(f"{called} {problem}")
    if float(np.abs(values).max()) > LARGEST:
        raise TaskError(
            f"{called} has an input that is not between −{LARGEST:g} and {LARGEST:g}. Train the "
            "network on smaller numbers."
        )


def _tokens(text: str, called: str, vocabulary: Vocabulary) -> Array:
    most = MAX_CHARACTERS if vocabulary.characters else MAX_WORDS
    # Skipped ones count, too, as in a text that is typed.
    if len(vocabulary.split(text)) > most:
        raise TaskError(f"{called} has more than {most} {vocabulary.unit}. Shorten it.")
    tokens = vocabulary.read(text).tokens
    if not len(tokens):
        raise TaskError(f"{called} has no {vocabulary.noun} of the vocabulary.")
    return tokens


def _classes(
    label: Any, called: str, count: int, classes: tuple[str, ...], reads: OutputAt
) -> Array:
    """The class indices (N,) of labels, which are names or indices."""
    every = reads is OutputAt.EVERY
    several = every and isinstance(label, Iterable) and not isinstance(label, str)
    labels = [*label] if several else [label]
    if len(labels) != count:
        raise TaskError(
            f"{called} has {len(labels)} label{'s' * (len(labels) != 1)}, and the network reads "
            f"{count} of its tokens: it answers after every one."
        )
    return np.array([_class(one, called, classes) for one in labels])


def _cut(value: Any, most: int) -> str:
    """The beginning of a value as text; a large list is not written whole."""
    large = isinstance(value, list | tuple | dict | np.ndarray)
    return (shortened(value) if large else str(value))[:most]


def _class(label: Any, called: str, classes: tuple[str, ...]) -> int:
    if isinstance(label, np.ndarray | np.generic) and label.size == 1:
        label = label.item()
    if not isinstance(label, list | tuple | dict) and str(label) in classes:
        return classes.index(str(label))
    if type(label) is int and 0 <= label < len(classes):
        return label
    listed = ", ".join(name[:30] for name in classes[:8])
    raise TaskError(
        f"{called} has the unknown label {_cut(label, 30)!r}; the classes are {listed}."
    )


def _values(target: Any, called: str, count: int, names: tuple[str, ...], reads: OutputAt) -> Array:
    """Values (N, C); a single one needs no axis of its own."""
    shape, last, single = (count, len(names)), reads is OutputAt.LAST, len(names) == 1
    if target is None:
        return np.zeros(shape)
    values = _array(target, "float64", f"The target of {called[0].lower()}{called[1:]}")
    allowed = [shape, *[(count,)] * single, *[shape[1:]] * last, *[()] * (last and single)]
    if values.shape not in allowed:
        raise TaskError(
            f"{called} has a target of the shape {values.shape}, and must have {shape}: a row for "
            f"each answer, with {', '.join(name[:30] for name in names[:8])}."
        )
    if not np.isfinite(values).all():
        raise TaskError(f"{called} has a target that is not a finite number. Leave it out.")
    return values.reshape(shape)


def _notes(of: Signature, skipped: set[str], labelled: bool) -> tuple[str, ...]:
    notes = []
    if skipped:
        listed = ", ".join(nsmallest(8, (word[:30] for word in skipped)))
        tokens = of.vocabulary.unit.capitalize()
        notes.append(f"{tokens} outside of the vocabulary are skipped in the examples: {listed}.")
    words = of.vocabulary.words if of.tokens else ()
    untyped = [word for word in words if of.vocabulary.split(word) != [word]]
    if untyped:
        listed = ", ".join(repr(word[:30]) for word in untyped[:8])
        notes.append(f"Words with a space can't be typed: {listed}.")
    if not labelled:
        gradient = "" if of.answers_classes else ", and no gradient is left"
        notes.append(
            "There are no labels: the network's own answers are the targets, so nothing "
            f"trains{gradient}."
        )
    return tuple(notes)
