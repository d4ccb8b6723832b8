"""The page Runs: a sweep begun there, looked at, and one of its runs opened."""

import re
import time
from contextlib import closing

import pytest
from playwright.sync_api import expect

from rnnviz.sweeps.store import Store, StoreError
from tests.browser.serving import expect_there, open_page, serve, visit
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
        page.press("sweep")
        file, until = tmp_path / "rnnviz" / "runs.sqlite", time.monotonic() + 60
        while not file.exists() or runs_in(file) < 10:
            assert time.monotonic() < until
            page.page.wait_for_timeout(200)
        # Some may be shown already.
        page.page.reload()
        expect(page.page.get_by_test_id("stDataFrame")).to_be_visible()
        expect(page.page.locator(".rnnviz-story")).to_contain_text(
            re.compile(r"Learning rate: 0\.001 0 of 5, 0\.1 \d of 5")
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
        expect_there(page.page, "[data-picture=runs][data-drawn]:not([inert])")
        chart.focus()
        page.page.keyboard.press("ArrowRight")
        page.page.keyboard.press("Enter")
        expect(page.status).to_contain_text("40 of 40")
        page.page.context.close()
