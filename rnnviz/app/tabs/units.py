"""Tab *Units*: text tinted by one unit, and the response of all units to words."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.analysis.activations import Activations
from rnnviz.analysis.selectivity import MOST_WORDS, selectivity
from rnnviz.app.browser_session import first_value
from rnnviz.app.frame import Frame, SliderState
from rnnviz.app.numbers_table import numbers
from rnnviz.app.stage import Step, place_chart, place_stepper, place_text
from rnnviz.app.style import steady, theme
from rnnviz.app.tabs.tab import MOST_CHOICES, Tab, edition, source_of, unweighed
from rnnviz.app.text import explanation
from rnnviz.app.viewer import Event
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.response import Labels, response_matrix
from rnnviz.figures.theme import HEIGHTS, shown_token
from rnnviz.figures.tinted_text import Line, tint, tinted_text
from rnnviz.lab.units import LIST_PAGE, Sort, StateSource
from rnnviz.session import Session

#: The title of the matrix's rows.
_ROWS = {
    Sort.EFFECT: "unit, the largest effect first",
    Sort.INDEX: "unit",
    Sort.SELECTIVITY: "unit, the most selective first",
    Sort.SIMILARITY: "unit, similar ones together",
}
#: Maximum number of sequences shown for a cell.
_MAX_OCCURRENCES = 12


def units_tab(session: Session, controls: DeltaGenerator) -> Tab:
    """Lay out the controls, the tinted text on the left, the matrix on the right."""
    del controls
    source = source_of(session)
    session.units.look_at(source)
    # While the run plays, rows and columns keep their order.
    if not session.player.running:
        session.units.arrange(source)
    _controls(session, source)
    left, right = st.columns(2, gap="medium")
    with left:
        place_text("tinted")
        st.caption(explanation("tinted", noun=session.names.noun))
        if session.units.last_list_page(source):
            noun = session.names.sequence
            place_stepper("list_page", Step(f"Earlier {noun}s", -1), Step(f"Later {noun}s", 1))
    with right:
        matrix = _matrix(session, source)
    tables = {"Text": lambda: _unit_table(session)}
    if matrix:
        tables["Words and units"] = lambda: _response_table(session)
    numbers("hidden_units", tables)

    def draw(frame: Frame) -> None:
        here, lab = source_of(session), session.units
        frame.sliders["unit"] = SliderState(session.config.hidden - 1, lab.unit)
        frame.sliders["list_page"] = SliderState(lab.last_list_page(here), lab.list_page)
        frame.texts["tinted"] = _tinted_html(session, here)
        if matrix:
            frame.chart("response", _response, session, here)
            frame.texts["behind"] = _occurrences_html(session, here)

    handlers = {"response": _choose_cell, "unit": _choose_unit, "list_page": _turn}

    def ablate(budget: float) -> bool:
        lab = session.units
        return lab.sort is Sort.EFFECT and lab.ablate(source_of(session), budget, lab.word)

    return Tab(draw, {key: partial(handler, session) for key, handler in handlers.items()}, ablate)


def _response(session: Session, source: StateSource) -> Any:
    lab = session.units
    labels = Labels(source.part, session.names.noun, _ROWS[lab.sort])
    colors = steady(session, "response", source.part)
    return response_matrix(lab.response(source), lab.unit, labels, colors)


def _controls(session: Session, source: StateSource) -> None:
    lab = session.units
    with st.container(horizontal=True, vertical_alignment="bottom", key="units_bar"):
        lab.sort = _sort(session)
        if lab.sort in (Sort.EFFECT, Sort.SELECTIVITY):
            lab.word = _word(session, source)
        before, marked = lab.unit, session.selection.unit_of(session.config.hidden)
        lab.select_first(source)
        if marked is not None and lab.unit == before:
            lab.choose(source, marked)
        back, on = Step("Previous", -1, "ArrowLeft"), Step("Next", 1, "ArrowRight")
        place_stepper("unit", back, on, label="Unit", wraps=True)


def _sort(session: Session) -> Sort:
    chosen = st.segmented_control(
        "Order of the units", list(Sort), key="unit_sort", required=True,
        default=first_value("unit_sort", edition(session), session.units.sort),
        help="effect: first the unit without which the training loss rises most, on all sequences "
        "or on those with one word. index: by number. selectivity: first the unit whose change "
        "depends most on the word. similarity: similar units next to each other.",
    )  # fmt: skip
    return Sort(chosen or session.units.sort)


def _word(session: Session, source: StateSource) -> str | None:
    noun = session.names.noun
    known = [None, *session.units.activations(source).vocabulary[:MOST_CHOICES]]
    first = session.units.word if session.units.word in known else None
    first = first_value("unit_word", (edition(session), session.dataset), first)
    return st.selectbox(
        f"For the {noun}", known, known.index(first) if first in known else 0,
        key="unit_word", width=200,
        format_func=lambda word: f"any {noun}" if word is None else shown_token(word),
    )  # fmt: skip


def _choose_unit(session: Session, event: Event) -> None:
    """Select the unit whose number was typed, or the next in the order."""
    lab = session.units
    if "by" in event:
        lab.step(source_of(session), int(event["by"]))
    else:
        unit = min(max(int(event["value"]), 0), session.config.hidden - 1)
        lab.choose(source_of(session), unit)
    session.selection.unit = lab.unit


def _turn(session: Session, event: Event) -> None:
    lab = session.units
    lab.list_page = min(
        max(lab.list_page + int(event["by"]), 0), lab.last_list_page(source_of(session))
    )


def _choose_cell(session: Session, event: Event) -> None:
    source, lab = source_of(session), session.units
    response = lab.response(source)
    unit = int(response.units[round(event["y"])])
    word = response.words[round(event["x"])]
    lab.choose(source, unit)
    lab.cell, session.selection.unit = (unit, word), unit


def _tinted_html(session: Session, source: StateSource) -> str:
    """The probe and one page of the training sequences, tinted by the unit."""
    lab, probe = session.units, session.inspect()
    activations, unit = lab.activations(source), lab.unit
    values = probe.unrolled(source.layer).of(source.part)[:, unit]
    limit = _limit(session, activations, unit, values)
    first = lab.list_page * LIST_PAGE
    list_page = range(first, min(first + LIST_PAGE, activations.count))
    label, gap = f"unit {unit}: {source.part}", _gap(session)
    count = _count(session, activations)
    parts = [
        _heading(session, source, limit),
        tinted_text([Line(probe.words, values)], label, limit, theme(), gap),
        f"<h4>Training sequences {first + 1} to {list_page[-1] + 1} of {count}</h4>",
        tinted_text(
            [_line(session, activations, k) for k in list_page], label, limit, theme(), gap
        ),
    ]
    return f'<div class="rnnviz-unit">{"".join(parts)}</div>'


def _gap(session: Session) -> str:
    return "" if session.names.noun == "character" else " "


def _count(session: Session, activations: Activations) -> str:
    every, count = len(session.dataset.train), activations.count
    return str(every) if every == count else f"{count} (drawn at random) of {every}"


def _limit(session: Session, activations: Activations, unit: int, values: Array) -> float:
    """The end of the colour scale: a round number above the unit's largest absolute value."""
    largest = max(np.abs(activations.states[:, unit]).max(), np.abs(values).max())
    return steady(session, "tint", session.part, str(unit)).scale.nice_limit(float(largest))


