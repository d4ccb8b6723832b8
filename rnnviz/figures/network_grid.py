"""The grid that the unrolled network is drawn on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from rnnviz.analysis.color_limits import typical
from rnnviz.analysis.training_step import Focus, StepRecord
from rnnviz.analysis.unrolled import Unrolled
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.timeline import Moment, Phase
from rnnviz.engine.trace import Trace
from rnnviz.figures.axis_limits import nice_limit
from rnnviz.figures.theme import Theme

#: Columns that are shown at once, and classes.
COLUMNS, CLASSES = 12, 6
#: Left and right edge of a column's strip of h and of dh, from the column's place.
STATE, GRADIENT = (-0.2, 0.08), (0.12, 0.22)
MIDDLE = sum(STATE) / 2
#: The upper and the lower end of the grid; strips go from 0 down to 1.
TOP, BOTTOM = -0.2, 1.2


def window(steps: int, t: int) -> range:
    """The tokens shown when t is the present one: all, or 12 with both neighbours of t in sight.

    It depends on t alone and turns like a page, every ten tokens.
    """
    stride = COLUMNS - 2
    start = max(0, min((t - 1) // stride * stride, steps - COLUMNS))
    return range(start, min(steps, start + COLUMNS))


class Row(NamedTuple):
    """The place of a class: its number, the middle of its bar, and half the bar's height."""

    number: int
    y: float
    half: float


@dataclass(frozen=True, eq=False)
class Grid:
    """One moment on its grid: column i of the window at x = i, unit k of H at y = k/H downwards."""

    step: StepRecord
    focus: Focus
    theme: Theme

    @property
    def moment(self) -> Moment:
        """The present moment."""
        return self.focus.moment

    @property
    def unit(self) -> int:
        """The unit that is marked."""
        return self.focus.unit

    @cached_property
    def unrolled(self) -> Unrolled:
        """The sequence on its way through the layer that is shown."""
        return self.step.unrolled(self.focus.layer)

    @property
    def on_top(self) -> bool:
        """Whether the layer that is shown is the one that is read out."""
        return self.focus.layer + 1 == self.step.before.architecture.layers

    def weight(self, column: int, kind: str) -> str:
        """The weights at work in a column, from the token (x) or from the state before (h).

        Those of the gate that is looked at; of a state, which has none, all gates' at once.
        """
        part, t = self.step.parts[self.focus.part], min(column + self.shown.start, self.steps - 1)
        gate = part.sources[-1].gate[-1] if part.sources else "·"
        return self.unrolled.name(t, f"W_{kind}{gate}")

    @property
    def bridge(self) -> float | None:
        """Where in the window an encoder's last state becomes a decoder's first, if it does."""
        place = self.unrolled.bridge - self.shown.start - 0.5
        return place if 0 < place < self.columns - 1 else None

    @property
    def row(self) -> int:
        """The answer that is shown: that of the moment, or the next."""
        return self.step.row(self.moment)

    @property
    def trace(self) -> Trace:
        """The record of the pass."""
        return self.step.trace

    @property
    def steps(self) -> int:
        """How many words the phrase has."""
        return len(self.step.words)

    @property
    def hidden(self) -> int:
        """How many units there are."""
        return self.step.hidden

    @cached_property
    def shown(self) -> range:
        """The tokens in the window."""
        return window(self.steps, self.moment.t)

    @property
    def columns(self) -> int:
        """How many tokens are in the window."""
        return len(self.shown)

    @property
    def column(self) -> int:
        """The present moment's place in the window."""
        return self.moment.t - self.shown.start

    @property
    def answer(self) -> tuple[float, float]:
        """The left and right edge of the probabilities' place."""
        left = self.columns - 0.5 + 0.09 * self._slots
        return left, left + 0.3 * self._slots

    @property
    def end(self) -> float:
        """The right end of the grid."""
        return 1.41 * self._slots - 0.5

    @property
    def _slots(self) -> int:
        # Fewer words than this leave room at the right instead of growing into slabs.
        return max(4, self.columns)

    @property
    def forth(self) -> bool:
        """Whether the words are being read."""
        return self.moment.phase is Phase.FORWARD

    @property
    def back(self) -> bool:
        """Whether the gradient is on its way back."""
        return self.moment.phase is Phase.BACKWARD

    @property
    def returned(self) -> bool:
        """Whether the way back has begun, so that gradients of the states are shown."""
        return self.moment.phase not in (Phase.FORWARD, Phase.LOSS)

    @property
    def light(self) -> str:
        """The colour of what happens now."""
        return self.theme.magnitude if self.returned else self.theme.forward

    @cached_property
    def known(self) -> Array:
        """Of which columns h is there by now, (columns,)."""
        return np.array(self.shown) <= (self.moment.t if self.forth else self.steps)

    @cached_property
    def known_back(self) -> Array:
        """Of which columns dh is there by now, (columns,)."""
        since = self.moment.t if self.back else 0
        return np.array(self.shown) >= (since if self.returned else self.steps)

    @cached_property
    def limits(self) -> tuple[float, float]:
        """The ends of the colour scales of h and dh, the whole phrase's."""
        h = nice_limit(float(np.abs(self.unrolled.h).max()))
        return min(1.0, h), nice_limit(typical(self.unrolled.dh))

    @cached_property
    def rows(self) -> list[Row]:
        """The classes that are shown: all, or of many the likeliest and the target."""
        probs = self.trace.probs[self.row]
        shown = list(range(len(probs)))
        if len(probs) > CLASSES:
            likeliest = np.argsort(-probs, kind="stable")[: CLASSES - 1].tolist()
            target = int(self.trace.targets[self.row]) if self.step.classes else 0
            shown = sorted({*likeliest, target})
        pitch = min(0.42, 1.14 / len(shown))
        first = 0.5 - pitch * (len(shown) - 1) / 2
        return [Row(c, first + i * pitch, 0.12 * pitch) for i, c in enumerate(shown)]


def text_at(
    place: tuple[float, float], text: str, color: str, anchor: str, **shift: float
) -> dict[str, Any]:
    """A text at a place of the grid; ``anchor`` is which part of it stands there: "left top"."""
    xanchor, yanchor = anchor.split()
    font, anchors = {"color": color, "size": 14}, {"xanchor": xanchor, "yanchor": yanchor}
    at = {"x": place[0], "y": place[1], **anchors, **shift}
    return {"text": text, "showarrow": False, "font": font, **at}
