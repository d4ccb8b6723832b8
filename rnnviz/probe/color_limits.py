"""Color limits: the range of values that colors span."""

from __future__ import annotations

import numpy as np

from rnnviz.engine.layer_buffers import Array


def typical(*arrays: Array) -> float:
    """The 95% quantile of the absolute values other than zero; 0 if there are none.

    With the maximum as limit, a few outliers would make all other values look like zero.
    """
    sizes = np.abs(np.concatenate([np.ravel(array) for array in arrays]))
    sizes = sizes[sizes > 0]
    return float(np.quantile(sizes, 0.95)) if sizes.size else 0.0