def _line(session: Session, activations: Activations, k: int) -> Line:
    part, example = activations.part(k), session.dataset.train[activations.examples[k]]
    one_class_at_end = session.dataset.one_class_at_end
    note = f" → {shown_token(session.dataset.classes[example.target])}" if one_class_at_end else ""
    return Line(activations.words[part], activations.states[part, session.units.unit], note)


def _heading(session: Session, source: StateSource, limit: float) -> str:
    lab, colors = session.units, theme()
    ends = (tint(-1, colors), colors.neutral, tint(1, colors))
    bar = f'<i style="background:linear-gradient(to right,{",".join(ends)})"></i>'
    scale = f'<span class="scale">−{limit:g} {bar} {limit:g}</span>'
    return f"<h4>Unit {lab.unit}{escape(_rank(session, source))} {scale}</h4>"


def _rank(session: Session, source: StateSource) -> str:
    lab = session.units
    if lab.sort is Sort.INDEX:
        return ""
    order = lab.order(source).tolist()
    rank = f", number {order.index(lab.unit) + 1} of {len(order)} by {lab.sort.value}"
    if lab.sort is Sort.SIMILARITY:
        return rank
    whom = f" for “{shown_token(lab.word)}”" if lab.word else ""
    if lab.sort is Sort.EFFECT:
        return _effect(session, source, rank + whom)
    value = selectivity(lab.activations(source), lab.word)[lab.unit]
    return f"{rank}{whom} ({value:.3g})"


