"""Records to draw."""

import numpy as np
import pytest

from rnnviz.analysis.formatting import Names
from rnnviz.analysis.training_step import step_record
from rnnviz.config import RunConfig
from rnnviz.engine.evaluation import Score
from rnnviz.lab.probe import read
from rnnviz.run.history import History
from rnnviz.tasks.example import Example

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


@pytest.fixture
def step_of(learned):
    """Makes the record of one step of the learned run on a phrase."""

    def step_of(text, target=1, **settings):
        config = RunConfig(**{**learned.config.as_dict(), **settings})
        names = Names(learned.dataset.vocabulary.words, learned.dataset.classes)
        tokens = read(learned.dataset, text).tokens
        example = Example(text, tokens, np.array([target]))
        return step_record(learned.state.parameters, [example], config, names)

    return step_of
