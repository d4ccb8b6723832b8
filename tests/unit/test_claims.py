"""What docs and page say of the default run and of the presets is measured."""

import numpy as np
import pytest

from benchmarks import flipflop
from rnnviz.config import Gradient, RunConfig, TaskName
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.probe.fixed_points import Kind
from rnnviz.probe.gradient_flow import norms_of
from rnnviz.probe.memory_gauge import spectrum
from rnnviz.probe.probe import inspect
from rnnviz.probe.session import Session
from rnnviz.probe.units import Sort, StateSource
from rnnviz.probe.unrolled import Unrolled
from rnnviz.probe.work import spend
from rnnviz.questions.reach.measure import LengthLab
from rnnviz.run.schedule import Position
from rnnviz.run.weight_edits import apply_edits, silence
from rnnviz.tasks.data_source import PRESETS

NAMES = ("W_xh", "W_hh", "b_h", "W_hy", "b_y")


@pytest.fixture(scope="module")
def default():
    """The first preset at epoch 450; only to look at."""
    session = Session(RunConfig())
    session.player.advance(450)
    return session


def trained(task, label, epochs=None):
    """A preset at its end, or after so many epochs."""
    (preset,) = (preset for preset in PRESETS[task] if preset.label == label)
    session = Session(preset.config())
    session.player.advance(epochs or session.config.epochs)
    return session


def traces(parameters, examples):
    """The pass of every example, one by one."""
    return [record(parameters, collate([example]), Gradient.EXACT, 0) for example in examples]


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


@pytest.mark.parametrize(
    ("epoch", "low", "high", "stripes"), [(50, 0.0, 0.01, 0.06), (250, 0.8, 1.0, 0.99)]
)
def test_on_the_plateau_the_gradient_grows_flat_and_stripes_appear(
    default, epoch, low, high, stripes
):
    """A stripe is the same pattern in many columns: a matrix of rank one."""
    parameters = default.run.at(Position(epoch)).parameters
    norms = [Unrolled(trace).norms for trace in traces(parameters, default.dataset.train)]
    assert low < np.median(np.concatenate([n[:-1] / n[1:] for n in norms])) < high
    sizes = np.linalg.svd(parameters["W_hh"], compute_uv=False) ** 2
    assert sizes[0] / sizes.sum() == pytest.approx(stripes, abs=0.01)


def test_the_channel_closes_to_a_point_at_first_and_opens_while_the_loss_creeps_down(default):
    def shares(epoch):
        parameters = default.run.at(Position(epoch)).parameters
        probe = inspect(default.dataset, parameters, "i am not bad", default.config)
        return probe.sequence_pass().share

    assert max(shares(epoch).max() for epoch in (0, 50, 75)) < 0.01
    assert shares(250)[1] == pytest.approx(0.48, abs=0.01)


def test_while_b_y_is_by_far_the_largest_only_the_frequencies_are_learned(default):
    def ratio(epoch):
        parameters = default.run.at(Position(epoch)).parameters
        norms = [norms_of(trace.gradient) for trace in traces(parameters, default.dataset.train)]
        return np.median([n["b_y"] / max(n[name] for name in NAMES[:-1]) for n in norms])

    share = np.mean([example.targets[0] for example in default.dataset.train])
    entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)
    losses = default.run.history.column("train_loss") / entropy
    assert ratio(60) > 10
    assert losses[60] == pytest.approx(1, abs=1e-3)
    assert ratio(200) < 1
    assert losses[200] < 0.94


def test_the_forget_gates_of_the_lag_stay_where_they_began_and_keep_the_token():
    session = trained(TaskName.RECALL, "LSTM, lag 20")
    parameters, data = session.state.parameters, session.dataset
    gates = np.concatenate([Unrolled(trace).of("f") for trace in traces(parameters, data.test)])
    assert (np.abs(gates - 1 / (1 + np.exp(-session.config.forget_bias))) < 0.02).all()
    half_open = parameters.copy()
    half_open["b_f"][...] = 0
    assert session.run.examine(half_open)[1].metric < 0.6


def test_the_gate_of_the_mingru_opens_at_the_letter_and_is_nearly_shut_after_it():
    session = trained(TaskName.RECALL, "minGRU, lag 20")
    passes = traces(session.state.parameters, session.dataset.test)
    gates = np.mean([Unrolled(trace).of("z") for trace in passes], axis=(0, 2))
    assert gates[0] > 0.15
    assert (gates[1:] < 0.03).all()


