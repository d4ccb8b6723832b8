"""Weights of nothing, of a diverged run, one unit, many classes: every picture can be drawn."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.analysis.breakdown import terms
from rnnviz.analysis.captions import caption_fields
from rnnviz.analysis.formula import formula
from rnnviz.analysis.moment_vectors import operation
from rnnviz.analysis.notation import Names
from rnnviz.analysis.parameter_blocks import blocks
from rnnviz.analysis.training_step import Focus, largest_changes, panels, step_record
from rnnviz.config import RunConfig
from rnnviz.engine.initializers import initial_parameters
from rnnviz.engine.parameters import Architecture
from rnnviz.engine.timeline import timeline
from rnnviz.figures.network import unrolled_network
from rnnviz.figures.step import operation_rows, parameter_mosaic, term_bars
from tests.sampling import each_row, singly
from tests.unit.engine.networks import phrase

EVERY_TYPE = pytest.mark.parametrize("by", ["value", "norm", "off"])


def step_with(scale, hidden=5, classes=3, length=4, by="value"):
    parameters = initial_parameters(
        Architecture(6, hidden, classes), RunConfig(init_scale=1.0, seed=1)
    )
    parameters.theta *= scale
    names = Names(tuple("abcdef"), tuple(f"class {c}" for c in range(classes)))
    tokens = np.arange(length) % 6
    config = RunConfig(hidden=hidden, clip_by=by)
    return step_record(parameters, [phrase(tokens, classes - 1)], config, names)


def draw(step, moment):
    focus = Focus(moment)
    return (
        unrolled_network(step, focus),
        operation_rows(operation(step, focus), unit=0),
        term_bars(terms(step, focus)),
        parameter_mosaic(panels(step, moment), blocks(step, focus)),
    )


@singly(EVERY_TYPE, scale=[0.0, 1e-200, 1.0, 1e4, 1e100])
def test_any_weights_can_be_drawn(scale, by):
    step = step_with(scale, by=by)
    for moment in timeline(4):
        for drawn in draw(step, moment):
            assert drawn.figure.to_json()
        assert all(formula(step, Focus(moment)))
        assert caption_fields(step, Focus(moment))
    assert len(largest_changes(step)) == 10


@each_row(("hidden", "classes", "length"), [(1, 2, 1), (1, 1, 3), (5, 40, 2), (5, 2, 30)])
def test_any_size_can_be_drawn(hidden, classes, length):
    step = step_with(1.0, hidden, classes, length)
    for moment in timeline(length):
        for drawn in draw(step, moment):
            assert drawn.figure.to_json()


def test_of_many_classes_the_likeliest_and_the_target_are_shown():
    step = step_with(1.0, classes=40)
    shown = [
        note.text
        for note in unrolled_network(step, Focus(timeline(4)[4])).figure.layout.annotations
        if "class" in note.text
    ]
    best = int(step.trace.probs[0].argmax())
    assert len(shown) <= 6
    assert "<b>class 39</b> = target" in shown
    assert any(f"<b>class {best}</b>" in text for text in shown)


def test_pictures_of_a_large_network_leave_out_the_names_of_entries():
    step = step_with(1.0, hidden=200)
    small = step_with(1.0)
    for moment in (timeline(4)[0], timeline(4)[-1]):
        for found, named in ((step, False), (small, True)):
            drawn = parameter_mosaic(panels(found, moment), blocks(found, Focus(moment)))
            assert (drawn.figure.data[0].customdata is not None) == named


def test_a_step_can_be_looked_at_with_other_names():
    step = step_with(1.0)
    renamed = replace(step, names=Names(tuple("uvwxyz"), step.names.classes))
    assert renamed.words == ("u", "v", "w", "x")
