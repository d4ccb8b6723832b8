"""The grid on which the unrolled network is drawn."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rnnviz.analysis.color_limits import typical
from rnnviz.analysis.training_step import Focus, StepRecord
from rnnviz.engine.timeline import Phase
from rnnviz.figures.axis_limits import nice_limit
from rnnviz.figures.shapes import note
from rnnviz.figures.theme import Theme

#: Maximum number of columns, and the most classes.
COLUMNS, CLASSES = 12, 6
#: The left and right edges of the strips of h and of dh, relative to their column.
STATE, GRADIENT = (-0.2, 0.08), (0.12, 0.22)
MIDDLE = sum(STATE) / 2
#: The upper and the lower end of the grid; strips go from 0 down to 1.
TOP, BOTTOM = -0.2, 1.2


def window(length: int, t: int) -> range:
    """The tokens that are shown at token t: all, or 12 that include both neighbours of t.

    It depends on t alone and moves like a page, every ten tokens.
    """
    stride = COLUMNS - 2
    start = max(0, min((t - 1) // stride * stride, length - COLUMNS))
    return range(start, min(length, start + COLUMNS))


class ClassRow(NamedTuple):
    """A class on the grid: its number, the middle of its bar, and half the bar's height."""

    number: int
    y: float
    half: float


class Grid:
    """One moment on its grid: column i of the window at x = i, unit k of H at y = k / H downwards.

    All attributes are read-only.
    """

    def __init__(self, step: StepRecord, focus: Focus, theme: Theme) -> None:
        self.step, self.focus, self.theme = step, focus, theme
        self.moment, self.unrolled = focus.moment, step.unrolled(focus.layer)
        (phase, t), self.length = focus.moment, len(step.words)
        self.forward, self.backward = phase is Phase.FORWARD, phase is Phase.BACKWARD
        # Whether gradients of the states are shown.
        self.has_gradients = phase not in (Phase.FORWARD, Phase.LOSS)
        self.active_color = theme.magnitude if self.has_gradients else theme.forward
        # The tokens in the window, and the column of the current one.
        self.shown = window(self.length, t)
        self.columns, self.column = len(self.shown), t - self.shown.start
        # Which columns have an h, and a dh, at this moment, (columns,).
        first_gradient = t if self.backward else 0 if self.has_gradients else self.length
        self.computed = np.array(self.shown) <= (t if self.forward else self.length)
        self.computed_gradients = np.array(self.shown) >= first_gradient
        # The limits of the colours of h and dh, the same for the whole sequence.
        largest = nice_limit(float(np.abs(self.unrolled.h).max()))
        self.limits = min(1.0, largest), nice_limit(typical(self.unrolled.dh))
        # The row of the answer that is shown, and the left and right edges of its bars. With few
        # columns there is space at the right, instead of columns as wide as slabs.
        slots = max(4, self.columns)
        left = self.columns - 0.5 + 0.09 * slots
        self.row, self.answer = step.row(focus.moment), (left, left + 0.3 * slots)
        self.right = 1.41 * slots - 0.5

    def weight(self, column: int, kind: str) -> str:
        """The name of the weights in a column, from the token (x) or from the state before (h).

        Those of the gate that is in focus; of a state, which has none, those of all gates.
        """
        t = min(column + self.shown.start, self.length - 1)
        part = self.step.parts[self.focus.part]
        gate = part.sources[-1].gate[-1] if part.sources else "·"
        return self.unrolled.name(t, f"W_{kind}{gate}")

    @property
    def bridge(self) -> float | None:
        """The border between encoder and decoder, if it is in the window."""
        x = self.unrolled.bridge - self.shown.start - 0.5
        return x if 0 < x < self.columns - 1 else None

    @property
    def rows(self) -> list[ClassRow]:
        """The classes that are shown: all, or of many the likeliest and the target."""
        probs = self.step.trace.probs[self.row]
        shown = list(range(len(probs)))
        if len(probs) > CLASSES:
            likeliest = np.argsort(-probs, kind="stable")[: CLASSES - 1].tolist()
            target = int(self.step.trace.targets[self.row]) if self.step.classes else 0
            shown = sorted({*likeliest, target})
        pitch = min(0.42, 1.14 / len(shown))
        first = 0.5 - pitch * (len(shown) - 1) / 2
        return [ClassRow(c, first + i * pitch, 0.12 * pitch) for i, c in enumerate(shown)]


def text_at(
    position: tuple[float, float], text: str, color: str, anchor: str, **options: Any
) -> dict[str, Any]:
    """A text on the grid; ``anchor`` is the corner of it at its position: "left top"."""
    x, y = position
    return note(text, anchor, x=x, y=y, font={"color": color, "size": 14}, **options)
