"""Phase portrait and fixed points while the input is held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rnnviz.analysis.fixed_points import FixedPoint, Kind
from rnnviz.analysis.phase_portrait import ARROWS, FlowField, Portrait, Readout
from rnnviz.analysis.projection import Plane
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.colors import ink
from rnnviz.figures.complex_plane import unit_circle
from rnnviz.figures.picture import Picture, Series, scatter
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, axis, compact, picture, plain

#: How each kind of point is drawn: its symbol and its size.
MARKS = {Kind.STABLE: ("circle", 16), Kind.SADDLE: ("circle-open", 14), Kind.SLOW: ("circle", 7)}
#: How long an arrow is at most, and its head's sides, in cells.
_LONGEST, _HEAD = 0.85, 0.28
#: Beyond so many cells the length of a step makes no difference.
_FAR = 1e6
_GAP = np.array([[np.nan, np.nan]])


def phase_plane(
    seen: Portrait,
    plane: Plane,
    points: Sequence[FixedPoint] = (),
    labels: tuple[Sequence[Readout], Sequence[str]] = ((), ()),
    theme: Theme = LIGHT,
) -> Picture:
    """Fixed points among the paths that sequences take, and the flow of the plane.

    ``labels`` are what is read out at each point, in its colour where there are two classes, and
    what the probe read at each token.
    """
    readouts, words = labels
    beyond = f" ({seen.beyond} points lie far outside)" if seen.beyond else ""
    series = [
        _lines(seen.paths, theme.muted, 1, opacity=_faint(seen)),
        *_arrows(seen.field, seen.spans, theme),
        _probe(seen.probe, words, theme),
        _lines(seen.lines, theme.text, 2.5),
        *(_marks(kind, seen.places, points, readouts, theme) for kind in Kind),
    ]
    return picture(
        series,
        f"Where the state goes, and where it stays{beyond}",
        HEIGHTS["phase"],
        theme,
        xaxis=_component(plane, 0, seen.spans[0], theme),
        yaxis=_component(plane, 1, seen.spans[1], theme),
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "traceorder": "normal"},
        margin={"l": 64, "r": 16, "t": 70, "b": 48},
    )


def _faint(seen: Portrait) -> float:
    """The more paths there are, the fainter each, but never so faint that it is lost."""
    return 0.25 + 0.25 / (1 + len(seen.paths) / 40)


def _component(plane: Plane, which: int, span: tuple[float, float], theme: Theme) -> dict[str, Any]:
    number, share = plane.axes[which] + 1, plane.explained[which]
    title = f"principal component {number} ({share:.0%} of the variance)"
    return axis(title, theme, range=list(span), showgrid=False)


def _lines(paths: Iterable[Array], color: str, width: float, opacity: float = 1) -> Series:
    """Many lines (n, 2) as one series, with gaps between them."""
    joined = np.concatenate([part for path in paths for part in (path, _GAP)] or [_GAP])[:-1]
    return scatter(
        x=compact(joined[:, 0]),
        y=compact(joined[:, 1]),
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
    left, right = (_turned(shafts, side) for side in (0.5, -0.5))
    tips = field.points + shafts * cell
    heads = [tips - part * _HEAD * cell for part in (left, right)]
    gaps = np.full_like(tips, np.nan)
    joined = np.stack([field.points, tips, heads[0], tips, heads[1], gaps], axis=1).reshape(-1, 2)
    lines = _lines([joined], theme.muted, 1.2, opacity=0.75)
    roots = scatter(
        x=compact(field.points[:, 0]),
        y=compact(field.points[:, 1]),
        mode="markers",
        marker={"size": 3, "color": theme.muted},
        hoverlabel={"font": {"color": ink(theme.muted)}},
        customdata=compact(np.column_stack([field.moves, field.speeds])),
        hovertemplate="from (%{x:.3g}, %{y:.3g}) by (%{customdata[0]:.3g}, %{customdata[1]:.3g})"
        "<br>whole step ||F(h) − h|| = %{customdata[2]:.4g}<extra>flow</extra>",
        showlegend=False,
    )
    return [lines, roots]


def _turned(vectors: Array, angle: float) -> Array:
    """Vectors (n, 2) turned by an angle in radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    turned: Array = vectors @ np.array([[cos, sin], [-sin, cos]])
    return turned


