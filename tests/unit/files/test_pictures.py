"""The page that draws pictures, and what is read from it."""

import base64
import json
import re
from struct import unpack_from

import numpy as np
import pytest

from rnnviz.charts.picture import Picture, scatter
from rnnviz.charts.shapes import sentence
from rnnviz.config import RunConfig
from rnnviz.files import pictures as module
from rnnviz.files.numbers import Drawn
from rnnviz.files.page_script import script_hash
from rnnviz.files.pictures import BrowserError, content_of, pictures, pictures_page
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
