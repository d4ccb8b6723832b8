"""Question *What breaks it?* of the page *Hidden states*, without a browser."""

import re

import numpy as np
import pytest

from rnnviz.charts.hidden_states import signed
from rnnviz.probe import work
from rnnviz.probe.questions import StateQuestion
from rnnviz.probe.units import StateSource
from rnnviz.run.weight_edits import silence
from tests.page import tab


class Page(tab.Page):
    """The tab alone."""

    def __init__(self, **link):
        super().__init__("hidden", **link)
        self.enter(StateQuestion.BREAKS)

    @property
    def lab(self):
        return self.session.units

    @property
    def story(self):
        return " ".join(tab.plain(self.bodies["story"]).split())

    def press(self, row):
        """Click a row of the memory."""
        unit = self.chart("ablation")["data"][0]["customdata"][row][0]
        self.say("click", on="ablation", x=0, y=row, data=unit)
        return unit


LINK = {"hidden": "6", "init_scale": "0.3", "epoch": "3", "phrase": "i am not good"}


@pytest.fixture
def page():
    return Page(**LINK)


def test_what_takes_long_is_measured_when_it_is_asked_for_and_can_be_cancelled(page, monkeypatch):
    monkeypatch.setattr(work, "FREE_SECONDS", 0.0)
    page.finish()
    assert page.story.endswith("Press Measure to measure all units.")
    assert "are not measured yet. Press Measure" in page.charts["ablation"]["remark"]
    page.click("measure")
    assert "Measuring the units: 17%" in page.story
    assert page.disabled("measure") and not page.disabled("cancel_measure")
    page.click("cancel_measure")
    page.finish()
    assert page.story.endswith("Press Measure to measure all units.")
    assert not page.disabled("measure") and page.disabled("cancel_measure")
    page.click("measure")
    page.finish()
    assert re.search(r"Without unit \d alone .*are right", page.story)
    assert page.disabled("measure") and page.disabled("cancel_measure")


def test_files_tell_of_the_copy_that_was_edited(page):
    page.finish()
    assert "told" not in page.chart("ablation")["layout"]["meta"]
    unit = page.press(0)
    for key in ("ablation", "moved", "answers_now", "removal", "turned"):
        told = page.chart(key)["layout"]["meta"]["told"]
        assert told == {"edits": f"silence 1 {unit}, on a copy"}, key


def test_rows_come_in_the_order_of_the_loss_without_them_and_a_click_silences_one(page):
    assert page.story.endswith("Measuring the units: 0%")
    assert "6 of 6 units are not measured yet." in page.charts["ablation"]["remark"]
    page.finish()
    rises = page.lab.ablation_loss(StateSource(page.session.state, page.session.dataset))
    order = np.argsort(-rises, kind="stable").tolist()
    assert page.chart("ablation")["layout"]["meta"]["units"] == order
    assert re.search(rf"Without unit {order[0]} alone .*are right", page.story)
    assert page.press(0) == order[0]
    assert page.lab.edits == (silence(1, order[0]),)
    assert f"Without unit {order[0]} " in page.story
    assert page.app.button(key="chip_0").label == f"unit {order[0]} ✕"
    *_, lost, struck = page.chart("ablation")["data"]
    assert struck["y"] == [0, 0, None] * 4, "every word's row is struck"
    assert {*lost["y"][::3]} == {0}, "its threads begin there"
    shares = page.session.inspect().sequence_pass().share[1:]
    told = [note["text"] for note in page.chart("ablation")["layout"]["annotations"]]
    assert len([text for text in told if not text.startswith("was ")]) == 3
    assert {text for text in told if text.startswith("was ")} <= {f"was {s:.0%}" for s in shares}
    page.press(2)
    assert f"Without units {order[0]} and {order[2]} " in page.story
    page.press(0)
    page.click("chip_0")
    assert page.lab.edits == ()


def test_what_a_unit_carries_is_told_with_the_loss_without_it(page):
    page.finish()
    session, lab = page.session, page.lab
    source = StateSource(session.state, session.dataset)
    means = lab.response(source)
    unit = page.press(0)
    word = means.words[np.abs(means.means[unit]).argmax()]
    by = float(means.means[unit][means.words.index(word)])
    said = f"“{word}” moves unit {unit} most"
    assert page.story.endswith(f" {said}.")
    hovers = page.chart("ablation")["data"][0]["text"]
    assert f"<br>{said}, by {signed(by)} on average<br>silenced" in hovers[0][0]
    page.press(1)
    assert " most" not in page.story, "of several units none is told of"


