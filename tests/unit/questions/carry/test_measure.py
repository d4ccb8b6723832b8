"""Units after one token, at every epoch."""

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe.session import Session
from rnnviz.probe.units import StateSource
from rnnviz.probe.work import spend
from rnnviz.questions.carry.measure import UnitHistory, UnitQuery
from rnnviz.run.schedule import Position
from tests.sampling import each_row


def query_of(session, token, layer=0, part="h"):
    source = StateSource(session.state, session.dataset, layer, part)
    return UnitQuery(source, session.inspect().trace, token)


@each_row(("cell", "part", "layer"), [("elman", "h", 0), ("lstm", "f", 1), ("gru", "z", 0)])
def test_a_row_is_what_was_there_at_its_epoch(cell, part, layer):
    session, lab = Session(RunConfig(hidden=5, cell=cell, layers=layer + 1)), UnitHistory()
    session.player.advance(12)
    while spend(1.0, lab.develop(session.run, query_of(session, 1, layer, part))):
        pass
    epochs, values = lab.past(session.run, query_of(session, 1, layer, part), 0.0)
    assert epochs[0] == 0
    assert epochs[-1] == 12
    for epoch, row in zip(epochs, values, strict=True):
        session.player.go_to(Position(int(epoch)))
        shown = session.inspect().unrolled(layer).of(part)[1]
        np.testing.assert_allclose(row, shown, atol=1e-12)


def test_the_epoch_shown_is_there_at_once_and_another_token_begins_anew():
    session, lab = Session(RunConfig(hidden=5)), UnitHistory()
    session.player.advance(40)
    epochs, _ = lab.past(session.run, query_of(session, 0), 0.0)
    assert 40 in epochs
    spend(9.0, lab.develop(session.run, query_of(session, 0)))
    every, values = lab.past(session.run, query_of(session, 0), 0.0)
    assert len(every) > len(epochs)
    others, other = lab.past(session.run, query_of(session, 2), 9.0)
    assert others.tolist() == every.tolist()
    assert not np.allclose(other, values)
    assert lab.past(session.run, query_of(session, 1), -1.0)[0].tolist() == [40]


def test_a_setting_that_changes_keeps_what_was_before():
    session, lab = Session(RunConfig(hidden=5)), UnitHistory()
    session.player.advance(20)
    spend(9.0, lab.develop(session.run, query_of(session, 0)))
    before = dict(zip(*lab.past(session.run, query_of(session, 0), 0.0), strict=True))
    session.player.go_to(Position(10))
    session.player.branch()
    after = dict(zip(*lab.past(session.run, query_of(session, 0), -1.0), strict=True))
    assert max(after) == 10
    assert len(after) > 1
    assert all(before[epoch] == pytest.approx(after[epoch]) for epoch in after)
