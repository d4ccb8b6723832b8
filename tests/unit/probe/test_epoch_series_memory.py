"""The memory gauge and the gradient map over the epochs of a run."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe import epoch_series as module
from rnnviz.probe.epoch_series import flow
from rnnviz.probe.gradient_flow import Objective
from rnnviz.probe.memory_gauge import half_life, spectrum
from rnnviz.probe.session import Session
from rnnviz.probe.work import spend
from rnnviz.run.schedule import Position
from rnnviz.tasks.upload import File, Upload
from tests.lag_profile import lag_profile

WEATHER = File("weather.csv", b"text,label\nso warm,sunny\nso cold,rainy\nvery cold,rainy\n")


def query_of(session):
    return session.gradient_query(session.inspect(), Objective.LOSS)


def past(session, budget=0.0):
    return session.memory.past(session.run, query_of(session), budget)


def develop(session, budget):
    return spend(budget, session.memory.develop(session.run, query_of(session)))


def developed(session):
    """Everything developed, in short turns; the gauge."""
    while develop(session, 0.002):
        pass
    return past(session)[0]


@pytest.mark.parametrize("task", ["flipflop", "brackets", "waves"])
def test_with_many_answers_the_half_life_is_of_the_last_one(task):
    """Earlier answers add gradients at other lags: the lag profile leaves them out, too."""
    session = Session(RunConfig(task=task, hidden=6, init="xavier", batch=16, epochs=9))
    session.player.advance(1)
    probe, gauge = session.inspect(), past(session)[0]
    profile = lag_profile(session.state.parameters, [probe.example], Objective.LOSS)
    assert gauge.half_life[-1] == pytest.approx(profile.half_life, rel=1e-9)
    assert gauge.half_life[-1] != half_life(flow(query_of(session)).norms)


def radius(session):
    return spectrum(session.state.parameters["W_hh"]).radius


@pytest.fixture
def run(config):
    """A run at epoch 8, of which everything is known."""
    session = Session(config)
    session.player.advance(8)
    developed(session)
    return session


@pytest.fixture
def few_snapshots(monkeypatch):
    monkeypatch.setattr("rnnviz.run.snapshots.MOST_SNAPSHOTS", 4)


def test_in_the_end_the_gauge_has_one_value_an_epoch_as_if_it_were_looked_up(
    session, few_snapshots, monkeypatch
):
    """No epoch is evaluated twice for it, and what is looked at stays as it is."""
    session.player.advance(13)
    session.player.go_to(Position(7, 3))
    state, evaluated, evaluate = session.state, [], session.memory._evaluate

    def noted(query):
        evaluated.append(query.state.epoch)
        return evaluate(query)

    monkeypatch.setattr(session.memory, "_evaluate", noted)
    gauge = developed(session)
    assert session.state is state
    assert gauge.epochs.tolist() == sorted(evaluated) == list(range(14))
    for epoch in (0, 5, 11, 13):
        session.player.go_to(Position(epoch))
        assert gauge.half_life[epoch] == half_life(flow(query_of(session)).norms)
        expected = spectrum(session.state.parameters["W_hh"])
        assert (gauge.radius[epoch], gauge.norm[epoch]) == expected


def test_a_run_watched_epoch_by_epoch_leaves_nothing_to_develop(session, few_snapshots):
    for _ in range(9):
        session.player.advance(1)
        past(session)
    assert len(past(session)[0].epochs) >= 9
    assert develop(session, 60) is False


def test_a_branch_takes_the_gauge_of_what_it_left_along(run):
    before = past(run)[0]
    run.player.go_to(Position(4))
    run.player.branch()
    assert past(run)[0].epochs.tolist() == [0, 1, 2, 3, 4]
    run.configure(replace(run.config, lr=0.5))
    run.player.advance(2)
    after = past(run, 60)[0]
    assert after.epochs.tolist() == list(range(7))
    assert after.radius[:5].tolist() == before.radius[:5].tolist()
    assert after.radius[6] == radius(run) != before.radius[6]


def test_other_data_have_a_gauge_of_their_own(run):
    run.load(Upload(WEATHER, test_share=0))
    run.player.advance(1)
    assert developed(run).radius[1] == radius(run)


def test_another_phrase_has_other_gradients_but_the_same_weights(run, monkeypatch):
    before = past(run)
    run.ask("not good")
    assert len(past(run)[0].epochs) <= 2
    monkeypatch.setattr(module, "spectrum", lambda W: pytest.fail("made again"))
    after = developed(run), past(run)[1]
    assert after[0].radius.tolist() == before[0].radius.tolist()
    assert after[0].half_life.tolist() != before[0].half_life.tolist()
    assert after[1].norms.shape == (9, 2)


def test_the_map_has_a_row_for_each_snapshot(run):
    gauge, rows = past(run)
    assert gauge.epochs.tolist() == rows.epochs.tolist() == list(range(9))
    run.player.go_to(Position(5))
    np.testing.assert_array_equal(rows.norms[5], flow(query_of(run)).norms)
    for epoch in (1, 3, 5):
        run.run.snapshots._drop(epoch)
    gauge, rows = past(run)
    assert gauge.epochs.tolist() == list(range(9))
    assert rows.epochs.tolist() == [0, 2, 4, 6, 7, 8]


def test_of_very_many_epochs_the_gauge_has_every_nth(session, few_snapshots, monkeypatch):
    monkeypatch.setattr(module, "MOST_EPOCHS", 5)
    for epochs in ([0, 1, 2, 3, 4], [0, 2, 4, 6, 8], [0, 4, 8, 12, 16]):
        session.player.advance(epochs[-1] - session.state.epoch)
        assert developed(session).epochs.tolist() == epochs
