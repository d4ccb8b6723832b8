"""The random numbers of generated data."""

from itertools import count, cycle

import numpy as np

from rnnviz.engine.parameters import INITIALISATION, SHUFFLING
from rnnviz.probe.fixed_points import STARTS
from rnnviz.questions.learn.measure import SAMPLING
from rnnviz.run.weight_edits import NOISE
from rnnviz.tasks.data.split import SPLITTING
from rnnviz.tasks.dataset import Example
from rnnviz.tasks.task import DATA, chance, distinct


def test_task_and_seed_decide_the_numbers_on_every_machine():
    assert chance("recall", 0).integers(100, size=6).tolist() == [4, 63, 60, 39, 76, 42]
    pairs = [("recall", 3), ("recall", 4), ("parity", 3), ("", 3)]
    assert len({chance(*pair).random() for pair in pairs * 2}) == 4


def test_every_use_of_randomness_has_its_own_stream():
    streams = [DATA, INITIALISATION, SHUFFLING, SAMPLING, SPLITTING, NOISE, STARTS]
    assert len({*streams}) == len(streams)


def test_distinct_examples_are_drawn_until_there_are_enough():
    drawn, numbers = cycle("abca"), count()

    def texts(values, number):
        def draw():
            return Example(str(next(values)), np.zeros(1, int), np.zeros(1, int))

        return [example.text for example in distinct(draw, number)]

    assert texts(drawn, 3) == ["a", "b", "c"]
    assert texts(numbers, 5) == ["0", "1", "2", "3", "4"]
    assert next(numbers) == 5
