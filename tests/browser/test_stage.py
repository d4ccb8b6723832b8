"""How pictures are drawn: none blinks, what the reader made of one stays, and only what is seen."""

import pytest

from tests.browser.train_page import CHARTS

#: So tall that all charts of the page are in sight.
TALL = 2600

COUNT_REMOVED = """
window.removed = window.purged = 0;
const purge = Plotly.purge;
Plotly.purge = (node) => { window.purged++; purge(node); };
const holds = (node) => node.matches?.(".rnnviz-chart") || node.querySelector?.(".rnnviz-chart");
new MutationObserver((changes) => {
  for (const change of changes)
    window.removed += [...change.removedNodes].filter(holds).length;
}).observe(document.body, { subtree: true, childList: true });
"""
HOVERED = "document.querySelector('.st-key-states .hovertext')?.textContent"


@pytest.fixture
def page(opened):
    """The page down to its curves."""
    return opened(first="loss", height=1700)


def test_play_updates_all_charts_in_their_places_and_tells_the_pointer(opened):
    page = opened(height=TALL)
    page.set_number("epochs", 100_000)  # it does not end by itself
    for key in CHARTS:
        page.expect_drawn_above(key, 0)
    page.expect_still(".st-key-states .rnnviz-chart")
    page.chart("states").locator(".nsewdrag").first.hover()
    label = page.chart("states").locator(".hovertext").text_content()
    page.page.evaluate(COUNT_REMOVED)
    before = {key: page.drawn(key) for key in CHARTS}
    page.keys("Space")  # the pointer stays where it is
    for key in CHARTS:
        page.expect_drawn_above(key, before[key] + 3)
    page.expect_epoch_above(5)
    page.page.wait_for_function(f"label => {HOVERED} && {HOVERED} !== label", arg=label)
    page.pause()
    assert page.page.evaluate("[window.removed, window.purged]") == [0, 0]


def test_zoom_and_hidden_curves_survive_and_only_what_is_in_sight_is_drawn(page):
    assert page.drawn("recurrent") == 0
    page.play()
    page.expect_epoch_above(2)
    page.zoom("loss")
    page.chart("loss").locator(".legendtoggle").last.click()
    page.expect_in_chart("loss", "node.data[1].visible === 'legendonly'")
    zoomed = page.in_chart("loss", "node.layout.xaxis.range")
    assert zoomed[0] > 50
    assert zoomed[1] < 950
    page.expect_drawn_above("loss", page.drawn("loss") + 15)
    assert page.in_chart("loss", "node.layout.xaxis.range") == zoomed
    assert page.in_chart("loss", "node.data[1].visible") == "legendonly"
    assert page.drawn("recurrent") == 0
    page.page.set_viewport_size({"width": 1280, "height": 800})
    page.chart("recurrent").scroll_into_view_if_needed()
    page.expect_drawn_above("recurrent", 3)
    network = page.drawn("network")
    page.expect_drawn_above("recurrent", page.drawn("recurrent") + 10)
    assert page.drawn("network") == network


def test_a_double_click_zooms_out_to_the_axes_of_now(page):
    double_click(page, "loss")
    assert extent(page) == [-10, 1010, -0.02, 1.02]
    page.set_number("epochs", 500)
    page.expect_in_chart("loss", "node.layout.xaxis.range[1] === 505")
    page.zoom("loss")
    assert page.in_chart("loss", "node.layout.xaxis.range[1]") < 400
    double_click(page, "loss")
    assert extent(page) == [-5, 505, -0.02, 1.02]
    page.play()
    page.expect_epoch_above(3)
    assert extent(page) == [-5, 505, -0.02, 1.02]


def extent(page):
    """Where the axes of the loss end."""
    return page.in_chart("loss", "[...node.layout.xaxis.range, ...node.layout.yaxis.range]")


def double_click(page, key):
    """Double-click in the middle of a chart, and wait until all of it is done."""
    # Plotly takes presses less than 300 ms apart, also the one of a zoom, for those of one click.
    page.page.wait_for_timeout(350)
    page.page.evaluate("window.clicked = false")
    page.chart(key).evaluate("node => node.on('plotly_doubleclick', () => (clicked = true))")
    page.chart(key).locator(".nsewdrag").first.dblclick()
    page.page.wait_for_function("clicked")
