"""The singular value decomposition, and matrices for which LAPACK's does not converge."""

import numpy as np
import pytest

from rnnviz.probe.projection import svd


@pytest.mark.parametrize("fails", [False, True])
def test_the_parts_multiply_to_the_matrix(fails, monkeypatch):
    matrix = np.random.default_rng(0).normal(size=(5, 3))
    true_svd = np.linalg.svd

    def lapack(given, **options):
        if fails and given.shape == matrix.shape:
            raise np.linalg.LinAlgError("SVD did not converge")
        return true_svd(given, **options)

    monkeypatch.setattr(np.linalg, "svd", lapack)
    left, sizes, right = svd(matrix)
    assert (left.shape, sizes.shape, right.shape) == ((5, 3), (3,), (3, 3))
    assert left * sizes @ right == pytest.approx(matrix)
    assert sizes.tolist() == sorted(sizes, reverse=True)
