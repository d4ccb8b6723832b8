"""The questions that the pages answer, one for each tab."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Protocol


class TrainQuestion(StrEnum):
    """The questions of the page *Train*."""

    LEARN = "How does it learn?"
    WRONG = "Where is it wrong?"


class GradientQuestion(StrEnum):
    """The questions of the page *Gradients*."""

    REACH = "How far back does it reach?"
    FEED = "What feeds it?"
    RIGHT = "Is it right?"


class StateQuestion(StrEnum):
    """The questions of the page *Hidden states*."""

    CARRY = "What does each unit carry?"
    WHAT_IF = "What if this word were another?"
    BREAK = "What breaks it?"


class DynamicsQuestion(StrEnum):
    """The questions of the page *Dynamics*."""

    REST = "Where does the state rest?"
    WAY = "Which way does it take?"


class Asking(Protocol):
    """A lab whose page has a tab for each question."""

    question: Any


def asked(questions: Iterable[StrEnum]) -> tuple[str, ...]:
    """The names of the questions that are not the first of their page."""
    return tuple(q.name.lower() for q in questions if q is not next(iter(type(q))))


def named(names: Iterable[str]) -> tuple[list[StrEnum], list[str]]:
    """The questions of these names, and a sentence for each that is none."""
    pages: tuple[type[StrEnum], ...] = (
        TrainQuestion, GradientQuestion, StateQuestion, DynamicsQuestion
    )  # fmt: skip
    known = {question.name.lower(): question for page in pages for question in page}
    problems = [
        f"In the link: ask must be one of {', '.join(known)}, not {name[:40]}. It is left out."
        for name in names if name not in known
    ]  # fmt: skip
    return [known[name] for name in names if name in known], problems
