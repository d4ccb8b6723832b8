"""Recurrent parts: what one unit gets from every unit of the state before."""

from __future__ import annotations

import numpy as np

from rnnviz.analysis.cell_parts import cell_parts
from rnnviz.analysis.unrolled import Unrolled
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace


def recurrent_parts(parameters: Parameters, trace: Trace, layer: int, unit: int) -> Array | None:
    """W_hh[unit, j] h_{t-1}[j] at every token of a trace's first sequence, (T, H), 0 at the first.

    None for a cell that is not one function of W_hh h and of the input: there a gate decides.
    """
    name = cell_parts(trace.architecture.cell).plain_matrix
    if not name:
        return None
    unrolled = Unrolled(trace, layer)
    weights = [unrolled.weight(parameters, t, name)[unit] for t in range(len(unrolled))]
    before = np.concatenate([np.zeros_like(unrolled.h[:1]), unrolled.h[:-1]])
    parts: Array = np.array(weights) * before
    return parts
