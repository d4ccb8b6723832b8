"""rnnviz.widget: an anywidget over a session, and sentences where there can be none."""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import comm
import pytest
from anywidget import AnyWidget

import rnnviz
from rnnviz.config import RunConfig
from rnnviz.probe.session import Session
from tests.unit.notebook.cell import in_kernel, until
from tests.unit.page.browser import unpacked


@pytest.fixture
def session():
    return Session(RunConfig(hidden=2))


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
