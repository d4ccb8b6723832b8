"""Who may connect: the guard before every page and socket, and the wire's own checks."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from rnnviz.page import wire as module
from rnnviz.page.access_guard import Guard, is_host_allowed, is_origin_allowed
from rnnviz.page.session_registry import registry
from rnnviz.page.wire import MAX_BURST, MAX_MESSAGE, MAX_RATE, routes
from rnnviz.rate_limit import RateLimit
from tests.sampling import each_row
from tests.unit.page.browser import unpacked

HOST = "127.0.0.1:8501"
OWN = {"host": HOST, "origin": f"http://{HOST}"}


async def echo(socket):
    """Stands for Streamlit's own socket."""
    await socket.accept()
    await socket.send_text("open")
    await socket.close()


async def page(request):
    return PlainTextResponse("a page")


@pytest.fixture(scope="module")
def client():
    every = [*routes(""), WebSocketRoute("/_stcore/stream", echo), Route("/", page)]
    app = Starlette(routes=every, middleware=[Middleware(Guard)])
    with TestClient(app, base_url=f"http://{HOST}") as client:
        yield client


@pytest.fixture(autouse=True)
def no_beat(monkeypatch):
    """Only frames come, however slow the machine is."""
    monkeypatch.setattr(module, "BEAT", 60.0)


@pytest.fixture(autouse=True)
def hosts(monkeypatch):
    """The hosts of .streamlit/config.toml, wherever the tests are started."""
    before = streamlit.get_option
    own = {"server.allowedHosts": ["127.0.0.1", "localhost"], "server.corsAllowedOrigins": []}
    monkeypatch.setattr(streamlit, "get_option", lambda name: own.get(name, before(name)))
    return own


@pytest.mark.parametrize("path", ["/rnnviz/wire", "/_stcore/stream"])
@each_row(
    "headers",
    [
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://[::1"},
        {},
        {"host": "evil.example", "origin": "http://evil.example"},
        {"host": "127.0.0.1.evil.example", "origin": "http://127.0.0.1.evil.example"},
        {"host": "", "origin": f"http://{HOST}"},
        {"host": f"{HOST}.evil.example", "origin": f"http://{HOST}.evil.example"},
        {"origin": f"http://user@{HOST}"},
        {"origin": f"ftp://{HOST}"},
        {"origin": f"http://{HOST}/page"},
    ],
    ids=str,
)
def test_a_socket_opens_for_a_page_of_this_server_alone(client, path, headers):
    headers = {"host": HOST, **headers}
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(path, headers=headers) as socket,
    ):
        socket.send_text("{}")
    assert refused.value.code == 1008


@each_row("origin", [f"http://{HOST}", "https://hub.example"])
def test_a_page_of_this_server_or_of_an_allowed_proxy_may_open_streamlit_s_socket(
    client, hosts, origin
):
    hosts["server.corsAllowedOrigins"] = ["https://hub.example"]
    headers = {"host": HOST, "origin": origin}
    with client.websocket_connect("/_stcore/stream", headers=headers) as socket:
        assert socket.receive_text() == "open"


