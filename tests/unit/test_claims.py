"""What README and page say of the default run and of the notebook's gradient is measured."""

import numpy as np
import pytest

from benchmarks import flipflop
from rnnviz.analysis.fixed_points import Kind
from rnnviz.analysis.memory_gauge import spectrum
from rnnviz.config import Gradient, RunConfig, TaskName
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.lab.units import Sort, StateSource
from rnnviz.presets import PRESETS
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
    (last_word, _) = default.baselines
    assert losses[275] < last_word.loss == pytest.approx(0.66, abs=0.01)
    assert losses[350] > 0.5
    assert losses[390] < 0.25


@pytest.mark.parametrize(("seed", "count"), [(0, 2), (1, 8)])
def test_how_many_stable_points_the_gru_has_depends_on_the_seed(seed, count):
    """The eight keep the bits for 1000 steps without a pulse, the two lose a third of them."""
    session = Session(PRESETS[TaskName.FLIPFLOP][1].config(seed))
    session.player.advance(session.config.epochs)
    found, _ = flipflop.find(session)
    assert len(found.of(Kind.STABLE)) == count
    (kept,) = flipflop.kept(session, (1000,))
    assert kept > 0.99 if count == 8 else kept == pytest.approx(0.66, abs=0.03)


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
