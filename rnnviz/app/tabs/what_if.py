"""Tab *What if*: the probe with one word or one state changed, and saliency."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.analysis.input_perturbation import Alter, aligned, joined
from rnnviz.analysis.saliency import LEFT_OUT
from rnnviz.app.frame import Frame
from rnnviz.app.heatmap_choice import view_of
from rnnviz.app.numbers_table import numbers
from rnnviz.app.stage import place_chart, place_text
from rnnviz.app.style import steady
from rnnviz.app.tabs.perturbation_choice import choose_alter, choose_state
from rnnviz.app.tabs.tab import Tab
from rnnviz.app.text import explanation
from rnnviz.figures.side_by_side import Pair, compared_margins, compared_states, saliency_strips
from rnnviz.figures.theme import HEIGHTS, shown_token
from rnnviz.lab.probe import Probe, read
from rnnviz.lab.units import signal, spelled
from rnnviz.session import Session
from rnnviz.tasks.csv_table import TaskError


def what_if_tab(session: Session, controls: DeltaGenerator) -> Tab:
    """Lay out the alteration; answers and saliency on the left, both states on the right."""
    del controls
    _controls(session, session.inspect())
    place_text("altered")
    left, right = st.columns(2, gap="medium")
    noun = session.names.noun
    both = isinstance(_other(session, session.inspect()), Probe)
    with left:
        if both:
            place_chart("margins", HEIGHTS["margins"], explanation("margins", noun=noun))
        place_chart("saliency", HEIGHTS["saliency"], explanation("saliency", noun=noun))
    with right:
        if both:
            place_chart("compared", HEIGHTS["compared"], explanation("compared", noun=noun))
    tables = {
        "Answers and states": lambda: _states_table(session),
        "What each token adds": lambda: _saliency_table(session),
    }
    numbers("hidden_what_if", tables)

    def draw(frame: Frame) -> None:
        probe = session.inspect()
        other = _other(session, probe)
        frame.texts["altered"] = _verdicts_html(session, probe, other)
        altered = other if isinstance(other, Probe) else None
        frame.chart("saliency", _saliency, session, probe, altered, remark=_remark(session, probe))
        if both and isinstance(other, Probe):
            frame.chart("margins", _margins, session, probe, other)
            frame.chart("compared", _states, session, probe, other)

    return Tab(draw)


def _other(session: Session, probe: Probe) -> Probe | str:
    """The altered probe, or a sentence that says why there is none."""
    words = session.units.varied(probe.reading.words)
    if not words:
        noun = session.names.noun
        return f"Without its only {noun} the sequence is empty: change it instead."
    if words == probe.reading.words:
        return "This changes nothing: choose another place or another change."
    try:
        return session.inspect(spelled(session.dataset, words))
    except TaskError as problem:
        return str(problem)


def _controls(session: Session, probe: Probe) -> None:
    lab, words = session.units, probe.reading.words
    lab.varied(words)
    with st.container(horizontal=True, vertical_alignment="bottom", key="what_if_bar"):
        chosen = st.selectbox(
            session.names.noun.capitalize(), range(len(words)), lab.perturbation.place,
            key=f"alter_place_{hash(words)}", width=200,
            format_func=lambda t: f"{t + 1}: {shown_token(words[t])}",
        )  # fmt: skip
        lab.perturbation = lab.perturbation._replace(place=int(chosen or 0))
        choose_alter(session, "Kind of change", words[lab.perturbation.place])
        if lab.perturbation.alter is Alter.STATE:
            choose_state(session, probe)


def _verdicts_html(session: Session, probe: Probe, other: Probe | str) -> str:
    lines = [_problem(session, probe)]
    if isinstance(other, str):
        lines.append(escape(other))
    else:
        texts = f"“{escape(probe.reading.text)}”", _described(session, other)
        lines += [
            f"{text} → <b>{escape(shown_token(p.answer))}</b>"
            for text, p in zip(texts, (probe, other), strict=True)
        ]
    return f'<div class="rnnviz-said">{"<br>".join(filter(None, lines))}</div>'


def _problem(session: Session, probe: Probe) -> str:
    """Why the other phrase can't be read, or which of its words were skipped."""
    if session.units.perturbation.alter is not Alter.STATE:
        return ""
    donor = session.units.donor(probe)
    unknown = ", ".join(word[:40] for word in read(session.dataset, donor.phrase).unknown[:12])
    return escape(
        donor.problem or (f"Skipped, not in the vocabulary: {unknown}" if unknown else "")
    )


