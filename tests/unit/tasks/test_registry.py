"""The tasks that rnnviz comes with, and what holds for all of them."""

import numpy as np

from rnnviz.config import Loss, OutputAt, TaskName
from rnnviz.tasks.adding import adding
from rnnviz.tasks.brackets import brackets
from rnnviz.tasks.characters import characters
from rnnviz.tasks.flipflop import flipflop
from rnnviz.tasks.parity import parity
from rnnviz.tasks.recall import recall
from rnnviz.tasks.registry import TASKS
from rnnviz.tasks.values import read_values
from rnnviz.tasks.vocabulary import END, START
from rnnviz.tasks.waves import waves
from tests.sampling import each_row

BUILDERS = {
    TaskName(build.__name__): build
    for build in (recall, parity, adding, characters, flipflop, brackets, waves)
}
SEEDED = list(BUILDERS)
every_task = each_row("task", TASKS.values(), ids=[name.value for name in TASKS])


def content(data):
    return [
        (
            e.text,
            e.inputs.tobytes(),
            e.targets.tobytes(),
            e.source is not None and e.source.tobytes(),
        )
        for e in (*data.train, *data.test)
    ]


def test_every_task_is_there_under_its_name():
    assert list(TASKS) == list(TaskName)
    assert all(task.name is name for name, task in TASKS.items())


@every_task
def test_a_task_says_what_it_is_in_a_word_and_a_sentence(task):
    assert 0 < len(task.label) < 25
    assert task.teaches[0].isupper() and task.teaches[-1] in ".?"
    assert len(task.teaches) < 130


@every_task
def test_data_is_built_once(task):
    assert task.build(7, 3) is task.build(7, 3)


@each_row("name", SEEDED)
def test_the_same_lag_and_seed_give_the_same_data(name):
    again = BUILDERS[name].__wrapped__(*((7, 3) if name is TaskName.RECALL else (3,)))
    kept = TASKS[name].build(7, 3)
    assert again is not kept
    assert content(again) == content(kept)


@each_row("name", SEEDED)
def test_another_seed_gives_other_data(name):
    assert content(TASKS[name].build(7, 3)) != content(TASKS[name].build(7, 4))


@every_task
def test_no_example_is_learned_and_tested(task):
    data = task.build(7, 3)
    learned, tested = (
        {(e.text, e.inputs.tobytes()) for e in part} for part in (data.train, data.test)
    )
    assert not learned & tested
    assert data.test or task.name is TaskName.SPELLING


@every_task
def test_examples_have_the_shapes_of_their_task(task):
    data = task.build(7, 3)
    for example in (*data.train, *data.test):
        steps = len(example.inputs)
        answers = 1 if data.reads is OutputAt.LAST else steps
        if data.loss is Loss.CROSS_ENTROPY:
            assert (example.inputs.shape, example.targets.shape) == ((steps,), (answers,))
            assert np.issubdtype(example.inputs.dtype, np.integer)
            assert np.issubdtype(example.targets.dtype, np.integer)
            assert example.inputs.min() >= 0 and example.inputs.max() < len(data.vocabulary)
            assert example.targets.min() >= 0 and example.targets.max() < len(data.classes)
        else:
            assert example.inputs.shape == (steps, len(data.vocabulary))
            assert example.targets.shape == (answers, len(data.classes))
            assert example.inputs.dtype == example.targets.dtype == float


@every_task
def test_every_class_is_learned(task):
    data = task.build(7, 3)
    if data.loss is Loss.CROSS_ENTROPY:
        targets = np.concatenate([example.targets for example in data.train])
        assert set(targets.tolist()) == set(range(len(data.classes)))


def read(data, text):
    """The inputs of a text, or its source where there is an encoder; nothing may be unknown."""
    if data.loss is Loss.SQUARED_ERROR:
        return read_values(text, data.vocabulary.words, 100)
    reading = (data.source or data.vocabulary).read(text)
    assert not reading.unknown
    return reading.tokens


@every_task
def test_the_text_of_an_example_is_read_back(task):
    data = task.build(7, 3)
    for example in (*data.train, *data.test):
        wanted = example.inputs if example.source is None else example.source
        assert np.array_equal(read(data, example.text), wanted)


@every_task
def test_the_probe_can_be_read(task):
    data = task.build(7, 3)
    assert len(read(data, task.probe or data.test[0].text)) > 1


@each_row("name", ["characters", "spelling", "translation"])
def test_what_is_answered_can_be_read_next(name):
    data = TASKS[TaskName(name)].build(7, 3)
    assert {*data.classes} - {END} <= {*data.vocabulary.words} - {START}


@every_task
def test_the_right_answers_have_the_full_score(task):
    data = task.build(7, 3)
    owner = np.concatenate([np.full(len(e.targets), place) for place, e in enumerate(data.train)])
    targets = np.concatenate([example.targets for example in data.train])
    outputs = np.eye(len(data.classes))[targets] if targets.ndim == 1 else targets
    assert data.metric.score(outputs, targets, owner) == 1


@every_task
def test_the_rule_gives_the_targets_of_every_example_as_far_as_it_says(task):
    data = task.build(7, 3)
    for example in (*data.train, *data.test):
        if example.source is None:
            found = data.wanted(example.inputs)
            known = found >= 0 if found.ndim == 1 else ~np.isnan(found)
            assert found.shape == example.targets.shape
            assert known.sum() >= known.size - len(data.classes) ** (found.ndim - 1)
            assert np.array_equal(found[known], example.targets[known])
