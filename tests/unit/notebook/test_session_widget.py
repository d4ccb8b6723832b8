"""rnnviz.widget: an anywidget over a session, and sentences where there can be none."""

import json
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import comm
import pytest
from anywidget import AnyWidget

import rnnviz
from rnnviz.charts.theme import DARK, LIGHT
from rnnviz.config import RunConfig
from rnnviz.notebook import session_widget as views_module
from rnnviz.notebook.session_widget import MOST, DataRate
from rnnviz.page.session_host import FAILED
from rnnviz.probe.session import Session
from rnnviz.ui import viewer as viewer_module
from tests.unit.notebook.cell import Page, in_kernel, rest, until
from tests.unit.page.browser import unpacked


@in_kernel
async def test_it_talks_over_the_comm_of_its_model(session, monkeypatch):
    sent = []
    monkeypatch.setattr(
        comm.DummyComm, "publish_msg", lambda _, kind, **options: sent.append((kind, options))
    )
    widget = rnnviz.widget(session)
    assert isinstance(widget, AnyWidget)
    assert widget.session is session

    def say(do, **options):
        content = {"view": "a", "do": do, **options}
        data = {"method": "custom", "content": content}
        widget.comm.handle_msg({"content": {"data": data}, "buffers": []})

    def frames():
        return [options["buffers"][0] for _, options in sent if options.get("buffers")]

    say("hello", dark=False)
    await until(frames)
    assert unpacked(frames()[0])["epoch"] == 0
    say("step", what="epoch", n=1)
    await until(lambda: session.run.position == (1, 0))
    widget.close()
    assert sent[-1][0] == "comm_close"


@in_kernel
async def test_closing_it_pauses_the_run(session):
    widget = rnnviz.widget(session)
    session.player.play()
    widget.close()
    assert not session.player.running


@in_kernel
async def test_the_module_is_one_and_asks_nobody(session):
    module = rnnviz.widget(session).get_state()["_esm"]
    assert len(re.findall(r"^export ", module, re.MULTILINE)) == 1
    assert not re.search(
        r"^\s*import\b|\bimport\(|\bfetch\(|https?://(?!www\.w3\.org/2000/svg)|@import|url\((?!#)",
        module,
        re.MULTILINE,
    )


@in_kernel
async def test_its_place_is_taken_by_a_sentence_where_it_can_t_be_shown(session):
    data, _ = rnnviz.widget(session)._repr_mimebundle_()
    assert data["text/plain"].endswith("run this cell again.")
    assert "application/vnd.jupyter.widget-view+json" in data


def test_outside_of_a_notebook_there_is_a_sentence(session):
    # Playwright may have this thread's loop.
    with ThreadPoolExecutor(1) as other, pytest.raises(RuntimeError, match="needs a notebook"):
        other.submit(rnnviz.widget, session).result()


def in_a_new_process(code):
    done = subprocess.run(
        [sys.executable, "-c", f"import json, sys; {code}"],
        capture_output=True, text=True, encoding="utf-8", check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_without_anywidget_the_extra_is_named():
    code = (
        "sys.modules['anywidget'] = None; import rnnviz\n"
        "try: rnnviz.widget(rnnviz.Session())\n"
        "except ImportError as problem: print(json.dumps(str(problem)))"
    )
    assert "pip install anywidget" in in_a_new_process(code)


def test_streamlit_is_not_needed():
    code = (
        "sys.modules['streamlit'] = None; import rnnviz.notebook.session_widget\n"
        "print(json.dumps('starlette' in sys.modules))"
    )
    assert in_a_new_process(code) is False


# The views of a widget: what a notebook sends, what it gets, and what becomes of the session


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


# How much the widgets of a kernel may send


def test_what_was_sent_takes_its_time():
    rate = DataRate()
    assert rate.wait(5.0) == 0
    rate.add(5.0, MOST // 10)
    rate.add(5.05, MOST // 10)
    assert rate.wait(5.05) == pytest.approx(0.15)
    assert rate.wait(6.0) == 0
    rate.add(6.0, MOST)
    assert rate.wait(6.0) == pytest.approx(1.0), "a rest is not saved up"


def test_the_limit_is_below_that_of_jupyter_s_server():
    assert MOST < 1_000_000
