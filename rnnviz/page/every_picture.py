"""Every picture of every page, drawn without a browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rnnviz.charts.picture import Picture
from rnnviz.files.numbers import Drawn
from rnnviz.page.question_page import tab_of
from rnnviz.probe.pair import Pair
from rnnviz.probe.questions import PAGES, StepView
from rnnviz.probe.session import Session
from rnnviz.probe.work import spend
from rnnviz.questions.step.tab import live_step
from rnnviz.ui.frame import Frame, Remark, text_of
from rnnviz.ui.style import TabTheme, using_theme
from rnnviz.ui.viewer import Scene

#: The tabs of the pages, by the folders of their files.
TABS: Mapping[str, Callable[[Pair], Scene]] = {
    f"{page}/{question.name.lower()}": tab_of(question).live
    for page, questions in PAGES.items()
    for question in questions
}
#: Seconds for the measurements of each tab.
MEASURING = 5.0


class _Gathering(Frame):
    """A frame that keeps every picture whole."""

    def __init__(self, kinds: Mapping[str, str]) -> None:
        super().__init__(())
        self._kinds = kinds
        self.drawn: dict[str, Drawn] = {}

    def chart(
        self, key: str, figure: Callable[..., Picture], *args: Any, remark: Remark = ""
    ) -> None:
        """Keep the picture and its remark."""
        picture = figure(*args)
        self.drawn[key] = Drawn(picture, text_of(remark), self._kinds.get(key, "chart"))


def every_picture(session: Session, measuring: float = MEASURING) -> dict[str, Drawn]:
    """Every picture of every page, by page, tab and key: "hidden/carry/memory".

    Each tab first measures for at most ``measuring`` seconds, as on the page of a paused run.
    """
    pictures: dict[str, Drawn] = {}

    def draw(tab: str, scene: Scene) -> None:
        frame = _Gathering(scene.kinds)
        scene.draw(frame)
        pictures.update((f"{tab}/{key}", drawn) for key, drawn in frame.drawn.items())

    view = session.step_view
    with using_theme(TabTheme()):
        for tab, live in TABS.items():
            scene = live(Pair(session))
            if scene.job:
                spend(measuring, scene.job())
            draw(tab, scene)
        try:
            for session.step_view in StepView:
                draw("step", live_step(Pair(session)))
        finally:
            session.step_view = view
    return pictures
