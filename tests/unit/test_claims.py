"""What README and page say of the default run and of the notebook's gradient is measured."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from rnnviz.analysis.memory_gauge import spectrum
from rnnviz.config import Gradient, RunConfig, TaskName
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.presets import PRESETS
from rnnviz.session import Session
from rnnviz.training.schedule import Position

NAMES = ("W_xh", "W_hh", "b_h", "W_hy", "b_y")


@pytest.fixture(scope="module")
def default():
    """The first preset at epoch 450; only to look at."""
    session = Session(RunConfig())
    session.player.advance(450)
    return session


def test_the_radius_crosses_1_a_hundred_epochs_before_the_loss_drops(default):
    losses = default.run.history.column("train_loss")

    def radius(epoch):
        state = default.run.replay(Position(epoch), "claims")
        return spectrum(state.parameters["W_hh"]).radius

    assert radius(270) < 1 < radius(275)
    assert losses[275] == pytest.approx(0.58, abs=0.01)
    assert (
        losses[275] < entropy_given_the_last_word(default.dataset) == pytest.approx(0.66, abs=0.01)
    )
    assert losses[350] > 0.5
    assert losses[390] < 0.25


def entropy_given_the_last_word(dataset):
    """H(label | last word) of the training phrases, in nats."""
    counts = defaultdict(Counter)
    for example in dataset.train:
        counts[int(example.inputs[-1])][int(example.targets[-1])] += 1
    shares = [
        (count, count / labels.total()) for labels in counts.values() for count in labels.values()
    ]
    return -sum(count * np.log(share) for count, share in shares) / len(dataset.train)


@pytest.mark.parametrize(
    ("phrase", "right"),
    [("bad", {"W_xh", "W_hh", "b_h"}), ("not good", {"W_hh"}), ("i am not good", set())],
)
def test_the_notebooks_gradient_is_right_on_one_word_and_of_two_for_w_hh(default, phrase, right):
    """The readout's gradient is always right."""
    parameters, example = default.state.parameters, default.inspect(phrase).example
    exact, notebook = (
        record(parameters, collate([example]), rule, 0).gradient
        for rule in (Gradient.EXACT, Gradient.NOTEBOOK)
    )
    equal = {name for name in NAMES if np.allclose(exact[name], notebook[name], rtol=1e-9)}
    assert equal == right | {"W_hy", "b_y"}


@pytest.mark.parametrize(
    ("task", "label", "right", "wrong"),
    [
        (TaskName.RECALL, "LSTM, lag 20", {20, 40, 80}, {5}),
        (TaskName.ADDING, "GRU", {12}, {6, 24}),
    ],
)
def test_what_was_learned_at_one_length_holds_at_longer_ones_or_does_not(task, label, right, wrong):
    (preset,) = (preset for preset in PRESETS[task] if preset.label == label)
    session = Session(preset.config())
    session.player.advance(session.config.epochs)
    profile = session.length.profile(session.state, session.dataset)
    scores = dict(zip(profile.lengths.tolist(), profile.scores, strict=True))
    assert min(scores[length] for length in right) > 0.95
    assert max(scores[length] for length in wrong) < 0.7
