"""Training curves: loss, metric and memory gauge over the epochs."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnviz.analysis.memory_gauge import MemoryGauge
from rnnviz.figures.axis_limits import decades, nice_limit
from rnnviz.figures.epoch_axis import (
    EPOCHS_MARGIN,
    change_labels,
    change_lines,
    ends,
    epochs_axis,
    present_marks,
    thinned,
)
from rnnviz.figures.picture import Picture, Series, scatter
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, axis, compact, log_axis, picture
from rnnviz.tasks.metrics import ACCURACY, Guess, Metric
from rnnviz.training.history import Course, Ghost, History

#: The parts of the figure's height that the loss and, below it, the gauge take.
_ABOVE, _BELOW = (0.46, 1.0), (0.0, 0.33)


def loss_curve(
    course: Course,
    guess: Guess,
    gauge: MemoryGauge | None = None,
    theme: Theme = LIGHT,
    weights: str = "W_hh",
) -> Picture:
    """Mean loss over the epochs, train and test, the loss of guessing, and what changed.

    With a gauge, below it on the same axis: how far the memory reaches, for those ``weights``.
    """
    whole = {} if gauge is None else {"domain": _ABOVE}
    top = _loss_limit(course, guess)
    layout = {
        "xaxis": epochs_axis(course, theme, anchor="y" if gauge is None else "y2"),
        "yaxis": axis(f"loss ({guess.unit})", theme, range=[-0.02 * top, 1.02 * top], **whole),
        "shapes": [
            _guessing_line(guess, theme),
            *_uprights(course, theme, ["y"] if gauge is None else ["y", "y2"]),
        ],
        "annotations": [_guessing_label(guess, theme), *change_labels(course)],
        "margin": EPOCHS_MARGIN,
        **_legend(),
    }
    series = _curves(course, ("train_loss", "test_loss"), f"%{{y:.4g}} {guess.unit}", theme)
    title = "Loss: how wrong the network is"
    if gauge is None:
        return picture([*series, *ends(course, series)], title, HEIGHTS["metric"], theme, **layout)
    _add_gauge(layout, gauge, theme, weights)
    series = [*series[:2], *_gauge_curves(gauge, theme), *series[2:]]
    return picture([*series, *ends(course, series)], title, HEIGHTS["loss"], theme, **layout)


def metric_curve(course: Course, metric: Metric = ACCURACY, theme: Theme = LIGHT) -> Picture:
    """The metric of the task over the epochs, train and test: a share of what is right."""
    series = _curves(course, ("train_metric", "test_metric"), "%{y:.1%}", theme)
    return picture(
        [*series, *ends(course, series)],
        f"{metric.name.capitalize()}: {metric.label}",
        HEIGHTS["metric"],
        theme,
        margin=EPOCHS_MARGIN,
        shapes=_uprights(course, theme, ["y"]),
        xaxis=epochs_axis(course, theme),
        yaxis=axis(metric.name, theme, range=[-0.02, 1.04], tickformat=".0%"),
    )


def _uprights(course: Course, theme: Theme, scales: list[str]) -> list[dict[str, Any]]:
    return [*change_lines(course, theme, scales), *present_marks(course, theme, scales)]


def _curves(course: Course, columns: tuple[str, str], hover: str, theme: Theme) -> list[Any]:
    keep = thinned(len(course.history))
    curves = _pair(course.history, keep, columns, hover, theme)
    return [*curves, *(_ghost_curves(course.ghost, columns, hover, theme) if course.ghost else ())]


def _pair(
    history: History, keep: Any, columns: tuple[str, str], hover: str, theme: Theme
) -> list[Series]:
    """Train and, where there is a test set, test."""
    looks = (("train", theme.train, "solid"), ("test", theme.test, "dash"))
    return [
        scatter(
            x=keep.astype(np.int32),
            y=compact(history.column(column)[keep]),
            name=name,
            mode="lines",
            line={"color": color, "width": 2.5, "dash": dash},
            hovertemplate=f"epoch %{{x}}: {hover}<extra>%{{fullData.name}}</extra>",
        )
        for column, (name, color, dash) in zip(columns, looks, strict=True)
        if not np.isnan(history.column(column)).all()
    ]


def _ghost_curves(ghost: Ghost, columns: tuple[str, str], hover: str, theme: Theme) -> list[Series]:
    """What became of the run that was left, from there on."""
    keep = np.unique(np.append(thinned(len(ghost.history)), ghost.position.epoch))
    keep = keep[keep >= ghost.position.epoch]
    curves = _pair(ghost.history, keep, columns, hover, theme)
    for curve in curves:
        faint = {**curve["line"], "width": 1.2, "dash": "dot"}
        curve.update(name=f"old {curve['name']}", opacity=0.4, line=faint, showlegend=False)
    return curves


def _loss_limit(course: Course, guess: Guess) -> float:
    histories = [course.history, *([course.ghost.history] if course.ghost else ())]
    losses = [h.column(name) for h in histories for name in ("train_loss", "test_loss")]
    worst = max(1.2 * guess.loss, *(_largest(values) for values in losses))
    return nice_limit(worst) if worst > 1 or guess.unit != "nats" else 1.0


def _largest(values: Any) -> float:
    return 0.0 if np.isnan(values).all() else float(np.nanmax(values))


def _add_gauge(layout: dict[str, Any], gauge: MemoryGauge, theme: Theme, weights: str) -> None:
    """The scale of the gauge, the line at radius 1, and the names of its curves."""
    layout["yaxis2"] = log_axis(f"{weights} / tokens", theme, _gauge_span(gauge), domain=_BELOW)
    line = {"color": theme.muted, "width": 1.5, "dash": "dot"}
    across = {"type": "line", "xref": "paper", "x0": 0, "x1": 1}
    layout["shapes"].insert(0, {**across, "yref": "y2", "y0": 1, "y1": 1, "line": line})
    heading = {"xref": "paper", "x": 0, "xanchor": "left", "yref": "paper", "y": _BELOW[1] + 0.02}
    look = {"yanchor": "bottom", "showarrow": False, "font": {"size": 14}}
    layout["annotations"].append({"text": _gauge_heading(theme), **heading, **look})


def _gauge_heading(theme: Theme) -> str:
    """The title and a legend in one text, which Plotly draws faster than a legend."""
    names = {
        "━ radius": theme.text,
        "╌ singular value": theme.muted,
        "━ half-life": theme.magnitude,
    }
    legend = (f'<span style="color: {color}">{name}</span>' for name, color in names.items())
    return f"<b>Memory gauge</b>   {'   '.join(legend)}"


def _gauge_span(gauge: MemoryGauge) -> list[float]:
    """One scale for all three; from 100 tokens on a half-life makes no difference to a phrase."""
    lives = np.minimum(gauge.half_life, 100.0)
    return decades(np.concatenate([gauge.radius, gauge.norm, lives, [0.01, 100.0]]))


def _gauge_curves(gauge: MemoryGauge, theme: Theme) -> list[Series]:
    drawn = np.minimum(gauge.half_life, 10.0 ** _gauge_span(gauge)[1])
    looks = (
        ("radius", gauge.radius, {"color": theme.text}, "%{y:.4g}"),
        ("singular value", gauge.norm, {"color": theme.muted, "dash": "dash"}, "%{y:.4g}"),
        ("half-life", drawn, {"color": theme.magnitude}, "%{customdata:.4g} tokens"),
    )
    return [
        scatter(
            x=gauge.epochs.astype(np.int32),
            y=compact(values),
            yaxis="y2",
            showlegend=False,
            name=name,
            mode="lines",
            line={"width": 2.5, **line},
            customdata=compact(gauge.half_life) if name == "half-life" else None,
            hovertemplate=f"epoch %{{x}}: {hover}<extra>{name}</extra>",
        )
        for name, values, line, hover in looks
    ]


def _legend() -> dict[str, Any]:
    place = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.005, "yanchor": "bottom"}
    return {"showlegend": True, "legend": place}


def _guessing_line(guess: Guess, theme: Theme) -> dict[str, Any]:
    line = {"color": theme.muted, "width": 1, "dash": "dot"}
    across = {"type": "line", "xref": "paper", "x0": 0, "x1": 1}
    return {**across, "y0": guess.loss, "y1": guess.loss, "line": line}


def _guessing_label(guess: Guess, theme: Theme) -> dict[str, Any]:
    """Beside the plot, where it is in nobody's way."""
    text = f"guessing:<br>{guess.text.replace(', ', ',<br>')}"
    look = {"showarrow": False, "xanchor": "left", "xshift": 2, "align": "left"}
    font = {"color": theme.muted, "size": 13}
    return {"xref": "paper", "x": 1, "y": guess.loss, "text": text, "font": font, **look}
