"""The words of the phrase as the first row of a sheet."""

from __future__ import annotations

from collections.abc import Sequence

from rnnviz.drawing.explanation import explanation
from rnnviz.drawing.first_page import words_of
from rnnviz.figures.words_row import words_row
from rnnviz.page.frame import Frame
from rnnviz.page.stage import Panel
from rnnviz.page.style import theme
from rnnviz.session import Session


def words_panel(session: Session) -> Panel:
    """The place of the words."""
    return Panel("words", 0, explanation("words", noun=session.names.noun), kind="words")


def draw_words(session: Session, frame: Frame, shades: Sequence[str] = ()) -> None:
    """Draw them, those of the session's probe, in frames of these ``shades`` if there are any."""
    frame.chart("words", words_row, words_of(session, session.inspect()), theme(), shades)