def test_a_page_is_served_under_its_own_names_alone_and_framed_by_nobody_else(client):
    refused = client.get("/", headers={"host": "evil.example"})
    assert (refused.status_code, refused.text[:24]) == (403, "rnnviz is not served und")
    served = client.get("/", headers={"host": "localhost:8501"})
    assert served.text == "a page"
    assert served.headers["x-frame-options"] == "SAMEORIGIN"
    policy = served.headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["frame-ancestors"] == rules["default-src"] == rules["base-uri"] == "'self'"
    assert rules["object-src"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "'self' data: blob:"
    assert rules["connect-src"] == "'self' ws://localhost:8501 wss://localhost:8501"
    assert "unsafe" not in rules["script-src"]
    assert "http" not in policy


@each_row(
    ("host", "origin"),
    [("[", "["), ("[::1", "http://[::1"), ("℀", "http://℀"), ("\ud83d", "\0"), ("", ""),
     *((host, f"http://{host}") for host in (
        "127.0.0.1:8620.evil.example", "127.0.0.1:80:80", "127.0.0.1:", "127.0.0.1:+1",
        "127.0.0.1:٣", "127.0.0.1:123456", "127.0.0.1.", "localhost.", "user@127.0.0.1",
        "127.0.0.1@evil.example", "127.0.0.1/evil.example", "127.0.0.1?x", "127.0.0.1#x",
        "127.0.0.1\\evil", " 127.0.0.1", "127.0.0.1\n", "127.0.0.1\t", "[::1", "[::1]x", "[::1]:x",
        "[::1%lo]", "[127.0.0.1]", "::1", "[::1]:80.evil", "127.1", "0x7f.1",
     ))],
    ids=repr,
)  # fmt: skip
def test_names_that_can_not_be_read_are_refused(host, origin):
    assert not is_host_allowed(host)
    assert not is_origin_allowed(origin, HOST)


@each_row("host", ["127.0.0.1", "127.0.0.1:1", "LocalHost:65535", "[::1]", "[::1]:8501"])
def test_its_own_names_are_allowed_with_any_port(hosts, host):
    hosts["server.allowedHosts"] = None
    assert is_host_allowed(host)
    assert is_origin_allowed(f"http://{host}", host)
    assert is_origin_allowed(f"https://{host}", host)


# Tickets and messages


@contextmanager
def opened(server, **hello):
    with server.websocket_connect("/rnnviz/wire", headers=OWN) as socket:
        socket.send_text(json.dumps(hello))
        yield socket


def refusal(socket):
    """The code with which a socket is closed; what came before is let pass."""
    while True:
        message = socket.receive()
        if message["type"] == "websocket.close":
            return message["code"], message["reason"]


@pytest.fixture
def tab():
    tab = registry().tab({}, {"hidden": "2"})
    yield tab
    tab.actor.stop()


@each_row("hello", [{}, {"ticket": "guessed"}, {"ticket": None}, {"ticket": {}}])
def test_without_a_ticket_nothing_is_told(client, monkeypatch, hello):
    with opened(client, **hello) as socket:
        assert refusal(socket) == (4401, "no such ticket")
    monkeypatch.setattr(module, "HELLO_TIMEOUT", 0.05)
    with client.websocket_connect("/rnnviz/wire", headers=OWN) as socket:
        assert refusal(socket) == (4401, "no ticket came")


@each_row(
    ("message", "code"),
    [
        ("no json", 1003),
        ("\x00", 1003),
        ("[1]", 1003),
        ("3", 1003),
        ("[" * 30_000, 1003),
        (b"{}", 1003),
        ('"' + "x" * MAX_MESSAGE + '"', 1009),
        (json.dumps({"x": "é" * MAX_MESSAGE}, ensure_ascii=False), 1009),
    ],
    ids=["no json", "a zero", "a list", "a number", "deep", "bytes", "long", "long in bytes"],
)
def test_what_can_not_be_read_closes_the_socket_and_harms_nobody(client, tab, message, code):
    with opened(client, ticket=tab.ticket) as socket:
        socket.receive_text()
        (socket.send_bytes if isinstance(message, bytes) else socket.send_text)(message)
        assert refusal(socket)[0] == code
    with opened(client, ticket=tab.ticket) as socket:
        assert json.loads(socket.receive_text())["run"] == tab.actor.run_id


@each_row(
    "odd", [[[]], {"a": {}}, True, 1.5, "phrase=\ud83d", "x" * 9000, "epoch=1e999&unit=-1"], ids=str
)
def test_a_hello_may_say_anything(client, tab, odd):
    with opened(client, ticket=tab.ticket, run=odd, client=odd, link=odd) as socket:
        assert json.loads(socket.receive_text())["run"] == tab.actor.run_id
        assert unpacked(socket.receive_bytes())["problem"] == ""


def test_more_messages_than_a_hand_can_make_have_to_wait():
    budget = RateLimit(MAX_RATE, MAX_BURST, 0.0)
    waits = [budget.wait(0.0) for _ in range(int(MAX_BURST) + 100)]
    assert not any(waits[: int(MAX_BURST)])
    assert waits[-1] == pytest.approx(100 / MAX_RATE)
    assert budget.wait(60.0) == 0


def test_with_a_ticket_frames_come_and_a_flood_of_nonsense_harms_nobody(client, tab):
    with opened(client, ticket=tab.ticket, client="me") as socket:
        assert json.loads(socket.receive_text()) == {"run": tab.actor.run_id, "moved": False}
        frame = unpacked(socket.receive_bytes())
        assert (frame["epoch"], frame["running"]) == (0, False)
        for number in range(int(MAX_BURST) + 50):
            action = ["fly", [], {}, True][number % 4]
            nonsense = {"do": action, "n": number + 1} if number % 5 else {"": number}
            socket.send_text(json.dumps(nonsense))
        socket.send_text(json.dumps({"do": "step", "what": "epoch", "n": 10_000}))
        while frame["heard"] < 10_000:
            frame = unpacked(socket.receive_bytes())
            socket.send_text(json.dumps({"do": "ack", "seq": frame["seq"]}))
    assert frame["epoch"] == 1


def test_a_browser_that_does_not_read_its_frames_is_let_go(client, tab, monkeypatch):
    outboxes = []

    async def nothing_is_read(socket, outbox):
        outboxes.append(outbox)
        await asyncio.Event().wait()

    monkeypatch.setattr(module, "_send_all", nothing_is_read)
    monkeypatch.setattr(module, "MAX_UNREAD", 2)
    with opened(client, ticket=tab.ticket, client="me") as socket:
        socket.receive_text()
        # Every frame is acknowledged, so that the next one comes.
        for number in range(1, 2000):
            unread = outboxes[0].qsize() if outboxes else 0
            socket.send_text(json.dumps({"do": "ack", "seq": unread}))
            if unread > 2:
                break
            socket.send_text(json.dumps({"do": "step", "what": "epoch", "n": number}))
            time.sleep(0.01)
        assert unread > 2
        assert refusal(socket) == (1009, "more than 2 unread frames")


def test_messages_wait_in_the_browser_while_a_run_is_behind(client, tab, monkeypatch):
    behind = [True] * 3
    monkeypatch.setattr(module, "BEAT", 60)
    crowded = property(lambda _: bool(behind) and behind.pop())
    monkeypatch.setattr(type(tab.actor), "crowded", crowded)
    with opened(client, ticket=tab.ticket, client="me") as socket:
        socket.receive_text()
        for number in (1, 2):
            socket.send_text(json.dumps({"do": "step", "what": "epoch", "n": number}))
        frame = unpacked(socket.receive_bytes())
        while frame["heard"] < 2:
            socket.send_text(json.dumps({"do": "ack", "seq": frame["seq"]}))
            frame = unpacked(socket.receive_bytes())
    assert (frame["epoch"], behind) == (2, [])


def test_a_server_with_nothing_to_show_says_that_it_is_there(client, tab, monkeypatch):
    monkeypatch.setattr(module, "BEAT", 0.02)
    with opened(client, ticket=tab.ticket) as socket:
        while socket.receive().get("text") != "":
            pass


def test_a_socket_that_a_frame_finds_closed_ends_quietly(tab):
    """The cut is noticed in sending, before a message says so."""

    async def cut():
        found_out = asyncio.Event()
        texts = iter([json.dumps({"ticket": tab.ticket}), '{"do": "ack", "seq": 0}'] * 2)

        async def receive():
            if socket.application_state != WebSocketState.CONNECTED:
                return {"type": "websocket.connect"}
            text = next(texts)
            if "ack" in text:
                await found_out.wait()
            return {"type": "websocket.receive", "text": text}

        async def send(message):
            if "bytes" in message:
                found_out.set()
                raise OSError("gone")

        socket = WebSocket({"type": "websocket", "headers": []}, receive, send)
        await module.wire(socket)
        assert found_out.is_set()

    # Playwright may have this thread's loop.
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, cut()).result()


@pytest.mark.parametrize("base", ["class/rnnviz", "/class/rnnviz/"])
def test_the_routes_stand_below_the_server_s_base_path(base):
    assert all(route.path.startswith("/class/rnnviz/rnnviz/") for route in routes(base))
