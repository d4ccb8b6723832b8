"""Pictures of the exact gradient, the notebook's, and the gradient check."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rnnviz.charts.axes import (
    EPOCHS_MARGIN,
    axis,
    epoch_marks,
    epochs_axis,
    epochs_meta,
    log_axis,
    rows_axis,
    words_axis,
    words_margin,
)
from rnnviz.charts.axis_limits import decades
from rnnviz.charts.gradients import norms_height
from rnnviz.charts.picture import Picture, Series, exact, scatter
from rnnviz.charts.shapes import (
    LEGEND,
    LEGEND_TOP,
    colored,
    faint,
    level,
    note,
    sentence,
    upright,
    zeros,
)
from rnnviz.charts.theme import LIGHT, Theme, picture
from rnnviz.engine.cell_check import TOLERANCE
from rnnviz.engine.gradcheck import GradientCheck
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.epoch_series import EpochSeries
from rnnviz.probe.formatting import number
from rnnviz.probe.gradient_flow import ByLength, ByToken, Comparison
from rnnviz.run.history import RunCurves

#: Both gradients at some epochs.
Comparisons = EpochSeries[Comparison]
#: The relative error drawn for zero: the last digit of float64.
_EXACT = 1e-16
#: The dash of a line, by the kind of its parameter.
_DASHES = {"W_xh": "dot", "W_hh": "solid", "b_h": "dashdot"}
#: The length of an exact arrow and the size of its disc in pixels; the longest of the notebook's,
#: as a multiple.
_ARROW, _DISC, _MOST = 20, 52, 1.4
#: Up to this many words, arrows and discs are this many times as large.
_FEW, _LARGE = 6, 1.4
#: The most words for arrows, and for discs behind them.
MOST_ARROWS, _MOST_DISCS = 24, 12
_BY_LENGTH = "The notebook's error, by length"


# On the words


def gradient_directions(tokens: ByToken, words: Sequence[str], theme: Theme = LIGHT) -> Picture:
    """Two arrows from one point at every word: the exact dL/dh_t to the left, and the notebook's.

    The angle and the ratio of the lengths are those of the gradients.
    """
    ratios = tokens.notebook / np.where(tokens.exact > 0, tokens.exact, np.nan)
    count = len(words)
    times = _LARGE if count <= _FEW else 1.0
    arrows = [
        arrow
        for t in range(count if count <= MOST_ARROWS else 0)
        for arrow in _arrows(t, float(tokens.angles[t]), float(ratios[t]), times * _ARROW, theme)
    ]
    size = times * _DISC if count <= _MOST_DISCS else 0
    disc = {"size": size, "color": faint(theme.magnitude, 0.08)}
    return picture(
        [
            scatter(
                x=list(range(count)), y=[0] * count, mode="markers", marker=disc, hoverinfo="skip"
            ),
            _angles(tokens, ratios),
        ],
        f"Direction of dL/dh: {colored('exact, W_hhᵀ da', theme.magnitude)}; notebook's, W_hh da",
        260, theme, xaxis=words_axis(words, theme), yaxis={"range": [-1.7, 1], "visible": False},
        annotations=arrows, margin=words_margin(words), meta={"x": "token"},
    )  # fmt: skip


def _angles(tokens: ByToken, ratios: Array) -> Series:
    # With many words every n-th has a number, counted from the last one.
    count = len(tokens.angles)
    every = math.ceil(count / _MOST_DISCS)
    degrees = ["–" if np.isnan(angle) else f"<b>{angle:.0f}°</b>" for angle in tokens.angles]
    degrees = ["" if (count - 1 - t) % every else text for t, text in enumerate(degrees)]
    rows = zip(exact(tokens.angles), exact(ratios), strict=True)
    return scatter(
        x=np.arange(len(degrees), dtype=np.int32), y=[-1.35] * len(degrees), mode="text",
        text=degrees, textfont={"size": 15}, customdata=[list(row) for row in rows],
        hovertemplate="%{customdata[0]}° away, %{customdata[1]} times as long<extra></extra>",
    )  # fmt: skip


def _arrows(
    t: int, angle: float, ratio: float, arrow: float, theme: Theme
) -> Iterator[dict[str, Any]]:
    if np.isnan(angle):
        return
    turned = np.pi + np.radians(angle)
    length = arrow * float(np.clip(ratio, 0.2, _MOST))
    if angle > 0.5:
        yield _arrow(t, length * np.cos(turned), -length * np.sin(turned), theme.text, 2)
    yield _arrow(t, -arrow, 0, theme.magnitude, 3)


def _arrow(t: int, right: float, down: float, color: str, width: float) -> dict[str, Any]:
    """An arrow from the center of a column, in pixels."""
    return {
        "x": t, "y": 0, "xshift": right, "yshift": -down, "ax": -right, "ay": -down, "text": "",
        "showarrow": True, "arrowcolor": color, "arrowwidth": width,
    }  # fmt: skip


def gradient_sizes(
    norms: Array, words: Sequence[str], notebook: Array | None = None, theme: Theme = LIGHT,
    symbol: str = "dL/dh",
) -> Picture:  # fmt: skip
    """||dL/ds_t||, ``norms``, at every word; and by the ``notebook``'s rule, if it has one."""
    others = norms[:0] if notebook is None else notebook
    span = theme.scale.decades([*norms.tolist(), *others.tolist()])
    floor = 10.0 ** span[0]
    dashed = {"color": theme.text, "width": 2, "dash": "dash"}
    styles = (
        ("notebook", others, dashed, "circle-open"),
        ("exact", norms, {"color": theme.magnitude, "width": 3}, "triangle-left"),
    )
    return picture(
        [
            scatter(
                x=np.arange(len(sizes), dtype=np.int32),
                y=np.maximum(sizes, floor),
                name=name,
                mode="lines+markers",
                line=line,
                marker={"size": 8, "color": line["color"], "symbol": mark},
                customdata=exact(sizes),
                hovertemplate=f"{name}: %{{customdata}}<extra></extra>",
            )
            for name, sizes, line, mark in styles
            if len(sizes)
        ],
        f"Size of the gradient, ||{symbol}_t|| (L2)", 260, theme, xaxis=words_axis(words, theme),
        yaxis=log_axis("", theme, span),
        annotations=[
            *zeros(np.arange(len(others)), others, span[0], theme.text),
            *zeros(np.arange(len(norms)), norms, span[0], theme.magnitude),
        ],
        margin={**words_margin(words), "t": LEGEND_TOP}, meta={"x": "token"}, **LEGEND,
    )  # fmt: skip


