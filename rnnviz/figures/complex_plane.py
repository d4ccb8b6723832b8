"""Eigenvalues in the complex plane, and the exponents over a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnviz.analysis.jacobians import StateSpectra
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.picture import Picture, Series, scatter
from rnnviz.figures.theme import (
    HEIGHTS,
    LIGHT,
    Theme,
    axis,
    color_bar,
    compact,
    picture,
    plain,
    shown_token,
    whole,
)

#: The axis goes no further down: what shrinks e-fold twenty times a token is gone.
_LOWEST = -20.0


def weight_spectrum(
    eigenvalues: Array, trail: Array, epochs: Array, theme: Theme = LIGHT, weights: str = "W_hh"
) -> Picture:
    """The eigenvalues (H,) of the recurrent weights, and the largest at other epochs (N, k)."""
    past = _points(trail, np.repeat(epochs, trail.size // max(1, len(epochs))), theme, "epoch")
    past.update(text=past["marker"]["color"], hovertemplate="epoch %{text}: " + _VALUE)
    now = scatter(
        x=compact(eigenvalues.real),
        y=compact(eigenvalues.imag),
        customdata=_parts(eigenvalues),
        mode="markers",
        marker={"size": 7, "color": "rgba(0,0,0,0)", "line": {"color": theme.text, "width": 1.5}},
        hovertemplate="shown: " + _VALUE,
    )
    largest = max([1.0, *np.abs(eigenvalues), *np.abs(trail).ravel()])
    title = f"Eigenvalues of {weights}, and their trail over the epochs"
    return _plane([past, now], title, largest, theme)


_VALUE = "%{customdata[0]} + %{customdata[1]} i<extra></extra>"


def _parts(values: Array) -> Array:
    """Real and imaginary parts with all their digits, (N, 2)."""
    return np.stack([values.real, values.imag], axis=-1)


def state_spectrum(
    spectra: StateSpectra, words: Sequence[str], bridge: int = 0, theme: Theme = LIGHT
) -> Picture:
    """The eigenvalues of the Jacobian at some tokens of a sequence; the last ones strongest."""
    count = spectra.eigenvalues.shape[1]
    points = _points(spectra.eigenvalues, np.repeat(spectra.tokens + 1, count), theme, "token")
    names = [plain(shown_token(words[bridge + t])) for t in spectra.tokens]
    points.update(text=np.repeat(names, count).tolist(), hovertemplate="at %{text}: " + _VALUE)
    largest = float(np.abs(spectra.eigenvalues).max(initial=1.0))
    title = "Eigenvalues of the Jacobian at the sequence's states"
    return _plane([points], title, largest, theme)


def _points(values: Array, numbers: Array, theme: Theme, heading: str) -> Series:
    flat = values.ravel()
    return scatter(
        x=compact(flat.real),
        y=compact(flat.imag),
        customdata=_parts(flat),
        mode="markers",
        marker={
            "size": 6,
            "color": numbers.astype(np.int32),
            "colorscale": [[0, theme.grid], [1, theme.magnitude]],
            **_counted(numbers, heading),
        },
    )


def _counted(numbers: Array, heading: str) -> dict[str, Any]:
    """A scale from the first to the last of what is counted; of one alone to the next."""
    low, high = (int(numbers.min()), int(numbers.max())) if numbers.size else (0, 0)
    bar = {**color_bar(heading), **whole(high - low)}
    return {"cmin": low, "cmax": max(high, low + 1), "colorbar": bar, "showscale": True}


def _plane(series: list[Series], title: str, largest: float, theme: Theme) -> Picture:
    end = 1.1 * theme.scale.tenths(-largest, largest)[1]
    scale: dict[str, Any] = {"range": [-end, end], "constrain": "domain"}
    return picture(
        series,
        title,
        HEIGHTS["plane"],
        theme,
        shapes=[unit_circle(theme)],
        xaxis=axis("real part", theme, **scale),
        yaxis=axis("imaginary part", theme, **scale, scaleanchor="x"),
        margin={"l": 64, "r": 76, "t": 44, "b": 48},
    )


def unit_circle(theme: Theme) -> dict[str, Any]:
    """The shape on which a change neither grows nor fades."""
    line = {"color": theme.muted, "width": 1.5, "dash": "dot"}
    corners = {"x0": -1, "y0": -1, "x1": 1, "y1": 1}
    return {"type": "circle", **corners, "line": line, "layer": "below"}


def exponent_curve(exponents: Array, steps: int, theme: Theme = LIGHT) -> Picture:
    """Finite-time Lyapunov exponents (S,), the largest first, over ``steps`` tokens."""
    shown = np.where(np.isfinite(exponents), exponents, np.nan)
    points = scatter(
        x=np.arange(1, len(exponents) + 1, dtype=np.int32),
        y=compact(shown),
        mode="lines+markers",
        line={"color": theme.text, "width": 1.5},
        marker={"size": 5, "color": theme.text},
        customdata=[repr(value) for value in exponents.tolist()],
        hovertemplate="exponent %{x}: %{customdata} nats a token<extra></extra>",
    )
    ends = shown[shown > _LOWEST]
    low, high = theme.scale.tenths(min([0.0, *ends]), max([0.0, *ends]))
    room = 0.06 * (high - low)
    level = {"color": theme.muted, "width": 1, "dash": "dot"}
    return picture(
        [points],
        f"Lyapunov exponents, finite-time: {steps} token{'' if steps == 1 else 's'}",
        HEIGHTS["exponents"],
        theme,
        xaxis=axis("exponent, the largest first", theme, **whole(len(exponents))),
        yaxis=axis("nats a token", theme, range=[low - room, high + room]),
        shapes=[{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0,
                 "line": level}],
        margin={"l": 64, "r": 76, "t": 44, "b": 48},
    )  # fmt: skip
