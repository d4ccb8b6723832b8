"""The charts of the tab for next values of series: beside simple models, and along the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from html import escape
from typing import cast

import numpy as np

from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import sentence
from rnnviz.probe.continuation import judged, mean_known
from rnnviz.probe.formatting import own_number
from rnnviz.probe.results import Values
from rnnviz.probe.session import Session
from rnnviz.questions.wrong.answers_source import AnswersSource
from rnnviz.questions.wrong.forecast_pictures import (
    WindowView,
    better_than_what,
    error_over_time,
    window_picture,
)
from rnnviz.questions.wrong.measure import Ahead, ResultsLab
from rnnviz.questions.wrong.pictures import value_scatter
from rnnviz.questions.wrong.window_answers import WindowAnswers
from rnnviz.tasks.forecasts import expected_values, expects_values
from rnnviz.ui.sheet import Act, Chart, Column
from rnnviz.ui.style import sticky_theme


def forecast_charts(open_window: Act) -> tuple[Column[AnswersSource], Column[AnswersSource]]:
    """The charts left and right, but for the list; a click calls ``open_window``."""
    left = [
        Chart("over_time", 3, _over_time, click=open_window),
        Chart("answers", 2.8, _window, text="window"),
    ]
    return left, [Chart("better", 4.6, _better), _scatter_chart("scatter", 4.4, 0, open_window)]


def charts_of_both(
    rows: Chart[AnswersSource], open_window: Act
) -> tuple[Column[AnswersSource], Column[AnswersSource]]:
    """The charts of two networks, left above the list and right."""
    scatters = [_scatter_chart(f"scatter_{k}", 5, k, open_window) for k in (0, 1)]
    return [Chart("better", 5, _better), rows], scatters


def _scatter_chart(key: str, share: float, k: int, open_window: Act) -> Chart[AnswersSource]:
    text = "scatter_of_series"
    return Chart(key, share, partial(_scatter, k), click=open_window, text=text)


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
    models, networks = _windows(source).compared(), 1
    if source.other and (shared := in_both(source, source.other)):
        both = [one.compared() for one in shared]
        named = [replace(one[0], name=name) for one, name in zip(both, source.names, strict=True)]
        models, networks = [*named, *both[0][1:]], 2
    column = source.session.lab(ResultsLab).column
    return better_than_what(
        models, column, sticky_theme(source.session, "better"), networks=networks
    )


def in_both(
    source: AnswersSource, other: AnswersSource
) -> tuple[WindowAnswers, WindowAnswers] | None:  # fmt: skip
    """The answers of both networks to the steps that both expect; their windows may differ.

    None without such steps, as where they expect other columns, or further ahead.
    """
    one, two = (s.session.dataset for s in (source, other))
    if not (expects_values(one) and expects_values(two)):
        return None
    first, second = expected_values(one), expected_values(two)
    if (first.columns, first.horizon) != (second.columns, second.horizon):
        return None
    windows = _windows(source), _windows(other)
    shared = windows[0].shared_with(windows[1]), windows[1].shared_with(windows[0])
    return shared if len(shared[0].owners) else None


def errors_of_both(
    shared: tuple[WindowAnswers, WindowAnswers], column: int, names: Sequence[str]
) -> str:  # fmt: skip
    """The mean errors of two networks with other windows on the steps that both expect, as HTML."""
    one, two = (own_number(mean_known(of.compared()[0].mae[:, column])) for of in shared)
    steps = f"On the {len(shared[0].owners):,} steps that both windows expect"
    return (
        f"{steps}, the mean error is <strong>{one}</strong> in {names[0]}, "
        f"<strong>{two}</strong> in {names[1]}. The list is that of {names[0]}."
    )


def _windows(source: AnswersSource) -> WindowAnswers:
    session = source.session
    return session.lab(ResultsLab).windows(session.state, session.dataset)


def _over_time(source: AnswersSource) -> Picture:
    session, colors = source.session, sticky_theme(source.session, "over time")
    step = session.lab(ResultsLab).step(session.state, session.dataset)
    return error_over_time(step, _column(session), source.opened, colors)


def _scatter(k: int, source: AnswersSource) -> Picture:
    """What came and what was expected, by the network ``k`` of two."""
    one = (source, source.other)[k] or source
    colors, values = sticky_theme(source.session, "scatter"), cast(Values, one.listed)
    return value_scatter(values, [_column(one.session)], colors, source.opened, signed=False,
                         words=("expected", "came"), name=source.names[k])  # fmt: skip


def _window(source: AnswersSource) -> Picture:
    """The phrase, or the window that was opened, and what is expected after it."""
    session = source.session
    colors = sticky_theme(session, "window")
    if not source.probe.finite:
        return sentence("This window", "The answers are not finite numbers.", colors)
    return window_picture(_view(source), _column(session), colors)


def verdict_of_window(source: AnswersSource) -> str:
    """What is expected as far ahead as chosen, and what came if that is known, as HTML."""
    view, last = _view(source), source.session.lab(ResultsLab).ahead is Ahead.LAST
    expected, came = view.expected[-1 if last else len(view.read) - 1], view.came[-1 if last else 0]
    known = "" if np.isnan(came) else f", came {own_number(float(came), 4)}"
    said = f"<b>{own_number(float(expected), 4)}</b>{known}"
    return f'<div class="rnnviz-verdict"><small>Expected</small><p>{said}</p></div>'


def _view(source: AnswersSource) -> WindowView:
    session, probe, data = source.session, source.probe, source.session.dataset
    series, column = expected_values(data), session.lab(ResultsLab).column
    shape = len(probe.answers), series.horizon, len(series.columns.expected)
    answers = data.own_answers(probe.answers).reshape(shape)[..., column]
    targets = source.example.targets if source.example else probe.known
    came = data.own_answers(targets[-1]).reshape(shape[1:])[:, column]
    assert data.units, "windows are standardised"
    read = data.units.of_channels([column]).own(probe.example.inputs[:, [column]])[:, 0]
    labels = [*probe.step_names, *probe.names_ahead]
    return WindowView(read, np.append(answers[:-1, 0], answers[-1]), came, labels)
