"""Signature: the names of the inputs and outputs of a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnnviz.config import Loss, OutputAt
from rnnviz.tasks.csv_table import MAX_LETTERS, TaskError
from rnnviz.tasks.vocabulary import MAX_TOKENS, Vocabulary, split_words

#: The words of a vocabulary in their order, or each with its number.
Words = Sequence[str] | Mapping[str, int]


@dataclass(frozen=True)
class Signature:
    """What a network reads, words or numbers, and what it answers, classes or values.

    ``vocabulary`` are the words, or the names of the numbers at a step; ``classes`` the names of
    the classes, or of the values. Raises TaskError for names that can't be told apart.
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
        """Whether it answers classes, not values."""
        return self.loss is Loss.CROSS_ENTROPY


def signature_of(
    vocabulary: Words | None = None,
    classes: Sequence[str] | None = None,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    characters: bool | None = None,
) -> Signature:
    """The signature of a network that reads a vocabulary or inputs; raises TaskError.

    ``inputs`` are the names of the numbers that it reads at a step, ``outputs`` those of the values
    that it answers, instead of ``classes``.
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
    if inputs is None:
        assert vocabulary is not None, "one of the two is given"
        return Signature(vocabulary_from(vocabulary, characters), names, True, loss)
    channels = texts(inputs, "inputs")
    _check_names(channels, "inputs", "input")
    return Signature(Vocabulary(channels), names, False, loss)


def vocabulary_from(words: Words, characters: bool | None = None) -> Vocabulary:
    """The vocabulary of these words, in their order or by their numbers; raises TaskError.

    By default it is one of characters if every word is a single one. Words that can't be typed in
    lower case, without punctuation, are read verbatim.
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
        raise TaskError(f"The {what} has {len(names):,} entries, more than {MAX_TOKENS:,}.")
    seen: set[str] = set()
    article = "An" if noun[0] in "io" else "A"
    for name in names:
        if not name or len(name) > MAX_LETTERS:
            raise TaskError(
                f"{article} {noun} must have 1 to {MAX_LETTERS} characters, not {len(name):,}."
            )
        if name != name.encode(errors="replace").decode():
            raise TaskError(f"{article} {noun} has half of a sign, {name[:30]!r}: write it anew.")
        if name in seen:
            raise TaskError(f"The {noun} {name[:30]!r} stands twice in the {what}.")
        seen.add(name)
