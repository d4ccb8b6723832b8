"""The points where the state rests, as a list, and one of them in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from rnnviz.charts.picture import Picture
from rnnviz.charts.table import Column, Rows, row_lists
from rnnviz.charts.theme import LIGHT, Theme, plain
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.fixed_points import FixedPoint, Kind
from rnnviz.probe.formatting import number
from rnnviz.probe.phase_portrait import Rest

#: Maximum number of rows.
_SHOWN = 100
#: With more numbers of states they would take longer to send than all else.
_MOST_NUMBERS = 30_000
_CUT = "The table has no states: they are too many numbers. "
#: The longest memory shown as a number; the distance below which |λ| is shown as 1 ± distance.
_MAX_MEMORY, _NEAR_ONE = 1_000_000, 1e-3
_WORDS = {Kind.STABLE: "● stays", Kind.SADDLE: "○ leaves", Kind.SLOW: "· slow"}
#: The most letters of an input and of a readout.
_LETTERS = 60


class Listed(NamedTuple):
    """What is marked in the list: the ``chosen`` row; if it is ``opened``, with all its numbers.

    ``outcome`` is what came of the search.
    """

    chosen: int | None = None
    opened: bool = False
    outcome: str = ""


def rest_points(rests: Sequence[Rest], listed: Listed, noun: str, theme: Theme = LIGHT) -> Picture:
    """A row for each point: the input held, its kind, what is read there, its largest |λ|."""
    shown = rests[:_SHOWN]
    sections = [Rows("Points", _columns(shown, theme), range(len(shown)))]
    if listed.opened and listed.chosen is not None and listed.chosen < len(shown):
        sections.append(_numbers(shown[listed.chosen], noun, theme))
    more = f"{len(rests) - _SHOWN} more are in the plane. " if len(rests) > _SHOWN else ""
    more += _CUT * _too_many(rests)
    drawn = row_lists("Points", sections, listed.chosen, theme, more + listed.outcome)
    meta = {**drawn.layout["meta"], "columns": _exact(rests, noun)}
    return Picture(drawn.series, {**drawn.layout, "meta": meta})


def _exact(rests: Sequence[Rest], noun: str) -> list[tuple[str, list[object]]]:
    """All numbers of every point, for the table and the file."""
    points = [rest.point for rest in rests]
    columns: dict[str, list[object]] = {
        "held": [escape(rest.held, quote=False) for rest in rests],
        "rests": [point.kind.value for point in points],
        "unstable directions": [point.unstable for point in points],
        "read as": [escape(rest.readout.text, quote=False) for rest in rests],
        "max |λ|": [float(abs(point.eigenvalues[0])) for point in points],
        "starts": [point.starts for point in points],
        "speed q": [point.speed for point in points],
        f"memory ({noun}s)": [point.memory for point in points],
    }
    if _too_many(rests):
        return [*columns.items()]
    for name in ("answers", "state"):
        rows = np.array([getattr(point, name) for point in points])
        columns |= {f"{name} {k}": column for k, column in enumerate(rows.T.tolist())}
    return [*columns.items()]


def _too_many(rests: Sequence[Rest]) -> bool:
    return bool(rests) and len(rests) * len(rests[0].point.state) > _MOST_NUMBERS


def _columns(rests: Sequence[Rest], theme: Theme) -> list[Column]:
    sides = {None: theme.text, 0: theme.negative, 1: theme.positive}
    colors = [sides[rest.readout.side] for rest in rests]
    return [
        Column("held", [_held(rest) for rest in rests], theme.text, 1.1),
        Column("rests", [_kind(rest.point) for rest in rests], colors, 1.35),
        Column("read as", [plain(rest.readout.text, _LETTERS) for rest in rests], colors, 1.7),
        Column("max |λ|", [_size(rest.point) for rest in rests], theme.text, 0.9),
    ]


def _held(rest: Rest) -> str:
    """The input in few letters: "zero input" for "the zero input"."""
    return plain(rest.held.removeprefix("the "), _LETTERS)


def _kind(point: FixedPoint) -> str:
    """What becomes of a state near it; of a saddle, in how many directions it leaves."""
    leaves = f" ({point.unstable})" if point.kind is Kind.SADDLE else ""
    return _WORDS[point.kind] + leaves


def _size(point: FixedPoint) -> str:
    """The largest absolute value; near 1 as 1 plus or minus the distance."""
    largest = float(abs(point.eigenvalues[0]))
    distance = largest - 1
    if not distance or abs(distance) >= _NEAR_ONE:
        return number(largest, 3)
    return f"1 {'+' if distance > 0 else '−'} {number(abs(distance), 1)}"


def _numbers(rest: Rest, noun: str, theme: Theme) -> Rows:
    """All that is known of a point."""
    point = rest.point
    memory = number(point.memory) if point.memory < _MAX_MEMORY else f"> {_MAX_MEMORY:,}"
    rows = {"starts": f"{point.starts}", "speed q": number(point.speed, 2)}
    rows[f"memory ({noun}s)"] = plain(memory)
    if abs(point.eigenvalues[0]) > 1:
        rows[f"leaves in ({noun}s)"] = number(-float(point.time_constants[0]))
    rows |= {"output": _listed(point.answers), "state": _listed(point.state)}
    columns = [Column("", [*rows], theme.muted, 1), Column("", [*rows.values()], theme.text, 2.2)]
    return Rows(f"{_kind(point)}, held {_held(rest)}", columns, long=True)


def _listed(values: Array) -> str:
    return ", ".join(number(float(value)) for value in values)
