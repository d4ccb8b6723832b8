"""The lessons of rnnviz say what is so."""

import pytest

from rnnviz.lessons.check import problems, rehearse
from rnnviz.lessons.lesson import example, open_lesson, read_lesson, shipped
from rnnviz.lessons.lesson_runs import measured
from tests import sampling

LESSONS = {name: open_lesson(path) for name, path in shipped().items()}
EVERY = LESSONS | {"example": read_lesson(example())}
#: Lessons whose runs take longer.
SLOW = {"plateau", "bug", "own"}


def test_there_are_eight_in_their_order():
    assert [*LESSONS] == ["words", "plateau", "reach", "bug", "units", "gate", "own", "rule"]
    assert all(lesson.minutes <= 5 for lesson in LESSONS.values())


@pytest.mark.parametrize("name", EVERY)
def test_every_measure_can_be_taken(name):
    rehearse(EVERY[name])


@pytest.mark.parametrize("name", [n for n in EVERY if sampling.exhaustive or n not in SLOW])
def test_what_it_says_is_so_with_its_own_seed(name):
    own = measured(EVERY[name])
    assert [*problems(EVERY[name], own, [])] == []
    for step in EVERY[name].steps.values():
        assert "–" not in EVERY[name].filled(step.text, own.values)


@pytest.mark.skipif(not sampling.exhaustive, reason="trains for minutes: --exhaustive")
# The slow ones take minutes each: ``rnnviz lesson check`` trains them too.
@pytest.mark.parametrize("name", [n for n in EVERY if n not in SLOW])
def test_what_it_says_is_so_with_ten_seeds(name):
    own, *others = (measured(EVERY[name], seed) for seed in (None, *range(10)))
    assert [*problems(EVERY[name], own, others)] == []
