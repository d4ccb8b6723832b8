"""Every picture of every page, drawn without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import closing
from functools import partial
from typing import Any

from rnnviz.charts.picture import Picture
from rnnviz.files.numbers import Drawn
from rnnviz.probe.questions import StepView
from rnnviz.probe.session import Session
from rnnviz.questions.breaks.tab import live_ablation
from rnnviz.questions.carry.tab import live_units
from rnnviz.questions.feed.tab import live_feed
from rnnviz.questions.learn.tab import live_learn
from rnnviz.questions.path.tab import live_way
from rnnviz.questions.reach.tab import live_reach
from rnnviz.questions.rest.tab import live_rest
from rnnviz.questions.right.tab import live_right
from rnnviz.questions.step.tab import draw_step
from rnnviz.questions.what_if.tab import live_what_if
from rnnviz.questions.wrong.tab import live_wrong
from rnnviz.ui.frame import Frame, Remark, said
from rnnviz.ui.style import Look, using_look
from rnnviz.ui.tab import Tab

#: The tabs of the pages, by the folders that their files would have.
TABS: Mapping[str, Callable[[Session], Tab]] = {
    "train/learn": live_learn,
    "train/wrong": live_wrong,
    "hidden/carry": live_units,
    "hidden/what_if": live_what_if,
    "hidden/break": live_ablation,
    "gradients/reach": live_reach,
    "gradients/feed": live_feed,
    "gradients/right": live_right,
    "dynamics/rest": live_rest,
    "dynamics/way": live_way,
}
#: What draws a picture, by the last part of its name; the others are charts or tables.
KINDS = {
    "network": "network", "curves": "curves", "words": "words", "phrases": "phrases",
    "step": "step", "inside": "inside_cell",
}  # fmt: skip
#: Seconds for all that the pages measure while a run is paused, for each tab.
MEASURING = 5.0
_SLICE = 0.2


class _Gathering(Frame):
    """A frame in which every picture is in sight; it keeps them whole."""

    def __init__(self) -> None:
        super().__init__(())
        self.drawn: dict[str, Drawn] = {}

    def chart(
        self, key: str, figure: Callable[..., Picture], *args: Any, remark: Remark = ""
    ) -> None:
        """Keep the picture and its remark."""
        picture = figure(*args)
        self.drawn[key] = Drawn(picture, said(remark), _kind_of(key, picture))


def _kind_of(key: str, picture: Picture) -> str:
    table = picture.series and picture.series[0]["type"] == "table"
    return "table" if table else KINDS.get(key, "chart")


def gathered(draw: Callable[[Frame], None], keys: Collection[str] = ()) -> dict[str, Drawn]:
    """All that ``draw`` draws in a frame, by key; or with these ``keys`` alone."""
    frame = _Gathering()
    draw(frame)
    return {key: one for key, one in frame.drawn.items() if not keys or key in keys}


def every_picture(session: Session, measuring: float = MEASURING) -> dict[str, Drawn]:
    """Every picture of every page, by page, tab and key: "hidden/carry/memory".

    Each tab may first measure for so many seconds, as it does on the page while the run is paused.
    """
    with using_look(Look()), closing(_places(session, measuring)) as places:
        return {
            f"{place}/{key}": drawn
            for place, draw in places
            for key, drawn in gathered(draw).items()
        }


def _places(
    session: Session, measuring: float
) -> Generator[tuple[str, Callable[[Frame], None]], None, None]:
    for place, live in TABS.items():
        tab, until = live(session), time.perf_counter() + measuring
        # The first call only asks whether there is anything to do.
        while tab.job and tab.job(_SLICE) and time.perf_counter() < until:
            pass
        yield place, tab.draw
    view = session.step_view
    try:
        for session.step_view in StepView:
            yield "step", partial(draw_step, session)
    finally:
        session.step_view = view
