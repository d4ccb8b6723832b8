"""Score by length."""

from dataclasses import replace

import numpy as np

from rnnviz.questions.reach.measure import LengthProfile
from rnnviz.questions.reach.pictures import length_curve

PROFILE = LengthProfile(
    lengths=np.array([10, 20, 40]),
    counts=np.array([12, 200, 200]),
    scores=np.array([0.5, 1.0, 0.25]),
    losses=np.array([0.7, 0.01, np.nan]),
    intervals=np.array([[0.25, 0.75], [0.98, 1.0], [0.2, 0.31]]),
    guess=0.25,
    trained=20,
    new=True,
)


def test_scores_intervals_guessing_and_the_length_learned_are_drawn():
    drawn = length_curve(PROFILE, "lag", "accuracy").figure
    (points,) = drawn.data
    assert (list(points.x), list(points.y)) == ([10, 20, 40], [0.5, 1, 0.25])
    np.testing.assert_allclose(points.y + points.error_y.array, [0.75, 1, 0.31])
    np.testing.assert_allclose(points.y - points.error_y.arrayminus, [0.25, 0.98, 0.2])
    assert list(points.customdata[2]) == ["0.25", "0.2", "0.31", "nan", 200]
    learned, guess = drawn.layout.shapes
    assert (learned.x0, guess.y0) == (20, 0.25)
    assert drawn.layout.annotations[0].text == "longest learned: 20"
    assert list(drawn.layout.xaxis.tickvals) == [40, 20, 10]
    assert drawn.layout.xaxis.range[0] > drawn.layout.xaxis.range[1], "back is to the left"
    assert drawn.layout.title.text == "Accuracy by lag: at 40 not clearly better than guessing"
    assert drawn.layout.xaxis.title.text.startswith("lag")


def test_what_is_not_known_is_not_claimed():
    def title(**changes):
        drawn = length_curve(replace(PROFILE, **changes), "bits", "accuracy").figure
        return drawn.layout.title.text, len(drawn.layout.shapes)

    assert title(guess=None) == ("Accuracy by length", 1)
    assert title(new=False) == ("Accuracy by length", 2)
    assert title(guess=0.1) == ("Accuracy by length: better than guessing up to 40", 2)
    waiting = length_curve(None, "bits", "accuracy").figure
    assert "paused" in waiting.layout.annotations[0].text
