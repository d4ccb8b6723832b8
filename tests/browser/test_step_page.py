"""Page *Step*, used as its reader uses it."""

import math
import random
import re

import pytest
from playwright.sync_api import expect

from rnnviz.engine.timeline import Phase, timeline
from tests.browser.serving import IDLE

EAGER = "hidden=20&init_scale=0.1&lr=0.05"
NUMBER = r"[−-]?\d[\d.e−-]*"
TOPS = """() => [...document.querySelectorAll(".rnnviz-chart, .rnnviz-cursor")].map(
  (node) => Math.round(node.getBoundingClientRect().y - document.body.getBoundingClientRect().y)
)"""
NO_TEXT_IS_CUT = """() => [...document.querySelectorAll(".rnnviz-place")].every(
  (node) => node.clientHeight >= node.querySelector(".rnnviz-text").scrollHeight
)"""
FILLED = "[...node.data[0].z[0]].filter((v) => Number.isFinite(v)).length"
GATED = "task=brackets&hidden=12&init=xavier&optimizer=adam&batch=8&epoch=2"


@pytest.fixture
def page(opened, server):
    """The page *Step* on "i am not good" in the middle of learning."""
    page = opened(f"{server.url}/step?{EAGER}&epoch=60&phrase=i+am+not+good", "network")
    choose_own(page, "a sequence of your own: “i am not good”")
    expect_moment(page, 0)
    return page


def choose_own(page, heading="a sequence of your own"):
    page.choose("subject", "my own")
    expect(levels(page)).to_contain_text(heading)


def levels(page):
    return page.page.locator(".rnnviz-levels")


def formula(page):
    return page.page.locator(".rnnviz-formula .numbers")


def caption(page):
    return page.page.locator(".rnnviz-moment").inner_text()


def expect_moment(page, cursor, count=11):
    expect(page.at("moment").locator("output")).to_have_text(f"{cursor + 1} of {count}")


def numbers(text):
    """Every number in a text; the page writes a real minus sign."""
    return [float(found.replace("−", "-")) for found in re.findall(NUMBER, text)]


def test_a_walk_over_every_moment(page):
    """States fill forwards, gradients backwards, shared weights light up, and nothing moves."""
    network, touched = page.chart("network"), ".annotation.touched"
    for width in (1280, 1920):
        page.page.set_viewport_size({"width": width, "height": 3200})
        for chart in ("states", "flow", "mosaic"):
            page.expect_drawn_above(chart, 0)
        page.expect_still(".st-key-mosaic .rnnviz-chart")
        captions, tops = [], set()
        for cursor, moment in enumerate(timeline(4)):
            expect_moment(page, cursor)
            expect(levels(page)).to_contain_text(moment.phase.value)
            captions.append(caption(page))
            tops.add(tuple(page.page.evaluate(TOPS)))
            assert page.page.evaluate(NO_TEXT_IS_CUT)
            if moment.phase is Phase.FORWARD:
                page.expect_in_chart("states", FILLED + " === given", moment.t + 1)
                expect(network.locator(touched)).to_have_count(3 if moment.t else 0)
            if moment.phase is Phase.BACKWARD:
                page.expect_in_chart("flow", "node.data[0].x.length === given", 4 - moment.t)
            page.keys("ArrowRight")
        assert len(tops) == 1
        assert len(set(captions)) == len(captions)
        page.keys("Home")
    page.keys("Shift+ArrowRight")
    expect_moment(page, 4)
    page.keys("End", "ArrowLeft")
    expect_moment(page, len(captions) - 2)


def test_the_numbers_on_the_screen_follow_from_each_other(page):
    """With nothing but what is written on the page."""
    page.keys("ArrowRight")
    expect(formula(page)).to_contain_text("a_2[0]")
    added, squashed = formula(page).inner_text().split(", ", 1)
    *terms, total = numbers(added.split("=", 1)[1])
    assert sum(terms) == pytest.approx(total, rel=1e-2, abs=1e-4)
    assert math.tanh(total) == pytest.approx(numbers(squashed)[-1], rel=1e-2, abs=1e-4)
    page.chart("terms").scroll_into_view_if_needed()
    page.expect_in_chart("terms", "node.layout.title.text.includes('a_2')")
    drawn, *bars = page.in_chart("terms", "[...node.data[0].x]")
    assert sum(bars) == pytest.approx(drawn, abs=1e-12)
    labels = page.in_chart("terms", "node.layout.yaxis.ticktext")
    assert any("the other" in label for label in labels)
    page.keys("Shift+ArrowRight")
    expect(levels(page)).to_contain_text("loss")
    loss = numbers(formula(page).inner_text().removesuffix(" nats"))[-1]
    share = float(re.search(r"probability of ([\d.]+)%", caption(page))[1]) / 100
    assert -math.log(share) == pytest.approx(loss, rel=1e-2, abs=1e-3)


