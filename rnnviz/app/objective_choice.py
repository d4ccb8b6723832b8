"""The choice of what the gradient is taken of, and the gradient check beside it."""

from __future__ import annotations

import streamlit as st

from rnnviz.analysis.gradients import Objective
from rnnviz.app.gradient_check import check_button
from rnnviz.app.stage import place_text
from rnnviz.app.tab_state import first_value, visit
from rnnviz.session import Session


def objective_and_check(session: Session, page: str) -> None:
    """Let the reader choose the objective where there is a choice; the check's badge below."""
    sequence = session.names.sequence
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if session.dataset.answers_classes:
            chosen = st.segmented_control(
                "Gradient of",
                list(Objective),
                default=first_value("objective", visit(page), session.objective),
                required=True,
                key="objective",
                help=f"The loss's gradient also vanishes when the {sequence} is learned; "
                "the margin's doesn't.",
            )
            session.objective = Objective(chosen or session.objective)
        else:
            session.objective = Objective.LOSS
        check_button(lambda here: here.gradients.check(here.gradient_query()), sequence)
    place_text("badge")