def _effect(session: Session, source: StateSource, rank: str) -> str:
    """The rank with the rise of the loss; while that isn't known, the epoch of the last order."""
    rises = session.units.ablation_loss(source, session.units.word)
    epoch = session.units.effect_order(source).epoch
    if not np.isnan(rises).any():
        rise = f"{rises[session.units.unit]:.3g} {session.dataset.guess.unit}"
        return f"{rank} (ΔL = {rise})".replace("inf", "∞")
    if epoch is None:
        return f". {unweighed(session)}"
    return f"{rank}, as it was at epoch {epoch}. {unweighed(session)}"


def _matrix(session: Session, source: StateSource) -> bool:
    """Put the matrix and the place for a cell's sequences here, or say why there is none."""
    activations = session.units.activations(source)
    if not session.dataset.tokens and len(activations.vocabulary) > MOST_WORDS:
        st.info(
            "The inputs here are numbers that hardly ever repeat, so there is no mean change to "
            "show for each of them."
        )
        return False
    if not len(activations.moved):
        st.info(
            f"A gate has no value before the first {session.names.noun}, and no sequence has a "
            "second one, so there is no change to show. Choose h."
        )
        return False
    text = explanation("response", noun=session.names.noun, part=source.part)
    place_chart("response", HEIGHTS["response"], text, clicks=True)
    place_text("behind")
    return True


def _occurrences_html(session: Session, source: StateSource) -> str:
    """The sequences of the chosen word and unit, the largest change first."""
    activations, cell = session.units.activations(source), session.units.cell
    tokens = activations.occurrences(cell[1]) if cell else ()
    if not cell or not len(tokens):
        return f"<p>Click a cell to see the {session.names.sequence}s behind it.</p>"
    unit, word = cell
    changes = activations.changes[tokens, unit]
    order = np.argsort(-np.abs(changes), kind="stable")[:_MAX_OCCURRENCES]
    limit = _limit(session, activations, unit, np.zeros(1))
    lines = [_occurrence(activations, int(tokens[k]), unit, float(changes[k])) for k in order]
    text = tinted_text(lines, f"unit {unit}: {source.part}", limit, theme(), _gap(session))
    of = f", the {len(order)} largest" if len(order) < len(tokens) else ""
    mean = f"{changes.mean():+.4f}".replace("-", "−")
    head = f"“{shown_token(word)}” changes unit {unit} by {mean} on average"
    head += f", at {len(tokens)} places{of}:"
    return f'<div class="rnnviz-unit"><h4>{escape(head)}</h4>{text}</div>'


def _occurrence(activations: Activations, token: int, unit: int, change: float) -> Line:
    part, step = activations.around(token), int(activations.steps[token])
    note = f" {change:+.3f}".replace("-", "−")
    return Line(activations.words[part], activations.states[part, unit], note, frozenset({step}))


def _unit_table(session: Session) -> pd.DataFrame:
    source, unit = source_of(session), session.units.unit
    activations = session.units.activations(source)
    columns = {
        "sequence": activations.owners + 1,
        "place": activations.steps + 1,
        session.names.noun: activations.words,
        f"{source.part} of unit {unit}": activations.states[:, unit],
        "change": activations.changes[:, unit],
    }
    return pd.DataFrame(columns)


def _response_table(session: Session) -> pd.DataFrame:
    response = session.units.response(source_of(session))
    columns = zip(response.words, response.means[response.units].T, strict=True)
    return pd.DataFrame({"unit": response.units} | dict(columns))
