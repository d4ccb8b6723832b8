"""Every page: each place has its picture or its text, and every picture is one of Plotly's."""

import json

import plotly.io
import pytest

from rnnviz.figures.picture import Picture
from tests.app.tab import PAGES, Page, rooms_of
from tests.unit.figures.unpacked import unpacked

RUNS = {
    "words": {"epoch": "3"},
    "letters": {"epoch": "1", "task": "characters", "cell": "lstm"},
    "values": {"epoch": "1", "task": "adding", "cell": "gru", "layers": "2"},
    "waves": {"epoch": "1", "task": "waves"},
    "two languages": {"epoch": "0", "task": "translation"},
}


@pytest.fixture
def drawn(monkeypatch):
    """The pictures that are sent, in their order."""
    drawn, parts = [], Picture.parts

    def noted(picture):
        drawn.append(picture)
        return parts(picture)

    monkeypatch.setattr(Picture, "parts", noted)
    return drawn


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("page", PAGES)
def test_every_place_has_what_it_is_for(page, run, drawn):
    opened = Page(page, **RUNS[run])
    for room in rooms_of(page):
        if room is not None:
            opened.enter(room)
        drawn.clear()
        charts = opened.charts
        assert charts.keys() == opened.places.keys()
        texts = {key.removeprefix("text_") for key in opened.components("text")}
        # That of the status lies above every page.
        assert opened.bodies.keys() == texts | {"status"}
        for chart, picture in zip(charts.values(), drawn, strict=True):
            said = unpacked(picture.to_json())
            assert said == unpacked(plotly.io.to_json(picture.figure))
            assert said == unpacked(json.dumps(chart["figure"]))
