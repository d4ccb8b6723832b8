"""Vocabulary: tokens, which are words or characters, and their indices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
        """The text without what is ignored; equal for texts with the same tokens."""
        return self.text(self.tokens(text))


@dataclass(frozen=True)
class Reading:
    """A text as the network reads it: known words, their indices (T,), and unknown tokens."""

    text: str
    words: tuple[str, ...]
    unknown: tuple[str, ...]
    tokens: Array


@dataclass(frozen=True)
class Vocabulary:
    """Tokens, which are words, or single ``characters``; those of a text are sorted.

    Words that are ``verbatim`` are read as they stand between spaces.
    """

    words: tuple[str, ...]
    characters: bool = False
    verbatim: bool = False

    @classmethod
    def of(cls, texts: Iterable[str], characters: bool = False) -> Vocabulary:
        """The vocabulary of some texts."""
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
