"""What words change in the units, and tinted phrases."""

import numpy as np
import pytest

from rnnviz.charts.hidden_states import StateView
from rnnviz.charts.theme import LIGHT
from rnnviz.probe.activations import Response
from rnnviz.questions.carry.pictures import Phrase, response_matrix, tinted_phrases
from tests.sampling import each_row

MEANS = np.array([[1.0, -0.5], [0.1, 0.2], [-0.9, 0.4]])
RESPONSE = Response(("not", "<b>"), MEANS, np.array([3, 1]), np.array([0, 2, 1]))


def test_matrix_and_bars_share_their_rows_and_the_chosen_ones_are_framed():
    drawn = response_matrix(RESPONSE, "Δh", chosen=1, word="not", changes=MEANS[:, 0]).figure
    (cells, bars), layout = drawn.data, drawn.layout
    assert np.array(cells.z) == pytest.approx(MEANS[[0, 2, 1]], abs=1e-6)
    assert cells.zmin == -cells.zmax < 0
    assert np.array(bars.x) == pytest.approx(MEANS[[0, 2, 1], 0], abs=1e-6)
    assert tuple(cells.y) == tuple(bars.y) == ("0", "2", "1")
    assert layout.meta["units"] == [0, 2, 1]
    column, row = layout.shapes
    assert (column.x0, column.x1) == (-0.5, 0.5)
    assert (row.y0, row.y1) == (1.5, 2.5)
    assert layout.xaxis.domain[0] > layout.xaxis2.domain[1]


def test_words_are_named_as_they_are_and_the_chosen_one_stands_out():
    drawn = response_matrix(RESPONSE, "Δh", chosen=0, word="<b>", changes=MEANS[:, 1]).figure
    assert drawn.data[0].x == ("not", "&lt;b&gt;")
    assert drawn.layout.xaxis.ticktext == ("not", "<b>&lt;b&gt;</b>")


@each_row("chosen", ["w0", "w3", "elsewhere"])
def test_of_many_units_and_words_some_are_named_the_chosen_ones_among_them(chosen):
    """Units that never change can be drawn."""
    words = tuple(f"w{k}" for k in range(40))
    still = Response(words, np.zeros((256, 40)), np.ones(40, int), np.arange(256))
    changes = np.full(256, np.nan)
    drawn = response_matrix(still, "Δh", chosen=9, word=chosen, changes=changes).figure
    assert drawn.layout.yaxis.tickvals == ("9",)
    assert drawn.layout.meta["units"] == sorted([*range(0, 256, 4), 9])
    assert len(drawn.data[1].x) == 65
    assert drawn.layout.title.text == "Δh; 1 in 4"
    assert (chosen in drawn.layout.xaxis.tickvals) == (chosen in words)
    assert len(drawn.layout.xaxis.tickvals) <= 24
    assert len(drawn.layout.shapes) == 1 + (chosen in words)
    assert drawn.data[0].zmax > 0


def test_the_names_of_many_words_are_upright_and_the_chosen_one_has_room():
    words = tuple(f"w{k}" for k in range(40))
    still = Response(words, np.zeros((4, 40)), np.ones(40, int), np.arange(4))
    drawn = response_matrix(still, "Δh", chosen=0, word="w3", changes=np.zeros(4))
    axis = drawn.figure.layout.xaxis
    assert axis.tickangle == -90
    assert axis.tickvals[:4] == ("w0", "w3", "w6", "w8")


# Sequences tinted by a unit


PHRASES = [
    Phrase(("not", "good"), np.array([-0.25, 0.5]), 7, "→ negative"),
    Phrase(("<b>", " ", "x"), np.array([0.1, 0.0, -0.1]), 2),
]


def test_every_word_has_its_value_and_nothing_stands_where_there_is_none():
    (cells,) = tinted_phrases(PHRASES, "Phrases", 0.5).figure.data
    assert np.isnan(cells.z[0][2])
    np.testing.assert_allclose(cells.z[0][:2], [-0.25, 0.5])
    np.testing.assert_allclose(cells.z[1], [0.1, 0, -0.1], atol=1e-7)
    assert (cells.zmin, cells.zmax) == (-0.5, 0.5)
    assert cells.y == ("7: not good", "2: &lt;b&gt; ␣ x")


def test_a_readers_text_is_only_text_and_the_chosen_word_is_told():
    drawn = tinted_phrases(PHRASES, "Phrases", 0.5, word="<b>", tight=True).figure
    assert drawn.data[0].text[1] == ["&lt;b&gt;", "␣", "x"]
    assert drawn.layout.meta == {"notes": ["→ negative", ""], "tight": True, "word": "&lt;b&gt;"}


def test_a_gate_is_grey():
    gate = StateView("f", "Forget gate", gate=True)
    (cells,) = tinted_phrases(PHRASES, "Phrases", 0.5, gate).figure.data
    assert (cells.zmin, cells.zmax) == (0, 1)
    assert cells.colorscale[1][1] == LIGHT.muted
