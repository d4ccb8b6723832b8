"""How a wave goes on."""

import numpy as np

from rnnviz.config import Loss, OutputAt
from rnnviz.tasks.waves import TEST, TRAIN, waves
from tests.sampling import each_row


def wave(example):
    """All that there is of it, (T + 1,)."""
    return np.array([*example.inputs[:, 0], example.targets[-1, 0]])


def parts(shape):
    """What is learned and what is tested of one shape."""
    data = waves(0)
    if shape == "sine":
        return data.train[:TRAIN], data.test[:TEST]
    return data.train[TRAIN:], data.test[TEST:]


def test_the_target_of_a_value_is_the_next_one():
    data = waves(0)
    for example in (*data.train, *data.test):
        assert np.array_equal(example.targets[:-1], example.inputs[1:])


def test_values_are_from_minus_1_to_1():
    data = waves(0)
    for example in (*data.train, *data.test):
        assert 0.9 < np.abs(wave(example)).max() <= 1


def test_a_sine_is_a_combination_of_its_two_last_values():
    for example in (*parts("sine")[0], *parts("sine")[1]):
        values = wave(example)
        around, middle = values[2:] + values[:-2], values[1:-1]
        cosine = around @ middle / (middle @ middle) / 2
        assert np.abs(around - 2 * cosine * middle).max() < 0.02
        assert 5.9 < 2 * np.pi / np.arccos(cosine) < 12.1


def test_a_square_wave_turns_every_3_to_6_steps():
    for example in (*parts("square")[0], *parts("square")[1]):
        values = wave(example)
        assert set(values) == {-1, 1}
        turns = np.flatnonzero(np.diff(values))
        (half,) = set(np.diff(turns))
        assert half in range(3, 7)
        assert turns[0] < half


@each_row("shape", ["sine", "square"])
def test_both_shapes_are_learned_and_tested(shape):
    assert [len(part) for part in parts(shape)] == [TRAIN, TEST]


def test_the_contract():
    data = waves(0)
    assert (len(data.train), len(data.test)) == (52, 20)
    assert {e.inputs.shape for e in data.train} == {e.targets.shape for e in data.test} == {(40, 1)}
    assert data.vocabulary.words == data.classes == ("value",)
    assert (data.reads, data.loss) == (OutputAt.EVERY, Loss.SQUARED_ERROR)
