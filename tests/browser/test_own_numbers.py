"""A table of measurements, dropped on the page by its owner: seen, mended, learned."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.test_take_away import drop

#: Half a month, hour by hour, as a German spreadsheet writes it: with a gap and an empty cell.
HOURS = "\r\n".join(
    [
        "Zeit;Temperatur",
        *(
            f"{1 + k // 24:02d}.03.2024 {k % 24:02d}:00;{'' if k == 50 else f'{k * 7 % 24},5'}"
            for k in range(360)
            if k not in (100, 101, 102)
        ),
    ]
)


@pytest.mark.story
def test_a_table_that_is_dropped_on_the_page_is_seen_mended_and_learned(opened, server):
    page = opened(f"{server.url}/?hidden=4&epochs=100000", "network")
    sidebar = page.page.locator("section[data-testid=stSidebar]")
    box = page.page.locator("details").filter(has_text="Use your own data")
    expect(box.get_by_text("Choose or drop a file").first).to_be_attached()
    page.play()
    drop(page, "stunden.csv", HOURS.encode("utf-8-sig"))
    curve = page.page.get_by_role("img", name="Temperatur over time, 0.5 to 23.5")
    expect(curve).to_be_in_viewport()
    problems = page.page.get_by_role("region", name="Rows that can’t be used")
    expect(problems.get_by_role("row")).to_have_count(3)
    expect(problems).to_contain_text("3 steps are missing between 2024-03-05 03:00 and")
    expect(page.at("learn").get_by_role("button")).to_be_disabled()
    page.page.get_by_text("Fill: between neighbours").click()
    expect(page.page.get_by_text("filled, 4 steps")).to_be_visible()
    found = Axe().run(page.page, context="section[data-testid=stSidebar]")
    assert found.violations_count == 0, found.generate_report()
    page.expect_epoch_above(page.epoch + 1)  # the run in progress goes on
    page.start()
    page.expect_said("message", "with the data stunden.csv")
    page.step_to("1")
    sidebar.get_by_text("More settings").click()
    window = sidebar.get_by_role("spinbutton", name="Window").first
    expect(window).to_have_value("35")
    window.fill("24")
    window.press("Enter")
    page.expect_said("message", "because Window changed")
    page.step_to("1")
    window.fill("300")
    window.press("Enter")
    page.expect_said("message", "a window of numbers has at most 200 steps")
    expect(window).to_have_value("24")
    page.step_to("2")
