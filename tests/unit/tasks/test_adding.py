"""The sum of the two marked numbers."""

import numpy as np
import pytest

from rnnviz.config import Loss, OutputAt
from rnnviz.tasks.adding import LENGTH, adding


def test_the_target_is_the_sum_of_two_marked_numbers_one_in_each_half():
    data = adding(0)
    assert (len(data.train), len(data.test)) == (300, 100)
    assert (data.vocabulary.words, data.classes) == (("value", "marker"), ("sum",))
    assert (data.reads, data.loss) == (OutputAt.LAST, Loss.SQUARED_ERROR)
    for example in (*data.train, *data.test):
        marked = [float(part[:-1]) for part in example.text.split() if part.endswith("*")]
        assert example.targets.shape == (1, 1)
        assert example.targets[0, 0] == pytest.approx(sum(marked), abs=1e-12)
        marks = example.inputs[:, 1]
        assert set(marks) == {0, 1}
        assert marks[: LENGTH // 2].sum() == marks[LENGTH // 2 :].sum() == 1


def test_values_are_from_0_to_1_and_evenly_spread_and_any_may_be_marked():
    inputs = np.array([example.inputs for example in (*adding(0).train, *adding(0).test)])
    values, marks = inputs[:, :, 0], inputs[:, :, 1]
    assert (values.min(), values.max()) == (0, 1)
    assert values.mean() == pytest.approx(0.5, abs=0.02)
    assert values.std() == pytest.approx(12**-0.5, abs=0.02)
    assert np.all(marks.sum(axis=0) > 30)
