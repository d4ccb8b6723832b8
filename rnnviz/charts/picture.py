"""Picture: a Plotly figure as plain dictionaries, which are much faster to build."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import methodcaller
from typing import Any

import numpy as np
import orjson
import plotly.graph_objects as go

from rnnviz.engine.layer_buffers import Array

Series = dict[str, Any]
#: Options of a series without a hover text and without an entry in the legend.
SILENT = {"hoverinfo": "skip", "showlegend": False}
#: A figure's JSON without the numeric arrays of its series, and these arrays by path.
Parts = tuple[str, dict[str, Array]]


def scatter(**options: Any) -> Series:
    """Points, lines or texts, with the options of Plotly's scatter."""
    return {"type": "scatter", **options}


def heatmap(**options: Any) -> Series:
    """Coloured cells, with the options of Plotly's heatmap."""
    return {"type": "heatmap", **options}


def bar(**options: Any) -> Series:
    """Bars, with the options of Plotly's bar."""
    return {"type": "bar", **options}


def compact(array: Any) -> Any:
    """The array as float32, which goes to the browser in binary."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, np.float32)


def xy(points: Array) -> dict[str, Any]:
    """The coordinates of points (N, 2), as options of a scatter."""
    return {"x": compact(points[:, 0]), "y": compact(points[:, 1])}


def exact(values: Sequence[float] | Array) -> list[str]:
    """The numbers with all their digits, for hover texts."""
    return [repr(value) for value in np.asarray(values, float).tolist()]


@dataclass(frozen=True, eq=False)
class Picture:
    """The series and the layout of a figure, under Plotly's option names.

    A notebook displays it. ``figure`` is a Plotly figure that can be changed.
    """

    series: list[Series]
    layout: dict[str, Any]

    @cached_property
    def figure(self) -> go.Figure:
        """Plotly's own figure.

        Raises ValueError if Plotly doesn't know an option or its value.
        """
        return go.Figure(self.series, self.layout)

    def with_metadata(self, **told: str) -> Picture:
        """The picture with facts for its files, which replace those of the whole page."""
        if not (known := {name: text for name, text in told.items() if text}):
            return self
        meta = {**(self.layout.get("meta") or {}), "told": known}
        return Picture(self.series, {**self.layout, "meta": meta})

    def parts(self) -> Parts:
        """The JSON without the numeric arrays of the series, and these arrays by path ("0.x")."""
        arrays: dict[str, Array] = {}
        outlines = []
        for index, series in enumerate(self.series):
            numeric = {name: _numbers(value) for name, value in series.items()}
            arrays |= {f"{index}.{name}": a for name, a in numeric.items() if a is not None}
            outlines.append({name: v for name, v in series.items() if numeric[name] is None})
        options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
        drawn = {"data": outlines, "layout": self.layout}
        return orjson.dumps(drawn, default=methodcaller("tolist"), option=options).decode(), arrays

    def _repr_mimebundle_(self, *args: Any, **options: Any) -> Any:
        return self.figure._repr_mimebundle_(*args, **options)


def _numbers(value: Any) -> Array | None:
    """A numeric array in a dtype that JavaScript has; None for anything else."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf" or value.ndim > 2:
        return None
    if value.dtype.kind == "f":
        return value
    # JavaScript has no arrays of 64-bit integers.
    array = value.astype(np.int32)
    return array if (array == value).all() else None
