"""What can be read from the states by a linear map: another way to ask what they carry."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import sentence
from rnnviz.charts.theme import shown_token
from rnnviz.config import OutputAt
from rnnviz.probe.session import Session
from rnnviz.questions.linear_probe.measure import (
    FEWEST,
    FOLDS,
    RIDGE,
    LinearProbeLab,
    ProbeScores,
    ProbeTarget,
    askable,
)
from rnnviz.questions.linear_probe.pictures import readability_lines
from rnnviz.questions.unit_subject import MOST_CHOICES, UnitSubject, edition, source_of
from rnnviz.ui.browser_session import first_value
from rnnviz.ui.choices import measure_buttons, progress_html
from rnnviz.ui.sheet import Chart
from rnnviz.ui.style import theme

#: Maximum number of epochs in one picture.
_EPOCHS = 5
_NOT_FINITE = "The states are not finite numbers, so nothing can be read from them."
_TOO_FEW = (
    f"Nothing can be measured here. At every place there are fewer than {FEWEST} different "
    f"beginnings, or fewer than two answers that at least {FOLDS} of them share. Count from the "
    "other side, read something else, or use more data."
)


def choose_probe(session: Session) -> None:
    """Let the reader choose what is read from the states, and measure it."""
    lab = session.lab(LinearProbeLab)
    lab.fit(session.units.activations(source_of(session)), session.dataset)
    _question(session)
    measure_buttons(
        _begin, lambda here: here.lab(LinearProbeLab).cancel(), ready=True,
        going=lab.measuring is not None,
        tip=f"Fit the linear maps to the states of the {session.unit} shown",
    )  # fmt: skip


def probe_chart(session: Session) -> Chart[UnitSubject]:
    """What was measured, or why there is nothing."""
    fields = {"target": _target(session), "ridge": f"{RIDGE:g}"}
    return Chart(
        "readability",
        4.6,
        lambda here: _picture(here.session, _found(here.session), _said(here.session)),
        lambda here: "" if _said(here.session) else _remark(here.session, _found(here.session)),
        text="linear_probe/readability",
        fields=fields,
    )


def answer(session: Session) -> str:
    """What can be read after the last token, or where most of it can."""
    found, source, measuring = (
        _found(session),
        source_of(session),
        session.lab(LinearProbeLab).measuring,
    )
    if measuring:
        epoch, share = measuring
        return progress_html(f"Measuring at {session.unit} {epoch}", share)
    if _said(session) or not session.lab(LinearProbeLab).shown(source):
        return f"{escape(_title(session))} Press <strong>Measure</strong> to see."
    *_, last = found.values()
    place = int(np.nanargmax(last.scores))
    score, guess = (_score(last, values[place]) for values in (last.scores, last.guess))
    noun = session.names.noun
    side = "before the end" if session.lab(LinearProbeLab).question.from_end else "read"
    at = int(last.places[place])
    return (
        f"{escape(_title(session))} A linear map tells it best "
        f"{at} {noun}{'s' * (at != 1)} {side}: <strong>{score}</strong>, a guess {guess}."
    )


def _score(found: ProbeScores, score: float) -> str:
    return f"R² {score:.2f}" if found.values else f"{score:.0%}"


def _begin(session: Session) -> None:
    session.player.pause()
    source = source_of(session)
    session.lab(LinearProbeLab).begin(source, session.units.activations(source))


def _said(session: Session) -> str:
    """Why there is no picture; empty if there is one."""
    if not np.isfinite(session.units.activations(source_of(session)).states).all():
        return _NOT_FINITE
    found = _found(session)
    if not found:
        unit = session.unit
        return f"Not measured yet. Press Measure here, and at other {unit}s to compare them."
    return "" if any(one.measured for one in found.values()) else _TOO_FEW


def _question(session: Session) -> None:
    lab, data, noun = session.lab(LinearProbeLab), session.dataset, session.names.noun
    names = {
        ProbeTarget.WORD: f"a {noun} so far", ProbeTarget.FIRST: f"the first {noun}",
        ProbeTarget.BEFORE: f"the {noun} before", ProbeTarget.TARGET: "the target",
    }  # fmt: skip
    kinds, opened = askable(data), edition(session)
    if len(kinds) > 1:
        asked = st.segmented_control(
            "What is read from the state", kinds, key=f"asked_{len(kinds)}", required=True,
            default=first_value("asked", (opened, kinds), lab.question.asked),
            format_func=names.__getitem__,
        )  # fmt: skip
        lab.question = lab.question._replace(asked=ProbeTarget(asked or lab.question.asked))
    if lab.question.asked is ProbeTarget.WORD:
        known = list(session.units.activations(source_of(session)).vocabulary[:MOST_CHOICES])
        first = first_value("asked_word", (opened, data), lab.question.word)
        index = known.index(first) if first in known else 0
        word = st.selectbox(
            noun.capitalize(), known, index, key="asked_word", format_func=shown_token
        )
        lab.question = lab.question._replace(word=str(word))
    if not data.answers_classes and len(data.classes) > 1:
        channels = range(len(data.classes))
        channel = st.selectbox(
            "Channel", channels, key="asked_channel", format_func=data.classes.__getitem__
        )
        lab.question = lab.question._replace(channel=int(channel or 0))
    first_side = first_value("from_end", opened, ("the start", "the end")[lab.question.from_end])
    side = st.segmented_control(
        "Counted from", ["the start", "the end"], key="from_end", required=True, default=first_side
    )
    lab.question = lab.question._replace(from_end=side == "the end")


def _found(session: Session) -> dict[str, ProbeScores]:
    """The answers at some epochs, that of the epoch shown, or else of the latest one, last."""
    source, lab = source_of(session), session.lab(LinearProbeLab)
    here = lab.shown(source)
    others = [m for m in lab.every(source) if m is not here][-_EPOCHS + (here is not None) :]
    shown = sorted(others, key=lambda m: m.epoch) + ([here] if here else [])
    return {f"{session.unit} {measured.epoch}": measured.found for measured in shown}


def _title(session: Session) -> str:
    question, noun = session.lab(LinearProbeLab).question, session.names.noun
    return {
        ProbeTarget.WORD: f"Was “{shown_token(question.word)}” read so far?",
        ProbeTarget.FIRST: f"Which {noun} was the first?",
        ProbeTarget.BEFORE: f"Which {noun} came before the last one read?",
        ProbeTarget.TARGET: "What is the target here?",
    }[question.asked]


def _target(session: Session) -> str:
    """What the target at a token is."""
    data, names = session.dataset, session.names
    if data.reads is OutputAt.EVERY:
        return "the target there"
    if data.rule:
        return f"the target if the {names.sequence} ended there"
    return f"the target at the end of the {names.sequence}"


def _picture(session: Session, found: dict[str, ProbeScores], said: str) -> Picture:
    if said:
        return sentence(_title(session), said, theme())
    back, noun = session.lab(LinearProbeLab).question.from_end, session.names.noun
    places = f"{noun}s before the end" if back else f"{noun}s read"
    return readability_lines(found, _title(session), places, back, theme())


def _remark(session: Session, found: dict[str, ProbeScores]) -> str:
    """Which epoch is missing, and on how much the last one was measured."""
    here = f"{session.unit} {session.state.epoch}"
    missing = f"{here.capitalize()} is not measured: press Measure. " * (here not in found)
    *_, last = found.values()
    counts = last.counts[np.isfinite(last.scores)]
    if not len(counts):
        return missing
    role = session.dataset.role
    encoder = " The states are the encoder's." if session.dataset.source else ""
    return (
        f"{missing}Measured on {counts.min()} to {counts.max()} different beginnings of {role} "
        f"sequences. A place with fewer than {FEWEST} is empty, and answers that fewer than "
        f"{FOLDS} have are left out.{encoder}"
    )
