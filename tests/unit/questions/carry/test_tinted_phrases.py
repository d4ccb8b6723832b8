"""Sequences tinted by a unit."""

import numpy as np

from rnnviz.charts.hidden_states import StateView
from rnnviz.charts.theme import LIGHT
from rnnviz.questions.carry.pictures import Phrase, tinted_phrases

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
