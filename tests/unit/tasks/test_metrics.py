"""How good the answers are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnviz.tasks.metrics import ACCURACY, EXACT, SIGNS, WITHIN
from tests.sampling import each_row

OWNER = np.array([0, 0, 1, 1])
LOGITS = np.array([[2.0, 1], [0, 3], [5, 4], [1, 0]])
VALUES = np.array([[0.5, -1.0], [0.2, 0.3]])


@each_row(
    ("targets", "accuracy", "exact"),
    [([0, 1, 0, 0], 1, 1), ([0, 1, 1, 0], 0.75, 0.5), ([1, 1, 0, 1], 0.5, 0), ([1, 0, 1, 1], 0, 0)],
)
def test_classes(targets, accuracy, exact):
    assert ACCURACY.score(LOGITS, np.array(targets), OWNER) == accuracy
    assert EXACT.score(LOGITS, np.array(targets), OWNER) == exact


@each_row(("shift", "near"), [(0, 1), (0.09, 1), (-0.09, 1), (0.11, 0), ([[0.2, 0], [0, 0]], 0.5)])
def test_values_may_be_a_little_off(shift, near):
    assert WITHIN.score(VALUES + shift, VALUES, np.arange(2)) == near


@each_row(
    ("outputs", "right"),
    [([[0.1, -9], [3, 1]], 1), ([[0.1, 0.1], [3, 1]], 0.5), ([[0, -1], [-1, -1]], 0)],
)
def test_every_channel_must_have_the_sign(outputs, right):
    assert SIGNS.score(np.array(outputs), VALUES, np.arange(2)) == right


@each_row("metric", [ACCURACY, EXACT, WITHIN, SIGNS], ids=lambda metric: metric.name)
def test_what_is_not_a_number_is_not_right(metric):
    targets = np.zeros(2, int) if metric in (ACCURACY, EXACT) else np.ones((2, 3))
    assert metric.score(np.full((2, 3), np.nan), targets, np.arange(2)) == 0


@given(arrays(float, (12, 3), elements=st.floats(-1, 1)), st.integers(0, 999))
def test_scores_are_shares_and_do_not_depend_on_the_order(outputs, seed):
    rng = np.random.default_rng(seed)
    owner, order = np.sort(rng.integers(5, size=12)), rng.permutation(12)
    for metric in (ACCURACY, EXACT, WITHIN, SIGNS):
        classes = metric in (ACCURACY, EXACT)
        targets = rng.integers(3, size=12) if classes else rng.uniform(-1, 1, (12, 3))
        score = metric.score(outputs, targets, owner)
        assert 0 <= score <= 1
        assert metric.score(outputs[order], targets[order], owner[order]) == pytest.approx(score)
    assert EXACT.score(outputs, targets.argmax(1), owner) <= 1
