"""Every page on every task, opened once: its pictures, its texts, and what it calls a sequence."""

import json
import re

import numpy as np
import pandas as pd
import plotly.io
import pytest

from rnnviz.charts.picture import Picture
from rnnviz.config import RunConfig, TaskName
from rnnviz.probe.questions import DynamicsQuestion, GradientQuestion, StateQuestion, TrainQuestion
from rnnviz.probe.session import from_frame
from rnnviz.tasks.data.rows import Form
from tests.page.painter import unknown
from tests.page.tab import PAGES, Page, tabs_of, words_of
from tests.unit.charts.unpacked import unpacked

ELMAN, GRU, LSTM = {"cell": "elman"}, {"cell": "gru"}, {"cell": "lstm"}
DEEP = {"layers": "2"}
#: What is learned, and by which network: each cell on each kind of data.
RUNS = {
    "sentiment": {"epoch": "3"},
    "recall": {"lag": "3", "epoch": "1", **LSTM, **DEEP},
    "parity": {"dtype": "float32", "epoch": "1", **GRU},
    "adding": {"epoch": "1", **GRU, **DEEP},
    "characters": {"epoch": "1", **LSTM},
    "spelling": {"epoch": "1", **ELMAN, **DEEP},
    "flipflop": {"epoch": "1", **LSTM},
    "brackets": {"batch": "16", "epoch": "1", **ELMAN},
    "waves": {"epoch": "1", **ELMAN},
    "translation": {"epoch": "0", **GRU, **DEEP},
    "elnino": {"window": "12", "horizon": "3", "epoch": "1", **GRU},
    "sunspots": {"window": "11", "epoch": "1", **LSTM},
}
#: The pictures that a page, or the tab of a question, has whatever is learned.
ALWAYS = {
    TrainQuestion.LEARN: {"network", "curves"},
    TrainQuestion.WRONG: {"answers", "list"},
    "step": {"step"},
    GradientQuestion.REACH: {
        "words", "over_lag", "products", "gauge", "spectrum", "exponents", "map"
    },
    GradientQuestion.FEED: {
        "words", "feed_hh", "feed_xh", "ratios", "map_hh", "map_xh", "clipping", "angle"
    },
    GradientQuestion.RIGHT: {"words", "parameters"},
    DynamicsQuestion.REST: {"words", "phase", "spectra"},
    DynamicsQuestion.PATH: {"words", "trajectories", "separation", "components"},
}  # fmt: skip
#: Where a sequence is a phrase.
PHRASES = ("sentiment", "translation")


@pytest.fixture(scope="module", params=TaskName)
def session(request):
    """The run of one task, which every page looks at."""
    link = {"task": request.param, "hidden": "5", **RUNS[request.param]}
    return Page("train", **link).session


@pytest.fixture
def drawn(monkeypatch):
    """The pictures that are sent, in their order."""
    drawn, parts = [], Picture.parts

    def noted(picture):
        drawn.append(picture)
        return parts(picture)

    monkeypatch.setattr(Picture, "parts", noted)
    return drawn


#: The texts of the header, which pages of their own don't have.
HEADER = {"status", "story", "health", "signs", "message", "compare", "luck", "lesson"}


def assert_complete(opened, drawn):
    """Each place has its picture or its text.

    Every picture is one of Plotly's, and has only what the page's own painter can draw.
    """
    drawn.clear()
    charts = opened.charts
    assert charts.keys() == opened.places.keys()
    texts = {key.removeprefix("text_") for key in opened.components("text")} | opened.panel_texts
    # The header is above every page.
    assert opened.bodies.keys() == texts | HEADER
    assert "saturated" in opened.text
    assert "nan" not in opened.text.lower().split()
    for (key, chart), picture in zip(charts.items(), drawn, strict=True):
        if opened.places[key]["kind"] == "chart":
            assert unknown(chart["figure"]) == [], key
        sent = unpacked(json.dumps(chart["figure"]))
        assert sent == unpacked(plotly.io.to_json(picture.figure))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_on_every_task(page, session, drawn):
    opened, task = Page(page, session), session.config.task
    for view in tabs_of(page):
        assert_complete(opened.enter(view), drawn)
        assert opened.charts.keys() >= ALWAYS.get(view or page, set())
        if task not in PHRASES:
            # What is read is a letter or a number, a sequence and no phrase.
            assert "phrase" not in words_of(opened)


