"""Tab *Is it right?*: the gradient against complex-step differences and the notebook's."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from rnnviz.charts.gradients import symbol
from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import sentence
from rnnviz.probe.session import Session
from rnnviz.probe.unrolled import Unrolled
from rnnviz.questions.right.measure import RightLab
from rnnviz.questions.right.pictures import (
    MOST_ARROWS,
    cosines_over_epochs,
    errors_by_length,
    errors_over_epochs,
    gradient_directions,
    gradient_sizes,
    parameter_errors,
)
from rnnviz.questions.subject import (
    GradientSource,
    compared_sequences,
    gradient_source,
    probe_sequence,
)
from rnnviz.ui.choices import check_button, choose_layer, gated
from rnnviz.ui.sheet import Chart, Column, Sheet, go_to_click, no_room
from rnnviz.ui.stage import place_text
from rnnviz.ui.style import check_html, theme


def _lab(source: GradientSource) -> RightLab:
    return source.session.lab(RightLab)


def _answer(source: GradientSource) -> str:
    """The result of the check, and the lag from which the notebook's gradient is wrong."""
    check = _lab(source).checked(source.query)
    text = "Press <strong>G</strong> to check this run's rule at these weights."
    if check and not check.finite:
        text = "<strong>Nothing can be checked</strong>, as the numbers overflow at these weights."
    elif check and check.wrong:
        wrong = f"{len(check.wrong)} parameter{'s are' if len(check.wrong) > 1 else ' is'} wrong"
        text = f"<strong>No</strong>: {wrong} by this run's rule."
    elif check:
        digits = int(-math.log10(max(check.worst, 1e-16)))
        cut = 0 < source.query.config.truncate < len(source.words)
        without = ", without its truncation" * cut
        text = f"<strong>Yes, to {digits} digits</strong> by this run's rule{without}."
    return text if gated(source.session) else f"{_notebook_error(source)} {text}"


def _notebook_error(source: GradientSource) -> str:
    """The lag on the phrase from which the notebook's gradient has another direction."""
    tokens, noun = _lab(source).by_token(source.query), source.session.names.noun
    off = np.flatnonzero(tokens.angles > 0.5)
    if not off.size:
        return "The notebook's gradient has the same direction here, to half a degree."
    back = len(source.words) - 1 - int(off[-1])
    most = f"<strong>{np.nanmax(tokens.angles):.0f}°</strong>"
    nouns = f"{noun}{'s' * (back > 1)}"
    return f"The notebook is wrong from {back} {nouns} back, by up to {most}."


def _basis(source: GradientSource) -> str:
    if gated(source.session):
        return probe_sequence(source)
    return f"{probe_sequence(source)} Notebook: {compared_sequences(source).lower()}"


def _arrows(source: GradientSource) -> str:
    missing = no_room("arrows", len(source.words), MOST_ARROWS, source.session.names.noun)
    return f"{missing} {source.probe.basis}".strip()


def _sizes(source: GradientSource) -> Picture:
    tokens, colors = _lab(source).by_token(source.query), source.theme("sizes")
    return gradient_sizes(tokens.exact, source.words, tokens.notebook, colors)


def _parameters(source: GradientSource) -> Picture:
    names = list(source.query.state.parameters.named())
    compared = None if gated(source.session) else _lab(source).compare(source.query)
    check = _lab(source).checked(source.query)
    if not (compared or check):
        text = "Press G to compare the gradient of each parameter with complex-step differences."
        return sentence("Relative error of every parameter", text, theme())
    return parameter_errors(names, check, compared, theme())


# The tab


def _controls(session: Session) -> None:
    check_button(
        lambda here: here.lab(RightLab).check(here.gradient_query()), session.names.sequence
    )
    place_text("badge")
    choose_layer(session, "gradients")


def _charts(session: Session) -> tuple[Column[GradientSource], Column[GradientSource]]:
    """Both gradients word by word; the notebook's rule is for Elman cells alone."""
    if gated(session):
        flow: Chart[GradientSource] = Chart("flow", 1, lambda of: gradient_sizes(
            Unrolled(of.query.trace, of.query.layer).norms, of.words, theme=of.theme("flow"),
            symbol=symbol(of.query.objective, of.query.trace.architecture.cell.states)),
            lambda of: of.probe.basis, text="notebook")  # fmt: skip
        return [flow], [Chart("parameters", 1, _parameters, _basis, text="checks")]
    return [
        Chart("directions", 3.6, lambda of: gradient_directions(
            _lab(of).by_token(of.query), of.words, theme()), _arrows),
        Chart("sizes", 2.6, _sizes, lambda of: of.probe.basis),
        Chart("by_length", 2.6, lambda of: errors_by_length(
            _lab(of).by_length(of.query), of.words, of.theme("by_length"))),
    ], [
        Chart("parameters", 4, _parameters, _basis),
        Chart("errors", 3, lambda of: errors_over_epochs(
            of.over_epochs(_lab(of).comparisons), of.course, of.theme("errors")),
            compared_sequences, go_to_click),
        Chart("cosines", 3, lambda of: cosines_over_epochs(
            of.over_epochs(_lab(of).comparisons), of.course, theme()),
            compared_sequences, go_to_click),
    ]  # fmt: skip


def _measure(session: Session) -> Iterator[None]:
    if not gated(session):
        record, query = session.lab(RightLab).comparisons, gradient_source(session).query
        yield from record.develop(session.run, query)


TAB = Sheet(
    "right", gradient_source, _answer, _charts, _controls, _measure,
    more=lambda of, frame: frame.texts.update(
        badge=check_html(_lab(of).checked(of.query), of.session.names)),
)  # fmt: skip
