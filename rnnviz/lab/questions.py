"""The questions that the pages answer, one for each tab."""

from __future__ import annotations

from enum import StrEnum


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
