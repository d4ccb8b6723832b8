"""The word without which the verdict is another one."""

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe.session import Session
from rnnviz.probe.story import LONGEST, turning_word
from tests.unit.probe.known import letters, tally


@pytest.fixture(scope="module")
def learned():
    session = Session(RunConfig())
    session.player.advance(450)
    return session


def test_not_turns_the_verdict_and_without_it_the_phrase_is_read_as_such(learned):
    probe = learned.inspect("i am not bad")
    verdict = int(probe.answers[-1].argmax())
    turn = turning_word(probe.parameters, probe.example, verdict)
    assert probe.words[turn.token] == "not"
    without = learned.inspect("i am bad")
    assert int(without.answers[-1].argmax()) == turn.verdict != verdict
    assert turn.probability == pytest.approx(without.answers[-1].max())


def test_where_no_word_turns_it_there_is_none(learned):
    probe = learned.inspect("good and good")
    assert turning_word(probe.parameters, probe.example, int(probe.answers[-1].argmax())) is None


def test_of_several_that_turn_it_the_one_that_turns_it_most():
    """The margin is 1.5: without c it is -2.5, without b -0.5, without a 0.5."""
    parameters = tally(1.0)
    parameters["b_y"][0] = 6.0
    turn = turning_word(parameters, letters("cba"), 1)
    assert (turn.token, turn.verdict) == (0, 0)
    assert turn.probability == pytest.approx(1 / (1 + np.exp(-2.5)))


def test_one_token_and_very_many_are_not_asked(learned):
    for phrase in ("good", "good " * (LONGEST + 1)):
        probe = learned.inspect(phrase)
        assert turning_word(probe.parameters, probe.example, 0) is None
