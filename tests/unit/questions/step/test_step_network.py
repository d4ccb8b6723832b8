"""One moment of a step: what the page is given to draw."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.charts.sequence_network import BROKEN, Words
from rnnviz.config import RunConfig
from rnnviz.probe.formatting import Names
from rnnviz.probe.session import Session
from rnnviz.probe.unrolled import Moment, Phase
from rnnviz.questions.step.arithmetic import terms
from rnnviz.questions.step.measure import Focus, StepLab, largest_changes, step_query, timeline
from rnnviz.questions.step.pictures import MOST_CLASSES, operation, panels, step_network
from tests.sampling import each_row
from tests.unit.charts.unpacked import by_name

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
    assert meta["terms"]["rows"] == [(row.name, row.change) for row in largest_changes(step)]


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
