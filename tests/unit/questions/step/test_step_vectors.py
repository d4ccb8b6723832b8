"""The rows of a moment, and its formula."""

import numpy as np
import pytest

from rnnviz.probe.unrolled import Moment, Phase
from rnnviz.questions.step.arithmetic import formula
from rnnviz.questions.step.measure import Focus
from rnnviz.questions.step.pictures import marked, operation
from tests.sampling import each_row
from tests.unit.conftest import TEXTS


def test_rows_have_the_values_of_their_labels(step_of):
    step = step_of(TEXTS[4])
    *_, a, h = operation(step, Focus(Moment(Phase.FORWARD, 2), 0))
    np.testing.assert_allclose(np.tanh(a.values), h.values, rtol=0, atol=1e-15)
    assert (a.label, h.label) == ("a_3", "h_3")
    _, p, target, error, loss = operation(step, Focus(Moment(Phase.LOSS, 3), 0))
    np.testing.assert_allclose(p.values - target.values, error.values, rtol=0, atol=1e-15)
    assert loss.values == pytest.approx([-np.log(p.values[1])])
    assert loss.cells == ("positive",)


def test_forward_limits_are_equal_in_the_whole_sequence(step_of):
    step = step_of(TEXTS[8])
    rows = [operation(step, Focus(m, 0)) for m in step.moments if m.phase is Phase.FORWARD]
    assert len({tuple(row.limit for row in moment) for moment in rows}) == 1


def test_the_unit_s_cell_or_its_largest_weight_is_marked(step_of):
    step = step_of(TEXTS[4])
    assert marked(step, Focus(Moment(Phase.FORWARD, 1), 5)) == 5
    gradient, *_ = operation(step, Focus(Moment(Phase.CLIP, 0), 5))
    assert marked(step, Focus(Moment(Phase.CLIP, 0), 5)) == np.abs(gradient.values).argmax()


def test_a_formula_has_word_and_shapes(step_of):
    step = step_of(TEXTS[4])
    found = formula(step, Focus(Moment(Phase.FORWARD, 2), 17))
    assert found.symbols == "a_3 = W_xh[:, “not”] + W_hh h_2 + b_h,  h_3 = tanh(a_3)"
    assert found.shapes == "(64,) = (64,) + (64, 64)(64,) + (64,)"
    assert formula(step, Focus(Moment(Phase.CLIP, 0), 3)).symbols == "g′ = clip(g, ±1)"
    assert formula(step, Focus(Moment(Phase.UPDATE, 0), 3)).symbols == "W ← W − 0.02 g′"


@each_row(("gradient", "carried"), [("exact", "W_hhᵀ da_3"), ("notebook", "W_hh da_3")])
def test_a_formula_shows_the_missing_transpose(step_of, gradient, carried):
    found = formula(step_of(TEXTS[4], gradient), Focus(Moment(Phase.BACKWARD, 1), 3))
    assert f"dh_2 = {carried}," in found.symbols
