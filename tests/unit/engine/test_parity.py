"""Outputs, states and gradients against PyTorch's own layers, where PyTorch is installed."""

import numpy as np
import pytest

from rnnviz.config import Activation, CellKind, OptimizerKind
from rnnviz.engine.batch import collate
from rnnviz.engine.optimizers import OPTIMIZERS, Slots, slots_for
from rnnviz.engine.training import record
from tests.unit.engine.networks import (
    CELLS,
    HIDDEN,
    INPUTS,
    OUTPUTS,
    architecture,
    examples,
    network,
)

torch = pytest.importorskip("torch")

#: PyTorch's order of the gates in its stacked matrices.
GATES = {CellKind.ELMAN: "h", CellKind.GRU: "rzn", CellKind.LSTM: "ifgo"}


def layers_of(cell, layers):
    kind, activation = cell
    if kind is CellKind.ELMAN:
        made = torch.nn.RNN(INPUTS, HIDDEN, layers, nonlinearity=activation.value)
    else:
        made = {CellKind.GRU: torch.nn.GRU, CellKind.LSTM: torch.nn.LSTM}[kind](
            INPUTS, HIDDEN, layers
        )
    return made.double()


def stacked(named, kind, weight, suffix):
    return np.concatenate([named[f"W_{weight}{gate}{suffix}"] for gate in GATES[kind]])


def biases(named, kind, suffix):
    """The biases of the input and of the state; only the GRU's candidate needs the second."""
    zeros = np.zeros(HIDDEN)
    if kind is not CellKind.GRU:
        first = [named[f"b_{gate}{suffix}"] for gate in GATES[kind]]
        return np.concatenate(first), np.zeros(HIDDEN * len(first))
    first = [named[f"b_{gate}{suffix}"] for gate in ("r", "z", "xn")]
    return np.concatenate(first), np.concatenate([zeros, zeros, named[f"b_hn{suffix}"]])


def copied(parameters, cell, layers):
    """PyTorch's layers with the same weights."""
    theirs, named = layers_of(cell, layers), parameters.named()
    for k in range(layers):
        suffix = f".{k + 1}" if layers > 1 else ""
        first, second = biases(named, cell[0], suffix)
        values = {
            "weight_ih": stacked(named, cell[0], "x", suffix),
            "weight_hh": stacked(named, cell[0], "h", suffix),
            "bias_ih": first,
            "bias_hh": second,
        }
        for name, value in values.items():
            getattr(theirs, f"{name}_l{k}").data = torch.tensor(np.ascontiguousarray(value))
    return theirs


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("steps", [1, 2, 5, 10])
@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_outputs_states_and_gradients_are_pytorchs(cell, steps, layers):
    of = architecture(cell, layers, squared=True)
    parameters, batch = network(of), collate(examples(of, [steps] * 3, every=True, values=True))
    ours, theirs = record(parameters, batch), copied(parameters, cell, layers)
    x = torch.tensor(batch.read.inputs)
    outputs, last = theirs(x)
    outputs.retain_grad()
    readout = torch.nn.Linear(HIDDEN, OUTPUTS).double()
    readout.weight.data = torch.tensor(np.ascontiguousarray(parameters.W_hy))
    readout.bias.data = torch.tensor(parameters.b_y)
    answers = readout(outputs).reshape(-1, OUTPUTS)
    loss = torch.nn.functional.mse_loss(answers, torch.tensor(batch.targets))
    loss.backward()
    close(ours.last.h, outputs.detach())
    close(ours.logits, answers.detach())
    close(ours.loss.mean(), loss.detach())
    if cell[0] is CellKind.LSTM:
        close(np.stack([layer.arrays["c"][-1] for layer in ours.layers]), last[1].detach())
    same_gradients(ours.gradient.named(), theirs, cell[0], layers)
    close(ours.gradient.W_hy, readout.weight.grad)
    close(ours.gradient.b_y, readout.bias.grad)


def same_gradients(named, theirs, kind, layers):
    for k in range(layers):
        suffix = f".{k + 1}" if layers > 1 else ""
        close(stacked(named, kind, "x", suffix), getattr(theirs, f"weight_ih_l{k}").grad)
        close(stacked(named, kind, "h", suffix), getattr(theirs, f"weight_hh_l{k}").grad)
        first, second = biases(named, kind, suffix)
        close(first, getattr(theirs, f"bias_ih_l{k}").grad)
        if kind is CellKind.GRU:
            close(second[-HIDDEN:], getattr(theirs, f"bias_hh_l{k}").grad[-HIDDEN:])


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_sequences_of_many_lengths_are_pytorchs_packed_ones(cell):
    of = architecture(cell)
    parameters, given = network(of), examples(of, [2, 7, 1, 5], values=True)
    batch = collate(given)
    ours, theirs = record(parameters, batch), copied(parameters, cell, 1)
    packed = torch.nn.utils.rnn.pack_sequence(
        [torch.tensor(example.inputs) for example in given], enforce_sorted=False
    )
    last = theirs(packed)[1]
    last = last[0] if cell[0] is CellKind.LSTM else last
    logits = last[0] @ torch.tensor(parameters.W_hy.copy()).T + torch.tensor(parameters.b_y)
    targets = torch.tensor([int(example.targets[0]) for example in given])
    loss = torch.nn.functional.cross_entropy(logits, targets)
    loss.backward()
    close(ours.logits, logits.detach()[torch.tensor(batch.owners)])
    close(ours.loss.mean(), loss.detach())
    same_gradients(ours.gradient.named(), theirs, cell[0], 1)


MADE = {
    OptimizerKind.SGD: lambda theta: torch.optim.SGD(theta, 0.1),
    OptimizerKind.MOMENTUM: lambda theta: torch.optim.SGD(theta, 0.1, momentum=0.9),
    OptimizerKind.RMSPROP: lambda theta: torch.optim.RMSprop(theta, 0.1),
    OptimizerKind.ADAM: lambda theta: torch.optim.Adam(theta, 0.1),
}


@pytest.mark.parametrize("kind", OptimizerKind)
def test_ten_steps_of_every_optimizer_are_pytorchs(kind):
    rng = np.random.default_rng(0)
    ours, slots = rng.standard_normal(20), slots_for(kind, np.zeros(20), Slots())
    theirs = torch.tensor(ours.copy(), requires_grad=True)
    optimizer = MADE[kind]([theirs])
    for count in range(1, 11):
        gradient = rng.standard_normal(20)
        theirs.grad = torch.tensor(gradient.copy())
        optimizer.step()
        OPTIMIZERS[kind].step(gradient, slots.arrays, count, 0.1)
        ours -= gradient
        close(ours, theirs.detach())


def test_every_activation_is_compared():
    assert {activation for _, activation in CELLS} == set(Activation)
