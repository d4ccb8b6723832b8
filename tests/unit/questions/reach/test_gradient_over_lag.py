"""Products of Jacobians, and connectivity."""

import numpy as np
import pytest

from rnnviz.charts.theme import LIGHT
from rnnviz.probe.gradients import Connectivity
from rnnviz.probe.jacobians import Products
from rnnviz.questions.reach.pictures import connectivity_map, product_curves
from tests.unit.charts.unpacked import by_name

# Products


def products(largest, smallest):
    return Products(np.arange(len(largest)), np.array(largest), np.array(smallest))


def test_best_and_worst_kept_enclose_a_fan_above_the_words():
    drawn = product_curves(products([-2.0, -1.0, 0.0], [-9.0, -4.0, 0.0]), ["a", "b", "c"])
    best, worst = drawn.figure.data
    assert (best.name, worst.name) == ("kept best", "kept worst")
    assert list(best.x) == [0, 1, 2]
    assert drawn.figure.layout.xaxis.range == (-0.5, 2.5), "the columns of the words"
    assert list(best.y) == [-2, -1, 0]
    assert list(worst.y) == [-9, -4, 0]
    assert list(worst.customdata[0]) == ["a", "-9.0"]
    assert best.line.color == LIGHT.magnitude
    assert (best.fill, worst.fill) == (None, "tonexty")
    assert worst.line.dash == "dash", "both are seen where they coincide"


def test_two_networks_have_the_same_depth_and_a_deeper_one_is_in_sight():
    shallow, deep = (
        product_curves(products([low, 0.0], [2 * low, 0.0]), ["a", "b"]) for low in (-0.1, -15.0)
    )
    assert shallow.figure.layout.yaxis.range == deep.figure.layout.yaxis.range
    deeper = product_curves(products([-90.0, 0.0], [-np.inf, 0.0]), ["a", "b"])
    assert deeper.figure.layout.yaxis.range[0] < -90
    worst = by_name(deeper)["kept worst"]
    assert worst.y[0] < deeper.figure.layout.yaxis.range[0], "the fan goes on below the picture"
    assert worst.customdata[0][1] == "-inf"


def test_those_of_a_second_moment_are_faint_and_in_sight():
    second = products([2.0, 0.0], [-3.0, 0.0]), "epoch 3"
    drawn = product_curves(products([-1.0, 0.0], [-2.0, 0.0]), ["a", "b"], second=second)
    best, worst = (by_name(drawn)[f"{name} at epoch 3"] for name in ("best", "worst"))
    assert (list(best.y), list(worst.y)) == ([2, 0], [-3, 0])
    assert best.opacity == worst.opacity == 0.55
    assert drawn.figure.layout.yaxis.range[1] >= 2


def test_what_is_not_known_has_a_gap():
    worst = by_name(product_curves(products([0.0, 0.0], [np.nan, 0.0]), "ab"))["kept worst"]
    assert np.isnan(worst.y[0])


def test_of_an_encoder_and_a_decoder_the_decoders_words_are_named():
    drawn = product_curves(products([-1.0, 0.0], [-1.0, 0.0]), ["i", "am", "<s>", "je"], bridge=2)
    assert [word for word, _ in by_name(drawn)["kept best"].customdata] == ["&lt;s&gt;", "je"]
    assert list(by_name(drawn)["kept best"].x) == [2, 3], "in their columns"


# Connectivity


def test_each_answer_has_its_row_and_nothing_is_drawn_after_it():
    sizes = np.array([[1.0, 0, 0], [0.1, 1, 0], [1.25e-30, 0.1, 1]])
    drawn = connectivity_map(Connectivity(np.arange(3), sizes), ["a", "b", " "]).figure
    z, hovers = np.array(drawn.data[0].z), drawn.data[0].customdata
    np.testing.assert_allclose(np.diag(z), 0)
    assert drawn.layout.xaxis.range == (-0.5, 2.5), "time runs right"
    assert z[1, 0] == pytest.approx(-1)
    assert z[2, 0] == -12, "the scale ends there"
    assert np.isnan(z[0, 1:]).all()
    assert hovers[2][0] == "3 ␣, token 1 a: C = 1.25e-30"
    assert hovers[0][2] == "1 a, token 3 ␣: C = 0.0"
    assert list(drawn.layout.yaxis.ticktext) == ["a", "b", "␣"]
    nothing = connectivity_map(Connectivity(np.array([1]), np.zeros((1, 2))), ["a", "b"])
    assert np.isnan(np.array(nothing.figure.data[0].z)).all()


def test_what_is_lost_for_good_is_marked_at_the_bottom():
    layout = product_curves(products([-2.0, -1.0, 0.0], [-np.inf, -4.0, 0.0]), "abc").figure.layout
    (mark,) = layout.annotations
    assert (mark.text, mark.x, mark.y) == ("0", 0, layout.yaxis.range[0])
