"""Picture: a Plotly figure as plain dictionaries, which are made much faster."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import orjson
import plotly.graph_objects as go
from plotly.utils import PlotlyJSONEncoder

from rnnviz.engine.layer_buffers import Array

Series = dict[str, Any]
#: A figure's JSON without its series' arrays of numbers, and these by their paths.
Parts = tuple[str, dict[str, Array]]


def scatter(**options: Any) -> Series:
    """Points and lines, with the options of Plotly's scatter."""
    return {"type": "scatter", **options}


def heatmap(**options: Any) -> Series:
    """Coloured cells, with the options of Plotly's heatmap."""
    return {"type": "heatmap", **options}


def bar(**options: Any) -> Series:
    """Bars, with the options of Plotly's bar."""
    return {"type": "bar", **options}


@dataclass(frozen=True, eq=False)
class Picture:
    """What is drawn and on what ground, with the names that Plotly gives its options.

    In a notebook it shows itself. ``figure`` is the same as Plotly's own object, to go on with.
    """

    series: list[Series]
    ground: dict[str, Any]

    @cached_property
    def figure(self) -> go.Figure:
        """Plotly's own figure.

        Raises ValueError where an option's name or value is not one of Plotly's.
        """
        return go.Figure(self.series, self.ground)

    @property
    def data(self) -> Any:
        """The series as Plotly's own objects."""
        return self.figure.data

    @property
    def layout(self) -> Any:
        """The ground as Plotly's own object."""
        return self.figure.layout

    def to_json(self) -> str:
        """What a browser draws; arrays of numbers travel in binary, what is not finite as null."""
        drawn = {"data": self.series, "layout": self.ground}
        return json.dumps(drawn, cls=PlotlyJSONEncoder, default=_packed, separators=(",", ":"))

    def parts(self) -> Parts:
        """The same JSON without the series' arrays of numbers, and these by their paths ("0.x")."""
        arrays: dict[str, Array] = {}
        outlines = [_outlined(series, n, arrays) for n, series in enumerate(self.series)]
        drawn = {"data": outlines, "layout": self.ground}
        options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
        return orjson.dumps(drawn, default=_packed, option=options).decode(), arrays

    def _repr_mimebundle_(self, *wanted: Any, **options: Any) -> Any:
        return self.figure._repr_mimebundle_(*wanted, **options)


def _outlined(series: Series, number: int, arrays: dict[str, Array]) -> Series:
    """The series without its arrays of numbers, which are put into ``arrays``."""
    found = {name: _numbers(value) for name, value in series.items()}
    named = {name: array for name, array in found.items() if array is not None}
    arrays |= {f"{number}.{name}": array for name, array in named.items()}
    return {name: value for name, value in series.items() if name not in named}


def _numbers(value: Any) -> Array | None:
    """An array of numbers as JavaScript can have it; None where there is none."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf" or value.ndim > 2:
        return None
    if value.dtype.kind == "f":
        return value
    # JavaScript has no arrays of 64-bit integers.
    array = value.astype(np.int32)
    return array if (array == value).all() else None


def _packed(numbers: Any) -> Any:
    """NumPy's numbers and texts for JSON; arrays of numbers as plotly.js reads them."""
    array = _numbers(numbers)
    if array is None:
        return numbers.tolist()
    coded = base64.b64encode(array.tobytes()).decode()
    found = {"dtype": array.dtype.str[1:], "bdata": coded}
    return found if array.ndim == 1 else {**found, "shape": ", ".join(map(str, array.shape))}
