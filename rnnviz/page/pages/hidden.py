"""Page *Hidden states*: what each unit carries, other words, and what breaks the network."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from rnnviz.probe.questions import StateQuestion
from rnnviz.probe.session import Session
from rnnviz.questions.breaks.tab import ablation_tab
from rnnviz.questions.carry.tab import units_tab
from rnnviz.questions.what_if.tab import what_if_tab
from rnnviz.ui.answer import laboratory

_TABS = {
    StateQuestion.CARRY: units_tab,
    StateQuestion.WHAT_IF: what_if_tab,
    StateQuestion.BREAK: ablation_tab,
}


def hidden_page(session: Session, controls: DeltaGenerator) -> None:
    """Draw the page; its tab's own ``controls`` are in the sidebar."""
    laboratory("hidden", _TABS, session, controls)
