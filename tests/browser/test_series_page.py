"""Numbers over time on the first page: the curve of a window, and the whole series."""

import re

import pytest
from playwright.sync_api import expect

from rnnviz.config import RunConfig
from rnnviz.probe.session import Session

LINK = "?task=elnino&window=24&horizon=12&cell=gru&hidden=8&optimizer=adam&lr=0.01&batch=16&epoch=3"
PLOT = "rnnviz.stage.plots.get('network')"
FIRST_OF_SERIES = (
    f"(({{ left, series: {{ whole }} }}) => [left, whole.y + whole.height / 2])({PLOT}.layout)"
)


@pytest.fixture
def shown(opened, server):
    return opened(f"{server.url}/{LINK}", "network", width=1440, height=900)


def canvas_of(page):
    return page.chart("network").locator(".rnnviz-canvas")


@pytest.mark.story
def test_the_whole_series_moves_the_window(shown):
    session = Session(RunConfig(task="elnino", window=24, horizon=12))
    phrase = shown.page.locator(".rnnviz-phrase input")
    expect(phrase).to_have_value(session.first_phrase)
    box = canvas_of(shown).bounding_box()
    left, y = shown.page.evaluate(FIRST_OF_SERIES)
    mouse = shown.page.mouse
    mouse.move(box["x"] + left + 300, box["y"] + y)
    mouse.down()
    for x in (200, 100, -50):
        mouse.move(box["x"] + left + x, box["y"] + y)
    mouse.up()
    expect(phrase).to_have_value("1950-01")
    shown.page.wait_for_function(f"() => {PLOT}.network.curve.times[0] === '1950-01'")
    # The pointer is no longer held.
    mouse.move(box["x"] + left + 300, box["y"] + y)
    expect(phrase).to_have_value("1950-01")
    keys = shown.page.get_by_label("Window of the series")
    keys.focus()
    keys.press("ArrowRight")
    expect(phrase).to_have_value("1950-02")
    assert keys.get_attribute("aria-valuetext") == "1950-02 to 1952-01"
    expect(shown.page).to_have_url(re.compile("phrase=1950-02"))


def test_a_time_that_is_typed_is_the_window_that_begins_there(shown):
    phrase = shown.page.locator(".rnnviz-phrase input")
    phrase.fill("1987")
    shown.page.wait_for_function(f"() => {PLOT}.network.curve.times[0] === '1987-01'")
    phrase.fill("hello")
    expect(shown.page.locator(".rnnviz-verdict")).to_contain_text("No window begins at “hello”.")
    phrase.fill("24 25.5 26")
    shown.page.wait_for_function(f"() => {PLOT}.network.curve.number === null")
    assert shown.page.evaluate(f"[...{PLOT}.network.came[0].slice(0, 3)]") == [24, 25.5, 26]


def test_the_tip_has_the_number_of_the_table_and_what_was_expected(shown):
    config = RunConfig(
        task="elnino", window=24, horizon=12, cell="gru", hidden=8, optimizer="adam", lr=0.01,
        batch=16,
    )  # fmt: skip
    session = Session(config)
    session.player.advance(3)
    probe = session.inspect()
    tip = shown.chart("network").locator(".rnnviz-tip")
    x, y = shown.page.evaluate(
        f"(({{ x, series: {{ curve }} }}) => [x(5), curve.y + curve.height / 2])({PLOT}.layout)"
    )
    canvas_of(shown).hover(position={"x": x, "y": y})
    expect(tip).to_contain_text(probe.step_names[5])
    came, expected = map(float, re.findall(r"\d+\.\d+", tip.inner_text()))
    answers = session.dataset.own_answers(probe.answers)
    own = session.dataset.units.own(probe.example.inputs)
    assert (came, expected) == pytest.approx((own[5, 0], answers[4, 0]), abs=2e-4)


def test_it_goes_on_by_itself_below(shown):
    chart = shown.chart("continued")
    chart.scroll_into_view_if_needed()
    shown.expect_drawn_above("continued", 0)
    expect(chart.locator("canvas")).to_be_visible()
