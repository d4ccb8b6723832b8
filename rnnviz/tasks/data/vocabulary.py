"""Vocabulary: texts as arrays, of the indices of tokens or of numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from heapq import nsmallest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnviz.cancellation import check_cancelled
from rnnviz.tasks.data.csv_table import TaskError, shown

Array = NDArray[Any]

#: The first input of a decoder, and its last target.
START, END = "⟨start⟩", "⟨end⟩"
#: Stripped from the edges of words: "bad!" is read as "bad".
_PUNCTUATION = ".,;:!?\"'()[]…“”‘’"


def split_words(text: str) -> list[str]:
    """The words of a phrase, in lower case and without punctuation at their edges."""
    stripped = (word.strip(_PUNCTUATION) for word in text.lower().split())
    return [word for word in stripped if word]


class Unit(StrEnum):
    """The kind of tokens."""

    WORDS = "words"
    CHARACTERS = "characters"

    @property
    def noun(self) -> str:
        """The name of one token: "word" or "character"."""
        return self.value[:-1]

    def tokens(self, text: str) -> list[str]:
        """The words or the characters of a text."""
        check_cancelled()
        return list(text) if self is Unit.CHARACTERS else split_words(text)

    def text(self, tokens: Iterable[str]) -> str:
        """Join tokens to a text; the inverse of ``tokens``."""
        return ("" if self is Unit.CHARACTERS else " ").join(tokens)

    def plain(self, text: str) -> str:
        """The normalized text; equal for texts with the same tokens."""
        return self.text(self.tokens(text))


@dataclass(frozen=True)
class Reading:
    """A text, its known words, its unknown tokens, and the indices (T,) of the known words."""

    text: str
    words: tuple[str, ...]
    unknown: tuple[str, ...]
    tokens: Array


@dataclass(frozen=True)
class Vocabulary:
    """Tokens, which are words, or single ``characters``; ``verbatim`` words keep case and signs."""

    words: tuple[str, ...]
    characters: bool = False
    verbatim: bool = False

    @classmethod
    def of(cls, texts: Iterable[str], characters: bool = False) -> Vocabulary:
        """The sorted vocabulary of some texts."""
        unit = Unit.CHARACTERS if characters else Unit.WORDS
        words = {token for text in texts for token in unit.tokens(text)}
        return cls(tuple(sorted(words)), characters)

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {word: index for index, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    @property
    def unit(self) -> Unit:
        """The kind of its tokens."""
        return Unit.CHARACTERS if self.characters else Unit.WORDS

    @property
    def noun(self) -> str:
        """The name of one token: "word" or "character"."""
        return self.unit.noun

    def number(self, token: str) -> int:
        """The index of a token in the vocabulary."""
        return self._indices[token]

    def split(self, text: str) -> list[str]:
        """The tokens of a text."""
        return text.split() if self.verbatim else self.unit.tokens(text)

    def join(self, tokens: Iterable[str]) -> str:
        """Join tokens to a text."""
        return self.unit.text(tokens)

    def read(self, text: str) -> Reading:
        """Read a text; unknown tokens are listed once each."""
        tokens = self.split(text)
        known = tuple(token for token in tokens if token in self._indices)
        unknown = tuple(dict.fromkeys(token for token in tokens if token not in self._indices))
        indices = np.array([self._indices[token] for token in known], np.intp)
        return Reading(text, known, unknown, indices)


#: Maximum size of a vocabulary.
MAX_TOKENS = 5_000


def vocabulary_of(texts: Iterable[str], unit: Unit) -> Vocabulary:
    """The vocabulary of the training texts; raise TaskError for too many tokens."""
    # Before they are sorted: of a million words that takes a second, in one piece.
    words = {token for text in texts for token in unit.tokens(text)}
    if len(words) > MAX_TOKENS:
        instead = ", or characters instead of words" if unit is Unit.WORDS else ""
        raise TaskError(
            f"The phrases to learn from have {len(words):,} different {unit}, more than "
            f"{MAX_TOKENS:,}. Use fewer rows{instead}."
        )
    return Vocabulary(tuple(sorted(words)), unit is Unit.CHARACTERS)


def known(text: str, vocabulary: Vocabulary, where: str, least: int = 1) -> Reading:
    """Read a text; raise TaskError if fewer than ``least`` of its tokens are known."""
    reading = vocabulary.read(text)
    if problem := unreadable(reading, vocabulary, least):
        raise TaskError(f"{where}: {problem}")
    return reading


def unreadable(reading: Reading, vocabulary: Vocabulary, least: int = 1) -> str:
    """Why a text can't be read, or nothing if at least ``least`` of its tokens are known."""
    if len(reading.tokens) >= least:
        return ""
    noun = vocabulary.noun
    few = f"no {noun} of {shown(reading.text, 60)} occurs"
    if len(reading.tokens):
        few = f"of {shown(reading.text, 60)} only the {noun} {shown(reading.words[0])} occurs"
    return (
        f"{few} in the training phrases, so the network can't read it. Remove the row or train on "
        f"its {vocabulary.unit}."
    )


