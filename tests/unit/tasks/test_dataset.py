"""Training and test examples of texts and labels."""

import math
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import OutputAt
from rnnviz.tasks.data.csv_table import MAX_CLASSES, TaskError
from rnnviz.tasks.data.rows import Row
from rnnviz.tasks.data.vocabulary import Unit
from rnnviz.tasks.data_source import TASKS
from rnnviz.tasks.dataset import (
    ACCURACY,
    EXACT,
    GAP,
    SIGNS,
    WITHIN,
    around,
    dataset_of_table,
    guess_classes,
    guess_values,
    table_of_dataset,
)
from rnnviz.tasks.text_datasets import build_dataset
from tests.sampling import each_row

TRAIN = [Row(2, "so warm", "sunny"), Row(3, "so cold", "rainy"), Row(4, "not cold", "sunny")]
FULL = [Row(i, f"so cold {i}", f"label {i}") for i in range(MAX_CLASSES)]


def test_phrases_keep_their_order_text_tokens_and_class():
    data = build_dataset("weather", TRAIN, TRAIN[:1])
    assert data.vocabulary.words == ("cold", "not", "so", "warm")
    assert (data.classes, data.notes) == (("rainy", "sunny"), ())
    assert [(e.text, e.inputs.tolist(), e.target) for e in (*data.train, *data.test)] == [
        ("so warm", [2, 3], 1),
        ("so cold", [2, 0], 0),
        ("not cold", [1, 0], 1),
        ("so warm", [2, 3], 1),
    ]
    assert len(build_dataset("weather", FULL).classes) == MAX_CLASSES


@each_row(
    ("train", "test", "said"),
    [
        (TRAIN[::2], (), r"label 'sunny': there must be at least two classes"),
        ([*FULL, *TRAIN[:1]], (), "have 201 different labels, more than 200"),
        (TRAIN, [Row(9, "so warm", "foggy")], "row 9: the label 'foggy'.*rainy, sunny"),
        (TRAIN, [Row(9, "damp and grey", "rainy")], "row 9: no word of 'damp and grey'"),
    ],
)
def test_refusals(train, test, said):
    with pytest.raises(TaskError, match=said):
        build_dataset("weather", train, test)


def test_unknown_tokens_of_test_phrases_are_skipped_and_noted():
    data = build_dataset("weather", TRAIN, [Row(2, "awfully cold and damp", "rainy")])
    assert data.test[0].inputs.tolist() == [0]
    assert "and, awfully, damp" in data.notes[0]
    text = "cold " + " ".join(f"word{i}" for i in range(100))
    (note,) = build_dataset("weather", TRAIN, [Row(2, text, "rainy")]).notes
    assert note.endswith("and 92 more.")
    assert len(note) < 200
    data = build_dataset("weather", TRAIN, [Row(2, "warm!", "rainy")], Unit.CHARACTERS)
    assert data.vocabulary.words == tuple(sorted({*"so warmso coldnot cold"}))
    assert (data.unknown, data.test[0].text) == (("!",), "warm!")
    assert data.notes[0].startswith("Characters that only the test phrases have")


@each_row(
    ("text", "label"),
    [("So COLD!", "rainy"), ("not warm", "rainy"), ("cold so", None)],
)
def test_a_phrase_of_the_data_has_its_label(text, label):
    data = build_dataset("weather", TRAIN, [Row(2, "not warm", "rainy")])
    (target,) = data.targets_of(data.vocabulary.read(text).tokens)
    assert (None if target == GAP else data.classes[target]) == label


def test_a_rule_goes_before_the_data_and_what_is_unknown_is_a_gap():
    data = replace(build_dataset("weather", TRAIN), reads=OutputAt.EVERY)
    assert data.targets_of(np.array([1, 1, 1])).tolist() == [GAP] * 3
    ruled = replace(data, rule=lambda inputs: inputs[:1])
    assert ruled.targets_of(np.array([2, 3])).tolist() == [2]


# A dataset as a table for JSON: it is read back as it was, and nothing else is


def table_of(task):
    return table_of_dataset(TASKS[task].build(4, 0))


def with_inputs(task, inputs):
    """The table of a task, the first example of which has other inputs."""
    table = table_of(task)
    return table | {"train": [["x", inputs, *table["train"][0][2:]], *table["train"][1:]]}


@each_row("task", [*TASKS])
def test_a_table_is_read_back_as_it_was_written(task):
    table = table_of(task)
    assert table_of_dataset(dataset_of_table(table)) == table


@each_row(
    ("task", "inputs"),
    [
        ("sentiment", ["1", 2]),
        ("sentiment", [True, 2]),
        ("sentiment", [None, 2]),
        ("sentiment", [1, [2]]),
        ("sentiment", [{}]),
        ("sentiment", [10**30]),
        ("sentiment", []),
        ("adding", [["1", 0]]),
        ("adding", [[True, 0.5]]),
        ("adding", [[0.5, 1], 0.5]),
        ("adding", [[0.5, [1]]]),
        ("adding", [[[0.5, 1]]]),
        ("adding", [[]]),
    ],
)
def test_inputs_that_are_no_numbers_get_a_sentence(task, inputs):
    with pytest.raises(TaskError, match="An example is empty, or no array of numbers"):
        dataset_of_table(with_inputs(task, inputs))


