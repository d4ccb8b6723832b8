"""Token contribution: how much of the weight gradient each token causes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.unrolled import Unrolled
from rnnviz.engine.layer_buffers import Array


@dataclass(frozen=True, eq=False)
class TokenContribution:
    """The share, 0..1, of every token of one sequence in two gradients, (T,) each.

    ``W_hh`` stands for all recurrent weights of a layer, ``W_xh`` for all that read its input.
    Measured by the size of each token's own part: ||da_t z_t^T|| over the sum of these. They sum
    to 1, or are all zero where nothing comes back.
    """

    W_hh: Array
    W_xh: Array


def token_contribution(unrolled: Unrolled) -> TokenContribution:
    """Each token's share in dW_hh and dW_xh; dW = sum_t da_t z_t^T, z_t = h_{t-1} or x_t."""
    return TokenContribution(*(_normed(part_sizes(unrolled, source)) for source in ("h", "x")))


def part_sizes(unrolled: Unrolled, source: str) -> Array:
    """||da_t z_t^T|| (L2, over all gates) of every token, (T,); ``source`` is h or x.

    An outer product's size is the product of the sizes, so that none has to be made.
    """
    steps = range(len(unrolled))
    z = unrolled.of("h_before") if source == "h" else [unrolled.x(t) for t in steps]
    squares = sum((da**2).sum(axis=-1) for da in errors(unrolled, source).values())
    sizes: Array = np.sqrt(squares) * np.array([np.linalg.norm(row) for row in z])
    return sizes


def errors(unrolled: Unrolled, source: str) -> dict[str, Array]:
    """dL/d(sum) of the gates that read this source, (T, H); a GRU's candidate has two sums."""
    other = "xn" if source == "h" else "hn"
    return {gate: da for gate, da in unrolled.errors().items() if gate != other}


def _normed(sizes: Array) -> Array:
    total = float(sizes.sum())
    return sizes / total if total > 0 else np.zeros_like(sizes)
