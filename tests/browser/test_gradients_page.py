"""Page *Gradients*, used as its reader uses it."""

from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from rnnviz.config import TaskName
from rnnviz.presets import PRESETS

CHARTS = [
    "over_lag", "products", "spectrum", "state_spectrum", "exponents", "feed_hh", "feed_xh",
    "clipping", "ratios", "pairs", "checks", "by_length", "errors",
]  # fmt: skip
LAG = {preset.config().cell.value: preset.config() for preset in PRESETS[TaskName.RECALL][:3]}
#: While the LSTM still learns smoothly: after a jump of its loss no two kinds of processor agree.
EPOCHS = 8


@pytest.fixture
def lag_20(opened, server):
    """Opens the page on a preset of the recall task after a few epochs."""

    def lag_20(cell):
        query = urlencode({**LAG[cell].to_query(), "epoch": EPOCHS})
        page = opened(f"{server.url}/gradients?{query}", "over_lag")
        page.expect_place(str(EPOCHS))
        return page

    return lag_20


def show(page, key):
    """Scroll to a chart and wait until it is drawn."""
    page.chart(key).scroll_into_view_if_needed()
    page.expect_drawn_above(key, 0)


def curve(page):
    """The median over the lag, and the level of the rounding."""
    show(page, "over_lag")
    median = page.in_chart(
        "over_lag", "[...figure.data.find((one) => one.name === 'median').customdata]"
    )
    level = page.in_chart("over_lag", "figure.layout.shapes[0].y0")
    return [float(row[0]) for row in median], level


def test_one_sees_why_lag_20_fails_for_elman(lag_20):
    page = lag_20("elman")
    for key in CHARTS:
        show(page, key)
        expect(page.at(key).locator("figcaption")).not_to_be_empty()
    sizes, level = curve(page)
    assert len(sizes) == 21
    assert sizes[20] < level
    page.page.locator(".rnnviz-health-button").click()
    words = page.page.locator(".rnnviz-health td i")
    expect(words).to_have_count(6)
    assert set(words.all_inner_texts()) <= {"fine", "watch", "bad"}
    expect(page.page.locator(".rnnviz-health .bad")).to_contain_text("reach")
    expect(page.page.locator(".rnnviz-health p")).to_contain_text("try larger recurrent weights")
    page.page.keyboard.press("Escape")
    show(page, "checks")
    page.keys("g")
    page.expect_in_chart("checks", "figure.data[0].x?.length === 5")
    page.press("play")
    expect(page.status).to_contain_text("Finished")
    show(page, "errors")
    page.page.get_by_text("Longer sequences").click()
    show(page, "longer")
    page.expect_in_chart("longer", "figure.data[0]?.x?.length === 12")


def test_one_sees_why_the_lstm_does_not_and_since_when(lag_20):
    page = lag_20("lstm")
    sizes, level = curve(page)
    assert sizes[20] > 1e6 * level
    expect(page.page.locator(".rnnviz-story i")).not_to_have_class("bad")
    top, drawn = page.chart("over_lag").bounding_box()["y"], page.drawn("over_lag")
    page.drag("scrubber", [8, 1])
    page.expect_place("1")
    page.expect_drawn_above("over_lag", drawn)
    assert curve(page)[0] != sizes
    assert page.chart("over_lag").bounding_box()["y"] == pytest.approx(top, abs=1)
