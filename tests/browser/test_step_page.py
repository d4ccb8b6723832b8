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


@pytest.fixture
def page(opened, server):
    """The page *Step* on "i am not good" in the middle of learning."""
    page = opened(f"{server.url}/step?{EAGER}&epoch=60&phrase=i+am+not+good", "network")
    page.choose("subject", "my own")
    expect(levels(page)).to_contain_text("a sequence of your own: “i am not good”")
    expect_moment(page, 0)
    return page


def show(page, key):
    """Scroll to a chart and wait until it is drawn."""
    page.chart(key).scroll_into_view_if_needed()
    page.expect_drawn_above(key, 0)


def levels(page):
    return page.page.locator(".rnnviz-levels")


def formula(page):
    return page.page.locator(".rnnviz-formula .numbers")


def expect_moment(page, cursor):
    count = len(timeline(4))
    expect(page.at("moment").locator("output")).to_have_text(f"{cursor + 1} of {count}")


def numbers(text):
    """Every number in a text; the page writes a real minus sign."""
    return [float(found.replace("−", "-")) for found in re.findall(NUMBER, text)]


def test_arrow_keys_walk_over_every_moment_and_back(page):
    seen = []
    for cursor, moment in enumerate(timeline(4)):
        expect_moment(page, cursor)
        expect(levels(page)).to_contain_text(moment.phase.value)
        seen.append(page.page.locator(".rnnviz-moment").inner_text())
        page.keys("ArrowRight")
    assert len(set(seen)) == len(seen)
    page.keys("ArrowLeft")
    expect_moment(page, len(seen) - 2)
    page.keys("Home")
    expect_moment(page, 0)
    page.keys("Shift+ArrowRight")
    expect_moment(page, 4)
    page.keys("End")
    expect_moment(page, len(seen) - 1)


PLACES = """() => [...document.querySelectorAll(".rnnviz-chart, .rnnviz-cursor")].map(
  (node) => Math.round(node.getBoundingClientRect().y - document.body.getBoundingClientRect().y)
)"""
FULL = """() => [...document.querySelectorAll(".rnnviz-place")].every(
  (place) => place.clientHeight >= place.querySelector(".rnnviz-text").scrollHeight
)"""


def test_nothing_moves_from_moment_to_moment(page):
    for width in (1280, 1920):
        page.page.set_viewport_size({"width": width, "height": 1000})
        page.keys("Home")
        page.page.wait_for_timeout(300)
        expect_nothing_to_move(page)


def expect_nothing_to_move(page):
    """Walk over all moments; in each everything is where it was and no text is cut."""
    seen = set()
    for cursor in range(len(timeline(4))):
        expect_moment(page, cursor)
        seen.add(tuple(page.page.evaluate(PLACES)))
        assert page.page.evaluate(FULL)
        page.keys("ArrowRight")
    assert len(seen) == 1


def test_the_numbers_on_the_screen_follow_from_each_other(page):
    """With nothing but what is written on the page."""
    page.keys("ArrowRight")
    expect(formula(page)).to_contain_text("a_2[0]")
    added, squashed = formula(page).inner_text().split(", ", 1)
    *terms, total = numbers(added.split("=", 1)[1])
    assert sum(terms) == pytest.approx(total, rel=1e-2, abs=1e-4)
    assert math.tanh(total) == pytest.approx(numbers(squashed)[-1], rel=1e-2, abs=1e-4)
    page.keys("Shift+ArrowRight")
    expect(levels(page)).to_contain_text("loss")
    loss = numbers(formula(page).inner_text().removesuffix(" nats"))[-1]
    share = float(re.search(r"probability of ([\d.]+)%", caption(page))[1]) / 100
    assert -math.log(share) == pytest.approx(loss, rel=1e-2, abs=1e-3)


def caption(page):
    return page.page.locator(".rnnviz-moment").inner_text()


def test_the_terms_on_the_screen_sum_to_the_value_above_them(page):
    page.keys("ArrowRight")
    show(page, "terms")
    page.expect_in_chart("terms", "node.layout.title.text.includes('a_2')")
    total, *terms = page.in_chart("terms", "[...node.data[0].x]")
    assert sum(terms) == pytest.approx(total, abs=1e-12)
    labels = page.in_chart("terms", "node.layout.yaxis.ticktext")
    assert any("the other" in label for label in labels)


