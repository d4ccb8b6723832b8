"""Page *Dynamics*: where the state rests under a fixed input, and which way it takes."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from rnnviz.lab.questions import DynamicsQuestion
from rnnviz.page.questions import laboratory
from rnnviz.page.tabs.rest import rest_tab
from rnnviz.page.tabs.way import way_tab
from rnnviz.session import Session

_TABS = {DynamicsQuestion.REST: rest_tab, DynamicsQuestion.WAY: way_tab}


def dynamics_page(session: Session, controls: DeltaGenerator) -> None:
    """Draw the page; its tab's own ``controls`` are in the sidebar."""
    laboratory("dynamics", session.dynamics, _TABS, session, controls)
