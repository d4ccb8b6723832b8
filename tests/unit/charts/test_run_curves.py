"""The curves of a run: what is sent is what was measured."""

import numpy as np
import pytest

from rnnviz.charts.training_curves import run_curves
from rnnviz.config import RunConfig
from rnnviz.engine.evaluation import Score
from rnnviz.probe.session import Session
from rnnviz.probe.story import Chapter
from rnnviz.probe.work import spend
from rnnviz.run.schedule import Position


def drawn(session):
    data, probe = session.dataset, session.inspect()
    query = session.gradient_query(probe)
    gauge, norms = session.memory.past(session.run, query, 10)
    shown = run_curves(
        session.player.course, guess=data.guess, metric=data.metric, gauge=gauge, gradients=norms,
        words=probe.words, noun="word", baselines=session.baselines,
    )  # fmt: skip
    return shown.layout["meta"], {one["name"]: one for one in shown.series}, gauge, norms


@pytest.fixture
def session():
    session = Session(RunConfig(hidden=6, init_scale=0.3))
    session.player.advance(12)
    return session


def test_scores_gauge_and_gradients_are_those_of_the_run(session):
    meta, series, gauge, norms = drawn(session)
    history = session.run.history
    for name in ("train_loss", "test_loss", "train_metric", "test_metric"):
        assert series[name]["x"].tolist() == list(range(13))
        np.testing.assert_allclose(series[name]["y"], history.column(name), rtol=1e-6)
    np.testing.assert_allclose(series["radius"]["y"], gauge.radius, rtol=1e-6)
    low, high = meta["map"]["span"]
    logs = np.log10(norms.norms.T)
    np.testing.assert_allclose(series["log10 gradient"]["z"], np.maximum(logs, low), rtol=1e-5)
    assert low < high
    assert meta["map"]["words"] == list(session.inspect().words)
    assert meta["loss"]["guess"] == session.dataset.guess.loss
    assert [line["name"] for line in meta["baselines"]] == ["last word", "last 2 words"]
    assert (meta["shown"], meta["last"]) == (None, 1000)


def test_a_past_epoch_a_change_and_a_branch_are_marked(session):
    session.configure(RunConfig(hidden=6, init_scale=0.3, lr=0.05))
    session.player.advance(3)
    session.player.go_to(Position(5))
    assert drawn(session)[0]["shown"] == 5
    assert drawn(session)[0]["changes"] == [12]
    session.player.branch()
    meta, series, *_ = drawn(session)
    assert (meta["shown"], 5 in meta["changes"]) == (None, True)
    assert series["old train_loss"]["x"].tolist() == list(range(5, 16))


def test_the_chapters_cover_the_run_without_gaps_and_are_those_of_the_story():
    session = Session(RunConfig())
    session.player.advance(420)
    while spend(10, session.memory.develop(session.run, session.gradient_query())):
        pass
    told = drawn(session)[0]["chapters"]
    usual = [chapter.label for chapter in Chapter if chapter is not Chapter.MEMORIZED]
    assert [name for name, *_ in told] == usual
    ends = [end for *_, end in told]
    assert [start for _, start, _ in told] == [0, *ends[:-1]]
    assert ends[-1] == 420
    for name, start, _ in told:
        session.player.go_to(Position(start))
        assert session.story.chapter == name


def test_in_a_long_run_too_the_last_five_epochs_decide():
    session = Session(RunConfig(hidden=6))
    for loss in [0.69] * 2999 + [0.1] * 3:
        session.run.history.append(Score(loss, 1), Score(loss, 1))
    names = [name for name, *_ in drawn(session)[0]["chapters"]]
    assert names == ["Untrained", "Plateau", "Learned"]


def test_a_run_that_knows_its_training_set_alone_is_called_so():
    session = Session(RunConfig(hidden=6))
    for test in [0.5] * 9 + [1.0] * 9:
        session.run.history.append(Score(0.1, 1), Score(0.9, test))
    data, probe = session.dataset, session.inspect()
    gauge, norms = session.memory.past(session.run, session.gradient_query(probe), 1)
    shown = run_curves(
        session.player.course, guess=data.guess, metric=data.metric, gauge=gauge, gradients=norms,
        words=probe.words, baselines=session.baselines, chance=0.6,
    )  # fmt: skip
    meta = shown.layout["meta"]
    assert [name for name, *_ in meta["chapters"]][-2:] == ["Memorized", "Learned"]
