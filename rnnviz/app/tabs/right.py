"""Tab *Is it right?*: the gradient against an independent method, and the notebook's."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from streamlit.delta_generator import DeltaGenerator

from rnnviz.analysis.unrolled import Unrolled
from rnnviz.app.frame import Frame
from rnnviz.app.gradient_check import check_button
from rnnviz.app.gradient_source import Source, compared_sequences, probe_sequence, source_of
from rnnviz.app.heatmap_choice import choose_layer, gated
from rnnviz.app.page_scene import go_to_click
from rnnviz.app.questions import answer_html
from rnnviz.app.stage import Panel, place_sheet, place_text
from rnnviz.app.style import check_html, theme
from rnnviz.app.tabs.tab import Tab, no_room
from rnnviz.app.tabs.words import draw_words, words_panel
from rnnviz.drawing.explanation import explanation
from rnnviz.figures import exact_vs_notebook as comparison
from rnnviz.figures.exact_vs_notebook import MOST_ARROWS
from rnnviz.figures.picture import Picture
from rnnviz.figures.sentence import sentence
from rnnviz.session import Session

_OVER_EPOCHS = ("errors", "cosines")


def right_tab(session: Session, controls: DeltaGenerator) -> Tab:
    """Lay out both gradients word by word, and the errors of every parameter."""
    elman = not gated(session)
    with controls:
        sequence = session.names.sequence
        check_button(lambda here: here.gradients.check(here.gradient_query()), sequence)
        place_text("badge")
        choose_layer(session, "gradients")
    _lay_out(session, elman)
    return live_right(session)


def live_right(session: Session) -> Tab:
    """How the tab is drawn and worked on, with the controls as they were chosen last."""
    elman = not gated(session)

    def draw(frame: Frame) -> None:
        source = source_of(session)
        check = source.gradients.checked(source.query)
        frame.texts["badge"] = check_html(check, session.names)
        frame.texts["story"] = answer_html(session, _answer(source, elman))
        draw_words(session, frame)
        frame.chart("parameters", _parameters, source, elman, remark=_basis(source, elman))
        if elman:
            _draw_notebook(source, frame)
        else:
            frame.chart("flow", _flow, source, remark=source.probe.basis)

    def develop(budget: float) -> bool:
        query = source_of(session).query
        return elman and session.gradients.history.comparisons.develop(session.run, query, budget)

    return Tab(draw, dict.fromkeys(_OVER_EPOCHS, partial(go_to_click, session)), develop)


def _lay_out(session: Session, elman: bool) -> None:
    """The notebook's rule is for Elman cells alone."""
    left = {"directions": 2.4, "sizes": 3, "by_length": 3} if elman else {"flow": 1}
    right = {"parameters": 4, "errors": 3, "cosines": 3} if elman else {"parameters": 1}
    columns = []
    for column in (left, right):
        columns.append([_panel(session, key, share) for key, share in column.items()])
    place_sheet("right", [words_panel(session), *columns[0]], columns[1])


def _panel(session: Session, key: str, share: float) -> Panel:
    name = {"flow": "notebook", "parameters": "checks" if gated(session) else "parameters"}.get(
        key, key
    )
    text = explanation(f"gradients_{name}", noun=session.names.noun)
    return Panel(key, share, text, clicks=key in _OVER_EPOCHS)


def _answer(source: Source, elman: bool) -> str:
    """What the check said, and where the notebook's gradient begins to point elsewhere."""
    check = source.gradients.checked(source.query)
    said = "Press <strong>G</strong> to check this run's rule at these weights."
    if check and not check.finite:
        said = "<strong>Nothing can be checked</strong>, as the numbers overflow at these weights."
    elif check and check.wrong:
        said = f"<strong>No</strong>: {len(check.wrong)} parameters are wrong by this run's rule."
    elif check:
        digits = int(-math.log10(max(check.worst, 1e-16)))
        said = f"<strong>Yes, to {digits} digits</strong> by this run's rule."
    return f"{_turn(source)} {said}" if elman else said


def _turn(source: Source) -> str:
    """How far back the notebook's gradient begins to point elsewhere, on the phrase."""
    tokens, noun = source.gradients.by_token(source.query), source.session.names.noun
    off = np.flatnonzero(tokens.angles > 0.5)
    if not off.size:
        return "Without its transpose the notebook's gradient is the same here."
    back = len(source.words) - 1 - int(off[-1])
    most = f"<strong>{np.nanmax(tokens.angles):.0f}°</strong>"
    nouns = f"{noun}{'s' * (back > 1)}"
    return f"The notebook is wrong from {back} {nouns} back, by up to {most}."


def _basis(source: Source, elman: bool) -> str:
    notebook = f" Notebook: {compared_sequences(source).lower()}" if elman else ""
    return f"{probe_sequence(source)}{notebook}"


def _draw_notebook(source: Source, frame: Frame) -> None:
    """Both gradients word by word, and how far they are apart over lengths and epochs."""
    remark, measured = source.probe.basis, compared_sequences(source)
    arrows = no_room("arrows", len(source.words), MOST_ARROWS, source.session.names.noun)
    frame.chart("directions", _directions, source, remark=f"{arrows} {remark}".strip())
    frame.chart("sizes", _sizes, source, remark=remark)
    frame.chart("by_length", _by_length, source)
    history = source.over_epochs(source.gradients.history.comparisons)
    course, colors = source.course, source.theme("errors")
    frame.chart("errors", comparison.errors_over_epochs, history, course, colors, remark=measured)
    frame.chart(
        "cosines", comparison.cosines_over_epochs, history, course, theme(), remark=measured
    )


def _directions(source: Source) -> Picture:
    tokens = source.gradients.by_token(source.query)
    return comparison.gradient_directions(tokens, source.words, theme())


def _sizes(source: Source) -> Picture:
    tokens = source.gradients.by_token(source.query)
    return comparison.gradient_sizes(
        tokens.exact, source.words, tokens.notebook, source.theme("sizes")
    )


def _by_length(source: Source) -> Picture:
    table = source.gradients.by_length(source.query)
    return comparison.errors_by_length(table, source.words, source.theme("by_length"))


def _parameters(source: Source, elman: bool) -> Picture:
    names = list(source.query.state.parameters.named())
    compared = source.gradients.compare(source.query) if elman else None
    check = source.gradients.checked(source.query)
    if not (compared or check):
        said = "Press G to compare the gradient of each parameter with complex-step differences."
        return sentence("Relative error of every parameter", said, theme())
    return comparison.parameter_errors(names, check, compared, theme())


def _flow(source: Source) -> Picture:
    norms = Unrolled(source.query.trace, source.query.layer).norms
    return comparison.gradient_sizes(norms, source.words, theme=source.theme("flow"))
