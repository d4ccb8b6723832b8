"""Page *Gradients*: how far back the gradient reaches, what feeds it, and whether it is right."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from rnnviz.probe.questions import GradientQuestion
from rnnviz.probe.session import Session
from rnnviz.questions.feed.tab import feed_tab
from rnnviz.questions.reach.tab import reach_tab
from rnnviz.questions.right.tab import right_tab
from rnnviz.ui.answer import laboratory

_TABS = {
    GradientQuestion.REACH: reach_tab,
    GradientQuestion.FEED: feed_tab,
    GradientQuestion.RIGHT: right_tab,
}


def gradients_page(session: Session, controls: DeltaGenerator) -> None:
    """Draw the page; its tab's own ``controls`` are in the sidebar."""
    laboratory("gradients", _TABS, session, controls)
