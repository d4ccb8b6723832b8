"""Every page of every link is drawn: no error is caught, and none is warned of."""

import json
import logging
import os
from functools import partial
from urllib.parse import parse_qsl, quote

import numpy as np
import pytest

from rnnviz.charts.compare_menu import pair_texts
from rnnviz.charts.texts import status_texts
from rnnviz.config import SETTINGS
from rnnviz.page.every_picture import TABS
from rnnviz.page.session_host import FAILED, SessionHost
from rnnviz.probe.pair import READY
from rnnviz.probe.questions import StepView
from rnnviz.probe.session import Session
from rnnviz.questions.learn.tab import live_pair
from rnnviz.questions.step.tab import live_step
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
        self.host.attempt(lambda: self.host.pair.follow(link, patience=0.0))
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
        lives = [*TABS.values(), live_step]
        for live in self.rng.choice(lives, tabs, replace=False):
            with np.errstate(all="ignore"):
                tab = live(self.host.pair)
            self.show(tab, self.session, self.draw)
            for key in tab.handlers:
                at = int(self.rng.integers(3))
                self.say("select", on=key, value=at, by=1, x=at, y=at, data=[at, at])
            self.wait(1)

    def show(self, tab, session, draw):
        self.scene = Scene(
            session, partial(draw, tab), tab.handlers, tab.job, dataset=session.dataset
        )
        self.host.refresh()
        self.wait(2)

    def draw(self, tab, frame):
        tab.draw(frame)
        frame.texts |= status_texts(self.session, frame.texts.get("story"))
        # The page Step may show another sequence, of which the numbers are finite.
        own = "step" in tab.handlers or self.host.pair.second
        if not self.session.inspect().finite and not own:
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


class TwoVisitor(Visitor):
    """A browser that opens a link of two networks."""

    def __init__(self, number):
        self.rng = np.random.default_rng(number)
        one, two = random_link(number), random_link(number + 1_000_000)
        names = [name for name in two if name in SETTINGS and name != "task"]
        differing = self.rng.choice(names, min(len(names), 3), replace=False) if names else ()
        vs = ",".join(f"{name}:{quote(two[name], safe='', errors='replace')}" for name in differing)
        super().__init__(one | {"vs": vs, "vs_epoch": two.get("epoch", "")}, number)

    def look(self, tabs=1):
        """Look at both, and at one of the pages of one."""
        pair = self.host.pair
        if pair.second:
            tab = live_pair(pair)
            self.show(tab, pair.first, self.draw_both)
            self.say("click", on="pair_network", x=int(self.rng.integers(9)))
            self.wait(1)
        self.session = pair.session
        super().look(tabs)

    def draw_both(self, tab, frame):
        tab.draw(frame)
        frame.texts |= pair_texts(self.host.pair)

    def act(self):
        """Press one of the buttons of two networks."""
        name = self.rng.choice([*SETTINGS])
        value = str(self.rng.choice(["1", "0.5", "own", "gru", "off", "adam", "0", "identity"]))
        says = [
            {"do": "compare", "what": name, "text": value},
            {"do": "view", "what": str(self.rng.choice(["A", "both", "B"]))}, {"do": "swap"},
            {"do": "go_on", "what": str(self.rng.choice(["A", "B"]))}, {"do": "bring_back"},
            {"do": "take_back"},
            {"do": "show_ghost"}, {"do": "hide_ghost"},
            {"do": "role", "what": "test"}, {"do": "seed"}, {"do": "now"},
            {"do": "ready", "label": READY[self.rng.integers(len(READY))].label},
            {"do": "seek", "epoch": int(self.rng.integers(4))}, {"do": "branch"}, {"do": "reset"},
            {"do": "step", "what": "phrase"}, {"do": "step", "what": "epoch"}, {"do": "play"},
        ]  # fmt: skip
        self.say(**says[self.rng.integers(len(says))])
        self.wait(3)
        self.host.attempt(partial(self.host.pair.join, name))
        self.say("pause")


@pytest.mark.parametrize("number", range(LINKS))
def test_two_networks_of_a_random_link_are_drawn(number, caplog):
    with using_theme(TabTheme()), caplog.at_level(logging.WARNING):
        here = TwoVisitor(number)
        for _ in range(4):
            here.look()
            here.act()
        here.look()
        query = here.host.pair.query()
        if query is not None and len(query) < 4_000:
            asked = dict(parse_qsl(query, keep_blank_values=True))
            again = SessionHost(Session(), 0.0)
            again.attempt(lambda: again.pair.follow(asked, patience=0.0))
            assert (again.pair.second is None) == (here.host.pair.second is None)
    messages = [session.player.message for session in here.host.pair.sessions]
    assert not any(FAILED in message for message in messages)
    assert not caplog.get_records("call")
