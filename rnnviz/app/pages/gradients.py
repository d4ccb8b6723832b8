"""Page *Gradients*: how far back the gradient reaches, what feeds it, and whether it is right."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from rnnviz.app.questions import laboratory
from rnnviz.app.tabs.feed import feed_tab
from rnnviz.app.tabs.reach import reach_tab
from rnnviz.app.tabs.right import right_tab
from rnnviz.lab.questions import GradientQuestion
from rnnviz.session import Session

_TABS = {
    GradientQuestion.REACH: reach_tab,
    GradientQuestion.FEED: feed_tab,
    GradientQuestion.RIGHT: right_tab,
}


def gradients_page(session: Session, controls: DeltaGenerator) -> None:
    """Draw the page; its tab's own ``controls`` are in the sidebar."""
    laboratory("gradients", session.gradients, _TABS, session, controls)
