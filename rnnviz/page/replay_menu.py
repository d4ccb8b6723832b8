"""The replay in the menu *Export*: its phrases, and the button that makes the file."""

from __future__ import annotations

from functools import partial

import streamlit as st

from rnnviz.files.phrases import offered_phrases, usual_phrases
from rnnviz.files.replay import MOST_PHRASES, replay
from rnnviz.page.session_registry import Seat
from rnnviz.probe.session import Session
from rnnviz.ui.saved_file import saved

#: So many phrases of the data are offered.
OFFERED = 40


def replay_menu(seat: Seat, session: Session) -> None:
    """Put the choice of phrases and the button here."""
    usual, what = usual_phrases(session), session.names.sequence
    offered = list(dict.fromkeys([*usual, *offered_phrases(session, OFFERED)]))
    chosen = st.multiselect(
        f"{what.capitalize()}s of the replay", offered, usual, max_selections=MOST_PHRASES,
        help=f"The replay shows how the network reads each {what}.",
    )  # fmt: skip
    st.download_button(
        "Replay (.html)", partial(saved, seat, partial(replay, phrases=chosen)), "replay.html",
        "text/html",
        help="One file that plays this run again in any browser, without rnnviz and offline.",
        on_click="ignore", disabled=not chosen, key="export_replay", width="stretch",
    )  # fmt: skip
