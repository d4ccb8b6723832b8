"""How long a measurement goes on unasked."""

import math
from types import SimpleNamespace

import pytest

from rnnviz.probe import work as module
from rnnviz.probe.work import WorkBudget, spend


@pytest.fixture
def slow(monkeypatch):
    """An effort that may not go on unasked, and what was called."""
    monkeypatch.setattr(module, "FREE_SECONDS", 0.0)
    return WorkBudget(), []


def pieces(calls, most=3):
    """What is left of a measurement of so many pieces."""
    while len(calls) < most:
        yield
        calls.append(len(calls))


def test_what_is_short_is_done_unasked():
    work, calls = WorkBudget(), []
    assert not spend(math.inf, work.limit("here", pieces(calls)))
    assert calls == [0, 1, 2]
    assert work.condition == (False, False)


def test_what_takes_long_waits_until_it_is_asked_for(slow):
    work, calls = slow
    assert not spend(math.inf, work.limit("here", pieces(calls)))
    assert not spend(math.inf, work.limit("here", pieces(calls)))
    assert (len(calls), work.waiting) == (0, True)
    work.ask()
    assert spend(0.0, work.limit("here", pieces(calls)))
    assert work.asked
    assert not spend(math.inf, work.limit("here", pieces(calls)))
    assert (len(calls), work.condition) == (3, (False, False))


def test_what_is_cancelled_waits_and_elsewhere_it_begins_anew(slow):
    work, calls = slow
    assert not spend(0.0, work.limit("here", pieces(calls)))
    work.ask()
    going = work.limit("here", pieces(calls))
    next(going)
    next(going)
    assert len(calls) == 1
    work.cancel()
    assert not spend(math.inf, going)
    assert not spend(math.inf, work.limit("here", pieces(calls)))
    assert (len(calls), work.waiting) == (1, True)
    assert not spend(math.inf, work.limit("there", pieces(calls)))
    assert work.waiting


def test_time_between_two_slices_is_not_spent(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    work = WorkBudget()
    going = work.limit("here", pieces([], 100))
    for _ in range(5):
        next(going)
        now[0] += 2 * module.FREE_SECONDS
    assert not work.waiting
