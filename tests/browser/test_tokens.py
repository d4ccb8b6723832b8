"""The words of the picture: typed, added, dropped, pasted and moved where they stand."""

from itertools import pairwise

import pytest
from playwright.sync_api import expect

PHRASE = "i am not good"
HEARD = "text => rnnviz.stage.header.typed === text && rnnviz.wire.unheard.length === 0"
WORDS = "text => rnnviz.stage.plots.get('network').network.words.join(' ') === text"


@pytest.fixture
def page(opened, server):
    return opened(f"{server.url}/?epoch=3&hidden=8&phrase=i+am+not+good", "network", height=900)


def boxes(page):
    return page.page.locator(".rnnviz-word")


# How far the middle of every box is from that of its column, in pixels.
BESIDE = """() => {
  const { layout, network, canvas } = rnnviz.stage.plots.get("network");
  const left = canvas.getBoundingClientRect().left;
  const middles = [...document.querySelectorAll(".rnnviz-word")].map((box) => {
    const { x, width } = box.getBoundingClientRect();
    return x + width / 2 - left;
  });
  const beside = (token, k) => token < 0 ? 0 : Math.abs(middles[k] - layout.x(token));
  return network.typed.map(([, token], k) => beside(token, k));
}"""


def expect_phrase(page, text, read=None):
    """Wait until this is the phrase, in the box too, and every word stands in its column."""
    page.page.wait_for_function(HEARD, arg=text)
    page.page.wait_for_function(WORDS, arg=text if read is None else read)
    expect(page.phrase).to_have_value(text)
    values = boxes(page).evaluate_all("boxes => boxes.map((box) => box.value)")
    assert [value for value in values if value] == text.split()
    assert max(page.page.evaluate(BESIDE)) < 1


@pytest.mark.story
def test_words_are_typed_over_added_and_dropped(page):
    boxes(page).nth(3).click()
    keyboard = page.page.keyboard
    keyboard.type("hap")
    expect(boxes(page).nth(3)).to_have_class("rnnviz-word unread")
    assert page.header["typed"] == PHRASE, "half a word is not sent"
    keyboard.type("py")
    expect_phrase(page, "i am not happy")
    page.page.get_by_role("button", name="Add a word").click()
    keyboard.type("now")
    expect_phrase(page, "i am not happy now")
    keyboard.press("Escape")
    expect(boxes(page).nth(4)).not_to_be_focused()
    page.type_phrase(PHRASE)
    expect_phrase(page, PHRASE)
    # Words are added, dropped and reached by the keyboard.
    page.page.get_by_role("button", name="Add a word").click()
    boxes(page).nth(4).hover()
    assert page.page.evaluate("rnnviz.stage.pointed.token") is None, "it has no column yet"
    keyboard.type("right ")
    page.page.wait_for_function(HEARD, arg=f"{PHRASE} right")
    expect(boxes(page).nth(5)).to_be_focused()  # the answer to "right" leaves the next word open
    keyboard.type("now")
    expect_phrase(page, f"{PHRASE} right now")
    keyboard.press("Tab")
    expect(page.page.get_by_role("button", name="Add a word")).to_be_focused()
    boxes(page).nth(2).click()
    keyboard.press("Delete")
    keyboard.press("Backspace")
    expect_phrase(page, "i am good right now")
    expect(boxes(page).nth(1)).to_be_focused()
    keyboard.press("ArrowRight")
    expect(boxes(page).nth(2)).to_be_focused()
    for _ in "good":
        keyboard.press("Delete")
    keyboard.press("Enter")
    expect_phrase(page, "i am right now")
    assert boxes(page).count() == 4, "an empty word goes"


def test_words_are_pasted_skipped_and_moved_and_follow_the_box(page):
    # A pasted sentence becomes its words.
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.page.evaluate("navigator.clipboard.writeText('at all happy')")
    boxes(page).nth(3).click()
    page.page.keyboard.press("Control+v")
    expect_phrase(page, "i am not at all happy")
    page.page.keyboard.press("Escape")
    page.type_phrase(PHRASE)
    expect_phrase(page, PHRASE)
    # A word that is not known is shown, and skipped.
    boxes(page).nth(2).click()
    page.page.keyboard.type("zebra")
    page.page.keyboard.press("Enter")
    expect_phrase(page, "i am zebra good", read="i am good")
    expect(boxes(page).nth(2)).to_have_class("rnnviz-word unread")
    page.expect_said("verdict", "not in the vocabulary: zebra")
    page.type_phrase(PHRASE)
    expect_phrase(page, PHRASE)
    # A word is dragged to another place.
    mouse = page.page.mouse
    boxes(page).nth(2).hover()
    mouse.down()
    box = boxes(page).nth(0).bounding_box()
    mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=6)
    expect(boxes(page).nth(2)).to_have_class("rnnviz-word dragged")
    mouse.up()
    expect_phrase(page, "not i am good")
    # Words go along with what is typed in the box; a long phrase has none.
    page.type_phrase("this is bad")
    expect_phrase(page, "this is bad")
    page.type_phrase("not happy " * 30)
    expect(page.page.locator(".rnnviz-words")).to_be_hidden()


def test_words_that_are_skipped_cover_no_other(page):
    page.type_phrase("i zebra giraffe am not lion good")
    page.expect_said("verdict", "not in the vocabulary: zebra, giraffe, lion")
    expect(page.page.locator(".rnnviz-word")).to_have_count(7)
    boxes = [box.bounding_box() for box in page.page.locator(".rnnviz-word").all()]
    for one, other in pairwise(boxes):
        assert one["x"] + one["width"] <= other["x"] + 0.5
