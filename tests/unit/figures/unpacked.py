"""A figure's JSON with its packed arrays as lists, to be compared."""

import base64
import json

import numpy as np


def unpacked(text):
    """What the JSON of a figure says; what says nothing is left out."""
    said = _plain(json.loads(text))
    # Plotly writes a template of nothing in more than one way.
    said["layout"].pop("template", None)
    return said


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
    # Two of them are to be equal.
    return "nan" if isinstance(value, float) and np.isnan(value) else value
