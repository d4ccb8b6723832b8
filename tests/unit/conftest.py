"""Steps to look into, and records to draw."""

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.engine.evaluation import Score
from rnnviz.probe.formatting import Names
from rnnviz.probe.probe import read
from rnnviz.probe.session import Session
from rnnviz.questions.step.measure import step_record
from rnnviz.run.history import History
from rnnviz.tasks.dataset import Example

NONE = Score(float("nan"), float("nan"))
TEXTS = {
    1: "bad",
    2: "not good",
    4: "i am not good",
    8: "right now i am not at all happy",
    10: "this is not good and i am not happy now",
}


@pytest.fixture(scope="session")
def halfway():
    """Runs in the middle of learning, by gradient; only to look at, never to change."""
    runs = {}
    for gradient, hidden in (("exact", 64), ("notebook", 16)):
        run = Session(RunConfig(hidden=hidden, init_scale=0.1, gradient=gradient))
        run.player.advance(40)
        runs[gradient] = run
    return runs


@pytest.fixture(scope="session")
def step_of(halfway):
    """Makes the record of one step of a run in the middle of learning."""

    def step_of(text, gradient="exact", target=1, **settings):
        run = halfway[gradient]
        config = RunConfig(**{**run.config.as_dict(), **settings})
        names = Names(run.dataset.vocabulary.words, run.dataset.classes)
        tokens = read(run.dataset, text).tokens
        example = Example(text, tokens, np.array([target]))
        return step_record(run.state, [example], config, names)

    return step_of


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
def learned_step(learned):
    """Makes the record of one step of the learned run on a phrase."""

    def learned_step(text, target=1, **settings):
        config = RunConfig(**{**learned.config.as_dict(), **settings})
        names = Names(learned.dataset.vocabulary.words, learned.dataset.classes)
        tokens = read(learned.dataset, text).tokens
        example = Example(text, tokens, np.array([target]))
        return step_record(learned.state, [example], config, names)

    return learned_step
