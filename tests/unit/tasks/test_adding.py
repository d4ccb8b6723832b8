"""The sum of the two numbers that are marked."""

import numpy as np
import pytest

from rnnviz.config import Loss, OutputAt
from rnnviz.tasks.adding import LENGTH, TEST, TRAIN, adding


def every():
    data = adding(0)
    return [*data.train, *data.test]


def test_the_target_is_the_sum_of_the_numbers_with_a_star():
    for example in every():
        marked = [float(part[:-1]) for part in example.text.split() if part.endswith("*")]
        assert len(marked) == 2
        assert example.targets.shape == (1, 1)
        assert example.targets[0, 0] == pytest.approx(sum(marked), abs=1e-12)


def test_one_mark_is_in_each_half():
    for example in every():
        marks = example.inputs[:, 1]
        assert set(marks) == {0, 1}
        assert marks[: LENGTH // 2].sum() == marks[LENGTH // 2 :].sum() == 1


def test_values_are_from_0_to_1_and_evenly_spread():
    values = np.concatenate([example.inputs[:, 0] for example in every()])
    assert (values.min(), values.max()) == (0, 1)
    assert values.mean() == pytest.approx(0.5, abs=0.02)
    assert values.std() == pytest.approx(12**-0.5, abs=0.02)


def test_any_place_may_be_marked():
    assert np.all(sum(example.inputs[:, 1] for example in every()) > 30)


def test_the_contract():
    data = adding(0)
    assert (len(data.train), len(data.test)) == (TRAIN, TEST) == (300, 100)
    assert data.vocabulary.words == ("value", "marker")
    assert data.classes == ("sum",)
    assert (data.reads, data.loss) == (OutputAt.LAST, Loss.SQUARED_ERROR)
