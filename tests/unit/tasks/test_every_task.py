"""The built-in tasks, and what holds for all of them."""

import numpy as np

from rnnviz.config import Loss, OutputAt, RunConfig, TaskName
from rnnviz.tasks.adding import adding
from rnnviz.tasks.brackets import brackets
from rnnviz.tasks.characters import characters
from rnnviz.tasks.data.vocabulary import END, START
from rnnviz.tasks.data_source import TASKS
from rnnviz.tasks.flipflop import flipflop
from rnnviz.tasks.parity import parity
from rnnviz.tasks.recall import recall
from rnnviz.tasks.waves import waves
from tests.sampling import each_row

SEEDED = recall, parity, adding, characters, flipflop, brackets, waves
every_task = each_row("task", TASKS.values(), ids=[name.value for name in TASKS])


def content(data):
    return [(e.text, e.inputs.tobytes(), e.targets.tobytes()) for e in (*data.train, *data.test)]


def test_every_task_says_what_it_is_in_a_word_and_a_sentence():
    assert [task.name for task in TASKS.values()] == list(TASKS) == list(TaskName)
    for task in TASKS.values():
        assert 0 < len(task.label) < 25
        assert task.teaches[0].isupper() and task.teaches[-1] in ".?" and len(task.teaches) < 130


@each_row("build", SEEDED, ids=lambda build: build.__name__)
def test_the_lag_and_the_seed_decide_the_data(build):
    task = TASKS[TaskName(build.__name__)]
    again = build.__wrapped__(*((7, 3) if build is recall else (3,)))
    cached = task.build(7, 3)
    assert cached is task.build(7, 3) is not again
    assert content(again) == content(cached) != content(task.build(7, 4))


@every_task
def test_no_example_is_learned_and_tested(task):
    data = task.build(7, 3)
    learned, tested = (
        {(e.text, e.inputs.tobytes()) for e in part} for part in (data.train, data.test)
    )
    assert not learned & tested
    assert data.test or task.name is TaskName.SPELLING


@every_task
def test_examples_have_the_shapes_of_their_task_and_every_class_is_learned(task):
    data = task.build(7, 3)
    for example in (*data.train, *data.test):
        steps = len(example.inputs)
        answers = 1 if data.reads is OutputAt.LAST else steps
        if data.loss is Loss.CROSS_ENTROPY:
            assert (example.inputs.shape, example.targets.shape) == ((steps,), (answers,))
            assert example.inputs.dtype.kind == example.targets.dtype.kind == "i"
            assert example.inputs.min() >= 0 and example.inputs.max() < len(data.vocabulary)
        else:
            assert example.inputs.shape == (steps, len(data.vocabulary))
            assert example.targets.shape == (answers, len(data.classes))
            assert example.inputs.dtype == example.targets.dtype == float
    if data.loss is Loss.CROSS_ENTROPY:
        targets = np.concatenate([example.targets for example in (*data.train, *data.test)])
        assert {*targets.tolist()} == {*range(len(data.classes))}


def read(data, text):
    """The inputs of a text, or its source where there is an encoder; nothing may be unknown."""
    if data.loss is Loss.SQUARED_ERROR:
        return data.values_of(text, 100)
    reading = (data.source or data.vocabulary).read(text)
    assert not reading.unknown
    return reading.tokens


@every_task
def test_the_text_of_an_example_and_the_probe_can_be_read(task):
    data = task.build(7, 3)
    for example in (*data.train, *data.test):
        inputs = example.inputs if example.source is None else example.source
        assert np.array_equal(read(data, example.text), inputs)
    assert len(read(data, task.probe or data.test[0].text)) > 1
    if task.name in ("characters", "spelling", "translation"):  # what is written is read next
        assert {*data.classes} - {END} <= {*data.vocabulary.words} - {START}


@every_task
def test_the_right_answers_have_the_full_score(task):
    data = task.build(7, 3)
    owner = np.concatenate([np.full(len(e.targets), i) for i, e in enumerate(data.train)])
    targets = np.concatenate([example.targets for example in data.train])
    outputs = np.eye(len(data.classes))[targets] if targets.ndim == 1 else targets
    assert data.metric.score(outputs, targets, owner) == 1


@every_task
def test_the_rule_gives_the_targets_of_every_example_except_the_unknown_ones(task):
    data = task.build(7, 3)
    for example in (*data.train, *data.test):
        if example.source is None:
            targets = data.targets_of(example.inputs)
            known = targets >= 0 if targets.ndim == 1 else ~np.isnan(targets)
            assert targets.shape == example.targets.shape
            assert known.sum() >= known.size - len(data.classes) ** (targets.ndim - 1)
            assert np.array_equal(targets[known], example.targets[known])


@every_task
def test_window_and_horizon_decide_the_data_where_they_have_an_effect(task):
    settings = RunConfig(task=task.name), RunConfig(task=task.name, window=9, horizon=3)
    one, other = map(task.dataset, settings)
    assert task.reads("window") == task.reads("horizon") == (one is not other)
    if task.reads("window"):
        assert (other.series.window, other.series.horizon) == (9, 3)
        longest = task.dataset(RunConfig(task=task.name, window=500, horizon=50))
        assert longest.notes[0] == "The window is 100, the longest for this series."
        assert len(longest.train) >= 30
