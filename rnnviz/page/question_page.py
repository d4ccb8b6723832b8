"""The pages: a tab for each question, the phrase, and the scene that every frame draws."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import Protocol

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.charts.explanation import count_in
from rnnviz.charts.shapes import sentence
from rnnviz.charts.status import status_texts
from rnnviz.probe.questions import TrainQuestion
from rnnviz.probe.session import Session
from rnnviz.questions.learn.tab import TAB as LEARN
from rnnviz.ui.browser_session import current_tab, first_value, visit
from rnnviz.ui.cell_draft_text import draft_html
from rnnviz.ui.frame import Frame
from rnnviz.ui.sheet import Tab
from rnnviz.ui.stage import place_phrase, place_text
from rnnviz.ui.style import current_theme, theme, using_theme
from rnnviz.ui.viewer import Scene

TOO_LONG = (
    "Not drawn: with this network it takes too long. Fewer units, layers or words are faster."
)


def set_scene(session: Session, tab: Tab) -> None:
    """Draw every frame of this page as the tab says from now on, with this browser tab's theme.

    Its handlers receive clicks and selections, and its job runs while the session is paused. The
    actor calls all of them, not this script.
    """
    own = current_theme()

    def draw_all(frame: Frame) -> None:
        with using_theme(own):
            count_in(session.unit)
            tab.draw(frame)
            for key in frame.given_up:
                frame.pictures[key] = sentence("", TOO_LONG, theme()).parts(), ""
            # A page may tell a story of its own.
            frame.texts |= status_texts(session, frame.texts.get("story"))
            if session.draft:
                frame.texts["draft"] = draft_html(session.draft)

    current_tab().scene = Scene(session, draw_all, tab.handlers, tab.job, tab.shown)


class QuestionTab(Protocol):
    """The object ``TAB`` of a question's module tab.py."""

    def lay_out(self, session: Session, controls: DeltaGenerator) -> Tab:
        """Place the controls and the charts."""

    def live(self, session: Session) -> Tab:
        """How the tab is drawn and worked on, with the controls as they were chosen last."""


def tab_of(question: StrEnum) -> QuestionTab:
    """The tab of a question, from the folder with its name."""
    tab: QuestionTab = import_module(f"rnnviz.questions.{question.name.lower()}.tab").TAB
    return tab


def question_page(page: str, session: Session, controls: DeltaGenerator) -> None:
    """Draw a page with a tab for each question; the tab's own ``controls`` are in the sidebar."""
    left, right = st.columns([2, 1], gap="medium", vertical_alignment="center")
    with left:
        session.questions[page] = question_tabs(page, session)
    with right:
        place_phrase(session)
    set_scene(session, tab_of(session.questions[page]).lay_out(session, controls))


def question_tabs(page: str, session: Session) -> StrEnum:
    """The questions of a page side by side; returns the chosen one."""
    asked, noun = session.questions[page], session.names.noun
    kind: type[StrEnum] = type(asked)
    chosen = st.segmented_control(
        "Question", list(kind), default=first_value("question", visit(page), asked),
        required=True, key=f"question_{page}", label_visibility="collapsed", width="content",
        format_func=lambda question: question.replace("word", noun),
    )  # fmt: skip
    return kind(chosen or asked)


def train_page(session: Session, controls: DeltaGenerator) -> None:
    """Draw the page *Train*; its tab's own ``controls`` are in the sidebar."""
    left, right = st.columns([2, 1], gap="medium")
    with left, st.container(horizontal=True, key="asked"):
        session.questions["train"] = question_tabs("train", session)
        place_phrase(session)
        place_text("verdict")
    if session.questions["train"] is TrainQuestion.LEARN:
        set_scene(session, LEARN.lay_out(session, controls, left, right))
    else:
        set_scene(session, tab_of(TrainQuestion.WRONG).lay_out(session, controls))
