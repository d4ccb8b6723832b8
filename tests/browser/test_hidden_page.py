"""Page *Hidden states*, used as its reader uses it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.serving import IDLE

LEARNED = "hidden=16&init_scale=0.1&epoch=500&phrase=i+am+not+good"


@pytest.fixture
def page(opened, server):
    """The page on a network that has learned its phrases."""
    page = opened(f"{server.url}/hidden?{LEARNED}", "response")
    page.expect_place("500")
    page.expect_share("training", "100.0%")
    return page


def show(page, key):
    """Scroll to a chart and wait until it is drawn."""
    page.chart(key).scroll_into_view_if_needed()
    page.expect_drawn_above(key, 0)


def pick(page, key, option):
    """Choose from a list, which closes again when the page changes or scrolls."""
    page.page.locator(IDLE).wait_for()
    box = page.at(key).get_by_role("combobox")
    box.evaluate("node => node.scrollIntoView({ block: 'center' })")
    box.click()
    page.page.get_by_role("option", name=option, exact=True).click()


def click_cell(page, key, column, row):
    """Click a cell of a heatmap by its place."""
    page.page.mouse.click(*page.place(key, str(column), str(row)))


def accuracy(page):
    """Training accuracy before and after, in percent."""
    row = page.page.locator(".rnnviz-trial tr").filter(has_text="training accuracy").inner_text()
    return [float(found) for found in re.findall(r"([\d.]+)%", row)]


def unit(page):
    """The unit that is looked at, as the text and its box say."""
    heading = page.page.locator(".rnnviz-unit h4").first.inner_text()
    found = re.match(r"Unit (\d+)", heading)[1]
    expect(page.at("unit").get_by_role("spinbutton")).to_have_value(found)
    return int(found)


def test_a_walk_through_all_rooms(page):
    """Find the unit that carries negation, silence it, and watch accuracy fall."""
    show(page, "response")
    heading = page.page.locator(".rnnviz-unit h4").first
    expect(heading).to_contain_text("number 1 of 16 by effect (ΔL")
    pick(page, "unit_word", "not")
    expect(heading).to_contain_text("number 1 of 16 by effect for “not”")
    page.keys(*["ArrowRight"] * 20, *["ArrowLeft"] * 19)
    expect(heading).to_contain_text("number 2 of 16")
    page.keys("ArrowLeft")
    expect(heading).to_contain_text("number 1 of 16")
    carrier = unit(page)
    _click_what_it_does(page)
    _read_it_from_the_state(page)
    _drop_the_word(page)
    _open_a_phrase(page)
    _silence(page, carrier)


def _click_what_it_does(page):
    words = page.in_chart("response", "figure.layout.xaxis.ticktext")
    click_cell(page, "response", words.index("not"), 3)
    expect(page.page.get_by_text("“not” changes unit")).to_be_visible()
    expect(page.page.locator(".rnnviz-tinted u").first).to_have_text("not")


def _read_it_from_the_state(page):
    page.choose("tab", "Linear probes")
    page.press("measure")
    show(page, "readability")
    page.expect_in_chart("readability", "figure.data.at(-1).name === 'epoch 500'")
    at_end, *_ = page.in_chart("readability", "[...figure.data.at(-1).y]")
    assert at_end > 0.9 > max(page.in_chart("readability", "[...figure.data[1].y]")[:3])


def _drop_the_word(page):
    page.choose("tab", "What if")
    show(page, "saliency")
    pick(page, "what_if_bar", "3: not")
    expect(page.page.locator(".rnnviz-said")).to_contain_text("“i am good” → positive")
    show(page, "compared")
    page.expect_in_chart("compared", "figure.layout.xaxis.ticktext[2] === given", "not→–")
    before = page.in_chart("compared", "Math.max(...figure.data[2].z.map((row) => row[1]))")
    assert before == 0


def _open_a_phrase(page):
    page.choose("tab", "Trajectories")
    show(page, "trajectories")
    expect(page.page.locator(".rnnviz-said")).to_contain_text("Axes fitted at epoch 500")
    show(page, "multiples")
    page.chart("trajectories").scroll_into_view_if_needed()
    # The end of the phrase that lies at the left.
    of = "figure.data.find((series) => Array.isArray(series.customdata))"
    end = f"((x) => x.indexOf(Math.min(...x)))({of}.x)"
    page.page.mouse.click(*page.place("trajectories", f"{of}.x[{end}]", f"{of}.y[{end}]"))
    expect(page.phrase).not_to_have_value("i am not good")
    expect(page.verdict).to_contain_text("with probability")


def _silence(page, carrier):
    page.choose("tab", "Break it")
    show(page, "ablation")
    page.expect_in_chart("ablation", "figure.data[0].z.some((row) => row.some((z) => z > 0))")
    assert accuracy(page) == [100, 100]
    click_cell(page, "ablation", carrier % 8, carrier // 8)
    expect(page.page.locator(".rnnviz-trial")).to_contain_text(f"silence 1 {carrier}.")
    before, after = accuracy(page)
    assert before == 100 > after
    page.press("undo")
    expect(page.page.locator(".rnnviz-trial")).to_contain_text("No edits")
    expect(page.status).to_contain_text("100.0%")


def test_a_branch_with_edits_a_table_and_the_past(page, opened):
    page.choose("tab", "Break it")
    page.at("numbers_hidden_break").locator("summary").click()
    expect(page.page.get_by_test_id("stDataFrame")).to_be_visible()
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="Download CSV").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert text.splitlines()[0] == "unit,rise of the training loss"
    assert len(text.splitlines()) == 17
    page.press("do_silence_n")
    expect(page.page.locator(".rnnviz-trial")).to_contain_text("silence 1 ")
    _, after = accuracy(page)
    page.press("branch_with")
    expect(page.message).to_contain_text("Branched at epoch 500 with edited weights (silence 1 ")
    page.expect_share("training", f"{after:.1f}%")
    page.page.wait_for_url(re.compile("changes="))
    again = opened(page.page.url.replace("/hidden?", "/?"))
    again.expect_place("500")
    again.expect_share("training", f"{after:.1f}%")
    page.page.bring_to_front()
    page.choose("tab", "Trajectories")
    show(page, "trajectories")
    now = page.in_chart("trajectories", "[...figure.data.at(-1).x]")
    page.drag("scrubber", [300, 40])
    page.expect_in_chart("trajectories", "figure.data.at(-1).x.some((x, i) => x !== given[i])", now)
    expect(page.page.locator(".rnnviz-said")).to_contain_text("Axes fitted at epoch 500")
