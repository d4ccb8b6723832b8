"""Pictures of fixed points and of the phase plane."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from rnnviz.charts.axes import axis
from rnnviz.charts.picture import Picture, Series, compact, exact, scatter, xy
from rnnviz.charts.shapes import (
    LARGE,
    LEGEND,
    PAPER,
    SMALL,
    Label,
    faint,
    ink,
    labels,
    note,
    unit_circle,
    word_arrows,
    word_labels,
)
from rnnviz.charts.table import TableColumn, TableRows, row_lists
from rnnviz.charts.theme import LIGHT, Theme, picture, plain, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.activations import Plane
from rnnviz.probe.fixed_points import FixedPoint, Kind
from rnnviz.probe.formatting import number
from rnnviz.questions.rest.measure import ARROWS, Portrait, Rest

#: The name, symbol and size of each kind of point.
_MARKS = {
    Kind.STABLE: ("stays", "circle", 15),
    Kind.SADDLE: ("leaves", "circle-open", 13),
    Kind.SLOW: ("slow", "circle", 8),
}
#: Points of other inputs are this much smaller.
_OTHERS = 0.65
#: The greatest length of an arrow, and the sides of its head, in cells.
_LONGEST, _HEAD = 0.8, 0.28
#: Longer steps are cut to this length, in cells.
_FAR = 1e6
_GAP = np.array([[np.nan, np.nan]])


def phase_plane(
    portrait: Portrait, plane: Plane, rests: Sequence[Rest] = (), theme: Theme = LIGHT, *,
    title: str = "", words: Sequence[str] = (), first: int = 0, ends: Array | None = None,
    classes: Sequence[str] = (), chosen: int | None = None,
) -> Picture:  # fmt: skip
    """The fixed points, the paths of the data, and the flow in the plane.

    A click on a point yields its index as customdata; a ring marks the ``chosen`` one. The
    ``words`` are those of the probe, from number ``first`` on. ``ends`` (N,) are the indexes of the
    ``classes`` predicted at the end of each path.
    """
    beyond = f" ({portrait.beyond} points lie far outside)" if portrait.beyond else ""
    # The more paths there are, the fainter each is, down to a limit.
    opacity = 0.14 + 0.25 / (1 + len(portrait.paths) / 40)
    places = portrait.places
    own = [k for k, rest in enumerate(rests) if rest.own and rest.point.kind is Kind.STABLE]
    rested = [Label(places[k], f"{rests[k].held} rests here", LARGE, theme.text) for k in own]
    others = [Label(places[k], rest.held, SMALL, theme.text)
              for k, rest in enumerate(rests) if not rest.own]  # fmt: skip
    ring = {"symbol": "circle-open", "size": 25, "color": theme.text, "line": {"width": 2.5}}
    at = places[:0] if chosen is None else places[chosen : chosen + 1]
    series = [
        _lines(portrait.paths, theme.muted, 1, opacity),
        *_arrows(portrait.field, portrait.spans, theme),
        *_ends(portrait.paths, ends, classes, theme),
        _lines(portrait.lines, theme.text, 2),
        *word_arrows(portrait.probe, words, first, theme),
        *_marks(places, rests, theme),
        scatter(**xy(at), mode="markers", marker=ring, hoverinfo="skip", showlegend=False),
        labels([*rested[: len(own) == 1], *word_labels(portrait.probe, words, theme), *others]),
    ]
    return picture(
        series, f"{title}{beyond}", 620, theme,
        xaxis=_component(plane, 0, portrait.spans[0], theme),
        yaxis=_component(plane, 1, portrait.spans[1], theme), margin={"t": 70}, meta={"wide": True},
        **LEGEND,
    )  # fmt: skip


def _component(plane: Plane, k: int, span: tuple[float, float], theme: Theme) -> dict[str, Any]:
    title = f"component {plane.axes[k] + 1}: {plane.explained[k]:.0%} of the variance"
    return axis(title, theme, range=list(span), showgrid=False)


def _lines(paths: Iterable[Array], color: str, width: float, opacity: float = 1) -> Series:
    """Lines (n, 2) as one series with gaps between them."""
    joined = np.concatenate([part for path in paths for part in (path, _GAP)] or [_GAP])[:-1]
    return scatter(
        **xy(joined), mode="lines", line={"color": color, "width": width}, opacity=opacity,
        hoverinfo="skip", showlegend=False,
    )  # fmt: skip


def _arrows(field: tuple[Array, Array, Array], spans: Any, theme: Theme) -> list[Series]:
    """Arrows that grow with the step, up to a cell of the window; and their exact values."""
    points, moves, speeds = field
    cell = np.array([(high - low) / ARROWS for low, high in spans])
    steps = np.clip(np.nan_to_num(moves / cell, posinf=0, neginf=0), -_FAR, _FAR)
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    shafts = _LONGEST * steps / np.maximum(lengths, 1)
    tips = points + shafts * cell
    # The sides of the heads are rotated by half a radian.
    cos, sin = np.cos(0.5), np.sin(0.5)
    rotations = (np.array([[cos, sign * sin], [-sign * sin, cos]]) for sign in (1, -1))
    left, right = (tips - (shafts @ rotation) * _HEAD * cell for rotation in rotations)
    gaps = np.full_like(tips, np.nan)
    joined = np.stack([points, tips, left, tips, right, gaps], axis=1).reshape(-1, 2)
    lines = _lines([joined], theme.forward, 1.2, opacity=0.45)
    roots = scatter(
        **xy(points), mode="markers", marker={"size": 2, "color": faint(theme.forward, 0.45)},
        hoverlabel={"font": {"color": ink(theme.forward)}},
        customdata=compact(np.column_stack([moves, speeds])),
        hovertemplate="from (%{x:.3g}, %{y:.3g}) by (%{customdata[0]:.3g}, %{customdata[1]:.3g})"
        "<br>whole step ||F(h) − h|| = %{customdata[2]:.4g}<extra>flow</extra>", name="flow",
        showlegend=False,
    )  # fmt: skip
    return [lines, roots]


def _ends(
    paths: Sequence[Array], sides: Array | None, classes: Sequence[str], theme: Theme
) -> list[Series]:
    """The last state of every path; with two classes in the color of the predicted one."""
    ends = np.array([path[-1] for path in paths]).reshape(-1, 2)
    groups = [(ends, "ends in training", theme.muted)]
    if sides is not None:
        colors = zip(classes, (theme.negative, theme.positive), strict=True)
        groups = [
            (ends[sides == side], f"ends: {plain(shown_token(name), 12)}", color)
            for side, (name, color) in enumerate(colors)
        ]
    return [
        scatter(**xy(points), name=name, mode="markers", hoverinfo="skip",
                marker={"size": 6, "color": color, "opacity": 0.5})
        for points, name, color in groups
    ]  # fmt: skip


def _marks(places: Array, rests: Sequence[Rest], theme: Theme) -> list[Series]:
    """The points by kind: large those of the held input, small the others."""
    series = []
    for own in (False, True):
        for kind, (name, symbol, size) in _MARKS.items():
            of = [k for k, r in enumerate(rests) if r.own is own and r.point.kind is kind]
            if not of:
                continue
            colors = [_side_colors(theme)[rests[k].readout.side] for k in of]
            line = {"color": colors if "open" in symbol else theme.background, "width": 2.5}
            marker = {"symbol": symbol, "size": size * (1 if own else _OTHERS), "color": colors}
            series.append(scatter(
                **xy(places[of]), name=f"{name} ({len(of)})", mode="markers",
                marker={**marker, "line": line}, customdata=np.array(of),
                text=[_facts(rests[k]) for k in of],
                hovertemplate=f"%{{text}}<extra>{name}</extra>", showlegend=own,
            ))  # fmt: skip
    return series


def _side_colors(theme: Theme) -> dict[int | None, str]:
    """The colors of the two classes, and of any other output."""
    return {None: theme.text, 0: theme.negative, 1: theme.positive}


def _facts(rest: Rest) -> str:
    point = rest.point
    return (
        f"input: {plain(rest.held, 60)}<br>read as {plain(rest.readout.text, 60)}<br>"
        f"largest |λ| = {number(abs(point.eigenvalues[0]))}, speed q = {number(point.speed, 2)}"
    )


def point_spectrum(rest: Rest, noun: str = "word", theme: Theme = LIGHT) -> Picture:
    """The eigenvalues of J at a point: inside the unit circle a distance shrinks, outside it grows.

    The largest is framed and written out, with the memory.
    """
    values, memory = rest.point.eigenvalues, rest.point.memory
    limit = max(1.2, 1.1 * float(np.abs(values).max()))
    zero = {"zeroline": True, "zerolinecolor": theme.grid, "showgrid": False}
    square = {"range": [-limit, limit], "constrain": "domain", "tickvals": [-1, 0, 1], **zero}
    told = {
        "largest |λ|": number(abs(values[0]), 3),
        f"memory ({noun}s)": (number(memory, 3) if memory < _FAR else f"> {_FAR:,.0f}"),
    }
    largest = np.isclose(np.abs(values), np.abs(values[0]), rtol=1e-9, atol=0)
    ring = {"symbol": "circle-open", "size": 15, "color": theme.text, "line": {"width": 2}}
    places = xy(np.stack([values.real, values.imag], axis=-1)[largest])
    framed = scatter(**places, mode="markers", marker=ring, hoverinfo="skip")
    pale = {"color": theme.muted}
    fonts: dict[int, dict[str, Any]] = {9: pale, -10: {"size": 19, "weight": 600}}
    numbers = [
        note(text, "left middle", **PAPER, x=0.65, y=0.75 - 0.3 * k, yshift=shift, font=font)
        for k, row in enumerate(told.items())
        for text, (shift, font) in zip(row, fonts.items(), strict=True)
    ]
    return picture(
        [framed, _eigenvalues(rest, noun, theme)], "How a small distance evolves", 480, theme,
        xaxis=axis("", theme, **square, domain=[0, 0.6]),
        yaxis=axis("", theme, **square, scaleanchor="x"),
        shapes=[unit_circle(theme) | {"fillcolor": faint(theme.forward, 0.06)}],
        annotations=[
            note("shrinks", "center middle", x=0, y=-0.82, font=pale),
            note("grows", "left bottom", x=0.75, y=0.75, font=pale), *numbers,
        ],
        meta={"wide": True},
    )  # fmt: skip


def _eigenvalues(rest: Rest, noun: str, theme: Theme) -> Series:
    values = rest.point.eigenvalues
    facts = zip(exact(np.abs(values)), exact(rest.point.time_constants), strict=True)
    return scatter(
        **xy(np.stack([values.real, values.imag], axis=-1)),
        mode="markers",
        marker={"size": 7, "color": theme.text, "opacity": 0.8},
        text=[f"|λ| = {size}<br>time constant {constant} {noun}s" for size, constant in facts],
        hovertemplate="%{text}<extra></extra>",
    )


# The list of points


#: Maximum number of rows.
_SHOWN = 100
#: More numbers of states would take longer to send than everything else.
_MOST_NUMBERS = 30_000
_CUT = "The table has neither states nor outputs: they are too many numbers. "
#: The longest memory shown as a number; the distance below which |λ| is shown as 1 ± distance.
_MAX_MEMORY, _NEAR_ONE = 1_000_000, 1e-3
_WORDS = {Kind.STABLE: "● stays", Kind.SADDLE: "○ leaves", Kind.SLOW: "· slow"}
#: The most letters of an input and of a readout.
_LETTERS = 60


def rest_points(
    rests: Sequence[Rest], noun: str, theme: Theme = LIGHT, *, chosen: int | None = None,
    opened: bool = False, outcome: str = "",
) -> Picture:  # fmt: skip
    """A row for each point: the input held, its kind, the output there, its largest |λ|.

    The ``chosen`` row is marked and, if it is ``opened``, has all its numbers. ``outcome`` is the
    result of the search.
    """
    shown = rests[:_SHOWN]
    colors = [_side_colors(theme)[rest.readout.side] for rest in shown]
    read = [plain(rest.readout.text, _LETTERS) for rest in shown]
    columns = [
        TableColumn("input", [_held(rest) for rest in shown], theme.text, 1.1),
        TableColumn("rests", [_kind(rest.point) for rest in shown], colors, 1.35),
        TableColumn("read as", read, colors, 1.7),
        TableColumn("max |λ|", [_size(rest.point) for rest in shown], theme.text, 0.9),
    ]
    sections = [TableRows("Points", columns, range(len(shown)))]
    if opened and chosen is not None and chosen < len(shown):
        sections.append(_row_numbers(shown[chosen], noun, theme))
    more = f"More in the plane: {len(rests) - _SHOWN}. " if len(rests) > _SHOWN else ""
    more += _CUT * _too_many(rests)
    drawn = row_lists("Points", sections, chosen, theme, more + outcome)
    meta = {**drawn.layout["meta"], "columns": _exact(rests, noun)}
    return Picture(drawn.series, {**drawn.layout, "meta": meta})


def _exact(rests: Sequence[Rest], noun: str) -> list[tuple[str, list[object]]]:
    """All numbers of every point, for the table and the file."""
    points = [rest.point for rest in rests]
    columns: dict[str, list[object]] = {
        "input": [escape(rest.held, quote=False) for rest in rests],
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


def _held(rest: Rest) -> str:
    """The input in few letters: "zero input" for "the zero input"."""
    return plain(rest.held.removeprefix("the "), _LETTERS)


def _kind(point: FixedPoint) -> str:
    """The kind in words; of a saddle with the number of unstable directions."""
    leaves = f" ({point.unstable})" if point.kind is Kind.SADDLE else ""
    return _WORDS[point.kind] + leaves


def _size(point: FixedPoint) -> str:
    """The largest absolute value; near 1 as 1 plus or minus the distance."""
    largest = float(abs(point.eigenvalues[0]))
    distance = largest - 1
    if not distance or abs(distance) >= _NEAR_ONE:
        return number(largest, 3)
    return f"1 {'+' if distance > 0 else '−'} {number(abs(distance), 1)}"


def _row_numbers(rest: Rest, noun: str, theme: Theme) -> TableRows:
    """All numbers of a point."""
    point = rest.point
    memory = number(point.memory) if point.memory < _MAX_MEMORY else f"> {_MAX_MEMORY:,}"
    rows = {"starts": f"{point.starts}", "speed q": number(point.speed, 2)}
    rows[f"memory ({noun}s)"] = plain(memory)
    if abs(point.eigenvalues[0]) > 1:
        rows[f"leaves in ({noun}s)"] = number(-float(point.time_constants[0]))
    rows |= {"output": _listed(point.answers), "state": _listed(point.state)}
    columns = [
        TableColumn("", [*rows], theme.muted, 1),
        TableColumn("", [*rows.values()], theme.text, 2.2),
    ]
    return TableRows(f"{_kind(point)}, input {_held(rest)}", columns, long=True)


def _listed(values: Array) -> str:
    return ", ".join(number(float(value)) for value in values)