def test_every_moment_and_unit_can_be_reached_and_stays_in_sight(opened, server):
    page = opened(f"{server.url}/?{EAGER}&epoch=60&phrase=i+am+not+good", "unrolled", height=1000)
    page.replay("Step")
    page.expect_drawn_above("network", 0)
    choose_own(page)
    box = page.chart("network").locator(".nsewdrag").bounding_box()
    low, high = page.in_chart("network", "node.layout.xaxis.range")
    x = box["x"] + box["width"] * (2 - low) / (high - low)
    page.page.mouse.click(x, box["y"] + box["height"] / 2)
    expect(levels(page)).to_contain_text("word 3 of 4: “not”")
    unit = page.at("unit").get_by_role("spinbutton")
    expect(unit).not_to_have_value("0")
    expect(formula(page)).to_contain_text(f"a_3[{unit.input_value()}]")
    page.set_number("unit", 17)
    expect(formula(page)).to_contain_text("a_3[17]")
    unit.fill("20")
    expect(page.at("unit").locator("small")).to_have_text("Unit: 0 to 19")
    unit.blur()
    expect(page.at("unit").locator("small")).to_have_text("Unit")
    expect(unit).to_have_value("17")
    page.drag("moment", [3, 9, 5], release=False)
    expect_moment(page, 5)
    expect(levels(page)).to_contain_text("backward")
    page.page.mouse.up()
    expect_moment(page, 5)
    slider = page.page.locator("[data-slider=moment]").bounding_box()
    cursor = page.page.locator(".rnnviz-cursor").bounding_box()
    assert 0 <= cursor["y"] - (slider["y"] + slider["height"]) < 16
    page.chart("terms").scroll_into_view_if_needed()
    expect(page.at("cursor_bar")).to_be_in_viewport()
    expect(page.at("header")).not_to_be_in_viewport()
    page.replay("Train")
    page.chart("recurrent").scroll_into_view_if_needed()
    expect(page.status).to_be_in_viewport()


def test_apply_the_update_look_at_the_past_and_play(page):
    page.choose("subject", "next in training")
    expect(levels(page)).to_contain_text("example 1 of 58")
    page.keys("End")
    expect(levels(page)).to_contain_text(Phase.UPDATE.value)
    page.press("apply")
    page.expect_place("60 + 1/58")
    expect(levels(page)).to_contain_text("example 2 of 58")
    expect(levels(page)).to_contain_text("forward")
    page.drag("scrubber", [20])
    expect(page.status).to_contain_text("Looking back")
    expect(levels(page)).to_contain_text(f"epoch {page.stand('scrubber')}")
    expect(page.page).to_have_url(re.compile(f"/step.*epoch={page.stand('scrubber')}"))
    page.press("back_to_now")
    page.set_number("epochs", 100_000)  # it does not end by itself
    page.press("play")
    page.expect_epoch_above(62)
    page.press("last")
    expect(page.button("last")).to_be_disabled()
    page.press("first")
    expect(page.button("first")).to_be_disabled()
    page.expect_epoch_above(page.epoch + 5)
    page.pause()


def test_phrases_go_along_and_are_shown_as_typed(page):
    page.type_phrase("zebra")
    expect(levels(page)).to_contain_text("None of these words is in the vocabulary")
    page.keys("ArrowRight")
    expect_moment(page, 1)
    page.type_phrase("not happy " * 60)
    expect(levels(page)).to_contain_text("of 120")
    page.keys("Home")
    page.expect_in_chart("network", "node.layout.title.text.includes('words 1–12 of 120')")
    page.keys("End")
    expect(levels(page)).to_contain_text("update")
    page.type_phrase("this is bad")
    expect(levels(page)).to_contain_text("this is bad")
    page.replay("Train")
    expect(page.phrase).to_have_value("this is bad")
    expect(page.verdict).to_contain_text("probability")
    page.replay("Step")
    expect(page.phrase).to_have_value("this is bad")
    expect(levels(page)).to_contain_text("a sequence of your own: “this is bad”")
    page.learn("text,label\n<b>so</b> $x$,<i>yes</i>\nplain,no\n")
    expect(page.message).to_contain_text("Started again")
    page.type_phrase("<b>so</b> $x$")
    page.keys("Home")
    expect(levels(page)).to_contain_text("“<b>so</b> $x$” → <i>yes</i>")
    expect(page.page.locator(".rnnviz-moment")).to_contain_text("“<b>so</b>”")
    assert page.page.locator(".rnnviz-levels b b, .rnnviz-levels i").count() == 0


def test_a_gated_cell_with_an_answer_after_every_token(opened, server):
    """Every part adds up, and the way through all moments shows each of the phases."""
    page, parts = opened(f"{server.url}/step?cell=lstm&{GATED}", "network", height=2600), "ifgoch"
    choose_own(page)
    count = 3 * 10 + 2
    page.keys("ArrowRight", "ArrowRight")
    captions = set()
    for part in parts:
        page.choose("step_part_lstm", part)
        page.expect_in_chart("terms", "node.layout.title.text.includes(given)", part)
        total, *terms = page.in_chart("terms", "[...node.data[0].x]")
        assert sum(terms) == pytest.approx(total, abs=1e-12)
        captions.add(caption(page))
    assert len(captions) == len(parts)
    page.keys("Home")
    headings = []
    for cursor in range(count):
        expect_moment(page, cursor, count)
        if headings:
            expect(levels(page)).not_to_have_text(headings[-1])
        headings.append(levels(page).inner_text())
        page.keys("ArrowRight")
    assert len(set(headings)) == count
    phases = {next(phase.value for phase in Phase if phase.value in text) for text in headings}
    assert phases == {phase.value for phase in Phase}


def test_a_press_just_after_a_change_of_page_breaks_nothing(page):
    chance, titles = random.Random(1), ["Step", "Hidden states", "Gradients", "Dynamics", "Train"]
    for turn in range(15):
        page.page.get_by_test_id("stTopNavLink").filter(has_text=titles[turn % 5]).click()
        page.page.wait_for_timeout(chance.choice([0, 5, 15, 30, 45, 60, 90, 130]))
        page.keys(chance.choice(["e", "p", "p", "e"]))
        page.page.wait_for_timeout(chance.choice([50, 200, 600]))
    page.page.locator(IDLE).wait_for()
    page.expect_drawn_above("loss", 0)
