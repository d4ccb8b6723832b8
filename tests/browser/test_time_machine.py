"""The time machine, used as its reader uses it: scrub, replay, branch, share."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.train_page import CHARTS, MARGINS

EAGER = "hidden=8&init_scale=0.1&lr=0.05"
#: The radius of the memory gauge at an epoch, as it is drawn.
GAUGE_AT = """
(() => {
  const { x, y } = figure.data.find((series) => series.name === "radius");
  const at = [...x].findIndex((epoch) => epoch >= given);
  return y[at];
})()
"""
MAP = "figure.data.find(({ name }) => name === 'log10 gradient')"
GAUGED = "figure.data.some((s) => s.name === 'half-life' && s.x.length === given)"
WATCH_SCRUBBER = """
window.heights = new Set();
window.frames_seen = 0;
(function watch() {
  const input = document.querySelector("[data-slider=scrubber] input");
  if (input) heights.add(Math.round(input.getBoundingClientRect().y)), frames_seen++;
  requestAnimationFrame(watch);
})();
"""


@pytest.fixture
def trained(opened, server):
    """The page at epoch 60 of a small run."""
    page = opened(f"{server.url}/?{EAGER}&epoch=60")
    page.expect_place("60")
    return page


def look_back(page, epoch):
    page.drag("scrubber", [epoch])
    page.expect_said("status", "Looking back")
    page.expect_place(str(page.stand("scrubber")))
    expect(page.button("back_to_now")).to_be_enabled()


def picture(page):
    """What is drawn, and the numbers above it, once all of the epoch shown is there."""
    page.expect_all_heard()
    page.page.wait_for_function("() => rnnviz.stage.acked === rnnviz.stage.seq")
    for key in CHARTS:
        page.expect_drawn_above(key, 0)
    return [
        page.in_chart("network", "figure.data[0].z.map((row) => [...row].join()).join()"),
        page.in_chart("curves", "figure.data.map(({ y }) => [...(y ?? [])].join()).join()"),
        page.in_chart("network", f"{MARGINS}.join()"),
        page.status.inner_text(),
    ]


def numbers(name):
    """The numbers of a series, as an expression on the figure."""
    return f"[...(figure.data.find(({{ name }}) => name === '{name}')?.y ?? [])].join()"


def test_compare_with_an_epoch_of_ones_choice(trained):
    """What is pinned stays faint, whatever is shown: on the slider, in pictures, in the link."""
    look_back(trained, 30)
    there, pin, mark = (
        trained.stand("scrubber"),
        trained.button("pin"),
        trained.page.locator(".pinned"),
    )
    expect(mark).to_be_hidden()
    picture(trained)
    gradient = trained.in_chart("network", numbers("gradient left"))
    trained.keys("m")
    expect(pin).to_have_attribute("aria-pressed", "true")
    trained.expect_in_chart("curves", "figure.layout.meta.pinned === given", there)
    trained.press("back_to_now")
    trained.expect_place("60")
    trained.expect_in_chart("network", f"{numbers('second gradient')} === given", gradient)
    track, dot = (
        trained.page.locator("[data-slider=scrubber] .track").bounding_box(),
        mark.bounding_box(),
    )
    share = (dot["x"] + dot["width"] / 2 - track["x"] - 8) / (track["width"] - 16)
    assert share == pytest.approx(there / 60, abs=0.03)
    trained.page.reload()
    trained.expect_place("60")
    trained.expect_in_chart("network", f"{numbers('second gradient')} === given", gradient)
    expect(mark).to_be_visible()
    trained.press("pin")
    expect(mark).to_be_hidden()
    expect(pin).to_have_text("◇")


@pytest.mark.story
def test_look_back_and_return(trained):
    """Every picture and number follows the hand; the same epoch gives the same numbers again."""
    trained.expect_in_chart("curves", GAUGED, 61)
    now = picture(trained)
    drawn = {key: trained.drawn(key) for key in CHARTS}
    trained.drag("scrubber", [30], release=False)
    trained.expect_place("30")
    for key, before in drawn.items():
        trained.expect_drawn_above(key, before)
    trained.expect_in_chart("curves", "figure.layout.meta.shown === 30")
    trained.page.mouse.up()
    expect(trained.button("branch")).to_be_enabled()
    trained.keys("e")
    trained.expect_place("31")
    then = picture(trained)
    # The curve of the loss is the run's, whatever is looked at; all else is of the epoch.
    assert [a == b for a, b in zip(now, then, strict=True)] == [False, True, False, False]
    trained.drag("scrubber", [50, 5, 40])
    trained.slider("scrubber").focus()
    while trained.stand("scrubber") > 31:
        trained.page.keyboard.press("ArrowLeft")
    trained.expect_place("31")
    assert picture(trained) == then
    trained.page.reload()
    trained.expect_place("31")
    for key in drawn:
        trained.expect_drawn_above(key, 0)
    assert picture(trained) == then
    trained.replay("Step")
    trained.expect_place("31")
    trained.drag("scrubber", [45])
    trained.expect_place(str(trained.stand("scrubber")))
    trained.press("back_to_now")
    trained.expect_place("60")
    expect(trained.button("branch")).to_be_disabled()
    trained.replay("Train")
    trained.expect_in_chart("curves", GAUGED, 61)
    assert picture(trained)[:3] == now[:3]


def test_play_from_the_past_replays_and_trains_on(opened, server):
    page = opened(f"{server.url}/?{EAGER}&epoch=60&epochs=70")
    look_back(page, 35)
    page.speed("Home")  # else it may be over before anybody looks
    page.press("play")
    page.expect_said("status", "Replaying")
    page.speed("End")
    page.expect_said("status", "Finished")
    assert int(page.slider("scrubber").get_attribute("max")) == 70


@pytest.mark.story
def test_a_link_with_the_past_a_change_and_a_ghost_opens_on_the_same_picture(trained, opened):
    look_back(trained, 30)
    trained.press("branch")
    trained.expect_said("message", "Branched at epoch 30")
    trained.set_number("lr", 0.2)
    expect(trained.page).to_have_url(re.compile("lr%3D0.2"))
    trained.press("step_epoch")
    trained.expect_place("31")
    trained.press("step_phrase")
    trained.expect_place("31 + 1/58")
    look_back(trained, 12)
    expect(trained.page).to_have_url(re.compile(r"epoch=12&now=31%2F1&ghost=30%3A60"))
    other = opened(trained.page.url)
    other.expect_place("12")
    for each in (trained, other):  # the gauge is there when the epochs between were replayed
        each.page.bring_to_front()
        each.expect_in_chart("curves", GAUGED, 32)
    assert picture(other) == picture(trained)
    ghosts = "figure.data.filter(({ name }) => name.startsWith('old')).length"
    assert other.in_chart("curves", ghosts) == 4


def test_the_story(opened, server):
    """Train to 400, back to the plateau, branch with another rate, share the link."""
    page = opened(f"{server.url}/?phrase=i+am+not+good&epochs=400")
    page.speed("End")
    page.press("play")
    page.expect_said("status", "Finished")
    look_back(page, 120)
    assert page.in_chart("curves", GAUGE_AT.replace("given", "120")) < 1
    assert page.in_chart("curves", GAUGE_AT.replace("given", "390")) > 1
    first, last = (page.in_chart("curves", f"[...{MAP}.z[{row}]]") for row in (0, 3))
    assert first[0] < first[-1] - 3
    assert last[0] > first[0] + 3
    page.press("branch")
    page.set_number("lr", 0.1)
    expect(page.page).to_have_url(re.compile(r"lr%3D0\.1"))
    page.set_number("epochs", 150)
    page.press("play")
    page.expect_said("status", "Finished")
    expect(page.page).to_have_url(re.compile("epoch=150"))
    other = opened(page.page.url)
    other.expect_place("150")
    for each in (page, other):
        each.page.bring_to_front()
        each.expect_in_chart("curves", GAUGED, 151)
    assert picture(other) == picture(page)


def test_a_link_far_ahead_can_be_stopped(opened, server):
    page = opened()
    page.page.add_init_script(WATCH_SCRUBBER)
    page.page.goto(f"{server.url}/?epoch=90000&epochs=90000")
    page.expect_said("message", "Training to the epoch asked for: now")
    page.pause()
    page.expect_said("message", "The link was followed up to epoch")
    page.step_to(str(page.epoch + 1))
    # While the page opened, the scrubber stayed where it was.
    page.page.wait_for_function("() => frames_seen > 60")
    assert len(page.page.evaluate("[...heights]")) == 1
    page.page.close()


def test_at_rest_the_gauge_gets_one_value_an_epoch(opened, server):
    page = opened(f"{server.url}/?hidden=2&epochs=250&epoch=240")
    radius = 'figure.data.find((series) => series.name === "radius")'
    page.expect_in_chart("curves", f"{radius}.x.length === 241")
    page.expect_in_chart("curves", f"[...{radius}.x].every((epoch, i) => epoch === i)")
    page.press("step_epoch")
    page.expect_in_chart("curves", f"{radius}.x.length === 242")


def test_the_gradient_is_checked(opened, server):
    page = opened(f"{server.url}/gradients?hidden=2&epoch=5", "words")
    page.ask("Is it right?")
    badge = page.page.locator(".rnnviz-check")
    page.press("check")
    expect(badge).to_contain_text("✓ right to")
    page.choose("gradient", "notebook")
    page.expect_said("message", "because Gradient changed")
    page.step_to("1")
    page.press("check")
    expect(badge).to_contain_text(
        re.compile(r"✗ wrong: W_xh by [\d.]+%, W_hh by [\d.]+%, b_h by [\d.]+%")
    )
    expect(badge).to_contain_text("right: W_hy, b_y")
