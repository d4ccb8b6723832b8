"""Phase portrait: the flow of the states, and the states themselves, in one plane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.analysis.fixed_points import FixedPoint
from rnnviz.analysis.flow_map import FixedInputMap
from rnnviz.analysis.projection import Plane
from rnnviz.analysis.visited_states import VisitedStates
from rnnviz.engine.layer_buffers import Array

#: How many arrows there are each way.
ARROWS = 17
#: How long, as a share of the wider side, a direction is that lies in the plane.
_LINE = 0.12
#: How much room there is around what is drawn, as a share of it, and on what grid it ends.
_ROOM, _RUNGS = 0.1, 10

#: How far from the middle of what is visited a point is seen, in widths of it.
_REACH = 1.5

Span = tuple[float, float]


class Readout(NamedTuple):
    """What is answered at a point, as it is written; of two classes which, 0 or 1."""

    text: str
    side: int | None = None


class FlowField(NamedTuple):
    """One step of the map from points of the plane, (G, 2), with the input held.

    ``moves`` (G, 2) are the steps F(h, x) - h as they are seen in the plane, ``speeds`` (G,) their
    whole length (L2), out of the plane too.
    """

    points: Array
    moves: Array
    speeds: Array


@dataclass(frozen=True, eq=False)
class Portrait:
    """What is seen in the plane of two principal components, in coordinates (., 2).

    ``spans`` are the sides of the window; ``paths`` the ways of sequences, ``probe`` that of the
    probe; ``places`` (n, 2) the fixed points, and ``lines`` the ends (2, 2) of what is unstable
    there; ``beyond`` counts the points that lie outside the window.
    """

    spans: tuple[Span, Span]
    field: FlowField
    paths: tuple[Array, ...]
    probe: Array
    places: Array
    lines: tuple[Array, ...]
    beyond: int = 0


def portrait(
    held: FixedInputMap,
    plane: Plane,
    visited: VisitedStates,
    probe: Array,
    points: Sequence[FixedPoint] = (),
) -> Portrait:
    """The picture in ``plane``, with the path ``probe`` (T, S), and fixed points.

    Of a path that leaves all bounds the part before is seen.
    """
    beyond = np.flatnonzero(~np.isfinite(probe).all(axis=1))
    probe = probe[: beyond[0]] if len(beyond) else probe
    states = np.array([point.state for point in points]).reshape(-1, held.size)
    paths = tuple(plane.project(path) for path in visited.paths)
    shown, places = plane.project(probe), plane.project(states)
    near = _near(places, np.concatenate([*paths, shown]))
    seen = np.concatenate([*paths, shown, places[near]])
    spans = _span(seen[:, 0]), _span(seen[:, 1])
    field = flow_field(held, plane, spans)
    lines = _lines(plane, points, places, spans)
    return Portrait(spans, field, paths, shown, places, lines, int((~near).sum()))


def _near(places: Array, visited: Array) -> Array:
    """Which points, (n,), are so near that the window can hold them with what is visited.

    Those farther off than it is wide would press all that sequences do into a corner.
    """
    low, high = visited.min(axis=0), visited.max(axis=0)
    width = np.maximum(high - low, (high - low).max() / 10)
    reach = _REACH * width if width.any() else np.inf
    inside: Array = (np.abs(places - (low + high) / 2) <= reach).all(axis=1)
    return inside


def flow_field(
    held: FixedInputMap, plane: Plane, spans: tuple[Span, Span], count: int = ARROWS
) -> FlowField:
    """Where the map takes ``count`` x ``count`` points of the plane; of it, not of states near by.

    Each stands in the middle of its cell of the window.
    """
    across, up = (_middles(span, count) for span in spans)
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    states = plane.lift(points)
    with np.errstate(over="ignore", invalid="ignore"):
        steps = held.step(states) - states
        moves = plane.project(states + steps) - points
        return FlowField(points, moves, np.linalg.norm(steps, axis=1))


def _middles(span: Span, count: int) -> Array:
    edges = np.linspace(*span, count + 1)
    middles: Array = (edges[:-1] + edges[1:]) / 2
    return middles


def _span(values: Array) -> Span:
    """A side of the window, which moves seldom while the run goes on: it ends on a coarse grid."""
    low, high = float(values.min()), float(values.max())
    width = (high - low) or 1.0
    rung = 10.0 ** math.floor(math.log10(width)) * _coarse(width) / _RUNGS
    room = _ROOM * width
    return rung * math.floor((low - room) / rung), rung * math.ceil((high + room) / rung)


def _coarse(width: float) -> int:
    """1, 2 or 5: the leading digit, rounded down."""
    digit = width / 10.0 ** math.floor(math.log10(width))
    return max(step for step in (1, 2, 5) if step <= digit * (1 + 1e-9))


def _lines(
    plane: Plane, points: Sequence[FixedPoint], places: Array, spans: tuple[Span, Span]
) -> tuple[Array, ...]:
    """Through every point the directions in which it is left, as far as they lie in the plane."""
    half = _LINE * max(high - low for low, high in spans) / 2
    axes = plane.basis.axes[list(plane.axes)]
    return tuple(
        np.stack([place - half * seen, place + half * seen])
        for point, place in zip(points, places, strict=True)
        for seen in point.directions @ axes.T
    )
