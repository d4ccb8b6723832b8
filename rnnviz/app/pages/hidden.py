"""Page *Hidden states*: responses, trajectories, linear probes, changed inputs, ablation."""

from __future__ import annotations

import streamlit as st

from rnnviz.app.browser_session import first_value, visit
from rnnviz.app.frame import Frame
from rnnviz.app.heatmap_choice import choose_layer, choose_view
from rnnviz.app.page_scene import live
from rnnviz.app.stage import place_phrase, place_text
from rnnviz.app.style import verdict_html
from rnnviz.app.tabs.ablation import ablation_tab
from rnnviz.app.tabs.linear_probes import linear_probes_tab
from rnnviz.app.tabs.trajectories import trajectories_tab
from rnnviz.app.tabs.units import units_tab
from rnnviz.app.tabs.what_if import what_if_tab
from rnnviz.lab.units import UnitTab
from rnnviz.session import Session

_TABS = {
    UnitTab.UNITS: units_tab,
    UnitTab.TRAJECTORIES: trajectories_tab,
    UnitTab.PROBES: linear_probes_tab,
    UnitTab.WHAT_IF: what_if_tab,
    UnitTab.BREAK: ablation_tab,
}


def hidden_page(session: Session) -> None:
    """Draw the page."""
    left, right = st.columns(2, gap="medium", vertical_alignment="top")
    with left:
        place_phrase(session)
    with right:
        place_text("verdict")
    with st.container(horizontal=True, vertical_alignment="bottom", key="tabs"):
        session.units.tab = _tab(session)
    if session.units.tab is UnitTab.BREAK:
        # That tab silences whole units, with all their gates.
        choose_layer(session, "hidden")
    else:
        choose_view(session, "hidden")
    tab = _TABS[session.units.tab](session)

    def draw(frame: Frame) -> None:
        frame.texts["verdict"] = verdict_html(session.inspect(), session.phrase_input.problem)
        tab.draw(frame)

    live(session, draw, tab.handlers, tab.job)


def _tab(session: Session) -> UnitTab:
    default = first_value("tab", visit("hidden"), session.units.tab)
    chosen = st.segmented_control(
        "Look at", list(UnitTab), key="tab", required=True, default=default
    )
    return UnitTab(chosen or session.units.tab)
