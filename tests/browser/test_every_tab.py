"""Every tab of every page: one screen at every size, words where Train has them, and axe."""

import re

import pytest

from rnnviz.probe.questions import (
    DynamicsQuestion,
    GradientQuestion,
    StateQuestion,
    TrainQuestion,
)
from tests.browser.test_accessibility import violations_in
from tests.browser.test_first_screen import SCROLLS
from tests.browser.test_first_screen import SIZES as WINDOWS

SIZES = [(width, height) for width, height, _ in WINDOWS]
PHONE = (390, 844)
TABS = [
    *(("", question) for question in TrainQuestion),
    *(("hidden", question) for question in StateQuestion),
    *(("gradients", question) for question in GradientQuestion),
    *(("dynamics", question) for question in DynamicsQuestion),
]
#: The picture that a page begins with.
FIRST = {"": "network", "hidden": "memory", "gradients": "over_lag", "dynamics": "phase"}
CHARTS = ".rnnviz-chart[data-picture]:visible"
# The middles of the words' boxes, from left to right.
MIDDLES = """[...document.querySelectorAll(".rnnviz-words input")].map((box) => {
  const { x, width } = box.getBoundingClientRect();
  return Math.round(x + width / 2);
})"""
ACROSS = "document.documentElement.scrollWidth - innerWidth"


@pytest.fixture(scope="module")
def on_train():
    """The middles of the words on Train, by the size of the window."""
    return {}


def settle(page, size):
    page.page.set_viewport_size({"width": size[0], "height": size[1]})
    page.expect_still(CHARTS.replace(":visible", ""))


@pytest.mark.parametrize(("path", "question"), TABS, ids=[tab[1] for tab in TABS])
def test_a_tab_is_one_screen_with_the_words_where_they_always_are(
    opened, server, on_train, path, question
):
    page = opened(f"{server.url}/{path}?hidden=8&init_scale=0.3&epoch=40", FIRST[path])
    page.ask(question)
    page.expect_idle()
    if question is not next(iter(type(question))):
        page.page.wait_for_url(re.compile(f"ask={question.name.lower()}"))
    for size in SIZES:
        settle(page, size)
        assert page.page.evaluate(SCROLLS) == 0, size
        boxes = [chart.bounding_box() for chart in page.page.locator(CHARTS).all()]
        assert boxes
        for box in boxes:
            assert box["y"] + box["height"] <= size[1] and box["x"] + box["width"] <= size[0]
            assert min(box["height"], box["width"]) > 30
        if words := page.page.evaluate(MIDDLES):
            assert words == pytest.approx(on_train.setdefault(size, words), abs=1), size
    for scheme in ("light", "dark"):
        assert violations_in(page, scheme) == [], scheme
    settle(page, PHONE)
    assert page.page.evaluate(ACROSS) <= 0
