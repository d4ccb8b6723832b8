"""Page *Dynamics*: where the state rests under a fixed input, and which way it takes."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from rnnviz.app.page_scene import live
from rnnviz.app.questions import choose_question
from rnnviz.app.tabs.rest import rest_tab
from rnnviz.app.tabs.way import way_tab
from rnnviz.lab.questions import DynamicsQuestion
from rnnviz.session import Session

_TABS = {DynamicsQuestion.REST: rest_tab, DynamicsQuestion.WAY: way_tab}


def dynamics_page(session: Session, controls: DeltaGenerator) -> None:
    """Draw the page; its tab's own ``controls`` are in the sidebar."""
    lab = session.dynamics
    lab.question = choose_question("dynamics", lab.question, session)
    tab = _TABS[lab.question](session, controls)
    live(session, tab.draw, tab.handlers, tab.job)