def errors_by_length(table: ByLength, words: Sequence[str], theme: Theme = LIGHT) -> Picture:
    """||notebook - exact|| / ||exact|| over the length, of every parameter that is off.

    A sequence of n words reaches n - 1 back, so it is drawn that far from the last word.
    """
    count = len(words)
    reached = table.lengths <= count
    if not reached.any():
        text = f"All training sequences are longer: {table.lengths.min()} or more."
        return sentence(_BY_LENGTH, text, theme)
    lengths, counts = table.lengths[reached], table.counts[reached].tolist()
    pairs = zip(lengths.tolist(), counts, strict=True)
    notes = [f"{t} long, {n} sequence{'s' * (n > 1)}" for t, n in pairs]
    errors = {name: v[reached] for name, v in table.table("errors").items() if v.any()}
    span = _errors_span(errors.values(), theme)
    numbers = range(1, count + 1, math.ceil(count / MOST_ARROWS))[::-1]
    ticks = {"tickvals": [count - n for n in numbers], "ticktext": [str(n) for n in numbers]}
    curves = _lines(errors, count - lengths, notes, 10.0 ** span[0], theme)
    return picture(
        curves, _BY_LENGTH, 460, theme, xaxis={**words_axis(words, theme), "tickangle": 0, **ticks},
        yaxis=log_axis("", theme, span), annotations=_zeros(errors, count - lengths, span, theme),
        margin={**words_margin(words), "t": LEGEND_TOP}, meta={"x": "token", "ticks": True},
        **LEGEND,
    )  # fmt: skip


# Over the epochs


def errors_over_epochs(history: Comparisons, course: RunCurves, theme: Theme = LIGHT) -> Picture:
    """||notebook - exact|| / ||exact|| over the epochs, of every parameter that is off."""
    errors = {name: v for name, v in history.table("errors").items() if (v > 0).any()}
    span = _errors_span(errors.values(), theme)
    curves = _epoch_lines(errors, history, course, 10.0 ** span[0], theme)
    title, up = "The notebook's relative error", log_axis("", theme, span)
    drawn = _over_epochs(curves, title, course, theme, up)
    drawn.layout["annotations"] = _zeros(errors, history.epochs, span, theme)
    return drawn


def cosines_over_epochs(history: Comparisons, course: RunCurves, theme: Theme = LIGHT) -> Picture:
    """The cosine of both gradients over the epochs, of every parameter that is off."""
    off = {name for name, v in history.table("errors").items() if (v > 0).any()}
    cosines = {name: v for name, v in history.table("cosines").items() if name in off}
    up = axis("", theme, range=[-1.1, 1.1], tickvals=[-1, 0, 1])
    curves = _epoch_lines(cosines, history, course, -np.inf, theme)
    return _over_epochs(curves, "Do both point the same way? Cosine", course, theme, up, 0.0)


def _epoch_lines(
    values: dict[str, Array], history: Comparisons, course: RunCurves, floor: float, theme: Theme
) -> list[Series]:
    notes = [f"{course.history.unit} {epoch}" for epoch in history.epochs]
    return _lines(values, history.epochs, notes, floor, theme)


