"""A place on the page for what changes with every frame."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def slot() -> DeltaGenerator:
    """A place to be filled by the fragment that ticks, in a container of its own.

    What fills it may replace the layout's message of the bare place, when both are on their way
    (Streamlit 1.67); in the page everything below would then move up by one, and a chart be hidden.
    """
    return st.container().empty()
