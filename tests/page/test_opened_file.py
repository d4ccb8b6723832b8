"""A run or weights that the reader opens on the page: they take the place of its run."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

import rnnviz
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.opened import AwaitedRun, session_of
from rnnviz.files.run_file import run_file
from rnnviz.files.tensor_file import TensorFile
from rnnviz.files.weights_file import safetensors_file, weights_file
from rnnviz.page import actor, opened_file
from rnnviz.page.actor import BUSY
from rnnviz.page.opened_file import MOST_AT_ONCE
from rnnviz.page.ticket import TICKET
from rnnviz.page.wire import routes
from rnnviz.run.schedule import Position
from rnnviz.tasks.upload import File, Upload
from rnnviz.ui.viewer import Viewer
from tests.page.tab import App
from tests.unit.files.recordings import Loop

CSV = b"text,label\nso warm,sunny\nso cold,rainy\nso mild,sunny\nso wet,rainy\n"


@pytest.fixture(scope="module")
def stored():
    session = rnnviz.Session(rnnviz.RunConfig(cell="gru", hidden=5, init_scale=0.3, epochs=9))
    session.player.advance(4)
    session.player.go_to(Position(2))
    session.ask("this is not bad")
    return session


def post(app, name, content, **headers):
    """Send a file to the tab, as its page does."""
    known = {TICKET: app.tab.ticket, "origin": "http://testserver", **headers}
    known = {key: value for key, value in known.items() if value is not None}
    with TestClient(Starlette(routes=routes("/base"))) as client:
        return client.post(
            "/base/rnnviz/open", params={"name": name}, content=content, headers=known
        )


def answer_of(app, name, **box):
    """What the server answers when a table is dropped."""
    with TestClient(Starlette(routes=routes("/base"))) as client:
        known = {TICKET: app.tab.ticket, "origin": "http://testserver"}
        query = {"name": name, **box}
        return client.post("/base/rnnviz/open", params=query, content=CSV, headers=known).json()


def tabled(app, name):
    """Whether a file is left to the box of own data."""
    return "table" in answer_of(app, name, box="1")


def test_a_table_is_for_the_box_of_own_data_unless_a_run_awaits_it():
    app = App(hidden="4")
    answer = partial(answer_of, app)
    assert answer("sky.CSV", box="1") == {"problem": "", "table": True}
    assert "in the sidebar" not in app.session.player.message
    assert answer("sky.csv", box="closed") == {"problem": "", "table": True}
    assert app.session.player.message == "sky.csv is in the sidebar: open it."
    assert "table" not in answer("sky.csv"), "a page without such a box"
    assert "table" not in answer("sky.npz", box="1")
    session = rnnviz.Session(rnnviz.RunConfig(hidden=4))
    session.load(Upload(File("sky.csv", CSV), test_share=0))
    assert "it needs sky.csv" in opened(app, "run.rnnviz", run_file(session))
    assert answer("renamed.csv", box="1") == {"problem": ""}


def opened(app, name, content):
    answer = post(app, name, content)
    assert answer.status_code == 200
    app.run()
    return answer.json()["problem"]


def weights(session):
    return session.state.parameters.theta.tobytes()


def test_a_run_takes_the_place_of_the_one_on_the_page(stored):
    app = App()
    app.click("step_epoch")
    assert opened(app, "run.rnnviz", run_file(stored)) == ""
    assert app.session.config == stored.config
    assert app.session.run.position == Position(4)
    assert weights(app.session) == weights(stored)
    assert "The run is at epoch 4." in app.bodies["message"]
    assert app.frame["typed"] == "this is not bad"
    assert app.link["epoch"] == "2"
    app.click("back_to_now")
    app.click("step_epoch")
    assert app.session.run.position == Position(5)
    app.set("hidden", 6)
    assert app.session.config.hidden == 6


def test_weights_in_both_formats_are_opened(stored):
    for name, content in (
        ("w.npz", weights_file(stored)),
        ("w.safetensors", safetensors_file(stored)),
    ):
        app = App()
        assert opened(app, name, content) == ""
        assert weights(app.session) == weights(stored)
        assert "These are the weights of epoch 2" in app.bodies["message"]


def test_own_data_that_are_in_use_are_found_again():
    sky = Upload(File("sky.csv", CSV), test_share=0)
    session = rnnviz.Session(rnnviz.RunConfig(hidden=4, epochs=9))
    session.load(sky)
    session.player.advance(2)
    app, content = App(), run_file(session)
    assert "needs sky.csv" in opened(app, "run.rnnviz", content)
    assert app.session.data.upload is None
    app.session.load(sky)
    assert opened(app, "run.rnnviz", content) == ""
    assert weights(app.session) == weights(session)
    assert app.session.data.upload == sky
    assert app.link["data"]


def test_a_run_without_its_data_waits_for_them():
    sky, test = File("sky.csv", CSV), File("more.csv", CSV.replace(b"so ", b""))
    session = rnnviz.Session(rnnviz.RunConfig(hidden=4, epochs=9))
    session.load(Upload(sky, test))
    session.player.advance(2)
    app, content = App(), run_file(session)
    before = app.session
    assert "Drop" not in opened(app, "sky.csv", sky.content)
    said = opened(app, "run.rnnviz", content)
    assert "needs sky.csv and more.csv" in said
    assert "It holds 2 epochs of a network with 4 units" in app.bodies["message"]
    said = opened(app, "sky.csv", sky.content + b"so new,rainy\n")
    assert "run.rnnviz needs sky.csv and more.csv, and sky.csv is another file" in said
    assert "run.rnnviz still needs sky.csv." in opened(app, "renamed.csv", test.content)
    assert app.session is before
    assert opened(app, "sky.csv", sky.content) == ""
    assert weights(app.session) == weights(session)
    assert app.session.data.upload == session.data.upload
    app.click("step_epoch")
    assert app.session.run.position == Position(3)


def test_a_damaged_run_no_longer_waits_once_it_has_its_data(monkeypatch):
    def damaged(*_):
        raise TransferError("run.rnnviz: it is damaged.")

    monkeypatch.setattr(AwaitedRun, "session", damaged)
    table = b"remarks,mood\n" + b"so warm,good\nso cold,bad\n" * 20
    session = rnnviz.Session(rnnviz.RunConfig(hidden=3))
    session.load(Upload(File("t.csv", table)))
    app = App()
    assert "needs t.csv" in opened(app, "run.rnnviz", run_file(session))
    assert "it is damaged" in opened(app, "t.csv", table)
    assert "needs" not in opened(app, "other.csv", b"a,b\n1,2\n")


def test_another_file_takes_the_place_of_a_run_that_waits(stored):
    session = rnnviz.Session(rnnviz.RunConfig(hidden=4, epochs=9))
    session.load(Upload(File("sky.csv", CSV), test_share=0))
    app = App()
    assert opened(app, "run.rnnviz", run_file(session))
    assert opened(app, "other.rnnviz", run_file(stored)) == ""
    assert weights(app.session) == weights(stored)
    assert opened(app, "sky.csv", CSV)
    assert weights(app.session) == weights(stored)


def test_a_state_dict_waits_for_its_words():
    rng, words = np.random.default_rng(0), ["so", "warm", "cold"]
    shapes = {
        "rnn.weight_ih_l0": (4, 3), "rnn.weight_hh_l0": (4, 4), "rnn.bias_ih_l0": (4,),
        "rnn.bias_hh_l0": (4,), "out.weight": (2, 4), "out.bias": (2,),
    }  # fmt: skip
    content = TensorFile({name: rng.normal(size=shape) for name, shape in shapes.items()}).content()
    app = App()
    before = app.session
    assert "no arrays" in opened(app, "none.safetensors", TensorFile({}).content())
    assert app.tab.actor.awaited is None
    assert "net.safetensors has the weights alone: drop its words too" in opened(
        app, "net.safetensors", content
    )
    assert "has 2 words, and the first layer 3 inputs" in opened(app, "words.txt", b"so\nwarm\n")
    assert "not text in UTF-8" in opened(app, "words.txt", b"\xff\xfe\x00")
    long = b"so\n" * 2_000_000
    assert "words.txt: is larger than 5 MB" in opened(app, "words.txt", long)
    assert opened(app, "words.csv", b"so\nwarm\ncold\n").endswith("words.csv is another file.")
    assert app.session is before
    # The run waits for them, not the tab: a reload changes nothing.
    again = App(run=app.tab.actor.run_id)
    assert again.tab is not app.tab and again.tab.actor.awaited
    assert tabled(again, "sky.csv") and not tabled(again, "words.TXT")
    assert opened(app, "words.txt", "\r\n".join(words).encode()) == ""
    assert app.session.dataset.vocabulary.words == (*words,)
    app.click("step_epoch")
    # Such a run learns no table.
    assert "Drop the file on a page without this run" in opened(app, "sky.csv", CSV)


def test_what_nobody_foresaw_is_told_too(stored, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    app = App()
    before = app.session
    monkeypatch.setattr(opened_file, "session_of", fail)
    assert "r.rnnviz: can't be read" in opened(app, "r.rnnviz", run_file(stored))
    assert app.session is before
    assert "Not opened. r.rnnviz:" in app.bodies["message"]


def test_that_the_run_is_busy_is_told_and_not_that_the_file_is_damaged(stored, monkeypatch):
    app = App()
    with app.tab.host():
        monkeypatch.setattr(actor, "LOCK_TIMEOUT", 0.01)
        assert post(app, "r.rnnviz", run_file(stored)).json()["problem"] == BUSY


@pytest.mark.parametrize("name", ["run.rnnviz", "w.npz", "w.safetensors", "w.pt", "<b>.csv", ""])
def test_what_can_not_be_opened_leaves_the_run_as_it_is(stored, name):
    app = App()
    app.click("step_epoch")
    before = app.session
    problem = opened(app, name, run_file(stored)[:-40])
    assert problem
    assert app.session is before
    assert app.session.run.position == Position(1)
    assert "Not opened. " in app.bodies["message"]
    assert "<b>" not in app.bodies["message"].partition(">")[2]


def test_of_a_file_that_is_too_large_the_size_is_told(monkeypatch, stored):
    app = App()
    monkeypatch.setattr(opened_file, "MAX_RUN", 1_000)
    monkeypatch.setattr("rnnviz.files.opened.MAX_RUN", 1_000)
    assert "has more than" in opened(app, "run.rnnviz", bytes(1_001))


@pytest.mark.parametrize(
    "headers",
    [{TICKET: "guessed"}, {TICKET: None}, {"origin": None}, {"origin": "http://evil.example"}],
)
def test_only_a_page_with_its_ticket_may_open_a_file(headers, stored):
    app = App()
    before = app.session
    assert post(app, "run.rnnviz", run_file(stored), **headers).status_code == 403
    assert app.session is before
    np.testing.assert_array_equal(before.run.position, Position(0))


def test_own_data_are_written_into_a_run_only_if_that_is_ticked():
    app = App()
    assert not any(box.key == "export_own" for box in app.app.checkbox)
    app.session.load(Upload(File("sky.csv", CSV), test_share=0))
    app.run()
    (box,) = [box for box in app.app.checkbox if box.key == "export_own"]
    assert box.value is False
    assert "sky" in box.label
    for ticked in (False, True):
        box.set_value(ticked).run()
        labels = [button.proto.label for button in app.app.get("download_button")]
        assert ("Run (.rnnviz)" in labels, "Run with my data (.rnnviz)" in labels) == (
            not ticked,
            ticked,
        )


def test_of_a_recording_it_is_said_that_it_does_not_grow_here(tmp_path):
    app, path = App(), Loop(tmp_path / "run.rnnviz").record(0, 10).close()
    assert opened(app, "run.rnnviz", path.read_bytes()) == ""
    said = "This is a copy; rnnviz open follows a recording while it grows. This is a recording"
    assert said in app.bodies["message"]


def test_what_nobody_foresaw_is_one_line_on_the_terminal_and_a_sentence_for_the_reader(
    monkeypatch, caplog
):
    def break_down(*_):
        raise ZeroDivisionError("a\nb" * 500)

    app = App()
    monkeypatch.setattr(opened_file, "session_of", break_down)
    assert "run.npz: can't be read. It may be damaged" in opened(app, "run.npz", b"x")
    (said,) = [
        record.getMessage() for record in caplog.records if record.name == opened_file.__name__
    ]
    assert said.startswith("not foreseen in 'run.npz': ZeroDivisionError(")
    assert "\n" not in said
    assert len(said) < 300
    assert "Traceback" not in caplog.text


# A tab that goes


@pytest.fixture
def endless(monkeypatch):
    """Files that are computed without an end, once these functions have been called."""
    begun = []

    def open_for_ever(*_):
        for begin in begun:
            begin()
        session = rnnviz.Session(rnnviz.RunConfig(hidden=2))
        while True:
            record(session.state.parameters, collate(session.dataset.train[:1]))

    monkeypatch.setattr(opened_file, "session_of", open_for_ever)
    return begun


def test_a_file_is_computed_no_longer_than_its_tab_is_there(endless, monkeypatch):
    app, viewer = App(), Viewer(len)
    before = app.session
    monkeypatch.setattr(actor, "GRACE", 0.05)
    app.tab.actor.attach(viewer)
    endless.append(partial(app.tab.actor.detach, viewer))
    assert "connection was lost" in post(app, "a.npz", b"x").json()["problem"]
    assert app.session is before


def test_who_leaves_makes_room_for_others_and_their_run_stays(endless):
    app, begun, left, sent = App(), threading.Event(), [], []
    before = app.session
    endless.append(begun.set)

    async def leave():
        await asyncio.to_thread(begun.wait)
        left.append(True)
        return {"type": "http.disconnect"}

    async def receive():
        more = not sent and {"type": "http.request", "body": b"x"}
        sent.append(True)
        return more or await leave()

    async def send(_):
        assert left

    headers = {TICKET: app.tab.ticket, "origin": "http://testserver", "host": "testserver"}
    scope = {
        "type": "http", "method": "POST", "path": "/", "query_string": b"name=a.npz",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip

    async def ask():
        async with asyncio.timeout(20):
            answer = await opened_file.open_file(Request(scope, receive))
            await answer(scope, receive, send)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, ask()).result()
    assert left
    assert app.session is before


def test_a_run_waits_on_for_its_data_if_these_are_abandoned(endless, monkeypatch):
    session = rnnviz.Session(rnnviz.RunConfig(hidden=3))
    session.load(Upload(File("sky.csv", CSV), test_share=0))
    app, viewer, content = App(), Viewer(len), run_file(session)
    with monkeypatch.context() as whole:
        whole.setattr(opened_file, "session_of", session_of)
        assert "needs sky.csv" in opened(app, "run.rnnviz", content)
    with monkeypatch.context() as leaving:
        leaving.setattr(AwaitedRun, "session", lambda *_: opened_file.session_of(b""))
        leaving.setattr(actor, "GRACE", 0.05)
        app.tab.actor.attach(viewer)
        endless.append(partial(app.tab.actor.detach, viewer))
        assert "connection was lost" in post(app, "sky.csv", CSV).json()["problem"]
    app.tab.actor.attach(Viewer(len))
    assert opened(app, "sky.csv", CSV) == ""
    assert weights(app.session) == weights(session)


# Many at once


def uploads(app, count, whole=True):
    """So many files on their way at once, and one more; the answers, that to the last one first."""
    begun, known = [], {TICKET: app.tab.ticket, "origin": "http://testserver"}

    async def content(ended):
        begun.append(ended)
        yield b"x"
        await ended.wait()

    async def post_all():
        ended, transport = asyncio.Event(), ASGITransport(Starlette(routes=routes("")))
        async with AsyncClient(transport=transport, base_url="http://testserver") as client:

            def send():
                url = "/rnnviz/open?name=a.npz"
                return client.post(url, content=content(ended), headers=known)

            sent = [asyncio.create_task(send()) for _ in range(count)]
            while len(begun) < count:
                await asyncio.sleep(0)
            refused = await send()
            if whole:
                ended.set()
            return [refused, *await asyncio.gather(*sent)]

    # In a thread of its own: where a browser is tested too, a loop runs in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, post_all()).result()


def test_more_files_at_once_than_there_is_memory_for_are_refused_with_a_sentence():
    app = App()
    refused, *others = uploads(app, MOST_AT_ONCE)
    assert (refused.status_code, [other.status_code for other in others]) == (503, [200, 200, 200])
    assert refused.json()["problem"].startswith("Other files are being opened here: ")
    assert opened(app, "a.npz", b"x").startswith("a.npz: "), "there is room again"


def test_a_file_that_does_not_come_makes_room_for_others(monkeypatch):
    monkeypatch.setattr(opened_file, "ARRIVAL_TIMEOUT", 0.01)
    app = App()
    late = uploads(app, MOST_AT_ONCE, whole=False)[1:]
    assert {answer.status_code for answer in late} == {408}
    app.run()
    assert "Not opened. a.npz did not arrive within" in app.bodies["message"]
