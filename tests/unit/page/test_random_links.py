"""Every page of every link is drawn: no error is caught, and none is warned of."""

import json
import logging
import os
from functools import partial
from urllib.parse import parse_qsl

import numpy as np
import pytest

from rnnviz.charts.texts import status_texts
from rnnviz.config import SETTINGS
from rnnviz.page.every_picture import TABS
from rnnviz.page.session_host import FAILED, SessionHost
from rnnviz.probe.questions import StepView
from rnnviz.probe.session import Session
from rnnviz.questions.step.tab import live_step
from rnnviz.run.share_link import read_link
from rnnviz.ui.style import TabTheme, using_theme
from rnnviz.ui.viewer import Scene, Viewer
from tests import sampling
from tests.random_links import random_link
from tests.sampling import each_row
from tests.unit.page.browser import unpacked

#: Any number of links can be asked for, by hand.
LINKS = int(os.environ.get("RANDOM_LINKS") or (500 if sampling.exhaustive else 20))
WITHOUT, MATRICES = map(SETTINGS["equations"].to_link, ("h = (W@x + U@h)/h", "h = tanh(W@x + U@h)"))
#: Settings whose numbers overflow, or are none.
LARGE = "init_scale=2&hidden=32&dtype=float32"
KNOWN = [
    *(f"task={t}&activation=relu&{LARGE}" for t in ("characters", "waves", "flipflop", "adding")),
    f"hidden=8&cell=own&equations={WITHOUT}",
    "lr=100&clip_by=off&now=1/7&hidden=8",
    "hidden=8&now=1&changes=0:edit=scale 1000000,0/3:edit=noise 1000000 3",
    f"task=translation&hidden=4&cell=own&equations={MATRICES}&now=0/7&changes=0:edit=silence 1 0",
]
#: The ends of a scale of colours.
LIMITS = ("zmin", "zmax", "cmin", "cmax")


class Everything(frozenset):
    """The keys of all pictures."""

    def __contains__(self, key):
        return True


def assert_limited(key, figure):
    """The axes and the colours of a figure end at finite numbers."""
    axes = [axis for name, axis in figure.get("layout", {}).items() if name[1:5] == "axis"]
    ends = [end for axis in axes for end in axis.get("range") or ()]
    ends += [series[end] for series in figure.get("data", ()) for end in LIMITS if end in series]
    assert None not in ends, key


class Visitor:
    """A browser that opens a link, and follows it for a while."""

    def __init__(self, link, seed):
        self.session, self.rng = Session(), np.random.default_rng(seed)
        self.host, self.now, self.number, self.scene = SessionHost(self.session, 0.0), 0.0, 0, None
        self.host.attempt(lambda: self.session.follow(*read_link(link), patience=0.0))
        self.viewer = Viewer(self.take, scene=lambda: self.scene, in_sight=Everything())
        self.host.attach(self.viewer, 0.0)
        self.wait(20)
        self.say("pause")

    def take(self, message):
        header = unpacked(message)
        assert not header["problem"]
        for key, picture in header["pictures"].items():
            assert_limited(key, json.loads(picture["outline"] or "{}"))
        self.host.receive(self.viewer, {"do": "ack", "seq": header["seq"]}, self.now)

    def wait(self, turns):
        """Let the page be drawn, and some of its background work be done."""
        for _ in range(turns):
            self.now += 1.0
            self.host.attempt(partial(self.host.turn, self.now))
            if work := self.host.background_work(self.now):
                self.host.attempt(work)

    def say(self, do, **options):
        self.number += 1
        command = {"do": do, "n": self.number, **options}
        self.host.attempt(partial(self.host.receive, self.viewer, command, self.now))

    def look(self, tabs=1):
        """Look at so many of the tabs, and click at everything there."""
        self.session.step_view = [*StepView][self.rng.integers(2)]
        for live in self.rng.choice([*TABS.values(), live_step], tabs, replace=False):
            with np.errstate(all="ignore"):
                tab = live(self.session)
            self.scene = Scene(self.session, partial(self.draw, tab), tab.handlers, tab.job)
            self.host.refresh()
            self.wait(2)
            for key in tab.handlers:
                at = int(self.rng.integers(3))
                self.say("select", on=key, value=at, by=1, x=at, y=at, data=[at, at])
            self.wait(1)

    def draw(self, tab, frame):
        tab.draw(frame)
        frame.texts |= status_texts(self.session, frame.texts.get("story"))
        # The page Step may show another sequence, of which the numbers are finite.
        if not self.session.inspect().finite and "step" not in tab.handlers:
            assert 'data-chapter="Broken"' in frame.texts["story"]


@pytest.fixture
def visitor(caplog):
    """Opens links; nothing is logged meanwhile, no warning either: here it is an error."""
    with using_theme(TabTheme()), caplog.at_level(logging.WARNING):
        yield Visitor
    assert not caplog.get_records("call")


@pytest.mark.parametrize("number", range(LINKS))
def test_every_page_of_a_random_link_is_drawn(number, visitor):
    """The link of a number is always the same: ``random_link(number)``."""
    here = visitor(random_link(number), number)
    here.look()
    here.say("step", what="phrase")
    here.say("play")
    here.wait(3)
    here.say("pause")
    here.look()
    here.say("seek", epoch=0)
    here.look()
    here.say("branch")
    here.look()
    assert FAILED not in here.session.player.message


@each_row("query", KNOWN)
def test_every_page_of_a_network_that_overflows_is_drawn(query, visitor):
    here = visitor(dict(parse_qsl(query)), 0)
    here.say("step", what="phrase")
    here.look(len(TABS) + 1)
    assert FAILED not in here.session.player.message
