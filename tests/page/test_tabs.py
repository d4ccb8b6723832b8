"""The tabs of the pages: in the link, and what their pictures leave out of a long sequence."""

import pytest

from rnnviz.probe.questions import GradientQuestion, StateQuestion
from rnnviz.run.share_link import read_link
from tests.page.tab import Page
from tests.sampling import each_row

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
