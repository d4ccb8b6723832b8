"""The texts of a page: nothing of the reader's is a tag, and what is said is true."""

from html.parser import HTMLParser

import pandas as pd
import pytest

from rnnviz.config import RunConfig
from rnnviz.files.opened import session_of
from rnnviz.files.run_file import run_file
from rnnviz.files.weights_file import weights_file
from rnnviz.probe.questions import TrainQuestion
from rnnviz.probe.session import Session
from rnnviz.probe.units import Sort
from rnnviz.probe.work import spend
from rnnviz.questions.rest.measure import DynamicsLab, dynamics_query
from rnnviz.questions.step.measure import StepLab, StepSubject
from rnnviz.tasks.data.vocabulary import Unit
from rnnviz.tasks.upload import File, Upload
from tests.page.tab import PAGES, Page, plain, tabs_of, words_of
from tests.sampling import each_row

TAGS = set(
    "b bdi br button div h4 i p progress small span strong sup table td th tr u".split()  # noqa: SIM905
)
ATTRIBUTES = {
    "aria-expanded", "aria-label", "aria-live", "aria-pressed", "class", "colspan", "data-at",
    "data-chapter", "data-do", "data-epoch", "data-label", "data-preset", "data-question",
    "data-text",
    "data-what", "max", "role", "style", "title", "value",
}  # fmt: skip
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


def learned(columns, rows):
    """A session that has learned these rows, from a file that is called by a tag as well."""
    table = pd.DataFrame(rows, columns=columns).to_csv(index=False)
    session = Session(RunConfig(hidden=6, epochs=3))
    session.load(Upload(File("<img src=x>.csv", table.encode()), unit=Unit.WORDS))
    session.ask(" ".join([*HOSTILE, "<a>unknown</a>"]))
    assert len(session.inspect().words) >= len(HOSTILE)
    session.player.step_epoch()
    return session


@pytest.fixture(scope="module")
def labelled():
    """One that reads words and answers with classes that would be tags; all is chosen and found."""
    words = ["so", *HOSTILE]
    rows = [(f"{a} {b}", HOSTILE[k % 2]) for k, a in enumerate(words) for b in words]
    session = learned(["text", "label"], rows)
    lab, dynamics = session.units, session.lab(DynamicsLab)
    word = session.dataset.vocabulary.words[0]
    lab.sort, lab.word = Sort.SELECTIVITY, word
    dynamics.find(dynamics_query(session))
    while spend(1, dynamics.work()):
        pass
    return session


def assert_harmless(page, named=True):
    """The texts of the page hold no tag and no attribute but our own."""
    for key, body in page.bodies.items():
        parts = Parts(body)
        assert parts.tags <= TAGS, key
        assert parts.attributes <= ATTRIBUTES, key
    assert not named or "<img src=x>.csv" in plain(page.bodies["message"])


@each_row("page", PAGES)
def test_nothing_that_is_the_readers_is_a_tag(page, labelled):
    opened = Page(page, labelled)
    for view in tabs_of(page):
        assert_harmless(opened.enter(view))


def test_nor_are_those_of_a_file_that_is_opened(labelled):
    content = {"r.rnnviz": run_file(labelled, own_data=True), "w.npz": weights_file(labelled)}
    for name, file in content.items():
        opened = Page("train", session_of(file, name))
        assert len({*HOSTILE} & {*opened.session.dataset.vocabulary.words}) >= 3
        for view in tabs_of("train"):
            assert_harmless(opened.enter(view), named=False)


def test_nor_is_it_at_any_moment_of_a_step(labelled):
    opened = Page("step", labelled)
    for cursor in range(labelled.lab(StepLab).last + 1):
        labelled.lab(StepLab).go_to(cursor)
        opened.run()
        assert_harmless(opened)


def test_nor_in_what_a_network_writes():
    opened = Page("train", learned(["text"], [(" ".join(HOSTILE * 5),)] * 4))
    assert any(word in plain(opened.bodies["sample"]) for word in HOSTILE)
    assert_harmless(opened)


# What is true of these data, of this cell and with these settings

DEPENDS = {
    "one dot": ("answers", {"task": "adding"}, "the dot is the target", "two lines"),
    "two lines": ("answers", {"task": "waves"}, "between the two lines", "dot "),
    "two classes": ("answers", {}, "at which it changes its sign", "teal"),
    "more classes": ("answers", {"task": "recall"}, "the target in teal", "margin"),
    "a class after every token": ("answers", {"task": "brackets"}, "bold and red", "teal"),
}  # fmt: skip


@each_row(("key", "link", "said", "unsaid"), DEPENDS.values(), ids=DEPENDS.keys())
def test_a_text_says_what_is_true_of_what_is_learned(key, link, said, unsaid):
    opened = Page("train", hidden="4", **link).enter(TrainQuestion.WRONG)
    text = opened.places[key]["text"]
    assert said in text
    assert unsaid not in text


@each_row(("cell", "name"), [("elman", "W_hh"), ("gru", "W_hn")])
def test_the_text_of_the_gauge_names_the_weights_of_the_topmost_layer(cell, name):
    opened = Page("gradients", hidden="4", layers="2", cell=cell, **{"shown.layer": "1"})
    assert f"{name}.1" in opened.places["spectrum"]["text"]
    text = opened.places["gauge"]["text"]
    assert (f"{name}.2" in text, f"{name}.1" in text) == (True, False)


@each_row("task", ["characters", "flipflop"])
def test_at_no_moment_of_a_step_is_a_sequence_called_a_phrase(task):
    opened = Page("step", task=task, hidden="4", epoch="0")
    opened.choose("Step on", StepSubject.OWN)
    last = opened.session.lab(StepLab).last
    for cursor in (*range(0, last, 7), last - 2, last - 1, last):
        opened.session.lab(StepLab).go_to(cursor)
        opened.run()
        assert "phrase" not in words_of(opened)
