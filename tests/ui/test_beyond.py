"""Numbers beyond all bounds: every page says so, and none breaks."""

import html
import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from rnnviz.config import RunConfig
from rnnviz.dissection import Room
from rnnviz.session import Session
from tests.ui.tab import Tab

# What overflows is meant to, and the server notes it once.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
PAGES = ["train", "step", "hidden", "gradients", "dynamics"]
SCRIPT = """
import streamlit as st
from rnnviz.ui.pages.{page} import {page}_page
from rnnviz.ui.state import get_session
{page}_page(get_session(), st.empty())
"""
#: States that grow a hundredfold with every token: in the whole data set, or in one long phrase.
GROWING = {"activation": "relu", "hidden": "64", "dtype": "float32"}
CASES = {
    "from the start": {"activation": "relu", "init_scale": "0.5"},
    "in single precision": {**GROWING, "init_scale": "9"},
    "in one long phrase": {**GROWING, "init_scale": "0.3", "phrase": "good " * 195},
}


class Page(Tab):
    """A page alone, in one tab; or the session given on it."""

    def __init__(self, page, session=None, **link):
        app = AppTest.from_string(SCRIPT.format(page=page), default_timeout=60)
        if session is not None:
            app.session_state["session"] = session
        super().__init__(app, link)

    def enter(self, room):
        """Go to a room of the page *Hidden states*."""
        choice = next(b for b in self.app.get("button_group") if b.label == "Look at")
        choice.set_value(room).run()
        self.run()

    @property
    def text(self):
        bodies = [block.proto.body for block in self.app.get("html")]
        bodies += [box.value for box in self.app.info]
        return "\n".join(html.unescape(re.sub(r"<[^>]+>", " ", body)) for body in bodies)


def rooms_of(page):
    return [*Room] if page == "hidden" else [None]


def walk(page, session=None, **link):
    """The texts of the page in all its rooms."""
    shown, texts = Page(page, session, **link), []
    for room in rooms_of(page):
        if room:
            shown.enter(room)
        assert not re.search(r"\b(nan|inf)\b", shown.text)
        texts.append(shown.text)
    return texts


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("link", CASES.values(), ids=CASES.keys())
def test_a_network_whose_states_overflow_can_be_looked_at(page, link):
    walk(page, **link)


def diverged():
    """A session whose weights are still numbers, and whose states are not."""
    config = RunConfig(activation="relu", dtype="float32", lr=10, init_scale=0.1, clip_by="off")
    session = Session(config)
    for _ in range(5):
        session.step_phrase()
    assert session.here.position == 5
    assert np.isfinite(session.state.parameters.theta).all()
    assert not np.isfinite(session.inspect().unrolled(0).h).all()
    return session


@pytest.mark.parametrize("page", PAGES)
def test_so_can_one_that_diverges_inside_an_epoch(page):
    walk(page, diverged())


def test_the_signs_of_a_diverged_network_are_bad_and_say_what_to_try():
    text = Page("train", diverged()).text
    for name in ("dead", "clipped", "update", "gradient", "reach"):
        assert re.search(rf"{name} +– +bad", text), name
    assert "smaller learning rate" in text


def test_a_sign_without_a_meaning_has_a_dash_and_no_word():
    assert re.search(r"reach +– +On the sequence shown", Page("train", phrase="good").text)
