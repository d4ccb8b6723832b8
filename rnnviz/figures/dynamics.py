"""Phase portrait and fixed points for a fixed input."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rnnviz.analysis.fixed_points import FixedPoint, Kind
from rnnviz.analysis.phase_portrait import ARROWS, FlowField, Portrait, Readout
from rnnviz.analysis.projection import Plane
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.axes import axis
from rnnviz.figures.color_math import ink
from rnnviz.figures.legends import LEGEND
from rnnviz.figures.picture import Picture, Series, compact, scatter, xy
from rnnviz.figures.shapes import unit_circle
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, picture, plain

#: The symbol and the size of each kind of point.
_MARKS = {Kind.STABLE: ("circle", 16), Kind.SADDLE: ("circle-open", 14), Kind.SLOW: ("circle", 7)}
#: The greatest length of an arrow, and the sides of its head, in cells.
_LONGEST, _HEAD = 0.85, 0.28
#: Longer steps are cut to this length, in cells.
_FAR = 1e6
_GAP = np.array([[np.nan, np.nan]])


def phase_plane(
    portrait: Portrait,
    plane: Plane,
    points: Sequence[FixedPoint] = (),
    labels: tuple[Sequence[Readout], Sequence[str]] = ((), ()),
    theme: Theme = LIGHT,
) -> Picture:
    """Fixed points among the trajectories of the data, and the flow of the plane.

    ``labels`` are the readout at each point, which colours it if there are two classes, and the
    words of the probe.
    """
    readouts, words = labels
    beyond = f" ({portrait.beyond} points lie far outside)" if portrait.beyond else ""
    # The more paths there are, the fainter each is, down to a limit.
    opacity = 0.25 + 0.25 / (1 + len(portrait.paths) / 40)
    series = [
        _lines(portrait.paths, theme.muted, 1, opacity),
        *_arrows(portrait.field, portrait.spans, theme),
        _probe(portrait.probe, words, theme),
        _lines(portrait.lines, theme.text, 2.5),
        *(_marks(kind, portrait.places, points, readouts, theme) for kind in Kind),
    ]
    return picture(
        series,
        f"Where the state goes, and where it stays{beyond}",
        HEIGHTS["phase"],
        theme,
        xaxis=_component(plane, 0, portrait.spans[0], theme),
        yaxis=_component(plane, 1, portrait.spans[1], theme),
        margin={"t": 70},
        **LEGEND,
    )


def _component(plane: Plane, k: int, span: tuple[float, float], theme: Theme) -> dict[str, Any]:
    number, share = plane.axes[k] + 1, plane.explained[k]
    title = f"principal component {number} ({share:.0%} of the variance)"
    return axis(title, theme, range=list(span), showgrid=False)


def _lines(paths: Iterable[Array], color: str, width: float, opacity: float = 1) -> Series:
    """Lines (n, 2) as one series with gaps between them."""
    joined = np.concatenate([part for path in paths for part in (path, _GAP)] or [_GAP])[:-1]
    return scatter(
        **xy(joined),
        mode="lines",
        line={"color": color, "width": width},
        opacity=opacity,
        hoverinfo="skip",
        showlegend=False,
    )


def _arrows(field: FlowField, spans: Any, theme: Theme) -> list[Series]:
    """Arrows that grow with the step, up to a cell of the window; and their exact values."""
    cell = np.array([(high - low) / ARROWS for low, high in spans])
    steps = np.clip(np.nan_to_num(field.moves / cell, posinf=0, neginf=0), -_FAR, _FAR)
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    shafts = _LONGEST * steps / np.maximum(lengths, 1)
    tips = field.points + shafts * cell
    left, right = (tips - _rotated(shafts, angle) * _HEAD * cell for angle in (0.5, -0.5))
    gaps = np.full_like(tips, np.nan)
    joined = np.stack([field.points, tips, left, tips, right, gaps], axis=1).reshape(-1, 2)
    lines = _lines([joined], theme.muted, 1.2, opacity=0.75)
    roots = scatter(
        **xy(field.points),
        mode="markers",
        marker={"size": 3, "color": theme.muted},
        hoverlabel={"font": {"color": ink(theme.muted)}},
        customdata=compact(np.column_stack([field.moves, field.speeds])),
        hovertemplate="from (%{x:.3g}, %{y:.3g}) by (%{customdata[0]:.3g}, %{customdata[1]:.3g})"
        "<br>whole step ||F(h) − h|| = %{customdata[2]:.4g}<extra>flow</extra>",
        showlegend=False,
    )
    return [lines, roots]


def _rotated(vectors: Array, angle: float) -> Array:
    """Vectors (n, 2) rotated by an angle in radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    rotated: Array = vectors @ np.array([[cos, sin], [-sin, cos]])
    return rotated


