"""The share of every token in the gradient: now, and over the epochs."""

import numpy as np
import pytest

from rnnviz.analysis.gradient_history import EpochSeries
from rnnviz.analysis.token_contribution import TokenContribution
from rnnviz.figures.theme import LIGHT
from rnnviz.figures.token_shares import share_columns, share_map
from rnnviz.training.history import Course
from tests.sampling import each_row
from tests.unit.figures.unpacked import by_name

WORDS = ["a", "b", "<i>c"]


def history(epochs, tokens=3):
    """Shares by token that differ from epoch to epoch, and for W_hh and W_xh."""
    shares = [np.roll(np.arange(1.0, tokens + 1), k) for k in range(len(epochs))]
    rows = tuple(TokenContribution(s / s.sum(), s[::-1] / s.sum()) for s in shares)
    return EpochSeries(np.array(epochs), rows)


@each_row(("name", "words"), [("W_hh", "recurrent"), ("W_xh", "input")])
def test_the_share_at_the_epoch_shown_is_a_bar_in_the_column_of_its_token(name, words):
    series = history([0, 10, 20])
    drawn = share_columns(series, name, WORDS, 10)
    now = by_name(drawn)["now"]
    shares = series.column(name)[1]
    np.testing.assert_allclose(now.y, shares, rtol=1e-6)
    assert list(map(float, now.customdata)) == list(shares)
    assert list(now.text) == [f"{share:.0%}" for share in shares]
    assert (np.round(now.x) == [0, 1, 2]).all()
    assert drawn.figure.layout.meta["x"] == "token"
    assert words in drawn.figure.layout.title.text


def test_the_past_is_in_the_same_column_and_ends_at_the_epoch_shown():
    series = history([0, 10, 20])
    past, now = by_name(share_columns(series, "W_hh", WORDS, 10)).values()
    x, y = (np.array(values).reshape(3, 3) for values in (past.x, past.y))
    np.testing.assert_allclose(y[:, :-1], series.column("W_hh")[:2].T, rtol=1e-6)
    assert np.isnan(x[:, -1]).all(), "a gap after each token"
    assert (np.diff(x[:, :-1]) > 0).all(), "time goes right"
    assert (np.round(x[:, :-1]) == [[0], [1], [2]]).all()
    assert (x[:, -2] < np.array(now.x) - now.width / 2).all(), "the bar does not hide it"


def test_an_epoch_that_was_not_measured_shows_the_nearest():
    series = history([0, 10, 20])
    now = by_name(share_columns(series, "W_hh", WORDS, 17))["now"]
    np.testing.assert_allclose(now.y, series.column("W_hh")[2], rtol=1e-6)


def test_at_epoch_0_the_past_is_one_moment():
    past = by_name(share_columns(history([0]), "W_hh", WORDS, 0))["from the beginning to now"]
    assert np.isfinite(np.array(past.x).reshape(3, 2)[:, 0]).all()


def test_of_many_tokens_only_the_bars_have_room():
    drawn = share_columns(history([0, 10], 30), "W_hh", ["w"] * 30, 10).figure
    (now,) = drawn.data
    np.testing.assert_allclose(now.x, np.arange(30), atol=1e-6)
    assert not now.text


def test_the_axis_holds_all_shares_until_now_and_no_more():
    series = history([0, 10, 20], 100)
    axis = share_columns(series, "W_hh", ["w"] * 100, 20).figure.layout.yaxis
    assert list(axis.ticktext) == ["0%", "1%", "2%"]
    assert axis.range[1] == pytest.approx(1.12 * 0.02)
    one = EpochSeries(np.array([0]), (TokenContribution(np.ones(1), np.zeros(1)),))
    assert share_columns(one, "W_hh", ["w"], 0).figure.layout.yaxis.ticktext[-1] == "100%"
    assert share_columns(one, "W_xh", ["w"], 0).figure.layout.yaxis.ticktext[-1] == "100%"


def test_the_map_has_a_row_a_token_and_shows_small_shares(history_of):
    series, course = history([0, 10, 20]), Course(history_of(20), 20, shown=10)
    drawn = share_map(series, "W_xh", WORDS, course).figure
    (cells,) = drawn.data
    assert list(cells.x) == [0, 10, 20]
    np.testing.assert_allclose(cells.z, series.column("W_xh").T, rtol=1e-6)
    assert (cells.zmin, cells.zmax) == (0, 1)
    assert list(drawn.layout.yaxis.ticktext) == ["a", "b", "&lt;i&gt;c"]
    assert drawn.layout.yaxis.range == (3.5, 0.5)
    assert any(shape.type == "line" and shape.x0 == 10 for shape in drawn.layout.shapes)
    # Between 0 and 1 the colour goes by the square root.
    places, colors = zip(*cells.colorscale, strict=True)
    assert (colors[0], colors[-1]) == (LIGHT.neutral, LIGHT.magnitude)
    reds = [int(color[1:3], 16) for color in colors]
    drop = [(reds[0] - red) / (reds[0] - reds[-1]) for red in reds]
    np.testing.assert_allclose(drop, np.sqrt(places), atol=0.01)
