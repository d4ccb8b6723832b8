"""The tabs of the pages: in the link, and what their pictures leave out of a long sequence."""

import pytest

from rnnviz.page.session_registry import registry
from rnnviz.probe.questions import GradientQuestion, StateQuestion
from rnnviz.run.share_link import read_link
from tests.page.tab import App, Eye, Page
from tests.sampling import each_row
from tests.unit.page.browser import unpacked

LINK = {"hidden": "4", "epoch": "1"}
#: The pictures that leave something out, what it is, and up to how many words it has room.
LEFT_OUT = {
    ("gradients", GradientQuestion.FEED): {"feed_hh": ("numbers", 24)},
    ("gradients", GradientQuestion.RIGHT): {"directions": ("arrows", 24)},
    ("hidden", StateQuestion.BREAKS): {"ablation": ("channels and threads", 24)},
    ("hidden", StateQuestion.WHAT_IF): {
        "distance": ("numbers", 10),
        "answers": ("numbers", 6),
        "saliency": ("numbers", 6),
    },
}


def test_a_link_opens_a_page_at_its_question():
    page = Page("hidden", **LINK, ask="break")  # as links made earlier say
    assert "ablation" in page.charts
    assert page.link["ask"] == "breaks"
    page.session.follow(*read_link({}))
    assert page.session.questions["hidden"] is StateQuestion.CARRY
    page.enter(StateQuestion.CARRY)
    assert "memory" in page.charts
    assert "ask" not in page.link


@each_row("where", [*LEFT_OUT])
@pytest.mark.parametrize("words", [6, 25])
def test_what_has_no_room_is_named_and_only_then(where, words):
    page, question = where
    opened = Page(page, **LINK, phrase=" ".join(["not"] * words))
    opened.enter(question)
    for key, (what, most) in LEFT_OUT[where].items():
        said = f"No {what}: there is room for them up to {most} words."
        assert (said in opened.charts[key]["remark"]) == (words > most)


@pytest.mark.parametrize("tasks", [["waves", "sentiment"], ["flipflop", "translation"]])
def test_both_tabs_of_a_run_follow_another_task_without_a_picture_that_fails(tasks):
    """A browser tab that was duplicated shows the run of the first one."""
    first, second = App(**LINK, ask="wrong"), App()
    assert registry().connect(second.tab.ticket, first.tab.actor.run_id, "")[1]
    second.run()
    eyes = [Eye(tab) for tab in (first, second)]
    for eye in eyes:
        eye.flight = 1000
        with first.tab.host() as host:
            host.attach(eye, 0.0)
    for task in tasks:
        first.set("task", task)
        second.say("pause")
        assert second.widget("task").value == task
        for tab in (first, second):
            assert tab.charts
    for eye in eyes:
        assert len(eye.got) > 2
        assert {unpacked(message)["problem"] for message in eye.got} == {""}
