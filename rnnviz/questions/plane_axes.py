"""The choice of the two principal components that span the plane."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import streamlit as st

from rnnviz.probe.session import Session
from rnnviz.ui.browser_session import first_value, on_host

_PAIRS = {"1 and 2": (0, 1), "1 and 3": (0, 2), "2 and 3": (1, 2)}


def choose_axes(key: str, now: tuple[int, int], edition: Hashable, count: int) -> tuple[int, int]:
    """Let the reader choose a pair of ``count`` components, if there are three or more."""
    if count < 3:
        return 0, 1
    shown = next(name for name, pair in _PAIRS.items() if pair == now)
    chosen = st.segmented_control(
        "Plane of components", list(_PAIRS), key=key, required=True,
        default=first_value(key, edition, shown),
        help="The directions in which the states spread most, the widest first",
    )  # fmt: skip
    return _PAIRS[chosen or shown]


def refit_button(refit: Callable[[Session], object], unit: str) -> None:
    """The button that has the components fitted to the states of the epoch, or step, shown."""
    st.button(
        "Refit", key="refit", on_click=on_host(refit),
        help=f"Fit the components to the states of the {unit} shown. Otherwise the plane stays the "
        f"same, so that {unit}s can be compared.",
    )  # fmt: skip