@each_row("task", ["sentiment", "adding"])
def test_a_long_text_among_numbers_takes_no_memory(task):
    """An array of texts has room for the longest one at every place."""
    wide = ["a" * 10_000, *[1] * 999]
    table = with_inputs(task, [wide] if task == "adding" else wide)
    tracemalloc.start()
    try:
        with pytest.raises(TaskError, match="no array of numbers"):
            dataset_of_table(table)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


# The metrics, and the loss of guessing


OWNER = np.array([0, 0, 1, 1])
LOGITS = np.array([[2.0, 1], [0, 3], [5, 4], [1, 0]])
VALUES = np.array([[0.5, -1.0], [0.2, 0.3]])


@each_row(
    ("targets", "accuracy", "exact"),
    [([0, 1, 0, 0], 1, 1), ([0, 1, 1, 0], 0.75, 0.5), ([1, 1, 0, 1], 0.5, 0), ([1, 0, 1, 1], 0, 0)],
)
@each_row("order", [[0, 1, 2, 3], [2, 0, 3, 1]], ids=str)
def test_classes_in_any_order(targets, accuracy, exact, order):
    rows = LOGITS[order], np.array(targets)[order], OWNER[order]
    assert (ACCURACY.score(*rows), EXACT.score(*rows)) == (accuracy, exact)


@each_row(
    ("shift", "near"), [(0, 1), (0.09, 1), (-0.09, 1), (0.11, 0), ([[0.2, 0.2], [0, 0]], 0.5)]
)
def test_values_may_be_a_little_off(shift, near):
    assert WITHIN.score(VALUES + shift, VALUES, np.arange(2)) == near


@each_row(
    ("outputs", "right"),
    [([[0.1, -9], [3, 1]], 1), ([[0.1, 0.1], [3, 1]], 0.5), ([[0, -1], [-1, -1]], 0)],
)
def test_every_channel_must_have_the_sign(outputs, right):
    assert SIGNS.score(np.array(outputs), VALUES, np.arange(2)) == right


@each_row("metric", [ACCURACY, EXACT, WITHIN, SIGNS], ids=lambda metric: metric.name)
def test_nan_is_never_right(metric):
    targets = np.zeros(2, int) if metric in (ACCURACY, EXACT) else np.ones((2, 3))
    assert metric.score(np.full((2, 3), np.nan), targets, np.arange(2)) == 0


def test_guessing():
    even = guess_classes(np.array([2, 0, 1, 3]), 4)
    assert (even.loss, even.text) == (pytest.approx(math.log(4)), "ln 4 = 1.386")
    uneven = guess_classes(np.repeat([0, 2], [9, 1]), 3)
    entropy = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    assert (uneven.loss, uneven.text) == (pytest.approx(entropy), "entropy = 0.325")
    assert uneven.answer.tolist() == [0.9, 0, 0.1]
    assert guess_classes(np.zeros(3, int), 1).loss == 0
    guess = guess_values(np.array([[0.0, 1], [2, 1]]))
    assert (guess.loss, guess.text, guess.unit) == (pytest.approx(0.5), "variance 0.5", "MSE")


# New sequences of the tasks that can draw them


BUILT = {task.name.value: task.build(5, 0) for task in TASKS.values()}
DRAWN = {name: data for name, data in BUILT.items() if data.extrapolation}


def learned(data):
    return {example.inputs.tobytes() for example in data.train}


def test_tasks_with_a_generator_can_be_longer():
    assert DRAWN.keys() == {"recall", "parity", "adding", "flipflop", "brackets", "waves"}
    assert around(12) == (6, 12, 24, 48)
    assert DRAWN["recall"].extrapolation.lengths == (1, 2, 3, 5, 8, 10, 13, 20)


@each_row("data", DRAWN.values(), ids=DRAWN.keys())
def test_a_new_sequence_has_the_length_the_rule_and_the_classes_and_none_was_learned(data):
    more, known = data.extrapolation, learned(data)
    lag = data.name == "recall"
    assert max(len(example.inputs) for example in data.train) == more.trained + lag
    for length in more.lengths:
        new = more.new(length, 20, known)
        assert len({example.inputs.tobytes() for example in new} - known) == len(new) > 0
        assert [e.text for e in new] == [e.text for e in more.new(length, 20, known)]
        for example in new:
            assert len(example.inputs) == length + lag
            targets = data.targets_of(example.inputs)
            # Only what comes after the end of a wave is unknown to the rule.
            count = len(targets) - (data.name == "waves")
            assert np.array_equal(targets[:count], example.targets[:count])
            assert example.targets.min() >= (0 if data.answers_classes else -1)


def test_where_few_exist_there_are_fewer():
    data = TASKS["recall"].build(1, 0)
    assert len(data.extrapolation.new(1, 20, learned(data))) == 4
    assert len(data.extrapolation.new(1, 20, ())) == 12
