"""Clipping."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnviz.config import ClipBy
from rnnviz.engine.optimizers import clip

gradients = arrays(float, st.integers(1, 20), elements=st.floats(-1e3, 1e3))
limits = st.floats(1e-3, 1e3)


@given(gradients, limits)
def test_clipping_by_value_cuts_every_entry(gradient, limit):
    clipped = gradient.copy()
    clip(clipped, ClipBy.VALUE, limit)
    assert np.array_equal(clipped, np.clip(gradient, -limit, limit))


@given(gradients, limits)
def test_clipping_by_norm_keeps_the_direction(gradient, limit):
    clipped = gradient.copy()
    clip(clipped, ClipBy.NORM, limit)
    length = np.linalg.norm(gradient)
    assert np.linalg.norm(clipped) == pytest.approx(min(length, limit))
    np.testing.assert_allclose(clipped * length, gradient * np.linalg.norm(clipped), atol=1e-6)


@given(gradients, limits)
def test_clipping_off_changes_nothing(gradient, limit):
    clipped = gradient.copy()
    clip(clipped, ClipBy.OFF, limit)
    assert np.array_equal(clipped, gradient)
