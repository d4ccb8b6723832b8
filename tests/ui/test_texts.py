"""The texts that come with a frame: each has its place, and nothing of the reader's is a tag."""

from html.parser import HTMLParser

import pandas as pd
import pytest

from rnnviz.config import RunConfig
from rnnviz.dissection import Sort
from rnnviz.session import Session
from rnnviz.tasks.upload import File, Upload
from rnnviz.tasks.vocabulary import Unit
from tests.ui.tab import PAGES, Page, plain, rooms_of

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


def learned(columns, rows, **settings):
    """A session that has learned these rows, from a file that is called by a tag as well."""
    table = pd.DataFrame(rows, columns=columns).to_csv(index=False)
    session = Session(RunConfig(hidden=6, epochs=3, **settings))
    session.load(Upload(File("<img src=x>.csv", table.encode()), unit=Unit.WORDS))
    session.ask(" ".join([*HOSTILE, "<a>unknown</a>"]))
    assert len(session.inspect().words) >= len(HOSTILE)
    session.step_epoch()
    return session


@pytest.fixture(scope="module")
def labelled():
    """One that reads words and answers with classes that would be tags; all is chosen and found."""
    words = ["so", *HOSTILE]
    rows = [(f"{a} {b}", HOSTILE[k % 2]) for k, a in enumerate(words) for b in words]
    session = learned(["text", "label"], rows)
    lab, dynamics = session.dissection, session.dynamics
    word = session.dataset.vocabulary.words[0]
    lab.sort, lab.word, lab.cell = Sort.SELECTIVITY, word, (0, word)
    dynamics.find(session.scene)
    while dynamics.work(1):
        pass
    return session


@pytest.fixture(scope="module")
def writing():
    """One that learns which of such words comes next, and goes on by itself."""
    return learned(["text"], [(" ".join(HOSTILE * 5),)] * 4)


def harmless(page):
    """The texts of the page hold no tag and no attribute but our own."""
    for key, body in page.bodies.items():
        parts = Parts(body)
        assert parts.tags <= TAGS, key
        assert parts.attributes <= ATTRIBUTES, key


@pytest.mark.parametrize("page", PAGES)
def test_nothing_that_is_the_readers_is_a_tag(page, labelled):
    opened = Page(page, labelled)
    for room in rooms_of(page):
        if room is not None:
            opened.enter(room)
        harmless(opened)
        assert "<img src=x>.csv" in plain(opened.bodies["status"])


def test_nor_is_it_at_any_moment_of_a_step(labelled):
    opened = Page("step", labelled)
    for cursor in range(labelled.microscope.last + 1):
        labelled.microscope.go_to(cursor)
        opened.run()
        harmless(opened)


def test_nor_in_what_a_network_writes(writing):
    opened = Page("train", writing)
    assert any(word in plain(opened.bodies["sample"]) for word in HOSTILE)
    harmless(opened)
