"""Networks that can be worked out by hand, and networks of every kind of task."""

import numpy as np
import pytest

from rnnviz.config import Activation
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.probe.formatting import Names
from rnnviz.probe.state_transition import FixedInputMap, StateTransition
from rnnviz.tasks.dataset import Example
from tests.unit.engine.networks import CELLS, architecture

NAMES = Names(("a", "b", "c"), ("no", "yes"))
LETTERS = Names(("a", "b", "c", "d"), ("A", "B", "C"), tuple("vwxyz"))
#: Whether there is an answer after every token, values instead of tokens, an encoder.
KINDS = {
    "verdict": (False, False, False),
    "every": (True, False, False),
    "values": (True, True, False),
    "translation": (True, False, True),
}
CASES = pytest.mark.parametrize("cell", CELLS, ids="-".join)
KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def linear(c, hidden=3, inputs=2, outputs=2, layers=1):
    """ReLU cells with W_hh = c I whose states are never negative: every slope is 1."""
    of = Architecture(inputs, hidden, outputs, "elman", Activation.RELU, layers)
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
    return FixedInputMap(StateTransition(parameters), np.zeros(1))


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


def case_of(cell, layers, kind):
    _, values, encoder = kind
    return architecture(cell, layers, encoder, squared=values)


def tally(c):
    """Three words, a unit for each: h_t = c h_{t-1} + x_t, margin of "yes" = (1, 2, 4) h + 1/2."""
    of = Architecture(3, 3, 2, "elman", Activation.RELU)
    parameters = Parameters(of)
    parameters["W_xh"][...] = np.eye(3)
    parameters["W_hh"][...] = c * np.eye(3)
    parameters["W_hy"][1] = [1.0, 2.0, 4.0]
    parameters["b_y"][1] = 0.5
    return parameters


def letters(text, target=1):
    """An example of the words a, b, c, written without spaces."""
    return Example(text, np.array(["abc".index(word) for word in text]), np.array([target]))
