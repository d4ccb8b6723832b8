"""AnswersSource: the answers of a network, and the sequence that is shown."""

from __future__ import annotations

from typing import NamedTuple

from rnnviz.probe.probe import Probe
from rnnviz.probe.results import Answers, Values
from rnnviz.probe.session import Session
from rnnviz.questions.wrong.measure import ResultsLab
from rnnviz.tasks.dataset import Example
from rnnviz.tasks.forecasts import expects_values


class AnswersSource(NamedTuple):
    """The answers, and the sequence that is shown.

    ``example`` is that sequence if it was opened in the list; else it is the reader's phrase.
    ``other`` is the same in the second network, if both are shown, and ``names`` what both are
    called.
    """

    session: Session
    answers: Answers | Values
    probe: Probe
    example: Example | None
    other: AnswersSource | None = None
    names: tuple[str, str] = ("", "")

    @property
    def opened(self) -> int | None:
        """The index of the example in its part of the data."""
        part = self.session.lab(ResultsLab).part(self.session.dataset)
        return next((k for k, one in enumerate(part) if one is self.example), None)

    @property
    def listed(self) -> Answers | Values:
        """The answers that are listed: of series those of the chosen column, in its own units."""
        session = self.session
        if not expects_values(session.dataset):
            return self.answers
        return session.lab(ResultsLab).step(session.state, session.dataset).values()