def _described(session: Session, other: Probe) -> str:
    """The altered words, or where the state that was put in is from, and what was read then."""
    how, data = session.units.perturbation, session.dataset
    if how.alter is not Alter.STATE:
        return f"“{escape(other.reading.text)}”"
    before, rest = other.reading.words[: how.after + 1], other.reading.words[how.after + 1 :]
    read_on = f"then “{escape(spelled(data, rest))}”" if rest else "then nothing"
    return f"the state after “{escape(spelled(data, before))}”, {read_on}"


def _pair(probe: Probe, other: Probe, first: Any, second: Any, session: Session) -> Pair:
    """Two arrays, aligned token by token."""
    how = session.units.perturbation
    before = np.array(probe.words, object)
    after = how.continued(before, np.array(other.words, object))
    pairs = joined(how.pairs(len(probe.reading.words)), len(before), len(after))
    ours, others = [a for a, _ in pairs], [b for _, b in pairs]
    names = [
        _name("–" if a is None else before[a], "–" if b is None else after[b]) for a, b in pairs
    ]
    return Pair(aligned(first, ours), aligned(how.continued(first, second), others), names)


def _name(before: str, after: str) -> str:
    return before if before == after else f"{before}→{after}"


def _margins(session: Session, probe: Probe, other: Probe) -> Any:
    first, second, label, unit = signal(probe, other)
    pair = _pair(probe, other, first, second, session)
    return compared_margins(pair, label, steady(session, "margins", unit), unit)


def _states_pair(session: Session, probe: Probe, other: Probe) -> Pair:
    first, second = (p.unrolled(session.layer).of(session.part) for p in (probe, other))
    return _pair(probe, other, first, second, session)


def _states(session: Session, probe: Probe, other: Probe) -> Any:
    view = view_of(session)
    colors = steady(session, "compared", view.name)
    return compared_states(_states_pair(session, probe, other), colors, view)


def _saliency(session: Session, probe: Probe, other: Probe | None) -> Any:
    saliency, name = session.units.saliency(probe, other)
    name = name[:-1] + shown_token(name[-1:])  # it may end in a space
    return saliency_strips(saliency, probe.words, name, steady(session, "saliency"))


def _remark(session: Session, probe: Probe) -> str:
    """How many tokens of a long sequence were left out in turn."""
    count = len(probe.reading.words)
    if count <= LEFT_OUT:
        return ""
    return f"Occlusion: {LEFT_OUT} of the {count} {session.names.noun}s, evenly spread."


def _states_table(session: Session) -> pd.DataFrame:
    probe = session.inspect()
    other = _other(session, probe)
    if isinstance(other, str):
        return pd.DataFrame({"": [other]})
    pair = _states_pair(session, probe, other)
    first, second, _, _ = signal(probe, other)
    margins = _pair(probe, other, first, second, session)
    columns = {session.names.noun: pair.words, "as typed": margins.first, "changed": margins.second}
    differences = enumerate((pair.second - pair.first).T)
    return pd.DataFrame(columns | {f"Δ unit {unit}": row for unit, row in differences})


def _saliency_table(session: Session) -> pd.DataFrame:
    probe = session.inspect()
    other = _other(session, probe)
    altered = other if isinstance(other, Probe) else None
    saliency, name = session.units.saliency(probe, altered)
    products, integrated = saliency.gradient_input, saliency.integrated
    columns = {
        session.names.noun: [*probe.words, f"sum, of {name}", "m(x) − m(0)"],
        "gradient × input": [*products, products.sum(), None],
        "occlusion": [*saliency.occlusion, None, None],
        "integrated gradients": [*integrated, integrated.sum(), saliency.whole - saliency.empty],
    }
    return pd.DataFrame(columns)