def _probe(path: Array, words: Sequence[str], theme: Theme) -> Series:
    names = ["start", *words][: len(path)]
    return scatter(
        x=compact(path[:, 0]),
        y=compact(path[:, 1]),
        name="your sequence",
        mode="lines+markers",
        line={"color": theme.forward, "width": 2},
        marker={"color": theme.forward, "size": 6},
        customdata=[plain(name) for name in names],
        hovertemplate="after “%{customdata}”: (%{x:.4g}, %{y:.4g})<extra>your sequence</extra>",
    )


def _marks(
    kind: Kind,
    places: Array,
    points: Sequence[FixedPoint],
    readouts: Sequence[Readout],
    theme: Theme,
) -> Series:
    chosen = [number for number, point in enumerate(points) if point.kind is kind]
    symbol, size = MARKS[kind]
    return scatter(
        x=compact(places[chosen, 0]),
        y=compact(places[chosen, 1]),
        name=f"{kind.value} ({len(chosen)})",
        mode="markers",
        marker={
            "symbol": symbol, "size": size,
            "color": [_color(readouts[n], theme) for n in chosen] or theme.text,
            "line": {
                "color": [_color(readouts[n], theme) for n in chosen] if "open" in symbol
                else theme.background,
                "width": 2.5,
            },
        },
        customdata=[_facts(n, points[n], readouts[n]) for n in chosen],
        hovertemplate="point %{customdata[0]}: %{customdata[1]}<br>speed q = %{customdata[2]}, "
        "%{customdata[3]} unstable<br>memory %{customdata[4]} tokens<extra>"
        f"{kind.value}</extra>",
    )  # fmt: skip


def _color(readout: Readout, theme: Theme) -> str:
    """That of the verdict where there are two, as everywhere."""
    if readout.side is None:
        return theme.text
    return (theme.negative, theme.positive)[readout.side]


def _facts(number: int, point: FixedPoint, readout: Readout) -> list[str]:
    speed, memory = f"{point.speed:.1e}", f"{point.memory:.4g}"
    return [str(number + 1), plain(readout.text, 60), speed, str(point.unstable), memory]


def point_spectra(points: Sequence[FixedPoint], theme: Theme = LIGHT) -> Picture:
    """The eigenvalues of J at every point: inside the unit circle shrinks, outside it grows."""
    limit = max([1.25, *(1.1 * float(np.abs(point.eigenvalues).max()) for point in points)])
    return picture(
        [_eigenvalues(kind, points, theme) for kind in Kind],
        "What becomes of a small distance to each point",
        HEIGHTS["spectra"],
        theme,
        xaxis=axis("real part of the eigenvalue", theme, range=[-limit, limit], zeroline=True,
                   zerolinecolor=theme.grid, constrain="domain"),
        yaxis=axis("imaginary part", theme, range=[-limit, limit], zeroline=True,
                   zerolinecolor=theme.grid, scaleanchor="x", constrain="domain"),
        shapes=[unit_circle(theme)],
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
        margin={"l": 64, "r": 16, "t": 70, "b": 48},
    )  # fmt: skip


def _eigenvalues(kind: Kind, points: Sequence[FixedPoint], theme: Theme) -> Series:
    chosen = [(n, point) for n, point in enumerate(points, 1) if point.kind is kind]
    values = np.concatenate([point.eigenvalues for _, point in chosen] or [np.zeros(0, complex)])
    constants = np.concatenate([point.time_constants for _, point in chosen] or [np.zeros(0)])
    numbers = np.concatenate([np.full(len(p.eigenvalues), n) for n, p in chosen] or [np.zeros(0)])
    symbol, size = MARKS[kind]
    return scatter(
        x=compact(values.real),
        y=compact(values.imag),
        name=kind.value,
        mode="markers",
        marker={"symbol": symbol, "size": size / 2, "color": theme.text, "opacity": 0.8},
        customdata=compact(np.column_stack([numbers, np.abs(values), constants])),
        hovertemplate="point %{customdata[0]:d}: |eigenvalue| = %{customdata[1]:.4g}"
        f"<br>time constant %{{customdata[2]:.4g}} tokens<extra>{kind.value}</extra>",
    )
