"""Networks whose gradients and fixed points are known in closed form."""

import numpy as np

from rnnviz.analysis.flow_map import FixedInputMap, FlowMap
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


def elman(W_hh, b_h=0.0, activation=Activation.TANH):
    """The map h -> F(h) of these recurrent weights; the input has no effect."""
    parameters = Parameters(Architecture(1, len(W_hh), 2, activation=activation))
    parameters["W_hh"][...], parameters["b_h"][...] = W_hh, b_h
    parameters["W_hy"][0, 0] = parameters["W_hy"][1, -1] = 3.0
    return FixedInputMap(FlowMap(parameters), np.zeros(1))


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
    states = [np.zeros(network.architecture.hidden)]
    for token in tokens:
        a = network["W_hh"] @ states[-1] + network["W_xh"][:, token] + network["b_h"]
        states.append(np.tanh(a))
    return np.array(states[1:])


def jacobians_of(network, tokens):
    """dh_t / dh_{t-1} of every token, (T, H, H), by the formula."""
    slopes = 1 - states_of(network, tokens) ** 2
    return slopes[:, :, None] * network["W_hh"]


def last_error(network, tokens, target):
    """dL/dh_T of the cross-entropy of one answer after the last token, by the formula."""
    logits = network.W_hy @ states_of(network, tokens)[-1] + network.b_y
    return network.W_hy.T @ (np.exp(logits) / np.exp(logits).sum() - np.eye(len(logits))[target])
