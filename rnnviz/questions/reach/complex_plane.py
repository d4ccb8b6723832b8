"""Eigenvalues in the complex plane, and the Lyapunov exponents of a sequence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import axis, whole, words_axis, words_margin
from rnnviz.charts.picture import Picture, Series, compact, exact, scatter, xy
from rnnviz.charts.shapes import color_bar, level, sentence, unit_circle
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number
from rnnviz.probe.jacobians import StateSpectra

#: The axis ends here: what shrinks e-fold twenty times per token is gone.
_LOWEST = -20.0
#: The small planes of single tokens end here.
_EDGE = 1.4
#: The opacity of what is later than the epoch shown.
_LATER = 0.2
_VALUE = "%{customdata[0]} + %{customdata[1]} i<extra></extra>"


#: What stands in the place of eigenvalues.
NO_WEIGHTS = "In this cell no matrix leads from state to state: each unit keeps its own."


class Trail(NamedTuple):
    """The largest eigenvalues (N, k) at some epochs (N,), and the epoch that is ``shown``.

    ``unit`` is what they are called.
    """

    eigenvalues: Array
    epochs: Array
    shown: int | None = None
    unit: str = "epoch"


def weight_spectrum(
    eigenvalues: Array, trail: Trail, theme: Theme = LIGHT, weights: str = "W_hh"
) -> Picture:
    """The eigenvalues (H,) of the recurrent weights, and the largest at other epochs.

    Those of epochs later than the one shown are faint.
    """
    if not eigenvalues.size:
        return sentence("Eigenvalues", NO_WEIGHTS, theme)
    numbers = np.repeat(trail.epochs, trail.eigenvalues.size // max(1, len(trail.epochs)))
    past = _points(trail.eigenvalues, numbers, theme, trail.unit)
    if trail.shown is not None:
        past["marker"]["opacity"] = np.where(numbers > trail.shown, _LATER, 1.0).tolist()
    past.update(text=past["marker"]["color"], hovertemplate=f"{trail.unit} %{{text}}: {_VALUE}")
    line = {"color": theme.text, "width": 1.5}
    now = scatter(
        **xy(_parts(eigenvalues)),
        customdata=_parts(eigenvalues),
        mode="markers",
        marker={"size": 7, "color": "rgba(0,0,0,0)", "line": line},
        hovertemplate="shown: " + _VALUE,
    )
    largest = max([1.0, *np.abs(eigenvalues), *np.abs(trail.eigenvalues).ravel()])
    return _plane([past, now], weights, largest, theme)


def state_spectrum(
    spectra: StateSpectra, words: Sequence[str], bridge: int = 0, theme: Theme = LIGHT
) -> Picture:
    """The eigenvalues of the Jacobian at some tokens of a sequence, a unit circle in each column.

    ``words`` of a decoder begin at ``bridge``. Below is the largest absolute value.
    """
    sizes = np.abs(spectra.eigenvalues)
    tokens = spectra.tokens + bridge
    width = 0.9 * float(np.diff(tokens).min()) if len(tokens) > 1 else 1.0
    axes: dict[str, Any] = {}
    for k, t in enumerate(tokens.tolist(), 2):
        axes |= _circle_axes(k, (t + 0.5) / len(words), width / len(words))
    circles = [
        unit_circle(theme) | {"xref": f"x{k + 2}", "yref": f"y{k + 2}"} for k in range(len(tokens))
    ]
    return picture(
        [*_circles(spectra.eigenvalues, theme), _largest(tokens, sizes.max(axis=1), theme)],
        "One step: eigenvalues of the Jacobian, and the largest",
        HEIGHTS["margins"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis={"range": [0, 1], "visible": False},
        shapes=circles,
        margin=words_margin(words),
        meta={"x": "token"},
        **axes,
    )


def _circle_axes(number: int, middle: float, width: float) -> dict[str, Any]:
    """The two axes of one token's plane, around ``middle`` of the figure from 0 to 1."""
    hidden = {"visible": False, "range": [-_EDGE, _EDGE], "constrain": "domain"}
    left, right = max(0.0, middle - width / 2), min(1.0, middle + width / 2)
    return {
        f"xaxis{number}": {**hidden, "domain": [left, right], "anchor": f"y{number}"},
        f"yaxis{number}": {
            **hidden, "domain": [0.2, 1.0], "anchor": f"x{number}", "scaleanchor": f"x{number}",
        },
    }  # fmt: skip