def test_of_a_unit_of_another_layer_nothing_is_told():
    page = Page(**LINK, layers="2")
    page.finish()
    page.press(0)
    assert " most" in page.story
    page.choose("Layer", 1)
    assert re.search(r"Without unit \d of layer 2 ", page.story)
    assert " most" not in page.story


def test_where_no_word_repeats_no_unit_is_told_of():
    page = Page(task="adding", hidden="4", epoch="0")
    assert page.lab.movers(StateSource(page.session.state, page.session.dataset)) == []
    assert " most" not in page.chart("ablation")["data"][0]["text"][0][0]


def test_what_is_silenced_moves_the_others_and_the_answers(page):
    zero, one = page.chart("moved")["data"][0]["y"], page.chart("answers_now")["data"]
    assert zero == [0, 0, 0, 0]
    assert one[0]["y"] == one[1]["y"]
    page.click("do_silence_3")
    units = sorted(edit.column for edit in page.lab.edits)
    page.finish()
    edited = page.lab.preview(page.session.state, page.session.run).parameters
    before = page.session.inspect().unrolled(0).h
    page.session.player.branch_with(page.lab.edits)
    after = page.session.inspect().unrolled(0).h
    assert np.array_equal(page.session.state.parameters.theta, edited.theta)
    page.session.player.go_to(page.session.run.position)
    rest = [unit for unit in range(6) if unit not in units]
    moved = np.linalg.norm((after - before)[:, rest], axis=1)
    again = Page(**LINK)
    for unit in units:
        again.say("click", on="ablation", x=0, y=0, data=unit)
    assert again.chart("moved")["data"][0]["y"] == pytest.approx(moved.tolist(), abs=1e-6)
    assert "the other 3 units" in again.chart("moved")["layout"]["title"]["text"]


def test_edits_are_listed_scored_and_taken_back(page):
    assert page.disabled("undo")
    assert "Nothing is edited yet" in page.chart("turned")["layout"]["meta"]["sentence"]
    for tool in ("silence_1", "scale_radius", "add_noise", "set_weight"):
        page.click(f"do_{tool}")
    assert page.story.split(" edits")[0].endswith("With 4")
    assert page.app.button(key="chip_1").label == r"scale 0\.9 ✕"
    preview = page.lab.preview(page.session.state, page.session.run)
    _, before, after, *_ = page.chart("scores")["data"]
    assert before["text"][0] == f"{preview.before[0].loss:.3f}"
    assert after["text"][0] == f"{preview.after[0].loss:.3f}"
    assert re.fullmatch(
        r"\d+ of 78 phrases turned", page.chart("turned")["layout"]["title"]["text"]
    )
    page.click("chip_1")
    assert [edit.kind for edit in page.lab.edits] == ["silence", "noise", "set"]
    page.click("undo")
    assert len(page.lab.edits) == 2
    page.click("undo_all")
    assert page.lab.edits == ()


def test_units_are_silenced_one_after_the_other_while_the_run_rests(page):
    page.finish()
    strongest, weakest, now = page.chart("removal")["data"]
    assert strongest["x"] == weakest["x"] == [*range(7)]
    assert now["x"] == [0]
    assert page.charts["removal"]["remark"].startswith("Measured on 58 of the 58 training seq")
    page.click("do_silence_3")
    page.finish()
    now = page.chart("removal")["data"][2]
    assert now["x"] == [3]
    assert now["y"][0] == pytest.approx(strongest["y"][3])


def test_only_a_branch_touches_the_run_and_its_link_carries_the_edits(page):
    before = page.session.state.parameters.theta.tobytes()
    unit = page.press(0)
    page.click("do_scale_radius")
    assert page.session.state.parameters.theta.tobytes() == before
    edited = page.lab.preview(page.session.state, page.session.run).parameters.theta
    page.click("branch_with")
    assert np.array_equal(page.session.state.parameters.theta, edited)
    assert page.lab.edits == ()
    assert page.session.player.ghost is not None
    changes = page.session.link().to_query()["changes"]
    assert changes == f"3:edit=silence 1 {unit},3:edit=scale 0.9"


def test_without_finite_losses_a_sentence_stands_in_the_picture_s_place():
    page = Page(activation="relu", init_scale="0.5", epoch="0")
    page.finish()
    assert "not finite" in page.chart("removal")["layout"]["meta"]["sentence"]
    assert "are not finite" in page.story
