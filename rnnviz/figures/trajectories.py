"""Trajectories in the plane of two principal components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnviz.analysis.projection import Plane
from rnnviz.analysis.trajectory import OTHERS, Cloud, Trajectory
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.colors import mixed
from rnnviz.figures.picture import Picture, Series, scatter
from rnnviz.figures.theme import (
    HEIGHTS,
    LIGHT,
    Theme,
    axis,
    compact,
    picture,
    plain,
    shown_token,
)

#: Colours of more than two classes, told apart by the colour-blind (Okabe and Ito 2008).
_CLASSES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b7a400", "#7f7f7f")
#: The most words that are written beside the probe's points.
_MOST_WORDS = 14
#: The most small pictures side by side, and in a row.
MOST_PANELS, _PER_ROW = 12, 4


def trajectories(cloud: Cloud, probe: Trajectory, plane: Plane, theme: Theme = LIGHT) -> Picture:
    """Every sequence as a thin line through its states, coloured by class; the probe on top.

    A point that is clicked tells the number of its sequence.
    """
    span = _span(theme, cloud.points, probe.points)
    colors = (band_colors if cloud.ordered else class_colors)(cloud.classes, theme)
    return picture(
        [
            _ways(cloud, theme),
            *(_states(cloud, name, color) for name, color in colors.items()),
            *_line(plane, span, theme),
            _empty_memory(plane, theme),
            _probe(probe, theme),
        ],
        "Sequences in the plane of two components",
        HEIGHTS["trajectories"],
        theme,
        showlegend=True,
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.0,
            "yanchor": "bottom",
            "traceorder": "normal",
            "itemsizing": "constant",
        },
        margin={"l": 64, "r": 16, "t": 76, "b": 48},
        xaxis=_component(plane, 0, span[0], theme),
        yaxis=_component(plane, 1, span[1], theme),
    )


def class_colors(classes: Sequence[str], theme: Theme) -> dict[str, str]:
    """Two classes have the colours of the verdict, more have colours of their own."""
    if len(classes) == 2:
        return dict(zip(classes, (theme.negative, theme.positive), strict=True))
    named = [name for name in classes if name != OTHERS]
    colors = dict(zip(named, _CLASSES, strict=False))
    return colors | {OTHERS: theme.muted} if len(named) < len(classes) else colors


def band_colors(bands: Sequence[str], theme: Theme) -> dict[str, str]:
    """From the lowest band to the highest those from negative to positive."""
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


def _ways(cloud: Cloud, theme: Theme) -> Series:
    """All sequences in one line with gaps, which is drawn much faster than a line for each."""
    starts = np.flatnonzero(cloud.activations.steps == 0)[1:]
    rows = np.insert(cloud.points, starts, np.nan, axis=0)
    return scatter(
        x=compact(rows[:, 0]),
        y=compact(rows[:, 1]),
        mode="lines",
        line={"color": theme.muted, "width": 1},
        opacity=0.35,
        hoverinfo="skip",
        showlegend=False,
    )


def _states(cloud: Cloud, name: str, color: str) -> Series:
    """The states of one class; the last of each sequence is larger."""
    activations = cloud.activations
    mine = np.flatnonzero(np.array(cloud.labels, object) == name)
    lasts = np.isin(mine, activations.starts[1:] - 1)
    return scatter(
        x=compact(cloud.points[mine, 0]),
        y=compact(cloud.points[mine, 1]),
        mode="markers",
        name=plain(shown_token(name), 16),
        marker={"color": color, "size": np.where(lasts, 11, 5).tolist(), "opacity": 0.75},
        customdata=activations.owners[mine].tolist(),
        text=[plain(_so_far(cloud, int(place)), 60) for place in mine],
        hovertemplate="%{text}<br>(%{x:.4f}, %{y:.4f})<extra></extra>",
    )


def _so_far(cloud: Cloud, place: int) -> str:
    """What has been read up to this token."""
    words = cloud.activations.words[place - int(cloud.activations.steps[place]) : place + 1]
    return " ".join(shown_token(word) for word in words[-8:])


def _line(plane: Plane, span: list[list[float]], theme: Theme) -> list[Series]:
    """The decision line, where it crosses the picture."""
    ends = _crossing(plane, span)
    if len(ends) < 2:
        return []
    return [
        scatter(
            x=[end[0] for end in ends],
            y=[end[1] for end in ends],
            mode="lines",
            name="undecided",
            line={"color": theme.text, "width": 2, "dash": "dash"},
            hoverinfo="skip",
        )
    ]


def _crossing(plane: Plane, span: list[list[float]]) -> list[tuple[float, float]]:
    """The two places where the decision line meets the frame; fewer if it lies outside."""
    if plane.boundary is None:
        return []
    (nx, ny), offset = plane.boundary.normal.tolist(), plane.boundary.offset
    found: list[tuple[float, float]] = []
    for x in span[0]:
        if ny:
            found.append((x, -(nx * x + offset) / ny))
    for y in span[1]:
        if nx:
            found.append((-(ny * y + offset) / nx, y))
    inside = {
        (x, y)
        for x, y in found
        if abs(x) <= span[0][1] * (1 + 1e-9) and abs(y) <= span[1][1] * (1 + 1e-9)
    }
    return sorted(inside)[:: max(1, len(inside) - 1)]


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


def _halo(theme: Theme) -> str:
    """A rim of the ground round letters, so that they can be read where points lie below."""
    return ", ".join(f"{x}px {y}px 2px {theme.background}" for x in (-1, 1) for y in (-1, 1))


def _probe(probe: Trajectory, theme: Theme) -> Series:
    names = [plain(shown_token(word), 14) for word in probe.words]
    few = len(names) <= _MOST_WORDS
    return scatter(
        x=compact(probe.points[:, 0]),
        y=compact(probe.points[:, 1]),
        mode="lines+markers+text" if few else "lines+markers",
        name="probe",
        text=names,
        textposition="top center",
        textfont={"size": 14, "color": theme.text, "shadow": _halo(theme)},
        cliponaxis=False,
        line={"color": theme.text, "width": 3},
        marker={"size": 9, "color": theme.text},
        customdata=[-1] * len(names),
        hovertemplate="%{text}: (%{x:.4f}, %{y:.4f})<extra></extra>",
    )


def small_multiples(
    probe: Trajectory, others: Sequence[tuple[str, Trajectory]], plane: Plane, theme: Theme = LIGHT
) -> Picture:
    """The probe's way beside that of a sequence which differs in one word, a panel for each.

    ``others`` have a title each; at most 12 are drawn.
    """
    others = others[:MOST_PANELS]
    span = _span(theme, probe.points, *(path.points for _, path in others))
    rows = -(-len(others) // _PER_ROW)
    series: list[Series] = []
    layout: dict[str, Any] = {}
    titles: list[dict[str, Any]] = []
    for k, (title, path) in enumerate(others):
        box = _box(k, rows)
        series += _panel(probe, path, str(k + 1), theme)
        layout |= _axes(k, box, span, (k == 0, k == _PER_ROW * (rows - 1)), theme)
        titles.append(_title(title, box, theme))
    titles += _outer(plane, theme)
    return picture(
        series,
        "The probe (solid), and with one token altered (dotted)",
        multiples_height(len(others)),
        theme,
        annotations=titles,
        margin={"l": 64, "r": 16, "t": 70, "b": 48},
        **layout,
    )


def multiples_height(count: int) -> int:
    """How high the figure of so many panels is, in pixels."""
    return 118 + HEIGHTS["multiples"] * -(-max(1, min(count, MOST_PANELS)) // _PER_ROW)


def _box(k: int, rows: int) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a panel, as shares of the picture."""
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
    """The axes of a panel; ``labelled`` says whether there are numbers at its left and below."""
    left, right, bottom, top = box
    name = "" if k == 0 else str(k + 1)
    look = {"showline": True, "mirror": True, "nticks": 3, "ticks": ""}
    x = axis("", theme, range=span[0], domain=[left, right], anchor=f"y{name}", **look)
    y = axis("", theme, range=span[1], domain=[bottom, top], anchor=f"x{name}", **look)
    x["showticklabels"], y["showticklabels"] = labelled[1], labelled[0]
    return {f"xaxis{name}": x, f"yaxis{name}": y}