def _probe(path: Array, words: Sequence[str], theme: Theme) -> Series:
    names = ["start", *words][: len(path)]
    return scatter(
        **xy(path),
        name="your sequence",
        mode="lines+markers",
        line={"color": theme.forward, "width": 2},
        marker={"color": theme.forward, "size": 6},
        customdata=[plain(name) for name in names],
        hovertemplate="after “%{customdata}”: (%{x:.4g}, %{y:.4g})<extra>your sequence</extra>",
    )


def _marks(
    kind: Kind,
    positions: Array,
    points: Sequence[FixedPoint],
    readouts: Sequence[Readout],
    theme: Theme,
) -> Series:
    indices = [index for index, point in enumerate(points) if point.kind is kind]
    colors = [_color(readouts[index], theme) for index in indices]
    symbol, size = _MARKS[kind]
    line = {"color": colors if "open" in symbol else theme.background, "width": 2.5}
    return scatter(
        **xy(positions[indices]),
        name=f"{kind.value} ({len(indices)})",
        mode="markers",
        marker={"symbol": symbol, "size": size, "color": colors or theme.text, "line": line},
        customdata=[_facts(index, points[index], readouts[index]) for index in indices],
        hovertemplate="point %{customdata[0]}: %{customdata[1]}<br>speed q = %{customdata[2]}, "
        "%{customdata[3]} unstable<br>memory %{customdata[4]} tokens<extra>"
        f"{kind.value}</extra>",
    )


def _color(readout: Readout, theme: Theme) -> str:
    """The colour of the class of two; neutral if there is no such class."""
    if readout.side is None:
        return theme.text
    return (theme.negative, theme.positive)[readout.side]


def _facts(index: int, point: FixedPoint, readout: Readout) -> list[str]:
    speed, memory = f"{point.speed:.1e}", f"{point.memory:.4g}"
    return [str(index + 1), plain(readout.text, 60), speed, str(point.unstable), memory]


def point_spectra(points: Sequence[FixedPoint], theme: Theme = LIGHT) -> Picture:
    """The eigenvalues of J at every point: inside the unit circle shrinks, outside it grows."""
    limit = max([1.25, *(1.1 * float(np.abs(point.eigenvalues).max()) for point in points)])
    zero = {"zeroline": True, "zerolinecolor": theme.grid}
    square = {"range": [-limit, limit], "constrain": "domain", **zero}
    return picture(
        [_eigenvalues(kind, points, theme) for kind in Kind],
        "Eigenvalues of the Jacobian at each point",
        HEIGHTS["spectra"],
        theme,
        xaxis=axis("real part of the eigenvalue", theme, **square),
        yaxis=axis("imaginary part", theme, **square, scaleanchor="x"),
        shapes=[unit_circle(theme)],
        margin={"t": 70},
        **LEGEND,
    )


def _eigenvalues(kind: Kind, points: Sequence[FixedPoint], theme: Theme) -> Series:
    rows = [
        (value.real, value.imag, number, abs(value), constant)
        for number, point in enumerate(points, 1)
        if point.kind is kind
        for value, constant in zip(point.eigenvalues, point.time_constants, strict=True)
    ]
    columns = np.array(rows, float).reshape(-1, 5)
    symbol, size = _MARKS[kind]
    return scatter(
        **xy(columns),
        name=kind.value,
        mode="markers",
        marker={"symbol": symbol, "size": size / 2, "color": theme.text, "opacity": 0.8},
        customdata=compact(columns[:, 2:]),
        hovertemplate="point %{customdata[0]:d}: |eigenvalue| = %{customdata[1]:.4g}"
        f"<br>time constant %{{customdata[2]:.4g}} tokens<extra>{kind.value}</extra>",
    )
