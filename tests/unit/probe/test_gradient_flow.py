"""Gradient norms, against independent numbers."""

import math

import numpy as np
import pytest

from rnnviz.config import Gradient, OptimizerKind, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.gradcheck import complex_step_gradient
from rnnviz.engine.parameters import Architecture, Parameters, initial_parameters
from rnnviz.engine.training import Descent, TrainState, record
from rnnviz.probe import gradient_flow as module
from rnnviz.probe import passes
from rnnviz.probe.epoch_series import flow
from rnnviz.probe.gradient_flow import (
    ByToken,
    Objective,
    compare,
    compare_by_length,
    compare_by_token,
    compare_examples,
    compared,
    connectivity,
    gradient_flow,
    margin_flow,
    next_step_stats,
    next_steps,
    norms_of,
    part_norms,
    token_contribution,
    update_ratios,
)
from rnnviz.probe.probe import running_margin
from rnnviz.probe.session import Session
from rnnviz.probe.unrolled import Moment, Phase, Unrolled
from rnnviz.questions.step.measure import step_record
from rnnviz.questions.step.pictures import share
from rnnviz.tasks.dataset import Example
from tests.sampling import each_row, pairwise
from tests.unit.engine.networks import CELLS, OTHERS, architecture, examples, network, phrase
from tests.unit.probe.known import (
    CASES,
    LETTERS,
    jacobians_of,
    last_error,
    linear,
    states_of,
    two_units,
)

#: Every word once, so that a word's column of dL/dW_xh is dL/da at its token.
TOKENS = np.array([3, 0, 4, 1, 2])
TARGET = 1
BATCH = collate([phrase(TOKENS, TARGET)])


def initial(outputs=3, scale=0.7):
    return initial_parameters(Architecture(5, 6, outputs), RunConfig(init_scale=scale, seed=2))


def margins(parameters, trace, gradient=Gradient.EXACT):
    found = margin_flow(parameters, trace, gradient)
    assert found.objective is Objective.MARGIN
    return found.norms


def test_norms_agree_with_the_complex_step():
    parameters = initial()
    trace, truth = record(parameters, BATCH), complex_step_gradient(parameters, BATCH)
    da = truth["W_xh"][:, TOKENS].T
    expected = np.linalg.norm(da / (1 - trace.last.h[:, 0] ** 2), axis=1)
    assert gradient_flow(trace).norms == pytest.approx(expected, rel=1e-9)
    norms = {name: float(np.linalg.norm(array)) for name, array in truth.named().items()}
    assert norms_of(trace.gradient) == pytest.approx(norms, rel=1e-9)


def test_flows_begin_at_the_output_layer():
    parameters = initial()
    trace = record(parameters, BATCH)
    error = trace.probs[0] - np.eye(3)[TARGET]
    assert gradient_flow(trace).norms[-1] == pytest.approx(
        np.linalg.norm(parameters.W_hy.T @ error)
    )
    best = max({0, 2}, key=lambda c: trace.logits[0, c])
    difference = parameters.W_hy[TARGET] - parameters.W_hy[best]
    assert margins(parameters, trace)[-1] == pytest.approx(np.linalg.norm(difference))
    # With five answers it is the gradient of their mean.
    every = record(parameters, collate([Example("", TOKENS, np.full(5, TARGET))]))
    last = margins(parameters, every)[-1]
    assert last == pytest.approx(np.linalg.norm(difference) / 5)


def test_with_two_classes_the_two_flows_are_proportional():
    trace = record(initial(2), BATCH)
    before = trace.last.dh.copy()
    share = gradient_flow(trace).norms / margins(initial(2), trace)
    assert share == pytest.approx(np.full(5, 1 - trace.probs[0, TARGET]))
    np.testing.assert_array_equal(trace.last.dh, before)


def test_the_gradient_of_the_margin_does_not_vanish_by_learning(learned):
    probe = learned.inspect("i am not happy")
    assert flow(learned.gradient_query(probe, Objective.LOSS)).norms.max() < 0.1
    assert flow(learned.gradient_query(probe, Objective.MARGIN)).norms.max() > 0.5


