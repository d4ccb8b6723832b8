"""The time machine, used as its reader uses it: scrub, replay, branch, share."""

import re

import pytest
from playwright.sync_api import expect

EAGER = "hidden=8&init_scale=0.1&lr=0.05"
TALL = {"width": 1280, "height": 2400}
#: The last values of the gauge that are not veiled, and the map, as they are drawn.
GAUGE_AT = """
(node => {
  const { x, y } = node.data.find((series) => series.name === "radius");
  const at = [...x].findIndex((epoch) => epoch >= given);
  return y[at];
})(node)
"""


@pytest.fixture
def trained(opened, server):
    """The page at epoch 60 of a small run."""
    page = opened(f"{server.url}/?{EAGER}&epoch=60")
    page.expect_place("60")
    return page


WATCH = """
window.heights = new Set();
(function watch() {
  const input = document.querySelector("[data-slider=scrubber] input");
  if (input) heights.add(Math.round(input.getBoundingClientRect().y));
  requestAnimationFrame(watch);
})();
"""


def test_the_scrubber_keeps_its_place_while_the_page_opens(opened, server):
    page = opened(f"{server.url}/?{EAGER}")
    page.page.add_init_script(WATCH)
    page.page.reload()
    page.expect_place("0")
    expect(page.pace).to_be_attached()
    page.page.wait_for_timeout(500)
    assert len(page.page.evaluate("[...heights]")) == 1


def look_back(page, epoch):
    page.drag("scrubber", [epoch])
    expect(page.status).to_contain_text("Looking back")
    page.expect_place(str(page.stand("scrubber")))
    expect(page.button("back_to_now")).to_be_enabled()


GAUGED = "node.data.some((s) => s.name === 'half-life' && s.x.length === given)"


def picture(page):
    """What is drawn, and the numbers above it."""
    return [
        page.in_chart("states", "node.data[0].z.map((row) => [...row].join()).join()"),
        page.in_chart("loss", "node.data.map((series) => [...series.y].join()).join()"),
        page.in_chart("margin", "[...node.data[0].y].join()"),
        page.status.inner_text(),
    ]


def test_while_it_is_dragged_every_picture_and_number_follows(trained):
    drawn = {key: trained.drawn(key) for key in ("loss", "states", "margin")}
    loss = trained.loss
    trained.drag("scrubber", [30], release=False)
    trained.expect_place("30")
    for key, before in drawn.items():
        trained.expect_drawn_above(key, before)
    assert trained.loss != loss
    trained.expect_in_chart("loss", "node.layout.shapes.at(-1).x0 === 30")
    trained.page.mouse.up()
    expect(trained.button("branch")).to_be_enabled()


def test_back_to_now_shows_the_same_numbers_again(trained):
    before = picture(trained)
    look_back(trained, 20)
    assert picture(trained) != before
    drawn = trained.drawn("states")
    trained.press("back_to_now")
    trained.expect_place("60")
    trained.expect_drawn_above("states", drawn)
    assert picture(trained)[:3] == before[:3]
    expect(trained.button("branch")).to_be_disabled()


def test_an_epoch_looked_at_twice_is_drawn_twice_the_same(trained):
    look_back(trained, 20)
    epoch = trained.stand("scrubber") + 1
    trained.keys("e")
    trained.expect_place(str(epoch))
    trained.page.wait_for_timeout(500)
    first = picture(trained)
    trained.drag("scrubber", [50, 5, 40])
    trained.slider("scrubber").focus()
    while trained.stand("scrubber") > epoch:
        trained.page.keyboard.press("ArrowLeft")
    trained.expect_place(str(epoch))
    trained.page.wait_for_timeout(500)
    assert picture(trained) == first


def test_at_rest_the_gauge_gets_one_value_an_epoch(opened, server):
    page = opened(f"{server.url}/?hidden=2&epochs=250&epoch=240")
    radius = 'node.data.find((series) => series.name === "radius")'
    page.expect_in_chart("loss", f"{radius}.x.length === 241")
    page.expect_in_chart("loss", f"[...{radius}.x].every((epoch, i) => epoch === i)")
    page.press("step_epoch")
    page.expect_in_chart("loss", f"{radius}.x.length === 242")


