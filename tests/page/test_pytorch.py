"""Every page on a network from PyTorch: with labels, without, and read out after every word."""

import re

import pytest

import rnnviz
from tests.page.tab import PAGES, Page, tabs_of, words_of

torch = pytest.importorskip("torch")

from tests.unit.files.torch_modules import (  # noqa: E402
    CLASSES,
    HIDDEN,
    WORDS,
    Classifier,
    made,
)
from tests.unit.files.torch_numbers import (  # noqa: E402
    INPUTS,
    Sensor,
    answers,
    labelled,
    sequences,
)  # fmt: skip

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


#: Networks that read words and answer values.
VALUES = {
    "words, values": (
        "gru",
        False,
        [("i am not bad", [0.5, 1]), ("good", [1, -2]), ("bad", [0, 0])],
    ),
    "words, values at every word": ("lstm", True, ["i am not bad", "good"]),
}
#: Networks that read numbers: whether they answer classes, and after every step; with labels.
NUMBERS = {
    "numbers, a class": (True, False, True),
    "numbers, classes": (True, True, True),
    "numbers, values": (False, False, True),
    "numbers, values at every step": (False, True, True),
    "numbers, a class, unlabelled": (True, False, False),
    "numbers, values, unlabelled": (False, False, False),
}


def session_of_numbers(kind):
    classes, every, known = NUMBERS[kind]
    module = made(Sensor, every=every, outputs=3 if classes else 2)
    examples = labelled(6, 0, classes, every) if known else sequences(6)
    test = labelled(4, 1, classes, every) if known else ()
    return rnnviz.from_torch(
        module, inputs=INPUTS, **answers(classes), examples=examples, test_examples=test
    )


def session_of_values(kind):
    cell, every, examples = VALUES[kind]
    module = made(Classifier, cell, every=every)
    module.fc = torch.nn.Linear(HIDDEN, 2).double()
    return rnnviz.from_torch(module, WORDS, outputs=["force", "wear"], examples=examples)


def session_of(kind):
    if kind in VALUES:
        return session_of_values(kind)
    if kind in NUMBERS:
        return session_of_numbers(kind)
    options, examples = KINDS[kind]
    return rnnviz.from_torch(made(Classifier, *options), WORDS, CLASSES, examples=examples)


@pytest.fixture(scope="module", params=[*KINDS, *NUMBERS, *VALUES])
def session(request):
    return session_of(request.param)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands(page, session):
    opened = Page(page, session)
    opened.ask("i am not very good" if session.dataset.tokens else "0.5,-1,2 0,0.25,1")
    for view in tabs_of(page):
        opened.enter(view)
        opened.finish()
        assert opened.charts.keys() == opened.places.keys()
        assert "nan" not in opened.text.lower().split()
        assert opened.session.config == session.config
        if not session.dataset.tokens:
            questions = [o for box in opened.app.get("button_group") for o in box.options]
            assert not any("word" in one for one in questions if one.endswith("?"))
            said = re.findall(r".{30}\b(?:phrases?|vocabulary|word)\b.{30}", words_of(opened))
            assert not said


@pytest.mark.parametrize("kind", ["gru", "numbers, a class", "numbers, values at every step"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_after_training_on(page, kind):
    session = session_of(kind)
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
