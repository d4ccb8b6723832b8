"""Given examples: texts for a network from elsewhere, with its words and its classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from rnnviz.config import OutputAt
from rnnviz.tasks.csv_table import MAX_CHARACTERS, MAX_LETTERS, MAX_ROWS, MAX_WORDS, TaskError
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.tokenization import MAX_TOKENS
from rnnviz.tasks.vocabulary import Array, Vocabulary, split_words

#: A text, or a text with its label: a class, or a class after every token.
Given = str | tuple[str, Any]
#: The words of a vocabulary in their order, or each with its number.
Words = Sequence[str] | Mapping[str, int]


def vocabulary_from(words: Words, characters: bool | None = None) -> Vocabulary:
    """The vocabulary of these words, in their order or by their numbers; raises TaskError.

    By default it is one of characters if every word is a single one. Words that can't be typed in
    lower case, without punctuation, are read verbatim.
    """
    listed = _numbered(words) if isinstance(words, Mapping) else _texts(words, "vocabulary")
    _check_names(listed, "vocabulary", "word", MAX_TOKENS)
    single = all(len(word) == 1 for word in listed)
    if characters and not single:
        raise TaskError("The vocabulary has words of several characters: it can't be characters.")
    characters = single if characters is None else characters
    plain = all(split_words(word) == [word] for word in listed)
    return Vocabulary(listed, characters, verbatim=not (characters or plain))


def place_of(reads: str | None) -> OutputAt | None:
    """After which tokens a network is read out, from a text; raises TaskError."""
    try:
        return None if reads is None else OutputAt(reads)
    except ValueError:
        raise TaskError(f"reads can't be {str(reads)[:40]!r}: it is last or every.") from None


def given_dataset(
    name: str,
    vocabulary: Vocabulary,
    classes: Sequence[str],
    examples: Iterable[Given] = (),
    reads: OutputAt = OutputAt.LAST,
) -> Dataset:
    """Examples to train on; without labels their targets are 0, and to be answered by the network.

    Without any, every word is one. Raises TaskError.
    """
    names = _texts(classes, "classes")
    _check_names(names, "classes", "class", MAX_TOKENS)
    if len(names) < 2:
        raise TaskError("There must be at least two classes.")
    given = [*examples]
    if len(given) > MAX_ROWS:
        raise TaskError(f"There are more than {MAX_ROWS:,} examples. Use fewer.")
    pairs = [(one, None) if isinstance(one, str) else _pair(one) for one in given]
    missing = [label is None for _, label in pairs]
    if any(missing) and not all(missing):
        raise TaskError("Some examples have labels and some have none. Give all of them one.")
    labelled = bool(pairs) and not any(missing)
    pairs = pairs or [(word, None) for word in vocabulary.words if vocabulary.split(word) == [word]]
    if not pairs:
        raise TaskError("Every word of the vocabulary has a space in it: none can be typed.")
    made = tuple(_example(text, label, vocabulary, names, reads) for text, label in pairs)
    skipped = {word for text, _ in pairs for word in vocabulary.read(text).unknown}
    return Dataset(
        name, vocabulary, names, made, (), _notes(vocabulary, skipped, labelled),
        reads=reads, labelled=labelled,
    )  # fmt: skip


def _texts(values: Sequence[Any], what: str) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TaskError(f"The {what} must be a list of texts.")
    return tuple(map(str, values))


def _numbered(words: Mapping[str, int]) -> tuple[str, ...]:
    """The words of a table by their numbers."""
    by_number = {number: str(word) for word, number in words.items()}
    if by_number.keys() != {*range(len(words))}:
        raise TaskError(
            f"The numbers of the {len(words):,} words must be 0 to {len(words) - 1:,}, each once."
        )
    return tuple(by_number[number] for number in range(len(words)))


def _check_names(names: Sequence[str], what: str, noun: str, most: int) -> None:
    if not names:
        raise TaskError(f"The {what} is empty." if noun == "word" else "There are no classes.")
    if len(names) > most:
        raise TaskError(f"The {what} has {len(names):,} entries, more than {most:,}.")
    seen: set[str] = set()
    for name in names:
        if not name or len(name) > MAX_LETTERS:
            raise TaskError(f"A {noun} must have 1 to {MAX_LETTERS} characters, not {len(name):,}.")
        if name in seen:
            raise TaskError(f"The {noun} {name[:30]!r} stands twice in the {what}.")
        seen.add(name)


def _pair(given: Any) -> tuple[str, Any]:
    try:
        text, label = given
    except (TypeError, ValueError):
        text = None
    if not isinstance(text, str):
        raise TaskError(f"{str(given)[:60]!r} is not an example: give a text and its label.")
    return text, label


def _example(
    text: str, label: Any, vocabulary: Vocabulary, classes: tuple[str, ...], reads: OutputAt
) -> Example:
    shown, tokens = repr(text[:60]), vocabulary.read(text).tokens
    if not len(tokens):
        raise TaskError(f"The example {shown} has no {vocabulary.noun} of the vocabulary.")
    most = MAX_CHARACTERS if vocabulary.characters else MAX_WORDS
    if len(tokens) > most:
        raise TaskError(f"The example {shown} has more than {most} {vocabulary.unit}. Shorten it.")
    count = len(tokens) if reads is OutputAt.EVERY else 1
    if label is None:
        return Example(text, tokens, np.zeros(count, np.intp))
    return Example(text, tokens, _targets(shown, label, classes, reads, count))


def _targets(
    shown: str, label: Any, classes: tuple[str, ...], reads: OutputAt, count: int
) -> Array:
    every = reads is OutputAt.EVERY
    labels = [*label] if every and not isinstance(label, str) else [label]
    if len(labels) != count:
        raise TaskError(
            f"The example {shown} has {len(labels)} labels, and the network reads {count} of its "
            "tokens: it answers after every one."
        )
    for one in labels:
        if str(one) not in classes:
            listed = ", ".join(name[:30] for name in classes[:8])
            raise TaskError(
                f"The example {shown} has the unknown label {str(one)[:30]!r}; the classes are "
                f"{listed}."
            )
    return np.array([classes.index(str(one)) for one in labels])


def _notes(vocabulary: Vocabulary, skipped: set[str], labelled: bool) -> tuple[str, ...]:
    """What is left out of the examples, as sentences."""
    notes = []
    if skipped:
        listed = ", ".join(sorted(word[:30] for word in skipped)[:8])
        notes.append(f"What the vocabulary lacks is skipped in the examples: {listed}.")
    untyped = [word for word in vocabulary.words if vocabulary.split(word) != [word]]
    if untyped:
        listed = ", ".join(repr(word[:30]) for word in untyped[:8])
        notes.append(f"What has a space in it can't be typed: {listed}.")
    if not labelled:
        notes.append(
            "There are no labels: the network's own answers are the targets, and nothing trains."
        )
    return tuple(notes)
