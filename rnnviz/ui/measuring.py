"""The buttons that begin and end a measurement, and how far it is."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rnnviz.probe.session import Session
from rnnviz.ui.browser_session import on_host

Action = Callable[[Session], object]


def measure_buttons(begin: Action, cancel: Action, ready: bool, going: bool, tip: str) -> None:
    """*Measure* can be pressed when it is ``ready``, *Cancel* while it is ``going``."""
    with st.container(horizontal=True, key="measuring"):
        waits = ready and not going
        st.button(
            "Measure", key="measure", type="primary" if waits else "secondary",
            on_click=on_host(begin), disabled=not waits, help=tip,
        )  # fmt: skip
        st.button("Cancel", key="cancel_measure", on_click=on_host(cancel), disabled=not going)


def progress_html(doing: str, share: float) -> str:
    """What is being done, and the share that is done, with a bar."""
    bar = f'<progress value="{share:.3f}" max="1" aria-label="progress"></progress>'
    return f"{doing}: {bar} <strong>{share:.0%}</strong>"
