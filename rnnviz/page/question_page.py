"""A page with a tab for each of its questions, and the phrase beside them."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import Protocol, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.page.page_scene import live
from rnnviz.probe.session import Session
from rnnviz.ui.browser_session import first_value, visit
from rnnviz.ui.sheet import Tab
from rnnviz.ui.stage import place_phrase

Question = TypeVar("Question", bound=StrEnum)


class QuestionTab(Protocol):
    """What the module tab.py of a question offers as ``TAB``."""

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
    session.questions[page] = choose_question(page, session.questions[page], session)
    live(session, tab_of(session.questions[page]).lay_out(session, controls))


def choose_question(page: str, asked: Question, session: Session) -> Question:
    """The question that the reader chooses on a page; ``asked`` is the last one."""
    left, right = st.columns([2, 1], gap="medium", vertical_alignment="center")
    with left:
        chosen = question_tabs(page, asked, session.names.noun)
    with right:
        place_phrase(session)
    return chosen


def question_tabs(page: str, asked: Question, noun: str) -> Question:
    """The questions of a page side by side, about a word or a ``noun``; returns the chosen one."""
    chosen = st.segmented_control(
        "Question", list(type(asked)), default=first_value("question", visit(page), asked),
        required=True, key=f"question_{page}", label_visibility="collapsed", width="content",
        format_func=lambda question: question.replace("word", noun),
    )  # fmt: skip
    return type(asked)(chosen or asked)


def chosen_question(page: str, asked: Question) -> Question:
    """The question of a page that is about to be drawn; ``asked`` is the last one."""
    return type(asked)(st.session_state.get(f"question_{page}") or asked)
