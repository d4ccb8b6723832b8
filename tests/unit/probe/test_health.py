"""The signs of health."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import Activation, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.optimizers import Slots
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import record
from rnnviz.probe.health import SATURATED, Level, RunPhase, health, judged, overfit, phase_of, worst
from rnnviz.probe.results import baselines
from rnnviz.tasks.data_source import TASKS
from tests.sampling import each_row, pairwise, singly
from tests.unit.engine.networks import (
    CELLS,
    INPUTS,
    SOURCE,
    architecture,
    examples,
    network,
    phrase,
)
from tests.unit.probe.known import linear

NAMES = ["saturated", "silent", "clipped", "update", "gradient", "reach"]


def signs(weights, example=None, phase=RunPhase.PLATEAU, **settings):
    config = RunConfig(**settings)
    batch = collate([example or phrase([0, 1, 1, 0], 1)])
    trace = record(weights, batch, truncate=config.truncate)
    found = health(weights, trace, config, Slots())
    return {sign.name: judged(sign, phase) for sign in found}


def graded(sign):
    return sign.value, sign.level


def not_applicable(sign):
    return math.isnan(sign.value) and sign.level is Level.NONE


def tanh_network(*W_xh):
    """Each unit has one input weight for all tokens."""
    weights = Parameters(Architecture(2, len(W_xh), 2))
    weights["W_xh"][...] = np.array(W_xh)[:, None]
    weights["W_hh"][...] = 0.5 * np.eye(len(W_xh))
    weights.W_hy[...] = np.random.default_rng(0).standard_normal((2, len(W_xh)))
    return weights


@pairwise(cell=CELLS, layers=[1, 2], encoder=[False, True])
def test_every_network_has_all_signs_each_with_advice(cell, layers, encoder):
    of = architecture(cell, layers, encoder)
    found = signs(network(of), examples(of, [4], every=encoder)[0])
    assert list(found) == NAMES
    assert all(sign.advice.endswith(".") for sign in found.values())


def test_the_size_of_an_update_is_that_of_all_matrices_whatever_they_are_called():
    of = architecture()._replace(kind="own")
    usual, other = (
        network(of._replace(equations=f"h = tanh({U} @ x + {V} @ h + {W})"))
        for U, V, W in (("W_xh", "W_hh", "b_h"), ("U", "V", "W_b"))
    )
    assert np.array_equal(usual.theta, other.theta)
    assert signs(usual)["update"] == signs(other)["update"]


@each_row(
    ("name", "W_xh", "value", "level"),
    [
        ("saturated", [0.1] * 4, 0, Level.FINE),
        ("saturated", [0.1, 0.1, 9, 9], 0.5, Level.WATCH),
        ("saturated", [9] * 4, 1, Level.BAD),
        ("silent", [1, 1, 1, 1], 0, Level.FINE),
        ("silent", [1, 1, 1, 0], 0.25, Level.WATCH),
        ("silent", [0, 0, 0, 0], 1, Level.WATCH),
    ],
)
def test_shares_of_saturated_and_of_dead_units(name, W_xh, value, level):
    assert graded(signs(tanh_network(*W_xh))[name]) == (value, level)


def test_a_unit_is_saturated_from_the_threshold_on_and_relu_never():
    weights = tanh_network(np.arctanh(SATURATED - 0.001), np.arctanh(SATURATED + 0.001))
    assert signs(weights, phrase([0], 1))["saturated"].value == 0.5
    found = signs(linear(0.5), phrase([0], 1))
    assert not_applicable(found["saturated"])
    # A sign that applies is worse than one that doesn't.
    assert worst(tuple(found.values())).level is not Level.NONE
    assert worst(tuple(signs(tanh_network(0, 0, 0, 0)).values())).name == "silent"


def test_the_share_that_clipping_removes():
    weights, example = tanh_network(1, 1, 1, 1), phrase([0, 1], 1)
    norm = np.linalg.norm(record(weights, collate([example])).gradient.theta)
    for left, level in {0.95: Level.FINE, 0.5: Level.WATCH, 0.05: Level.BAD}.items():
        found = signs(weights, example, clip_by="norm", clip=left * norm)["clipped"]
        assert graded(found) == (pytest.approx(1 - left), level)
    assert signs(weights, clip_by="off")["clipped"].value == 0


def test_the_size_of_an_update():
    weights = tanh_network(1, 1, 1, 1)
    usual = signs(weights, clip_by="off", lr=0.001)["update"].value
    for ratio, level in {0.001: Level.FINE, 0.05: Level.WATCH, 0.5: Level.BAD}.items():
        found = signs(weights, clip_by="off", lr=0.001 * ratio / usual)["update"]
        assert graded(found) == (pytest.approx(ratio), level)
    assert "try a learning rate of 0.0" in found.advice
    # Weights that hardly move are a sign, until everything is learned.
    assert signs(weights, lr=1e-5)["update"].level is Level.FINE
    weights.W_hy[...] *= 1e-9
    for phase, level in {RunPhase.PLATEAU: Level.WATCH, RunPhase.LEARNED: Level.FINE}.items():
        found = signs(weights, lr=1e-5, phase=phase)["update"]
        assert (found.value < 1e-6, found.level) == (True, level)
    # At the smallest learning rate there is no smaller one to try.
    weights = tanh_network(1e-9, 1e-9)
    weights["W_hh"][...] = weights["W_xh"]
    weights["b_h"][...] = 0.5
    found = signs(weights, clip_by="off", lr=1e-5)["update"]
    assert (found.level, "try larger initial weights" in found.advice) == (Level.BAD, True)


@each_row(
    ("losses", "phase"),
    [
        ([0.7], RunPhase.UNTRAINED),
        ([0.7, 0.7], RunPhase.PLATEAU),
        ([0.7, 0.69], RunPhase.FALLING),
        ([0.7, 0.9], RunPhase.PLATEAU),
        ([0.7, *np.linspace(0.7, 0.696, 40)], RunPhase.PLATEAU),
        ([0.7, *np.linspace(0.7, 0.6, 40)], RunPhase.FALLING),
        ([0.7, 0.06, 0.06], RunPhase.LEARNED),
        ([math.inf, 0.7], RunPhase.PLATEAU),
        ([0.7, math.nan], RunPhase.PLATEAU),
    ],
)
def test_the_phase_of_training(losses, phase):
    assert phase_of(np.array(losses), 0.69) is phase


def test_who_knows_one_of_two_numbers_has_not_learned_to_add():
    """The loss is then half of the variance of the sum, about 0.08."""
    data = TASKS["adding"].build(0, 0)
    (one_number,) = baselines(data)
    assert phase_of(np.full(3, one_number.loss), data.guess.loss) is RunPhase.PLATEAU


@each_row(
    ("losses", "value", "level"),
    [
        ([0.7, 0.5, 0.51], 0.01, Level.FINE),
        ([0.7, 0.5, 0.75], 0.25, Level.WATCH),
        ([0.7, 0.5, 1.5], 1.0, Level.BAD),
        ([0.7, 0.5, math.inf], math.inf, Level.BAD),
        ([0.7, 0.5, math.nan], math.nan, Level.BAD),
        ([math.nan, math.nan], math.nan, Level.NONE),
    ],
)
def test_it_overfits_where_the_test_loss_has_risen(losses, value, level):
    sign = overfit(np.array(losses), np.full(len(losses), -9.0), 1.0)
    assert sign.value == pytest.approx(value, nan_ok=True)
    assert sign.level is level
    assert sign.advice.endswith(".")


def test_where_the_training_loss_rises_too_it_does_not_overfit():
    test, train = np.array([0.7, 0.5, 1.5]), np.array([0.7, 0.5, 1.45])
    sign = overfit(test, train, 1.0)
    assert sign.value == pytest.approx(0.05)
    assert sign.level is Level.FINE


@pytest.mark.parametrize("number", [math.inf, math.nan])
def test_where_both_losses_overflow_nothing_is_said_of_overfitting(number):
    for losses in ([number], [0.7, 0.5, number]):
        sign = overfit(np.array([*losses]), np.array(losses), 1.0)
        assert (sign.level, math.isnan(sign.value)) == (Level.NONE, True)


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_sign_that_is_not_finite_stays_bad_while_the_loss_falls(value):
    sign = replace(signs(tanh_network(1, 1, 1, 1))["gradient"], value=value, level=Level.BAD)
    kept = judged(sign, RunPhase.FALLING)
    assert kept.level is Level.BAD and kept is sign


def test_a_sign_is_judged_by_its_phase():
    """Large steps and silent units are usual at first, and harmless while the loss falls."""
    silent, large = tanh_network(0, 0, 0, 0), tanh_network(1, 1, 1, 1)
    saturated = tanh_network(9, 9, 9, 9)
    usual = signs(large, clip_by="off", lr=0.001)["update"].value
    levels = {
        phase: (
            signs(silent, phase=phase)["silent"].level,
            *(
                signs(large, phase=phase, clip_by="off", lr=0.001 * ratio / usual)["update"].level
                for ratio in (0.05, 0.5)
            ),
            signs(saturated, phase=phase)["saturated"].level,
        )
        for phase in RunPhase
    }
    assert levels == {
        RunPhase.UNTRAINED: (Level.NONE, Level.NONE, Level.BAD, Level.BAD),
        RunPhase.PLATEAU: (Level.WATCH, Level.WATCH, Level.BAD, Level.BAD),
        RunPhase.FALLING: (Level.WATCH, Level.FINE, Level.FINE, Level.WATCH),
        RunPhase.LEARNED: (Level.WATCH, Level.FINE, Level.FINE, Level.WATCH),
    }


@each_row(("scale", "level"), [(1, Level.FINE), (100, Level.WATCH), (1e6, Level.BAD)])
def test_a_gradient_that_explodes(scale, level):
    weights = linear(1.0)
    weights.b_y[...] = [1000, 0]
    weights["W_xh"][...] = scale
    found = signs(weights, phrase([0], 1))["gradient"]
    assert found.level is level
    # For one token dW_hy = (probs - onehot) h^T, and the answer is as wrong as can be.
    if level is not Level.FINE:
        assert found.value == pytest.approx(scale * np.sqrt(2 * 3))
        assert "W_hy" in found.advice


@each_row(
    ("c", "truncate", "value", "level"),
    [
        (0.5, 0, 0.5**3, Level.FINE),
        (0.5, 4, 0.5**3, Level.FINE),
        (0.5, 2, 0, Level.WATCH),
        (0.01, 0, 1e-6, Level.WATCH),
        (1e-6, 0, 1e-18, Level.BAD),
    ],
)
def test_how_much_of_the_gradient_reaches_the_first_token(c, truncate, value, level):
    found = signs(linear(c), truncate=truncate)["reach"]
    assert graded(found) == (pytest.approx(value, rel=1e-9, abs=0), level)
    assert ("cut after 2 tokens" in found.advice) == (truncate == 2)


def test_with_an_answer_after_every_token_reach_does_not_apply():
    of = architecture()
    assert not_applicable(signs(network(of), examples(of, [4], every=True)[0])["reach"])


def test_in_an_encoder_the_gradient_comes_from_the_bridge():
    """Both encoder states feed the decoder, W = c I: from the last to the first there is c."""
    of = Architecture(INPUTS, 3, 2, activation=Activation.RELU, source=SOURCE)
    weights, (example,) = network(of), examples(of, [2], every=True)
    weights["enc.W_hh"][...], weights["enc.W_xh"][...] = 0.25 * np.eye(3), 1
    found = signs(weights, replace(example, source=np.array([0, 1, 0])))["reach"]
    assert found.value == pytest.approx(0.25**2)
    single = signs(weights, replace(example, source=np.array([0])))["reach"]
    assert not_applicable(single)
    assert "only one token" in single.advice


@singly(cell=CELLS, value=[math.nan, math.inf])
def test_weights_that_are_not_finite_are_bad_for_every_sign(cell, value):
    of = architecture(cell)
    weights = network(of)
    weights.theta[...] = value
    found = signs(weights, examples(of, [4])[0], clip_by="value")
    if of.activation is Activation.RELU:
        assert not_applicable(found.pop("saturated"))
    for sign in found.values():
        assert (math.isnan(sign.value), sign.level) == (True, Level.BAD)
        assert "smaller learning rate" in sign.advice


def test_states_that_overflow_are_bad_even_if_weights_are_finite():
    weights = linear(1e200)
    weights["W_xh"][...] = 1e200
    found = signs(weights)
    assert {found[name].level for name in ("silent", "clipped", "update", "reach")} == {Level.BAD}
