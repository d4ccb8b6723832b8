"""The questions of a page as its tabs, the phrase beside them, and the answer above."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from html import escape
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.charts.story_line import preset_link, story_line
from rnnviz.presets import contrast
from rnnviz.probe.probe import Probe
from rnnviz.probe.session import Session
from rnnviz.ui.browser_session import first_value, visit
from rnnviz.ui.page_scene import live
from rnnviz.ui.stage import place_phrase
from rnnviz.ui.tab import Tab

Question = TypeVar("Question", bound=StrEnum)
#: Lays out a tab, with its own controls.
MakeTab = Callable[[Session, DeltaGenerator], Tab]


def laboratory(
    page: str, tabs: Mapping[Any, MakeTab], session: Session, controls: DeltaGenerator
) -> None:
    """Draw a page with a tab for each question; the tab's own ``controls`` are in the sidebar."""
    session.questions[page] = choose_question(page, session.questions[page], session)
    tab = tabs[session.questions[page]](session, controls)
    live(session, tab.draw, tab.handlers, tab.job, tab.shown)


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


def answer_html(session: Session, answer: str, probe: Probe | None = None) -> str:
    """The story line of a laboratory: the chapter, and its answer as HTML; or what is wrong.

    ``probe`` is what is shown, if it isn't the phrase.
    """
    told, problem = session.story, session.phrase_input.problem
    answer = f"{answer} {told.ending}".rstrip()
    if told.ending and (other := contrast(session.config)):
        answer = f"{answer} {preset_link(other)}"
    unknown = ", ".join(word[:40] for word in (probe or session.inspect()).reading.unknown[:12])
    if problem or told.broken:
        answer = escape(problem or told.sentence)
    elif unknown:
        answer = f"Skipped, as not in the vocabulary: {escape(unknown)}. {answer}"
    return story_line(told, f"<bdi>{answer}</bdi>", bool(problem or told.broken))
