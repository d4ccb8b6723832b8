"""NumPy's .npz: named arrays, with texts under "rnnviz" as JSON. Nothing in it is unpickled."""

from __future__ import annotations

import json
import math
import tokenize
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
import orjson
from numpy.lib import format as npy

from rnnviz.engine.layer_buffers import Array
from rnnviz.exchange.foreign_network import TransferError
from rnnviz.exchange.json_size import check_size
from rnnviz.exchange.zip_file import members_of

#: The name of the texts; so no weight is called.
_TEXTS = "rnnviz"
#: What NumPy raises for a header that is none.
_UNREADABLE = (
    ValueError, KeyError, TypeError, SyntaxError, EOFError, OverflowError, RecursionError,
    MemoryError, tokenize.TokenError,
)  # fmt: skip
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def npz_content(arrays: Mapping[str, Any], texts: Mapping[str, str]) -> bytes:
    """The file: arrays by name, and texts by name in one array of one text."""
    file = BytesIO()
    told: dict[str, Any] = {_TEXTS: np.array(json.dumps(dict(texts)))}
    np.savez(file, **arrays, **told)
    return file.getvalue()


def read_npz(content: bytes, most: int) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays of numbers, and the texts, of a file of at most ``most`` bytes.

    Raises TransferError, with a sentence that begins small.
    """
    members = members_of(content, most, lambda name: name.endswith(".npy"))
    arrays = {name.removesuffix(".npy"): _array(name, part) for name, part in members.items()}
    texts = arrays.pop(_TEXTS, None)
    if texts is None and "vocabulary" in arrays:
        raise TransferError(
            "it has the weights alone, without cell and settings, as older files of rnnviz. Write "
            "them again."
        )
    numbers = {name: array for name, array in arrays.items() if array.dtype.kind == "f"}
    return numbers, {} if texts is None else _texts(texts)


def _array(name: str, part: bytes) -> Array:
    """One array; its header is checked before there is room made for it."""
    file = BytesIO(part)
    try:
        shape, _, dtype = _HEADERS[npy.read_magic(file)](file)
        needed = math.prod(shape) * dtype.itemsize
        if not dtype.hasobject and needed == len(part) - file.tell():
            found: Array = np.load(BytesIO(part), allow_pickle=False)
            return found
    except _UNREADABLE:
        pass
    raise TransferError(f"its array {name[:60]!r} can't be read without running a program in it.")


def _texts(array: Array) -> dict[str, str]:
    text = b"" if array.ndim else str(array).encode(errors="replace")
    check_size(text)
    try:
        texts = orjson.loads(text)
    except ValueError:
        texts = None
    if not (isinstance(texts, dict) and all(isinstance(text, str) for text in texts.values())):
        raise TransferError("what it says of its weights is not a table of texts.")
    return texts
