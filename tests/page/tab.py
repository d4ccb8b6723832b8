"""One browser tab without a browser; every run of it is checked for exceptions."""

import html
import json
import math
import re
import time
from base64 import b64encode
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
from streamlit.testing.v1 import AppTest

from rnnviz.page.session_registry import registry
from rnnviz.probe.questions import DynamicsQuestion, GradientQuestion, StateQuestion, TrainQuestion
from rnnviz.ui.viewer import MAX_IN_FLIGHT, Viewer
from tests.unit.page.browser import unpacked

PAGES = ["train", "step", "hidden", "gradients", "dynamics"]
INDEX = Path(__file__).resolve().parents[2] / "rnnviz" / "page" / "index.py"
#: The questions of the pages with tabs, which have controls of their own in the sidebar.
QUESTIONS = {
    "train": TrainQuestion,
    "hidden": StateQuestion, "gradients": GradientQuestion, "dynamics": DynamicsQuestion,
}  # fmt: skip
#: A page alone.
SCRIPT = """
import streamlit as st
from rnnviz.charts.texts import count_in
from rnnviz.page.guide import guide_page
from rnnviz.page.question_page import set_scene
from rnnviz.page.question_page import train_page
from rnnviz.page.question_page import question_page
from rnnviz.page.session_registry import get_tab
from rnnviz.questions.runs.tab import runs_page
from rnnviz.questions.step.tab import step_page
from rnnviz.ui.stage import connect
tab = get_tab()
with tab.host() as host:
    connect(tab.ticket, host.edition)
    count_in(host.session.unit)
    {page}
"""
#: What draws each page.
DRAWN = {
    "train": "train_page(host.pair, st.sidebar.container())",
    "step": "set_scene(step_page(host.pair), host.pair)",
    "guide": "guide_page(st.sidebar.container())",
    "runs": """
    first = st.Page(
        lambda: set_scene(runs_page(host.pair, st.sidebar.container(), first), host.pair),
        title="Runs",
    )
    st.navigation([first]).run()""",
}
#: The commands of the buttons that are not Streamlit's.
BUTTONS = {
    "play": {"do": "play"},
    "pause": {"do": "pause"},
    "step_epoch": {"do": "step", "what": "epoch"},
    "step_phrase": {"do": "step", "what": "phrase"},
    "reset": {"do": "reset"},
    "new_seed": {"do": "seed"},
    "back_to_now": {"do": "now"},
    "branch": {"do": "branch"},
    "apply": {"do": "select", "on": "apply", "by": 1},
    "unit_next": {"do": "select", "on": "unit", "by": 1},
    "unit_previous": {"do": "select", "on": "unit", "by": -1},
    "leaf_1": {"do": "select", "on": "list_page", "by": 1},
}


def plain(body):
    """The text of a piece of HTML."""
    return html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"</?span>", "", body)))


def figure(picture):
    """The figure of a picture that was sent whole."""
    drawn = json.loads(picture["outline"])
    for path, dtype, shape, start, content in picture["arrays"]:
        assert start == 0
        series, name = path.split(".")
        drawn["data"][int(series)][name] = np.frombuffer(content, dtype).reshape(shape).tolist()
    return drawn


def app_test():
    """The whole app, not yet opened."""
    return AppTest.from_file(str(INDEX), default_timeout=60)


class Eye(Viewer):
    """A viewer with all charts in sight, which keeps what it is sent."""

    def __init__(self, tab):
        self.got = []
        super().__init__(self.got.append, scene=lambda: tab.tab.scene, in_sight={*tab.places})


