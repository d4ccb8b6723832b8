"""Page *Gradients*: how far back the gradient reaches, what feeds it, and whether it is right."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from rnnviz.lab.questions import GradientQuestion
from rnnviz.page.questions import laboratory
from rnnviz.page.tabs.feed import feed_tab
from rnnviz.page.tabs.reach import reach_tab
from rnnviz.page.tabs.right import right_tab
from rnnviz.session import Session

_TABS = {
    GradientQuestion.REACH: reach_tab,
    GradientQuestion.FEED: feed_tab,
    GradientQuestion.RIGHT: right_tab,
}


def gradients_page(session: Session, controls: DeltaGenerator) -> None:
    """Draw the page; its tab's own ``controls`` are in the sidebar."""
    laboratory("gradients", session.gradients, _TABS, session, controls)
