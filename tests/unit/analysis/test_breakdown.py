"""Every sum on screen is the number that the record has."""

import numpy as np
import pytest

from rnnviz.analysis.breakdown import Term, Terms, terms
from rnnviz.analysis.training_step import Focus
from rnnviz.engine.timeline import Moment, Phase, timeline
from tests.sampling import each_row, singly
from tests.unit.analysis.conftest import TEXTS


@singly(gradient=["exact", "notebook"], text=TEXTS)
def test_at_every_moment_every_unit_s_terms_add_up_to_what_was_recorded(step_of, text, gradient):
    step = step_of(text, gradient)
    for moment in timeline(len(step.words)):
        for unit in range(step.hidden):
            found = terms(step, Focus(moment, unit))
            assert abs(found.values.sum() - found.recorded) <= 1e-12, (moment, unit)


def test_recorded_numbers_are_read_from_the_record(step_of):
    step = step_of(TEXTS[4])
    trace, gradient, layer = step.trace, step.trace.gradient, step.unrolled(0)
    row = int(np.abs(gradient["W_hh"][5]).argmax())
    expected = {
        Moment(Phase.FORWARD, 2): ("a_3[5]", layer.of("a")[2, 5]),
        Moment(Phase.LOSS, 3): ("logits[“positive”]", trace.logits[0, 1]),
        Moment(Phase.BACKWARD, 3): ("dh_4[5]", layer.dh[3, 5]),
        Moment(Phase.BACKWARD, 0): ("dh_1[5]", layer.dh[0, 5]),
        Moment(Phase.CLIP, 0): (f"dW_hh[5, {row}]", gradient["W_hh"][5, row]),
        Moment(Phase.UPDATE, 0): (f"W_hh[5, {row}] after", step.after["W_hh"][5, row]),
    }
    for moment, pair in expected.items():
        found = terms(step, Focus(moment, 5))
        assert (found.symbol, found.recorded) == pair


def test_a_term_is_the_product_of_its_factors(step_of):
    step = step_of(TEXTS[4])
    for moment in timeline(4):
        for row in terms(step, Focus(moment, 3)).rows:
            assert row.value == pytest.approx(np.prod(row.factors), abs=1e-16)


def test_a_term_names_its_factors(step_of):
    step = step_of(TEXTS[4])
    first, second, *_, last = terms(step, Focus(Moment(Phase.FORWARD, 2), 17)).rows
    assert first.label == "W_xh[17, “not”]"
    assert second.label == "W_hh[17, 0] · h_2[0]"
    assert second.factors == (step.before["W_hh"][17, 0], step.unrolled(0).h[1, 0])
    assert last.label == "b_h[17]"


def test_the_memory_before_the_first_word_is_one_empty_term(step_of):
    rows = terms(step_of(TEXTS[4]), Focus(Moment(Phase.FORWARD, 0), 17)).rows
    assert [row.label for row in rows] == ["W_xh[17, “i”]", "W_hh[17, :] · h_0", "b_h[17]"]
    assert rows[1].value == 0


def test_the_way_back_reads_a_column_and_the_notebook_s_a_row(step_of):
    exact = terms(step_of(TEXTS[4]), Focus(Moment(Phase.BACKWARD, 1), 7)).rows[3]
    notebook = terms(step_of(TEXTS[4], "notebook"), Focus(Moment(Phase.BACKWARD, 1), 7)).rows[3]
    assert exact.label == "W_hh[3, 7] · da_3[3]"
    assert notebook.label == "W_hh[7, 3] · da_3[3]"


def test_the_way_back_begins_with_one_term_a_class(step_of):
    rows = terms(step_of(TEXTS[4]), Focus(Moment(Phase.BACKWARD, 3), 7)).rows
    assert [row.label for row in rows] == [
        "W_hy[“negative”, 7] · dlogits",
        "W_hy[“positive”, 7] · dlogits",
    ]


def test_the_loss_marks_the_term_of_the_unit(step_of):
    found = terms(step_of(TEXTS[4]), Focus(Moment(Phase.LOSS, 3), 7))
    assert found.chosen == "W_hy[“positive”, 7] · h_4[7]"


def test_one_word_leaves_only_the_bias_to_follow(step_of):
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
def test_clipping_says_how(step_of, settings, then):
    assert then in terms(step_of(TEXTS[4], **settings), Focus(Moment(Phase.CLIP, 0), 3)).then


def terms_of(*values):
    rows = tuple(Term(str(value), (value,), value) for value in values)
    return Terms("s", rows, sum(values), "")


def test_the_largest_terms_come_first_and_the_others_are_summed():
    rows, rest = terms_of(1.0, -4.0, 2.0, 0.25, -0.5).largest(2)
    assert [row.value for row in rows] == [-4.0, 2.0]
    assert rest == ("the other 3", 0.75)


def test_the_chosen_term_is_always_shown():
    found = terms_of(1.0, -4.0, 2.0, 0.25, -0.5)
    rows, rest = Terms("s", found.rows, 0.0, "", chosen="0.25").largest(2)
    assert [row.value for row in rows] == [-4.0, 0.25]
    assert rest == ("the other 3", 2.5)


def test_a_single_other_term_is_shown_itself():
    rows, rest = terms_of(1.0, -4.0, 2.0).largest(2)
    assert [row.value for row in rows] == [-4.0, 2.0, 1.0]
    assert rest is None
