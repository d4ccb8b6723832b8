"""Numbers of every token at two moments of a run: bars, and beside them outlines."""

from __future__ import annotations

from typing import NamedTuple

from rnnviz.charts.picture import Series
from rnnviz.charts.shapes import outlines
from rnnviz.charts.theme import Theme
from rnnviz.engine.layer_buffers import Array

#: Half the width of an outline, in columns: a bar stands within it.
_HALF = 0.36


class TwoMoments(NamedTuple):
    """A number of every token, (T,); and, at a second moment of the run, its name and the same.

    The ``second`` may have other tokens at its end.
    """

    values: Array
    name: str = ""
    second: Array | None = None

    @property
    def then(self) -> Array:
        """The numbers at the second moment, none if there isn't one."""
        return self.values[:0] if self.second is None else self.second[: len(self.values)]

    @property
    def columns(self) -> list[tuple[str, Array]]:
        """What is outlined, for the table of the numbers."""
        return [(self.name, self.then)] if len(self.then) else []

    def entitled(self, title: str) -> str:
        """The title, with the name of the second moment."""
        return f"{title}; outlined: {self.name}" if len(self.then) else title


def outlined(moments: TwoMoments, theme: Theme) -> Series:
    """The bars of the second moment, as outlines."""
    boxes = [(t - _HALF, 0, t + _HALF, value) for t, value in enumerate(moments.then.tolist())]
    drawn = outlines(boxes, theme.muted, 1.4)
    return {**drawn, "line": {**drawn["line"], "dash": "dashdot"}, "name": moments.name}
