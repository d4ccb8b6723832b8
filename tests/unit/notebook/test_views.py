"""The views of a widget: what a notebook sends, what it gets, and what becomes of the session."""

import json
import threading
import time

import pytest

from rnnviz.charts.theme import DARK, LIGHT
from rnnviz.config import RunConfig
from rnnviz.notebook import session_widget as views_module
from rnnviz.page.session_host import FAILED
from rnnviz.probe.session import Session
from rnnviz.ui import viewer as viewer_module
from tests.unit.notebook.cell import Page, in_kernel, rest, until

SMALL = RunConfig(hidden=2, epochs=100_000)


@pytest.fixture
def session():
    return Session(SMALL)


def epoch(session):
    return session.run.position.epoch


async def playing(session, epochs):
    """A page on which the run plays, and has got so far."""
    page = Page(session)
    await page.show()
    page.press("play")
    await until(lambda: epoch(session) >= epochs)
    return page


# Frames


@in_kernel
async def test_a_view_gets_the_texts_around_the_pictures_then_both_pictures(session):
    page = Page(session)
    await page.show()
    welcome = page.sent[0]
    assert welcome["view"] == "a"
    assert welcome["welcome"] is True
    assert {"network", "curves", "speeds", "label"} <= set(welcome["said"])
    drawn = set().union(*page.pictures_of("a"))
    assert drawn == {"network", "curves"}
    assert {"status", "story", "verdict", "message"} <= set(page.frames[0]["texts"])
    assert "<button" not in "".join(page.frames[0]["texts"].values()), "links lead nowhere here"
    json.dumps(page.sent)  # as the notebook's own messages are


@in_kernel
async def test_the_next_frame_waits_until_the_last_is_drawn(session):
    page = Page(session)
    await page.show()
    await rest()
    page.slow = True
    before = len(page.frames)
    page.press("play")
    await until(lambda: epoch(session) >= 10)
    assert len(page.frames) == before + 1
    page.answer()
    await until(lambda: len(page.frames) == before + 2)
    assert page.header["epoch"] >= 10, "the newest, not the next of a queue"


@in_kernel
async def test_what_is_said_comes_again_only_when_it_is_another(session):
    page = Page(session)
    await page.show()
    page.press("step", what="epoch")
    await until(lambda: page.header["heard"] == 1)
    assert [bool(message.get("said")) for message in page.sent].count(True) == 1
    session.configure(RunConfig(hidden=2, cell="gru"))
    page.press("pause")
    await until(lambda: "said" in page.sent[-1])
    assert page.sent[-1]["said"]["network"] != page.sent[0]["said"]["network"]


@in_kernel
async def test_the_colours_are_those_of_the_notebook(session):
    page = Page(session)
    await page.show()
    themes = [json.loads(page.frames[-1]["pictures"][key]["outline"]) for key in ("network",)]
    assert themes[0]["layout"]["meta"]["theme"]["background"] == LIGHT.background
    page.say("look", dark=True)
    await until(lambda: DARK.background in json.dumps(str(page.header["pictures"])))
    await page.show("b", dark=True)
    assert DARK.background in str(page.header["pictures"]) and LIGHT.text not in str(page.header)


@in_kernel
async def test_a_kernel_sends_no_more_than_its_server_lets_through(session, monkeypatch):
    page = await playing(session, 2)
    monkeypatch.setattr(views_module.RATE, "free_at", time.monotonic() + 0.4)
    await rest(0.05)
    before = len(page.frames)
    await rest()
    assert len(page.frames) == before
    await until(lambda: len(page.frames) > before)
    assert time.monotonic() >= views_module.RATE.free_at - 0.1


# The session


@in_kernel
async def test_what_a_cell_reads_is_what_the_picture_shows(session):
    page = await playing(session, 5)
    page.press("pause")
    await until(lambda: not page.header["running"])
    await rest()
    assert page.header["epoch"] == len(session.run.history) - 1 + bool(session.run.position.offset)
    loss = session.run.history.row(epoch(session))["train_loss"]
    assert f"{loss:.4f}" in "".join(frame["texts"].get("status", "") for frame in page.frames)
    page.press("seek", epoch=3)
    await until(lambda: page.header["looking_back"])
    assert session.player.position == (3, 0)
    assert session.state is session.run.at(session.player.position)


