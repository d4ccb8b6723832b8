"""What clipping and the optimizer make of the steps of training."""

import math

import numpy as np
import pytest

from rnnviz.analysis.optimizer_step_stats import angle, cut_share, survey, update_ratios
from rnnviz.config import OptimizerKind, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.optimizers import Slots
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import Descent, record
from tests.sampling import each_row
from tests.unit.engine.networks import architecture, examples, network

OF = architecture()


def step_of(raw, clipped):
    """A step with the given beginnings of its gradients; all else is zero."""
    found = [Parameters(Architecture(1, 1, 1)) for _ in range(2)]
    for parameters, values in zip(found, (raw, clipped), strict=True):
        parameters.theta[: len(values)] = values
    return Descent(*found, found[1])


@each_row(
    ("raw", "clipped", "degrees"),
    [([3, 4], [0.3, 0.4], 0), ([1, 0], [1, 1], 45), ([1, 0], [0, 2], 90), ([5, 1], [1, 1], 33.69)],
)
def test_the_angle_between_raw_and_clipped(raw, clipped, degrees):
    assert angle(step_of(raw, clipped)) == pytest.approx(degrees, abs=0.001)


def test_nothing_has_no_angle():
    assert angle(step_of([0], [0])) == 0


def test_the_share_of_the_entries_that_are_cut():
    step = step_of([5, 1, -7], [1, 1, -1])
    assert cut_share(step) == 2 / len(step.gradient.theta)


def batches(count=6):
    return [collate([example]) for example in examples(OF, [4] * count)]


def surveyed(weights=None, **settings):
    config = RunConfig(**settings)
    return survey(weights or network(OF), batches(), config, Slots())


def sizes():
    return np.array([np.linalg.norm(record(network(OF), b).gradient.theta) for b in batches()])


def test_without_clipping_nothing_is_clipped():
    found = surveyed(clip_by="off")
    assert found.clipped == 0
    assert not found.entries.any()
    assert not found.angles.any()


def test_clipping_by_norm_shortens_all_of_a_step_and_keeps_its_direction():
    limit = float(np.median(sizes()))
    found = surveyed(clip_by="norm", clip=limit)
    assert found.clipped == (sizes() > limit).mean() == 0.5
    assert found.angles.max() < 1e-5
    assert (found.entries[sizes() > limit] > 0.5).all()


def test_clipping_by_value_cuts_the_large_entries_and_turns_the_step():
    found = surveyed(clip_by="value", clip=0.05)
    weights = network(OF)
    raw = [record(weights, batch).gradient.theta for batch in batches()]
    np.testing.assert_allclose(found.entries, [(np.abs(g) > 0.05).mean() for g in raw])
    assert (found.angles > 1).all()


def test_the_ratio_of_plain_descent_is_rate_times_gradient_over_weights():
    found = surveyed(clip_by="off", lr=0.03)
    weights = network(OF)
    for name, array in weights.named().items():
        sizes = [np.linalg.norm(record(weights, b).gradient[name]) for b in batches()]
        wanted = 0.03 * np.array(sizes) / np.linalg.norm(array)
        np.testing.assert_allclose(found.ratios[name], wanted)
        assert found.ratio[name] == pytest.approx(np.median(wanted))


def test_adams_first_step_is_the_rate_for_every_entry():
    found = surveyed(optimizer=OptimizerKind.ADAM, clip_by="off", lr=0.01)
    weights = network(OF)
    wanted = 0.01 * math.sqrt(weights["b_y"].size) / np.linalg.norm(weights["b_y"])
    np.testing.assert_allclose(found.ratios["b_y"], wanted, rtol=1e-4)


def test_weights_of_zero_that_move_do_so_infinitely():
    before, update = Parameters(OF), Parameters(OF)
    update["b_y"][...] = 1
    found = update_ratios(before, update)
    assert (found["b_y"], found["W_hh"]) == (math.inf, 0)


def test_the_weights_stay_as_they_are():
    weights = network(OF)
    before = weights.theta.copy()
    surveyed(weights, optimizer=OptimizerKind.MOMENTUM)
    assert (weights.theta == before).all()
