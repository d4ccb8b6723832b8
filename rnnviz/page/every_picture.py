"""Every picture of every page, drawn without a browser."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from typing import Any

from rnnviz.charts.picture import Picture
from rnnviz.files.numbers import Drawn
from rnnviz.page.question_page import tab_of
from rnnviz.probe.questions import PAGES, StepView
from rnnviz.probe.session import Session
from rnnviz.probe.work import spend
from rnnviz.questions.step.tab import live_step
from rnnviz.ui.frame import Frame, Remark, said
from rnnviz.ui.style import TabTheme, using_theme
from rnnviz.ui.viewer import Scene

#: The tabs of the pages, by the folders of their files.
TABS: Mapping[str, Callable[[Session], Scene]] = {
    f"{page}/{question.name.lower()}": tab_of(question).live
    for page, questions in PAGES.items()
    for question in questions
}
#: Seconds for the measurements of each tab.
MEASURING = 5.0


class _Gathering(Frame):
    """A frame with every picture in sight, kept whole."""

    def __init__(self, kinds: Mapping[str, str]) -> None:
        super().__init__(())
        self._kinds = kinds
        self.drawn: dict[str, Drawn] = {}

    def chart(
        self, key: str, figure: Callable[..., Picture], *args: Any, remark: Remark = ""
    ) -> None:
        """Keep the picture and its remark."""
        picture = figure(*args)
        self.drawn[key] = Drawn(picture, said(remark), self._kinds.get(key, "chart"))


def every_picture(session: Session, measuring: float = MEASURING) -> dict[str, Drawn]:
    """Every picture of every page, by page, tab and key: "hidden/carry/memory".

    Each tab first measures for at most ``measuring`` seconds, as on the page of a paused run.
    """
    pictures: dict[str, Drawn] = {}
    with using_theme(TabTheme()), closing(_places(session, measuring)) as places:
        for place, scene in places:
            frame = _Gathering(scene.kinds)
            scene.draw(frame)
            pictures |= {f"{place}/{key}": drawn for key, drawn in frame.drawn.items()}
    return pictures


def _places(session: Session, measuring: float) -> Generator[tuple[str, Scene], None, None]:
    for place, live in TABS.items():
        scene = live(session)
        if scene.job:
            spend(measuring, scene.job())
        yield place, scene
    view = session.step_view
    try:
        for session.step_view in StepView:
            yield "step", live_step(session)
    finally:
        session.step_view = view
