"""The story line: a chapter, a sentence, and links to the tabs that show what it tells."""

from __future__ import annotations

import re
from enum import StrEnum
from html import escape, unescape

from rnnviz.presets import Preset
from rnnviz.probe.questions import PAGES, page_of
from rnnviz.probe.session import Session
from rnnviz.probe.story import Story

#: Sentences of more characters are written smaller in a narrow window, in two steps.
LONG, LONGER = 84, 112


def story_line(told: Story, body: str, broken: bool) -> str:
    """The story line of a page; ``body`` is its sentence as HTML."""
    kind = " broken" * broken + size_of(body)
    return (
        f'<div class="rnnviz-story{kind}" data-chapter="{told.chapter}" aria-live="polite">'
        f"<b>{told.chapter}</b><span>{body}</span></div>"
    )


def size_of(body: str) -> str:
    """The class of a sentence by its length."""
    count = len(plain(body))
    return " longer" if count > LONGER else " long" * (count > LONG)


def plain(html: str) -> str:
    """The text of a piece of HTML."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def question_link(question: StrEnum, text: str = "") -> str:
    """A button that opens the tab of a question; without a ``text`` it says the question."""
    page = page_of(question).capitalize().replace("Hidden", "Hidden states")
    return (
        f'<button class="rnnviz-go" data-question="{escape(question)}" '
        f'title="{page}: {escape(question)}">{escape(text or question)}</button>'
    )


def preset_link(preset: Preset) -> str:
    """A button that trains with a preset, on the page that is open."""
    return (
        f'<button class="rnnviz-go" data-preset="{escape(preset.label)}" '
        f'title="{escape(preset.promise)}">Train {escape(preset.label)}</button>'
    )


def ask(session: Session, question: str) -> str:
    """Make ``question`` the one that its page answers; returns the page, "" if there is none."""
    for page, kind in PAGES.items():
        if question in list(kind):
            session.questions[page] = kind(question)
            return page
    return ""
