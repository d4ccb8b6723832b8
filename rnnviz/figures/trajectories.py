"""Trajectories in the plane of two principal components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnviz.analysis.projection import Plane
from rnnviz.analysis.trajectory import OTHERS, Cloud, Trajectory
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.axes import axis
from rnnviz.figures.color_math import mixed
from rnnviz.figures.legends import LEGEND, LEGEND_TOP
from rnnviz.figures.picture import Picture, Series, scatter, xy
from rnnviz.figures.shapes import PAPER, note
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, picture, plain, shown_token

#: Colours of more than two classes that the colour-blind can tell apart (Okabe and Ito 2008).
_CLASSES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b7a400", "#7f7f7f")
#: Maximum number of words that label the probe's points.
_MOST_WORDS = 14
#: Maximum number of panels, and the panels in a row.
MOST_PANELS, _PER_ROW = 12, 4


def trajectories(cloud: Cloud, probe: Trajectory, plane: Plane, theme: Theme = LIGHT) -> Picture:
    """Every sequence as a thin line through its states, coloured by class; the probe on top.

    A click on a point yields the index of its sequence as customdata.
    """
    span = _span(theme, cloud.points, probe.points)
    colors = (band_colors if cloud.ordered else class_colors)(cloud.classes, theme)
    legend = {**LEGEND["legend"], "itemsizing": "constant"}
    return picture(
        [
            _sequences(cloud, theme),
            *(_states(cloud, name, color) for name, color in colors.items()),
            *_decision_line(plane, span, theme),
            _empty_memory(plane, theme),
            _probe(probe, theme),
        ],
        "Sequences in the plane of two components",
        HEIGHTS["trajectories"],
        theme,
        **{**LEGEND, "legend": legend},
        margin={"t": LEGEND_TOP},
        xaxis=_component(plane, 0, span[0], theme),
        yaxis=_component(plane, 1, span[1], theme),
    )


def class_colors(classes: Sequence[str], theme: Theme) -> dict[str, str]:
    """The colours of the verdict for two classes, otherwise one colour each."""
    if len(classes) == 2:
        return dict(zip(classes, (theme.negative, theme.positive), strict=True))
    colors = dict(zip((name for name in classes if name != OTHERS), _CLASSES, strict=False))
    return colors | {OTHERS: theme.muted} if OTHERS in classes else colors


def band_colors(bands: Sequence[str], theme: Theme) -> dict[str, str]:
    """Colours from negative for the lowest band to positive for the highest."""
    middle = (len(bands) - 1) / 2
    ends = [(theme.negative if k < middle else theme.positive) for k in range(len(bands))]
    shares = [abs(k / middle - 1) if middle else 1.0 for k in range(len(bands))]
    colors = (mixed(theme.muted, end, share) for end, share in zip(ends, shares, strict=True))
    return dict(zip(bands, colors, strict=True))


def _span(theme: Theme, *points: Array) -> list[list[float]]:
    """Symmetric ranges of both axes."""
    sizes = np.abs(np.concatenate([*points, np.full((1, 2), 1e-6)]))
    sizes = np.where(np.isfinite(sizes), sizes, 0).max(axis=0)
    axes = zip("xy", 1.05 * sizes, strict=True)
    return [theme.scale.tenths(-size, size, name) for name, size in axes]


def _component(plane: Plane, k: int, span: list[float], theme: Theme) -> dict[str, Any]:
    number, share = plane.axes[k] + 1, plane.explained[k]
    return axis(f"component {number} ({share:.0%} of the variance)", theme, range=span)


def _sequences(cloud: Cloud, theme: Theme) -> Series:
    """All sequences as one line with gaps, which Plotly draws much faster than a line each."""
    starts = np.flatnonzero(cloud.activations.steps == 0)[1:]
    return scatter(
        **xy(np.insert(cloud.points, starts, np.nan, axis=0)),
        mode="lines",
        line={"color": theme.muted, "width": 1},
        opacity=0.35,
        hoverinfo="skip",
        showlegend=False,
    )


def _states(cloud: Cloud, name: str, color: str) -> Series:
    """The states of one class; the last of each sequence is larger."""
    activations = cloud.activations
    indices = np.flatnonzero(np.array(cloud.labels, object) == name)
    last = np.isin(indices, activations.starts[1:] - 1)
    return scatter(
        **xy(cloud.points[indices]),
        mode="markers",
        name=plain(shown_token(name), 16),
        marker={"color": color, "size": np.where(last, 11, 5).tolist(), "opacity": 0.75},
        customdata=activations.owners[indices].tolist(),
        text=[plain(_read(cloud, index), 60) for index in indices.tolist()],
        hovertemplate="%{text}<br>(%{x:.4f}, %{y:.4f})<extra></extra>",
    )


def _read(cloud: Cloud, index: int) -> str:
    """The last words that were read up to this state."""
    activations = cloud.activations
    words = activations.words[index - int(activations.steps[index]) : index + 1]
    return " ".join(shown_token(word) for word in words[-8:])


def _decision_line(plane: Plane, span: list[list[float]], theme: Theme) -> list[Series]:
    """The decision line, if it crosses the plot."""
    ends = _crossings(plane, span)
    if len(ends) < 2:
        return []
    return [
        scatter(
            x=[x for x, _ in ends],
            y=[y for _, y in ends],
            mode="lines",
            name="undecided",
            line={"color": theme.text, "width": 2, "dash": "dash"},
            hoverinfo="skip",
        )
    ]


def _crossings(plane: Plane, span: list[list[float]]) -> list[tuple[float, float]]:
    """The two points where the decision line meets the frame; fewer if it lies outside."""
    if plane.boundary is None:
        return []
    (nx, ny), offset = plane.boundary.normal.tolist(), plane.boundary.offset
    points = [(x, -(nx * x + offset) / ny) for x in span[0] if ny]
    points += [(-(ny * y + offset) / nx, y) for y in span[1] if nx]
    right, top = (end * (1 + 1e-9) for _, end in span)
    inside = sorted({(x, y) for x, y in points if abs(x) <= right and abs(y) <= top})
    return inside[:: max(1, len(inside) - 1)]


def _empty_memory(plane: Plane, theme: Theme) -> Series:
    x, y = plane.project(np.zeros(len(plane.basis.mean))).tolist()
    return scatter(
        x=[x],
        y=[y],
        mode="markers",
        name="empty memory",
        marker={"symbol": "x-thin", "size": 12, "line": {"color": theme.text, "width": 2}},
        hovertemplate="nothing read yet<extra></extra>",
    )


def _probe(probe: Trajectory, theme: Theme) -> Series:
    names = [plain(shown_token(word), 14) for word in probe.words]
    # A rim in the background colour keeps the words legible on top of points.
    halo = ", ".join(f"{x}px {y}px 2px {theme.background}" for x in (-1, 1) for y in (-1, 1))
    return scatter(
        **xy(probe.points),
        mode="lines+markers+text" if len(names) <= _MOST_WORDS else "lines+markers",
        name="your sequence",
        text=names,
        textposition="top center",
        textfont={"size": 14, "color": theme.text, "shadow": halo},
        cliponaxis=False,
        line={"color": theme.text, "width": 3},
        marker={"size": 9, "color": theme.text},
        customdata=[-1] * len(names),
        hovertemplate="%{text}: (%{x:.4f}, %{y:.4f})<extra></extra>",
    )


def small_multiples(
    probe: Trajectory, others: Sequence[tuple[str, Trajectory]], plane: Plane, theme: Theme = LIGHT
) -> Picture:
    """The probe's trajectory beside each of ``others``, which differs in one word; a panel each.

    ``others`` have a title each; at most 12 are drawn.
    """
    others = others[:MOST_PANELS]
    span = _span(theme, probe.points, *(path.points for _, path in others))
    rows = -(-len(others) // _PER_ROW)
    series: list[Series] = []
    layout: dict[str, Any] = {}
    notes: list[dict[str, Any]] = []
    for k, (title, path) in enumerate(others):
        box = _box(k, rows)
        series += _panel(probe, path, str(k + 1) if k else "", theme)
        layout |= _axes(k, box, span, (k == 0, k == _PER_ROW * (rows - 1)), theme)
        font = {"size": 14, "color": theme.text}
        notes.append(note(title, "left bottom", **PAPER, x=box[0], y=box[3], font=font))
    x, y = (number + 1 for number in plane.axes)
    axes, font = f"right: component {x}, up: component {y}", {"color": theme.muted}
    notes.append(note(axes, "left top", **PAPER, x=0, y=0, yshift=-26, font=font))
    return picture(
        series,
        "Your sequence (solid), and with one token altered (dotted)",
        multiples_height(len(others)),
        theme,
        annotations=notes,
        margin={"t": 70},
        **layout,
    )


def multiples_height(count: int) -> int:
    """The height of the figure of ``count`` panels, in pixels."""
    return 118 + HEIGHTS["multiples"] * -(-max(1, min(count, MOST_PANELS)) // _PER_ROW)


def _box(k: int, rows: int) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a panel, as shares of the figure."""
    row, column = divmod(k, _PER_ROW)
    left, top = column / _PER_ROW, 1 - row / rows
    gap = 0.16 / rows
    return left, left + 0.92 / _PER_ROW, top - 1 / rows + (gap if row + 1 < rows else 0), top


