"""Zero weights, a diverged run, one unit, many classes: every picture can be drawn."""

import pytest

from rnnviz.config import RunConfig
from rnnviz.engine.parameters import Architecture, initial_parameters
from rnnviz.engine.training import TrainState
from rnnviz.probe.formatting import Names
from rnnviz.questions.step.arithmetic import formula, terms
from rnnviz.questions.step.measure import Focus, largest_changes, step_record, timeline
from rnnviz.questions.step.pictures import step_network
from rnnviz.questions.step.tab import caption_fields
from tests.sampling import each_row, singly
from tests.unit.engine.networks import phrase

EVERY_TYPE = pytest.mark.parametrize("by", ["value", "norm", "off"])


def step_with(scale, hidden=5, classes=3, length=4, by="value"):
    shape, config = Architecture(6, hidden, classes), RunConfig(init_scale=1.0, seed=1)
    parameters = initial_parameters(shape, config)
    parameters.theta *= scale
    names = Names(tuple("abcdef"), tuple(f"class {c}" for c in range(classes)))
    example = phrase([t % 6 for t in range(length)], classes - 1)
    config = RunConfig(hidden=hidden, clip_by=by)
    return step_record(TrainState(parameters), [example], config, names)


def assert_every_moment_can_be_drawn(step):
    for moment in timeline(len(step.words)):
        focus = Focus(moment)
        assert step_network(step, focus).figure
        assert terms(step, focus).rows
        assert all(formula(step, focus))
        assert caption_fields(step, focus)


@singly(EVERY_TYPE, scale=[0.0, 1e-200, 1.0, 1e4, 1e100])
def test_any_weights_can_be_drawn(scale, by):
    step = step_with(scale, by=by)
    assert_every_moment_can_be_drawn(step)
    assert len(largest_changes(step)) == 10


@each_row(("hidden", "classes", "length"), [(1, 2, 1), (1, 1, 3), (5, 40, 2), (5, 2, 30)])
def test_any_size_can_be_drawn(hidden, classes, length):
    assert_every_moment_can_be_drawn(step_with(1.0, hidden, classes, length))
