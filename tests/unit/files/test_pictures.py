"""The page that draws pictures, and what is read from it."""

import base64
import json
import os
import re
import sys
import time
from pathlib import Path
from struct import unpack_from

import numpy as np
import pytest

from rnnviz.charts.picture import Picture, scatter
from rnnviz.charts.shapes import sentence
from rnnviz.config import RunConfig
from rnnviz.files import pictures as module
from rnnviz.files.numbers import Drawn
from rnnviz.files.page_script import script_hash
from rnnviz.files.pictures import (
    BrowserError,
    content_of,
    document_of,
    find_browser,
    installed,
    pictures,
    pictures_page,
)
from rnnviz.probe.session import Session

VALUES = np.array([0.5, -2.0, np.nan], np.float32)
#: What loads something from elsewhere.
ELSEWHERE = re.compile(r"https?://(?!www\.w3\.org/)|@import|url\((?!#)|\bfetch\(|WebSocket")


@pytest.fixture(scope="module")
def session():
    return Session(RunConfig(hidden=4, seed=3))


@pytest.fixture
def drawn():
    title = {"title": {"text": "<b>One</b> & &lt;two>"}, "height": 200}
    one = Picture([scatter(x=np.arange(3), y=VALUES, name="a")], title)
    return {"page/one": Drawn(one, "on all", "table"), "page/none": Drawn(sentence("No", "None."))}


def test_the_content_has_every_number_and_what_made_it(session, drawn):
    content = content_of(session, drawn)
    (length,) = unpack_from("<I", content)
    one = json.loads(content[4 : 4 + length])["pictures"]["page/one"]
    assert (one["kind"], one["told"]["title"]) == ("table", "One & <two>")
    assert (one["told"]["seed"], one["told"]["measured"]) == ("3", "on all")
    (_, *whole), (path, dtype, shape, start, size) = one["arrays"]
    assert (whole[0], path, dtype, shape, start) == ("i4", "0.y", "f4", [3], 0)
    read = np.frombuffer(content[4 + length + whole[-1] :][:size], np.float32)
    np.testing.assert_array_equal(read, VALUES)


def test_the_page_asks_for_nothing_and_runs_its_own_script_alone(session, drawn):
    page = pictures_page(session, drawn)
    assert not ELSEWHERE.search(page)
    (code,) = re.findall(r'<script type="module">(.*?)</script>', page, re.DOTALL)
    assert (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src '{script_hash(code)}'" in page
    )


@pytest.fixture
def answered(session, drawn, monkeypatch, tmp_path):
    """The files, and the page that was drawn, if the browser ends with an answer."""

    def answered(answer):
        pages, document = [], f"<html><body>{answer}</body></html>"
        monkeypatch.setattr(module, "document_of", lambda page, *_: pages.append(page) or document)
        return pictures(session, drawn, "chrome", tmp_path), pages[0]

    return answered


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def test_what_the_browser_has_drawn_are_files(answered):
    svgs = encoded(json.dumps({"page/one": "<svg>é</svg>"}))
    answer = f'<pre id="answer">{svgs}</pre>'
    files, page = answered(answer)
    assert files == {"page/one.svg": "<svg>é</svg>"}
    (content,) = re.findall(r'id="content">([^<]*)<', page)
    assert b"page/one" in base64.b64decode(content)
    assert b"page/none" not in base64.b64decode(content), "a sentence is no picture"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (f'<pre id="answer" class="problem">{encoded("TypeError: no")}</pre>', "TypeError: no"),
        ('<pre id="answer"></pre>', "it may be too old. Name another browser with --browser"),
        ("", "it may be too old"),
    ],
)
def test_what_is_no_picture_is_said(answered, answer, said):
    with pytest.raises(BrowserError, match=f"chrome has not drawn the pictures: {said}"):
        answered(answer)


# A browser is found and run, and what fails is said


posix = pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")


def fake(folder, script):
    """A program that does what a shell script says."""
    path = folder / "fake-browser"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_it_is_looked_for_on_the_path_and_then_where_it_usually_is():
    on_path = {"microsoft-edge": "/bin/edge", "chromium": "/bin/chromium"}
    linux = installed({}, "linux", on_path.get)
    assert linux[:2] == ["/bin/chromium", "/bin/edge"]
    assert "/snap/bin/chromium" in linux
    mac = installed({"HOME": "/Users/a"}, "darwin", {}.get)
    assert "/Users/a/Applications/Chromium.app/Contents/MacOS/Chromium" in mac
    windows = installed({"PROGRAMFILES": "C:/P"}, "win32", {}.get)
    assert windows[0] == "C:/P/Google/Chrome/Application/chrome.exe"


def test_without_one_it_is_said_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "installed", lambda: [str(tmp_path / "gone")])
    with pytest.raises(BrowserError, match=r"none was found: no Google Chrome, .* --browser\."):
        find_browser()
    with pytest.raises(BrowserError, match="nowhere: there is no such program"):
        find_browser(Path("nowhere"))


@posix
def test_the_chosen_one_is_taken_and_else_an_installed_one(monkeypatch, tmp_path):
    there = fake(tmp_path, "")
    monkeypatch.setattr(module, "installed", lambda: ["/gone", str(there)])
    assert find_browser() == str(there)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser(Path("fake-browser")) == str(there)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    assert find_browser(Path("./fake-browser")) == find_browser(there) == str(there)


@posix
@pytest.mark.parametrize("user", [0, 1000])
def test_it_works_in_the_folder_and_leaves_nothing(tmp_path, monkeypatch, user):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    program, folder = (
        fake(tmp_path, 'echo "$@"; for last; do :; done; cat "${last#file://}"'),
        tmp_path / "out",
    )
    folder.mkdir()
    said = document_of("<p>café</p>", str(program), folder)
    options, page = said.split("\n")
    assert page == "<p>café</p>"
    assert f"--user-data-dir={folder.resolve()}{os.sep}browser-" in options
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in options, "no request leaves the machine"
    assert ("--no-sandbox" in options) == (user == 0)
    assert not [*folder.iterdir()]


@posix
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo partial; echo first >&2; echo no display >&2; exit 3", "the pictures: no display.$"),
        ("exit 0", "no message"),
    ],
)
def test_what_it_says_when_it_fails_is_passed_on(tmp_path, script, said):
    with pytest.raises(BrowserError, match=said):
        document_of("", str(fake(tmp_path, script)), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["fake-browser"]


@posix
def test_one_that_is_no_program_is_said(tmp_path):
    path = tmp_path / "text"
    path.write_text("not a program", encoding="utf-8")
    with pytest.raises(BrowserError, match="text can't be started: "):
        document_of("", str(path), tmp_path)


@posix
def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path):
    number = tmp_path / "number"
    program = fake(tmp_path, f"sleep 600 & echo $! > {number}; wait")
    begun = time.monotonic()
    with pytest.raises(BrowserError, match=r"not drawn the pictures within 1 seconds\. Try again"):
        document_of("", str(program), tmp_path, limit=1)
    assert time.monotonic() - begun < 30
    assert not alive(int(number.read_text(encoding="utf-8")))
    assert {path.name for path in tmp_path.iterdir()} == {"fake-browser", "number"}


def alive(pid):
    """Whether a process runs; one that has ended may wait for its parent."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat")
            if state.exists() and ") Z " in state.read_text(encoding="utf-8"):
                return False
        except OSError:
            return False
        time.sleep(0.05)
    return True
