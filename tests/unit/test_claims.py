"""What README and page say of the default run and of the notebook's gradient is measured."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from rnnviz.analysis.memory_gauge import spectrum
from rnnviz.config import Gradient, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.lab.units import Sort, StateSource
from rnnviz.session import Session
from rnnviz.training.schedule import Position
from rnnviz.training.weight_edits import apply_edits, silence

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


def test_the_most_selective_unit_is_not_missed_and_the_first_by_effect_is():
    session = Session(RunConfig())
    session.player.advance(1000)
    lab, source = session.units, StateSource(session.state, session.dataset)
    lab.ablate(source, 9.0)

    def accuracy_without_the_first(sort):
        lab.sort = sort
        lab.lead(source)
        ablated = apply_edits(source.state.parameters, [silence(1, lab.unit)])
        return lab.unit, session.run.examine(ablated)[0].metric

    assert accuracy_without_the_first(Sort.SELECTIVITY) == (39, 1)
    assert accuracy_without_the_first(Sort.EFFECT) == (34, pytest.approx(0.517, abs=0.001))


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
