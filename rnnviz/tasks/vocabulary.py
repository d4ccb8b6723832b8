"""Vocabulary: tokens, which are words or characters, and their indices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnviz.tasks.csv_table import TaskError, shown

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
    vocabulary = Vocabulary.of(texts, unit is Unit.CHARACTERS)
    if len(vocabulary) > MAX_TOKENS:
        instead = ", or characters instead of words" if unit is Unit.WORDS else ""
        raise TaskError(
            f"The phrases to learn from have {len(vocabulary):,} different {unit}, more than "
            f"{MAX_TOKENS:,}. Use fewer rows{instead}."
        )
    return vocabulary


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
    """The tokens of the test texts that aren't in the vocabulary, sorted."""
    return tuple(sorted({token for text in texts for token in vocabulary.read(text).unknown}))


def unknown_notes(unknown: tuple[str, ...], unit: Unit) -> tuple[str, ...]:
    """A sentence that lists the skipped tokens, if there are any."""
    if not unknown:
        return ()
    more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
    # Quotes make a space visible.
    shown = repr if unit is Unit.CHARACTERS else str
    listed = ", ".join(shown(token[:30]) for token in unknown[:8])
    tokens = unit.value.capitalize()
    return (f"{tokens} that only the test phrases have are skipped: {listed}{more}.",)
