"""Figures in a form that can be compared."""

import base64
import json

import numpy as np


def by_name(drawn):
    """The series of a picture that have a name, by it."""
    return {series.name: series for series in drawn.figure.data if series.name}


def unpacked(text):
    """A figure's JSON with its packed arrays as lists, without empty options."""
    figure = _plain(json.loads(text))
    # Plotly writes an empty template in more than one way.
    figure["layout"].pop("template", None)
    return figure


def _plain(value):
    if isinstance(value, dict) and "bdata" in value:
        array = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
        shape = [int(n) for n in value.get("shape", str(array.size)).split(",")]
        return _plain(array.reshape(shape).tolist())
    if isinstance(value, dict):
        parts = {key: _plain(part) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part is not None and part != []}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    # NaN doesn't equal itself.
    return "nan" if isinstance(value, float) and np.isnan(value) else value
