"""A dataset as a table for JSON: it is read back as it was, and nothing else is."""

import tracemalloc

import pytest

from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.dataset import dataset_of_table, table_of_dataset
from rnnviz.tasks.registry import TASKS
from tests.sampling import each_row


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
    with pytest.raises(TaskError, match="An example is empty, or not made of numbers"):
        dataset_of_table(with_inputs(task, inputs))


@each_row("task", ["sentiment", "adding"])
def test_a_long_text_among_numbers_takes_no_memory(task):
    """An array of texts has room for the longest one at every place."""
    wide = ["a" * 10_000, *[1] * 999]
    table = with_inputs(task, [wide] if task == "adding" else wide)
    tracemalloc.start()
    try:
        with pytest.raises(TaskError, match="not made of numbers"):
            dataset_of_table(table)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