def test_the_missing_transpose_changes_all_but_the_last_token():
    trace = record(initial(), BATCH)
    exact, notebook = (margins(initial(), trace, rule) for rule in Gradient)
    assert notebook[-1] == exact[-1]
    assert (np.abs(notebook / exact - 1)[:-1] > 0.01).all()


@each_row(("outputs", "scale", "factor"), [(3, 0.7, 1e4), (2, 2.0, 5e3)])
def test_norms_of_a_diverged_run_are_finite(outputs, scale, factor):
    parameters = initial(outputs, scale)
    parameters.theta *= factor
    trace = record(parameters, BATCH)
    assert np.isfinite([gradient_flow(trace).norms, margins(parameters, trace)]).all()


def test_the_running_margin_is_that_of_the_sequence_up_to_each_token():
    parameters = initial()
    for t in range(len(TOKENS)):
        logits = record(parameters, collate([phrase(TOKENS[: t + 1], 0)])).logits[0]
        for target in range(3):
            found = running_margin(parameters, record(parameters, BATCH), target)
            best = max(np.delete(logits, target))
            assert found[t] == pytest.approx(logits[target] - best, rel=1e-9)


def test_the_sign_of_the_last_margin_is_the_verdict(learned):
    assert learned.inspect("bad").margin[-1] < 0
    assert learned.inspect("not bad").margin[-1] > 0


# The shares of tokens in the gradient of the weights


#: Cells with matrices of both kinds.
EVERY = pytest.mark.parametrize("cell", CELLS + OTHERS, ids="-".join)
CONFIG = RunConfig()
BACK = [Moment(Phase.BACKWARD, t) for t in range(5)]


@pairwise(EVERY, layer=[0, 1], every=[False, True], inputs=[False, True])
def test_norms_are_those_of_the_parts_of_the_gradient(cell, layer, every, inputs):
    of = architecture(cell, layers=2)
    weights, batch = network(of), collate(examples(of, [5], every))
    trace = record(weights, batch)
    shapes, squares = of.cell.equations.shapes, np.zeros(5)
    recurrent = of.cell.equations.recurrent
    own = [name for name, shape in shapes.items() if len(shape) > 1 and ("D" in shape) == inputs
           and (inputs or name in recurrent)]  # fmt: skip
    for t in range(5):
        step = step_record(TrainState(weights), examples(of, [5], every), CONFIG, LETTERS)
        here = share(step, BACK[t])[0]
        squares[t] = sum((here[f"{name}.{layer + 1}"] ** 2).sum() for name in own)
    found = part_norms(Unrolled(trace, layer), weights, inputs)
    np.testing.assert_allclose(found, np.sqrt(squares), rtol=1e-9)


@pairwise(CASES, encoder=[False, True])
def test_shares_sum_to_one(cell, encoder):
    of = architecture(cell, encoder=encoder)
    weights = network(of)
    unrolled = Unrolled(record(weights, collate(examples(of, [4], every=encoder))))
    found = token_contribution(unrolled, weights)
    assert (len(found.W_xh), found.W_xh.sum()) == (len(unrolled), pytest.approx(1))
    recurrent = bool(of.cell.equations.recurrent)
    assert (len(found.W_hh), found.W_hh.sum()) == (len(unrolled), pytest.approx(float(recurrent)))


@each_row(
    ("c", "tokens", "W_hh", "W_xh"),
    [
        (0.5, [0, 1, 1], None, [1 / 7, 2 / 7, 4 / 7]),
        (2.0, [0, 1, 1], None, [4 / 7, 2 / 7, 1 / 7]),
        (0.5, [0], [0], [1]),
    ],
)
def test_in_a_linear_network_shares_are_powers_of_the_weight(c, tokens, W_hh, W_xh):
    weights = linear(c)
    trace = record(weights, collate([phrase(tokens, 1)]))
    found = token_contribution(Unrolled(trace), weights)
    np.testing.assert_allclose(found.W_xh, W_xh)
    assert found.W_hh[0] == 0
    assert W_hh is None or found.W_hh.tolist() == W_hh


# How much each answer depends on each state


