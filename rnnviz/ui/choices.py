"""Choices of several questions: layer, state or gate, components, objective, measurements."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from html import escape
from typing import Any, TypeVar

import streamlit as st

from rnnviz.cells import OWN
from rnnviz.charts.hidden_states import StateView
from rnnviz.probe.cell_parts import bounded, bounded_states, cell_parts
from rnnviz.probe.gradient_flow import Objective
from rnnviz.probe.session import Session
from rnnviz.ui.browser_session import first_value, on_host, visit
from rnnviz.ui.style import escaped

Option = TypeVar("Option", bound=str)


def choose_one(
    label: str, options: Iterable[Option], now: Option, edition: object, key: str, *,
    slot: str = "", **more: Any,
) -> Option:  # fmt: skip
    """The option that the reader chooses, at first ``now``, from buttons side by side.

    ``edition`` and ``slot`` (by default ``key``) are those of ``first_value``.
    """
    first = first_value(slot or key, edition, now)
    chosen = st.segmented_control(
        label, list(options), default=first, key=key, required=True, **more
    )
    return type(now)(chosen or now)


def choose_view(session: Session, page: str) -> None:
    """Let the reader choose the layer and the state or gate, if there are several."""
    cell = session.state.parameters.architecture.cell
    names = cell.shown
    if len(names) > 1:
        edition, parts = (visit(page), cell_key(session)), cell_parts(cell)
        roles = (f"{name}: {re.split('[,;]', parts.role(name))[0]}" for name in names)
        session.part = choose_one(
            "Show", names, session.part, edition, f"part_{cell_key(session)}", slot="part",
            help=escaped("The state or gate that is shown. " + ", ".join(roles)),
            format_func=escaped,
        )  # fmt: skip
    choose_layer(session, page)


def cell_key(session: Session) -> str:
    """A name that differs for cells with different states and gates."""
    kind, cell = session.config.cell, session.state.parameters.architecture.cell
    return "_".join(cell.shown) if kind == OWN else kind


def gated(session: Session) -> bool:
    """Whether the cell is more than one function of W_hh h and the input."""
    return not cell_parts(session.state.parameters.architecture.cell).plain_matrix


def choose_layer(session: Session, page: str) -> None:
    """Let the reader choose the layer of the session, if there are several."""
    session.layer = layer_choice("layer", session.layer, session.config.layers, page)


def layer_choice(key: str, layer: int, layers: int, page: str, label: bool = True) -> int:
    """The layer that the reader chooses, with a visible ``label``; 0 if there is only one."""
    if layers == 1:
        return 0
    first = first_value(key, (visit(page), layers), min(layer, layers - 1) + 1)
    chosen = st.segmented_control(
        "Layer", list(range(1, layers + 1)), default=first, required=True,
        key=f"{key}_{layers}", label_visibility="visible" if label else "collapsed",
        help="Layer 1 reads the tokens; the readout uses the last layer",
    )  # fmt: skip
    return int(chosen or 1) - 1


def view_of(session: Session) -> StateView:
    """The heatmap's view of the chosen state or gate."""
    name, noun = session.part, session.names.noun
    parts = cell_parts(session.state.parameters.architecture.cell)
    node, known = parts.equations.nodes[name], bounded_states(parts.equations)
    layer = f", layer {session.layer + 1}" if session.config.layers > 1 else ""
    title = f"{escape(parts.title(name))} after every {noun}{layer}"
    return StateView(name, title, bounded(node, known), parts.is_gate(name))


# Measurements


Action = Callable[[Session], object]


def measure_buttons(begin: Action, cancel: Action, ready: bool, going: bool, tip: str) -> None:
    """*Measure* is enabled when it is ``ready``, *Cancel* while it is ``going``."""
    with st.container(horizontal=True, key="measuring"):
        waits = ready and not going
        st.button(
            "Measure", key="measure", type="primary" if waits else "secondary",
            on_click=on_host(begin), disabled=not waits, help=tip,
        )  # fmt: skip
        st.button("Cancel", key="cancel_measure", on_click=on_host(cancel), disabled=not going)


def progress_html(doing: str, share: float) -> str:
    """The task, a progress bar, and the share that is done."""
    bar = f'<progress value="{share:.3f}" max="1" aria-label="progress"></progress>'
    return f"{doing}: {bar} <strong>{share:.0%}</strong>"


# The plane of two principal components


_PAIRS = {"1 and 2": (0, 1), "1 and 3": (0, 2), "2 and 3": (1, 2)}


def choose_axes(key: str, now: tuple[int, int], edition: Hashable, count: int) -> tuple[int, int]:
    """Let the reader choose a pair of ``count`` components, if there are three or more."""
    if count < 3:
        return 0, 1
    shown = next(name for name, pair in _PAIRS.items() if pair == now)
    tip = "The directions in which the states spread most, the widest first"
    return _PAIRS[choose_one("Plane of components", _PAIRS, shown, edition, key, help=tip)]


def refit_button(refit: Callable[[Session], object], unit: str) -> None:
    """The button that fits the components to the states of the epoch, or step, shown."""
    st.button(
        "Refit", key="refit", on_click=on_host(refit),
        help=f"Fit the components to the states of the {unit} shown. Otherwise the plane stays the "
        f"same, so that {unit}s can be compared.",
    )  # fmt: skip


# Gradients


def choose_objective(session: Session, page: str) -> None:
    """Let the reader choose the objective, if there is a choice."""
    if not session.dataset.answers_classes:
        return
    session.objective = choose_one(
        "Gradient of", Objective, session.objective, visit(page), "objective",
        help=f"The gradient of the loss also vanishes when the {session.names.sequence} is "
        "learned; that of the margin does not.",
    )  # fmt: skip


def check_button(check: Callable[[Session], object], sequence: str) -> None:
    """The button that makes a gradient check; ``sequence`` is the noun for a sequence."""
    st.button(
        "Gradient check", key="check", on_click=on_host(check), shortcut="G",
        help="Compares backpropagation through time with an independent method, complex-step "
        f"differences, for every parameter, at these weights and on this {sequence}. "
        "Up to 1e-8 counts as right.",
    )  # fmt: skip
