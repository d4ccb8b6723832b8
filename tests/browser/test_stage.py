"""How pictures are drawn: none blinks or moves, and only those that are seen."""

from tests.browser.train_page import CHARTS

#: So tall that all charts of the page are in sight.
TALL = 2600

COUNT_REMOVED = """
window.removed = 0;
const holds = (node) => node.matches?.(".rnnviz-chart") || node.querySelector?.(".rnnviz-chart");
new MutationObserver((changes) => {
  for (const change of changes)
    window.removed += [...change.removedNodes].filter(holds).length;
}).observe(document.body, { subtree: true, childList: true });
"""
TIP = "document.querySelector('.st-key-states .rnnviz-tip')?.textContent"


def test_play_updates_all_charts_in_their_places_and_tells_the_pointer(opened):
    page = opened(height=TALL)
    page.set_number("epochs", 100_000)  # it does not end by itself
    for key in CHARTS:
        page.expect_drawn_above(key, 0)
    page.expect_still(".st-key-states .rnnviz-chart")
    page.page.mouse.move(*page.place("states", "1", "7"))
    page.page.wait_for_function(f"{TIP}")
    told = page.page.evaluate(TIP)
    page.page.evaluate(COUNT_REMOVED)
    before = {key: page.drawn(key) for key in CHARTS}
    boxes = {key: page.chart(key).bounding_box() for key in CHARTS}
    page.keys("Space")  # the pointer stays where it is
    for key in CHARTS:
        page.expect_drawn_above(key, before[key] + 3)
    page.expect_epoch_above(5)
    page.page.wait_for_function(f"told => {TIP} && {TIP} !== told", arg=told)
    page.pause()
    assert page.page.evaluate("removed") == 0
    assert {key: page.chart(key).bounding_box() for key in CHARTS} == boxes


def test_only_what_is_in_sight_is_drawn(opened):
    page = opened()
    assert page.drawn("recurrent") == 0
    page.play()
    page.expect_epoch_above(2)
    assert page.drawn("recurrent") == 0
    page.expect_drawn_above("recurrent", 3)
    network = page.drawn("network")
    page.expect_drawn_above("recurrent", page.drawn("recurrent") + 10)
    assert page.drawn("network") == network
