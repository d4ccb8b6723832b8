"""The singular value decomposition of any finite matrix."""

from __future__ import annotations

import numpy as np

from rnnviz.engine.layer_buffers import Array


def svd(matrix: Array) -> tuple[Array, Array, Array]:
    """U (M, K), the singular values (K,), the largest first, and V^T (K, N) of an (M, N) matrix.

    LAPACK's divide and conquer does not converge for a few matrices, but does for their transposes.
    """
    try:
        left, sizes, right = np.linalg.svd(matrix, full_matrices=False)
    except np.linalg.LinAlgError:
        right, sizes, left = (part.T for part in np.linalg.svd(matrix.T, full_matrices=False))
    return left, sizes, right
