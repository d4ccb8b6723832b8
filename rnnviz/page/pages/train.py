"""Page *Train*: how the network learns, and where it is wrong."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.page.page_scene import live
from rnnviz.page.question_page import question_tabs, tab_of
from rnnviz.probe.questions import TrainQuestion
from rnnviz.probe.session import Session
from rnnviz.questions.learn.tab import TAB as LEARN
from rnnviz.ui.stage import place_phrase, place_text


def train_page(session: Session, controls: DeltaGenerator) -> None:
    """Draw the page; its tab's own ``controls`` are in the sidebar."""
    left, right = st.columns([2, 1], gap="medium")
    with left, st.container(horizontal=True, key="asked"):
        session.questions["train"] = question_tabs(
            "train", session.questions["train"], session.names.noun
        )
        place_phrase(session)
        place_text("verdict")
    if session.questions["train"] is TrainQuestion.LEARN:
        live(session, LEARN.lay_out(session, controls, left, right))
    else:
        live(session, tab_of(TrainQuestion.WRONG).lay_out(session, controls))
