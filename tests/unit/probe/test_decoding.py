"""A network that reads its own answers."""

import numpy as np
import pytest

from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.probe.probe import likeliest, prompted, translate
from rnnviz.probe.session import Session
from rnnviz.questions.learn.measure import drawn, run_free, written
from rnnviz.tasks.registry import PRESETS
from rnnviz.tasks.vocabulary import END


def trained(name, epochs=None):
    session = Session(PRESETS[name][0].config())
    session.player.advance(session.config.epochs if epochs is None else epochs)
    return session


@pytest.fixture(scope="module")
def translation():
    return trained("translation", 6)


def test_a_translation_is_exact_if_and_only_if_the_taught_answers_are(translation):
    parameters, exact = translation.state.parameters, 0
    for example in translation.dataset.test[:40]:
        taught = record(parameters, collate([example])).probs.argmax(axis=1)
        said = translate(parameters, translation.dataset, example.source, 20)
        assert (said == example.targets.tolist()) == np.array_equal(taught, example.targets)
        exact += said == example.targets.tolist()
    assert 0 < exact < 40


def test_a_translation_ends_with_the_end_sign_or_at_the_limit(translation):
    data = translation.dataset
    for example in data.test[:10]:
        said = translate(translation.state.parameters, data, example.source, 4)
        assert 1 <= len(said) <= 4
        assert END not in [data.classes[c] for c in said[:-1]]


def test_temperature():
    probs, rng = np.array([0.1, 0.6, 0.3]), np.random.default_rng(0)
    assert {drawn(0.01, rng)(probs) for _ in range(50)} == {likeliest(probs)} == {1}
    counts = np.bincount([drawn(1.0, rng)(probs) for _ in range(4000)]) / 4000
    np.testing.assert_allclose(counts, probs, atol=0.03)
    assert {drawn(2.0, rng)(np.array([0.0, 0.5, 0.5])) for _ in range(99)} == {1, 2}


def test_a_spelling_network_writes_the_names():
    session = trained("spelling")
    data = session.dataset
    for example in data.train:
        said = prompted(session.state.parameters, data, example.inputs[:1], likeliest, 20)
        assert said == example.targets.tolist()
        assert session.inspect(example.text).verdict == example.text[1:]


def test_values_continue_from_the_network_s_own_answers():
    session = trained("waves", 5)
    read = session.dataset.test[0].inputs
    for value in run_free(session.state.parameters, read, 3):
        probe = session.inspect(" ".join(repr(float(v)) for v in read[:, 0]))
        np.testing.assert_allclose(probe.answers[-1], value, atol=1e-12)
        read = np.vstack([read, value])


def test_a_sample_is_the_same_at_the_same_epoch():
    session = trained("characters", 0)

    def sample():
        return written(session.inspect(), 0.7, session.config.seed, session.player.position.epoch)

    first = sample()
    assert first == sample()
    assert len(first) == 120
    session.player.step_epoch()
    assert sample() != first
