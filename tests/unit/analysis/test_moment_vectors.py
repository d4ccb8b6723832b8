"""The rows of a moment add up, and its formula fits."""

import numpy as np
import pytest

from rnnviz.analysis.formula import formula
from rnnviz.analysis.moment_vectors import operation
from rnnviz.analysis.training_step import Focus
from rnnviz.engine.timeline import Moment, Phase, timeline
from tests.sampling import each_row, singly
from tests.unit.analysis.conftest import TEXTS


@singly(gradient=["exact", "notebook"], text=TEXTS)
def test_the_rows_above_a_total_add_up_to_it(step_of, text, gradient):
    step = step_of(text, gradient)
    for moment in timeline(len(step.words)):
        if moment.phase in (Phase.FORWARD, Phase.BACKWARD, Phase.UPDATE):
            strips = operation(step, Focus(moment, 3))
            place = next(i for i, strip in enumerate(strips) if strip.total)
            above = sum(strip.values for strip in strips[:place])
            np.testing.assert_allclose(above, strips[place].values, rtol=0, atol=1e-12)
            assert len({strip.limit for strip in strips[: place + 1]}) == 1


def test_the_state_is_the_tanh_of_the_sum(step_of):
    *_, a, h = operation(step_of(TEXTS[4]), Focus(Moment(Phase.FORWARD, 2), 0))
    np.testing.assert_allclose(np.tanh(a.values), h.values, rtol=0, atol=1e-15)
    assert (a.label, h.label) == ("a_3, their sum", "h_3 = tanh(a_3)")


def test_the_error_is_probability_less_target(step_of):
    _, p, target, error, loss = operation(step_of(TEXTS[4]), Focus(Moment(Phase.LOSS, 3), 0))
    np.testing.assert_allclose(p.values - target.values, error.values, rtol=0, atol=1e-15)
    assert loss.values == pytest.approx([-np.log(p.values[1])])
    assert loss.cells == ("positive",)


def test_a_strip_has_a_name_for_every_cell(step_of):
    step = step_of(TEXTS[4])
    for moment in timeline(4):
        for strip in operation(step, Focus(moment, 3)):
            assert len(strip.cells) == len(strip.values)
            assert strip.signed or strip.values.min() >= 0


def test_the_limits_there_hold_for_the_whole_phrase(step_of):
    step = step_of(TEXTS[8])
    strips = [operation(step, Focus(m, 0)) for m in timeline(8) if m.phase is Phase.FORWARD]
    assert len({tuple(strip.limit for strip in row) for row in strips}) == 1


def test_a_formula_names_word_shapes_and_numbers(step_of):
    step = step_of(TEXTS[4])
    found = formula(step, Focus(Moment(Phase.FORWARD, 2), 17))
    assert found.symbols == "a_3 = W_xh[:, “not”] + W_hh h_2 + b_h,  h_3 = tanh(a_3)"
    assert found.shapes == "(64,) = (64,) + (64, 64)(64,) + (64,)"
    assert found.numbers.startswith("a_3[17] = ")
    assert f"= {step.unrolled(0).h[2, 17]:.4g}".replace("-", "−") in found.numbers


@each_row(("gradient", "carried"), [("exact", "W_hhᵀ da_3"), ("notebook", "W_hh da_3")])
def test_a_formula_shows_the_missing_transpose(step_of, gradient, carried):
    found = formula(step_of(TEXTS[4], gradient), Focus(Moment(Phase.BACKWARD, 1), 3))
    assert f"dh_2 = {carried}," in found.symbols


def test_a_formula_shows_the_limit_and_the_rate(step_of):
    step = step_of(TEXTS[4])
    assert formula(step, Focus(Moment(Phase.CLIP, 0), 3)).symbols == "g′ = clip(g, ±1)"
    assert formula(step, Focus(Moment(Phase.UPDATE, 0), 3)).symbols == "W ← W − 0.02 g′"


def test_every_moment_has_three_lines(step_of):
    for length in (1, 4):
        step = step_of(TEXTS[length])
        for moment in timeline(length):
            assert all(formula(step, Focus(moment, 3)))
