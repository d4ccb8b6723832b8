"""A network that goes on by itself."""

import numpy as np
import pytest

from rnnviz.analysis.decoding import drawn, likeliest, prompted, run_free, translate
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.lab.generation import written
from rnnviz.presets import PRESETS
from rnnviz.session import Session
from rnnviz.tasks.vocabulary import END


@pytest.fixture(scope="session")
def learned_translation():
    session = Session(PRESETS["translation"][0].config())
    session.player.advance(6)
    return session


def test_saying_it_alone_is_exact_just_where_the_told_answers_are(learned_translation):
    session, exact = learned_translation, 0
    parameters = session.state.parameters
    for example in session.dataset.test[:40]:
        told = record(parameters, collate([example])).probs.argmax(axis=1)
        said = translate(parameters, session.dataset, example.source, 20)
        assert (said == example.targets.tolist()) == np.array_equal(told, example.targets)
        exact += said == example.targets.tolist()
    assert 0 < exact < 40


def test_it_ends_with_the_end_sign_or_at_the_most(learned_translation):
    data = learned_translation.dataset
    parameters = learned_translation.state.parameters
    for example in data.test[:10]:
        said = translate(parameters, data, example.source, 4)
        assert 1 <= len(said) <= 4
        assert END not in [data.classes[c] for c in said[:-1]]


def test_near_zero_the_likeliest_is_drawn_and_at_one_the_shares_are_those_of_the_network():
    probs, rng = np.array([0.1, 0.6, 0.3]), np.random.default_rng(0)
    assert {drawn(0.01, rng)(probs) for _ in range(50)} == {likeliest(probs)} == {1}
    counts = np.bincount([drawn(1.0, rng)(probs) for _ in range(4000)]) / 4000
    np.testing.assert_allclose(counts, probs, atol=0.03)


def test_what_is_impossible_is_never_drawn():
    rng = np.random.default_rng(0)
    assert {drawn(2.0, rng)(np.array([0.0, 0.5, 0.5])) for _ in range(99)} == {1, 2}


def test_a_spelling_network_writes_the_names():
    session = Session(PRESETS["spelling"][0].config())
    session.player.advance(session.config.epochs)
    data = session.dataset
    for example in data.train:
        said = prompted(session.state.parameters, data, example.inputs[:1], likeliest, 20)
        assert said == example.targets.tolist()
        assert session.inspect(example.text).verdict == example.text[1:]


def test_values_go_on_from_the_networks_own_answers():
    session = Session(PRESETS["waves"][0].config())
    session.player.advance(5)
    values = session.dataset.test[0].inputs
    free = run_free(session.state.parameters, values, 3)
    read = values
    for value in free:
        probe = session.inspect(" ".join(repr(float(v)) for v in read[:, 0]))
        np.testing.assert_allclose(probe.answers[-1], value, atol=1e-12)
        read = np.vstack([read, value])


def sample(session):
    return written(session.inspect(), 0.7, session.config.seed, session.player.position.epoch)


def test_a_sample_is_the_same_at_the_same_epoch():
    session = Session(PRESETS["characters"][0].config())
    first = sample(session)
    assert first == sample(session)
    assert len(first) == 120
    session.player.step_epoch()
    assert sample(session) != first
