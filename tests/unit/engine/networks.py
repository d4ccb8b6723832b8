"""Networks of every kind, and sequences for them to read."""

import numpy as np

from rnnviz.cells import cell_names
from rnnviz.config import Activation, Loss, RunConfig
from rnnviz.engine.parameters import Architecture, initial_parameters
from rnnviz.tasks.dataset import Example

#: Every kind of cell, with the activations that it can have.
CELLS = [
    ("elman", Activation.TANH),
    ("elman", Activation.RELU),
    ("gru", Activation.TANH),
    ("lstm", Activation.TANH),
]
#: Cells that nobody wrote any code for.
_KNOWN = {cell for cell, _ in CELLS}
OTHERS = [(kind, Activation.TANH) for kind in cell_names() if kind not in _KNOWN]
INPUTS, HIDDEN, OUTPUTS, SOURCE = 4, 6, 3, 5


def architecture(cell=CELLS[0], layers=1, encoder=False, squared=False, outputs=OUTPUTS):
    loss = Loss.SQUARED_ERROR if squared else Loss.CROSS_ENTROPY
    source = SOURCE if encoder else 0
    return Architecture(INPUTS, HIDDEN, outputs, *cell, layers, source, loss)


def network(of, seed=3, scale=0.5):
    """Parameters far from zero, biases too."""
    parameters = initial_parameters(of, RunConfig(seed=seed, init_scale=scale))
    rng = np.random.default_rng(seed)
    parameters.theta += 0.2 * rng.standard_normal(parameters.theta.shape)
    return parameters


def examples(of, lengths, every=False, values=False, seed=1):
    """Sequences of these lengths, with targets after the last or after every token."""
    rng, made = np.random.default_rng(seed), []
    for length in lengths:
        count = length if every else 1
        inputs = rng.normal(size=(length, INPUTS)) if values else rng.integers(0, INPUTS, length)
        if of.loss is Loss.SQUARED_ERROR:
            targets = rng.normal(size=(count, of.outputs))
        else:
            targets = rng.integers(0, of.outputs, count)
        source = rng.integers(0, SOURCE, rng.integers(1, 6)) if of.source else None
        made.append(Example("", inputs, targets, source))
    return made


def phrase(tokens, target):
    """One sequence of tokens with one class."""
    return Example("", np.array(tokens), np.array([target]))
