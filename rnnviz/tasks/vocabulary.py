"""Vocabulary: tokens, which are words or characters, and their numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: What a decoder reads before its first token, and what it answers after its last one.
START, END = "⟨start⟩", "⟨end⟩"
#: Left out at the edges of a word, so that "bad!" is read as "bad".
_PUNCTUATION = ".,;:!?\"'()[]…“”‘’"


def split_words(text: str) -> list[str]:
    """The words of a phrase: lower case, between spaces, without punctuation at their edges."""
    stripped = (word.strip(_PUNCTUATION) for word in text.lower().split())
    return [word for word in stripped if word]


class Unit(StrEnum):
    """What a token is."""

    WORDS = "words"
    CHARACTERS = "characters"

    @property
    def noun(self) -> str:
        """What one token is called: "word" or "character"."""
        return self.value[:-1]

    def tokens(self, text: str) -> list[str]:
        """The tokens of a text: its words, or its characters as they are."""
        return list(text) if self is Unit.CHARACTERS else split_words(text)

    def text(self, tokens: Iterable[str]) -> str:
        """The text of some tokens, which has these tokens again."""
        return ("" if self is Unit.CHARACTERS else " ").join(tokens)

    def plain(self, text: str) -> str:
        """The text of a text's tokens; equal for texts that are read alike."""
        return self.text(self.tokens(text))


@dataclass(frozen=True)
class Reading:
    """A phrase as the network reads it: known words, their numbers (T,), and what is skipped."""

    text: str
    words: tuple[str, ...]
    unknown: tuple[str, ...]
    tokens: Array


@dataclass(frozen=True)
class Vocabulary:
    """Sorted tokens; a token's number is its place. Tokens are words, or single ``characters``."""

    words: tuple[str, ...]
    characters: bool = False

    @classmethod
    def of(cls, texts: Iterable[str], characters: bool = False) -> Vocabulary:
        """The vocabulary of some texts."""
        split = Unit.CHARACTERS.tokens if characters else Unit.WORDS.tokens
        return cls(tuple(sorted({token for text in texts for token in split(text)})), characters)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    @property
    def unit(self) -> Unit:
        """What its tokens are."""
        return Unit.CHARACTERS if self.characters else Unit.WORDS

    @property
    def noun(self) -> str:
        """What its tokens are called: "word" or "character"."""
        return self.unit.noun

    def number(self, token: str) -> int:
        """The number of a token that it has."""
        return self._numbers[token]

    def split(self, text: str) -> list[str]:
        """The tokens of a text: its words, or its characters as they are."""
        return self.unit.tokens(text)

    def join(self, tokens: Iterable[str]) -> str:
        """The text of some tokens."""
        return self.unit.text(tokens)

    def read(self, text: str) -> Reading:
        """Read ``text``; tokens that are not in the vocabulary are set apart, each named once."""
        tokens = self.split(text)
        known = tuple(token for token in tokens if token in self._numbers)
        unknown = tuple(dict.fromkeys(token for token in tokens if token not in self._numbers))
        numbers = np.array([self._numbers[token] for token in known], np.intp)
        return Reading(text, known, unknown, numbers)
