"""What was found of the gradients, epoch by epoch."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.analysis.gradient_history import Entry, Ledger
from rnnviz.analysis.token_contribution import Shares
from rnnviz.config import RunConfig
from rnnviz.training.schedule import Place, Schedule

START = Schedule(RunConfig())
EVERY = range(9)


def entry(epoch):
    ratios = {"W_hh": epoch + 0.5, "b_y": 1.0}
    return Entry(
        np.full(2, epoch + 1j),
        Shares(np.full(3, epoch), np.zeros(3)),
        0.25,
        0.5,
        epoch,
        ratios,
        {},
        {},
    )


@pytest.fixture
def ledger():
    ledger = Ledger()
    ledger.keep(START, "phrase", EVERY)
    for epoch in (4, 0, 2):
        ledger.write(epoch, entry(epoch))
    return ledger


def test_entries_come_in_the_order_of_their_epochs(ledger):
    pages = ledger.pages()
    assert pages.epochs.tolist() == [0, 2, 4]
    assert pages.column("angle").tolist() == [0, 2, 4]
    assert pages.table("ratios")["W_hh"].tolist() == [0.5, 2.5, 4.5]
    assert pages.shares("W_hh").tolist() == [[0] * 3, [2] * 3, [4] * 3]
    assert pages.eigenvalues.shape == (3, 2)


def test_what_has_no_entry_is_missing(ledger):
    assert list(ledger.missing([1, 2, 3])) == [1, 3]


def test_only_the_epochs_that_are_asked_for_are_kept(ledger):
    ledger.keep(START, "phrase", [0, 4, 8])
    assert ledger.pages().epochs.tolist() == [0, 4]


def test_another_subject_leaves_nothing(ledger):
    ledger.keep(START, "other", EVERY)
    assert len(ledger) == 0


def test_other_settings_on_the_way_leave_what_was_before_them(ledger):
    ledger.keep(START.changed(Place(2), replace(START.start, lr=0.5)), "phrase", EVERY)
    assert ledger.pages().epochs.tolist() == [0]


def test_an_empty_ledger_has_empty_pages():
    pages = Ledger().pages()
    assert len(pages.epochs) == len(pages.table("ratios")) == len(pages.eigenvalues) == 0
