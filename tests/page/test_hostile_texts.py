"""Texts of the reader and of files that would be Markdown or HTML: pages show them as they are."""

import re

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from rnnviz.files.recording_file import open_recording
from rnnviz.probe.questions import DynamicsQuestion
from rnnviz.questions.rest.measure import Hold
from rnnviz.run.weight_edits import set_weight
from tests.page.tab import PAGES, App, Page, tabs_of
from tests.unit.files.recordings import Loop

IMAGE = "a![m](http://elsewhere.example/m.png)b"
HTML = "<img/src=//elsewhere.example/m.png/onerror=alert(1)>"
#: What would be made of them and of the other texts below, if they were not escaped.
READ = re.compile(r"(?<!\\)!\[m|(?<!\\)<img|(?<!\\)\$x\$|(?<!\\):red\[|(?<!\\)\*\*b")
#: What Streamlit shows as it is: the options of a list, and what is in a box.
PLAIN = {
    ("Selectbox", "options"), ("Selectbox", "rawValue"), ("MultiSelect", "options"),
    ("MultiSelect", "rawValues"), ("TextInput", "default"), ("TextInput", "value"),
    ("TextArea", "default"), ("TextArea", "value"),
}  # fmt: skip
CSV = (
    f"{IMAGE},{HTML}\nso warm {IMAGE},$x$ {IMAGE}\nso cold {HTML},:red[a]\n"
    f"so **b** mild,$x$ {IMAGE}\nso wet {IMAGE},:red[a]\n{IMAGE},\n{IMAGE},x,y,z\n"
).encode()
NAME = f"{IMAGE} **b** {HTML}"


def texts(value):
    """All texts in a message of Streamlit."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def assert_escaped(opened):
    """No text of a widget is read as Markdown, and none of a frame is HTML of a file."""
    nodes = [node for node in (*opened.app.main, *opened.app.sidebar) if hasattr(node, "proto")]
    protos = [node.proto for node in nodes if isinstance(node.proto, Message)]
    assert len(protos) > 3
    for proto in protos:
        kind = type(proto).__name__
        fields = {} if kind == "BidiComponent" else MessageToDict(proto)
        for name, value in fields.items():
            read = [text for text in texts(value) if READ.search(text)]
            assert not read or (kind, name) in PLAIN, (kind, name, read)
    assert [body for body in opened.bodies.values() if "<img" in body] == []


@pytest.fixture(scope="module")
def own():
    """A page that has learned hostile words and classes from a file with such a name."""
    app = App(hidden="4")
    app.upload("train_csv", f"{NAME}.csv", CSV)
    assert_escaped(app)
    skip = next(box for box in app.app.checkbox if box.label.startswith("Skip"))
    skip.set_value(True)
    app.run()
    app.click("learn")
    assert IMAGE in app.session.dataset.vocabulary.words
    return app


def test_the_sidebar_shows_hostile_files_as_they_are(own):
    assert_escaped(own)
    own.upload("test_csv", f"{NAME}.csv", CSV[:100])
    assert_escaped(own)
    own.upload("train_csv", f"{NAME}.csv", f"{NAME},{NAME}\n{NAME},\n".encode())
    assert_escaped(own)
    own.upload("train_csv", f"{NAME}.csv", NAME.encode() + b"\xff\xfe\xe4")
    assert_escaped(own)
    own.upload("train_csv", "", b"")
    own.app.text_area(key="pasted").set_value(CSV.decode())
    own.run()
    assert_escaped(own)


@pytest.mark.parametrize("page", PAGES)
def test_every_tab_shows_hostile_words_and_classes_as_they_are(own, page):
    opened = Page(page, own.session)
    opened.ask(f"so {IMAGE} **b** {HTML}")
    for view in tabs_of(page):
        opened.enter(view)
        if view is DynamicsQuestion.REST:
            opened.choose("Fixed input", Hold.OWN)
        assert_escaped(opened)
        opened.finish()
        assert_escaped(opened)


@pytest.mark.parametrize("page", PAGES)
def test_every_tab_shows_a_hostile_recording_as_it_is(tmp_path, page):
    words, classes = ["so", IMAGE, HTML, "**b**", "$x$", ":red[a]", "the"], [IMAGE, HTML, ":red[a]"]
    examples = [[f"so {IMAGE} **b**", IMAGE], ["the so", ":red[a]"]]
    loop = Loop(
        tmp_path / "run.rnnviz", name=NAME, vocabulary=words, classes=classes, examples=examples
    )
    opened = Page(page, open_recording(loop.record(0, 10).close()))
    for view in tabs_of(page):
        opened.enter(view)
        opened.finish()
        assert_escaped(opened)


def test_edits_and_cells_of_ones_own_are_shown_as_they_are():
    equations = "a__b__ = tanh(W_x @ x + U__a_ @ h + b)\nh = a__b__"
    opened = Page("hidden", cell="own", equations=equations, hidden="4")
    for view in tabs_of("hidden"):
        opened.enter(view)
        opened.session.units.add(set_weight("U__a_", 0, 1, 0.5))
        opened.run()
        assert_escaped(opened)
