"""A network that can be worked out on paper: h_t = c h_{t-1} + x_t, never below zero."""

import numpy as np

from rnnviz.analysis.notation import Names
from rnnviz.config import Activation, CellKind
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.tasks.example import Example

NAMES = Names(("a", "b", "c"), ("no", "yes"))


def tally(c, readout=(1.0, 2.0, 4.0), bias=0.5):
    """Three words, a unit for each; the lead of "yes" is readout @ h + bias."""
    of = Architecture(3, 3, 2, CellKind.ELMAN, Activation.RELU)
    parameters = Parameters(of)
    parameters["W_xh"][...] = np.eye(3)
    parameters["W_hh"][...] = c * np.eye(3)
    parameters["W_hy"][1] = readout
    parameters["b_y"][1] = bias
    return parameters


def phrase(text, target=1):
    """An example of the words a, b, c, written without spaces."""
    return Example(text, np.array(["abc".index(word) for word in text]), np.array([target]))