def _circles(eigenvalues: Array, theme: Theme) -> Iterator[Series]:
    for k, values in enumerate(eigenvalues, 2):
        # Those far outside are drawn at the edge, in their direction.
        inside = values * np.minimum(1, _EDGE / np.maximum(np.abs(values), 1))
        yield scatter(
            **xy(_parts(inside)),
            xaxis=f"x{k}",
            yaxis=f"y{k}",
            customdata=_parts(values),
            mode="markers",
            marker={"size": 4.5, "color": theme.magnitude, "opacity": 0.75},
            hovertemplate=_VALUE,
        )


def _largest(tokens: Array, sizes: Array, theme: Theme) -> Series:
    return scatter(
        x=tokens.astype(np.int32),
        y=[0.08] * len(tokens),
        mode="text",
        text=[number(size, 2) for size in sizes],
        textfont={"color": theme.magnitude},
        customdata=exact(sizes),
        hovertemplate="largest: %{customdata}<extra></extra>",
    )


def _parts(values: Array) -> Array:
    """Real and imaginary parts, (N, 2)."""
    return np.stack([values.real, values.imag], axis=-1)


def _points(values: Array, numbers: Array, theme: Theme, heading: str) -> Series:
    """Complex values, coloured from the first of their numbers to the last."""
    parts = _parts(values.ravel())
    low, high = (int(numbers.min()), int(numbers.max())) if numbers.size else (0, 0)
    return scatter(
        **xy(parts),
        customdata=parts,
        mode="markers",
        marker={
            "size": 6,
            "color": numbers.astype(np.int32),
            "colorscale": [[0, theme.grid], [1, theme.magnitude]],
            "cmin": low,
            "cmax": max(high, low + 1),
            "colorbar": {**color_bar(heading), **whole(high - low)},
            "showscale": True,
        },
    )


def _plane(series: list[Series], weights: str, largest: float, theme: Theme) -> Picture:
    end = 1.1 * theme.scale.tenths(-largest, largest)[1]
    limits: dict[str, Any] = {"range": [-end, end], "constrain": "domain"}
    return picture(
        series,
        "Eigenvalues",
        HEIGHTS["plane"],
        theme,
        shapes=[unit_circle(theme)],
        xaxis=axis(f"{weights}: real part", theme, **limits),
        yaxis=axis("imaginary part", theme, **limits, scaleanchor="x"),
        margin={"r": 76},
    )


def exponent_curve(
    exponents: Array,
    steps: int,
    theme: Theme = LIGHT,
    second: tuple[Array, str] | None = None,
) -> Picture:
    """Finite-time Lyapunov exponents (S,), the largest first, over ``steps`` tokens.

    Those of a ``second`` moment, which has a name, are faint.
    """
    dotted = {"mode": "lines+markers", "marker": {"size": 5, "color": theme.text}}
    curves = [_exponents(exponents, "exponent", {"color": theme.text, "width": 1.5}) | dotted]
    if second:
        style = {"color": theme.text, "width": 1.5, "dash": "dashdot"}
        curves.append(_exponents(second[0], f"{second[1]}, exponent", style) | {"opacity": 0.55})
    visible = [0.0, *(y for curve in curves for y in curve["y"].tolist() if y > _LOWEST)]
    low, high = theme.scale.tenths(min(visible), max(visible))
    margin, tokens = 0.06 * (high - low), f"{steps} token{'' if steps == 1 else 's'}"
    return picture(
        curves,
        "Exponents",
        HEIGHTS["exponents"],
        theme,
        xaxis=axis(f"finite-time: {tokens}", theme, **whole(len(exponents))),
        yaxis=axis("nats a token", theme, range=[low - margin, high + margin]),
        shapes=[level(0, theme)],
        margin={"r": 76},
    )


def _exponents(exponents: Array, name: str, line: dict[str, Any]) -> Series:
    return scatter(
        x=np.arange(1, len(exponents) + 1, dtype=np.int32),
        y=compact(np.where(np.isfinite(exponents), exponents, np.nan)),
        name=name,
        mode="lines",
        line=line,
        customdata=exact(exponents),
        hovertemplate=f"{name} %{{x}}: %{{customdata}} nats a token<extra></extra>",
    )
