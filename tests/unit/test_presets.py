"""What the presets promise is what their runs do."""

import pytest

from rnnviz.config import TaskName
from rnnviz.presets import PRESETS
from rnnviz.session import Session


@pytest.mark.parametrize(
    ("cell", "low", "high"), [("elman", 0.0, 0.4), ("gru", 1.0, 1.0), ("lstm", 1.0, 1.0)]
)
def test_with_lag_20_elman_fails_and_the_gates_learn(cell, low, high):
    (config,) = (p.config() for p in PRESETS[TaskName.RECALL] if p.config().cell == cell)
    session = Session(config)
    session.player.advance(config.epochs)
    assert session.player.finished
    assert low <= session.run.history.row(config.epochs)["test_metric"] <= high
