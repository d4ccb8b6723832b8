"""The signs of health."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.analysis.health import SATURATED, Level, health, worst
from rnnviz.config import Activation, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.optimizers import Slots
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import record
from rnnviz.session import Session
from tests.sampling import each_row, pairwise, singly
from tests.unit.analysis.linear import linear
from tests.unit.engine.networks import (
    CELLS,
    INPUTS,
    SOURCE,
    architecture,
    examples,
    network,
    phrase,
)

NAMES = ["saturated", "dead", "clipped", "update", "gradient", "reach"]


def signs(weights, given=None, **settings):
    config = RunConfig(**settings)
    batch = collate([given or phrase([0, 1, 1, 0], 1)])
    trace = record(weights, batch, truncate=config.truncate)
    found = health(weights, trace, config, Slots())
    return {sign.name: sign for sign in found}


def tanh_network(W_xh, hidden=4):
    weights = Parameters(Architecture(2, hidden, 2))
    weights["W_xh"][...] = W_xh
    weights["W_hh"][...] = 0.5 * np.eye(hidden)
    weights.W_hy[...] = np.random.default_rng(0).standard_normal((2, hidden))
    return weights


@pairwise(cell=CELLS, layers=[1, 2], encoder=[False, True])
def test_every_network_has_all_signs_each_with_its_word_and_sentence(cell, layers, encoder):
    of = architecture(cell, layers, encoder)
    found = signs(network(of), examples(of, [4], every=encoder)[0])
    assert list(found) == NAMES
    for sign in found.values():
        assert sign.level in Level
        assert sign.advice.endswith(".")


@each_row(
    ("sizes", "level"),
    [([0.1] * 4, Level.FINE), ([0.1, 0.1, 9, 9], Level.WATCH), ([9] * 4, Level.BAD)],
)
def test_units_at_the_ends_of_their_tanh(sizes, level):
    found = signs(tanh_network(np.array(sizes)[:, None]))["saturated"]
    assert found.level is level
    assert found.value == np.mean(np.array(sizes) > 1)


def test_a_unit_is_saturated_from_the_threshold_on():
    just = [np.arctanh(SATURATED - 0.001), np.arctanh(SATURATED + 0.001)]
    weights = tanh_network(np.array(just)[:, None], hidden=2)
    assert signs(weights, phrase([0], 1))["saturated"].value == 0.5


def test_relu_does_not_saturate():
    found = signs(linear(0.5))["saturated"]
    assert math.isnan(found.value)
    assert found.level is Level.NONE


@each_row(
    ("sizes", "level"),
    [([1, 1, 1, 1], Level.FINE), ([1, 1, 1, 0], Level.WATCH), ([0, 0, 0, 0], Level.BAD)],
)
def test_units_that_never_answer(sizes, level):
    found = signs(tanh_network(np.array(sizes)[:, None]))["dead"]
    assert found.level is level
    assert found.value == sizes.count(0) / 4


def test_what_clipping_takes_away():
    weights = tanh_network(1.0)
    size = np.linalg.norm(record(weights, collate([phrase([0, 1], 1)])).gradient.theta)
    shares = {0.95: Level.FINE, 0.5: Level.WATCH, 0.05: Level.BAD}
    for left, level in shares.items():
        found = signs(weights, phrase([0, 1], 1), clip_by="norm", clip=left * size)
        assert found["clipped"].value == pytest.approx(1 - left)
        assert found["clipped"].level is level
    assert signs(weights, clip_by="off")["clipped"].value == 0


def test_how_far_one_step_moves_the_weights():
    weights = tanh_network(1.0)
    usual = signs(weights, clip_by="off", lr=0.001)["update"].value
    levels = [(0.001, Level.FINE), (0.05, Level.WATCH), (0.5, Level.BAD)]
    for wanted, level in levels:
        found = signs(weights, clip_by="off", lr=0.001 * wanted / usual)["update"]
        assert found.value == pytest.approx(wanted)
        assert found.level is level


def test_weights_that_do_not_move_are_a_sign_until_all_is_learned():
    weights = tanh_network(1.0)
    assert signs(weights, lr=1e-5)["update"].level is Level.FINE
    weights.W_hy[...] *= 1e-9
    found = signs(weights, lr=1e-5)["update"]
    assert (found.value < 1e-6, found.level) == (True, Level.WATCH)
    weights.b_y[1] = 50
    assert signs(weights, lr=1e-5)["update"].level is Level.FINE


@each_row(("scale", "level"), [(1, Level.FINE), (100, Level.WATCH), (1e6, Level.BAD)])
def test_a_gradient_that_explodes(scale, level):
    weights = linear(1.0)
    weights.b_y[...] = [1000, 0]
    weights["W_xh"][...] = scale
    found = signs(weights, phrase([0], 1))["gradient"]
    assert found.level is level
    # Of one token dW_hy = (probs - onehot) h^T, and the answer is as wrong as can be.
    if level is not Level.FINE:
        assert found.value == pytest.approx(scale * np.sqrt(2 * 3))
        assert "W_hy" in found.advice


@each_row(("c", "level"), [(0.5, Level.FINE), (0.01, Level.WATCH), (1e-6, Level.BAD)])
def test_how_much_reaches_the_first_token(c, level):
    found = signs(linear(c))["reach"]
    assert found.value == pytest.approx(c**3)
    assert found.level is level


def test_with_an_answer_after_every_token_nothing_has_to_reach_the_first():
    of = architecture()
    found = signs(network(of), examples(of, [4], every=True)[0])["reach"]
    assert math.isnan(found.value)
    assert found.level is Level.NONE


def test_what_truncation_cuts_is_not_called_vanished():
    for truncate, value, level in ((2, 0, Level.WATCH), (4, 0.5**3, Level.FINE)):
        found = signs(linear(0.5), truncate=truncate)["reach"]
        assert found.value == pytest.approx(value)
        assert found.level is level
    assert "cut after 2 tokens" in signs(linear(0.5), truncate=2)["reach"].advice


def test_of_an_encoder_the_gradient_has_to_come_from_the_bridge():
    """Both encoder states feed the decoder, W = c I: from the last to the first there is c."""
    of = Architecture(INPUTS, 3, 2, activation=Activation.RELU, source=SOURCE)
    weights = network(of)
    weights["enc.W_hh"][...], weights["enc.W_xh"][...] = 0.25 * np.eye(3), 1
    given = examples(of, [2], every=True)[0]
    found = signs(weights, replace(given, source=np.array([0, 1, 0])))["reach"]
    assert found.value == pytest.approx(0.25**2)
    alone = signs(weights, replace(given, source=np.array([0])))["reach"]
    assert math.isnan(alone.value)
    assert alone.level is Level.NONE
    assert "One token" in alone.advice


def test_the_worst_sign_is_named():
    weights = tanh_network(np.array([0.0, 0, 0, 0])[:, None])
    found = signs(weights)
    assert worst(tuple(found.values())).name == "dead"


def test_what_can_be_told_is_worse_than_what_has_no_meaning():
    tiny = signs(linear(0.5), phrase([0], 1))
    assert tiny["reach"].level is tiny["saturated"].level is Level.NONE
    assert worst(tuple(tiny.values())).level is not Level.NONE


# A diverged network


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@singly(cell=CELLS, lost=[math.nan, math.inf])
def test_of_weights_that_are_no_numbers_every_sign_is_bad(cell, lost):
    of = architecture(cell)
    weights = network(of)
    weights.theta[...] = lost
    relu = of.activation is Activation.RELU
    found = signs(weights, examples(of, [4])[0], clip_by="value")
    for sign in found.values():
        if sign.name == "saturated" and relu:
            continue
        assert sign.level is Level.BAD, sign
        assert math.isnan(sign.value)
        assert "smaller learning rate" in sign.advice
    assert worst(tuple(found.values())).level is Level.BAD


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_states_that_overflow_are_bad_whatever_the_weights_are():
    weights = linear(1e200)
    weights["W_xh"][...] = 1e200
    found = signs(weights)
    assert {found[name].level for name in ("dead", "clipped", "update", "reach")} == {Level.BAD}


def test_a_plain_run_begins_with_the_signs_of_its_plateau_and_ends_well():
    run = Session(RunConfig())

    def levels():
        found = signs_of(run)
        return found["dead"].level, found["reach"].level

    assert levels() == (Level.BAD, Level.WATCH)
    run.player.advance(600)
    assert levels() == (Level.FINE, Level.FINE)


def signs_of(run):
    state, trace = run.state, run.inspect("i am not at all happy").trace
    return {s.name: s for s in health(state.parameters, trace, run.config, state.slots)}
