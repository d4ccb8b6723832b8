"""Notation: how numbers, words and entries of parameters are written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import plain
from rnnviz.tasks.values import MARK

_LONGEST = 16


class Names(NamedTuple):
    """What the rows and columns of the parameters stand for.

    V tokens or channels, C classes or channels, and the tokens that an encoder reads; ``noun`` is
    what a token is called.
    """

    vocabulary: tuple[str, ...]
    classes: tuple[str, ...]
    source: tuple[str, ...] = ()
    noun: str = "word"

    @property
    def sequence(self) -> str:
        """What a sequence is called: a phrase where it has words."""
        return "phrase" if self.noun == "word" else "sequence"

    def entry(self, name: str, index: Iterable[int | np.integer]) -> str:
        """One entry of a parameter: W_hh[3, 12], W_xh[3, “not”], b_y[“positive”]."""
        axes = zip(self._axes(name), index, strict=False)
        return f"{name}[{', '.join(quoted(a[int(i)]) if a else str(int(i)) for a, i in axes)}]"

    def _axes(self, name: str) -> tuple[tuple[str, ...], ...]:
        """What the places along each axis are called; empty where units are counted."""
        kind = plain(name)
        if kind in ("W_hy", "b_y"):
            return self.classes, ()
        if not kind.startswith("W_x") or name.endswith((".2", ".3")):
            return (), ()
        return (), self.source if name.startswith("enc.") else self.vocabulary


def written_values(values: Array) -> str:
    """The values of one token in a few characters: 0.3,−1."""
    return ",".join(f"{value + 0.0:.2g}".replace("-", "−") for value in values.tolist())


def written_step(values: Array) -> str:
    """What is read at one step, as it is typed: 0.3,−1; with a mark for second channel 0.3*."""
    if len(values) == 2 and values[1] in (0, 1):
        return written_values(values[:1]) + MARK * int(values[1])
    return written_values(values)


def quoted(word: str) -> str:
    """A word between quotation marks, shortened to 16 characters."""
    return f"“{word if len(word) <= _LONGEST else word[: _LONGEST - 1] + '…'}”"


def number(value: float) -> str:
    """A number with four digits and a true minus sign."""
    # The sum turns -0.0 into 0.0.
    return f"{value + 0.0:.4g}".replace("-", "−")


def added(values: Iterable[float]) -> str:
    """Numbers as a sum: 0.5 + 0.25 − 0.125."""
    first, *others = values
    signs = (f" {'−' if value < 0 else '+'} {number(abs(value))}" for value in others)
    return number(first) + "".join(signs)
