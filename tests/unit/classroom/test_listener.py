"""What students reach: two routes, whatever a stranger in the network tries."""

import base64
import hashlib
import http.client
import json
import re
import select
import socket
import time
from contextlib import ExitStack, contextmanager, suppress

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from rnnviz.classroom import listener
from rnnviz.classroom.listener import (
    MAX_ANSWER,
    StudentGuard,
    listening,
    new_code,
    student_app,
)
from rnnviz.classroom.student_page import student_page
from tests.sampling import each_row
from tests.unit.classroom.students import FLAT, falling_at, quick_lesson, room_of, token

HOST, CODE = "192.168.4.20:8602", "KQFT"
OWN = {"origin": f"http://{HOST}"}


@pytest.fixture
def room():
    return room_of()


@pytest.fixture
def client(room):
    return TestClient(student_app(room, CODE), base_url=f"http://{HOST}")


def answer(client, content, headers=OWN, path=f"/{CODE}/answer"):
    content = content if isinstance(content, (bytes, str)) else json.dumps(content)
    return client.post(path, content=content, headers=headers)


def test_a_student_opens_the_page_and_answers(client, room):
    page = client.get(f"/{CODE}")
    assert page.status_code == 200 and "When will it learn?" in page.text
    mine = {"student": token(), "lesson": room.now.number}
    reply = answer(client, {**mine, "guess": FLAT})
    assert reply.status_code == 200
    assert reply.json().items() >= {"phase": "collect", "guessed": True}.items()
    assert client.get(f"/{CODE.lower()}").status_code == 200, "as it is typed on a phone"


def test_a_reload_neither_loses_an_answer_nor_doubles_it(client, room):
    mine = {"student": token(), "lesson": room.now.number}
    answer(client, {**mine, "guess": falling_at(100)})
    client.get(f"/{CODE}")
    assert answer(client, mine).json()["guessed"]
    answer(client, {**mine, "guess": falling_at(300)})
    room.do({"do": "turn", "by": 1})
    assert room.state()["told"] == [pytest.approx(300, abs=5)]


@each_row(
    "path",
    ["/", "/ABCD", "/robots.txt", "/favicon.ico", f"/{CODE}/", f"/{CODE}/answer", f"/{CODE}/x",
     f"//{CODE}", f"/{CODE}%00", "/rnnviz/wire", "/_stcore/health", f"/{CODE}/../{CODE}/answer",
     "/%2e%2e/etc/passwd"],
)  # fmt: skip
def test_all_else_is_not_there(client, path):
    assert client.get(path, follow_redirects=False).status_code == 404


def test_other_methods_and_codes_are_not_there(client, room):
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "POST"):
        assert client.request(method, f"/{CODE}", headers=OWN).status_code == 404
    mine = {"student": token(), "guess": FLAT, "lesson": room.now.number}
    assert answer(client, mine, path="/ABCD/answer").status_code == 404
    assert room.state()["here"] == 0


def test_no_socket_opens(client):
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"/{CODE}"):
        pass


def test_a_closed_class_is_not_there(client, room):
    room.close()
    assert client.get(f"/{CODE}").status_code == 404
    assert answer(client, {"student": token()}).status_code == 404


@each_row(
    "host",
    ["evil.example", "evil.example:8602", "192.168.4.20", "192.168.4.20:80", "127.0.0.1:8602",
     "localhost:8602", "", "192.168.4.20:8602.evil.example", "192.168.4.20:8602@evil.example"],
)  # fmt: skip
def test_another_host_is_refused_which_prevents_rebinding(client, room, host):
    headers = {"host": host, "origin": f"http://{host}"}
    assert client.get(f"/{CODE}", headers=headers).status_code == 403
    assert answer(client, {"student": token()}, headers).status_code == 403
    assert room.state()["here"] == 0


@each_row(
    "origin",
    ["http://evil.example", "null", "", "https://192.168.4.20:8602", "http://192.168.4.20",
     "http://192.168.4.20:8602.evil.example", None],
    ids=str,
)  # fmt: skip
def test_another_page_can_not_answer(client, room, origin):
    headers = {} if origin is None else {"origin": origin}
    assert answer(client, {"student": token()}, headers).status_code == 403
    assert room.state()["here"] == 0


@each_row(
    "body",
    ["", "{", "[]", "null", "1", '"a"', "[" * 4000, '{"student": ' + "1" * 4000 + "}", b"\xff\xfe",
     '{"student": "a", "guess": [1e999]}'],
)  # fmt: skip
def test_what_is_no_answer_is_refused_with_a_sentence(client, room, body):
    reply = answer(client, body)
    assert reply.status_code == 422
    assert reply.text.endswith(".") and len(reply.text) < 100
    assert room.state()["here"] == 0


def test_numbers_must_be_few_and_finite(client, room):
    mine = f'{{"student": "{token()}", "lesson": {room.now.number}, "guess": %s}}'
    assert answer(client, mine % ([0] * 900)).status_code == 422
    assert answer(client, mine % f"[{'1e999,' * 120}1]").status_code == 422
    assert answer(client, mine % f"[{'NaN,' * 120}1]").status_code == 422
    assert answer(client, mine % FLAT).status_code == 200


def test_a_body_that_is_too_long_is_refused_before_it_has_come(client, room):
    assert answer(client, b" " * MAX_ANSWER + b"{}").status_code == 413
    full = b'{"student": "' + token().encode() + b'"}'
    assert answer(client, full + b" " * (MAX_ANSWER - len(full))).status_code == 200


