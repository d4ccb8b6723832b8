"""The story line: measured, in every task, at every moment."""

import re

import pytest

from rnnviz.config import RunConfig, TaskName
from rnnviz.lab.story import story
from rnnviz.presets import PRESETS
from rnnviz.session import Session
from rnnviz.training.schedule import Position
from tests.sampling import each_row


@pytest.fixture(scope="module")
def session():
    session = Session(RunConfig())
    session.player.advance(450)
    return session


def told(session, phrase="i am not bad"):
    return story(session.player, session.inspect(phrase))


@each_row(
    ("epoch", "chapter", "sentence"),
    [
        (0, "Untrained", "The weights are random: every verdict is a guess."),
        (
            60,
            "Plateau",
            r".+ guessing\. Each word back loses 9\d% of the gradient\.",
        ),
        (380, "Falling", r"The loss falls: “not” now turns the verdict\."),
        (450, "Learned", r"“not” turns the verdict\. Without it: 9\d% negative\."),
    ],
)
def test_the_story_of_the_default_run(session, epoch, chapter, sentence):
    session.player.go_to(Position(epoch))
    found = told(session)
    assert (found.chapter, found.broken) == (chapter, False)
    assert re.fullmatch(sentence, found.sentence)


def test_where_no_word_turns_the_verdict_it_tells_the_metric(session):
    session.player.go_to(Position(450))
    assert told(session, "good and good").sentence == "Accuracy 100% on the training set."


def test_a_run_that_broke_says_so():
    session = Session(RunConfig(lr=10))
    session.player.advance(1000)
    found = told(session)
    assert (found.chapter, found.broken) == ("Broken", True)
    assert "lower the learning rate" in found.sentence


@pytest.mark.parametrize("task", TaskName)
def test_every_task_has_a_story_that_fits_the_line(task):
    session = Session(PRESETS[task][0].config())
    for epochs in (0, 1, 2):
        session.player.advance(epochs)
        found = story(session.player, session.inspect())
        assert 0 < len(found.sentence) <= 75
        assert "nan" not in found.sentence
