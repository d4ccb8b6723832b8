"""Page *Dynamics*, used as its reader uses it."""

import re

import pytest
from playwright.sync_api import expect

from rnnviz.probe.questions import DynamicsQuestion
from rnnviz.tasks.data_source import PRESETS
from tests.browser.newcomer import discovery

#: How many points of a kind are drawn, by the beginning of the series' name.
COUNT = "figure.data.find((s) => s.name?.startsWith(given[0]))?.x.length === given[1]"
STAYS = "figure.data.find((s) => s.name?.startsWith('stays'))"


def story(page):
    return page.page.locator(".rnnviz-story")


def rows(page):
    return page.at("points").locator("tr[data-row]")


def find(page):
    """Press Find and wait for what comes of it."""
    page.press("find")
    expect(page.at("points").locator(".rnnviz-rows p")).to_contain_text("from 200 starts")
    expect(page.button("cancel")).to_be_disabled()


def opened_at(opened, server, query, **size):
    return opened(f"{server.url}/dynamics?{query}", "phase", **size)


def preset_query():
    settings = PRESETS["flipflop"][0].settings
    return "&".join(f"{name}={value}" for name, value in settings.items()) + "&epoch=150"


@pytest.fixture
def flipflop(opened, server):
    """The page after the flip-flop's preset has been trained."""
    page = opened_at(opened, server, preset_query())
    page.expect_place("150")
    return page


@pytest.mark.story
def test_the_eight_resting_points_of_the_flip_flop_are_five_clicks_away(opened, server):
    """From the first page as it is opened."""
    page = opened(server.url)
    with discovery(page):
        page.at("task").locator("input").click()
        page.page.get_by_role("option", name="3-bit flip-flop").click()
        page.expect_said("status", "of 150")
        page.press("play")
        page.replay("Dynamics")
        page.expect_place("150")
        find(page)
        expect(story(page)).to_contain_text("8 stable points were found")


def test_the_flip_flop_has_eight_stable_points_and_each_tells_its_values(flipflop):
    expect(story(flipflop)).to_contain_text("press F to find")
    flipflop.keys("f")
    expect(story(flipflop)).to_contain_text("With the zero input fixed, 8 stable points were found")
    flipflop.expect_in_chart("phase", COUNT, ["stays", 8])
    flipflop.expect_in_chart("phase", COUNT, ["leaves", 19])
    stays = rows(flipflop).filter(has_text="stays")
    expect(stays).to_have_count(8)
    answers = [row.split("\t")[2].replace("−", "-") for row in stays.all_inner_texts()]
    assert len({tuple(float(v) > 0 for v in answer.split(", ")) for answer in answers}) == 8
    expect(flipflop.at("phase").locator("figcaption")).to_contain_text("fitted at epoch 150")
    flipflop.page.mouse.move(*flipflop.place("phase", f"{STAYS}.x[0]", f"{STAYS}.y[0]"))
    tip = flipflop.chart("phase").locator(".rnnviz-tip")
    expect(tip).to_contain_text(re.compile(r"stays.*input: the zero input.*read as .*speed q = "))


