"""The choice of the objective of the gradient, and the button of the gradient check."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rnnviz.probe.gradients import Objective
from rnnviz.probe.session import Session
from rnnviz.ui.browser_session import first_value, on_host, visit


def choose_objective(session: Session, page: str) -> None:
    """Let the reader choose the objective, if there is a choice."""
    if not session.dataset.answers_classes:
        session.objective = Objective.LOSS
        return
    chosen = st.segmented_control(
        "Gradient of", list(Objective), key="objective", required=True,
        default=first_value("objective", visit(page), session.objective),
        help=f"The gradient of the loss also vanishes when the {session.names.sequence} is "
        "learned; that of the margin does not.",
    )  # fmt: skip
    session.objective = Objective(chosen or session.objective)


def check_button(check: Callable[[Session], object], sequence: str) -> None:
    """The button that makes a gradient check; ``sequence`` is the noun for a sequence."""
    st.button(
        "Gradient check", key="check", on_click=on_host(check), shortcut="G",
        help="Compares backpropagation through time with an independent method, complex-step "
        f"differences, for every parameter, at these weights and on this {sequence}. "
        "Up to 1e-8 counts as right.",
    )  # fmt: skip
