"""The words of the phrase as the first row of a sheet."""

from __future__ import annotations

from collections.abc import Sequence

from rnnviz.charts.explanation import explanation
from rnnviz.charts.first_page import words_of
from rnnviz.charts.words_row import words_row
from rnnviz.probe.session import Session
from rnnviz.ui.frame import Frame
from rnnviz.ui.stage import Panel
from rnnviz.ui.style import theme


def words_panel(session: Session) -> Panel:
    """The place of the words."""
    return Panel("words", 0, explanation("words", noun=session.names.noun), kind="words")


def draw_words(session: Session, frame: Frame, shades: Sequence[str] = ()) -> None:
    """Draw them, those of the session's probe, in frames of these ``shades`` if there are any."""
    frame.chart("words", words_row, words_of(session, session.inspect()), theme(), shades)
