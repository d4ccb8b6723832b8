"""Edit: something done to a network's weights by hand, short enough for a link."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from rnnviz.config import SettingError

#: The largest number that a weight can be set to, or weights multiplied by.
LARGEST = 1e6


class Verb(StrEnum):
    """What is done."""

    SILENCE = "silence"
    SCALE = "scale"
    NOISE = "noise"
    SET = "set"


@dataclass(frozen=True, order=True)
class Edit:
    """One of: ``silence 1 7``, ``scale 0.9``, ``noise 0.1 3``, ``set W_hh 3 4 0.5``.

    Nobody hears unit 7 of layer 1 any more; all recurrent weights times 0.9; to every matrix noise
    of 0.1 times its own size, drawn from seed 3; row 3, column 4 of a matrix becomes 0.5.
    """

    verb: Verb
    name: str = ""
    row: int = 0
    column: int = 0
    amount: float = 0.0

    def __str__(self) -> str:
        rest = {
            Verb.SILENCE: f"{self.row} {self.column}",
            Verb.SCALE: f"{self.amount!r}",
            Verb.NOISE: f"{self.amount!r} {self.row}",
            Verb.SET: f"{self.name} {self.row} {self.column} {self.amount!r}",
        }
        return f"{self.verb} {rest[self.verb]}"

    @classmethod
    def parse(cls, text: str) -> Edit:
        """Read what ``str`` wrote; raise SettingError with a sentence."""
        verb, *rest = text.split()[:6] or [""]
        try:
            return _READERS[verb](*rest)
        except (KeyError, TypeError, ValueError):
            raise SettingError(
                f"{text[:40]!r} does nothing to the weights: write silence 1 7, scale 0.9, "
                "noise 0.1 3, or set W_hh 3 4 0.5."
            ) from None


def silence(layer: int, unit: int) -> Edit:
    """Nobody hears the unit of this layer (from 1) any more."""
    return Edit(Verb.SILENCE, row=layer, column=unit)


def scale(factor: float) -> Edit:
    """All recurrent weights times the factor, and so their spectral radius."""
    return Edit(Verb.SCALE, amount=factor)


def noise(share: float, seed: int) -> Edit:
    """Noise in every matrix, its standard deviation this share of the matrix's own size."""
    return Edit(Verb.NOISE, amount=share, row=seed)


def set_weight(name: str, row: int, column: int, value: float) -> Edit:
    """One entry of a matrix becomes ``value``."""
    return Edit(Verb.SET, name, row, column, value)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError
    return int(text)


def _amount(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and abs(value) <= LARGEST):
        raise ValueError
    return value


_READERS: dict[str, Callable[..., Edit]] = {
    "silence": lambda layer, unit: silence(_count(layer), _count(unit)),
    "scale": lambda factor: scale(_amount(factor)),
    "noise": lambda share, seed: noise(_amount(share), _count(seed)),
    "set": lambda name, row, column, value: set_weight(
        name, _count(row), _count(column), _amount(value)
    ),
}
