"""The probability of every class after every token."""

import numpy as np
import pytest

from rnnviz.charts.theme import LIGHT
from rnnviz.questions.wrong.pictures import class_bars

WORDS = ["how", "warm"]
PROBS = np.array([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]])


def test_bars_are_as_long_as_the_probabilities_and_the_wanted_class_is_teal():
    drawn = class_bars(PROBS, 1, ["a", "<b>", "c"], WORDS).figure
    ground, bars, numbers = drawn.data
    assert np.asarray(ground.z) == pytest.approx(PROBS.T)
    lengths = {(t + 0.5, k): p for t, k, p in zip(bars.base, bars.y, bars.x, strict=True)}
    assert lengths == {(t, k): pytest.approx(PROBS[t, k]) for t in (0, 1) for k in range(3)}
    colors = dict(zip(bars.y, bars.marker.color, strict=True))
    assert colors == {0: LIGHT.muted, 1: LIGHT.forward, 2: LIGHT.muted}
    assert list(numbers.text) == ["50%", "30%", "30%", "60%"]
    assert list(drawn.layout.yaxis.ticktext) == ["a", "<b>&lt;b&gt;</b>", "<b>c</b>"]
    assert {note.text for note in drawn.layout.annotations} == {"says 60%", "wanted"}


@pytest.mark.parametrize(("wanted", "said"), [(2, {"60%, right"}), (None, {"says 60%"})])
def test_what_is_said_is_right_or_nothing_is_wanted(wanted, said):
    drawn = class_bars(PROBS, wanted, ["a", "b", "c"], WORDS).figure
    assert {note.text for note in drawn.layout.annotations} == said


def test_of_many_classes_the_likeliest_and_the_wanted_one_have_a_row():
    probs = np.linspace(1, 2, 20)[None] / np.linspace(1, 2, 20).sum()
    drawn = class_bars(probs, 0, [str(k) for k in range(20)], ["so"]).figure
    names = [name.strip("<b>/") for name in drawn.layout.yaxis.ticktext]
    assert names == ["0", "13", "14", "15", "16", "17", "18", "19"]
    assert "8 of 20 classes" in drawn.layout.title.text
