"""Number text: sequences of numbers as text, e.g. "0.31 0.7* 0.12"."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.vocabulary import Array

#: The largest absolute value.
LARGEST = 1000.0
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
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


def read_values(text: str, channels: Sequence[str], longest: int) -> Array:
    """The values (T, D) of a text, 1 <= T <= ``longest``, D = len(channels); raise TaskError."""
    groups = text.split()
    if not groups:
        raise TaskError(f"There are no values. {_form(channels)}")
    if len(groups) > longest:
        raise TaskError(
            f"There are {len(groups)} groups of values, more than {longest}. {_form(channels)}"
        )
    return np.array([_read(group, number, channels) for number, group in enumerate(groups, 1)])


def _group(row: Array) -> str:
    # The shortest digits that round-trip, never an exponent.
    return ",".join(np.format_float_positional(value, trim="-") for value in row)


def _read(group: str, number: int, channels: Sequence[str]) -> list[float]:
    parts = group.split(",")
    if len(channels) == 2 and group.endswith(MARK):
        parts = [*group.removesuffix(MARK).split(","), "1"]
    elif len(channels) == 2 and len(parts) == 1:
        parts.append("0")
    if len(parts) != len(channels) or not all(map(_NUMBER.fullmatch, parts)):
        raise TaskError(f"Group {number}, {group[:30]!r}, can't be read. {_form(channels)}")
    values = [float(part) for part in parts]
    if max(map(abs, values)) > LARGEST:
        raise TaskError(
            f"Group {number}, {group[:30]!r}: a number can't be larger than {LARGEST:g}."
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
