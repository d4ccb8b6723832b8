"""Runs end with the test, or the module, that opened them: a server keeps only so many."""

import pytest

from rnnviz.app.tab_registry import registry


def ending():
    before = registry().actors
    yield
    for actor in registry().actors:
        if actor not in before:
            actor.stop()


@pytest.fixture(autouse=True, scope="module")
def runs_of_the_module():
    yield from ending()


@pytest.fixture(autouse=True)
def runs_of_the_test(runs_of_the_module):
    yield from ending()
