"""Sequences that the network generates."""

import numpy as np

from rnnviz.config import RunConfig
from rnnviz.probe.probe import inspect
from rnnviz.probe.session import Session
from rnnviz.questions.learn.measure import TOKENS, VALUES, free_values, runs_free, writes, written
from tests.sampling import each_row


def test_a_sample_is_the_same_for_the_same_seed_and_epoch():
    session = Session(RunConfig(task="characters", hidden=4, init_scale=0.1))
    probe = session.inspect()
    assert (writes(session.dataset), runs_free(session.dataset)) == (True, False)
    texts = [written(probe, 1.0, *place) for place in ((0, 5), (0, 5), (1, 5), (0, 6))]
    assert texts[0] == texts[1]
    assert len({*texts}) == 3
    assert len(texts[0]) == TOKENS
    assert {*texts[0]} <= {*session.dataset.classes}


@each_row("settings", [{"task": "characters"}, {"task": "spelling"}, {"task": "translation"}])
def test_what_is_not_finite_writes_nothing(settings):
    session = Session(RunConfig(hidden=4, init_scale=0.1, **settings))
    network = session.state.parameters.like(np.full_like(session.state.parameters.theta, np.inf))
    probe = inspect(session.dataset, network, session.phrase_input.phrase, session.config)
    assert (probe.finite, probe.said, probe.answer) == (False, (), "not finite")
    if writes(session.dataset):
        assert written(probe, 1.0, 0, 0).strip() == ""


def test_values_go_on_from_the_network_s_own():
    session = Session(RunConfig(task="waves", hidden=4, init_scale=0.5))
    probe = session.inspect()
    assert (writes(session.dataset), runs_free(session.dataset)) == (False, True)
    values = free_values(probe)
    assert len(values) == VALUES
    np.testing.assert_allclose(values[0], probe.answers[-1])
    longer = session.inspect(" ".join([session.phrase_input.phrase, str(values[0, 0])]))
    np.testing.assert_allclose(values[1], longer.answers[-1])
