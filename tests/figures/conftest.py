"""Records to draw."""

import pytest

from rnnviz.analysis.history import History
from rnnviz.engine.training import Score

NONE = Score(float("nan"), float("nan"))


@pytest.fixture
def history_of():
    """Makes a history: each epoch's training loss is its number, the test loss is 1000 more."""

    def history_of(epochs, tested=True):
        history = History()
        for i in range(epochs + 1):
            history.append(Score(float(i), 0.5), Score(1000.0 + i, 0.75) if tested else NONE)
        return history

    return history_of
