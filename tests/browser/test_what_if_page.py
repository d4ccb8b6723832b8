"""The question *What if this word were another?*, asked as its reader asks it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.newcomer import discovery

LEARNED = "hidden=16&init_scale=0.1&epoch=500&phrase=now+i+am+bad"


@pytest.mark.story
def test_the_state_after_not_is_put_into_another_phrase_with_four_clicks(opened, server):
    page = opened(f"{server.url}/hidden?{LEARNED}", "words")
    page.expect_place("500")
    with discovery(page):
        page.page.get_by_text("What if this word were another?").click()
        page.expect_drawn_above("distance", 0)
        page.page.mouse.click(*page.place("compared", "2", "3"))
        page.page.get_by_text("another state", exact=True).click()
        donor = page.page.get_by_label("Take it from the phrase")
        donor.click()
        donor.fill("i am not")
        donor.press("Enter")
        story = page.page.locator(".rnnviz-story")
        expect(story).to_contain_text("With the state after “i am not” for that after “now i am”")
        expect(story).to_contain_text("the verdict turns")
    heads = "figure.layout.annotations.map(({ text }) => text)"
    page.expect_in_chart("compared", f"{heads}.includes('→ not')")
    distance = page.in_chart("distance", "[...figure.data[0].y]")
    assert distance[:2] == [0, 0]
    assert min(distance[2:]) > 0
    first, second = page.in_chart("answers", "figure.data.slice(0, 2).map(({ y }) => [...y])")
    assert first[:2] == second[:2]
    assert first[-1] < 0 < second[-1]

    # Where both are the same there is no number to tell.
    tip = page.chart("compared").locator(".rnnviz-tip")
    page.page.mouse.move(*page.place("compared", "-0.3", "3"))
    expect(tip).to_contain_text("“now”, before: h = ")
    page.page.mouse.move(*page.place("compared", "0", "3"))
    expect(tip).to_be_hidden()


def test_a_click_on_a_row_silences_its_unit_and_a_branch_goes_on_without_it(opened, server):
    page = opened(f"{server.url}/hidden?{LEARNED}", "words")
    page.expect_share("training", "100.0%")
    page.page.get_by_text("What breaks it?").click()
    story = page.page.locator(".rnnviz-story")
    expect(story).to_contain_text(" alone only ")
    page.expect_in_chart("removal", "figure.data[0].x.length === 17")
    unit = page.in_chart("ablation", "figure.layout.meta.units[0]")
    page.page.mouse.click(*page.place("ablation", "0", "0"))
    expect(story).to_contain_text(f"Without unit {unit} only ")
    expect(page.page.get_by_role("button", name=f"unit {unit} ✕")).to_be_visible()
    page.expect_in_chart("turned", "/^[1-9]\\d* of 78/.test(figure.layout.title.text)")
    page.press("branch_with")
    page.expect_said("message", f"edited weights (silence 1 {unit})")
    page.page.wait_for_url(re.compile("changes="))
    again = opened(page.page.url.replace("/hidden?", "/?"))
    again.expect_place("500")
    expect(again.status).not_to_contain_text("100.0%")
