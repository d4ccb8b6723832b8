"""Linear probe: the second readout of the tab *What does each unit carry?*."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import Second, sentence
from rnnviz.charts.theme import shown_token
from rnnviz.config import OutputAt
from rnnviz.probe.session import Session
from rnnviz.questions.linear_probe import measure
from rnnviz.questions.linear_probe.measure import LinearProbeLab, ProbeScores, ProbeTarget
from rnnviz.questions.linear_probe.pictures import readability_lines
from rnnviz.questions.subject import MOST_CHOICES, UnitSubject, edition, source_of
from rnnviz.ui.browser_session import first_value
from rnnviz.ui.choices import choose_one, measure_buttons, progress_html
from rnnviz.ui.sheet import Chart
from rnnviz.ui.style import theme

#: Maximum number of epochs in one picture.
_EPOCHS = 5
_NOT_FINITE = "The states are not finite numbers, so nothing can be read from them."
_TOO_FEW = (
    f"Nothing can be measured here. At every place there are fewer than {measure.FEWEST} "
    f"different beginnings, or fewer than two answers that at least {measure.FOLDS} of them share. "
    "Count from the other side, read something else, or use more data."
)


def choose_probe(session: Session) -> None:
    """The choice of the target, and the buttons of the measurement."""
    lab = session.lab(LinearProbeLab)
    lab.fit(session.units.activations(source_of(session)), session.dataset)
    _question(session)
    measure_buttons(
        _begin, lambda here: here.lab(LinearProbeLab).cancel(), ready=True,
        going=lab.measuring is not None,
        tip=f"Fit the linear maps to the states of the {session.unit} shown",
    )  # fmt: skip


def probe_chart(session: Session) -> Chart[UnitSubject]:
    """The scores, or why there are none."""
    data, names = session.dataset, session.names
    target = f"the target at the end of the {names.sequence}"
    if data.reads is OutputAt.EVERY:
        target = "the target there"
    elif data.rule:
        target = f"the target if the {names.sequence} ended there"
    return Chart(
        "readability", 4.6, _picture, lambda here: _remark(here.session),
        text="linear_probe/readability", fields={"target": target, "ridge": f"{measure.RIDGE:g}"},
    )  # fmt: skip


def answer(session: Session) -> str:
    """The place where the target can be read best."""
    lab, title, noun = session.lab(LinearProbeLab), escape(_title(session)), session.names.noun
    if lab.measuring:
        epoch, share = lab.measuring
        return progress_html(f"Measuring at {session.unit} {epoch}", share)
    if _problem(session) or not lab.shown(source_of(session)):
        return f"{title} Press <strong>Measure</strong> to see."
    *_, last = _found(session).values()
    place = int(np.nanargmax(last.scores))
    form = "R² {:.2f}" if last.values else "{:.0%}"
    score, chance = (form.format(share) for share in (last.scores[place], last.chance))
    shuffled = f"with shuffled labels up to {chance} at any place"
    at = int(last.places[place])
    count = f"{at} {noun}{'s' * (at != 1)}"
    where = f"{count} before the end" if lab.question.from_end else f"after {count}"
    if last.scores[place] <= last.chance:
        best = f"<strong>{score}</strong> at best, {where}"
        return f"{title} A linear map can't tell it from chance: {best}, {shuffled}."
    return f"{title} A linear map reads it best {where}: <strong>{score}</strong>, {shuffled}."


def _begin(session: Session) -> None:
    session.player.pause()
    _fit(session)


def _fit(session: Session) -> None:
    source = source_of(session)
    session.lab(LinearProbeLab).begin(source, session.units.activations(source))


def follow(first: Session, second: Session) -> None:
    """Ask the second network the same, once the first one has been measured."""
    lab, own = first.lab(LinearProbeLab), second.lab(LinearProbeLab)
    own.fit(second.units.activations(source_of(second)), second.dataset)
    own.question = lab.question
    source = source_of(second)
    if lab.shown(source_of(first)) and not own.measuring and not own.shown(source):
        _fit(second)


def _problem(session: Session) -> str:
    """Why there is no picture; empty if there is one."""
    if not np.isfinite(session.units.activations(source_of(session)).states).all():
        return _NOT_FINITE
    if not (found := _found(session)):
        unit = session.unit
        return f"Not measured yet. Press Measure here, and at other {unit}s to compare them."
    return "" if any(one.measured for one in found.values()) else _TOO_FEW


def _question(session: Session) -> None:
    lab, data, noun = session.lab(LinearProbeLab), session.dataset, session.names.noun
    names = {
        ProbeTarget.WORD: f"a {noun} so far", ProbeTarget.FIRST: f"the first {noun}",
        ProbeTarget.BEFORE: f"the {noun} before", ProbeTarget.TARGET: "the target",
        ProbeTarget.SEASON: "the season", ProbeTarget.TREND: "the trend",
    }  # fmt: skip
    kinds, opened = measure.targets_of(data), edition(session)
    if len(kinds) > 1:
        target = choose_one(
            "What is read from the state", kinds, lab.question.target, (opened, kinds),
            f"asked_{len(kinds)}", slot="asked", format_func=names.__getitem__,
        )  # fmt: skip
        lab.question = lab.question._replace(target=target)
    if lab.question.target is ProbeTarget.WORD:
        known = list(session.units.activations(source_of(session)).vocabulary[:MOST_CHOICES])
        first = first_value("asked_word", (opened, data), lab.question.word)
        index = known.index(first) if first in known else 0
        label = noun.capitalize()
        word = st.selectbox(label, known, index, key="asked_word", format_func=shown_token)
        lab.question = lab.question._replace(word=str(word))
    of_target = lab.question.target is ProbeTarget.TARGET
    if of_target and not data.answers_classes and len(data.classes) > 1:
        name, channels = data.classes.__getitem__, range(len(data.classes))
        index = first_value("asked_channel", (opened, data), lab.question.channel)
        channel = st.selectbox("Channel", channels, index, key="asked_channel", format_func=name)
        lab.question = lab.question._replace(channel=int(channel or 0))
    sides = ["the start", "the end"]
    side = choose_one("Counted from", sides, sides[lab.question.from_end], opened, "from_end")
    lab.question = lab.question._replace(from_end=side == sides[1])


def _found(session: Session) -> dict[str, ProbeScores]:
    """The scores at some epochs, by name; last those of the epoch shown, or else of the latest."""
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
        ProbeTarget.SEASON: "Which quarter of the season is it?",
        ProbeTarget.TREND: "What is the trend here?",
    }[question.target]


def _picture(here: UnitSubject) -> Picture:
    session = here.session
    title, noun = _title(session), session.names.noun
    if problem := _problem(session):
        return sentence(title, problem, theme())
    back = session.lab(LinearProbeLab).question.from_end
    places = f"{noun}s before the end" if back else f"{noun}s read"
    found, second = _found(session), None
    if here.pair and (other := here.pair.second):
        own, name = here.pair.names
        found = {own: [*found.values()][-1]}
        if measured := other.lab(LinearProbeLab).shown(source_of(other)):
            second = Second(measured.found, name, network=True)
    return readability_lines(found, title, places, back, theme(), second=second)


def _remark(session: Session) -> str:
    if _problem(session):
        return ""
    found = _found(session)
    here = f"{session.unit} {session.state.epoch}"
    missing = f"{here.capitalize()} is not measured: press Measure. " * (here not in found)
    *_, last = found.values()
    counts = last.counts[np.isfinite(last.scores)]
    if not len(counts):
        return missing
    role = session.dataset.role
    encoder = " The states are the encoder's." if session.dataset.source else ""
    return (
        f"{missing}Measured on {counts.min()} to {counts.max()} beginnings of {role} sequences, "
        f"each once for every answer that it has. A place with fewer than {measure.FEWEST} is "
        f"empty, and classes that fewer than {measure.FOLDS} have are left out.{encoder}"
    )
