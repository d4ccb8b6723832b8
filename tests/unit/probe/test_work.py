"""How long a measurement goes on unasked."""

import pytest

from rnnviz.probe import work as module
from rnnviz.probe.work import WorkBudget


@pytest.fixture
def slow(monkeypatch):
    """An effort that may not go on unasked, and what was called."""
    monkeypatch.setattr(module, "FREE_SECONDS", 0.0)
    return WorkBudget(), []


def some(calls, most=3):
    """A measurement of so many pieces."""

    def measure(budget):
        calls.append(budget)
        return len(calls) < most

    return measure


def test_what_is_short_is_done_unasked():
    work, calls = WorkBudget(), []
    while work.work("here", 0.5, some(calls)):
        pass
    assert calls == [0.5] * 3
    assert work.condition == (False, False)


def test_what_takes_long_waits_until_it_is_asked_for(slow):
    work, calls = slow
    assert not work.work("here", 0.0, some(calls))
    assert not work.work("here", 0.0, some(calls))
    assert (len(calls), work.waiting) == (1, True)
    work.ask()
    assert work.work("here", 0.0, some(calls))
    assert work.asked
    assert not work.work("here", 0.0, some(calls))
    assert (len(calls), work.condition) == (3, (False, False))


def test_what_is_cancelled_waits_and_elsewhere_it_begins_anew(slow):
    work, calls = slow
    work.work("here", 0.0, some(calls))
    work.ask()
    work.cancel()
    assert not work.work("here", 0.0, some(calls))
    assert len(calls) == 1
    work.work("there", 0.0, some(calls))
    assert len(calls) == 2
