"""The student's page: one HTML with its script, its style and the lesson."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from rnnviz.charts.theme import DARK, LIGHT, css_variables
from rnnviz.files.page_script import filled_page, page_script, script_hash

_TEMPLATE = Path(__file__).with_name("student.html")
_SHEET = Path(__file__).with_name("student.css")
_SCRIPT = "classroom/student.js"


def student_page(lesson: Mapping[str, Any]) -> str:
    """The page that asks what ``ClassLesson.page`` says."""
    return _filled(lesson["title"], json.dumps(lesson, ensure_ascii=False, allow_nan=False))


@lru_cache(8)
def _filled(title: str, data: str) -> str:
    # In a script "</" would end it.
    lesson = data.replace("</", "<\\/")
    return filled_page(_TEMPLATE, _SCRIPT, title=escape(title), style=_style(), lesson=lesson)


def content_policy() -> str:
    """What the page may load: its own script and style, and its answers go to this server."""
    script, style = script_hash(page_script(_SCRIPT)), script_hash(_style())
    return (
        f"default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _style() -> str:
    dark = css_variables(DARK, DARK.background)
    return "\n".join(
        (
            css_variables(LIGHT, LIGHT.background),
            f"@media (prefers-color-scheme: dark) {{ {dark} }}",
            _SHEET.read_text(encoding="utf-8"),
        )
    )
