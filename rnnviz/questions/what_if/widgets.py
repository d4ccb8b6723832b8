"""The widgets with which the reader chooses a change: its kind, and what is new."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from rnnviz.charts.theme import shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.probe import Probe, read
from rnnviz.probe.session import Session
from rnnviz.questions.subject import MOST_CHOICES, edition
from rnnviz.questions.what_if.measure import Alter, WhatIfLab, own_values, ranges
from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.dataset import Dataset
from rnnviz.ui.browser_session import first_value, visit
from rnnviz.ui.choices import choose_one
from rnnviz.ui.style import escaped

#: The changes of a step of a series, and what it is called if a step is dropped there.
_SERIES, _BETWEEN = (Alter.CHANGE, Alter.DROP, Alter.STATE), "as its neighbours"
#: About so many stops has a slider.
_STOPS = 200


def choose_alter(session: Session, words: Sequence[str]) -> None:
    """Let the reader choose the kind of change of ``words`` at its place, and what is new."""
    lab, data = session.lab(WhatIfLab), session.dataset
    alter = choose_one(
        f"The {session.names.noun} is", _SERIES if data.series else Alter, _alter(session),
        edition(session), "alter_of_series" if data.series else "alter",
        format_func=lambda kind: _BETWEEN if data.series and kind == Alter.DROP else kind,
    )  # fmt: skip
    lab.perturbation = lab.perturbation._replace(alter=alter)
    if alter not in (Alter.CHANGE, Alter.ADD):
        return
    _, place, now, *_ = lab.perturbation
    if data.series:
        word = _choose_values(session, words, place, now)
    else:
        word = _word(session, words[place]) if data.tokens else _values(session)
    lab.perturbation = lab.perturbation._replace(word=word)


def _alter(session: Session) -> Alter:
    """The kind of change now; a link can have one that the steps of a series don't have."""
    now = session.lab(WhatIfLab).perturbation.alter
    return now if not session.dataset.series or now in _SERIES else Alter.CHANGE


def _choose_values(session: Session, words: Sequence[str], place: int, now: str) -> str:
    """Let the reader choose every value of a step, within those of the training; as typed text.

    They are ``now`` those of a text, or, if that can't be read, a standard deviation beside.
    """
    data = session.dataset
    low, high = ranges(data)
    own, values = own_values(data, words[place]), _proposed(data, words[place], now)
    chosen = list[str]()
    for k, name in enumerate(data.vocabulary.words):
        digits = _digits(float(high[k] - low[k]))
        ends = [round(float(f(end[k], own[k])), digits) for f, end in ((min, low), (max, high))]
        ends[1] = max(ends[1], ends[0] + 10.0**-digits)
        key = f"alter_{k}_{place}_{hash(tuple(words))}"
        value = min(max(round(float(values[k]), digits), ends[0]), ends[1])
        first = first_value(f"alter_step_{k}", (edition(session), key), value)
        step, form = 10.0**-digits, f"%.{max(digits, 0)}f"
        value = st.slider(escaped(name), ends[0], ends[1], first, step, key=key, format=form)
        chosen.append(f"{value:.{max(digits, 0)}f}")
    return ",".join(chosen)


def _digits(span: float) -> int:
    """The digits after the point of about ``_STOPS`` stops."""
    return -math.floor(math.log10(span / _STOPS)) if span > 0 else 0


def _proposed(data: Dataset, here: str, now: str) -> Array:
    """The values of ``now``, or else those here, the first a standard deviation above or below."""
    try:
        return own_values(data, now)
    except TaskError:
        own, (_, high) = own_values(data, here), ranges(data)
        assert data.units, "windows are standardised"
        scale = data.units.scale[0]
        other = own.copy()
        other[0] += scale if own[0] + scale <= high[0] else -scale
        return other


def choose_state(session: Session, probe: Probe) -> None:
    """Let the reader choose another phrase, and the word after which its state is taken."""
    lab, data = session.lab(WhatIfLab), session.dataset
    donor = lab.donor(probe)
    first = first_value("donor", (edition(session), data), donor.typed)
    label, key = f"Take it from the {session.names.sequence}", _key("donor", data)
    donor.ask(st.text_input(label, first, key=key), data)
    lab.donor_text, words = donor.typed, read(data, donor.phrase).words
    _, place, _, chosen, after = lab.perturbation
    # In a link there is a word, before the phrase has been read.
    index = min(place if chosen or after < 0 else after, len(words) - 1)
    key = f"after_{min(place, len(words) - 1)}_{hash(words)}"
    after = st.selectbox(
        "State after", range(len(words)), first_value("after", (edition(session), key), index),
        key=key, format_func=lambda t: f"{t + 1}: {shown_token(words[t])}",
    )  # fmt: skip
    lab.perturbation = lab.perturbation._replace(donor=words, after=int(after or 0))


def _key(name: str, data: Dataset) -> str:
    """The key of a widget that starts again with other data."""
    return f"{name}_{visit(data.name, f'data_{name}')}"


def _values(session: Session) -> str:
    data, now = session.dataset, session.lab(WhatIfLab).perturbation.word
    zeros = ",".join("0" * len(data.vocabulary))
    first = first_value("alter_value", (edition(session), data), now or zeros)
    return st.text_input("Which values", first, key=_key("alter_value", data), width=200) or zeros


def _word(session: Session, here: str) -> str:
    """A word of the vocabulary; the default differs from ``here``."""
    data, now = session.dataset, session.lab(WhatIfLab).perturbation.word
    known = list((data.source or data.vocabulary).words[:MOST_CHOICES])
    default = now if now in known else next((word for word in known if word != here), here)
    first = first_value("alter_word", (edition(session), data), default)
    chosen = st.selectbox(
        f"Which {session.names.noun}", known, known.index(first), width=200,
        key=_key("alter_word", data), format_func=shown_token,
    )  # fmt: skip
    return str(chosen)