def test_the_leaky_states_grow_with_every_token():
    session = trained(TaskName.RECALL, "Leaky, lag 20")
    passes = traces(session.state.parameters, session.dataset.test)
    lengths = np.mean([np.linalg.norm(Unrolled(trace).of("s"), axis=1) for trace in passes], axis=0)
    assert (np.diff(lengths) > 0).all()
    assert lengths[-1] > 50 * lengths[0]


def test_some_units_count_brackets():
    """They go up at an opening one, down at a closing one, and stay nearly level at x."""
    session = trained(TaskName.BRACKETS, "GRU")
    examples = session.dataset.test
    states = [Unrolled(trace).h for trace in traces(session.state.parameters, examples)]
    depths = np.concatenate([example.targets for example in examples])
    together = np.corrcoef(np.concatenate(states).T, depths)[-1, :-1]
    unit = int(np.abs(together).argmax())
    steps = np.concatenate([np.diff(h[:, unit]) for h in states]) * np.sign(together[unit])
    changes = np.concatenate([np.diff(example.targets) for example in examples])
    assert abs(together[unit]) > 0.9
    assert (steps * changes > 0)[changes != 0].mean() > 0.95
    assert np.abs(steps[changes == 0]).mean() < 0.25 * np.abs(steps[changes != 0]).mean()


def test_all_lengths_of_parity_fall_into_place_together():
    session = trained(TaskName.PARITY, "LSTM", 46)

    def right():
        parameters, examples = session.state.parameters, session.dataset.train
        hits = [t.probs[0].argmax() == t.targets[0] for t in traces(parameters, examples)]
        lengths = [len(example.inputs) for example in examples]
        return np.bincount(lengths, hits)[3:] / np.bincount(lengths)[3:]

    assert (right() < 0.75).all()
    session.player.advance(14)
    assert (right() > 0.95).all()


@pytest.mark.parametrize(("seed", "count"), [(0, 2), (1, 8)])
def test_how_many_stable_points_the_gru_has_depends_on_the_seed(seed, count):
    """The eight keep the bits for 1000 steps without a pulse, the two lose a third of them."""
    session = Session(PRESETS[TaskName.FLIPFLOP][1].config(seed))
    session.player.advance(session.config.epochs)
    assert len(flipflop.find(session).of(Kind.STABLE)) == count
    kept = flipflop.kept(session)
    assert kept > 0.99 if count == 8 else kept == pytest.approx(0.66, abs=0.03)


def test_the_unit_that_happy_changes_most_is_not_missed_and_that_of_not_is():
    session = Session(RunConfig())
    session.player.advance(1000)
    lab, source = session.units, StateSource(session.state, session.dataset)
    spend(9.0, lab.ablate(source))

    def accuracy_without_the_first(sort, word=None):
        lab.sort, lab.word = sort, word
        unit = int(lab.order(source)[0])
        ablated = apply_edits(source.state.parameters, [silence(1, unit)])
        return unit, session.run.examine(ablated)[0].metric

    carrier = 34, pytest.approx(0.517, abs=0.001)
    assert accuracy_without_the_first(Sort.SELECTIVITY, "happy") == (39, 1)
    assert lab.changed(source)[0][39] == pytest.approx(0.61, abs=0.01)
    assert accuracy_without_the_first(Sort.SELECTIVITY, "not") == carrier
    assert accuracy_without_the_first(Sort.EFFECT) == carrier


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
        (TaskName.RECALL, "LSTM, lag 20", {20, 40, 80}, {2}),
        (TaskName.ADDING, "GRU", {12}, {6, 24}),
        (TaskName.RECALL, "LRU, lag 20", {20}, {1, 2, 3, 5, 8, 13, 21, 34, 40, 55, 80}),
        (TaskName.RECALL, "Leaky, lag 20", {20}, {5, 80}),
        (TaskName.RECALL, "coRNN, lag 20", {20, 40, 80}, set()),
    ],
)
def test_what_was_learned_at_one_length_holds_at_longer_ones_or_does_not(task, label, right, wrong):
    session = trained(task, label)
    profile = session.lab(LengthLab).profile(session.state, session.dataset)
    scores = dict(zip(profile.lengths.tolist(), profile.scores, strict=True))
    assert min(scores[length] for length in right) > 0.95
    assert all(scores[length] < 0.7 for length in wrong)
