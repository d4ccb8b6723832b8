"""Page *Dynamics*: where the state rests under a fixed input, and which way it takes."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from rnnviz.probe.questions import DynamicsQuestion
from rnnviz.probe.session import Session
from rnnviz.questions.path.tab import way_tab
from rnnviz.questions.rest.tab import rest_tab
from rnnviz.ui.answer import laboratory

_TABS = {DynamicsQuestion.REST: rest_tab, DynamicsQuestion.WAY: way_tab}


def dynamics_page(session: Session, controls: DeltaGenerator) -> None:
    """Draw the page; its tab's own ``controls`` are in the sidebar."""
    laboratory("dynamics", _TABS, session, controls)
