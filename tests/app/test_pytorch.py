"""Every page on a network from PyTorch: with labels, without, and read out after every word."""

import pytest

import rnnviz
from tests.app.tab import PAGES, Page, tabs_of

torch = pytest.importorskip("torch")

from tests.unit.imports.torch_modules import CLASSES, WORDS, Classifier, made  # noqa: E402

EXAMPLES = [
    ("i am not bad", "positive"), ("i am good", "positive"), ("the bad", "negative"),
    ("not good", "negative"), ("i am", "neutral"),
]  # fmt: skip
#: A module, and the examples for it.
KINDS = {
    "gru": (("gru", 2), EXAMPLES),
    "lstm": (("lstm",), EXAMPLES),
    "relu": (("relu",), EXAMPLES),
    "unlabelled": (("lstm", 2), ()),
    "texts": (("rnn",), ["i am not bad", "good"]),
    "every": (("gru", 1, True, True), ["i am not bad", "good"]),
}


def session_of(kind):
    options, examples = KINDS[kind]
    return rnnviz.from_torch(made(Classifier, *options), WORDS, CLASSES, examples=examples)


@pytest.fixture(scope="module", params=KINDS)
def session(request):
    return session_of(request.param)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands(page, session):
    opened = Page(page, session)
    opened.ask("i am not very good")
    for view in tabs_of(page):
        opened.enter(view)
        opened.finish()
        assert opened.charts.keys() == opened.places.keys()
        assert "nan" not in opened.text.lower().split()
        assert opened.session.config == session.config


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_after_training_on(page):
    session = session_of("gru")
    session.player.advance(3)
    opened = Page(page, session)
    for view in tabs_of(page):
        opened.enter(view)
        assert opened.charts.keys() == opened.places.keys()


def test_play_is_refused_without_labels():
    page = Page("train", session_of("unlabelled"))
    for button in ("play", "step_epoch", "step_phrase"):
        page.click(button)
        assert "There are no labelled examples to train on" in page.bodies["message"]
        assert page.session.run.position.epoch == 0
    assert "–" in page.bodies["status"]
    assert "Opened" in page.bodies["story"]


def test_what_differs_is_said_beside_play():
    page = Page("train", session_of("lstm"))
    assert "moves half as far a step under sgd" in page.bodies["message"]
    page.click("step_epoch")
    assert page.session.run.position.epoch == 1


def test_the_step_page_says_why_nothing_is_applied():
    page = Page("step", session_of("unlabelled"))
    page.click("apply")
    assert "no labelled examples" in page.bodies["message"]
