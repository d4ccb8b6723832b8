"""Formulas; terms: their labels, the recorded numbers they sum to, and which are shown."""

import numpy as np
import pytest

from rnnviz.probe.unrolled import Moment, Phase
from rnnviz.questions.step.arithmetic import Term, Terms, formula, terms
from rnnviz.questions.step.measure import Focus
from tests.sampling import each_row
from tests.unit.conftest import TEXTS


def labels(step, phase, t, unit):
    return [row.label for row in terms(step, Focus(Moment(phase, t), unit)).rows]


def test_recorded_numbers_are_read_from_the_record(step_of):
    step = step_of(TEXTS[4])
    trace, gradient, layer = step.trace, step.trace.gradient, step.unrolled(0)
    row = int(np.abs(gradient["W_hh"][5]).argmax())
    expected = {
        Moment(Phase.FORWARD, 2): ("a_3[5]", layer.of("a_h")[2, 5]),
        Moment(Phase.LOSS, 3): ("logits[“positive”]", trace.logits[0, 1]),
        Moment(Phase.BACKWARD, 3): ("dh_4[5]", layer.dh[3, 5]),
        Moment(Phase.BACKWARD, 0): ("dh_1[5]", layer.dh[0, 5]),
        Moment(Phase.CLIP, 0): (f"dW_hh[5, {row}]", gradient["W_hh"][5, row]),
        Moment(Phase.UPDATE, 0): (f"W_hh[5, {row}] after", step.after["W_hh"][5, row]),
    }
    for moment, pair in expected.items():
        found = terms(step, Focus(moment, 5))
        assert (found.symbol, found.recorded) == pair


def test_a_pre_activation_is_the_recorded_one_not_the_same_sum_again(step_of):
    step = step_of(TEXTS[4])
    arrays = step.trace.layers[0].arrays
    arrays["a_h"] = arrays["a_h"] + 1
    found = terms(step, Focus(Moment(Phase.FORWARD, 2), 5))
    assert found.recorded - sum(row.value for row in found.rows) == pytest.approx(1)


def test_a_term_names_its_factors(step_of):
    step = step_of(TEXTS[4])
    first, second, *_, last = terms(step, Focus(Moment(Phase.FORWARD, 2), 17)).rows
    assert (first.label, last.label) == ("W_xh[17, “not”]", "b_h[17]")
    assert second.label == "W_hh[17, 0] · h_2[0]"
    assert second.factors == (step.before["W_hh"][17, 0], step.unrolled(0).h[1, 0])
    # The initial state is zero: one term stands for all its products.
    assert labels(step, Phase.FORWARD, 0, 17) == ["W_xh[17, “i”]", "W_hh[17, :] · h_0", "b_h[17]"]
    loss = terms(step, Focus(Moment(Phase.LOSS, 3), 7))
    assert loss.chosen == "W_hy[“positive”, 7] · h_4[7]"
    assert labels(step, Phase.BACKWARD, 3, 7) == [
        "W_hy[“negative”, 7] · dlogits",
        "W_hy[“positive”, 7] · dlogits",
    ]
    # The exact gradient reads a column, the notebook's a row.
    assert labels(step, Phase.BACKWARD, 1, 7)[3] == "W_hh[3, 7] · da_3[3]"
    notebook = step_of(TEXTS[4], "notebook")
    assert labels(notebook, Phase.BACKWARD, 1, 7)[3] == "W_hh[7, 3] · da_3[3]"


def test_after_one_word_the_bias_is_followed(step_of):
    step = step_of("bad")
    assert terms(step, Focus(Moment(Phase.CLIP, 0), 3)).symbol == "db_h[3]"
    assert terms(step, Focus(Moment(Phase.UPDATE, 0), 3)).symbol == "b_h[3] after"


@each_row(
    ("settings", "then"),
    [
        ({"clip": 0.0001}, "clip(g, ±0.0001)"),
        ({"clip_by": "norm", "clip": 0.5}, "min(1, 0.5 / ||g||)"),
        ({"clip_by": "off"}, "g′ = g ="),
    ],
)
def test_the_clipping_rule_is_shown(step_of, settings, then):
    assert then in terms(step_of(TEXTS[4], **settings), Focus(Moment(Phase.CLIP, 0), 3)).then


@each_row(
    ("values", "chosen", "shown", "rest"),
    [
        ([1.0, -4.0, 2.0, 0.25, -0.5], "", [-4, 2], ("the other 3", 0.75)),
        ([1.0, -4.0, 2.0, 0.25, -0.5], "0.25", [-4, 0.25], ("the other 3", 2.5)),
        ([1.0, -4.0, 2.0], "", [-4, 2, 1], None),
    ],
)
def test_the_largest_terms_and_the_chosen_one_are_shown_and_the_rest_is_summed(
    values, chosen, shown, rest
):
    rows = tuple(Term(str(value), (value,), value) for value in values)
    largest, others = Terms("s", rows, sum(values), "", chosen).largest(2)
    assert ([row.value for row in largest], others) == (shown, pytest.approx(rest))


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
