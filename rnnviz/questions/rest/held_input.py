"""The choice of the fixed input, and the search for the points where the state then rests."""

from __future__ import annotations

import streamlit as st

from rnnviz.charts.theme import shown_token
from rnnviz.probe.dynamics import STARTS, Hold
from rnnviz.probe.session import Session
from rnnviz.questions.plane_axes import choose_axes, refit_button
from rnnviz.ui.browser_session import first_value, on_host, visit
from rnnviz.ui.style import escaped

#: Of more words than this there is a list in place of chips.
_MOST_CHIPS = 40


def choose_held(session: Session) -> None:
    """Let the reader choose the fixed input, and its words or values."""
    dynamics, query, noun = session.dynamics, session.dynamics_query, session.names.noun
    hold, words, typed = dynamics.choices(query)
    own = f"{noun}s" if query.dataset.tokens else "values"
    edition = visit("dynamics"), query.dataset
    chosen = st.segmented_control(
        "Hold", list(Hold), default=first_value("hold", edition, hold), required=True,
        key=f"hold_{own}", format_func=lambda hold: own if hold is Hold.OWN else hold.value,
        help="The input that the network reads at every step. The mean input is that of all "
        f"{session.dataset.role} sequences; nothing is the zero input.",
    )  # fmt: skip
    dynamics.holds[query.dataset.tokens] = Hold(chosen or hold)
    if chosen is not Hold.OWN:
        return
    if query.dataset.tokens:
        dynamics.words = _words(session, first_value("words", edition, words))
    else:
        dynamics.typed = st.text_input(
            "The values to hold", first_value("typed", edition, typed), key="typed"
        )


def _words(session: Session, first: tuple[str, ...]) -> tuple[str, ...]:
    vocabulary, noun = session.dataset.vocabulary.words, session.names.noun
    label, key = f"The {noun} to hold (several: their mean)", f"words_{hash(vocabulary):x}"
    if len(vocabulary) <= _MOST_CHIPS:
        return tuple(st.pills(
            label, vocabulary, selection_mode="multi", default=list(first), key=key,
            format_func=lambda word: escaped(shown_token(word)),
        ))  # fmt: skip
    return tuple(st.multiselect(
        label, vocabulary, list(first), key=key, format_func=shown_token, max_selections=20
    ))  # fmt: skip


def search_buttons(session: Session) -> None:
    """The number of starts, and the buttons that begin a search and end it."""
    dynamics = session.dynamics
    first = first_value("starts", visit("dynamics"), dynamics.starts)
    searching = dynamics.searching is not None
    blocked = searching or bool(dynamics.problem(session.dynamics_query))
    with st.container(horizontal=True, vertical_alignment="bottom", key="search_bar"):
        st.button(
            "Find", key="find", type="secondary" if blocked else "primary", on_click=on_host(_find),
            shortcut="F", disabled=blocked, help="Search for the points at which the state stays",
        )  # fmt: skip
        cancel = on_host(lambda here: here.dynamics.cancel())
        st.button("Cancel", key="cancel", on_click=cancel, disabled=not searching)
        starts = st.selectbox(
            "Starts", STARTS, STARTS.index(first), key="starts", width=84,
            help="The number of states at which the search starts: visited states and midpoints of "
            "two, with a little noise. At last it starts at midpoints of two points found, where "
            "saddles lie.",
        )  # fmt: skip
    dynamics.starts = starts or dynamics.starts
    data = session.dataset
    if data.tokens and len(data.vocabulary.words) <= _MOST_CHIPS:
        noun = session.names.noun
        st.button(
            f"Find for every {noun}", key="find_each", on_click=on_host(_find_each),
            disabled=blocked, width="stretch",
            help=f"Search with each {noun} held alone, one after the other. The first point of "
            "each is in the plane and in the list.",
        )  # fmt: skip


def _find_each(session: Session) -> None:
    session.player.pause()
    session.dynamics.find_each(session.dynamics_query)


def _find(session: Session) -> None:
    session.player.pause()
    session.dynamics.find(session.dynamics_query)


def choose_plane(session: Session) -> None:
    """Let the reader choose the plane, and fit it again."""
    dynamics, query = session.dynamics, session.dynamics_query
    if dynamics.problem(query) or not dynamics.flat(query):
        return
    count = len(dynamics.plane(query).basis.axes)
    dynamics.axes = choose_axes("axes", dynamics.axes, visit("dynamics"), count)
    refit_button(lambda here: here.dynamics.refit(), session.unit)
