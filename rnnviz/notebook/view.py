"""View: one place of a notebook in which a session is drawn, with a look of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rnnviz.charts.axis_limits import StickyScale
from rnnviz.charts.first_page import DEVELOP, compared_network, curves, explained, words_of
from rnnviz.charts.status import status_texts
from rnnviz.charts.theme import DARK, LIGHT, Theme
from rnnviz.charts.verdict import verdict_html
from rnnviz.probe.probe import most_typed
from rnnviz.probe.session import Session
from rnnviz.run.player import SPEEDS
from rnnviz.ui.frame import Frame
from rnnviz.ui.viewer import Scene, Viewer


class View:
    """A viewer of a session, and what it shows."""

    def __init__(
        self, session: Session, name: str, dark: bool, send: Callable[[str, bytes], None]
    ) -> None:
        self.session, self.theme, self.told = session, LIGHT, dict[str, Any]()
        self._scales: tuple[Any, StickyScale] = (None, StickyScale())
        self.paint(dark)
        scene = Scene(session, self.draw, job=self.develop)
        self.viewer = Viewer(lambda message: send(name, message), name, lambda: scene, flight=1)

    def paint(self, dark: bool) -> None:
        """Draw for a dark notebook, or a light one."""
        self.theme = DARK if dark else LIGHT

    def draw(self, frame: Frame) -> None:
        """Draw both pictures, the answer, and the state of the run."""
        session = self.session
        probe = session.inspect()
        # There are no other tabs here.
        frame.texts |= status_texts(session, linked=False)
        frame.texts["verdict"] = verdict_html(probe, session.phrase_input.problem)
        words = words_of(session, probe)
        frame.chart("network", compared_network, session, probe, words, self._steady)
        frame.chart("curves", curves, session, probe, self.theme, DEVELOP)

    @property
    def _steady(self) -> Theme:
        """The theme, with limits of colours that stay as long as the data."""
        dataset, scale = self._scales
        if dataset is not self.session.dataset:
            scale = StickyScale()
            self._scales = self.session.dataset, scale
        return replace(self.theme, scale=scale)

    def develop(self, budget: float) -> bool:
        """Measure earlier epochs while the run rests; whether some are left."""
        session = self.session
        return session.memory.develop(session.run, session.gradient_query(), budget)

    def news(self) -> Mapping[str, Any]:
        """What is to be said around the pictures, if it has changed since it was told."""
        said = _said(self.session)
        if said == self.told:
            return {}
        self.told = said
        return {"said": said}


def _said(session: Session) -> dict[str, Any]:
    return {
        **explained(session),
        "label": session.names.sequence.capitalize(),
        "help": f"Any input like the {session.dataset.role} data.",
        "placeholder": session.first_phrase[:60],
        "most": most_typed(session.dataset) + 1,
        "speeds": SPEEDS,
    }
