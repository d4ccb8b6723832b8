"""Dropout: what it leaves out, by position alone; against PyTorch, where that is installed."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from rnnviz.cells import cell_names, recurrent
from rnnviz.config import Activation, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.derived_cell import cell_of
from rnnviz.engine.dropout import Dropout, factors_at
from rnnviz.engine.training import TrainBuffers, TrainState, record, train_examples
from tests.sampling import each_row, singly
from tests.unit.engine.networks import HIDDEN, INPUTS, architecture, examples, network

BOTH = RunConfig(dropout=0.25, recurrent_dropout=0.5)


def drawn(of, config, epoch=0, offset=0):
    """The factors by name."""
    return network(of).like(Dropout(of, config).at(epoch, offset)).named()


@singly(cell=cell_names(), encoder=[False, True])
def test_a_unit_is_left_out_of_all_matrices_that_read_it_and_of_nothing_else(cell, encoder):
    of = architecture((cell, Activation.TANH), layers=2, encoder=encoder)
    shapes, loops = of.cell.equations.shapes, of.cell.equations.recurrent
    found, columns = drawn(of, BOTH), {}
    for (stack, layer), name in product(of.affixes, shapes):
        array = found[f"{stack}{name}{layer}"]
        rate = 0.25 if shapes[name] == ("H", "D") else 0.5 if name in loops else 0.0
        if not rate:
            assert (array == 1).all()
            continue
        assert {*array.flat} <= {0, 1 / (1 - rate)}
        assert (array == array[0]).all()
        own = columns.setdefault((stack, layer, rate), array[0])
        assert (array[0] == own).all()
    assert (found["W_hy"] == 1).all()
    assert (found["b_y"] == 1).all()


@each_row("rate", [0.1, 0.5, 0.9])
def test_each_is_left_out_in_its_share_of_the_steps_and_sums_keep_their_mean(rate):
    of = architecture()
    dropout = Dropout(of, RunConfig(dropout=rate, recurrent_dropout=rate))
    every = [dropout.at(epoch, offset).copy() for epoch in range(40) for offset in range(50)]
    W_xh, W_hh = (
        np.array([network(of).like(theta)[name][0] for theta in every]) for name in ("W_xh", "W_hh")
    )
    for factors in (W_xh, W_hh):
        np.testing.assert_allclose((factors == 0).mean(axis=0), rate, atol=0.04)
    assert np.hstack([W_xh, W_hh]).mean() == pytest.approx(1, abs=0.06)
    together = np.corrcoef(np.hstack([W_xh, W_hh]).T) - np.eye(INPUTS + HIDDEN)
    assert np.abs(together).max() < 0.1


def test_what_is_left_out_depends_on_the_seed_and_the_position_alone():
    of, seen = architecture(), set()
    for seed, epoch, offset in product(range(3), range(3), range(3)):
        config = replace(BOTH, seed=seed)
        one = factors_at(network(of), config, epoch, offset).tobytes()
        assert one == factors_at(network(of, 5), config, epoch, offset).tobytes()
        seen.add(one)
    assert len(seen) > 20
    few, many = (drawn(of, RunConfig(dropout=rate))["W_xh"] for rate in (0.3, 0.6))
    assert (many[few == 0] == 0).all()
    other = drawn(of, replace(BOTH, dropout=0.0))
    assert (other["W_hh"] == drawn(of, BOTH)["W_hh"]).all()
    assert factors_at(network(of), RunConfig(), 0, 0) is None


def test_recurrent_dropout_is_a_setting_of_the_cells_with_recurrent_matrices():
    assert {*recurrent()} == {
        name for name in cell_names() if cell_of(name, Activation.TANH).equations.recurrent
    }


def test_a_step_leaves_the_weights_that_it_does_not_read_as_they_are():
    of, config = architecture(), RunConfig(dropout=0.5, recurrent_dropout=0.5, clip_by="off")
    given, before = examples(of, [4, 4], every=True), TrainState(network(of))
    factors = factors_at(before.parameters, config, 0, 0)
    after = train_examples(before, TrainBuffers(given, of, config), config, 1).parameters
    left_out = factors == 0
    assert 0 < left_out.sum() < left_out.size
    assert (after.theta == before.parameters.theta)[left_out].all()
    assert (after.theta != before.parameters.theta)[~left_out].mean() > 0.5


def loss_in_torch(torch, weights, kept, gates, example):
    """The loss of a sequence, with what is read multiplied by the factors ``kept``."""
    zero, total = torch.zeros(HIDDEN, dtype=torch.double), 0.0
    state = {".1": (zero, zero), ".2": (zero, zero)}
    for token, target in zip(example.inputs, example.targets, strict=True):
        x = torch.eye(INPUTS, dtype=torch.double)[int(token)]
        for suffix, (h, c) in state.items():
            read_x = x * kept[f"W_x{gates[0]}{suffix}"][0]
            read_h = h * kept[f"W_h{gates[0]}{suffix}"][0]
            a = {
                g: weights[f"W_x{g}{suffix}"] @ read_x
                + weights[f"W_h{g}{suffix}"] @ read_h
                + weights[f"b_{g}{suffix}"]
                for g in gates
            }
            if gates == "h":
                x = cell = torch.tanh(a["h"])
            else:
                i, f, o = (torch.sigmoid(a[g]) for g in "ifo")
                cell = f * c + i * torch.tanh(a["g"])
                x = o * torch.tanh(cell)
            state[suffix] = x, cell
        logits = weights["W_hy"] @ x + weights["b_y"]
        total += torch.nn.functional.cross_entropy(logits, torch.tensor(int(target)))
    return total / len(example.targets)


@pytest.mark.parametrize(("kind", "gates"), [("elman", "h"), ("lstm", "ifgo")])
def test_loss_and_gradient_are_those_of_pytorch_with_inputs_and_states_left_out(kind, gates):
    torch = pytest.importorskip("torch")
    of = architecture((kind, Activation.TANH), layers=2)
    own, given = network(of), examples(of, [7, 7, 7], every=True)
    factors = factors_at(own, BOTH, 3, 8)
    trace = record(own.times(factors), collate(given))
    theirs = {n: torch.tensor(a.copy(), requires_grad=True) for n, a in own.named().items()}
    kept = {n: torch.tensor(a.copy()) for n, a in own.like(factors).named().items()}
    losses = torch.stack([loss_in_torch(torch, theirs, kept, gates, one) for one in given])
    losses.mean().backward()
    assert trace.loss.mean() == pytest.approx(losses.mean().item(), rel=1e-12)
    for name, found in trace.gradient.times(factors).named().items():
        np.testing.assert_allclose(found, theirs[name].grad.numpy(), rtol=1e-9, atol=1e-13)
