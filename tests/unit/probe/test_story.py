"""The story line: measured, in every task, at every moment."""

import re
from dataclasses import replace

import pytest

from rnnviz.config import RunConfig, TaskName
from rnnviz.probe.questions import GradientQuestion, StateQuestion
from rnnviz.probe.session import Session
from rnnviz.run.schedule import Position
from rnnviz.tasks.registry import PRESETS
from tests.sampling import each_row


@pytest.fixture(scope="module")
def session():
    session = Session(RunConfig())
    session.player.advance(450)
    return session


def told(session, phrase="i am not bad"):
    session.ask(phrase)
    return session.story


def after(config, epochs):
    session = Session(config)
    session.player.advance(epochs)
    return session.story


def preset(task, label):
    return next(p for p in PRESETS[task] if p.label == label).config()


@each_row(
    ("epoch", "chapter", "sentence"),
    [
        (0, "Untrained", r"The weights are random: every verdict is a guess \(loss 0\.693\)\."),
        (60, "Plateau", r".+ guessing\. Each word back loses 9\d% of the gradient\."),
        (180, "Memory grows", r"Radius 0\.\d\d: each word back loses \d\d% of the gradient\."),
        (300, "Memory opens", r"Radius 1\.\d\d, but no word turns the verdict\."),
        (380, "Falling", r"Loss \d\d% below guessing: “not” now turns the verdict\."),
        (450, "Learned", r"“not” turns the verdict\. Without it: 9\d% negative\."),
    ],
)
def test_the_story_of_the_default_run(session, epoch, chapter, sentence):
    session.player.go_to(Position(epoch))
    found = told(session)
    assert (found.chapter, found.broken) == (chapter, False)
    assert re.fullmatch(sentence, found.sentence)
    assert len(found.sentence) <= 66


@each_row(
    ("epoch", "phrase", "question"),
    [
        (0, "i am not bad", None),
        (60, "i am not bad", GradientQuestion.REACH),
        (300, "i am not bad", GradientQuestion.REACH),
        (450, "i am not bad", StateQuestion.WHAT_IF),
        (450, "good and good", None),
    ],
)
def test_the_story_leads_to_the_tab_that_shows_what_it_tells(session, epoch, phrase, question):
    session.player.go_to(Position(epoch))
    assert told(session, phrase).question is question


def test_what_is_learned_in_training_alone_is_not_called_learned(session, monkeypatch):
    """As if what the test set reaches were chance."""
    monkeypatch.setattr("rnnviz.probe.story.chance_of", lambda data: 1.0)
    session.player.go_to(Position(450))
    found = told(session, "i am not sad")
    assert found.chapter == "Memorized"
    right = session.run.history.row(450)["test_metric"]
    assert found.sentence == (
        f"Learned the training data, 100% right, but {right:.0%} of the test set: "
        "no better than chance."
    )


def test_where_no_word_turns_the_verdict_it_tells_the_metric(session):
    session.player.go_to(Position(450))
    said = told(session, "good and good").sentence
    assert said == "Accuracy: 100% on the training set, guessing 50%."


def test_of_a_single_word_it_does_not_say_that_none_turns_the_verdict(session):
    session.player.go_to(Position(300))
    said = told(session, "good").sentence
    assert re.fullmatch(r"Radius 1\.\d\d, 0\.01 at the start\. Loss \d\d% below guessing\.", said)


def test_what_is_nearly_all_is_not_called_all():
    found = after(RunConfig(task=TaskName.RECALL, lag=2, hidden=8), 3)
    assert found.sentence.endswith("Each character back loses >99% of the gradient.")


def test_a_run_that_broke_says_so():
    found = after(RunConfig(lr=10), 1000)
    assert (found.chapter, found.broken) == ("Broken", True)
    assert "lower the learning rate" in found.sentence


def test_a_gradient_that_vanishes_is_told_until_memory_grows():
    """The first letter is 20 tokens back; until the radius has grown no gradient reaches it."""
    session, names = Session(preset(TaskName.RECALL, "Elman, lag 20")), []
    for _ in range(25):
        session.player.advance(1)
        names.append(session.story.chapter)
        if names[-1] == "Vanishing":
            said = session.story.sentence
            assert re.fullmatch(
                r"Only (\d·)?10⁻[⁰¹²³⁴⁵⁶⁷⁸⁹]+ of the gradient reaches the first character\.", said
            )
    assert list(dict.fromkeys(names)) == ["Vanishing", "Plateau", "Memory grows"]
    assert names == sorted(names, key=["Vanishing", "Plateau", "Memory grows"].index)


def test_a_run_that_ended_on_the_plateau_says_so_there_and_nowhere_before():
    ended, session = " The run ended before the loss fell.", Session(RunConfig(epochs=60))
    session.player.advance(60)
    assert told(session).sentence.endswith(ended)
    session.player.go_to(Position(50))
    assert not told(session).sentence.endswith(ended)


def test_in_a_phrase_longer_than_most_of_the_training_set_it_is_no_reason_not_to_learn(session):
    session.player.go_to(Position(60))
    assert told(session, " ".join(["i am not bad"] * 4)).chapter == "Plateau"


def test_units_at_the_ends_of_their_tanh_are_told_while_nothing_is_learned():
    found = after(RunConfig(lr=2), 3)
    assert found.chapter == "Saturated"
    assert re.fullmatch(r"9\d% of the states are where their tanh is almost flat\.", found.sentence)


def test_weights_that_begin_with_a_large_radius_tell_of_no_memory_that_opens():
    flipflop = PRESETS[TaskName.FLIPFLOP][0].config()
    assert after(flipflop, 1).chapter == "Plateau"
    small = after(replace(flipflop, init="normal", init_scale=0.01), 6)
    assert small.chapter == "Memory opens"
    assert re.match(r"Radius 1\.\d\d, 0\.06 at the start\. Loss", small.sentence)


@each_row(
    ("task", "epochs", "sentence"),
    [
        (TaskName.BRACKETS, 8, r"Perplexity \d\.\d+, guessing 5; accuracy: \d\d%\."),
        (TaskName.SPELLING, 30, r"Perplexity \d\.\d+, guessing 16; exact match: \d+%\."),
        (TaskName.FLIPFLOP, 6, r"Mean squared error 0\.\d+, guessing 1; signs right: \d\d%\."),
        (TaskName.ADDING, 14, r"Mean squared error 0\.\d+, guessing 0\.16; within 0\.1: \d\d%\."),
    ],
)
def test_where_there_is_no_verdict_it_tells_the_loss_beside_guessing(task, epochs, sentence):
    found = after(PRESETS[task][0].config(), epochs)
    assert found.chapter == "Falling"
    assert re.fullmatch(sentence, found.sentence)


@pytest.mark.parametrize("task", TaskName)
def test_every_task_has_a_story_that_fits_the_line(task):
    session = Session(PRESETS[task][0].config())
    for epochs in (0, 1, 2, 6):
        session.player.advance(epochs)
        found = session.story
        assert 0 < len(found.sentence) <= 80
        assert "nan" not in found.sentence
        assert re.search(r"\d", found.sentence)