def _over_epochs(
    curves: list[Series], title: str, course: RunCurves, theme: Theme, yaxis: dict[str, Any],
    *levels: float,
) -> Picture:  # fmt: skip
    return picture(
        curves, title, 460, theme, xaxis=epochs_axis(course, theme), yaxis=yaxis,
        shapes=[*(level(y, theme) for y in levels), *epoch_marks(course, theme, "y")],
        margin={**EPOCHS_MARGIN, "t": LEGEND_TOP}, meta=epochs_meta(course), **LEGEND,
    )  # fmt: skip


def _errors_span(errors: Any, theme: Theme) -> list[float]:
    return theme.scale.decades([1.0, *(float(v) for values in errors for v in values)])


def _zeros(
    errors: dict[str, Array], x: Array, span: Sequence[float], theme: Theme
) -> list[dict[str, Any]]:
    """Where the error of some parameter is exactly zero."""
    least = np.min([*errors.values()], axis=0) if errors else np.ones(len(x))
    return zeros(x, least, span[0], theme.text)


def _lines(
    values: dict[str, Array], x: Array, notes: Sequence[str], floor: float, theme: Theme
) -> list[Series]:
    """A line for every parameter."""
    return [
        scatter(
            x=x.astype(np.int32),
            y=np.maximum(row, floor),
            name=name,
            mode="lines+markers" if len(x) < 30 else "lines",
            line={
                "color": theme.text,
                "width": 2.4 if name.startswith("W_hh") else 1.6,
                "dash": _DASHES.get(name.partition(".")[0], "dash"),
            },
            customdata=[list(each) for each in zip(notes, exact(row), strict=True)],
            hovertemplate=f"{name}, %{{customdata[0]}}: %{{customdata[1]}}<extra></extra>",
        )
        for name, row in values.items()
    ]


# By parameter


def parameter_errors(
    names: Sequence[str],
    check: GradientCheck | None,
    comparison: Comparison | None,
    theme: Theme = LIGHT,
) -> Picture:
    """The relative errors of the gradient of every parameter, on one axis.

    Dots are the run's rule against complex-step differences, crosses the notebook's rule against
    the exact one. None: not measured.
    """
    checked = dict(check.errors) if check else {}
    off = {name: e for name, e in comparison.errors.items() if e} if comparison else {}
    span = decades([_EXACT, 1.0, *checked.values(), *off.values()])
    right = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "line": {"width": 0}}
    right |= {"x0": 10.0 ** span[0], "x1": TOLERANCE, "fillcolor": faint(theme.forward, 0.1)}
    dot = {"size": 12, "color": theme.magnitude}
    cross = {"size": 11, "color": theme.text, "symbol": "x"}
    markers = [_errors(names, checked, "checked", dot, span)]
    if comparison:
        errors = zip(off, exact([*off.values()]), strict=True)
        facts = [[error, _facts(comparison, name)] for name, error in errors]
        hover = "notebook: off by %{customdata[0]}%{customdata[1]}<extra></extra>"
        crosses = _errors(names, off, "notebook", cross, span)
        markers.append({**crosses, "customdata": facts, "hovertemplate": hover})
    angle = {name: _angle(comparison, name) for name in off} if comparison else {}
    rows = {"tickvals": [*range(len(names))], "ticktext": [*names], "type": "linear"}
    return picture(
        markers, "Relative error of every parameter", norms_height(len(names)), theme,
        xaxis=log_axis("", theme, span), yaxis={**rows_axis(len(names), theme), **rows},
        shapes=[{**right, "layer": "below"}, upright(TOLERANCE, theme)],
        annotations=[
            note(f"off by {error:.0%}, {angle[name]}", "right middle", x=math.log10(error), y=k,
                 xshift=-10)
            for k, name in enumerate(names)
            if (error := off.get(name, 0)) >= 0.005
        ],
        margin={"l": 84, "r": 76, "t": LEGEND_TOP}, **LEGEND,
    )  # fmt: skip


def _errors(
    names: Sequence[str], errors: dict[str, float], title: str, marker: dict[str, Any],
    span: Sequence[float],
) -> Series:  # fmt: skip
    values = list(errors.values())
    return scatter(
        x=np.maximum(values, 10.0 ** span[0]), y=[names.index(name) for name in errors], name=title,
        mode="markers", marker=marker, customdata=exact(values),
        hovertemplate=f"{title}: off by %{{customdata}}<extra></extra>",
    )  # fmt: skip


def _facts(comparison: Comparison, name: str) -> str:
    """The angle between both gradients of a parameter, and their lengths (L2)."""
    exactly, notebook = (number(of[name], 4) for of in (comparison.exact, comparison.notebook))
    return f"<br>‖exact‖ {exactly}, ‖notebook‖ {notebook} (L2)<br>{_angle(comparison, name)} apart"


def _angle(comparison: Comparison, name: str) -> str:
    angle = comparison.angle(name)
    return "–" if np.isnan(angle) else f"{angle:.0f}°"
