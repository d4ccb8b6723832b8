"""Independent copies of weight arrays."""

from __future__ import annotations

import mmap

import numpy as np

from rnnviz.engine.layer_buffers import Array

#: From so many bytes on a copy doesn't share the heap.
_LARGE = 1_000_000


def copy_of(array: Array) -> Array:
    """A copy of an array (N,).

    Where networks are large a run makes and drops copies all the time. In the heap small things
    would settle in the gaps that these leave; memory from the system goes back whole.
    """
    if array.nbytes < _LARGE:
        return array.copy()
    copy: Array = np.frombuffer(mmap.mmap(-1, array.nbytes), array.dtype)
    copy[...] = array
    return copy
