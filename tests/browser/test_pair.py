"""Two networks on the page, used as a teacher and a student use them."""

import re

import pytest
from playwright.sync_api import expect

#: What the story says at every turn while both read.
WATCH_READING = """
window.told = [];
new MutationObserver(() => {
  const line = document.querySelector(".rnnviz-story.pair span")?.textContent;
  if (line && line !== told.at(-1)) told.push(line);
}).observe(document.querySelector(".st-key-text_story"), { childList: true, subtree: true });
"""
SMALL = "hidden=6&epochs=8&init_scale=0.1"


@pytest.mark.story
def test_a_teacher_opens_a_pair_and_the_class_sees_one_forget(opened, server):
    page = opened(f"{server.url}/?{SMALL}")
    page.keys("c")
    page.page.get_by_role("button", name="Elman against LSTM, lag 20").click()
    for key in ("pair_network", "pair_curves"):
        page.expect_drawn_above(key, 0)
    expect(page.page).to_have_url(re.compile("vs=cell"))
    page.page.evaluate(WATCH_READING)
    page.keys("r")
    page.page.wait_for_function(
        "() => told.some((line) => line.startsWith('Back at “A”, 1 of 21'))"
    )
    told = page.page.evaluate("told")
    assert sum(line.startswith("After ") for line in told) == 21
    # So near to nothing, the kind of processor decides the first digit.
    assert re.search(r"of “A” elman has \d·10⁻¹⁷ left, lstm 44%\.", told[20])
    # It is over, and the story of both is there again.
    page.page.wait_for_function("() => told.at(-1).includes('5% of')")
    page.press("play")
    page.expect_epoch_above(0)
    page.press("pause")
    # A pair trains on until the server has the click.
    page.page.wait_for_function("() => !rnnviz.stage.header.running")
    before = page.page.evaluate("rnnviz.stage.header.epoch")
    page.page.reload()
    expect(page.page.locator("[data-picture=pair_network][data-drawn]")).to_be_visible()
    page.page.wait_for_function("epoch => rnnviz.stage.header.epoch === epoch", arg=before)


@pytest.mark.story
def test_a_student_gets_the_run_back_that_a_setting_replaced(opened, server):
    page = opened(f"{server.url}/?{SMALL}&epoch=5")
    page.expect_place("5")
    page.choose("gradient", "notebook")
    page.expect_said("message", "Keep exact beside it")
    page.page.get_by_role("button", name="Keep exact beside it").click()
    page.expect_drawn_above("pair_network", 0)
    page.expect_said("status", "notebook")
    page.expect_place("5")
    page.page.wait_for_function("() => !rnnviz.stage.header.running")
    page.keys("c")
    page.page.get_by_role("button", name="Go on with B notebook").click()
    page.expect_drawn_above("network", 0)
    page.expect_said("message", "Keep exact beside it")


def test_a_view_alone_and_both_again(opened, server):
    page = opened(f"{server.url}/?{SMALL}&epoch=2&vs=cell:gru", first="pair_network")
    page.expect_drawn_above("pair_network", 0)
    page.keys("2")
    page.expect_drawn_above("network", 0)
    page.keys("3")
    page.expect_drawn_above("pair_network", 0)


@pytest.mark.story
def test_was_it_luck(opened, server):
    page = opened(f"{server.url}/?{SMALL}&epochs=4&vs=gradient:notebook", first="pair_network")
    page.expect_drawn_above("pair_network", 0)
    page.keys("s")
    page.expect_said("luck", "10 seeds ✓")
    page.expect_said("story", "10 seeds each")
    page.expect_in_chart("pair_curves", "figure.layout.meta.runs[1].learned.length === given", 10)
    page.keys("s")
    page.expect_in_chart("pair_curves", "figure.layout.meta.runs[1].learned === given", None)