def test_states_fill_forwards_and_gradients_backwards(page):
    show(page, "states")
    for cursor in range(4):
        page.expect_in_chart("states", FILLED + " === given", cursor + 1)
        page.keys("ArrowRight")
    expect_moment(page, 4)
    page.keys("ArrowRight")
    show(page, "flow")
    for cursor in range(4):
        page.expect_in_chart("flow", "node.data[0].x.length === given", cursor + 1)
        page.keys("ArrowRight")


FILLED = "[...node.data[0].z[0]].filter((v) => Number.isFinite(v)).length"


def test_all_arrows_of_the_shared_weight_flash_together(page):
    page.keys("ArrowRight")
    expect(page.chart("network").locator(".annotation.touched")).to_have_count(3)
    page.keys("ArrowLeft")
    expect(page.chart("network").locator(".annotation.touched")).to_have_count(0)


def test_a_click_on_a_column_goes_there_and_chooses_the_unit(page):
    page.expect_drawn_above("network", 0)
    box = page.chart("network").locator(".nsewdrag").bounding_box()
    low, high = page.in_chart("network", "node.layout.xaxis.range")
    x = box["x"] + box["width"] * (2 - low) / (high - low)
    page.page.mouse.click(x, box["y"] + box["height"] / 2)
    expect(levels(page)).to_contain_text("word 3 of 4: “not”")
    unit = page.at("unit").get_by_role("spinbutton")
    expect(unit).not_to_have_value("0")
    chosen = unit.input_value()
    expect(formula(page)).to_contain_text(f"a_3[{chosen}]")


def test_just_come_from_another_page_the_box_follows_too(opened, server):
    page = opened(f"{server.url}/?{EAGER}")
    page.replay("Step")
    page.expect_drawn_above("network", 0)
    box = page.chart("network").locator(".nsewdrag").bounding_box()
    page.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.at("unit").get_by_role("spinbutton")).not_to_have_value("0", timeout=2500)


def test_a_number_that_no_unit_has_is_told_what_there_is(page):
    box = page.at("unit").get_by_role("spinbutton")
    last = int(box.get_attribute("max"))
    box.fill(str(last + 1))
    expect(page.at("unit").locator("small")).to_have_text(f"Unit: 0 to {last}")
    box.blur()
    expect(page.at("unit").locator("small")).to_have_text("Unit")
    expect(box).to_have_value("0")


def test_the_slider_and_the_box_reach_every_moment_and_unit(page):
    page.set_number("unit", 17)
    expect(formula(page)).to_contain_text("a_1[17]")
    page.drag("moment", [3, 9, 5], release=False)
    expect_moment(page, 5)
    expect(levels(page)).to_contain_text("backward")
    page.page.mouse.up()
    expect_moment(page, 5)


def test_applying_the_update_changes_the_weights_as_shown_and_takes_the_next_phrase(page):
    page.choose("subject", "next in training")
    expect(levels(page)).to_contain_text("example 1 of 58")
    page.keys("End")
    expect(levels(page)).to_contain_text(Phase.UPDATE.value)
    page.press("apply")
    page.expect_place("60 + 1/58")
    expect(levels(page)).to_contain_text("example 2 of 58")
    expect(levels(page)).to_contain_text("forward")


def test_a_step_of_the_past_can_be_looked_at(page):
    page.drag("scrubber", [20])
    epoch = page.stand("scrubber")
    expect(levels(page)).to_contain_text(f"epoch {epoch}")
    expect(page.status).to_contain_text("Looking back")


def test_a_phrase_that_can_not_be_read_gets_a_sentence_and_the_step_stays(page):
    page.type_phrase("zebra")
    expect(levels(page)).to_contain_text("None of these words is in the vocabulary")
    page.keys("ArrowRight")
    expect_moment(page, 1)


def test_markup_in_a_phrase_of_the_data_is_shown_as_typed(page):
    page.learn("text,label\n<b>so</b> $x$,<i>yes</i>\nplain,no\n")
    expect(page.message).to_contain_text("Started again")
    page.type_phrase("<b>so</b> $x$")
    expect(levels(page)).to_contain_text("“<b>so</b> $x$” → <i>yes</i>")
    expect(page.page.locator(".rnnviz-moment")).to_contain_text("“<b>so</b>”")
    assert page.page.locator(".rnnviz-levels b b, .rnnviz-levels i").count() == 0


