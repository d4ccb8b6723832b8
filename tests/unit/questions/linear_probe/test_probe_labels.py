"""What linear probes are asked for, against the sequences themselves."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe.session import Session
from rnnviz.probe.units import StateSource
from rnnviz.questions.linear_probe.measure import (
    ProbeTarget,
    Question,
    askable,
    encoded,
    labels,
    places,
)
from tests.sampling import each_row


def read(task, **settings):
    session = Session(RunConfig(task=task, hidden=3, **settings))
    return session.units.activations(StateSource(session.state, session.dataset)), session.dataset


def spoken(activations, numbers):
    return [activations.vocabulary[n] if n >= 0 else None for n in numbers]


def test_words_so_far_first_and_before():
    activations, data = read("sentiment")
    last = activations.part(activations.count - 1)
    words = activations.words[last]
    assert words[:4] == ("this", "was", "bad", "and")
    said = labels(Question(ProbeTarget.WORD, "bad"), activations, data)[last]
    assert said.tolist() == [0, 0, *[1] * (len(words) - 2)]
    first = labels(Question(ProbeTarget.FIRST), activations, data)[last]
    assert spoken(activations, first) == ["this"] * len(words)
    before = labels(Question(ProbeTarget.BEFORE), activations, data)[last]
    assert spoken(activations, before) == [None, *words[:-1]]
    assert places(activations, False)[last].tolist() == list(range(1, len(words) + 1))
    assert places(activations, True)[last].tolist() == list(range(len(words)))[::-1]


@each_row(
    ("task", "expected"),
    [
        ("sentiment", lambda e, t: e.target),
        ("recall", lambda e, t: e.target),
        ("parity", lambda e, t: e.inputs[: t + 1].sum() % 2),
        ("adding", lambda e, t: (e.inputs[: t + 1, 0] * e.inputs[: t + 1, 1]).sum()),
        ("brackets", lambda e, t: e.targets[t]),
        ("characters", lambda e, t: e.targets[t]),
        ("flipflop", lambda e, t: e.targets[t, 0]),
        ("waves", lambda e, t: e.targets[t, 0]),
    ],
)
def test_the_target_is_that_of_the_sequence_up_to_there_if_the_task_knows_it(task, expected):
    activations, data = read(task)
    found = labels(Question(ProbeTarget.TARGET), activations, data)
    tokens = zip(activations.owners, activations.steps, strict=True)
    assert found == pytest.approx(np.array([expected(data.train[k], t) for k, t in tokens]))


def test_one_of_several_channels_is_asked_for():
    activations, data = read("flipflop")
    found = labels(Question(ProbeTarget.TARGET, channel=2), activations, data)
    assert found[activations.part(4)].tolist() == data.train[4].targets[:, 2].tolist()


def test_without_a_rule_the_values_at_the_end_are_those_of_every_step():
    activations, data = read("adding")
    two = tuple(replace(e, targets=np.column_stack([e.targets, -e.targets])) for e in data.train)
    found = labels(
        Question(ProbeTarget.TARGET, channel=1), activations, replace(data, train=two, rule=None)
    )
    assert found[activations.part(4)].tolist() == [-data.train[4].targets[0, 0]] * 12


def test_of_an_encoder_its_own_tokens_are_asked_for_what_was_read():
    activations, data = read("translation")
    assert askable(data) == (ProbeTarget.WORD, ProbeTarget.FIRST, ProbeTarget.BEFORE)
    part = encoded(activations, data)
    assert len(part.words) == sum(len(data.train[k].source) for k in activations.examples)
    assert " ".join(part.words[part.part(0)]) == data.train[part.examples[0]].text.lower()
    assert encoded(read("sentiment")[0], read("sentiment")[1]).count == 58
    assert askable(read("waves")[1]) == (ProbeTarget.TARGET,)
