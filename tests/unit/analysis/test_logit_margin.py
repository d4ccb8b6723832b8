"""The verdict as it forms, word by word."""

import numpy as np
import pytest

from rnnviz.analysis.logit_margin import running_margin
from rnnviz.config import RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.initializers import initial_parameters
from rnnviz.engine.parameters import Architecture
from rnnviz.engine.training import record
from tests.unit.engine.networks import phrase

PHRASE = "i am not at all happy"


def test_each_value_is_that_of_the_phrase_that_ends_there(learned):
    values = learned.inspect(PHRASE).margin.values
    words = PHRASE.split()
    for t in range(len(words)):
        cut = learned.inspect(" ".join(words[: t + 1]))
        assert cut.margin.values[-1] == pytest.approx(values[t], rel=1e-9)


def test_the_last_value_is_the_margin_of_the_logits(learned):
    probe = learned.inspect(PHRASE)
    negative, positive = probe.trace.logits[0]
    assert probe.margin.values[-1] == pytest.approx(positive - negative)


def test_the_sign_of_the_last_value_is_the_verdict(learned):
    assert learned.inspect("bad").margin.values[-1] < 0
    assert learned.inspect("not bad").margin.values[-1] > 0


def test_of_several_classes_the_best_other_is_the_rival():
    parameters = initial_parameters(Architecture(4, 5, 3), RunConfig(init_scale=1.0))
    trace = record(parameters, collate([phrase([0, 1, 2], 0)]))
    logits = trace.logits[0]
    for target in range(3):
        found = running_margin(parameters, trace, target)
        rival = max(np.delete(logits, target))
        assert found.target == target
        assert found.values[-1] == pytest.approx(logits[target] - rival)


def test_at_most_one_class_leads():
    parameters = initial_parameters(Architecture(4, 5, 3), RunConfig(init_scale=1.0))
    trace = record(parameters, collate([phrase([0, 1, 2, 3], 0)]))
    margins = np.stack([running_margin(parameters, trace, c).values > 0 for c in range(3)])
    assert (margins.sum(axis=0) == 1).all()
