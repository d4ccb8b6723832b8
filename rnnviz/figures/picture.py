"""A picture: a Plotly figure in plain dictionaries, which are made in a fraction of the time."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.utils import PlotlyJSONEncoder

Series = dict[str, Any]


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

    def _repr_mimebundle_(self, *wanted: Any, **options: Any) -> Any:
        return self.figure._repr_mimebundle_(*wanted, **options)


def _packed(numbers: Any) -> Any:
    """NumPy's numbers and texts for JSON; arrays of numbers as plotly.js reads them."""
    if not isinstance(numbers, np.ndarray) or numbers.dtype.kind not in "iuf":
        return numbers.tolist()
    # JavaScript has no arrays of 64-bit integers.
    array = numbers.astype(np.int32) if numbers.dtype.kind in "iu" else numbers
    if array is not numbers and (array != numbers).any():
        return numbers.tolist()
    coded = base64.b64encode(array.tobytes()).decode()
    found = {"dtype": array.dtype.str[1:], "bdata": coded}
    return found if array.ndim == 1 else {**found, "shape": ", ".join(map(str, array.shape))}
