"""One browser tab without a browser; every run of it is checked for exceptions."""

import html
import json
import re

from streamlit.testing.v1 import AppTest

from rnnviz.dissection import Room

PAGES = ["train", "step", "hidden", "gradients", "dynamics"]
SCRIPT = """
from rnnviz.app.pages.{page} import {page}_page
from rnnviz.app.state import get_session
{page}_page(get_session())
"""


def plain(body):
    """What a piece of HTML says."""
    return html.unescape(re.sub(r"<[^>]+>", " ", body))


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

    def button(self, key):
        return next(b for b in self.app.button if b.key == key)

    def click(self, key):
        self.button(key).click()
        self.run()

    def disabled(self, key):
        return self.button(key).disabled

    def components(self, name):
        """The components of one kind, by key."""
        protos = [element.proto for element in self.app.get("bidi_component")]
        named = [proto for proto in protos if proto.component_name == f"rnnviz_{name}"]
        return {proto.id.rsplit("-", 1)[-1]: proto for proto in named}

    @property
    def places(self):
        """What the place of each chart was told, by key."""
        return {key: json.loads(proto.json) for key, proto in self.components("chart").items()}

    @property
    def message(self):
        """What the last frame brought."""
        (frame,) = self.components("frame").values()
        return json.loads(frame.bytes)

    @property
    def charts(self):
        return self.message["charts"]

    @property
    def bodies(self):
        """The texts that came with the frame, by key."""
        return self.message["texts"]

    @property
    def text(self):
        """What the reader reads."""
        sentences = [box.value for box in self.app.info]
        return "\n".join([*map(plain, self.bodies.values()), *sentences])


class Page(Tab):
    """A page alone, in one tab; or the session given on it."""

    def __init__(self, page, session=None, state=None, **link):
        app = AppTest.from_string(SCRIPT.format(page=page), default_timeout=60)
        for name, value in {"session": session, **(state or {})}.items():
            if value is not None:
                app.session_state[name] = value
        super().__init__(app, link)

    def choose(self, label, option):
        next(b for b in self.app.get("button_group") if b.label == label).set_value(option).run()
        self.run()

    def enter(self, room):
        """Go to a room of the page *Hidden states*."""
        self.choose("Look at", room)
        return self


def rooms_of(page):
    return [*Room] if page == "hidden" else [None]
