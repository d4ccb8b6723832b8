"""Token contribution: how much each token contributes to the weight gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnviz.engine.graph import Node
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.probe.cell_parts import cell_parts
from rnnviz.probe.cell_values import CellValues
from rnnviz.probe.unrolled import Unrolled


@dataclass(frozen=True, eq=False)
class TokenContribution:
    """The share, 0..1, of every token of one sequence in two gradients, (T,) each.

    ``W_hh`` stands for all recurrent weights of a layer, ``W_xh`` for all input weights. A token's
    share is ||da_t z_t^T|| over the sum of these norms. Shares sum to 1, or are all zero if the
    gradient is zero.
    """

    W_hh: Array
    W_xh: Array


def token_contribution(unrolled: Unrolled, parameters: Parameters) -> TokenContribution:
    """Each token's share in dW_hh and dW_xh; dW = sum_t da_t z_t^T, z_t = h_{t-1} or x_t."""
    return TokenContribution(
        *(_normalized(part_norms(unrolled, parameters, inputs)) for inputs in (False, True))
    )


def part_norms(unrolled: Unrolled, parameters: Parameters, inputs: bool) -> Array:
    """||da_t z_t^T|| (L2, over all matrices that read inputs, or others) of every token, (T,).

    The norm of an outer product is the product of the norms, so no matrix is made.
    """
    parts = cell_parts(unrolled.trace.architecture.cell)
    values = CellValues(parts, unrolled, parameters)
    squares = np.zeros(len(unrolled))
    for affine in parts.affines.values():
        errors = (unrolled.error(parts.cell.layout.slots[affine.node]) ** 2).sum(axis=-1)
        for product in affine.products:
            (read,) = product.args
            if (read.kind == "input") == inputs:
                squares += errors * _squared(unrolled, values, read)
    norms: Array = np.sqrt(squares)
    return norms


def _squared(unrolled: Unrolled, values: CellValues, read: Node) -> Array:
    """||z_t||^2 of what a matrix reads, (T,)."""
    if read.kind == "input":
        return np.array([float((unrolled.x(t) ** 2).sum()) for t in range(len(unrolled))])
    squared: Array = (values(read) ** 2).sum(axis=-1)
    return squared


def _normalized(norms: Array) -> Array:
    total = float(norms.sum())
    return norms / total if total > 0 else np.zeros_like(norms)
