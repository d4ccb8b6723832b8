"""Clipping and updates of the next steps of training."""

import math

import numpy as np
import pytest

from rnnviz.config import OptimizerKind, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.optimizers import Slots
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import Descent, record
from rnnviz.probe.gradients import angle, cut_share, next_step_stats, update_ratios
from tests.sampling import each_row
from tests.unit.engine.networks import architecture, examples, network

OF = architecture()
BATCHES = [collate([example]) for example in examples(OF, [4] * 6)]
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
    assert angle(step) == pytest.approx(degrees, abs=0.001)
    assert cut_share(step) == share / len(step.gradient.theta)


def surveyed(**settings):
    return next_step_stats(network(OF), BATCHES, RunConfig(**settings), Slots())


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
    found = update_ratios(before, update)
    assert (found["b_y"], found["W_hh"]) == (math.inf, 0)
    weights = network(OF)
    next_step_stats(weights, BATCHES, RunConfig(optimizer=OptimizerKind.MOMENTUM), Slots())
    np.testing.assert_array_equal(weights.theta, network(OF).theta)
