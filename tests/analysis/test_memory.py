"""How far the memory reaches."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.analysis.memory import Film, half_life, spectrum


def test_a_multiple_of_the_identity_stretches_by_that():
    assert spectrum(0.7 * np.eye(5)) == pytest.approx((0.7, 0.7))


def test_a_rotation_keeps_lengths():
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    assert spectrum(0.9 * turn) == pytest.approx((0.9, 0.9))


def test_a_matrix_that_is_not_normal_stretches_once_and_forgets_all():
    assert spectrum(np.array([[0.0, 5.0], [0.0, 0.0]])) == pytest.approx((0.0, 5.0))


def test_the_sign_of_an_eigenvalue_does_not_matter():
    assert spectrum(np.diag([-2.0, 1.0, 0.5])) == pytest.approx((2.0, 2.0))


def test_the_radius_is_that_of_ever_longer_products():
    W = np.random.default_rng(0).standard_normal((12, 12)) / 4
    power = np.linalg.matrix_power(W, 512)
    assert spectrum(W).radius == pytest.approx(np.linalg.norm(power, 2) ** (1 / 512), rel=0.02)


@pytest.mark.parametrize("tokens", [0.2, 1.0, 7.5])
def test_a_gradient_that_is_halved_every_so_many_tokens(tokens):
    lag = np.arange(9)[::-1]
    assert half_life(0.3 * 0.5 ** (lag / tokens)) == pytest.approx(tokens)


@pytest.mark.parametrize("norms", [[1.0, 1.0, 1.0], [4.0, 2.0, 1.0]])
def test_a_gradient_that_does_not_shrink_has_no_half_life(norms):
    assert half_life(np.array(norms)) == math.inf


@pytest.mark.parametrize("norms", [[], [1.0], [0.0, 0.0], [0.0, 1.0]])
def test_without_two_sizes_there_is_no_slope(norms):
    assert math.isnan(half_life(np.array(norms)))


def test_what_has_vanished_altogether_is_left_out():
    assert half_life(np.array([0.0, 0.25, 0.5, 1.0])) == pytest.approx(1.0)


# The film


@pytest.fixture
def states(session):
    found = []
    for _ in range(9):
        found.append(session.state)
        session.advance(1)
    return found


def expose(film, states):
    for state in states:
        film.expose(state, np.full(3, 1.0 + state.epoch))


def test_coarse_frames_come_before_fine_ones(states):
    assert [state.epoch for state in Film().missing(states)] == [0, 8, 4, 2, 6, 1, 3, 5, 7]


def test_a_frame_is_made_once(states):
    film = Film()
    film.keep(states, "phrase")
    expose(film, states[:5])
    assert [state.epoch for state in film.missing(states)] == [8, 6, 5, 7]


def test_the_gauge_has_every_frame_in_the_order_of_the_epochs(states):
    film = Film()
    film.keep(states, "phrase")
    expose(film, [states[6], states[2]])
    gauge = film.gauge()
    assert gauge.epochs.tolist() == [2, 6]
    wanted = [spectrum(states[e].parameters.W_hh) for e in (2, 6)]
    assert list(zip(gauge.radius, gauge.norm, strict=True)) == wanted


def test_the_map_has_a_row_for_each_known_state(states):
    film = Film()
    film.keep(states, "phrase")
    expose(film, states[:4])
    seen = film.map(states[1:6])
    assert seen.epochs.tolist() == [1, 2, 3]
    assert seen.norms.tolist() == [[2.0] * 3, [3.0] * 3, [4.0] * 3]


def test_another_phrase_has_other_gradients_but_the_same_weights(states, monkeypatch):
    film = Film()
    film.keep(states, "phrase")
    expose(film, states)
    film.keep(states, "other")
    assert len(film.missing(states)) == len(states)
    monkeypatch.setattr("rnnviz.analysis.memory.spectrum", lambda W: pytest.fail("made again"))
    expose(film, states)


def test_states_that_are_gone_leave_no_frame(states):
    film = Film()
    film.keep(states, "phrase")
    expose(film, states)
    film.keep(states[::2], "phrase")
    assert film.gauge().epochs.tolist() == [0, 2, 4, 6, 8]


def test_another_state_of_the_same_epoch_is_not_taken_for_the_first(states):
    film = Film()
    film.keep(states, "phrase")
    expose(film, states)
    twin = replace(states[3])
    film.keep([*states[:3], twin], "phrase")
    assert film.missing([*states[:3], twin]) == [twin]


def test_an_empty_film_is_an_empty_picture():
    film = Film()
    assert len(film.gauge().epochs) == len(film.map([]).epochs) == 0
