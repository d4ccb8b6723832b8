"""Page *Hidden states*: what units do, how states move, what if, and what breaks."""

from __future__ import annotations

import streamlit as st

from rnnviz.app.frame import Frame
from rnnviz.app.heatmap_choice import choose_layer, choose_view
from rnnviz.app.live import live
from rnnviz.app.phrase_box import phrase_box
from rnnviz.app.stage import place_text
from rnnviz.app.style import verdict_html
from rnnviz.app.tab_state import first_value, visit
from rnnviz.app.tabs.ablation import breaking_room
from rnnviz.app.tabs.trajectories import ways_room
from rnnviz.app.tabs.units import units_room
from rnnviz.app.tabs.what_if import what_if_room
from rnnviz.lab.units import Room
from rnnviz.session import Session

_ROOMS = {
    Room.UNITS: units_room,
    Room.WAYS: ways_room,
    Room.WHAT_IF: what_if_room,
    Room.BREAK: breaking_room,
}


def hidden_page(session: Session) -> None:
    """Draw the page."""
    left, right = st.columns(2, gap="medium", vertical_alignment="top")
    with left:
        phrase_box(session)
    with right:
        place_text("verdict")
    with st.container(horizontal=True, vertical_alignment="bottom", key="rooms"):
        session.units.room = _room(session)
    if session.units.room is Room.BREAK:
        # Whole units are silenced there, whatever gates they have.
        choose_layer(session, "hidden")
    else:
        choose_view(session, "hidden")
    room = _ROOMS[session.units.room](session)

    def draw(frame: Frame) -> None:
        frame.text("verdict", verdict_html(session.inspect(), session.phrase_input.problem))
        room.draw(frame)

    live(session, draw, room.handlers, job=room.job)


def _room(session: Session) -> Room:
    now = session.units.room
    chosen = st.segmented_control(
        "Look at", list(Room), key="room", required=True,
        default=first_value("room", visit("hidden"), now),
    )  # fmt: skip
    return Room(chosen or now)
