"""The command ``rnnviz class``."""

import builtins
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from rnnviz import cli
from rnnviz.classroom.classroom import Classroom

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def opened():
    """How the page was opened, and what was served meanwhile."""
    return []


@pytest.fixture
def run(capsys, opened, monkeypatch):
    """Runs one command; no page is really opened."""
    monkeypatch.setattr("rnnviz.classroom.truth.Truth._measure", lambda _: None)
    monkeypatch.setattr("rnnviz.lessons.lesson.opened", {})

    def open_page(port, browser, classroom=None):
        joined = classroom.join and f"http://{classroom.join.address}"
        page = urllib.request.urlopen(joined, timeout=10).read().decode() if joined else ""
        opened.append((port, browser, classroom, page))

    def run(line):
        try:
            code = cli.main(line.split(), open_page=open_page, every_picture=None)
        except SystemExit as stop:
            code = stop.code
        return code, *capsys.readouterr()

    return run


def test_without_a_host_hands_are_counted_and_nothing_listens(run, opened):
    assert run("class plateau --no-browser") == (0, "", "")
    ((port, browser, room, _),) = opened
    assert (port, browser, room.join, room.now.name) == (None, False, None, "plateau")


def test_students_join_at_an_address_with_a_code(run, opened):
    pytest.importorskip("segno")
    code, out, err = run("--port 8765 class plateau --host 127.0.0.1")
    assert (code, err) == (0, "")
    address = re.fullmatch(r"rnnviz: students join at http://(127\.0\.0\.1:\d+/[A-Z]{4})\n", out)[1]
    ((port, browser, room, page),) = opened
    assert (port, browser) == (8765, True) and isinstance(room, Classroom)
    assert room.join.address == address and room.join.qr.startswith("<svg")
    assert "When does it learn?" in page
    # It has ended with the page. Another class may have got its port since, but not its code.
    with pytest.raises(OSError):
        urllib.request.urlopen(f"http://{address}", timeout=2)


def test_a_lesson_may_be_a_file(run, opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("lesson new my.lesson.md")
    assert run("class my.lesson.md")[0] == 0
    assert opened[0][2].now.name == "my"
    (tmp_path / "broken.lesson.md").write_text("nothing", encoding="utf-8")
    code, out, err = run("class broken.lesson.md")
    assert (code, out) == (2, "") and err.startswith("rnnviz: broken.lesson.md: line 1: ")
    assert run("class missing")[2].startswith("rnnviz: missing: can't be read")
    assert len(opened) == 1


def test_without_segno_there_is_no_qr_code_and_a_sentence(run, opened, monkeypatch):
    before = builtins.__import__

    def without(name, *given, **options):
        if name == "segno":
            raise ImportError
        return before(name, *given, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    code, _, err = run("class plateau --host 127.0.0.1")
    assert code == 0 and opened[0][2].join.qr == ""
    assert err == (
        "rnnviz: No QR code: segno is missing. Install it with: pip install 'rnnviz[class]'\n"
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("--host 0.0.0.0", "0.0.0.0 is the wildcard address. To use it anyway, add --public."),
        ("--host 8.8.8.8", "8.8.8.8 is not a local address."),
        ("--host 192.0.2.77", "192.0.2.77 is not an address of this machine."),
        ("--host localhost", "'localhost' is no IP address."),
        ("--port 8602", "--port and --public are for phones: add --host, or leave them out."),
        ("--public", "--port and --public are for phones"),
        ("--host 127.0.0.1 --port 0", "'0' is not a whole number from 1"),
    ],
)
def test_an_address_that_can_not_be_is_refused_before_anything_opens(
    run, opened, options, sentence
):
    code, out, err = run(f"class plateau {options}")
    assert (code, out, opened) == (2, "", [])
    assert sentence in err and err.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there a signal ends a process at once")
def test_ctrl_c_ends_both_servers_even_if_a_student_is_there():
    command = [sys.executable, "-m", "rnnviz", "class", "bug", "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, "--no-browser"], cwd=ROOT, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        lines = (process.stdout.readline() for _ in range(2))
        students, page = (re.search(r"http://([\d.]+):(\d+)", line) for line in lines)
        address = students[1], int(students[2])
        with socket.create_connection(address, timeout=10) as waiting:
            waiting.sendall(b"GET / HTTP/1.1\r\n")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (0, "") and "Traceback" not in err
        for one in (students, page):
            with pytest.raises(OSError):
                socket.create_connection((one[1], int(one[2])), timeout=2)
    finally:
        process.kill()
