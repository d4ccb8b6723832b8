"""The network, its run, and the row of words."""

import numpy as np
import pytest

from rnnviz.charts.first_page import compared_network, network, words_of, words_row
from rnnviz.charts.sequence_network import Words
from rnnviz.charts.theme import LIGHT
from rnnviz.config import RunConfig
from rnnviz.probe.comparison import RetentionLab
from rnnviz.probe.retention import gradient_shares, memory_shares, other_inputs
from rnnviz.probe.session import Session
from rnnviz.run.schedule import Position
from rnnviz.tasks.data_source import PRESETS
from tests.unit.charts.unpacked import by_name


@pytest.fixture
def session():
    made = Session(RunConfig(hidden=6, layers=2, epochs=50))
    made.player.advance(4)
    return made


def drawn(session):
    probe = session.inspect()
    return compared_network(session, probe, words_of(session, probe), LIGHT)


def test_looking_back_the_gradient_of_the_present_is_beside_that_of_then(session):
    now = by_name(drawn(session))
    assert "second gradient" not in now
    session.player.go_to(Position(2))
    picture = drawn(session)
    assert by_name(picture)["second gradient"].y == pytest.approx(now["gradient left"].y)
    assert picture.layout["meta"]["moment"] == "epoch 4"
    session.player.pin()
    session.player.back_to_now()
    faint = by_name(drawn(session))["second gradient"].y
    assert drawn(session).layout["meta"]["moment"] == "epoch 2"
    session.player.go_to(Position(2))
    assert faint == pytest.approx(by_name(drawn(session))["gradient left"].y)


def test_the_gradient_of_a_moment_is_measured_once(session, monkeypatch):
    measured = []

    def shares(parameters, *inputs):
        measured.append(parameters)
        return gradient_shares(parameters, *inputs)

    monkeypatch.setattr("rnnviz.probe.comparison.gradient_shares", shares)
    session.player.go_to(Position(2))
    session.player.pin()
    session.player.back_to_now()
    for _ in range(3):
        session.player.advance(1)
        drawn(session)
    assert len(measured) == 3 + 1


@pytest.mark.parametrize("token", [None, 2])
def test_what_is_left_of_the_first_word_or_of_the_marked_one_is_drawn(session, token):
    session.selection.token = token
    probe, followed = session.inspect(), token or 0
    others = other_inputs(session.dataset, probe.example, followed)
    memory = memory_shares(session.state.parameters, probe.example, followed, others)
    picture = drawn(session)
    series = by_name(picture)
    assert picture.layout["meta"]["followed"] == followed
    gradient = gradient_shares(session.state.parameters, probe.trace)
    np.testing.assert_allclose(series["left"].y, memory, rtol=1e-6)
    np.testing.assert_allclose(series["gradient left"].y, gradient, rtol=1e-6)
    assert series["left"].y[followed] == series["gradient left"].y[-1] == 1


def test_of_a_large_network_what_is_left_waits_until_the_run_rests(session, monkeypatch):
    small = drawn(session)
    monkeypatch.setattr("rnnviz.probe.comparison.MOST_PLAYED", 0)
    session.player.play()
    playing = drawn(session)
    assert playing.layout["meta"]["waits"] and not small.layout["meta"]["waits"]
    assert np.isnan(by_name(playing)["left"].y).all()
    for name in ("gradient left", "gradient", "share"):
        np.testing.assert_array_equal(by_name(playing)[name].y, by_name(small)[name].y)
    session.player.pause()
    resting = drawn(session)
    np.testing.assert_array_equal(by_name(resting)["left"].y, by_name(small)["left"].y)
    assert not resting.layout["meta"]["waits"]


def test_a_network_of_every_preset_is_measured_while_it_plays():
    for preset in (preset for task in PRESETS.values() for preset in task):
        session = Session(preset.config())
        session.player.play()
        probe = session.inspect()
        assert not session.lab(RetentionLab).playable(session, probe, 0).waits, preset.label


def test_a_moment_whose_numbers_are_not_finite_is_left_out(session):
    session.player.go_to(Position(2))
    session.run.state.parameters.theta[...] = np.nan
    probe = session.inspect()
    plain = network(session, probe, words_of(session, probe), LIGHT)
    assert {*by_name(drawn(session))} == {*by_name(plain)}


# The words as the first row of a sheet


def test_every_token_is_in_its_column_and_the_page_is_told_what_was_typed():
    words = Words(("not", "<b>", " "), "word", (("Not", 0), ("zzz", -1)), ("a",), turning=0)
    drawn = words_row(words)
    (row,) = drawn.figure.data
    assert list(row.x) == [0, 1, 2]
    assert list(row.text) == ["not", "&lt;b&gt;", "␣"]
    assert drawn.figure.layout.xaxis.range == (-0.5, 2.5), "as the pictures below it"
    meta = drawn.layout["meta"]
    assert (meta["x"], meta["typed"], meta["turning"]) == ("token", [["Not", 0], ["zzz", -1]], 0)
    assert meta["words"] == ["not", "<b>", "␣"], "the page draws text, not HTML"
    assert meta["steps"] == []
    assert words_row(words, steps=("x", "y", "z")).layout["meta"]["steps"] == ["x", "y", "z"]
