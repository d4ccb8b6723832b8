"""Where made-up data gets its random numbers from."""

from itertools import count, cycle

import numpy as np

from rnnviz.analysis.fixed_points import STARTS
from rnnviz.engine.initializers import INITIALISATION, SHUFFLING
from rnnviz.lab.generation import SAMPLING
from rnnviz.tasks.rng import DATA, chance, distinct
from rnnviz.tasks.split import SPLITTING
from rnnviz.training.weight_edits import NOISE
from tests.sampling import each_row


def test_the_same_seed_gives_the_same_numbers():
    assert np.array_equal(chance("recall", 3).random(9), chance("recall", 3).random(9))


@each_row("other", [("recall", 4), ("parity", 3), ("", 3)])
def test_other_seeds_and_tasks_have_other_numbers(other):
    assert not np.array_equal(chance("recall", 3).random(9), chance(*other).random(9))


def test_no_other_kind_of_chance_has_the_stream():
    streams = [DATA, INITIALISATION, SHUFFLING, SAMPLING, SPLITTING, NOISE, STARTS]
    assert len({*streams}) == len(streams)


def test_the_numbers_are_these_on_every_machine():
    assert chance("recall", 0).integers(100, size=6).tolist() == [4, 63, 60, 39, 76, 42]


def test_what_is_drawn_again_is_left_out():
    drawn = cycle("abca")
    assert distinct(lambda: next(drawn), 3) == ["a", "b", "c"]


def test_no_more_is_drawn_than_is_needed():
    numbers = count()
    assert distinct(lambda: next(numbers), 5) == [0, 1, 2, 3, 4]
    assert next(numbers) == 5
