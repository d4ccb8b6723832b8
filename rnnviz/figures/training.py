"""How training goes: loss and accuracy over the epochs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from rnnviz.analysis.history import History
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, axis, compact, figure, ladder

#: More points than this are thinned: a screen has no more columns to draw them in.
_POINTS = 1000
_SHOWN_CHANGES = 6


def loss_curve(history: History, epochs: int, classes: int, theme: Theme = LIGHT) -> go.Figure:
    """Mean loss in nats over the epochs, train and test, the loss of guessing, and what changed."""
    worst = max(
        1.2 * math.log(classes), _largest(history, "train_loss"), _largest(history, "test_loss")
    )
    top = ladder(worst) if worst > 1 else 1.0
    series = _curves(history, ("train_loss", "test_loss"), "%{y:.4f} nats", theme)
    return figure(
        series,
        "Loss: how wrong the network is",
        HEIGHTS["loss"],
        theme,
        xaxis=_epoch_axis(history, epochs, theme),
        yaxis=axis("loss (nats)", theme, range=[-0.02 * top, 1.02 * top]),
        shapes=[_guessing_line(classes, theme), *_change_lines(history, theme)],
        annotations=[_guessing_label(classes, theme), *_change_labels(history, theme)],
        **_legend(),
    )


def accuracy_curve(history: History, epochs: int, theme: Theme = LIGHT) -> go.Figure:
    """Share of phrases answered rightly over the epochs, train and test."""
    return figure(
        _curves(history, ("train_accuracy", "test_accuracy"), "%{y:.1%}", theme),
        "Accuracy: share of phrases answered rightly",
        HEIGHTS["accuracy"],
        theme,
        xaxis=_epoch_axis(history, epochs, theme),
        yaxis=axis("accuracy", theme, range=[-0.02, 1.04], tickformat=".0%"),
    )


def _curves(history: History, columns: tuple[str, str], hover: str, theme: Theme) -> list[Any]:
    keep = _thinned(len(history))
    looks = (("train", theme.train, "solid"), ("test", theme.test, "dash"))
    return [
        go.Scatter(
            x=keep.astype(np.int32),
            y=compact(history.column(column)[keep]),
            name=name,
            mode="lines" if len(keep) > 1 else "markers",
            line={"color": color, "width": 2.5, "dash": dash},
            hovertemplate=f"epoch %{{x}}: {hover}<extra>{name}</extra>",
        )
        for column, (name, color, dash) in zip(columns, looks, strict=True)
        if not np.isnan(history.column(column)).all()
    ]


def _thinned(length: int) -> Any:
    """Indices of at most ``_POINTS`` epochs, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, length - 1, min(length, _POINTS)).round().astype(int))


def _largest(history: History, column: str) -> float:
    values = history.column(column)
    return 0.0 if np.isnan(values).all() else float(np.nanmax(values))


def _epoch_axis(history: History, epochs: int, theme: Theme) -> dict[str, Any]:
    """From 0 to the last epoch of the run; a very long run grows in steps."""
    end = max(epochs if epochs <= 1000 else max(1000, ladder(len(history))), len(history) - 1, 1)
    return axis("epoch", theme, range=[-0.01 * end, 1.01 * end])


def _legend() -> dict[str, Any]:
    place = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"}
    return {"showlegend": True, "legend": place}


def _guessing_line(classes: int, theme: Theme) -> dict[str, Any]:
    chance = math.log(classes)
    line = {"color": theme.muted, "width": 1, "dash": "dot"}
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": chance,
        "y1": chance,
        "line": line,
    }


def _guessing_label(classes: int, theme: Theme) -> dict[str, Any]:
    chance = math.log(classes)
    text = f"guessing: ln {classes} = {chance:.3f}"
    look = {
        "showarrow": False,
        "xanchor": "right",
        "yanchor": "bottom",
        "font": {"color": theme.muted},
    }
    return {"xref": "paper", "x": 1, "y": chance, "text": text, **look}


def _change_lines(history: History, theme: Theme) -> list[dict[str, Any]]:
    line = {"color": theme.muted, "width": 1.5, "dash": "dash"}
    return [
        {
            "type": "line",
            "yref": "paper",
            "x0": c.epoch,
            "x1": c.epoch,
            "y0": 0,
            "y1": 1,
            "line": line,
        }
        for c in history.changes
    ]


def _change_labels(history: History, theme: Theme) -> list[dict[str, Any]]:
    look = {"showarrow": False, "xanchor": "left", "yanchor": "top", "yref": "paper"}
    shown = history.changes[-_SHOWN_CHANGES:]
    return [
        {
            "x": c.epoch,
            "y": 1 - 0.09 * i,
            "text": f" {c.label} {c.value}",
            "font": {"size": 13},
            **look,
        }
        for i, c in enumerate(shown)
    ]
