"""The questions of the pages: each is a tab, and a folder of its name in questions/."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any


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
    BREAKS = "What breaks it?"


class DynamicsQuestion(StrEnum):
    """The questions of the page *Dynamics*."""

    REST = "Where does the state rest?"
    PATH = "What path does it take?"


class StepView(StrEnum):
    """The picture of a moment on the page *Step*."""

    SEQUENCE = "sequence"
    INSIDE = "cell"


#: Names of questions in old links.
_OLD = {"break": "breaks", "way": "path"}
#: The questions of every page, in the order of their tabs.
PAGES: dict[str, type[StrEnum]] = {
    "train": TrainQuestion,
    "gradients": GradientQuestion,
    "hidden": StateQuestion,
    "dynamics": DynamicsQuestion,
}


#: What the names of marks in links begin with: a question, the pages *Step* and *Runs*, or any.
MARKED = {"step", "runs", "shown", *(one.name.lower() for kind in PAGES.values() for one in kind)}


def page_of(question: StrEnum) -> str:
    """The page that answers a question."""
    return next(page for page, questions in PAGES.items() if isinstance(question, questions))


def first_questions() -> dict[str, Any]:
    """The first question of every page, by page."""
    return {page: next(iter(questions)) for page, questions in PAGES.items()}


def non_default_questions(questions: Iterable[StrEnum]) -> tuple[str, ...]:
    """The names of the questions that are not the first of their page."""
    return tuple(q.name.lower() for q in questions if q is not next(iter(type(q))))


def named(names: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """The questions with these names by page, and a sentence for each unknown name.

    Of several on one page, the first one counts.
    """
    names = [_OLD.get(name, name) for name in names]
    known = {q.name.lower(): (page, q) for page, questions in PAGES.items() for q in questions}
    problems = [
        f"In the link: ask must be one of {', '.join(known)}, not {name[:40]}. It is left out."
        for name in names if name not in known
    ]  # fmt: skip
    return dict(known[name] for name in reversed([*names]) if name in known), problems
