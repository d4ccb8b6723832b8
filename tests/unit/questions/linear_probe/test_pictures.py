"""What a linear probe reads, place by place."""

import numpy as np

from rnnviz.charts.theme import DARK
from rnnviz.probe.results import wilson
from rnnviz.questions.linear_probe.measure import SHUFFLES, ProbeScores
from rnnviz.questions.linear_probe.pictures import readability_lines

SHUFFLED = np.linspace(0.3, 0.6, SHUFFLES) + np.array([[0.0], [0.1], [np.nan]])
ONE = ProbeScores(
    np.arange(3), np.array([0.9, 0.8, np.nan]), np.array([0.5, 0.6, np.nan]), SHUFFLED,
    np.array([40, 30, 4]),
)  # fmt: skip
OTHER = ProbeScores(np.arange(3), np.full(3, 0.5), np.full(3, 0.5), SHUFFLED, np.array([9, 9, 9]))


def test_the_last_is_strong_over_its_band_and_its_guess():
    drawn = readability_lines({"epoch 0": OTHER, "epoch <9": ONE}, "a <b", "words read").figure
    low, high, guess, thin, strong = drawn.data
    np.testing.assert_allclose(low.y, [0.3, 0.4], rtol=1e-6)
    np.testing.assert_allclose(high.y, [0.6, 0.7], rtol=1e-6)
    np.testing.assert_array_equal(guess.y, ONE.guess.astype(np.float32))
    np.testing.assert_array_equal(strong.y, ONE.scores.astype(np.float32))
    assert strong.line.width > thin.line.width
    assert thin.error_y.array is None
    low, high = wilson(ONE.scores[:2], ONE.counts[:2]).T
    np.testing.assert_allclose(ONE.scores[:2] + strong.error_y.array[:2], high)
    np.testing.assert_allclose(ONE.scores[:2] - strong.error_y.arrayminus[:2], low)
    assert list(strong.customdata[0]) == [40, f"{low[0]:.1%}", f"{high[0]:.1%}"]
    assert strong.hovertemplate.startswith("epoch <9, at")
    assert drawn.layout.yaxis.range == (0, 1.05)
    assert drawn.layout.xaxis.range == (-0.5, 2.5)
    assert drawn.layout.title.text == "a &lt;b"


def test_values_may_be_worse_than_their_mean_and_places_may_count_down():
    one = ProbeScores(ONE.places, ONE.scores, ONE.guess, ONE.shuffled, ONE.counts, values=True)
    drawn = readability_lines({"now": one}, "a", "words before the end", True, DARK).figure
    assert drawn.layout.yaxis.range[0] < 0
    assert drawn.layout.yaxis.title.text == "R²"
    assert drawn.data[-1].error_y.array is None
    assert drawn.layout.xaxis.range == (1.5, -0.5), "the third was not measured"
