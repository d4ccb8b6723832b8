"""The pages: a tab for each question, the phrase, and the scene that every frame draws."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from html import escape
from importlib import import_module
from typing import Protocol
from urllib.parse import quote

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.charts.compare_menu import pair_texts
from rnnviz.charts.shapes import sentence
from rnnviz.charts.texts import count_in, status_texts
from rnnviz.engine.cell_source import backward_equations, source
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.probe.pair import Pair
from rnnviz.probe.questions import TrainQuestion
from rnnviz.probe.session import CellDraft, Session
from rnnviz.questions.learn.tab import TAB as LEARN
from rnnviz.questions.learn.tab import lay_out_pair
from rnnviz.ui.browser_session import current_tab, visit
from rnnviz.ui.choices import choose_one
from rnnviz.ui.frame import Frame
from rnnviz.ui.stage import place_phrase, place_text
from rnnviz.ui.style import current_theme, theme, using_theme
from rnnviz.ui.viewer import Scene

TOO_LONG = (
    "Not drawn: with this network it takes too long. Fewer units, layers or tokens are faster."
)
#: The beginning of a longer line of equations is left out, so that the column is in sight.
_SHOWN = 40


def set_scene(scene: Scene, pair: Pair) -> None:
    """Draw every frame of this page with the scene from now on, in this browser tab's theme.

    With other data, or after a link, the page waits until it is laid out again.

    Its handlers receive clicks and selections, and its job runs while the session is paused. The
    actor calls all of them, not this script.
    """
    colors, session = current_theme(), scene.session

    def draw(frame: Frame) -> None:
        with using_theme(colors):
            count_in(session.unit)
            scene.draw(frame)
            for key in frame.given_up:
                frame.pictures[key] = sentence("", TOO_LONG, theme()).parts(), ""
            # A page may tell a story of its own.
            own = frame.texts.get("story")
            frame.texts |= status_texts(session, own) | pair_texts(pair, own)
            if draft := pair.first.draft:
                frame.texts["draft"] = draft_html(draft)

    current_tab().scene = replace(scene, draw=draw, dataset=session.dataset, links=session.links)


class QuestionTab(Protocol):
    """The object ``TAB`` of a question's module tab.py."""

    def lay_out(self, pair: Pair, controls: DeltaGenerator) -> Scene:
        """Place the controls and the charts."""

    def live(self, pair: Pair) -> Scene:
        """The scene of the tab, with the last choices of its controls."""


def tab_of(question: StrEnum) -> QuestionTab:
    """The tab of a question, from the folder with its name."""
    tab: QuestionTab = import_module(f"rnnviz.questions.{question.name.lower()}.tab").TAB
    return tab


def question_page(page: str, pair: Pair, controls: DeltaGenerator) -> None:
    """Draw a page with a tab for each question; the tab's own ``controls`` are in the sidebar."""
    session = pair.session
    with st.container(horizontal=True, vertical_alignment="center", key="asked_here"):
        session.questions[page] = question_tabs(page, session)
        place_phrase(session)
    set_scene(tab_of(session.questions[page]).lay_out(pair, controls), pair)


def question_tabs(page: str, session: Session) -> StrEnum:
    """The questions of a page side by side; returns the chosen one."""
    asked: StrEnum = session.questions[page]
    noun = session.names.noun
    return choose_one(
        "Question", list(type(asked)), asked, visit(page), f"question_{page}",
        slot="question", label_visibility="collapsed", width="content",
        format_func=lambda question: question.replace("word", noun),
    )  # fmt: skip


def train_page(pair: Pair, controls: DeltaGenerator) -> None:
    """Draw the page *Train*; its tab's own ``controls`` are in the sidebar."""
    session = pair.session
    with st.container(key="train_pictures"):
        left, right = st.columns([2, 1], gap="medium")
    short = session.dataset.one_class_at_end or pair.together
    with left, st.container(horizontal=True, key="asked" if short else "asked_long"):
        session.questions["train"] = question_tabs("train", session)
        place_phrase(session)
        if not pair.together:
            place_text("verdict")
    if session.questions["train"] is TrainQuestion.WRONG:
        set_scene(tab_of(TrainQuestion.WRONG).lay_out(pair, controls), pair)
    elif pair.together:
        set_scene(lay_out_pair(pair, left, right), pair)
    else:
        set_scene(LEARN.lay_out(pair, controls, left, right), pair)


# The check of a cell's equations, for the editor


@lru_cache(16)
def draft_html(draft: CellDraft) -> str:
    """The derived backward equations, or what is wrong and where."""
    if cell := draft.cell:
        return (
            '<div class="fine"><h3>Backward, derived</h3><small>From the last token to the first; '
            f"a prime marks what is before the token.</small>{_equations(cell)}"
            f"<p>{escape('. '.join(_facts(cell)))}.</p>"
            '<p class="check"><b>✓ The gradient is right</b>, by complex steps. '
            '<a download="cell.py" href="data:text/x-python;charset=utf-8,'
            f'{quote(source(cell.text))}">Save as a NumPy script</a></p></div>'
        )
    assert draft.problem
    if draft.before is None:
        return _problem(draft.text, draft.problem)
    # The equations derived before the problem, dimmed.
    return (
        f"{_problem(draft.text, draft.problem)}"
        f'<div class="before"><h3>Backward, before this error</h3>{_equations(draft.before)}</div>'
    )


def _problem(text: str, problem: CellError) -> str:
    line, column, sentence = problem.line, problem.column, problem.sentence
    cut = max(0, column - _SHOWN)
    mark = "…" * bool(cut)
    shown = mark + text.split("\n")[line - 1].replace("\t", " ")[cut:]
    caret = f"{'^':>{len(mark) + column - cut}}"
    end = "" if sentence.endswith(("?", ".")) else "."
    return (
        f'<div class="wrong" data-line="{line}" data-column="{column}">'
        f"<h3>Line {line}, column {column}</h3><pre>{escape(shown)}\n<b>{caret}</b></pre>"
        f"<p>{escape(sentence)}{end}</p></div>"
    )


def _equations(cell: DerivedCell) -> str:
    pairs = (line.partition(" ") for line in backward_equations(cell.text))
    rows = "".join(
        f'<tr class="{"weights" if "outer(" in value else ""}">'
        f"<th>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, _, value in pairs
    )
    return (
        '<div class="equations" tabindex="0" role="region" aria-label="Backward, derived">'
        f"<table>{rows}</table></div>"
    )


def _facts(cell: DerivedCell) -> list[str]:
    """The states, the gates, and the weights by their shape."""
    shapes = cell.equations.shapes
    return [
        f"States {', '.join(cell.states)}",
        *([f"Gates {', '.join(cell.gates)}"] if cell.gates else []),
        *(
            f"{', '.join(name for name in shapes if shapes[name] == shape)}: {' × '.join(shape)}"
            for shape in dict.fromkeys(shapes.values())
        ),
    ]