def _title(title: str, box: tuple[float, ...], theme: Theme) -> dict[str, Any]:
    left, _, _, top = box
    place = {"x": left, "y": top, "xref": "paper", "yref": "paper", "showarrow": False}
    look = {"xanchor": "left", "yanchor": "bottom", "font": {"size": 14, "color": theme.text}}
    return {"text": title, **place, **look}


def _outer(plane: Plane, theme: Theme) -> list[dict[str, Any]]:
    """What both axes are, said once for all panels."""
    x, y = (number + 1 for number in plane.axes)
    said = f"right: component {x}, up: component {y}"
    place = {"x": 0, "y": 0, "xref": "paper", "yref": "paper", "yshift": -26, "showarrow": False}
    look = {"xanchor": "left", "yanchor": "top", "font": {"color": theme.muted}}
    return [{"text": said, **place, **look}]


def _panel(probe: Trajectory, other: Trajectory, number: str, theme: Theme) -> list[Series]:
    number = "" if number == "1" else number
    looks = ((probe, theme.muted, "solid", 2), (other, theme.text, "dot", 2.5))
    return [
        scatter(
            x=compact(path.points[:, 0]),
            y=compact(path.points[:, 1]),
            mode="lines+markers",
            line={"color": color, "width": width, "dash": dash},
            marker={"size": ([5] * len(path.words) + [11])[1:], "color": color},
            text=[plain(shown_token(word)) for word in path.words],
            hovertemplate="%{text}: (%{x:.4f}, %{y:.4f})<extra></extra>",
            xaxis=f"x{number}",
            yaxis=f"y{number}",
        )
        for path, color, dash, width in looks
    ]