def test_a_long_phrase_is_shown_in_a_window(page):
    page.type_phrase("not happy " * 60)
    expect(levels(page)).to_contain_text("word 1 of 120")
    page.expect_in_chart("network", "node.layout.title.text.includes('words 1–12 of 120')")
    page.keys("End")
    expect(levels(page)).to_contain_text("update")


def test_a_link_to_the_page_opens_it(opened, server):
    page = opened(f"{server.url}/step?epoch=5", "network")
    expect(levels(page)).to_contain_text("epoch 5")
    expect(page.page).to_have_url(re.compile("/step.*epoch=5"))


def test_the_phrase_goes_along_from_page_to_page(page):
    box = page.phrase
    expect(box).to_have_value("i am not good")
    page.type_phrase("this is bad")
    expect(levels(page)).to_contain_text("this is bad")
    page.replay("Train")
    expect(box).to_have_value("this is bad")
    expect(page.verdict).to_contain_text("probability")
    page.replay("Step")
    expect(box).to_have_value("this is bad")
    expect(levels(page)).to_contain_text("a sequence of your own: “this is bad”")


GATED = "task=brackets&hidden=12&init=xavier&optimizer=adam&batch=8&epoch=2"


def test_every_part_of_a_gated_cell_adds_up_where_there_is_an_answer_at_every_step(opened, server):
    page, parts = opened(f"{server.url}/step?cell=lstm&{GATED}", "network"), "ifgoch"
    page.choose("subject", "my own")
    expect(levels(page)).to_contain_text("a sequence of your own")
    page.keys("ArrowRight", "ArrowRight")
    captions = set()
    for part in parts:
        page.choose("step_part_lstm", part)
        show(page, "terms")
        page.expect_in_chart("terms", "node.layout.title.text.includes(given)", part)
        total, *terms = page.in_chart("terms", "[...node.data[0].x]")
        assert sum(terms) == pytest.approx(total, abs=1e-12)
        captions.add(caption(page))
    assert len(captions) == len(parts)


def test_a_step_with_many_answers_has_its_loss_and_its_way_back(opened, server):
    page = opened(f"{server.url}/step?cell=gru&{GATED}", "network")
    page.choose("subject", "my own")
    expect(levels(page)).to_contain_text("a sequence of your own")
    tokens = 10
    count = 3 * tokens + 2
    expect(page.at("moment").locator("output")).to_have_text(f"1 of {count}")
    seen = [levels(page).inner_text()]
    for cursor in range(1, count):
        page.keys("ArrowRight")
        expect(page.at("moment").locator("output")).to_have_text(f"{cursor + 1} of {count}")
        expect(levels(page)).not_to_have_text(seen[-1])
        seen.append(levels(page).inner_text())
    assert len(set(seen)) == count
    phases = [next(phase.value for phase in Phase if phase.value in text) for text in seen]
    assert sorted(set(phases)) == sorted(phase.value for phase in Phase)


def test_the_cursor_stays_in_sight_in_the_place_of_the_numbers(page):
    slider = page.page.locator("[data-slider=moment]").bounding_box()
    buttons = page.page.locator(".rnnviz-cursor").bounding_box()
    assert 0 <= buttons["y"] - (slider["y"] + slider["height"]) < 16
    page.chart("terms").scroll_into_view_if_needed()
    expect(page.at("cursor_bar")).to_be_in_viewport()
    expect(page.at("header")).not_to_be_in_viewport()
    page.replay("Train")
    page.chart("recurrent").scroll_into_view_if_needed()
    expect(page.status).to_be_in_viewport()


def test_while_it_plays_the_cursor_still_obeys(page):
    page.press("play")
    page.expect_epoch_above(3)
    page.press("last")
    expect(page.button("last")).to_be_disabled()
    page.press("first")
    expect(page.button("first")).to_be_disabled()
    page.expect_epoch_above(page.epoch + 5)
    page.pause()


def test_a_press_just_after_a_change_of_page_breaks_nothing(page):
    chance, titles = random.Random(1), ["Step", "Hidden states", "Gradients", "Dynamics", "Train"]
    for turn in range(15):
        page.page.get_by_test_id("stTopNavLink").filter(has_text=titles[turn % 5]).click()
        page.page.wait_for_timeout(chance.choice([0, 5, 15, 30, 45, 60, 90, 130]))
        page.keys(chance.choice(["e", "p", "p", "e"]))
        page.page.wait_for_timeout(chance.choice([50, 200, 600]))
    page.page.locator(IDLE).wait_for()
    expect(page.status).to_be_visible()