def found_by(weights, tokens, targets):
    example = Example("", np.array(tokens), np.array(targets))
    return connectivity(weights, record(weights, collate([example])))


@each_row("c", [0.5, 2.0])
def test_in_a_linear_network_it_is_a_power_of_the_weight(c):
    weights, targets = linear(c), [0, 1, 1, 0]
    tokens, sizes = found_by(weights, [0, 1, 1, 0], targets)
    rows = np.linalg.norm(weights.W_hy, axis=1)[targets]
    lag = np.subtract.outer(np.arange(4), np.arange(4.0))
    np.testing.assert_allclose(sizes, np.where(lag >= 0, c**lag * rows[:, None], 0))
    assert tokens.tolist() == [0, 1, 2, 3]


def test_the_connectivity_of_two_units_by_hand():
    weights, tokens, targets = two_units(), [0, 1, 1], [1, 0, 1]
    (_, sizes), jacobians = found_by(weights, tokens, targets), jacobians_of(weights, tokens)
    for n, target in enumerate(targets):
        gradient = weights.W_hy[target]
        for t in reversed(range(n + 1)):
            assert sizes[n, t] == pytest.approx(np.linalg.norm(gradient), rel=1e-12)
            gradient = gradient @ jacobians[t]


@pairwise(cell=CELLS, layer=[0, 1], encoder=[False, True])
def test_an_answer_depends_on_all_earlier_states_and_on_no_later_one(cell, layer, encoder):
    of = architecture(cell, layers=2, encoder=encoder)
    weights = network(of)
    trace = record(weights, collate(examples(of, [4], every=True)))
    (tokens, sizes), steps = connectivity(weights, trace, layer), len(Unrolled(trace, layer))
    later = np.arange(steps) > tokens[:, None]
    assert (sizes.shape, sizes[later].any()) == ((4, steps), False)
    if of.activation == "tanh":
        assert (sizes[~later] > 0).all()


def test_for_values_all_channels_count_and_one_answer_is_one_row():
    of = architecture(squared=True)
    weights = network(of)
    trace = record(weights, collate(examples(of, [3], every=True, values=True)))
    _, sizes = connectivity(weights, trace)
    np.testing.assert_allclose(np.diag(sizes), np.linalg.norm(weights.W_hy))
    weights = network(architecture())
    trace = record(weights, collate(examples(architecture(), [5])))
    assert connectivity(weights, trace)[1].shape == (1, 5)


def test_limits_of_memory_and_of_answers(monkeypatch):
    weights = network(architecture(CELLS[3]))
    trace = record(weights, collate(examples(architecture(), [9], every=True)))
    whole = connectivity(weights, trace)[1]
    monkeypatch.setattr(passes, "_NUMBERS", 800)
    np.testing.assert_allclose(connectivity(weights, trace)[1], whole, rtol=1e-12)
    monkeypatch.setattr(module, "ANSWERS", 3)
    tokens, sizes = connectivity(weights, trace)
    assert tokens.tolist() == [0, 4, 8]
    np.testing.assert_allclose(sizes, whole[[0, 4, 8]])


# Clipping and updates of the next steps of training


OF = architecture()
BATCHES = [collate([example]) for example in examples(OF, [4] * 6)]
BY_OFFSET = dict(enumerate(BATCHES))
GRADIENTS = [record(network(OF), batch).gradient for batch in BATCHES]
NORMS = np.array([np.linalg.norm(gradient.theta) for gradient in GRADIENTS])


@each_row(
    ("raw", "clipped", "degrees", "share"),
    [
        ([3, 4], [0.3, 0.4], 0, 2),
        ([1, 0], [1, 1], 45, 1),
        ([1, 0], [0, 2], 90, 2),
        ([5, 1, -7], [5, 1, -1], 42.8334, 1),
        ([0], [0], 0, 0),
    ],
)
def test_the_angle_between_raw_and_clipped_and_the_share_of_changed_entries(
    raw, clipped, degrees, share
):
    gradients = [Parameters(Architecture(1, 1, 1)) for _ in range(2)]
    for parameters, values in zip(gradients, (raw, clipped), strict=True):
        parameters.theta[: len(values)] = values
    step = Descent(*gradients, gradients[1])
    assert step.angle == pytest.approx(degrees, abs=0.001)
    assert step.changed.sum() == share