def test_a_row_chooses_its_point_by_keyboard_too_and_the_list_stays_in_its_box(flipflop):
    find(flipflop)
    ring = "figure.data.at(-2).x[0]"
    first = flipflop.in_chart("phase", ring)
    rows(flipflop).nth(2).get_by_role("button").focus()
    flipflop.page.keyboard.press("Enter")
    expect(rows(flipflop).nth(2)).to_have_attribute("aria-current", "true")
    flipflop.expect_in_chart("phase", f"{ring} !== given", first)
    expect(rows(flipflop).nth(2).get_by_role("button")).to_be_focused()
    expect(flipflop.at("points").locator(".long")).to_contain_text("speed q")
    flipflop.page.mouse.click(*flipflop.place("phase", f"{STAYS}.x[7]", f"{STAYS}.y[7]"))
    expect(rows(flipflop).nth(7)).to_have_attribute("aria-current", "true")
    box, sheet = (flipflop.page.locator(name).bounding_box()
                  for name in (".st-key-points .rnnviz-rows", ".rnnviz-sheet"))  # fmt: skip
    assert box["y"] + box["height"] <= sheet["y"] + sheet["height"] + 1
    flipflop.at("points").get_by_role("button", name="Enlarge").click()
    large = flipflop.page.get_by_role("dialog", name="Points")
    large.get_by_role("button", name="Table").click()
    headings = large.locator(".rnnviz-numbers th").all_inner_texts()
    assert headings[:5] == ["input", "rests", "unstable directions", "read as", "max |λ|"]
    assert {"starts", "speed q", "answers 2", "state 0"} <= {*headings}
    expect(large.locator(".rnnviz-numbers tbody tr")).to_have_count(27)


def test_other_inputs_and_epochs_have_other_points_and_the_first_are_kept(flipflop):
    find(flipflop)
    flipflop.choose("hold_values", "values")
    expect(story(flipflop)).to_contain_text("press F")
    find(flipflop)
    expect(story(flipflop)).to_contain_text("4 stable points were found")
    flipflop.choose("hold_values", "zero input")
    expect(story(flipflop)).to_contain_text("8 stable points were found")
    before = flipflop.drawn("phase")
    flipflop.drag("scrubber", [40])
    flipflop.expect_said("status", "Looking back")
    flipflop.expect_drawn_above("phase", before)
    expect(story(flipflop)).to_contain_text("press F")
    flipflop.press("back_to_now")
    expect(story(flipflop)).to_contain_text("8 stable points were found")


def test_an_lstm_shows_its_flow_while_it_learns_and_what_it_holds_after(opened, server):
    page = opened_at(
        opened, server, "cell=lstm&hidden=8&init_scale=0.1&lr=0.05&epochs=100000&epoch=20"
    )
    page.expect_drawn_above("spectra", 0)
    before = page.drawn("phase")
    page.play()
    page.expect_drawn_above("phase", before + 2)
    page.pause()
    find(page)
    outcome = page.at("points").locator(".rnnviz-rows p")
    expect(outcome).to_contain_text(re.compile(r"\d+ stable, \d+ saddle, \d+ slow"))
    main = "(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)"
    assert page.page.evaluate(f"{main}(document.querySelector('.stMain'))") == 0


def test_a_long_search_can_be_cancelled_and_one_unit_has_no_plane(opened, server):
    page = opened_at(opened, server, "cell=lstm&hidden=64&layers=3")
    page.press("find")
    expect(story(page)).to_contain_text("Searching at epoch 0")
    page.press("cancel")
    expect(story(page)).to_contain_text("press F")
    expect(page.button("find")).to_be_enabled()
    page = opened(f"{server.url}/?hidden=1&epoch=3")
    page.replay("Dynamics")
    page.expect_in_chart("phase", "figure.layout.meta.sentence.includes('no plane to show')")
    find(page)


def test_a_word_that_is_pointed_at_is_marked_on_the_way_and_a_way_is_opened(opened, server):
    page = opened_at(opened, server, "epoch=20&phrase=i+am+not+good")
    way = "figure.data.find((s) => s.meta?.token === 0)"
    page.page.mouse.move(*page.place("phase", f"{way}.x[2]", f"{way}.y[2]"))
    page.page.wait_for_function("() => rnnviz.stage.token === 2")
    page.choose("question_dynamics", DynamicsQuestion.PATH)
    page.expect_drawn_above("trajectories", 0)
    alone = "figure.data.find((s) => s.name === 'negative')"
    page.page.mouse.click(*page.place("trajectories", f"{alone}.x[0]", f"{alone}.y[0]"))
    page.expect_all_heard()
    expect(page.phrase).not_to_have_value("i am not good")
