"""Page *Gradients*, used as its reader uses it: one question, one sheet, at most five clicks."""

import re
from itertools import pairwise
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from rnnviz.config import TaskName
from rnnviz.tasks.data_source import PRESETS
from tests.browser.newcomer import discovery

LAG = {preset.config().cell: preset.config() for preset in PRESETS[TaskName.RECALL][:3]}
#: While the LSTM still learns smoothly: after a jump of its loss no two kinds of processor agree.
EPOCHS = 8


class Reader:
    """Reads one opened page."""

    def __init__(self, page):
        self.page, self.story = page, page.page.locator(".rnnviz-story")

    def go_to(self, key, epoch):
        """Click at an epoch of a picture over the epochs, of which a pixel may have some."""
        x, _ = self.page.place(key, str(epoch), "1")
        box = self.page.chart(key).bounding_box()
        at = {"x": x - box["x"], "y": box["height"] / 2}
        self.page.chart(key).click(position=at)
        self.page.expect_said("status", "Looking back")
        assert self.page.epoch == pytest.approx(epoch, abs=3)

    def sizes(self):
        """The gradient at every word, by its exact numbers, and the rounding error if in sight."""
        self.page.expect_in_chart("over_lag", "figure.data.length > 0")
        phrase = "figure.data.find(({ name }) => /^this /.test(name))"
        sizes = self.page.in_chart("over_lag", f"{phrase}.customdata.map(([, size]) => +size)")
        region = "figure.layout.shapes.find(({ type }) => type === 'rect')"
        return sizes, self.page.in_chart("over_lag", f"{region}?.y1")

    def angles(self):
        texts = self.page.in_chart("directions", "[...figure.data[1].text]")
        return [int(re.search(r"(\d+)°", text)[1]) for text in texts]


@pytest.fixture
def read(opened, server):
    """Opens the page at a link."""

    def read(**link):
        page = opened(f"{server.url}/gradients?{urlencode(link)}", "over_lag")
        page.expect_place(str(link["epoch"]))
        return Reader(page)

    return read


@pytest.mark.story
def test_a_newcomer_sees_why_lag_20_fails_for_elman_and_not_for_the_lstm(page):
    """From the first page, by what the page itself offers next."""
    story = page.page.locator(".rnnviz-story")
    with discovery(page):
        page.choose_task(TaskName.RECALL)
        page.expect_said("status", "of 30")
        page.button("play").click()
        page.expect_said("status", "Finished")
        expect(story).to_contain_text("The run ended with a loss of at least 75% of guessing.")
        story.get_by_role("button", name="How far back?").click()
        page.expect_drawn_above("over_lag", 0)
        expect(story).to_contain_text(
            "Up to epoch 24 of 30 less than 0.1% of the gradient reached “A”"
        )
        page.expect_in_chart("map", "figure.data[0].x.length > 20")
        story.get_by_role("button", name="Train LSTM, lag 20").click()
        page.expect_said("status", "Running")
        expect(story).to_contain_text(re.compile(r"\d+% of it reaches “A”, 20 characters back\."))
        page.expect_in_chart("gauge", "figure.data.some(({ name }) => /half-life/.test(name))")
    expect(page.page.get_by_role("radio", name="How far back does it reach?")).to_be_checked()


def test_a_sign_of_health_leads_to_the_tab_that_shows_it(page):
    page.button("step_epoch").click()
    page.page.locator(".rnnviz-health-button").click()
    signs = page.page.locator(".rnnviz-signs")
    signs.get_by_role("button", name="clipped").click()
    page.expect_drawn_above("map_hh", 0)
    expect(signs).to_be_hidden()
    page.page.locator(".rnnviz-health-button").click()
    signs.get_by_role("button", name="reach").click()
    page.expect_drawn_above("over_lag", 0)
    expect(page.page.get_by_role("radio", name="How far back does it reach?")).to_be_checked()


def test_one_sees_why_lag_20_fails_for_elman_within_30_epochs_and_not_for_the_lstm(read):
    elman = read(**LAG["elman"].to_query(), epoch=EPOCHS)
    sizes, level = elman.sizes()
    assert len(sizes) == 21
    assert sizes[0] < level < sizes[-1], "lost in rounding"
    expect(elman.story).to_contain_text("20 characters back")
    expect(elman.story).to_contain_text(re.compile(r"10⁻\S+ of it reaches"), use_inner_text=True)
    elman.page.page.locator(".rnnviz-health-button").click()
    expect(elman.page.page.locator(".rnnviz-health .bad")).to_contain_text("reach")
    elman.page.page.keyboard.press("Escape")
    elman.page.button("play").click()
    elman.page.expect_said("status", "Finished")
    elman.page.expect_in_chart("map", "figure.data[0].x.length > 20")
    lstm = read(**LAG["lstm"].to_query(), epoch=EPOCHS)
    sizes, level = lstm.sizes()
    assert level is None
    assert sizes[0] > 0.01 * sizes[-1]
    lstm.page.expect_in_chart("gauge", "figure.data[0].x.length > 8")
    lstm.go_to("gauge", 1)
    assert lstm.sizes()[0] != sizes


def test_on_a_phone_pictures_stand_below_each_other_and_the_answer_is_whole(opened, server):
    page = opened(f"{server.url}/gradients?hidden=8&epoch=3", "over_lag", 390, 844)
    for key in ("products", "state_spectrum", "gauge", "map"):
        page.expect_drawn_above(key, 0)
    boxes = [page.chart(key).bounding_box() for key in ("over_lag", "products", "gauge", "map")]
    assert all(box["height"] > 150 for box in boxes)
    for above, below in pairwise(boxes):
        assert above["y"] + above["height"] <= below["y"]
    cut = "({ scrollHeight, clientHeight }) => scrollHeight - clientHeight"
    assert page.page.locator(".rnnviz-story").evaluate(cut) <= 0


@pytest.mark.story
def test_one_sees_where_the_notebooks_gradient_begins_to_point_elsewhere(read):
    reader = read(epoch=300, phrase="i am not happy")
    page = reader.page
    with discovery(page):
        page.ask("Is it right?")
        page.expect_drawn_above("directions", 0)
        *back, last = reader.angles()
        assert last == 0
        assert min(back) > 0
        told = re.compile(rf"wrong from 1 word back, by up to {max(back)}°")
        expect(reader.story).to_contain_text(told, use_inner_text=True)
        page.expect_in_chart("cosines", "figure.data[0].x.length > 20")
        reader.go_to("cosines", 30)
        page.expect_in_chart("directions", f"!figure.data[1].text[0].includes('{back[0]}°')")
        page.keys("g")
        page.expect_in_chart("parameters", "figure.data[0].x?.length === 5")
        expect(reader.story).to_contain_text("Yes, to")


def test_pictures_stand_on_the_words_and_nothing_moves_from_epoch_to_epoch(read):
    reader = read(epoch=30, phrase="i am not happy")
    page = reader.page
    columns = {page.place(key, "2", "1")[0] for key in ("over_lag", "products", "state_spectrum")}
    box = page.page.locator(".rnnviz-word").nth(2).bounding_box()
    for column in columns:
        assert column == pytest.approx(box["x"] + box["width"] / 2, abs=1.5)
    before = page.chart("over_lag").bounding_box()
    page.step_to("31")
    assert page.chart("over_lag").bounding_box() == before
