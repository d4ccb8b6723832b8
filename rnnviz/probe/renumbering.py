"""Renumbering: the same network with its hidden units in another order."""

from __future__ import annotations

from collections.abc import Sequence

from rnnviz.engine.graph import INPUTS, UNITS
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters


def renumbered(parameters: Parameters, orders: Sequence[Array]) -> Parameters:
    """A copy in which unit i of layer k is the former unit ``orders[k][i]``, each (H,).

    Encoder and decoder share the order, because the one hands its states to the other.
    """
    copy, layers = parameters.copy(), parameters.architecture.layers
    shapes = parameters.architecture.cell.equations.shapes
    pairs = zip(parameters.by_layer(), copy.by_layer(), strict=True)
    for place, (before, after) in enumerate(pairs):
        own, below = orders[place % layers], orders[place % layers - 1]
        for name, array in before.items():
            rows = array[own]
            if shapes[name] == (UNITS, UNITS):
                rows = rows[:, own]
            elif shapes[name] == (UNITS, INPUTS) and place % layers:
                rows = rows[:, below]
            after[name][...] = rows
    copy.W_hy[...] = parameters.W_hy[:, orders[-1]]
    return copy
