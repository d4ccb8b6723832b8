"""How pictures are drawn: none blinks or moves, and only those that are seen."""

import re

import pytest

from tests.browser.serving import expect_there, watched
from tests.browser.train_page import CHARTS

COUNT_REMOVED = """
window.removed = 0;
const holds = (node) => node.matches?.(".rnnviz-chart") || node.querySelector?.(".rnnviz-chart");
new MutationObserver((changes) => {
  for (const change of changes)
    window.removed += [...change.removedNodes].filter(holds).length;
}).observe(document.body, { subtree: true, childList: true });
"""
TIP = "document.querySelector('.st-key-network .rnnviz-tip')?.textContent"
# Every key of the page, held down, wherever something can have the focus.
PRESS_KEYS = """() => {
  const keys = ["w", "e", "p", "c", "b", " ", "ArrowRight", "ArrowDown", "Enter", "Escape"];
  const presses = keys.flatMap((key) => [false, true].map((repeat) => ({ key, repeat })));
  const press = (node) => presses.forEach((one) =>
    node.dispatchEvent(new KeyboardEvent("keydown", { ...one, bubbles: true, cancelable: true })));
  for (const node of document.querySelectorAll(".rnnviz-figure :is(input, button, [tabindex])")) {
    node.focus();
    if (document.activeElement === node) press(node);
  }
  document.activeElement.blur();
  press(document.body);
}"""
# Unit 7 after the second word.
UNIT = """(({ layout: { x, state, cell }, canvas }) => {
  const { left, top } = canvas.getBoundingClientRect();
  return [left + x(1), top + state.y + 7.5 * cell];
})(rnnviz.stage.plots.get("network"))"""


def test_play_updates_all_charts_in_their_places_and_tells_the_pointer(opened):
    page = opened()
    page.set_number("epochs", 100_000)  # it does not end by itself
    for key in CHARTS:
        page.expect_drawn_above(key, 0)
    page.expect_still(".st-key-network .rnnviz-chart")
    page.page.mouse.move(*page.page.evaluate(UNIT))
    page.page.wait_for_function(f"() => {TIP}")
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


def test_only_what_is_in_sight_is_drawn(opened, server):
    page = opened(f"{server.url}/?task=waves&epochs=100000")
    assert page.drawn("free") == 0
    page.play()
    page.expect_epoch_above(2)
    assert page.drawn("free") == 0
    page.expect_drawn_above("free", 3)


@pytest.mark.story
@pytest.mark.parametrize("path", ["", "step", "hidden"])
def test_clicks_and_keys_before_the_first_frame_are_no_errors(server, context, complaints, path):
    page, wires, held = watched(context.new_page(), complaints), [], []
    pass_on = held.append

    def hold(wire):
        wires.append(wire)
        wire.connect_to_server().on_message(
            lambda data: pass_on(data) if isinstance(data, bytes) else wire.send(data)
        )

    page.route_web_socket(re.compile("rnnviz/wire"), hold)
    page.goto(f"{server.url}/{path}")
    expect_there(page, ".rnnviz-chart canvas")
    for chart in page.locator(".rnnviz-chart:visible").all():
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        for share in (0.1, 0.5, 0.9):
            page.mouse.click(box["x"] + share * box["width"], box["y"] + share * box["height"])
    page.evaluate(PRESS_KEYS)
    pass_on = wires[-1].send
    for data in held:
        pass_on(data)
    expect_there(page, ".rnnviz-chart[data-drawn]:not([inert])")
    page.locator(".rnnviz-chart[data-drawn] canvas").first.hover()
    page.close()
