"""The charts of the tab for next values of series: beside simple models, and along the time."""

from __future__ import annotations

from html import escape

import numpy as np

from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import sentence
from rnnviz.probe.continuation import judged
from rnnviz.probe.session import Session
from rnnviz.questions.wrong.answers_source import AnswersSource
from rnnviz.questions.wrong.forecast_pictures import (
    WindowView,
    better_than_what,
    error_over_time,
    window_picture,
)
from rnnviz.questions.wrong.measure import ResultsLab, window_times
from rnnviz.questions.wrong.pictures import value_scatter
from rnnviz.tasks.forecasts import expected_values
from rnnviz.ui.sheet import Act, Chart, Column
from rnnviz.ui.style import sticky_theme


def forecast_charts(open_window: Act) -> tuple[Column[AnswersSource], Column[AnswersSource]]:
    """The charts left and right, but for the list; a click calls ``open_window``."""
    left = [
        Chart("over_time", 3, _over_time, click=open_window),
        Chart("answers", 2.8, _window, text="window"),
    ]
    right = [
        Chart("better", 4.6, _better),
        Chart("scatter", 4.4, _scatter, click=open_window, text="scatter_of_series"),
    ]
    return left, right


def judgement(session: Session) -> str:
    """The mean error of the chosen column beside that of the best simple model, as HTML."""
    lab, data = session.lab(ResultsLab), session.dataset
    found = lab.windows(session.state, data)
    part = "all windows"
    if found.test.all() or not found.test.any():
        part = "the test" if found.test.all() else f"the {data.role}"
    columns = expected_values(data).columns.expected
    return escape(judged(found.compared(), columns, f"on {part}", lab.column))


def _column(session: Session) -> str:
    return expected_values(session.dataset).columns.expected[session.lab(ResultsLab).column]


def _better(source: AnswersSource) -> Picture:
    session = source.session
    lab, colors = session.lab(ResultsLab), sticky_theme(session, "better")
    models = lab.windows(session.state, session.dataset).compared()
    return better_than_what(models, lab.column, colors)


def _over_time(source: AnswersSource) -> Picture:
    session, colors = source.session, sticky_theme(source.session, "over time")
    step = session.lab(ResultsLab).step(session.state, session.dataset)
    return error_over_time(step, _column(session), source.opened, colors)


def _scatter(source: AnswersSource) -> Picture:
    session = source.session
    values = session.lab(ResultsLab).step(session.state, session.dataset).values()
    colors = sticky_theme(session, "scatter")
    return value_scatter(values, [_column(session)], colors, source.opened, signed=False,
                         words=("expected", "came"))  # fmt: skip


def _window(source: AnswersSource) -> Picture:
    """The phrase, or the window that was opened, and what is expected after it."""
    session, probe, data = source.session, source.probe, source.session.dataset
    colors, name = sticky_theme(session, "window"), _column(session)
    if not probe.finite:
        return sentence("This window", "The answers are not finite numbers.", colors)
    series, column = expected_values(data), session.lab(ResultsLab).column
    shape = len(probe.answers), series.horizon, len(series.columns.expected)
    answers = data.own_answers(probe.answers).reshape(shape)[..., column]
    targets = source.example.targets if source.example else probe.known
    came = data.own_answers(targets[-1]).reshape(shape[1:])[:, column]
    assert data.units, "windows are standardised"
    read = data.units.of_channels([column]).own(probe.example.inputs[:, [column]])[:, 0]
    example = source.example or data.lookup(probe.example.inputs)
    times = window_times(data, example) if example else []
    labels = times or [str(k + 1) for k in range(len(read) + series.horizon)]
    expected = np.append(answers[:-1, 0], answers[-1])
    return window_picture(WindowView(read, expected, came, labels), name, colors)
