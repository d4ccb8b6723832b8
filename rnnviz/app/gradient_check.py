"""The button of the gradient check."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rnnviz.app.tab_state import on_host
from rnnviz.session import Session


def check_button(check: Callable[[Session], object], sequence: str) -> None:
    """A button that compares the gradient with complex-step differences, here and now.

    ``sequence`` is what a sequence is called.
    """
    st.button(
        "Gradient check",
        key="check",
        on_click=on_host(check),
        shortcut="G",
        help="Compares backpropagation through time with an independent method, complex-step "
        f"differences, for every parameter, at these weights and on this {sequence}. "
        "Up to 1e-8 counts as right.",
    )
