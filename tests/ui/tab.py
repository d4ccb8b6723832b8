"""One browser tab without a browser; every run of it is checked for exceptions."""

import html
import re

from streamlit.testing.v1 import AppTest

from rnnviz.dissection import Room

PAGES = ["train", "step", "hidden", "gradients", "dynamics"]
SCRIPT = """
import streamlit as st
from rnnviz.ui.pages.{page} import {page}_page
from rnnviz.ui.state import get_session
{page}_page(get_session(), st.empty())
"""


class Tab:
    """An AppTest opened at a link."""

    def __init__(self, app, link):
        self.app = app
        for name, value in link.items():
            self.app.query_params[name] = value
        self.run()

    def run(self):
        self.app.run()
        assert [box.message for box in self.app.exception] == []

    @property
    def session(self):
        return self.app.session_state["session"]


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