def test_a_flood_is_refused_and_another_address_is_not(room, monkeypatch):
    monkeypatch.setattr(listener, "MAX_RATE", 0.1)
    monkeypatch.setattr(listener, "MAX_BURST", 50)
    flooding = TestClient(student_app(room, CODE), f"http://{HOST}", client=("192.168.4.66", 1))
    codes = [flooding.get("/x").status_code for _ in range(60)]
    assert codes == [404] * 50 + [429] * 10
    other = TestClient(flooding.app, f"http://{HOST}", client=("192.168.4.67", 1))
    assert other.get(f"/{CODE}").status_code == 200


def test_addresses_without_end_are_not_all_remembered(monkeypatch):
    monkeypatch.setattr(listener, "_MOST_ADDRESSES", 10)
    guard = StudentGuard(None)
    assert not any(guard._floods(f"10.0.0.{k}") for k in range(100))
    assert len(guard._limits) <= 10


# The page


def test_the_page_loads_nothing_and_runs_its_own_script_alone(client):
    page = client.get(f"/{CODE}")
    policy = dict(
        part.split(" ", 1) for part in page.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
    for tag, kind in (("script", "script-src"), ("style", "style-src")):
        (inline,) = re.findall(rf"<{tag}(?: type=\"module\")?>(.*?)</{tag}>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert policy[kind] == f"'sha256-{digest}'"
    assert not re.search(r"(src|href)=\"(?!data:,)|url\(|@import|\son\w+=|\sstyle=", page.text)
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert "server" not in page.headers


def test_the_page_is_small(client):
    assert len(client.get(f"/{CODE}").content) <= 80_000


def test_a_lesson_is_text_whatever_it_says():
    evil = "</script><script>alert(1)</script>"
    title = f'title = "{evil}"'
    lesson = quick_lesson(**{'title = "When does it learn?"': title})
    page = student_page(room_of(lesson).now.page())
    assert page.count("<script") == 2 + 1  # the data, the script; and in the data, as a text
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page
    data = re.search(r'id="lesson">(.*?)</script>', page, re.DOTALL)[1]
    assert json.loads(data)["title"] == evil


# A real server


@contextmanager
def served(room):
    bound = socket.create_server(("127.0.0.1", 0))
    with listening(room, CODE, bound):
        host = "{}:{}".format(*bound.getsockname())
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                assert asked(host, "GET", f"/{CODE}")[0] == 200
                break
            except ConnectionRefusedError:
                time.sleep(0.01)
        yield host


def asked(host, method, path, body=None, **headers):
    connection = http.client.HTTPConnection(host, timeout=20)
    headers = {"origin": f"http://{host}", **headers}
    connection.request(method, path, body, headers)
    reply = connection.getresponse()
    return reply.status, reply.read().decode(), dict(reply.getheaders())


def test_it_listens_until_it_is_told_to_end_even_if_a_client_dawdles(room):
    with served(room) as host:
        mine = json.dumps({"student": token(), "lesson": room.now.number, "guess": FLAT})
        code, text, headers = asked(host, "POST", f"/{CODE}/answer", mine)
        assert code == 200 and json.loads(text)["guessed"]
        assert headers["connection"] == "close"
        dawdling = socket.create_connection(tuple(host.split(":")))
        dawdling.sendall(b"GET / HTTP/1.1\r\n")
        began = time.monotonic()
    assert time.monotonic() - began < 5
    with pytest.raises(OSError):
        socket.create_connection(tuple(host.split(":")), timeout=1)
    dawdling.close()


slow_clients = each_row(
    "begin",
    [b"", b"GET /" + CODE.encode() + b" HT",
     b"POST /KQFT/answer HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nContent-Length: 9\r\n\r\n{"],
    ids=["nothing", "half a head", "half a body"],
)  # fmt: skip


@contextmanager
def slow_ones(host, begin):
    with ExitStack() as opened:
        slow = [
            opened.enter_context(socket.create_connection(tuple(host.split(":")), timeout=20))
            for _ in range(100)
        ]
        for one in slow:
            one.sendall(begin.replace(b"%s", host.encode()))
        yield slow


@slow_clients
def test_slow_clients_delay_nobody(room, begin):
    with served(room) as host, slow_ones(host, begin) as slow:
        assert asked(host, "GET", f"/{CODE}")[0] == 200
        # None of them was cut off before the other was answered.
        assert select.select(slow, [], [], 0) == ([], [], [])


@slow_clients
def test_a_slow_client_is_cut_off(room, monkeypatch, begin):
    with served(room) as host:
        monkeypatch.setattr(listener, "LONGEST", 0.5)
        with slow_ones(host, begin) as slow:
            for one in slow:
                with suppress(ConnectionResetError):
                    while one.recv(4096):
                        pass
    assert room.state()["here"] == 0


def test_a_body_without_end_is_cut_off(room):
    head = f"POST /{CODE}/answer HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\n"
    with served(room) as host:
        endless = socket.create_connection(tuple(host.split(":")), timeout=10)
        chunked = head.replace("%s", host) + "Transfer-Encoding: chunked\r\n\r\n"
        endless.sendall(chunked.encode() + b"400\r\n" + b" " * 1024 + b"\r\n")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            for _ in range(10_000):
                endless.sendall(b"400\r\n" + b" " * 1024 + b"\r\n")
                time.sleep(0.001)
        endless.close()
    assert room.state()["here"] == 0


def test_a_code_is_four_letters_and_hardly_comes_twice():
    codes = {new_code() for _ in range(200)}
    assert len(codes) > 190
    assert all(re.fullmatch("[A-HJKMNP-Z]{4}", code) for code in codes)
