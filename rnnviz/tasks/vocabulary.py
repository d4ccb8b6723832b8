"""Vocabulary: words and their numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Left out at the edges of a word, so that "bad!" is read as "bad".
_PUNCTUATION = ".,;:!?\"'()[]…“”‘’"


def split_words(text: str) -> list[str]:
    """The words of a phrase: lower case, between spaces, without punctuation at their edges."""
    stripped = (word.strip(_PUNCTUATION) for word in text.lower().split())
    return [word for word in stripped if word]


@dataclass(frozen=True)
class Reading:
    """A phrase as the network reads it: known words, their numbers (T,), and what is skipped."""

    text: str
    words: tuple[str, ...]
    unknown: tuple[str, ...]
    tokens: Array


@dataclass(frozen=True)
class Vocabulary:
    """Sorted words; a word's number is its place."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Vocabulary:
        """The vocabulary of some phrases."""
        return cls(tuple(sorted({word for text in texts for word in split_words(text)})))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def read(self, text: str) -> Reading:
        """Read ``text``; words that are not in the vocabulary are set apart, each named once."""
        words = split_words(text)
        known = tuple(word for word in words if word in self._numbers)
        unknown = tuple(dict.fromkeys(word for word in words if word not in self._numbers))
        tokens = np.array([self._numbers[word] for word in known], np.intp)
        return Reading(text, known, unknown, tokens)
