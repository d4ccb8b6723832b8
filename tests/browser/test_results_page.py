"""Page *Train*, *Where is it wrong?*, used as its reader uses it."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.newcomer import discovery

QUESTION = "Where is it wrong?"
THINGS = {
    "song": "music", "jazz": "music", "piano": "music", "lamp": "light", "bulb": "light",
    "rain": "weather", "wind": "weather", "clock": "timer",
}  # fmt: skip
VERBS = ("show", "start", "stop", "find", "want")
REQUESTS = "text,label\n" + "".join(
    f"{verb} the {thing},{label}\n" for verb in VERBS for thing, label in THINGS.items()
)


@pytest.fixture
def page(opened, server):
    """A run that has not learned yet, at the question."""
    page = opened(f"{server.url}/?hidden=8&init_scale=0.1&lr=0.05&epoch=12")
    page.ask(QUESTION)
    page.expect_drawn_above("list", 0)
    return page


def rows(page):
    return page.at("list").locator("tr[data-row]")


@pytest.mark.story
def test_the_three_surest_errors_of_ones_own_data_are_found_with_five_clicks(opened, server):
    page = opened(f"{server.url}/?epochs=9", "network", 1280, 720)
    with discovery(page, besides=1):
        page.page.get_by_text("Use your own data").click()
        page.upload(REQUESTS, "requests.csv")
        expect(page.at("learn")).to_be_visible()
        page.start()
        page.expect_said("message", "with the data requests.csv")
        page.press("play")
        page.expect_said("status", "Finished")
        page.ask(QUESTION)
    shares = []
    for row in rows(page).all()[:3]:
        expect(row).to_be_in_viewport(ratio=1)
        place, text, target, answer, sure = row.locator("td").all_inner_texts()
        assert REQUESTS.splitlines()[int(place) - 1] == f"{text},{target}"
        assert THINGS[text.split()[-1]] == target != answer
        shares.append(int(sure.removesuffix("%")))
    assert shares == sorted(shares, reverse=True)
    expect(page.page.locator(".rnnviz-story")).to_contain_text("test phrases are right.")


def test_a_row_is_opened_with_the_keyboard_and_stays_in_focus_while_it_plays(page):
    second = rows(page).nth(1)
    text = second.locator("td").first.inner_text()
    rows(page).first.get_by_role("button").focus()
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Enter")
    expect(page.phrase).to_have_value(text)
    expect(rows(page).nth(1)).to_have_attribute("aria-current", "true")
    words = page.at("words").locator(".rnnviz-word")
    expect(words.first).to_have_value(text.split()[0])
    page.press("step_epoch")
    page.expect_place("13")
    rows(page).first.get_by_role("button").focus()
    drawn = page.drawn("list")
    page.page.keyboard.press("e")
    page.expect_drawn_above("list", drawn)
    assert page.page.evaluate("document.activeElement.closest('tr')?.dataset.row") is not None


def test_a_cell_is_clicked_and_the_list_is_of_its_phrases_and_all_can_be_saved(page):
    page.expect_drawn_above("confusion", 0)
    count = page.in_chart("confusion", "Number(figure.data[1].text[0])")
    page.page.mouse.click(*page.place("confusion", "0", "0"))
    expect(rows(page)).to_have_count(count)
    expect(page.at("list").locator("h4")).to_contain_text("is found")
    page.page.get_by_role("button", name="Save as CSV").click()
    with page.page.expect_download() as download:
        page.press("save-answers")
    with Path(download.value.path()).open(encoding="utf-8") as file:
        table = list(csv.DictReader(line for line in file if not line.startswith("# ")))
    assert len(table) == 20
    assert table[0].keys() == {"text", "label", "predicted", "probability"}
    said = [row for row in table if row["label"] == row["predicted"] == "negative"]
    assert len(said) == count


def test_the_list_has_a_table_and_a_file_of_its_own(page):
    page.at("list").get_by_role("button", name="Enlarge").click()
    large = page.page.get_by_role("dialog", name="Answers")
    large.get_by_role("button", name="Table").click()
    headings = large.locator(".rnnviz-numbers th").all_inner_texts()
    assert headings[0].endswith("surest first: phrase")
    assert headings[3].endswith("probability")


def test_nothing_scrolls_but_the_list(page):
    for width, height in ((1280, 720), (1440, 900), (1920, 1080)):
        page.page.set_viewport_size({"width": width, "height": height})
        page.page.wait_for_function(
            "() => (({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight)"
            "(document.querySelector('.stMain'))"
        )
        expect(page.at("metric")).to_be_in_viewport(ratio=1)


def test_a_sequence_that_is_pointed_at_in_the_list_is_marked_in_the_matrix(page):
    page.expect_drawn_above("confusion", 0)
    opened = page.page.evaluate("rnnviz.stage.plots.get('confusion').canvas.toDataURL()")
    other = rows(page).last
    other.hover()
    number = int(other.get_attribute("data-row"))
    page.page.wait_for_function("number => rnnviz.stage.phrase === number", arg=number)
    page.page.wait_for_function(
        "before => rnnviz.stage.plots.get('confusion').canvas.toDataURL() !== before", arg=opened
    )
    page.page.mouse.move(1, 1)
    page.page.wait_for_function(
        "before => rnnviz.stage.plots.get('confusion').canvas.toDataURL() === before", arg=opened
    )


def test_a_value_that_is_pointed_at_is_marked_in_the_list_and_opened_by_a_click(opened, server):
    page = opened(f"{server.url}/?task=adding&hidden=4&epoch=1")
    page.ask(QUESTION)
    page.expect_drawn_above("scatter", 0)
    number = int(rows(page).nth(3).get_attribute("data-row"))
    points = "figure.data.find(({ meta }) => meta?.phrases)"
    index = page.in_chart("scatter", f"{points}.customdata.indexOf({number})")
    place = page.place("scatter", f"{points}.x[{index}]", f"{points}.y[{index}]")
    page.page.mouse.move(*place)
    expect(page.at("list").locator("tr.pointed")).to_have_attribute("data-row", str(number))
    before = page.phrase.input_value()
    page.page.mouse.click(*place)
    expect(page.phrase).not_to_have_value(before)


def test_the_largest_error_over_time_is_the_first_of_the_list_and_is_opened_by_a_click(
    opened, server
):
    page = opened(f"{server.url}/?task=elnino&window=12&horizon=3&hidden=4&epoch=2")
    page.ask(QUESTION)
    page.expect_drawn_above("over_time", 0)
    errors = "Array.from(figure.data[0].y)"
    index = page.in_chart("over_time", f"{errors}.indexOf(Math.max(...{errors}))")
    place = page.place("over_time", f"figure.data[0].x[{index}]", f"figure.data[0].y[{index}]")
    page.page.mouse.move(*place)
    expect(rows(page).first).to_have_class("pointed")
    before = page.phrase.input_value()
    page.page.mouse.click(*place)
    expect(page.phrase).not_to_have_value(before)
    expect(rows(page).first).to_have_attribute("aria-current", "true")
    when, expected, came, _ = rows(page).first.locator("td").all_inner_texts()
    expect(page.verdict).to_have_text(f"Expected{expected}, came {came}")
    assert when in page.in_chart("answers", "figure.data[1].text[1]")