def surveyed(**settings):
    return next_step_stats(TrainState(network(OF)), BY_OFFSET, RunConfig(**settings))


def test_clipping_by_norm_keeps_the_direction_and_by_value_does_not():
    off = surveyed(clip_by="off")
    assert (off.clipped, off.entries.any(), off.angles.any()) == (0, False, False)
    limit = float(np.median(NORMS))
    norm, above = surveyed(clip_by="norm", clip=limit), limit < NORMS
    assert norm.clipped == above.mean() == 0.5
    assert norm.angles.max() < 1e-5
    assert (norm.entries[above] > 0.5).all()
    value = surveyed(clip_by="value", clip=0.05)
    np.testing.assert_allclose(value.entries, [(np.abs(g.theta) > 0.05).mean() for g in GRADIENTS])
    assert (value.angles > 1).all()


def test_the_ratio_of_sgd_is_rate_times_gradient_over_weights():
    found = surveyed(clip_by="off", lr=0.03)
    for name, array in network(OF).named().items():
        ratios = [0.03 * np.linalg.norm(g[name]) / np.linalg.norm(array) for g in GRADIENTS]
        np.testing.assert_allclose(found.ratios[name], ratios)
        assert found.spread[name] == pytest.approx(np.quantile(ratios, (0.1, 0.5, 0.9)))


def test_adam_s_first_step_is_the_rate_for_every_entry():
    found = surveyed(optimizer=OptimizerKind.ADAM, clip_by="off", lr=0.01)
    b_y = network(OF)["b_y"]
    ratio = 0.01 * math.sqrt(b_y.size) / np.linalg.norm(b_y)
    np.testing.assert_allclose(found.ratios["b_y"], ratio, rtol=1e-4)


def test_an_update_of_zero_weights_is_infinite_and_the_weights_stay():
    before, update = Parameters(OF), Parameters(OF)
    update["b_y"][...] = 1
    found = update_ratios(norms_of(before), update)
    assert (found["b_y"], found["W_hh"]) == (math.inf, 0)
    weights = network(OF)
    next_step_stats(TrainState(weights), BY_OFFSET, RunConfig(optimizer=OptimizerKind.MOMENTUM))
    np.testing.assert_array_equal(weights.theta, network(OF).theta)


def test_a_parameter_of_zero_has_no_ratio_even_if_its_gradient_is_zero():
    # The input bias of an sLSTM changes no output.
    session = Session(RunConfig(cell="slstm", hidden=4))
    stats = next_steps(session.gradient_query(), 4)
    assert not session.state.parameters["b_i"].any()
    assert "b_i" not in stats.spread and "W_xi" in stats.spread


# The exact gradient against the notebook's


def test_symmetric_weights_hide_the_missing_transpose():
    found = compare(linear(0.5), collate([phrase([0, 1, 1, 0], 1)]))
    assert max(found.errors.values()) < 1e-15
    assert found.cosines["W_hh"] == pytest.approx(1)
    assert found.exact == pytest.approx(found.notebook)


def test_the_missing_transpose_in_two_units_by_hand():
    weights, tokens = two_units(), [0, 1, 1]
    h = np.array([np.zeros(2), *states_of(weights, tokens)])
    jacobians, slopes = jacobians_of(weights, tokens), 1 - h[1:] ** 2

    def dW_hh(back):
        dh, total = last_error(weights, tokens, 1), np.zeros((2, 2))
        for t in (2, 1, 0):
            total += np.outer(slopes[t] * dh, h[t])
            dh = back(t, dh)
        return total

    exact = dW_hh(lambda t, dh: jacobians[t].T @ dh)
    notebook = dW_hh(lambda t, dh: weights["W_hh"] @ (slopes[t] * dh))
    found = compare(weights, collate([phrase(tokens, 1)]))
    error = np.linalg.norm(notebook - exact) / np.linalg.norm(exact)
    assert found.errors["W_hh"] == pytest.approx(error)
    assert error > 0.1
    norms = np.linalg.norm(exact) * np.linalg.norm(notebook)
    assert found.cosines["W_hh"] == pytest.approx((exact * notebook).sum() / norms)