def _axes(
    k: int,
    box: tuple[float, ...],
    span: list[list[float]],
    labelled: tuple[bool, bool],
    theme: Theme,
) -> dict[str, Any]:
    """The axes of a panel; ``labelled`` says whether y, and x, have numbers."""
    left, right, bottom, top = box
    name = str(k + 1) if k else ""
    style = {"showline": True, "mirror": True, "nticks": 3, "ticks": ""}
    x = {"range": span[0], "domain": [left, right], "anchor": f"y{name}", **style}
    y = {"range": span[1], "domain": [bottom, top], "anchor": f"x{name}", **style}
    return {
        f"xaxis{name}": axis("", theme, **x, showticklabels=labelled[1]),
        f"yaxis{name}": axis("", theme, **y, showticklabels=labelled[0]),
    }


def _panel(probe: Trajectory, other: Trajectory, number: str, theme: Theme) -> list[Series]:
    styles = ((probe, theme.muted, "solid", 2), (other, theme.text, "dot", 2.5))
    return [
        scatter(
            **xy(path.points),
            mode="lines+markers",
            line={"color": color, "width": width, "dash": dash},
            marker={"size": ([5] * len(path.words) + [11])[1:], "color": color},
            text=[plain(shown_token(word)) for word in path.words],
            hovertemplate="%{text}: (%{x:.4f}, %{y:.4f})<extra></extra>",
            xaxis=f"x{number}",
            yaxis=f"y{number}",
        )
        for path, color, dash, width in styles
    ]
