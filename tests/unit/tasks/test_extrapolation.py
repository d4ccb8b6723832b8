"""New sequences of the tasks that can draw them."""

import numpy as np

from rnnviz.tasks.dataset import around
from rnnviz.tasks.registry import TASKS
from tests.sampling import each_row

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
