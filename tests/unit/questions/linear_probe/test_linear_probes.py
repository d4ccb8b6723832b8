"""What is asked of the states, and when it can be read, without a page."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe.session import Session
from rnnviz.probe.units import StateSource
from rnnviz.probe.work import spend
from rnnviz.questions.linear_probe.measure import LinearProbeLab, ProbeTarget, Question
from rnnviz.run.schedule import Position


def measured(session, epoch=None, asked=None, **source):
    """The answer at an epoch, or at the present one."""
    state = session.state if epoch is None else session.run.at(Position(epoch))
    where, lab = StateSource(state, session.dataset, **source), session.lab(LinearProbeLab)
    activations = session.units.activations(where)
    lab.fit(activations, session.dataset)
    lab.question = lab.question._replace(**(asked or {}))
    lab.begin(where, activations)
    while spend(0.0, lab.work()):
        pass
    return lab.shown(where).found


def test_negation_can_be_read_at_the_end_of_a_phrase_once_it_is_learned():
    """The network itself is at 50 to 60% until epoch 300."""
    session = Session(RunConfig())
    session.player.advance(400)
    found = {epoch: measured(session, epoch) for epoch in (0, 250, 400)}
    assert session.lab(LinearProbeLab).question.word == "not"
    at_end = {epoch: one.scores[0] for epoch, one in found.items()}
    assert at_end[0] < 0.65 > at_end[250]
    assert at_end[400] > 0.9 > found[400].shuffled[0].max() + 0.1
    assert found[0].scores[0] <= found[0].shuffled[0].max()
    assert [m.epoch for m in session.lab(LinearProbeLab).every(_source(session))] == [0, 250, 400]


def _source(session):
    return StateSource(session.state, session.dataset)


def test_weights_that_were_measured_are_not_measured_again():
    session = Session(RunConfig(hidden=4))
    first = measured(session)
    session.player.advance(2)
    measured(session)
    assert measured(session, 0) is first
    assert measured(session, 0, {"word": "very"}) is not first
    kept = session.lab(LinearProbeLab).every(_source(session))
    assert all(len(one.weights) < session.state.parameters.theta.nbytes for one in kept)


def test_the_word_counts_only_where_it_is_asked_for():
    session = Session(RunConfig(hidden=4))
    first = measured(session, asked={"asked": ProbeTarget.FIRST})
    assert measured(session, asked={"word": "very"}) is first


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_the_state_and_the_layer_are_what_is_chosen(cell):
    session = Session(RunConfig(task="recall", cell=cell, layers=2, hidden=6, init_scale=0.5))
    one, other = (measured(session, asked={"from_end": False}, layer=layer) for layer in (0, 1))
    assert not np.array_equal(one.scores, other.scores, equal_nan=True)
    assert (
        len(session.lab(LinearProbeLab).every(StateSource(session.state, session.dataset, 1))) == 1
    )


def test_the_question_is_one_for_the_data():
    session = Session(RunConfig(task="flipflop", hidden=3))
    session.lab(LinearProbeLab).question = Question(ProbeTarget.WORD, "not", channel=9)
    assert measured(session).values
    assert session.lab(LinearProbeLab).question.asked is ProbeTarget.TARGET
    assert session.lab(LinearProbeLab).question.channel == 2
    for task, asked in (("translation", ProbeTarget.WORD), ("brackets", ProbeTarget.TARGET)):
        session.configure(RunConfig(task=task, hidden=3))
        assert np.isfinite(measured(session).scores).any()
        assert session.lab(LinearProbeLab).question.asked is asked


def test_states_that_are_not_finite_are_not_measured():
    session = Session(RunConfig(hidden=4))
    source = _source(session)
    activations = session.units.activations(source)
    diverged = replace(activations, states=np.full_like(activations.states, np.inf))
    session.lab(LinearProbeLab).begin(source, diverged)
    assert not session.lab(LinearProbeLab).measuring
    assert session.lab(LinearProbeLab).shown(source) is None