def test_norms_are_those_of_the_engine_and_the_readout_is_never_wrong():
    of = architecture(layers=2)
    weights, batch = network(of), collate(examples(of, [6, 4]))
    found = compare(weights, batch)
    for rule, norms in ((Gradient.EXACT, found.exact), (Gradient.NOTEBOOK, found.notebook)):
        gradient = record(weights, batch, rule).gradient.named()
        assert norms == {name: np.linalg.norm(array) for name, array in gradient.items()}
    assert found.errors["W_hy"] == found.errors["b_y"] == 0
    assert found.errors["W_hh.1"] > 0.01


def test_up_to_length_two_the_recurrent_gradient_is_right():
    """With two tokens the gradient goes one step back, to the initial state of zero."""
    of = architecture()
    found = compare_by_length(network(of), examples(of, [1, 2, 2, 3, 7]))
    assert (found.lengths.tolist(), found.counts.tolist()) == ([1, 2, 3, 7], [1, 2, 1, 1])
    errors = [comparison.errors["W_hh"] for comparison in found.comparisons]
    assert errors[:2] == [0, 0]
    assert min(errors[2:]) > 1e-3
    assert found.table("errors")["W_hh"].tolist() == errors
    assert math.isnan(found.table("cosines")["W_hh"][0])
    assert found.table("cosines")["W_hh"][1] == pytest.approx(1)


def test_of_many_examples_the_first_are_compared(monkeypatch):
    of = architecture()
    weights, given = network(of), examples(of, [4, 4, 4, 4])
    monkeypatch.setattr(module, "_TOKENS", 10)
    assert compared(given) == 2
    assert compare_examples(weights, given).errors == compare(weights, collate(given[:2])).errors
    assert compare_by_length(weights, given).counts.tolist() == [2]
    monkeypatch.setattr(module, "_TOKENS", 1)
    assert compared(given) == 1


# Token by token


@each_row("layer", [0, 1])
def test_at_every_token_both_rules_are_those_of_the_engine(layer):
    of = architecture(layers=2)
    weights, batch = network(of), collate(examples(of, [5]))
    found = compare_by_token(weights, batch, layer)
    exact, notebook = (
        record(weights, batch, rule).stacks[0].layers[layer].dh[:, 0]
        for rule in (Gradient.EXACT, Gradient.NOTEBOOK)
    )
    np.testing.assert_allclose(found.exact, np.linalg.norm(exact, axis=1))
    np.testing.assert_allclose(found.notebook, np.linalg.norm(notebook, axis=1))
    for t in range(5):
        cosine = exact[t] @ notebook[t] / found.exact[t] / found.notebook[t]
        assert found.angles[t] == pytest.approx(np.degrees(np.arccos(min(cosine, 1))), abs=1e-5)


def test_the_notebook_points_elsewhere_from_the_first_step_back():
    weights, tokens = two_units(), [0, 1, 1]
    found = compare_by_token(weights, collate([phrase(tokens, 1)]))
    assert found.angles[-1] == pytest.approx(0, abs=1e-5)
    assert found.exact[-1] == found.notebook[-1]
    assert (found.angles[:-1] > 1).all()
    last, jacobian = last_error(weights, tokens, 1), jacobians_of(weights, tokens)[2]
    slope = 1 - states_of(weights, tokens)[2] ** 2
    one, other = jacobian.T @ last, weights["W_hh"] @ (slope * last)
    angle = np.degrees(np.arccos(one @ other / np.linalg.norm(one) / np.linalg.norm(other)))
    assert found.angles[1] == pytest.approx(angle)


def test_angles_go_from_0_to_180_and_a_gradient_of_zero_has_none():
    ones = np.ones(4)
    angles = ByToken(ones, ones, np.array([1 + 1e-16, 0, -1 - 1e-15, np.nan])).angles
    np.testing.assert_allclose(angles, [0, 90, 180, np.nan])
    still = compare_by_token(linear(0.0), collate([phrase([0, 1, 1], 1)]))
    assert np.isnan(still.angles[:-1]).all()
