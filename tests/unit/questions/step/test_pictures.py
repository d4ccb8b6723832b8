"""One moment of a step: the data of the picture, the pass up to the moment, and the vectors."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from rnnviz.charts.sequence_network import BROKEN, Words
from rnnviz.config import RunConfig
from rnnviz.probe.formatting import Names
from rnnviz.probe.sequence_pass import sequence_pass
from rnnviz.probe.session import Session
from rnnviz.probe.unrolled import Moment, Phase
from rnnviz.questions.step.arithmetic import terms
from rnnviz.questions.step.measure import (
    Focus,
    StepLab,
    StepSubject,
    largest_changes,
    step_query,
    timeline,
)
from rnnviz.questions.step.pictures import (
    MOST_CLASSES,
    marked,
    operation,
    panels,
    step_network,
    step_pass,
    window,
)
from tests.sampling import each_row
from tests.unit.charts.unpacked import by_name
from tests.unit.conftest import TEXTS

PHRASE = "i am not good"
FORWARD, LOSS, BACKWARD = (Moment(p, t) for p, t in zip(Phase, (2, 3, 1), strict=False))
UPDATE = Moment(Phase.UPDATE, 0)


@pytest.fixture
def step(learned_step):
    return learned_step(PHRASE)


def drawn(step, moment, unit=3, **options):
    """The series by name, and what is said of them."""
    picture = step_network(step, Focus(moment, unit), **options)
    return by_name(picture), picture.layout["meta"]


def test_the_opened_column_has_the_vectors_of_the_moment_with_their_signs(step):
    rows, (series, meta) = operation(step, Focus(FORWARD, 3)), drawn(step, FORWARD)
    opened = meta["opened"]
    assert (opened["phase"], opened["token"], meta["row"]) == ("forward", 2, 3)
    assert [v["label"] for v in opened["vectors"]] == ["W_xh x_3", "W_hh h_2", "b_h", "a_3", "h_3"]
    assert [v["sign"] for v in opened["vectors"]] == ["", "+", "+", "=", "tanh"]
    for k, row in enumerate(rows):
        assert np.array(series[f"vector {k}"].y) == pytest.approx(row.values)
    assert np.isnan(np.array(series["h"].z)[:, 3]).all(), "the last word is not read yet"
    assert list(series["predicted"].y)[3] == -1
    assert "“not”" in opened["symbols"]
    assert not opened["panels"]


def test_the_numbers_of_the_unit_follow_from_each_other(step):
    series, meta = drawn(step, FORWARD)
    word, memory, bias, total, state = (series[f"vector {k}"].y[meta["row"]] for k in range(5))
    assert memory + word + bias == pytest.approx(total, abs=1e-6)
    assert np.tanh(total) == pytest.approx(state, abs=1e-6)
    found, said = terms(step, Focus(FORWARD, 3)), meta["terms"]
    assert said["total"] == [found.symbol, found.recorded]
    assert sum(value for _, value in said["rows"]) + (said["rest"] or [0, 0])[1] == pytest.approx(
        found.recorded
    )
    assert any(label.startswith("h_2[") and " × " in label for label, _ in said["rows"])


@each_row(("moment", "count"), [(LOSS, 2), (BACKWARD, 2), (Moment(Phase.CLIP, 0), 3), (UPDATE, 3)])
def test_panels_have_every_weight_of_the_part_and_a_row_a_unit(step, moment, count):
    series, meta = drawn(step, moment)
    shown = meta["opened"]["panels"]
    assert [panel["title"] for panel in shown] == [p.title for p in panels(step, moment)]
    assert len(shown) == count
    for panel, exact in zip(shown, panels(step, moment), strict=True):
        assert [b["name"] for b in panel["blocks"]] == ["W_xh", "W_hh", "b", "W_hyᵀ"]
        token, state, bias, readout = (np.array(series[b["key"]].z) for b in panel["blocks"])
        assert token == pytest.approx(exact.values["W_xh"], abs=1e-6)
        assert state == pytest.approx(exact.values["W_hh"], abs=1e-6)
        assert bias[:, 0] == pytest.approx(exact.values["b_h"], abs=1e-6)
        assert readout == pytest.approx(exact.values.W_hy.T, abs=1e-6)


def test_at_the_update_the_largest_changes_are_listed_and_no_column_is_opened(step):
    _, meta = drawn(step, UPDATE)
    assert meta["opened"]["token"] is None
    assert meta["terms"]["rows"] == largest_changes(step)


def test_nothing_moves_between_the_moments_of_a_phrase(step):
    """The layout follows from these numbers alone, so only the column that is opened differs."""
    sizes = set()
    for moment in timeline(4):
        _, meta = drawn(step, moment, typed=Words(step.words, typed=[("i", 0)]))
        sizes.add((len(meta["words"]), meta["hidden"], len(meta["typed"]), meta["classes"]))
    assert len(sizes) == 1


def test_of_many_classes_the_likeliest_and_the_target_are_shown_and_the_score_is_of_all():
    session = Session(RunConfig(task="characters", hidden=6, cell="gru"))
    step = session.lab(StepLab).record(step_query(session))
    loss = next(m for m in step.moments if m.phase is Phase.LOSS)
    series, meta = drawn(step, loss, at_end=False)
    cells = meta["opened"]["vectors"][1]["cells"]
    assert len(cells) == len(series["vector 1"].y) == MOST_CLASSES
    row = step.row(loss)
    target = step.names.classes[int(step.trace.targets[row])]
    assert meta["opened"]["vectors"][-1]["cells"][0] in cells
    assert series["vector 2"].y[cells.index(target.replace(" ", "␣"))] == 1
    predictions = step.trace.probs.argmax(axis=1)
    assert meta["score"] == [int((predictions == step.trace.targets).sum()), len(predictions)]
    assert len(meta["words"]) == 12
    assert meta["length"] == len(step.words)


def test_a_step_that_is_not_finite_gets_a_sentence(step):
    step.descent.gradient.theta[0] = np.nan
    _, meta = drawn(step, FORWARD)
    assert meta["sentence"] == BROKEN


def test_words_and_classes_are_given_as_typed(step):
    words = tuple("<b>not" if word == "not" else word for word in step.names.vocabulary)
    _, meta = drawn(replace(step, names=Names(words, ("<i>no", "yes"))), LOSS)
    assert meta["words"][2] == "<b>not"
    assert meta["opened"]["vectors"][0]["cells"] == ["<i>no", "yes"]


# What a step has computed at a moment


@each_row("length", [1, 12, 13, 14, 22, 23, 40, 200])
def test_a_window_has_twelve_tokens_with_both_neighbours_and_moves_like_a_page(length):
    windows = [window(length, t) for t in range(length)]
    for t, shown in enumerate(windows):
        assert len(shown) == min(length, 12)
        assert {max(0, t - 1), t, min(length - 1, t + 1)} <= set(shown) <= set(range(length))
    assert sum(one != other for one, other in pairwise(windows)) <= length / 10


def test_nothing_is_shown_before_it_is_computed(step_of):
    step = step_of("i am not good")
    whole = sequence_pass(step.before, step.trace)
    for moment in step.moments:
        phase, t = moment
        shown, tokens, targets = step_pass(step, Focus(moment, 3))
        read = t + 1 if phase is Phase.FORWARD else 4
        came = {Phase.FORWARD: 4, Phase.LOSS: 4, Phase.BACKWARD: t}.get(phase, 0)
        assert tokens == range(4)
        assert targets.tolist() == [1]
        for name in ("states", "share", "answers"):
            part, all_of_it = getattr(shown, name), getattr(whole, name)
            assert part[:read] == pytest.approx(all_of_it[:read]), (moment, name)
            assert np.isnan(part[read:]).all(), (moment, name)
        assert shown.gradients[came:] == pytest.approx(whole.gradients[came:])
        assert np.isnan(shown.gradients[:came]).all()


def test_of_a_batch_the_first_example_is_shown():
    session = Session(RunConfig(task="brackets", batch=8, hidden=6, cell="gru"))
    step = session.lab(StepLab).record(step_query(session))
    rows = step.unrolled(0).rows
    shown, tokens, targets = step_pass(step, Focus(Moment(Phase.UPDATE, 0)))
    assert tokens == range(12)
    assert shown.answers == pytest.approx(step.trace.probs[rows][:12])
    assert targets.tolist() == step.trace.targets[rows][:12].tolist()
    assert shown.loss == pytest.approx(step.trace.loss[rows].mean())


def test_in_a_window_the_answers_are_those_of_its_tokens_and_the_bridge_moves():
    session = Session(RunConfig(task="translation", hidden=6, cell="gru"))
    session.ask(" ".join(session.dataset.source.words[:14]))
    session.lab(StepLab).subject = StepSubject.OWN
    step = session.lab(StepLab).record(step_query(session))
    bridge, length = step.unrolled(0).bridge, len(step.words)
    assert length > 12
    for t in (0, length - 1):
        shown, tokens, targets = step_pass(step, Focus(Moment(Phase.FORWARD, t)))
        answered = max(0, tokens.stop - max(bridge, tokens.start))
        assert len(shown.answers) == len(targets) == answered
        assert shown.bridge == max(0, bridge - tokens.start)


def test_the_unit_that_is_worked_out_is_among_those_shown():
    session = Session(RunConfig(hidden=150))
    step = session.lab(StepLab).record(step_query(session))
    for unit in (0, 77, 149):
        shown = step_pass(step, Focus(Moment(Phase.FORWARD, 1), unit))[0]
        assert unit in shown.units
        assert len(set(shown.units.tolist())) == len(shown.units) == 50


# The rows of a moment, and its formula


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
