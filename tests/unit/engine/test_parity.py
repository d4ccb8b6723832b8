"""Outputs, states and gradients against PyTorch's own layers, where PyTorch is installed."""

from functools import partial

import numpy as np
import pytest

from rnnviz.config import OptimizerKind
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

#: PyTorch's classes, and the order of the gates in their stacked matrices.
LAYERS = {
    "elman": (torch.nn.RNN, "h"),
    "gru": (torch.nn.GRU, "rzn"),
    "lstm": (torch.nn.LSTM, "ifgo"),
}


def stacked(parameters, number, layers):
    """The arrays of a layer by PyTorch's names; of bias_hh only the GRU's candidate has one."""
    named, kind = parameters.named(), parameters.architecture.kind
    gates, suffix = LAYERS[kind][1], f".{number + 1}" if layers > 1 else ""

    def stack(*names):
        return np.concatenate([named[name + suffix] for name in names])

    second = np.zeros(HIDDEN * len(gates))
    if kind == "gru":
        second[-HIDDEN:] = named[f"b_hn{suffix}"]
    biases = ["b_r", "b_z", "b_xn"] if kind == "gru" else [f"b_{gate}" for gate in gates]
    arrays = {
        "weight_ih": stack(*(f"W_x{gate}" for gate in gates)),
        "weight_hh": stack(*(f"W_h{gate}" for gate in gates)),
        "bias_ih": stack(*biases),
        "bias_hh": second,
    }
    return {f"{name}_l{number}": array for name, array in arrays.items()}


def copied(parameters, layers):
    """PyTorch's layers with the same weights."""
    of = parameters.architecture
    options = {"nonlinearity": of.activation.value} if of.kind == "elman" else {}
    theirs = LAYERS[of.kind][0](INPUTS, HIDDEN, layers, **options).double()
    for number in range(layers):
        for name, array in stacked(parameters, number, layers).items():
            getattr(theirs, name).data = torch.tensor(np.ascontiguousarray(array))
    return theirs


def same_gradients(gradient, theirs, layers):
    for number in range(layers):
        for name, array in stacked(gradient, number, layers).items():
            grad = getattr(theirs, name).grad
            if not name.startswith("bias_hh"):
                close(array, grad)
            elif gradient.architecture.kind == "gru":
                close(array[-HIDDEN:], grad[-HIDDEN:])


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("steps", [1, 2, 5, 10])
@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_outputs_states_and_gradients_are_pytorchs(cell, steps, layers):
    of = architecture(cell, layers, squared=True)
    parameters, batch = network(of), collate(examples(of, [steps] * 3, every=True, values=True))
    ours, theirs = record(parameters, batch), copied(parameters, layers)
    outputs, last = theirs(torch.tensor(batch.read.inputs))
    readout = torch.nn.Linear(HIDDEN, OUTPUTS).double()
    readout.weight.data = torch.tensor(np.ascontiguousarray(parameters.W_hy))
    readout.bias.data = torch.tensor(parameters.b_y)
    answers = readout(outputs).reshape(-1, OUTPUTS)
    loss = torch.nn.functional.mse_loss(answers, torch.tensor(batch.targets))
    loss.backward()
    close(ours.last.h, outputs.detach())
    close(ours.logits, answers.detach())
    close(ours.loss.mean(), loss.detach())
    if cell[0] == "lstm":
        close(np.stack([layer.arrays["c"][-1] for layer in ours.layers]), last[1].detach())
    same_gradients(ours.gradient, theirs, layers)
    close(ours.gradient.W_hy, readout.weight.grad)
    close(ours.gradient.b_y, readout.bias.grad)


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_sequences_of_many_lengths_are_pytorchs_packed_ones(cell):
    of = architecture(cell)
    parameters, given = network(of), examples(of, [2, 7, 1, 5], values=True)
    batch = collate(given)
    ours, theirs = record(parameters, batch), copied(parameters, 1)
    packed = torch.nn.utils.rnn.pack_sequence(
        [torch.tensor(example.inputs) for example in given], enforce_sorted=False
    )
    last = theirs(packed)[1]
    last = last[0] if cell[0] == "lstm" else last
    logits = last[0] @ torch.tensor(parameters.W_hy.copy()).T + torch.tensor(parameters.b_y)
    targets = torch.tensor([int(example.targets[0]) for example in given])
    loss = torch.nn.functional.cross_entropy(logits, targets)
    loss.backward()
    close(ours.logits, logits.detach()[torch.tensor(batch.owners)])
    close(ours.loss.mean(), loss.detach())
    same_gradients(ours.gradient, theirs, 1)


MADE = {
    OptimizerKind.SGD: partial(torch.optim.SGD, lr=0.1),
    OptimizerKind.MOMENTUM: partial(torch.optim.SGD, lr=0.1, momentum=0.9),
    OptimizerKind.RMSPROP: partial(torch.optim.RMSprop, lr=0.1),
    OptimizerKind.ADAM: partial(torch.optim.AdamW, lr=0.1),
}


@pytest.mark.parametrize("decay", [0.0, 0.2])
@pytest.mark.parametrize("kind", OptimizerKind)
def test_ten_steps_of_every_optimizer_are_pytorchs(kind, decay):
    rng = np.random.default_rng(0)
    ours, slots = rng.standard_normal(20), slots_for(kind, np.zeros(20), Slots())
    theirs = torch.tensor(ours.copy(), requires_grad=True)
    optimizer = MADE[kind]([theirs], weight_decay=decay)
    added, shrink = OPTIMIZERS[kind].decays(decay, 0.1)
    for count in range(1, 11):
        gradient = rng.standard_normal(20)
        theirs.grad = torch.tensor(gradient.copy())
        optimizer.step()
        gradient += added * ours
        OPTIMIZERS[kind].step(gradient, slots.arrays, count, 0.1)
        ours -= gradient + shrink * ours
        close(ours, theirs.detach())