class Tab:
    """An AppTest opened at a link; nothing is trained but what a test says."""

    def __init__(self, app, link):
        self.app, self._number, self._frame = app, 0, None
        for name, value in link.items():
            self.app.query_params[name] = value
        self.run()
        # One that never answers: it keeps the run, which is held while nobody looks.
        self._viewer = Viewer(len, scene=lambda: self.tab.scene, sent=MAX_IN_FLIGHT)
        with self.tab.host() as host:
            host.attach(self._viewer, -math.inf)

    def run(self):
        """Run the script, and again when the link has been followed to its end."""
        self.look()
        self.app.run()
        assert [box.message for box in self.app.exception] == []
        self.tab = self.app.session_state["tab_session"]
        with self.tab.host() as host:
            pair = host.pair
        if pair.at_work:
            while pair.at_work:
                pair.tick(1)
            self.run()

    def look(self):
        """Have the next frame drawn anew."""
        self._frame = None

    @property
    def session(self):
        with self.tab.host() as host:
            return host.session

    @property
    def pair(self):
        with self.tab.host() as host:
            return host.pair

    # What the reader does

    def say(self, do, **options):
        """Send a command; the page follows if it must."""
        self.look()
        self._number += 1
        with self.tab.host() as host:
            host.receive(self._viewer, {"do": do, "n": self._number, **options}, -math.inf)
            edition = host.edition
        if edition != self.told("wire")["edition"]:
            self.run()

    def ask(self, phrase):
        self.say("phrase", text=phrase)

    def click(self, key):
        if key in BUTTONS:
            self.say(**BUTTONS[key])
        else:
            self.app.button(key=key).click()
            self.run()

    def write(self, equations):
        """Type equations into the editor; returns what is said of them."""
        self.say("write", text=equations)
        return plain(self.bodies["draft"])

    def disabled(self, key):
        return self.app.button(key=key).disabled

    def choose(self, label, option):
        next(b for b in self.app.get("button_group") if b.label == label).set_value(option)
        self.run()

    def finish(self):
        """Have the page do all that it has to do while the run rests."""
        eye = Eye(self)
        with self.tab.host() as host:
            # The seconds of the loop below pass faster than those of the clock.
            now = max(time.monotonic(), host._next_frame)
            host.attach(eye, now)
            host.turn(now)
            while work := host.background_work(now):
                work()
                now, eye.acknowledged = now + 1, eye.sent
                host.turn(now)
            host.detach(eye, now)
        self.run()

    # What Streamlit lays out

    def components(self, name):
        """The components of one kind, by key."""
        protos = [element.proto for element in self.app.get("bidi_component")]
        named = [proto for proto in protos if proto.component_name == f"rnnviz_{name}"]
        return {proto.id.rsplit("-", 1)[-1]: proto for proto in named}

    def data(self, name):
        """The data of the components of one kind, by key."""
        return {key: json.loads(proto.json) for key, proto in self.components(name).items()}

    def told(self, name):
        """The data of the only component of its kind."""
        (data,) = self.data(name).values()
        return data

    @property
    def places(self):
        """The data of the place of each picture, alone or on a sheet."""
        pictures = {panel["key"]: panel for panel in self._panels if panel["kind"] != "text"}
        return self.data("chart") | pictures

    @property
    def panel_texts(self):
        """The keys of the panels of sheets that are texts."""
        return {panel["key"] for panel in self._panels if panel["kind"] == "text"}

    @property
    def _panels(self):
        columns = [column for sheet in self.data("sheet").values() for column in sheet["columns"]]
        return [panel for column in columns for row in column for panel in row]

    # What the wire brings

    def sent(self, eye=None):
        """The next frame of a viewer; without one, of a viewer that has nothing yet."""
        eye = eye or Eye(self)
        with self.tab.host() as host:
            host._send(eye, 0.0)
        return unpacked(eye.got[-1])

    @property
    def frame(self):
        """All that there is to be seen."""
        self._frame = self._frame or self.sent()
        return self._frame

    @property
    def charts(self):
        assert not self.frame["problem"]
        pictures = self.frame["pictures"].items()
        return {key: {"figure": figure(one), "remark": one["remark"]} for key, one in pictures}

    def chart(self, key):
        """The figure as the browser gets it."""
        return self.charts[key]["figure"]

    def series(self, key):
        """The series of a figure, by name."""
        return {series.get("name", ""): series for series in self.chart(key)["data"]}

    @property
    def bodies(self):
        """The texts that came with the frame, by key."""
        assert not self.frame["problem"]
        return self.frame["texts"]

    @property
    def link(self):
        return dict(parse_qsl(self.frame["link"] or ""))

    @property
    def text(self):
        """What the reader reads: the page's own HTML, and Streamlit's sentences."""
        boxes = (*self.app.info, *self.app.warning, *self.app.caption)
        sentences = [re.sub(r"\\(.)", r"\1", box.value) for box in boxes]
        return "\n".join([*map(plain, self.bodies.values()), *sentences])


class Page(Tab):
    """A page alone, in one tab; or the session given on it."""

    def __init__(self, page, session=None, state=None, **link):
        labs = f'question_page("{page}", host.pair, st.sidebar.container())'
        script = SCRIPT.format(page=DRAWN.get(page, labs))
        app = AppTest.from_string(script, default_timeout=60)
        for name, value in (state or {}).items():
            app.session_state[name] = value
        if session:
            with registry().tab(app.session_state, {}).host() as host:
                host.show(session)
        super().__init__(app, link)

    def enter(self, view):
        """Go to the tab of a question; None on a page without tabs."""
        if view is not None:
            self.choose("Question", view)
        return self


class App(Tab):
    """The whole app in one tab."""

    def __init__(self, **link):
        super().__init__(app_test(), link)

    def widget(self, key):
        names = re.compile(rf"{key}(_\d+)?")
        kinds = ("number_input", "slider", "button_group", "selectbox", "button")
        every = (w for kind in kinds for w in self.app.get(kind))
        return next((w for w in every if names.fullmatch(w.key or "")), None)

    def set(self, key, value):
        self.widget(key).set_value(value)
        self.run()

    def upload(self, key, name, content):
        """What the box of a file does on the server, with a file as the browser sends it."""
        url = f"data:text/csv;base64,{b64encode(content).decode()}"
        self.app.session_state[f"chosen_{key}"] = {
            "name": name, "content": url, "number": 1,
        }  # fmt: skip
        self.run()

    def learn(self, name, content, share=0.0):
        """Upload a training file, and start."""
        self.upload("train_csv", name, content)
        self.set("test_share", share)
        self.click("learn")


def tabs_of(page):
    return [*QUESTIONS.get(page, [None])]


def words_of(opened):
    """All that stands on a page, and what is said where it is pointed at."""
    kinds = ("button", "button_group", "text_input", "number_input", "selectbox", "multiselect")
    labels = [f"{box.label} {box.help or ''}" for kind in kinds for box in opened.app.get(kind)]
    charts = opened.charts.values()
    charts = [f"{c['figure']['layout']['title']['text']} {c['remark']}" for c in charts]
    texts = [place["text"] for place in opened.places.values()]
    data = [opened.frame["sequence"], opened.told("phrase"), opened.data("stepper")]
    return " ".join([opened.text, *labels, *charts, *texts, *map(str, data)]).lower()