#: Numbers over time of each form.
STATES = [("x", "y")[k // 9 % 2] for k in range(90)]
NUMBERS = {
    "values": {"b": [k % 4 for k in range(90)]},
    "steps": {"state": STATES},
    "series": {
        "id": [f"m{k // 2}" for k in range(90)], "state": ["xy"[k // 2 % 2] for k in range(90)],
    },
}  # fmt: skip


@pytest.fixture(scope="module", params=NUMBERS)
def over_time(request):
    """A run that learns a form of numbers over time."""
    frame = pd.DataFrame({"t": range(90), "a": np.sin(np.arange(90)).round(2)})
    config = RunConfig(cell="gru", hidden=5, epochs=9)
    ahead = {"horizon": 2} if request.param == "values" else {}
    session = from_frame(frame.assign(**NUMBERS[request.param]), config, window=7, **ahead)
    assert session.dataset.series.columns.form == request.param
    session.player.advance(1)
    return session


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_on_numbers_over_time(page, over_time, drawn):
    opened = Page(page, over_time)
    for view in tabs_of(page):
        assert_complete(opened.enter(view), drawn)


@pytest.mark.parametrize("page", ["hidden", "gradients", "dynamics"])
def test_a_step_of_a_series_is_named_by_its_time_in_the_words_and_in_every_tip(page, over_time):
    opened, probe = Page(page, over_time), over_time.inspect()
    for view in tabs_of(page):
        meta = opened.enter(view).charts["words"]["figure"]["layout"]["meta"]
        assert tuple(meta["words"]) == probe.step_names
        assert tuple(meta["steps"]) == probe.step_texts
        assert meta["typed"] == [], "numbers are changed in the phrase and on What if"


def test_units_are_told_by_what_they_follow(over_time):
    opened = Page("hidden", over_time).enter(StateQuestion.CARRY)
    assert {"following", "unit_season"} <= opened.charts.keys()
    assert {"response", "phrases"}.isdisjoint(opened.charts)
    names = [note["text"] for note in opened.charts["following"]["figure"]["layout"]["annotations"]]
    assert {"trend", "a"} <= {*names}
    assert "follows the" in opened.text
    count = len(over_time.dataset.train)
    measured = f"Measured on the training windows: all {count}."
    assert opened.charts["following"]["remark"] == measured


def test_the_path_of_values_with_a_season_has_its_loop_and_their_own_units(over_time):
    opened = Page("dynamics", over_time).enter(DynamicsQuestion.PATH)
    drawn = opened.chart("trajectories")["data"]
    values = over_time.dataset.series.columns.form is Form.VALUES
    assert values == any(one.get("name") == "mean of the season" for one in drawn)
    assert ("quarters of the season" in opened.text) == values
    states = [one for one in drawn if one.get("mode") == "markers" and one.get("text")]
    told, owner = states[0]["text"][0], states[0]["customdata"][0]
    times = [f"{time:g}" for time in over_time.dataset.train[owner].times]
    assert told.partition(": ")[0] in times


@pytest.mark.parametrize("page", ["step", "hidden", "gradients", "dynamics"])
def test_a_series_has_steps_and_windows_no_words(page, over_time):
    opened = Page(page, over_time)
    for view in tabs_of(page):
        said = words_of(opened.enter(view))
        found = re.search(r".{0,60}\b(word|phrase)s?\b.{0,30}", said)
        assert not found, found[0]
        for chart in opened.charts.values():
            assert not re.search(r"\b(token|sequence|word|phrase)s?\b", chart["remark"])
