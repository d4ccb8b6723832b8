"""Every page on every task, opened once: its pictures, its texts, and what it calls a sequence."""

import json

import plotly.io
import pytest

from rnnviz.config import TaskName
from rnnviz.figures.picture import Picture
from tests.app.tab import PAGES, Page, tabs_of, words_of
from tests.unit.figures.unpacked import unpacked

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
}
#: The pictures that a page has whatever is learned.
ALWAYS = {
    "train": {"loss", "metric", "map", "flow", "recurrent", "norms"},
    "step": {"step"},
    "gradients": {
        "over_lag", "spectrum", "feed_hh", "feed_xh", "clipping", "ratios", "checks"
    },
    "dynamics": {"phase", "spectra"},
}  # fmt: skip
#: Those that a tab may have.
TABS = {
    "Units": {"response"},
    "Trajectories": {"trajectories", "multiples"},
    "Linear probes": {"readability"},
    "What if": {"margins", "compared", "saliency"},
    "Break it": {"ablation", "margins"},
}
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
HEADER = {"status", "story", "health", "signs", "message"}


def assert_complete(opened, drawn):
    """Each place has its picture or its text, and every picture is one of Plotly's."""
    drawn.clear()
    charts = opened.charts
    assert charts.keys() == opened.places.keys()
    texts = {key.removeprefix("text_") for key in opened.components("text")}
    # The header is above every page.
    assert opened.bodies.keys() == texts | HEADER
    assert "saturated" in opened.text
    assert "nan" not in opened.text.lower().split()
    for chart, picture in zip(charts.values(), drawn, strict=True):
        sent = unpacked(json.dumps(chart["figure"]))
        assert sent == unpacked(plotly.io.to_json(picture.figure))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_on_every_task(page, session, drawn):
    opened, task = Page(page, session), session.config.task
    for view in tabs_of(page):
        assert_complete(opened.enter(view), drawn)
        if view == "Linear probes":
            opened.click("measure")
            assert_complete(opened, drawn)
            # There are only ten digits to spell.
            assert ("readability" in opened.charts) == (task != "spelling")
        if view == "What if":
            opened.choose("Kind of change", "put in another state")
            assert_complete(opened, drawn)
            assert "compared" in opened.charts
        if view is None:
            assert opened.charts.keys() >= ALWAYS[page]
        else:
            assert opened.charts.keys() <= TABS[view]
        if task not in PHRASES:
            # What is read is a letter or a number, a sequence and no phrase.
            assert "phrase" not in words_of(opened)
