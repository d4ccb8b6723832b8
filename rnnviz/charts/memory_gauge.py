"""Memory gauge: how far gradients reach, over the epochs."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnviz.charts.axes import log_axis
from rnnviz.charts.axis_limits import decades
from rnnviz.charts.epoch_axis import (
    EPOCHS_MARGIN,
    end_points,
    epoch_marks,
    epochs_axis,
    epochs_meta,
)
from rnnviz.charts.legends import LEGEND, LEGEND_TOP
from rnnviz.charts.picture import Picture, Series, compact, scatter
from rnnviz.charts.shapes import level, zeros
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture
from rnnviz.probe.memory_gauge import MemoryGauge
from rnnviz.run.history import Course

#: There are other half-lives beside: an average over the phrase, and that of many phrases.
_LIFE = "half-life, fitted"


def memory_gauge(gauge: MemoryGauge, course: Course, theme: Theme = LIGHT) -> Picture:
    """Radius and largest singular value of the recurrent weights, and half-life in tokens."""
    # Without recurrent weights there is neither radius nor singular value.
    curves = [
        {**curve, "showlegend": bool(np.isfinite(curve["y"]).any())}
        for curve in gauge_curves(gauge, course.history.unit, theme, life=_LIFE)
    ]
    return picture(
        [*curves, *end_points(course, curves)],
        f"Memory gauge of {gauge.weights}" if gauge.weights else "Memory gauge",
        HEIGHTS["metric"],
        theme,
        xaxis=epochs_axis(course, theme),
        yaxis=log_axis("", theme, gauge_span(gauge)),
        shapes=[level(1, theme, width=1.5), *epoch_marks(course, theme, "y")],
        annotations=_zeros(gauge, theme),
        margin={**EPOCHS_MARGIN, "t": LEGEND_TOP},
        meta=epochs_meta(course),
        **LEGEND,
    )


def _zeros(gauge: MemoryGauge, theme: Theme) -> list[dict[str, Any]]:
    """Where radius and singular value, or the half-life, are exactly zero."""
    bottom = gauge_span(gauge)[0]
    colors = ((gauge.radius, theme.text), (gauge.half_life, theme.magnitude))
    return [mark for values, color in colors for mark in zeros(gauge.epochs, values, bottom, color)]


def gauge_span(gauge: MemoryGauge) -> list[float]:
    """One range for all three curves; half-lives from 100 tokens on don't extend it."""
    lives = np.minimum(gauge.half_life, 100.0)
    return decades(np.concatenate([gauge.radius, gauge.norm, lives, [0.01, 100.0]]))


def gauge_curves(
    gauge: MemoryGauge, unit: str, theme: Theme, yaxis: str = "y", life: str = "half-life"
) -> list[Series]:
    """Radius, singular value and half-life, which is called ``life``, over the epochs."""
    lives = compact(np.column_stack([gauge.half_life, gauge.interval]))
    interval = "95%: %{customdata[1]:.3g} to %{customdata[2]:.3g}"
    # The largest number is 10 ** 308.25.
    drawn = np.minimum(gauge.half_life, 10.0 ** min(gauge_span(gauge)[1], 308.0))
    dashed = {"color": theme.muted, "dash": "dash"}
    styles = (
        ("radius", gauge.radius, {"color": theme.text}, "%{y:.4g}"),
        ("singular value", gauge.norm, dashed, "%{y:.4g}"),
        (
            life,
            drawn,
            {"color": theme.magnitude},
            f"%{{customdata[0]:.4g}} tokens, {interval}",
        ),
    )
    return [
        scatter(
            x=gauge.epochs.astype(np.int32),
            y=compact(values),
            yaxis=yaxis,
            showlegend=False,
            name=name,
            mode="lines",
            line={"width": 2.5, **line},
            customdata=lives if name == life else None,
            hovertemplate=f"{unit} %{{x}}: {hover}<extra>{name}</extra>",
        )
        for name, values, line, hover in styles
    ]
