"""Color limits: which range of values the colours span."""

from __future__ import annotations

import numpy as np

from rnnviz.engine.layer_buffers import Array


def typical(*arrays: Array) -> float:
    """The size that 95 % of the numbers other than zero don't exceed; zero if there are none.

    A scale that reached to the few largest would show all the others as zero.
    """
    sizes = np.abs(np.concatenate([np.ravel(array) for array in arrays]))
    sizes = sizes[sizes > 0]
    return float(np.quantile(sizes, 0.95)) if sizes.size else 0.0
