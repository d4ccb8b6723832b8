"""Independent copies of weight arrays."""

from __future__ import annotations

import mmap

import numpy as np

from rnnviz.engine.layer_buffers import Array

#: Copies of at least this many bytes get their own memory mapping.
_LARGE = 1_000_000


def copy_of(array: Array) -> Array:
    """A writeable copy of an array (N,).

    A run of a large network makes and drops copies all the time. Freeing a mapping returns its
    memory to the system; the heap would become fragmented.
    """
    if array.nbytes < _LARGE:
        return array.copy()
    copy: Array = np.frombuffer(mmap.mmap(-1, array.nbytes), array.dtype)
    copy[...] = array
    return copy
