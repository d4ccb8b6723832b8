"""Every page on a recording, complete or growing: its words, and only what it can do."""

import re
import time

import pytest

from rnnviz.files.output import numbers
from rnnviz.files.recording_file import open_recording
from rnnviz.page.every_picture import every_picture
from rnnviz.page.session_host import LOOK
from rnnviz.page.session_registry import registry
from rnnviz.probe.questions import TrainQuestion
from rnnviz.run.schedule import Position
from tests.page.tab import PAGES, App, Page, app_test, tabs_of, words_of
from tests.unit.files.recordings import Loop

#: Settings of a recording.
KINDS = {
    "lstm": {"cell": "lstm"},
    "two layers": {"cell": "gru", "layers": 2},
    "elman": {"cell": "elman", "layers": 2},
    "texts": {"examples": ["i am not bad", "good"]},
    "nothing": {"examples": []},
    "every": {"reads": "every", "examples": [["i am", ["neutral", "positive"]]]},
}


@pytest.fixture(scope="module", params=KINDS)
def path(request, tmp_path_factory):
    where = tmp_path_factory.mktemp("recording") / "run.rnnviz"
    return Loop(where, **KINDS[request.param]).record(*range(0, 60, 10)).close()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_and_speaks_of_steps(page, path):
    opened = Page(page, open_recording(path))
    opened.ask("i am not very good")
    for view in tabs_of(page):
        opened.enter(view)
        opened.finish()
        for step in (20, 50):
            opened.say("seek", epoch=step, settled=True)
            assert opened.charts.keys() == opened.places.keys()
            words = words_of(opened)
            assert "nan" not in words.split()
            assert not re.search(r"\bepochs?\b|\btraining (sequence|phrase|data|set)", words)
            series = [one for key in opened.charts for one in opened.chart(key)["data"]]
            assert not [one for one in series if "epoch" in str(one.get("name"))]


def test_the_numbers_of_every_picture_are_those_of_steps(path):
    session = open_recording(path)
    tables = numbers(session, every_picture(session, measuring=0))
    assert "step,probe_loss,probe_accuracy,loop_loss,loop_accuracy" in tables["history.csv"]
    assert "# step: 50" in tables["train/learn/curves.csv"]
    assert not any(re.search(r"\bepochs?\b", t) for n, t in tables.items() if n.endswith(".csv"))
    assert "gradients/feed/feed_hh.csv" in tables
    assert "gradients/feed/clipping.csv" not in tables


@pytest.fixture
def loop(tmp_path, monkeypatch):
    """A training loop that has begun, and whose recording every new tab opens."""
    loop = Loop(tmp_path / "run.rnnviz").record(0, 10, 20)
    monkeypatch.setattr(registry(), "opening", lambda: open_recording(loop.path))
    return loop


def follow(app):
    """Let the page look into the file once more, and draw again."""
    with app.tab.host() as host:
        now = max(time.monotonic(), host._next_look) + LOOK
        while work := host.background_work(now):
            work()
    app.run()


def test_a_recording_has_no_control_that_does_nothing(loop):
    loop.close()
    app = App()
    keys = {box.key for kind in ("number_input", "slider") for box in app.app.get(kind)}
    assert not keys & {"hidden", "lr", "epochs", "clip", "batch"}
    task = next(box for box in app.app.selectbox if box.key == "own_task")
    assert task.options == ["Recording: Classifier from PyTorch"]
    assert not app.components("editor")
    assert not app.components("link")
    assert "A recording of a training loop elsewhere." in app.text
    assert "5 probe sequences" in app.text


def test_the_only_rows_are_not_offered_as_a_choice(loop):
    page = Page("train", open_recording(loop.close())).enter(TrainQuestion.WRONG)
    assert "Rows" not in [box.label for box in page.app.get("button_group")]
    assert "of 5</strong> probe phrases are right" in page.bodies["story"]


def test_the_header_has_its_names(loop):
    loop.close()
    app = App()
    for said in ("Recording · step", "20 of 20", "probe", "loop"):
        assert said in app.text
    assert (app.frame["recorded"], app.frame["unit"]) == (True, "step")
    series = app.series("curves")
    assert series["train_loss"]["x"] == [0, 10, 20]
    meta = app.chart("curves")["layout"]["meta"]
    assert (meta["unit"], meta["roles"], meta["last"]) == ("step", ["probe", "loop"], 20)


def test_the_page_follows_the_file(loop):
    app, other = App(), App()
    other.say("seek", epoch=10, settled=True)
    assert "Following · step" in app.bodies["status"]
    loop.record(30, 40)
    for one in (app, other):
        follow(one)
        assert one.frame["last"] == 40
        assert one.series("curves")["train_loss"]["x"] == [0, 10, 20, 30, 40]
    assert (app.frame["epoch"], other.frame["epoch"]) == (40, 10)
    loop.close()
    follow(app)
    assert "Recording · step" in app.bodies["status"]
    app.finish()
    assert app.series("curves")["log10 gradient"]["x"] == [0, 10, 20, 30, 40]


def test_dragging_snaps_and_play_walks(loop):
    loop.close()
    app = App()
    app.say("seek", epoch=13, settled=False)
    assert (app.frame["epoch"], app.frame["progress"]) == (10, "10")
    app.say("play")
    with app.tab.host() as host:
        host.session.player.tick(1.0, 5)
    app.look()
    assert not app.frame["running"]
    assert "This is a recording" in app.bodies["message"]


@pytest.mark.parametrize("command", ["branch", "seed"])
def test_a_command_that_no_recording_knows_gets_a_sentence(command, loop):
    loop.close()
    app = App()
    app.say(command)
    assert "This is a recording of another program" in app.bodies["message"]
    assert app.session.run.position == Position(20)


def test_a_file_that_is_gone_when_a_tab_opens_gets_a_sentence(loop):
    loop.close().unlink()
    opened = app_test().run()
    assert [box.message for box in opened.exception] == []
    assert any("can't be read" in box.value for box in opened.error)
