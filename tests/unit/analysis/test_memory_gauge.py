"""How far the memory reaches."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.analysis.memory_gauge import (
    Film,
    coarse_first,
    eigenvalues,
    half_life,
    slope,
    spectrum,
)
from rnnviz.config import RunConfig
from rnnviz.training.schedule import Place, Schedule


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


def test_eigenvalues_come_by_their_size():
    found = eigenvalues(np.array([[0.5, 0, 0], [0, 0, -3], [0, 3, 0]]))
    np.testing.assert_allclose(np.abs(found), [3, 3, 0.5])
    np.testing.assert_allclose(sorted(found[:2].imag), [-3, 3])


@pytest.mark.parametrize("factor", [0.1, 2.0])
def test_the_slope_is_in_decades_a_token_back(factor):
    assert slope(5 * factor ** np.arange(6.0)[::-1]) == pytest.approx(math.log10(factor))


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

START = Schedule(RunConfig())


@pytest.fixture
def weights():
    return np.random.default_rng(0).standard_normal((9, 4, 4))


@pytest.fixture
def film(weights):
    film = Film()
    film.keep(START, "phrase")
    for epoch, W_hh in enumerate(weights):
        film.expose(epoch, W_hh, np.full(3, 1.0 + epoch))
    return film


def changed(epoch):
    return START.changed(Place(epoch), replace(START.start, lr=0.5))


def test_coarse_frames_come_before_fine_ones():
    assert coarse_first(range(9)) == [0, 8, 4, 2, 6, 1, 3, 5, 7]


def test_what_has_no_frame_is_missing(film):
    assert list(film.missing([3, 9, 8, 12])) == [9, 12]


def test_the_gauge_has_every_frame_in_the_order_of_the_epochs(weights):
    film = Film()
    for epoch in (6, 2):
        film.expose(epoch, weights[epoch], np.ones(3))
    gauge = film.gauge(8)
    assert gauge.epochs.tolist() == [2, 6]
    wanted = [spectrum(weights[epoch]) for epoch in (2, 6)]
    assert list(zip(gauge.radius, gauge.norm, strict=True)) == wanted


def test_the_gauge_ends_at_the_present(film):
    assert film.gauge(4).epochs.tolist() == [0, 1, 2, 3, 4]


def test_the_map_has_a_row_for_each_known_epoch(film):
    seen = film.map([1, 2, 3, 40])
    assert seen.epochs.tolist() == [1, 2, 3]
    assert seen.norms.tolist() == [[2.0] * 3, [3.0] * 3, [4.0] * 3]


def test_another_phrase_has_other_gradients_but_the_same_weights(film, monkeypatch):
    film.keep(START, "other")
    assert list(film.missing(range(9))) == list(range(9))
    monkeypatch.setattr(
        "rnnviz.analysis.memory_gauge.spectrum", lambda W: pytest.fail("made again")
    )
    film.expose(3, np.zeros((4, 4)), np.ones(3))


@pytest.mark.parametrize("epoch", [1, 5])
def test_other_settings_on_the_way_leave_what_was_before_them(film, epoch):
    film.keep(changed(epoch), "phrase")
    assert film.gauge(8).epochs.tolist() == list(range(epoch))


def test_other_settings_at_the_start_leave_nothing(film):
    film.keep(Schedule(RunConfig(seed=1)), "phrase")
    assert len(film.gauge(8).epochs) == 0


def test_more_epochs_to_come_change_nothing(film):
    film.keep(Schedule(RunConfig(epochs=7)), "phrase")
    assert len(film.gauge(8).epochs) == 9


def test_gradients_are_kept_of_the_epochs_of_the_map_alone(film):
    film.thin([0, 4, 40])
    assert film.map(range(9)).epochs.tolist() == [0, 4]
    assert film.gauge(8).epochs.tolist() == list(range(9))
    assert list(film.missing(range(9))) == []


def test_of_very_many_epochs_every_nth_has_a_frame(film, monkeypatch):
    monkeypatch.setattr("rnnviz.analysis.memory_gauge.MOST_FRAMES", 5)
    assert film.frames(5) == range(5)
    assert film.frames(6) == range(0, 6, 2)
    assert film.frames(41) == range(0, 41, 16)
    film.thin([])
    assert film.gauge(8).epochs.tolist() == [0, 2, 4, 6, 8]
    assert film.frames(3) == range(0, 3, 2)


def test_an_empty_film_is_an_empty_picture():
    film = Film()
    assert len(film.gauge(0).epochs) == len(film.map([]).epochs) == 0
