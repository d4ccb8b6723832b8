"""The next value of a wave."""

import numpy as np
import pytest

from rnnviz.config import Loss, OutputAt
from rnnviz.tasks.dataset import WITHIN
from rnnviz.tasks.waves import TEST, TRAIN, waves


def every_wave():
    """Whole waves (T + 1,), sines and squares."""
    data = waves(0)
    sines = (*data.train[:TRAIN], *data.test[:TEST])
    squares = (*data.train[TRAIN:], *data.test[TEST:])
    return [
        [np.array([*e.inputs[:, 0], e.targets[-1, 0]]) for e in examples]
        for examples in (sines, squares)
    ]


def test_the_target_of_a_value_is_the_next_one():
    data = waves(0)
    assert (len(data.train), len(data.test)) == (52, 20)
    assert data.vocabulary.words == data.classes == ("value",)
    assert (data.reads, data.loss) == (OutputAt.EVERY, Loss.SQUARED_ERROR)
    for example in (*data.train, *data.test):
        assert example.inputs.shape == example.targets.shape == (40, 1)
        assert np.array_equal(example.targets[:-1], example.inputs[1:])


def test_a_sine_is_a_combination_of_its_two_last_values():
    for values in every_wave()[0]:
        assert 0.9 < np.abs(values).max() <= 1
        around, middle = values[2:] + values[:-2], values[1:-1]
        cosine = around @ middle / (middle @ middle) / 2
        assert np.abs(around - 2 * cosine * middle).max() < 0.02
        assert 5.9 < 2 * np.pi / np.arccos(cosine) < 12.1


def test_a_square_wave_jumps_every_3_to_6_steps():
    for values in every_wave()[1]:
        assert set(values) == {-1, 1}
        jumps = np.flatnonzero(np.diff(values))
        (half,) = set(np.diff(jumps))
        assert half in range(3, 7)
        assert jumps[0] < half


# The reference


def scores(seed):
    """The reference on the test sequences: its squared error, its share within 0.1.

    The last is the share of the likeliest values: of what may be a square wave, 1 or -1.
    """
    data = waves(seed)
    outputs = np.concatenate([data.reference.predict(e.inputs) for e in data.test])
    targets = np.concatenate([e.targets for e in data.test])
    owners = np.arange(len(targets))
    square = np.concatenate([np.minimum.accumulate(np.abs(e.inputs)) == 1 for e in data.test])
    likeliest = np.where(square, np.sign(outputs), outputs)
    shares = [WITHIN.score(answers, targets, owners) for answers in (outputs, likeliest)]
    return np.mean((outputs - targets) ** 2), *shares


def test_the_reference_scores_what_the_docs_say():
    error, share, likeliest = np.median([scores(seed) for seed in range(5)], axis=0)
    assert error == pytest.approx(0.0538, abs=0.0001)
    assert share == pytest.approx(0.921, abs=0.0005)
    assert likeliest == pytest.approx(0.96, abs=0.005)


def test_the_reference_knows_nothing_of_what_comes():
    data = waves(0)
    for example in data.train:
        whole = data.reference.predict(example.inputs)
        for t in (1, 2, 3, 17):
            assert data.reference.predict(example.inputs[:t]) == pytest.approx(whole[:t])


def test_the_reference_errs_only_where_nobody_can_know():
    """A sine is known after a few values; of a square wave every jump after the second."""
    data = waves(0)
    errors = [data.reference.predict(e.inputs) - e.targets for e in data.train]
    assert np.abs(errors[:TRAIN])[:, 8:].max() < 0.1
    for example, error in zip(data.train[TRAIN:], errors[TRAIN:], strict=True):
        second = np.flatnonzero(np.diff(example.inputs[:, 0]))[1] + 1
        assert np.abs(error[second:]).max() < 1e-12
