"""Notation: numbers, words and entries of parameters as text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import plain
from rnnviz.tasks.data.vocabulary import MARK
from rnnviz.tasks.scales import Units

_LONGEST = 16
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Names(NamedTuple):
    """The names of the parameters' rows and columns.

    ``vocabulary`` has V tokens or channels, ``classes`` C classes or channels, ``source`` the
    tokens of an encoder. ``noun`` is the noun for one token. ``inputs`` are the names of the
    matrices that read the input, without layer and stack. ``units`` are those of standardised
    inputs; ``time`` is the noun before a time that is a number.
    """

    vocabulary: tuple[str, ...]
    classes: tuple[str, ...]
    source: tuple[str, ...] = ()
    noun: str = "word"
    inputs: frozenset[str] = frozenset({"W_xh"})
    units: Units | None = None
    time: str = ""

    @property
    def sequence(self) -> str:
        """The noun for a sequence: "phrase" if it has words."""
        return "phrase" if self.noun == "word" else self.generic

    @property
    def generic(self) -> str:
        """The noun for a sequence of any kind; of a series "window"."""
        return "sequence" if self.units is None else "window"

    def written(self, values: Array) -> str:
        """The values (D,) that are read at a step, in their own units."""
        if self.units is None:
            return written_step(values)
        return ", ".join(map(number, self.units.own(values).tolist()))

    def entry(self, name: str, index: Iterable[int | np.integer]) -> str:
        """One entry of a parameter: W_hh[3, 12], W_xh[3, “not”], b_y[“positive”]."""
        kind, vocabulary = plain(name), self.source if name.startswith("enc.") else self.vocabulary
        # Units have numbers, not names.
        axes: tuple[tuple[str, ...], ...] = (), ()
        if kind in ("W_hy", "b_y"):
            axes = self.classes, ()
        elif kind in self.inputs and not name.endswith((".2", ".3")):
            axes = (), vocabulary
        named = zip(axes, index, strict=False)
        return f"{name}[{', '.join(quoted(a[int(i)]) if a else str(int(i)) for a, i in named)}]"


def share_text(share: float) -> str:
    """A share with one decimal: 93.4%; a dash for NaN."""
    return "–" if math.isnan(share) else f"{share:.1%}"


def written_values(values: Array) -> str:
    """The values of one token in a few characters: 0.3,−1."""
    return ",".join(f"{value + 0.0:.2g}".replace("-", "−") for value in values.tolist())


def written_step(values: Array) -> str:
    """The input at one step as it is typed: 0.3,−1; or 0.3* if the second channel is a mark."""
    if len(values) == 2 and values[1] in (0, 1):
        return written_values(values[:1]) + MARK * int(values[1])
    return written_values(values)


def quoted(word: str) -> str:
    """A word in quotation marks, shortened to 16 characters."""
    return f"“{shortened(word)}”"


def shortened(word: str) -> str:
    """A word with at most 16 characters."""
    return word if len(word) <= _LONGEST else word[: _LONGEST - 1] + "…"


def number(value: float, digits: int = 4, sign: str = "") -> str:
    """A number with ``digits`` significant digits: −0.345, 6·10⁻⁶, 10⁻⁹, ∞; a dash for NaN.

    With the ``sign`` "+" it is always signed.
    """
    if not math.isfinite(value):
        return "–" if math.isnan(value) else f"{'−' if value < 0 else sign}∞"
    # The sum turns -0.0 into 0.0.
    text, _, exponent = f"{value + 0.0:{sign}.{digits}g}".replace("-", "−").partition("e")
    if not exponent:
        return text
    power = f"10{str(int(exponent.replace('−', '-'))).translate(_RAISED)}"
    return f"{text[:-1]}{power}" if text in ("1", "+1", "−1") else f"{text}·{power}"


def own_number(value: float, digits: int = 3) -> str:
    """A number of a table, whole or with ``digits`` significant digits: 23,456, 0.0123, −4.20."""
    size = abs(value)
    if not 1e-4 <= size < 1e9:
        return number(value, digits)
    places = max(0, digits - 1 - math.floor(math.log10(size))) * (value != int(value))
    return f"{value:,.{places}f}".replace("-", "−")
