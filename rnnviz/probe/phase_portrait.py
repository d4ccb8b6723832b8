"""Phase portrait: the flow of the states, and trajectories, in one plane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.fixed_points import FixedPoint
from rnnviz.probe.projection import Plane
from rnnviz.probe.state_transition import FixedInputMap, VisitedStates

#: Arrows along each axis.
ARROWS = 17
#: Length of a direction that lies in the plane, as a share of the wider side.
_LINE = 0.12
#: Margin around the data, as a share of its width, and grid lines per leading digit of the width.
_MARGIN, _GRID = 0.1, 10
#: Distance from the middle of the visited states up to which a point is shown, in their widths.
_REACH = 1.5

Span = tuple[float, float]


class Readout(NamedTuple):
    """The answer at a point as text; with two classes also which, 0 or 1."""

    text: str
    side: int | None = None


class Rest(NamedTuple):
    """A point, what is read out there, and the input that was held, as text.

    ``own`` is true if this input is the one held now.
    """

    point: FixedPoint
    readout: Readout
    held: str
    own: bool = True


class FlowField(NamedTuple):
    """One step of the map from points of the plane, (G, 2), with a fixed input.

    ``moves`` (G, 2) are the steps F(h, x) - h projected onto the plane, ``speeds`` (G,) their whole
    length (L2).
    """

    points: Array
    moves: Array
    speeds: Array


@dataclass(frozen=True, eq=False)
class Portrait:
    """Trajectories, flow and fixed points in the plane of two components, in coordinates (., 2).

    ``spans`` are the sides of the window. ``paths`` are the trajectories of sequences, ``probe`` is
    that of the probe. ``places`` (n, 2) are the fixed points, ``lines`` the ends (2, 2) of their
    unstable directions. ``beyond`` counts fixed points outside the window.
    """

    spans: tuple[Span, Span]
    field: FlowField
    paths: tuple[Array, ...]
    probe: Array
    places: Array
    lines: tuple[Array, ...]
    beyond: int = 0


def portrait(
    fixed_map: FixedInputMap,
    plane: Plane,
    visited: VisitedStates,
    probe: Array,
    points: Sequence[FixedPoint] = (),
) -> Portrait:
    """The portrait in ``plane``, with the path ``probe`` (T, S) up to its first infinite state."""
    infinite = np.flatnonzero(~np.isfinite(probe).all(axis=1))
    probe = probe[: infinite[0]] if len(infinite) else probe
    states = np.array([point.state for point in points]).reshape(-1, fixed_map.size)
    paths = tuple(plane.project(path) for path in visited.paths)
    shown, places = plane.project(probe), plane.project(states)
    near = _near(places, np.concatenate([*paths, shown]))
    inside = np.concatenate([*paths, shown, places[near]])
    spans = _span(inside[:, 0]), _span(inside[:, 1])
    field = flow_field(fixed_map, plane, spans)
    lines = _lines(plane, points, places, spans)
    return Portrait(spans, field, paths, shown, places, lines, int((~near).sum()))


def _near(places: Array, visited: Array) -> Array:
    """Whether each point is so near the visited states that the window can include it, (n,)."""
    low, high = visited.min(axis=0), visited.max(axis=0)
    width = np.maximum(high - low, (high - low).max() / 10)
    reach = _REACH * width if width.any() else np.inf
    inside: Array = (np.abs(places - (low + high) / 2) <= reach).all(axis=1)
    return inside


def flow_field(
    fixed_map: FixedInputMap, plane: Plane, spans: tuple[Span, Span], count: int = ARROWS
) -> FlowField:
    """The flow at ``count`` x ``count`` points in the plane, the centers of the window's cells."""
    x, y = (_centers(span, count) for span in spans)
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    states = plane.lift(points)
    with np.errstate(all="ignore"):
        steps = fixed_map.step(states) - states
        moves = plane.project(states + steps) - points
        return FlowField(points, moves, np.linalg.norm(steps, axis=1))


def _centers(span: Span, count: int) -> Array:
    edges = np.linspace(*span, count + 1)
    return (edges[:-1] + edges[1:]) / 2


def _span(values: Array) -> Span:
    """A side of the window. It ends on a coarse grid, so that it seldom changes during a run."""
    low, high = float(values.min()), float(values.max())
    width = (high - low) or 1.0
    power = 10.0 ** math.floor(math.log10(width))
    digit = max(d for d in (1, 2, 5) if d <= width / power * (1 + 1e-9))
    grid, margin = power * digit / _GRID, _MARGIN * width
    return grid * math.floor((low - margin) / grid), grid * math.ceil((high + margin) / grid)


def _lines(
    plane: Plane, points: Sequence[FixedPoint], places: Array, spans: tuple[Span, Span]
) -> tuple[Array, ...]:
    """The unstable directions at every point, projected onto the plane."""
    half = _LINE * max(high - low for low, high in spans) / 2
    axes = plane.basis.axes[list(plane.axes)]
    return tuple(
        np.stack([place - half * direction, place + half * direction])
        for point, place in zip(points, places, strict=True)
        for direction in point.directions @ axes.T
    )