def unknown_tokens(texts: Iterable[str], vocabulary: Vocabulary) -> tuple[str, ...]:
    """The tokens of the test texts that aren't in the vocabulary, sorted unless they are many."""
    unknown = {token for text in texts for token in vocabulary.read(text).unknown}
    return tuple(sorted(unknown) if len(unknown) <= MAX_TOKENS else unknown)


def unknown_notes(unknown: tuple[str, ...], unit: Unit) -> tuple[str, ...]:
    """A sentence that lists the skipped tokens, if there are any."""
    if not unknown:
        return ()
    more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
    # Quotes make a space visible.
    shown = repr if unit is Unit.CHARACTERS else str
    listed = ", ".join(shown(token[:30]) for token in nsmallest(8, unknown))
    tokens = unit.value.capitalize()
    return (f"{tokens} that only the test phrases have are skipped: {listed}{more}.",)


# Number text: sequences of numbers as text, e.g. "0.31 0.7* 0.12"


#: The largest absolute value.
LARGEST = 1000.0
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
#: Follows a number whose second channel is 1.
MARK = "*"


def has_marks(values: Array) -> bool:
    """Whether the second of two channels of values (T, D) is always 0 or 1."""
    return values.shape[1:] == (2,) and bool(np.isin(values[:, 1], (0, 1)).all())


def write_values(values: Array, marks: bool | None = None) -> str:
    """Values (T, D) as text: one comma-separated group for each time step.

    With ``marks``, by default those of ``has_marks``, a star is the 1 of the second channel.
    """
    marks = has_marks(values) if marks is None else marks
    if marks:
        return " ".join(_group(row[:1]) + MARK * int(row[1]) for row in values)
    return " ".join(map(_group, values))


def read_values(
    text: str, channels: Sequence[str], longest: int, largest: float = LARGEST
) -> Array:
    """The values (T, D) of a text, 1 <= T <= ``longest``, D = len(channels); raise TaskError.

    None may be larger than ``largest``.
    """
    groups = text.split()
    if not groups:
        raise TaskError(f"There are no values. {_form(channels)}")
    if len(groups) > longest:
        raise TaskError(
            f"There are {len(groups)} groups of values, more than {longest}. {_form(channels)}"
        )
    read = [_read(group, k, channels, largest) for k, group in enumerate(groups, 1)]
    return np.array(read)


def _group(row: Array) -> str:
    # The shortest digits that round-trip, never an exponent.
    if row.dtype == float:  # NumPy takes eight times as long.
        digits = ",".join(map(repr, row.tolist())) + ","
        if "e" not in digits:
            return digits.replace(".0,", ",")[:-1]
    return ",".join(np.format_float_positional(value, trim="-") for value in row)


def _read(group: str, number: int, channels: Sequence[str], largest: float) -> list[float]:
    parts = group.split(",")
    if len(channels) == 2 and group.endswith(MARK):
        parts = [*group.removesuffix(MARK).split(","), "1"]
    elif len(channels) == 2 and len(parts) == 1:
        parts.append("0")
    if len(parts) != len(channels) or not all(map(_NUMBER.fullmatch, parts)):
        exponent = (
            " Write all digits, without an exponent."
            if re.search(r"\de[+-]?\d", group, re.IGNORECASE)
            else ""
        )
        raise TaskError(
            f"Group {number}, {group[:30]!r}, can't be read.{exponent} {_form(channels)}"
        )
    values = [float(part) for part in parts]
    if max(map(abs, values)) > largest:
        raise TaskError(
            f"Group {number}, {group[:30]!r}: a number must be from −{largest:g} to {largest:g}."
        )
    return values


def _form(channels: Sequence[str]) -> str:
    if len(channels) == 1:
        return f"Write numbers ({channels[0]}) with spaces between them, such as: “0.5 1 -0.2”."
    if len(channels) == 2:
        value, mark = channels
        return (
            f"Write two numbers ({value}, {mark}) with a comma for each time step, and spaces "
            "between the steps; a star means “,1”, nothing means “,0”, such as: "
            "“0.5,0.3 1* 0.2”."
        )
    example = ",".join(["1", "0", "-1", *["0"] * (len(channels) - 3)])
    return (
        f"Write {len(channels)} numbers ({', '.join(channels)}) with commas for each time step, "
        f"and spaces between the steps, such as: “{example}”."
    )
