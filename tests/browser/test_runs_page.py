"""The page Runs: a sweep begun there, looked at, and one of its runs opened."""

import re
import time
from contextlib import closing

import pytest
from playwright.sync_api import expect

from rnnviz.config import RunConfig
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.members import trained
from rnnviz.sweeps.store import Store, StoreError
from tests.browser.serving import IDLE, expect_there, open_page, serve, visit
from tests.browser.train_page import TrainPage


def runs_in(file):
    try:
        with closing(Store(file, readonly=True)) as store:
            return len(store.done())
    except StoreError:  # Its tables are being made.
        return 0


@pytest.mark.story
def test_a_sweep_is_begun_on_the_page_and_its_best_run_opened(browser, complaints, tmp_path):
    folder = dict.fromkeys(("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"), str(tmp_path))
    with serve(environ=folder) as server:
        page = TrainPage(open_page(browser, complaints, viewport={"width": 1440, "height": 900}))
        visit(page.page, f"{server.url}/?hidden=8&epochs=40&init_scale=0.1")
        page.page.get_by_role("link", name="Runs").click()
        expect(page.page.get_by_text("No runs yet.")).to_be_visible()
        page.page.get_by_role("combobox", name="Settings that vary").click()
        page.page.keyboard.type("Learning rate")
        page.page.keyboard.press("Enter")
        page.page.keyboard.press("Escape")
        page.page.get_by_role("textbox", name="Learning rate").fill("0.001,0.1")
        page.page.keyboard.press("Tab")
        # Streamlit drops a text whose run of the script has not begun when the page is left.
        expect(page.page.get_by_role("button", name="Sweep: 10 runs")).to_be_visible()
        # What stands there is there again after another page.
        page.page.get_by_role("link", name="Train").click()
        expect_there(page.page, "[data-picture=network][data-drawn]:not([inert])")
        page.page.get_by_role("link", name="Runs").click()
        value = page.page.get_by_role("textbox", name="Learning rate")
        expect(value).to_have_value("0.001,0.1")
        page.press("sweep")
        file, until = tmp_path / "rnnviz" / "runs.sqlite", time.monotonic() + 60
        while not file.exists() or runs_in(file) < 10:
            assert time.monotonic() < until
            page.page.wait_for_timeout(200)
        # Some may be shown already.
        page.page.reload()
        expect(page.page.get_by_test_id("stDataFrame")).to_be_visible()
        expect(page.page.locator(".rnnviz-story")).to_contain_text(
            re.compile(r"Learning rate 0\.001: 0 of 5, 0\.1: \d of 5")
        )
        expect_there(page.page, "[data-picture=runs][data-drawn]:not([inert])")
        chart = page.page.locator("[data-picture=runs] canvas")
        chart.focus()
        page.page.keyboard.press("ArrowRight")
        page.page.keyboard.press("Enter")
        # The run is there to its end, at the epoch that was clicked.
        expect(page.message).to_contain_text("The run is the same to the last bit.")
        page.page.get_by_role("radio", name="when").or_(
            page.page.get_by_role("button", name="when", exact=True)
        ).first.click()
        expect_there(page.page, ".st-key-runs_when [data-picture=runs][data-drawn]:not([inert])")
        chart.focus()
        page.page.keyboard.press("ArrowRight")
        page.page.keyboard.press("Enter")
        expect(page.status).to_contain_text("40 of 40")
        page.page.context.close()


@pytest.fixture
def swept(browser, complaints, tmp_path):
    """The page with a sweep over cell and lag, of which LSTM alone learns the longer one."""
    folder = dict.fromkeys(("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"), str(tmp_path))
    with serve(environ=folder) as server:
        path = tmp_path / "rnnviz" / "runs.sqlite"
        path.parent.mkdir()
        configs = [
            RunConfig(task="recall", cell=cell, lag=lag, seed=seed, epochs=3, hidden=4)
            for cell in ("elman", "lstm") for lag in (5, 9) for seed in (0, 1)
        ]  # fmt: skip
        with closing(Store(path)) as store:
            for config in configs:
                store.add(trained(Schedule(config)))
        page = TrainPage(open_page(browser, complaints, viewport={"width": 1440, "height": 900}))
        visit(page.page, f"{server.url}/runs?task=recall&hidden=4&epochs=3", "runs")
        yield page
        page.page.context.close()


def in_row(page, row, x):
    """Click in a row of the table, which is a canvas, ``x`` pixels from its left."""
    grid = page.page.get_by_test_id("stDataFrame")
    grid.click(position={"x": x, "y": 35 + 30 * row + 15})


def view(page, name):
    page.page.get_by_role("radio", name=name, exact=True).click()
    expect_there(page.page, f".st-key-runs_{name} [data-picture=runs][data-drawn]:not([inert])")


def press_the_next_point(page):
    chart = page.page.locator("[data-picture=runs] canvas")
    chart.focus()
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("Enter")


def test_a_cell_of_the_map_draws_its_curves_and_two_ticked_rows_are_a_and_b(swept):
    view(swept, "map")
    press_the_next_point(swept)
    expect(swept.page.get_by_role("radio", name="curves", exact=True)).to_be_checked()
    # The settings of the cell are ticked; another one beside them.
    in_row(swept, 3, 15)
    both = swept.page.get_by_role("button", name="Compare two")
    expect(both).to_be_enabled()
    both.click()
    expect_there(swept.page, "[data-picture=pair_network][data-drawn]:not([inert])")
    expect(swept.status).to_contain_text("3")


def test_the_button_of_a_row_opens_its_run(swept):
    swept.page.get_by_role("radio", name="each run", exact=True).click()
    expect(swept.page.locator(IDLE)).to_be_attached()
    in_row(swept, 3, 65)
    expect_there(swept.page, "[data-picture=network][data-drawn]:not([inert])")
    expect(swept.message).to_contain_text("The run is the same to the last bit.")
    expect(swept.status).to_contain_text("3 of 3")


def test_a_run_is_kept_with_a_note_and_found_by_it(swept):
    swept.page.get_by_role("link", name="Train").click()
    expect_there(swept.page, "[data-picture=network][data-drawn]:not([inert])")
    swept.page.locator(".rnnviz-bar button[data-what=epoch]").click()
    expect(swept.status).to_contain_text("1 of 3")
    swept.page.get_by_role("button", name="Keep", exact=True).click()
    swept.page.get_by_role("textbox", name="Note").fill("an early one")
    swept.page.get_by_role("button", name="Keep in Runs").click()
    expect(swept.message).to_contain_text("kept: see Runs")
    swept.page.get_by_role("link", name="Runs").click()
    swept.page.get_by_role("button", name="Filter").click()
    swept.page.get_by_role("textbox", name="Note").last.fill("early")
    swept.page.keyboard.press("Enter")
    expect(swept.page.get_by_text("1 of 9 runs")).to_be_visible()