@in_kernel
async def test_the_phrase_is_that_of_the_session(session):
    page = Page(session)
    await page.show()
    page.press("phrase", text="not good")
    await until(lambda: page.header["heard"] == 1)
    assert session.inspect().words == ("not", "good")
    assert page.header["typed"] == "not good"


@in_kernel
async def test_while_a_cell_runs_nothing_else_happens(session):
    threads = set(threading.enumerate())
    page = await playing(session, 2)
    before = session.run.position
    time.sleep(0.2)
    assert session.run.position == before
    assert set(threading.enumerate()) == threads
    assert page.frames


@in_kernel
async def test_without_a_view_the_run_pauses_and_nothing_goes_on(session):
    page = await playing(session, 2)
    page.say("bye")
    await until(lambda: not session.player.running)
    before = session.run.position, len(page.frames)
    await rest()
    assert (session.run.position, len(page.frames)) == before


@in_kernel
async def test_a_second_view_of_the_same_session_plays_the_same_run(session):
    page, other = Page(session), Page(session)  # a cell that was run twice
    await page.show()
    await page.show("b")
    await other.show("c")
    page.press("speed", epochs=10)
    page.press("play")
    start, first = time.monotonic(), epoch(session)
    await until(lambda: epoch(session) >= first + 4)
    assert time.monotonic() - start > 0.25, "three views would be three times as fast"
    page.say("bye")
    page.views.close()
    await rest()
    assert session.player.running
    assert other.header["epoch"] > first
    other.views.close()
    assert not session.player.running


@in_kernel
async def test_two_sessions_play_side_by_side(session):
    second = Session(SMALL)
    page, other = Page(session), Page(second)
    await page.show()
    await other.show()
    page.press("play")
    other.press("play")
    await until(lambda: epoch(session) >= 3 and epoch(second) >= 3)
    page.say("bye")
    await until(lambda: not session.player.running)
    assert second.player.running


# Views that come and go


@in_kernel
async def test_a_page_that_was_loaded_anew_is_told_apart_from_one_that_is_slow(
    session, monkeypatch
):
    monkeypatch.setattr(viewer_module, "SILENCE", 0.05)
    page = Page(session)
    await page.show("gone")
    await rest()
    page.slow, before = True, len(page.frames)
    page.press("play", "gone")
    await until(lambda: len(page.frames) > before)
    await rest(0.1)
    page.slow = False
    await page.show("new")
    assert session.player.running, "a page that is loaded anew goes on"
    page.say("ack", "gone", seq=1)
    await until(lambda: {"view": "gone", "unknown": True} in page.sent)
    page.frames.clear()
    await page.show("gone")


@in_kernel
async def test_a_view_that_says_hello_again_gets_all_again(session):
    page = Page(session)
    await page.show()
    page.frames.clear()
    await page.show()
    assert page.frames[-1]["pictures"]["network"]["outline"] is not None


@in_kernel
async def test_messages_that_are_not_ours_change_nothing(session):
    page = Page(session)
    await page.show()
    before = len(page.sent)
    for message in (
        {"kind": "anywidget-command"},
        "",
        None,
        [1],
        {"view": 1, "do": "bye"},
        {"view": "a"},
    ):
        page.views.receive(message)
    page.say("dance", n=1)
    page.say("seek", n="no")
    page.say("hello", dark="yes")
    await rest()
    assert all("unknown" not in message for message in page.sent[before:])
    page.press("step", what="epoch")
    page.number = 1
    page.press("step", what="epoch")
    await until(lambda: epoch(session) >= 1)


@in_kernel
async def test_what_goes_wrong_is_told_in_the_picture(session, monkeypatch, caplog):
    page = Page(session)
    await page.show()
    monkeypatch.setattr(session.player, "step_epoch", lambda: 1 / 0)
    page.press("step", what="epoch")
    await until(lambda: FAILED.split(".")[0] in page.header["texts"].get("message", ""))
    assert "a command failed" in caplog.text
    page.press("step", what="phrase")
    await until(lambda: session.run.position > (0, 0))
