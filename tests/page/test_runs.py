"""The page Runs: the runs that are kept, and a sweep that is started from the page."""

import time
from contextlib import closing

import pytest

from rnnviz.config import RunConfig
from rnnviz.questions.runs.measure import RunsLab, RunsPicture
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.members import trained
from rnnviz.sweeps.store import Store, default_path
from tests.page.tab import Page

SMALL = {"hidden": 4, "epochs": 3}


@pytest.fixture(autouse=True)
def own_file(monkeypatch, tmp_path):
    """The user's file of runs, in a folder of the test."""
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))


@pytest.fixture
def filled():
    """Two seeds of two cells."""
    with closing(Store(default_path())) as store:
        for cell in ("elman", "gru"):
            for seed in (0, 1):
                store.add(trained(Schedule(RunConfig(cell=cell, seed=seed, **SMALL))))


def lab_of(page):
    return page.session.lab(RunsLab)


def test_without_runs_the_page_says_how_to_make_some():
    page = Page("runs", **SMALL)
    assert "rnnviz sweep" in page.app.info[0].value


def test_the_table_has_a_row_for_the_seeds_of_each_setting(filled):
    page = Page("runs", **SMALL)
    table = page.app.dataframe[0].value
    assert table["cell"].tolist() == ["elman", "gru"]
    assert table["n"].tolist() == [2, 2]
    assert "of 4" in page.text


@pytest.mark.parametrize("view", [RunsPicture.CURVES, RunsPicture.WHEN, RunsPicture.SCORES])
def test_every_picture_is_drawn(filled, view):
    page = Page("runs", **SMALL)
    lab_of(page).view = view
    page.run()
    assert page.chart("runs")["data"]


def test_a_click_on_a_curve_opens_its_run_at_that_epoch(filled):
    page = Page("runs", **SMALL)
    lab = lab_of(page)
    row = lab.table[(lab.table["cell"] == "gru") & (lab.table["seed"] == 1)].iloc[0]
    page.say("click", on="runs", x=2, y=0.5, data=row["key"])
    page.run()
    config, at = page.session.config, page.session.player.position
    assert (config.cell, config.seed, at.epoch) == ("gru", 1, 2)
    assert page.session.run.position.epoch == 3
    assert "same" not in page.session.player.message.replace("the same to the last bit", "")


def test_a_sweep_that_the_page_starts_is_trained_and_offered(filled):
    page = Page("runs", **SMALL)
    page.app.multiselect(key="sweep_names").set_value(["lr"])
    page.run()
    page.app.text_input(key="sweep_lr").set_value("0.1,0.2")
    page.app.number_input(key="sweep_seeds").set_value(1)
    page.run()
    button = page.app.button(key="sweep")
    assert button.label == "Sweep: 2 runs"
    button.click()
    page.run()
    assert lab_of(page).sweep.wait(60) == 0
    page.run()
    assert sorted(lab_of(page).table["lr"].unique()) == [0.02, 0.1, 0.2]


def test_values_that_no_run_can_have_are_a_sentence(filled):
    page = Page("runs", **SMALL)
    page.app.multiselect(key="sweep_names").set_value(["lr"])
    page.run()
    page.app.text_input(key="sweep_lr").set_value("fast")
    page.run()
    assert page.app.button(key="sweep").disabled
    assert any("fast" in caption.value for caption in page.app.caption)


def test_a_sweep_in_progress_is_a_bar_that_can_be_cancelled(filled):
    page = Page("runs", **{**SMALL, "epochs": 100_000, "hidden": 64})
    page.app.button(key="sweep").click()
    page.run()
    process = lab_of(page).sweep
    until = time.monotonic() + 60
    while not (found := [b for b in page.app.button if b.key == "runs_cancel"]):
        assert time.monotonic() < until and process.poll() is None
        page.run()
    found[0].click()
    page.run()
    assert process.wait(60) > 0
