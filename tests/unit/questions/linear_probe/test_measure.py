"""Linear probes: the fit, its labels, and measurements at several epochs."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import RunConfig
from rnnviz.probe.session import Session
from rnnviz.probe.units import StateSource
from rnnviz.probe.work import spend
from rnnviz.questions.linear_probe import measure as module
from rnnviz.questions.linear_probe.measure import (
    FEWEST,
    SHUFFLES,
    Fitting,
    LinearProbeLab,
    ProbeTarget,
    Question,
    beginnings,
    encoded,
    places,
    ridge,
    targets_of,
)
from rnnviz.run.schedule import Position
from tests.sampling import each_row

N, H = 120, 8
CHANCE = np.random.default_rng(1)


def readability(*tokens):
    """What is found when every place is measured; the share that is done grows to the end."""
    fitting, shares = Fitting(*tokens), []
    while fitting.step():
        shares.append(fitting.progress)
    assert shares == sorted({*shares}) and fitting.progress == 1
    return fitting.found


def at_one_place(states, labels, groups=None):
    groups = np.arange(len(labels)) if groups is None else groups
    return readability(states, labels, groups, np.ones(len(labels), int))


@given(
    rows=st.integers(3, 12), width=st.integers(1, 12), seed=st.integers(0, 99),
    strength=st.sampled_from([1e-4, 0.01, 1.0]),
)  # fmt: skip
def test_the_ridge_is_least_squares_with_as_many_rows_of_zeros(rows, width, seed, strength):
    """|| Y - X W ||^2 + k || W ||^2, written as one system, with fewer rows than units or more."""
    rng = np.random.default_rng(seed)
    x, y, asked = (
        rng.normal(size=(rows, width)),
        rng.normal(size=(rows, 2)),
        rng.normal(size=(5, width)),
    )
    centred = x - x.mean(axis=0)
    root = np.sqrt(strength * (centred**2).sum() / width)
    system = np.vstack([centred, root * np.eye(width)])
    weights = np.linalg.lstsq(system, np.vstack([y - y.mean(axis=0), np.zeros((width, 2))]))[0]
    expected = (asked - x.mean(axis=0)) @ weights + y.mean(axis=0)
    assert ridge(x, y, asked, strength) == pytest.approx(expected, abs=1e-8)
    for size in (1e-200, 1e200):
        assert ridge(size * x, y, size * asked, strength) == pytest.approx(expected, abs=1e-8)


def test_states_that_are_all_alike_predict_the_mean():
    assert ridge(np.ones((4, 3)), np.arange(4.0)[:, None], np.zeros((2, 3))).tolist() == [[1.5]] * 2


@pytest.mark.parametrize("classes", [2, 5])
def test_a_label_that_the_state_holds_is_read_and_a_shuffled_one_is_not(classes):
    labels = np.arange(N) % classes
    states = CHANCE.normal(size=(N, H)) * 0.1
    states[:, :classes] += np.eye(classes)[labels]
    found = at_one_place(states, labels)
    assert found.scores.tolist() == [1]
    assert found.guess.tolist() == [pytest.approx(1 / classes)]
    assert found.shuffled.shape == (1, SHUFFLES)
    assert found.shuffled.mean() == pytest.approx(1 / classes, abs=0.06)
    assert found.shuffled.max() < 0.75


def test_random_states_give_what_shuffled_labels_give():
    found = at_one_place(CHANCE.normal(size=(N, H)), np.arange(N) % 2)
    low, high = found.shuffled.min(), found.shuffled.max()
    assert low - 0.05 <= found.scores[0] <= high + 0.05


def test_of_several_places_the_best_is_seldom_above_all_shuffles_if_the_labels_are_random():
    """The best of ten places was above its own twenty shuffles in a third of these trials."""
    above = {"own": 0, "all": 0}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        places, labels = np.repeat(np.arange(10), 30), rng.integers(0, 2, 300)
        found = readability(rng.normal(size=(300, 4)), labels, np.arange(300), places)
        best = found.scores.argmax()
        above["own"] += found.scores[best] > found.shuffled[best].max()
        above["all"] += found.scores[best] > found.chance
    assert above["all"] <= 5 < above["own"]


def test_values_are_read_by_r_squared():
    states = CHANCE.normal(size=(N, H))
    found = at_one_place(states, states @ np.arange(H) + 0.0)
    assert found.values
    assert found.scores[0] > 0.99
    assert found.guess[0] == 0
    assert found.shuffled.max() < 0.2


def test_the_order_of_the_units_and_the_size_of_the_states_change_nothing():
    states, labels = CHANCE.normal(size=(N, H)), np.arange(N) % 3
    one, other = at_one_place(states, labels), at_one_place(7 * states[:, ::-1], labels)
    assert one.scores == pytest.approx(other.scores)
    assert one.shuffled == pytest.approx(other.shuffled)


def test_equal_beginnings_count_once_and_are_never_in_two_folds(monkeypatch):
    """Ten copies of states that hold nothing: seen again, they would all be known by heart."""
    seen = []

    def noted(x, y, asked, strength=0.01):
        seen.append(({*map(tuple, x)}, {*map(tuple, asked)}))
        return ridge(x, y, asked, strength)

    monkeypatch.setattr(module, "ridge", noted)
    states, labels = CHANCE.normal(size=(40, 60)), CHANCE.permutation(np.arange(40) % 2)
    found = at_one_place(np.tile(states, (10, 1)), np.tile(labels, 10), np.tile(np.arange(40), 10))
    assert found.counts.tolist() == [40]
    assert found.scores[0] < 0.8
    # Equal beginnings with two labels are two rows, in one fold.
    at_one_place(np.tile(states, (2, 1)), np.repeat([0, 1], 40), np.tile(np.arange(40), 2))
    assert len(seen) == 10
    assert all(not learned & asked for learned, asked in seen)


def test_every_place_has_its_own_map_and_where_little_is_known_there_is_none():
    states, labels = CHANCE.normal(size=(N, 1)), np.arange(N) % 2
    states = np.hstack([states, labels[:, None]])
    # At the second place the label is turned; at the third one class has four; the fourth has one.
    places = np.repeat([1, 2, 3, 4], [40, 40, FEWEST - 1, N - 80 - FEWEST + 1])
    labels = np.where(places == 2, 1 - labels, np.where(places == 4, 1, labels))
    found = readability(states, labels, np.arange(N), places)
    assert found.places.tolist() == [1, 2, 3, 4]
    assert found.counts.tolist() == [40, 40, 5, 31]
    assert found.scores[:2].tolist() == [1, 1]
    assert np.isnan(found.scores[2:]).all()


def test_a_beginning_is_all_that_was_read():
    words, steps = [*"ab", *"abc", *"bb"], np.array([0, 1, 0, 1, 2, 0, 1])
    assert beginnings(words, steps).tolist() == [1, 2, 1, 2, 3, 4, 5]


# What linear probes are asked for, against the sequences themselves


def read(task, **settings):
    session = Session(RunConfig(task=task, hidden=3, **settings))
    return session.units.activations(StateSource(session.state, session.dataset)), session.dataset


def spoken(activations, numbers):
    return [activations.vocabulary[n] if n >= 0 else None for n in numbers]


def test_words_so_far_first_and_before():
    activations, data = read("sentiment")
    last = activations.part(activations.count - 1)
    words = activations.words[last]
    assert words[:4] == ("this", "was", "bad", "and")
    said = Question(ProbeTarget.WORD, "bad").labels(activations, data)[last]
    assert said.tolist() == [0, 0, *[1] * (len(words) - 2)]
    first = Question(ProbeTarget.FIRST).labels(activations, data)[last]
    assert spoken(activations, first) == ["this"] * len(words)
    before = Question(ProbeTarget.BEFORE).labels(activations, data)[last]
    assert spoken(activations, before) == [None, *words[:-1]]
    assert places(activations, False)[last].tolist() == list(range(1, len(words) + 1))
    assert places(activations, True)[last].tolist() == list(range(len(words)))[::-1]


@each_row(
    ("task", "expected"),
    [
        ("sentiment", lambda e, t: e.target),
        ("recall", lambda e, t: e.target),
        ("parity", lambda e, t: e.inputs[: t + 1].sum() % 2),
        ("adding", lambda e, t: (e.inputs[: t + 1, 0] * e.inputs[: t + 1, 1]).sum()),
        ("brackets", lambda e, t: e.targets[t]),
        ("characters", lambda e, t: e.targets[t]),
        ("flipflop", lambda e, t: e.targets[t, 0]),
        ("waves", lambda e, t: e.targets[t, 0]),
    ],
)
def test_the_target_is_that_of_the_sequence_up_to_there_if_the_task_knows_it(task, expected):
    activations, data = read(task)
    found = Question(ProbeTarget.TARGET).labels(activations, data)
    tokens = zip(activations.owners, activations.steps, strict=True)
    assert found == pytest.approx(np.array([expected(data.train[k], t) for k, t in tokens]))


def test_one_of_several_channels_is_asked_for():
    activations, data = read("flipflop")
    found = Question(ProbeTarget.TARGET, channel=2).labels(activations, data)
    assert found[activations.part(4)].tolist() == data.train[4].targets[:, 2].tolist()


def test_without_a_rule_the_values_at_the_end_are_those_of_every_step():
    activations, data = read("adding")
    two = tuple(replace(e, targets=np.column_stack([e.targets, -e.targets])) for e in data.train)
    without = replace(data, train=two, rule=None)
    found = Question(ProbeTarget.TARGET, channel=1).labels(activations, without)
    assert found[activations.part(4)].tolist() == [-data.train[4].targets[0, 0]] * 12


def test_of_an_encoder_its_own_tokens_are_asked_for_what_was_read():
    activations, data = read("translation")
    assert targets_of(data) == (ProbeTarget.WORD, ProbeTarget.FIRST, ProbeTarget.BEFORE)
    part = encoded(activations, data)
    assert len(part.words) == sum(len(data.train[k].source) for k in activations.examples)
    assert " ".join(part.words[part.part(0)]) == data.train[part.examples[0]].text.lower()
    assert encoded(read("sentiment")[0], read("sentiment")[1]).count == 58
    assert targets_of(read("waves")[1]) == (ProbeTarget.TARGET,)


# What is asked of the states, and when it can be read, without a page


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
    first = measured(session, asked={"target": ProbeTarget.FIRST})
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
    assert session.lab(LinearProbeLab).question.target is ProbeTarget.TARGET
    assert session.lab(LinearProbeLab).question.channel == 2
    for task, asked in (("translation", ProbeTarget.WORD), ("brackets", ProbeTarget.TARGET)):
        session.configure(RunConfig(task=task, hidden=3))
        assert np.isfinite(measured(session).scores).any()
        assert session.lab(LinearProbeLab).question.target is asked


def test_states_that_are_not_finite_are_not_measured():
    session = Session(RunConfig(hidden=4))
    source = _source(session)
    activations = session.units.activations(source)
    diverged = replace(activations, states=np.full_like(activations.states, np.inf))
    session.lab(LinearProbeLab).begin(source, diverged)
    assert not session.lab(LinearProbeLab).measuring
    assert session.lab(LinearProbeLab).shown(source) is None


# Steps of a series


def test_of_a_series_the_season_and_the_trend_can_be_read():
    session = Session(RunConfig(task="elnino", hidden=6, window=12))
    data, source = session.dataset, StateSource(session.state, session.dataset)
    read = session.units.activations(source)
    assert targets_of(data) == (ProbeTarget.TARGET, ProbeTarget.SEASON, ProbeTarget.TREND)
    assert ProbeTarget.SEASON not in targets_of(Session(RunConfig(task="waves")).dataset)
    quarters = Question(ProbeTarget.SEASON).labels(read, data)
    months = np.concatenate([data.train[k].times for k in read.examples]).astype("datetime64[M]")
    assert quarters.tolist() == (months.astype(int) % 12 // 3).tolist()
    trend = Question(ProbeTarget.TREND).labels(read, data)
    values = np.array([float(word) for word in read.words])
    last = read.starts[1:] - 1
    means = [values[read.part(k)].mean() for k in range(read.count)]
    np.testing.assert_allclose(trend[last], means, atol=0.01)


def test_a_link_can_ask_for_the_season_of_a_series():
    session = Session(RunConfig(task="elnino", hidden=6, window=12))
    lab = LinearProbeLab()
    lab.asked = Question(ProbeTarget.SEASON, from_end=True)
    lab.fit(session.units.activations(StateSource(session.state, session.dataset)), session.dataset)
    assert lab.asked.target is ProbeTarget.SEASON
