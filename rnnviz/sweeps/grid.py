"""Grid: the settings of a sweep, from lists and ranges of values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from rnnviz.config import RunConfig, Setting, SettingError
from rnnviz.engine.derived_cell import cell_of

#: The most runs of a sweep, and values of a range.
MOST_RUNS = 100_000
#: The stream of ``np.random.default_rng((seed, stream))`` for random settings.
DRAWING = 10
#: Consecutive repeated draws after which random draws end.
_REPEATED = 1000
#: The most characters of a range.
_LONGEST = 100
_RANGE = re.compile(r"(.+?)\.\.([^:]+)(:log)?(?::(\d{1,18}))?", re.ASCII)


@dataclass(frozen=True)
class Range:
    """All values of a setting from ``low`` to ``high``, evenly spaced or in their logarithm."""

    row: Setting
    low: float
    high: float
    log: bool = False

    def spaced(self, count: int) -> list[Any]:
        """``count`` values with both ends, to six digits; whole numbers each once."""
        shares = np.linspace(0, 1, count).tolist()
        inner = [self._at(share, self.high, round) for share in shares[1:-1]]
        return [*dict.fromkeys([self.low, *inner, *[self.high] * (count > 1)])]

    def drawn(self, share: float) -> Any:
        """The value at a random number from 0 to 1; whole numbers are equally likely."""
        whole = self.row.kind is int
        return self._at(share, self.high + 1 if whole else self.high, math.floor)

    def _at(self, share: float, end: float, to_whole: Callable[[float], int]) -> float:
        if self.log:
            value = self.low * (end / self.low) ** share
        else:
            value = self.low + (end - self.low) * share
        rounded = to_whole(value) if self.row.kind is int else float(f"{value:.6g}")
        # The ends may have more digits.
        return min(max(rounded, self.low), self.high)


#: The values of a setting: a list, or a range to draw from.
Axis = Sequence[Any] | Range


def axis_of(row: Setting, text: str, most: int = MOST_RUNS) -> Axis:
    """Parse "5,10", "0.003..0.3:log:5" or, to draw from, "0.003..0.3:log"; raises SettingError.

    There are at most ``most`` values. Free texts are divided by semicolons, as a comma may be a
    part of them.
    """
    too_many = SettingError(f"{row.label} ({row.name}) can have at most {most:,} values here.")
    numeric, free = row.kind in (int, float), row.kind is str and not row.names
    found: list[Any] = []
    parts = [part.strip() for part in text.split(";" if free else ",")]
    if len(parts) > most:
        raise too_many
    for part in parts:
        if not numeric or len(part) > _LONGEST or not (".." in part or ":" in part):
            found.append(row.parse(part))
            continue
        span, count = _range_of(row, part)
        if count is None and len(parts) > 1:
            raise SettingError(f"{row.label} ({row.name}): say how many values {part[:40]} has.")
        if count is None:
            return span
        if len(found) + count > most:
            raise too_many
        found += span.spaced(count)
    return [*dict.fromkeys(found)]


def _range_of(row: Setting, text: str) -> tuple[Range, int | None]:
    wrong = f"{row.label} ({row.name}) can't be {text[:40]!r}:"
    if not (match := _RANGE.fullmatch(text)):
        raise SettingError(f"{wrong} write a range as 1..9:5 or, in its logarithm, 1..9:log:5.")
    low, high, log = row.parse(match[1]), row.parse(match[2]), bool(match[3])
    if low > high:
        raise SettingError(f"{wrong} the smaller end comes first.")
    if log and low <= 0:
        raise SettingError(f"{wrong} a range in its logarithm begins above 0.")
    count = None if match[4] is None else int(match[4])
    if count is not None and not 1 <= count <= MOST_RUNS:
        raise SettingError(f"{wrong} a range has from 1 to {MOST_RUNS:,} values.")
    return Range(row, low, high, log), count


def grid(
    axes: Mapping[str, Axis], *, seeds: int = 1, draws: int = 0, base: RunConfig | None = None
) -> list[RunConfig]:
    """The settings of all runs, each once: all combinations, or ``draws`` random ones.

    Other settings are those of ``base``. Each combination is trained with ``seeds`` seeds, from its
    own on; all first seeds come first. Draws depend on the seed alone; a larger number begins
    with the same ones. Raises SettingError for values that can't be used, or have no effect.
    """
    settings = (base or RunConfig()).as_dict()
    if seeds > 1 and (isinstance(own := axes.get("seed", ()), Range) or len(own) > 1):
        raise SettingError("Seed (seed) has several values: leave the number of seeds out.")
    if draws and all(not isinstance(axis, Range) and len(axis) == 1 for axis in axes.values()):
        raise SettingError("Random draws need a setting with several values: 5,10 or 0.01..1:log.")
    firsts: dict[RunConfig, None] = {}
    repeated = 0
    for values in _drawn(axes, settings["seed"]) if draws else _combined(axes, seeds):
        config = RunConfig(**{**settings, **dict(zip(axes, values, strict=True))})
        cell_of(config.cell, config.activation, config.equations, config.constants)
        repeated = repeated + 1 if config in firsts else 0
        firsts[config] = None
        if draws and (len(firsts) == draws or repeated > _REPEATED):
            break
    for name in axes:
        if all(config.idle([name]) for config in firsts):
            raise SettingError(f"{next(iter(firsts)).idle([name])[0]} Leave it out.")
    others = [replace(c, seed=c.seed + k) for k in range(1, seeds) for c in firsts]
    return [*dict.fromkeys([*firsts, *others])]


def _drawn(axes: Mapping[str, Axis], seed: int) -> Iterator[list[Any]]:
    """Random values of the axes without end."""
    own = axes.get("seed")
    rng = np.random.default_rng(
        (seed if own is None or isinstance(own, Range) else own[0], DRAWING)
    )
    while True:
        shares = rng.random(len(axes)).tolist()
        yield [
            axis.drawn(share) if isinstance(axis, Range) else axis[int(share * len(axis))]
            for axis, share in zip(axes.values(), shares, strict=True)
        ]


def _combined(axes: Mapping[str, Axis], seeds: int) -> Iterator[tuple[Any, ...]]:
    """All combinations of the values of the axes."""
    lists: list[Sequence[Any]] = []
    for name, axis in axes.items():
        if isinstance(axis, Range):
            example = f"{axis.low:.12g}..{axis.high:.12g}{':log' * axis.log}:5"
            raise SettingError(
                f"{axis.row.label} ({name}): say how many values, such as {example}, or take "
                "random draws."
            )
        lists.append(axis)
    if (count := seeds * math.prod(map(len, lists))) > MOST_RUNS:
        raise SettingError(f"{count:,} runs are too many: a sweep has at most {MOST_RUNS:,}.")
    return product(*lists)
