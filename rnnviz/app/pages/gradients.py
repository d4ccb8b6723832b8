"""Page *Gradients*: how far back the gradient reaches, what feeds it, and whether it is right."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from rnnviz.app.page_scene import live
from rnnviz.app.questions import choose_question
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
    lab = session.gradients
    lab.question = choose_question("gradients", lab.question, session)
    tab = _TABS[lab.question](session, controls)
    live(session, tab.draw, tab.handlers, tab.job)
