"""A network that reads its own answers."""

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.probe.probe import likeliest, prompted, read, translate
from rnnviz.probe.session import Session
from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.data_source import PRESETS
from rnnviz.tasks.dataset import Dataset, Example
from rnnviz.tasks.vocabulary import END, Unit, Vocabulary


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


def test_a_spelling_network_writes_the_names():
    session = trained("spelling")
    data = session.dataset
    for example in data.train:
        said = prompted(session.state.parameters, data, example.inputs[:1], likeliest, 20)
        assert said == example.targets.tolist()
        assert session.inspect(example.text).verdict == example.text[1:]


def test_a_blank_that_is_a_token_can_be_read_alone():
    """As the first line of a text is, by which a network of characters is asked."""
    words = Vocabulary(("\n", "a"), Unit.CHARACTERS)
    train = (Example("\n", np.array([0]), np.array([1])),)
    dataset = Dataset("lines", words, ("no", "yes"), train, ())
    assert read(dataset, "\n").tokens.tolist() == [0]
    assert Session(RunConfig(hidden=3), dataset).phrase_input.phrase == "\n"
    with pytest.raises(TaskError, match="is empty"):
        read(dataset, " ")
