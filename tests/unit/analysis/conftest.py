"""Steps to look into."""

import numpy as np
import pytest

from rnnviz.analysis.formatting import Names
from rnnviz.analysis.training_step import step_record
from rnnviz.config import RunConfig
from rnnviz.lab.probe import read
from rnnviz.session import Session
from rnnviz.tasks.example import Example

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
        return step_record(run.state.parameters, [example], config, names)

    return step_of
