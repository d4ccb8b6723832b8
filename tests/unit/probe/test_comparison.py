"""What two networks say, as numbers that compare."""

import numpy as np
import pandas as pd
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe.comparison import answers
from rnnviz.probe.session import from_frame


def of_values(*values):
    """A window of a table of hours as a network reads it."""
    steps = np.arange(90)
    columns = {value: 100 + 10 * np.sin(steps + k) for k, value in enumerate(values)}
    times = pd.date_range("2024-12-31 20:00", periods=90, freq="h")
    frame = pd.DataFrame({"time": times, **columns})
    session = from_frame(frame, RunConfig(hidden=3), value=values, window=6)
    return session.inspect()


@pytest.mark.parametrize(("values", "own"), [(("load",), True), (("load", "price"), False)])
def test_the_error_of_one_column_is_in_its_own_units(values, own):
    probe = of_values(*values)
    beside = probe.answers - probe.known
    if own:
        beside = beside * probe.dataset.answer_units.scale
    expected = np.sqrt((beside**2).mean(axis=1))
    np.testing.assert_allclose(answers(probe, probe.answers).values, expected, rtol=1e-9)
