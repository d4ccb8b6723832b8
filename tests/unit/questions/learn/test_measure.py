"""Sequences that the network generates."""

import numpy as np
import pandas as pd

from rnnviz.config import RunConfig
from rnnviz.probe.probe import inspect, likeliest
from rnnviz.probe.session import Session, from_frame
from rnnviz.questions.learn.measure import (
    TOKENS,
    VALUES,
    continued_series,
    drawn,
    free_values,
    run_free,
    runs_free,
    writes,
    written,
)
from rnnviz.tasks.data_source import PRESETS
from tests.sampling import each_row


def test_a_sample_is_the_same_for_the_same_seed_and_epoch():
    session = Session(RunConfig(task="characters", hidden=4, init_scale=0.1))
    probe = session.inspect()
    assert (writes(session.dataset), runs_free(session.dataset)) == (True, False)
    texts = [written(probe, 1.0, *place) for place in ((0, 5), (0, 5), (1, 5), (0, 6))]
    assert texts[0] == texts[1]
    assert len({*texts}) == 3
    assert len(texts[0]) == TOKENS
    assert {*texts[0]} <= {*session.dataset.classes}


@each_row("settings", [{"task": "characters"}, {"task": "spelling"}, {"task": "translation"}])
def test_what_is_not_finite_writes_nothing(settings):
    session = Session(RunConfig(hidden=4, init_scale=0.1, **settings))
    network = session.state.parameters.like(np.full_like(session.state.parameters.theta, np.inf))
    probe = inspect(session.dataset, network, session.phrase_input.phrase, session.config)
    assert (probe.finite, probe.generated, probe.answer) == (False, (), "not finite")
    if writes(session.dataset):
        assert written(probe, 1.0, 0, 0).strip() == ""


def test_values_go_on_from_the_network_s_own():
    session = Session(RunConfig(task="waves", hidden=4, init_scale=0.5))
    probe = session.inspect()
    assert (writes(session.dataset), runs_free(session.dataset)) == (False, True)
    values = free_values(probe)
    assert len(values) == VALUES
    np.testing.assert_allclose(values[0], probe.answers[-1])
    longer = session.inspect(" ".join([session.phrase_input.phrase, str(values[0, 0])]))
    np.testing.assert_allclose(values[1], longer.answers[-1])


def trained(name, epochs=None):
    session = Session(PRESETS[name][0].config())
    session.player.advance(session.config.epochs if epochs is None else epochs)
    return session


def test_temperature():
    probs, rng = np.array([0.1, 0.6, 0.3]), np.random.default_rng(0)
    assert {drawn(0.01, rng)(probs) for _ in range(50)} == {likeliest(probs)} == {1}
    counts = np.bincount([drawn(1.0, rng)(probs) for _ in range(4000)]) / 4000
    np.testing.assert_allclose(counts, probs, atol=0.03)
    assert {drawn(2.0, rng)(np.array([0.0, 0.5, 0.5])) for _ in range(99)} == {1, 2}


def test_values_continue_from_the_network_s_own_answers():
    session = trained("waves", 5)
    read = session.dataset.test[0].inputs
    for value in run_free(session.state.parameters, read, 3):
        probe = session.inspect(" ".join(repr(float(v)) for v in read[:, 0]))
        np.testing.assert_allclose(probe.answers[-1], value, atol=1e-12)
        read = np.vstack([read, value])


def test_a_sample_is_the_same_at_the_same_epoch():
    session = trained("characters", 0)

    def sample():
        return written(session.inspect(), 0.7, session.config.seed, session.player.position.epoch)

    first = sample()
    assert first == sample()
    assert len(first) == 120
    session.player.step_epoch()
    assert sample() != first


def test_a_series_is_continued_from_the_training_s_end_to_where_it_is_known():
    frame = pd.concat(
        pd.DataFrame({"shop": name, "t": range(100), "x": np.sin(np.arange(100) / 3) + shift})
        for name, shift in (("a", 0), ("b", 5))
    )
    session = from_frame(frame, RunConfig(hidden=3), id="shop", window=8, test_share=0.25)
    assert not runs_free(session.dataset)
    for shop in "ab":
        past, found = continued_series(session.inspect(f"{shop} 0"))
        assert past.name == found.name == shop
        assert (past.times[-1], len(past)) == (74, 16)
        # Three windows of 8 steps, of the 25 that are known.
        assert found.times.tolist() == [*range(75, 99)]
    # What was typed is in no series: the last one is continued.
    assert continued_series(session.inspect("1 2 3"))[1].name == "b"
