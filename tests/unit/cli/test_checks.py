"""Renumbering the units."""

import numpy as np

from rnnviz.cli.checks import renumbered
from tests.sampling import pairwise
from tests.unit.engine.networks import CELLS, HIDDEN, architecture, network


@pairwise(cell=CELLS, layers=[1, 2, 3], encoder=[False, True])
def test_every_weight_moves_and_the_inverse_brings_it_back(cell, layers, encoder):
    own = network(architecture(cell, layers, encoder))
    rng = np.random.default_rng(1)
    orders = [rng.permutation(HIDDEN) for _ in range(layers)]
    other = renumbered(own, orders)
    assert not np.array_equal(other.theta, own.theta)
    for name, array in own.named().items():
        np.testing.assert_array_equal(np.sort(other[name], axis=None), np.sort(array, axis=None))
    back = renumbered(other, [np.argsort(order) for order in orders])
    np.testing.assert_array_equal(back.theta, own.theta)
