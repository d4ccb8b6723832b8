"""Page *Hidden states*: what each unit carries, other words, and what breaks the network."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from rnnviz.lab.questions import StateQuestion
from rnnviz.page.questions import laboratory
from rnnviz.page.tabs.ablation import ablation_tab
from rnnviz.page.tabs.units import units_tab
from rnnviz.page.tabs.what_if import what_if_tab
from rnnviz.session import Session

_TABS = {
    StateQuestion.CARRY: units_tab,
    StateQuestion.WHAT_IF: what_if_tab,
    StateQuestion.BREAK: ablation_tab,
}


def hidden_page(session: Session, controls: DeltaGenerator) -> None:
    """Draw the page; its tab's own ``controls`` are in the sidebar."""
    laboratory("hidden", session.units, _TABS, session, controls)
