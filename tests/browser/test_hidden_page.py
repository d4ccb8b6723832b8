"""Page *Hidden states*, used as its reader uses it: one question, one sheet, few clicks."""

import re

import pytest
from playwright.sync_api import expect

from rnnviz.probe.questions import StateQuestion
from tests.browser.newcomer import discovery

LEARNED = "epoch=420&phrase=right+now+i+am+not+at+all+happy"


@pytest.fixture
def page(opened, server):
    """The page on a network that has learned its phrases."""
    page = opened(f"{server.url}/hidden?{LEARNED}", "response")
    page.expect_place("420")
    page.expect_share("training", "100.0%")
    return page


def story(page):
    return page.page.locator(".rnnviz-story")


def unit(page):
    return page.page.evaluate("rnnviz.stage.header.sliders.unit.shown")


def rows(page, key):
    return page.in_chart(key, "figure.layout.meta.units")


def chip(page, word):
    return page.at("word").get_by_role("button", name=word, exact=True)


@pytest.mark.story
def test_the_unit_that_carries_negation_is_found_and_accuracy_falls_as_it_is_silenced(page):
    with discovery(page):
        chip(page, "not").click()
        expect(story(page)).to_contain_text(
            re.compile("“not” moves unit \\d+ by −0.\\d+ on average")
        )
        page.expect_in_chart("response", "figure.data[1].name === '“not”'")
        carrier = unit(page)
        assert rows(page, "memory")[0] == rows(page, "response")[0] == carrier
        # It changes its sign at the word, and keeps it to the end.
        values = page.in_chart("unit_words", "[...figure.data[0].y]")
        assert all(values[3] * value < -0.4 for value in values[4:]), values
        page.page.get_by_role("radio", name=StateQuestion.BREAKS).click()
        page.expect_drawn_above("ablation", 0)
        # Once all units are measured, their rows come in the order of the loss without each.
        page.expect_in_chart(
            "ablation", "figure.layout.title.text.includes('rise of the loss, up to')"
        )
        row = rows(page, "ablation").index(carrier)
        page.page.mouse.click(*page.place("ablation", "2", str(row)))
        expect(story(page)).to_contain_text(f"Without unit {carrier}")
        expect(story(page)).to_contain_text("only")
        assert float(re.search(r"only (\d+)", story(page).inner_text())[1]) < 60


def test_a_unit_and_a_word_are_chosen_in_every_picture_and_kept(page):
    rows_of = "figure.layout.meta.units"
    third = rows(page, "memory")[2]
    page.page.mouse.click(*page.place("memory", "1.2", "2"))
    page.expect_in_chart("unit_words", f"figure.layout.title.text.startsWith('Unit {third} ')")
    page.page.mouse.click(*page.place("unit_words", "1", "0.01"))
    expect(story(page)).to_contain_text("“now” moves unit")
    page.page.mouse.click(*page.place("response", "figure.data[0].x[3]", "5"))
    word = page.in_chart("response", "figure.data[0].x[3]")
    expect(story(page)).to_contain_text(f"“{word}” moves unit")
    expect(chip(page, word)).to_have_attribute("aria-pressed", "true")
    page.chart("phrases").get_by_text("very", exact=True).first.click()
    expect(chip(page, "very")).to_have_attribute("aria-pressed", "true")
    page.expect_in_chart("response", f"{rows_of}.length === 64")
    kept = unit(page)
    page.keys("ArrowRight", "ArrowRight", "ArrowLeft")
    order = rows(page, "memory")
    page.page.wait_for_function(
        "unit => rnnviz.stage.header.sliders.unit.shown === unit",
        arg=order[(order.index(kept) + 1) % 64],
    )
    page.page.wait_for_url(re.compile("unit="))


def test_memory_and_matrix_stand_at_the_same_height(page):
    box = """key => {
      const { canvas, chart } = rnnviz.stage.plots.get(key);
      return [chart.box.top, chart.box.bottom].map((y) => canvas.getBoundingClientRect().top + y);
    }"""
    memory, matrix = (page.page.evaluate(box, key) for key in ("memory", "response"))
    assert memory == pytest.approx(matrix, abs=1.5)


def test_what_can_be_read_is_measured_on_demand_and_every_picture_has_its_numbers(page):
    page.at("readout").get_by_text("linear probe").click()
    page.page.get_by_role("button", name="Measure").click()
    page.expect_in_chart("readability", "figure.data.at(-1)?.name === 'epoch 420'")
    at_end, *_ = page.in_chart("readability", "[...figure.data.at(-1).y]")
    assert at_end > 0.85 > max(page.in_chart("readability", "[...figure.data[1].y]")[:3])
    page.at("readout").get_by_text("single units").click()
    page.expect_drawn_above("phrases", 0)
    page.at("phrases").get_by_role("button", name="Enlarge").click()
    dialog = page.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Table").click()
    expect(dialog.locator("tbody tr")).to_have_count(58)
    dialog.get_by_role("button", name="Close").click()


def test_the_list_scrolls_in_its_own_box_and_the_page_does_not(page):
    box = page.chart("phrases").get_by_role("region")
    inside = box.evaluate(
        "node => [node.scrollHeight, node.clientHeight, node.scrollWidth, node.clientWidth]"
    )
    assert inside[0] > inside[1]
    assert inside[2] == inside[3]
    main = page.page.locator(".stMain")
    assert main.evaluate("node => node.scrollHeight === node.clientHeight")


def test_states_that_are_not_finite_have_a_sentence_in_the_list_too(opened, server):
    link = "init=normal&init_scale=2&activation=relu&hidden=256&dtype=float32"
    page = opened(f"{server.url}/hidden?{link}&phrase=bad{'+bad' * 59}", "response")
    expect(page.chart("phrases")).to_contain_text("The states are not finite numbers here.")
