"""The texts that come with a frame: each has its place, and nothing of the reader's is a tag."""

from html.parser import HTMLParser

import pandas as pd
import pytest

from rnnviz.config import RunConfig
from rnnviz.session import Session
from rnnviz.tasks.upload import File, Upload
from tests.ui.tab import PAGES, Page, rooms_of

RUNS = {
    "words": {"epoch": "1"},
    "letters": {"epoch": "1", "task": "characters", "cell": "lstm"},
    "values": {"epoch": "1", "task": "adding", "cell": "gru", "layers": "2"},
    "two languages": {"epoch": "0", "task": "translation"},
}
TAGS = {
    *("b", "br", "div", "h4", "i", "p", "progress", "small", "span", "table", "td", "th", "tr"),
    "u",
}
ATTRIBUTES = {"aria-label", "aria-live", "class", "max", "role", "style", "title", "value"}
HOSTILE = ("<img/src=x/onerror=alert(1)>", 'a"onmouseover="b', "</div><script>", "'><b>&lt;c")


class Parts(HTMLParser):
    """The tags and attributes of a text."""

    def __init__(self, body):
        super().__init__()
        self.tags, self.attributes = set(), set()
        self.feed(body)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("page", PAGES)
def test_every_text_has_a_place_and_every_place_a_text(page, run):
    opened = Page(page, **RUNS[run])
    for room in rooms_of(page):
        if room is not None:
            opened.enter(room)
        placed = {key.removeprefix("text_") for key in opened.components("text")}
        # That of the status lies above every page.
        assert opened.bodies.keys() == placed | {"status"}


@pytest.fixture(scope="module")
def hostile():
    """A session that learns words and classes that would be tags, asked a phrase of such words."""
    words = ["so", *HOSTILE]
    rows = [(f"{a} {b}", HOSTILE[k % 2]) for k, a in enumerate(words) for b in words]
    table = pd.DataFrame(rows, columns=["text", "label"]).to_csv(index=False)
    session = Session(RunConfig(hidden=6, epochs=3))
    session.load(Upload(File("own.csv", table.encode())))
    session.ask(" ".join([*HOSTILE, "<a>unknown</a>"]))
    assert len(session.inspect().words) == len(HOSTILE)
    assert session.dataset.classes == tuple(sorted(HOSTILE[:2]))
    session.step_epoch()
    return session


@pytest.mark.parametrize("page", PAGES)
def test_nothing_that_is_the_readers_is_a_tag(page, hostile):
    opened = Page(page, hostile)
    for room in rooms_of(page):
        if room is not None:
            opened.enter(room)
        for key, body in opened.bodies.items():
            parts = Parts(body)
            assert parts.tags <= TAGS, key
            assert parts.attributes <= ATTRIBUTES, key
