"""Token contribution: how much each token contributes to the weight gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.unrolled import Unrolled
from rnnviz.engine.layer_buffers import Array


@dataclass(frozen=True, eq=False)
class TokenContribution:
    """The share, 0..1, of every token of one sequence in two gradients, (T,) each.

    ``W_hh`` stands for all recurrent weights of a layer, ``W_xh`` for all input weights. A token's
    share is ||da_t z_t^T|| over the sum of these norms. Shares sum to 1, or are all zero if the
    gradient is zero.
    """

    W_hh: Array
    W_xh: Array


def token_contribution(unrolled: Unrolled) -> TokenContribution:
    """Each token's share in dW_hh and dW_xh; dW = sum_t da_t z_t^T, z_t = h_{t-1} or x_t."""
    return TokenContribution(*(_normalized(part_norms(unrolled, source)) for source in ("h", "x")))


def part_norms(unrolled: Unrolled, source: str) -> Array:
    """||da_t z_t^T|| (L2, over all gates) of every token, (T,); ``source`` is h or x.

    The norm of an outer product is the product of the norms, so no matrix is made.
    """
    steps = range(len(unrolled))
    z = unrolled.of("h_before") if source == "h" else [unrolled.x(t) for t in steps]
    squares = sum((da**2).sum(axis=-1) for da in unrolled.errors(source).values())
    norms: Array = np.sqrt(squares) * np.array([np.linalg.norm(row) for row in z])
    return norms


def _normalized(norms: Array) -> Array:
    total = float(norms.sum())
    return norms / total if total > 0 else np.zeros_like(norms)
