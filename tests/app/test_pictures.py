"""Every picture of every page is one that Plotly knows, and says what Plotly would say."""

import plotly.io
import pytest

from rnnviz.figures.picture import Picture
from tests.app.tab import PAGES, Page, rooms_of
from tests.figures.unpacked import unpacked

RUNS = {
    "words": {"epoch": "3"},
    "letters": {"epoch": "1", "task": "characters", "cell": "lstm"},
    "values": {"epoch": "1", "task": "adding", "cell": "gru", "layers": "2"},
    "waves": {"epoch": "1", "task": "waves"},
    "two languages": {"epoch": "0", "task": "translation"},
}


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("page", PAGES)
def test_every_picture_is_plotlys(page, run, monkeypatch):
    seen, say = [], Picture.to_json

    def compared(picture):
        said = say(picture)
        assert unpacked(said) == unpacked(plotly.io.to_json(picture.figure))
        seen.append(picture)
        return said

    monkeypatch.setattr(Picture, "to_json", compared)
    opened = Page(page, **RUNS[run])
    for room in rooms_of(page):
        if room is not None:
            opened.enter(room)
    assert seen
