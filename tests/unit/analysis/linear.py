"""Networks whose gradients are known in closed form."""

import numpy as np

from rnnviz.config import Activation, CellKind
from rnnviz.engine.parameters import Architecture, Parameters


def linear(c, hidden=3, inputs=2, outputs=2, layers=1):
    """ReLU cells with W_hh = c I whose states are never negative: every slope is 1."""
    of = Architecture(inputs, hidden, outputs, CellKind.ELMAN, Activation.RELU, layers)
    network = Parameters(of)
    rng = np.random.default_rng(0)
    for before, after in of.affixes:
        network[f"{before}W_hh{after}"][...] = c * np.eye(hidden)
        W_xh = network[f"{before}W_xh{after}"]
        W_xh[...] = rng.uniform(0.1, 1, W_xh.shape)
    network.W_hy[...] = rng.standard_normal((outputs, hidden))
    return network


def two_units():
    """A tanh network with two units whose recurrent weights don't commute with their transpose."""
    network = Parameters(Architecture(2, 2, 2))
    network["W_hh"][...] = [[0.5, -1.2], [0.3, 0.8]]
    network["W_xh"][...] = [[0.7, -0.4], [0.2, 0.9]]
    network["b_h"][...] = [0.1, -0.2]
    network.W_hy[...] = [[1.0, -0.5], [-0.3, 0.8]]
    return network


def states_of(network, tokens):
    """The states of a one-layer tanh network, (T, H), by the formula."""
    h, found = np.zeros(network.architecture.hidden), []
    for token in tokens:
        h = np.tanh(network["W_hh"] @ h + network["W_xh"][:, token] + network["b_h"])
        found.append(h)
    return np.array(found)


def jacobians_of(network, tokens):
    """dh_t / dh_{t-1} of every token, (T, H, H), by the formula."""
    slopes = 1 - states_of(network, tokens) ** 2
    return slopes[:, :, None] * network["W_hh"]