def test_play_from_the_past_replays_and_trains_on(trained):
    look_back(trained, 40)
    trained.speed("ArrowRight")
    trained.press("play")
    expect(trained.status).to_contain_text("Replaying")
    expect(trained.status).to_contain_text("Running")
    trained.expect_epoch_above(62)
    trained.pause()
    assert int(trained.slider("scrubber").get_attribute("max")) >= trained.epoch


def test_a_click_on_the_gradient_map_goes_to_that_epoch(opened, server):
    page = opened(f"{server.url}/?{EAGER}&epoch=60&epochs=60", viewport=TALL)
    page.expect_drawn_above("map", 0)
    box = page.chart("map").locator(".nsewdrag").bounding_box()
    page.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.status).to_contain_text("Looking back")
    assert page.epoch == pytest.approx(30, abs=2)


def test_the_scrubber_is_on_every_page(trained):
    look_back(trained, 20)
    trained.replay("Step")
    trained.expect_place("20")
    trained.drag("scrubber", [45])
    trained.expect_place(str(trained.stand("scrubber")))


def test_a_link_with_the_past_a_change_and_a_ghost_opens_on_the_same_picture(trained, opened):
    look_back(trained, 30)
    trained.press("branch")
    expect(trained.message).to_contain_text("Branched at epoch 30")
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
    assert picture(other) == picture(trained)
    assert other.in_chart("loss", "node.data.filter((s) => s.mode === 'lines').length") == 7


def test_the_story(opened, server):
    """Train to 400, back to the plateau, branch with another rate, share the link."""
    page = opened(f"{server.url}/?phrase=i+am+not+good&epochs=400", viewport=TALL)
    page.speed("End")
    page.press("play")
    expect(page.status).to_contain_text("Finished", timeout=90_000)
    page.expect_drawn_above("map", 0)
    look_back(page, 120)
    assert page.in_chart("loss", GAUGE_AT.replace("given", "120")) < 1
    assert page.in_chart("loss", GAUGE_AT.replace("given", "390")) > 1
    first, last = (page.in_chart("map", f"[...node.data[0].z[{row}]]") for row in (0, -1 % 4))
    assert first[0] < first[-1] - 3
    assert last[0] > first[0] + 3
    page.press("branch")
    page.set_number("lr", 0.1)
    expect(page.page).to_have_url(re.compile(r"lr%3D0\.1"))
    page.set_number("epochs", 150)
    page.press("play")
    expect(page.status).to_contain_text("Finished")
    expect(page.page).to_have_url(re.compile("epoch=150"))
    other = opened(page.page.url, viewport=TALL)
    other.expect_place("150")
    other.expect_drawn_above("states", 0)
    for each in (page, other):  # the gauge is there when the epochs between were replayed
        each.expect_in_chart("loss", GAUGED, 151)
    assert picture(other) == picture(page)


def test_a_long_way_of_a_link_can_be_stopped(opened, server):
    page = opened()
    page.page.goto(f"{server.url}/?epoch=90000&epochs=90000")
    expect(page.message).to_contain_text("Following the link: epoch")
    page.pause()
    expect(page.message).to_contain_text("The link was followed up to epoch")
    page.step_to(str(page.epoch + 1))


def test_a_reload_finds_the_run_where_it_was(trained):
    look_back(trained, 25)
    before = picture(trained)
    expect(trained.page).to_have_url(re.compile("epoch=25"))
    trained.page.reload()
    trained.expect_place("25")
    for key in ("states", "loss", "margin"):
        trained.expect_drawn_above(key, 0)
    assert picture(trained) == before


def test_a_gradient_check_is_right_and_the_notebooks_is_wrong(opened, server):
    page = opened(f"{server.url}/?{EAGER}&epoch=60")
    page.press("check")
    expect(page.page.locator(".rnnviz-check")).to_contain_text("✓ right to")
    page = opened(f"{server.url}/?{EAGER}&epoch=60&gradient=notebook")
    page.press("check")
    badge = page.page.locator(".rnnviz-check")
    expect(badge).to_contain_text(
        re.compile(r"✗ wrong: W_xh by \d+ %, W_hh by \d+ %, b_h by \d+ %")
    )
    expect(badge).to_contain_text("right: W_hy, b_y")
