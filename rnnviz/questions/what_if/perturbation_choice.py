"""The choice of how a word of the probe is altered."""

from __future__ import annotations

import streamlit as st

from rnnviz.charts.theme import shown_token
from rnnviz.probe.probe import Probe, read
from rnnviz.probe.session import Session
from rnnviz.questions.unit_subject import MOST_CHOICES, edition
from rnnviz.questions.what_if.input_perturbation import Alter
from rnnviz.questions.what_if.measure import WhatIfLab
from rnnviz.ui.browser_session import first_value


def choose_alter(session: Session, here: str) -> None:
    """Let the reader choose the alteration of a word, and what replaces ``here``."""
    lab = session.lab(WhatIfLab)
    first = first_value("alter", edition(session), lab.perturbation.alter)
    alter = st.segmented_control(
        f"The {session.names.noun} is", list(Alter), key="alter", required=True, default=first
    )
    lab.perturbation = lab.perturbation._replace(alter=Alter(alter or Alter.DROP))
    if lab.perturbation.alter in (Alter.CHANGE, Alter.ADD):
        choose = _word if session.dataset.tokens else _values
        lab.perturbation = lab.perturbation._replace(word=choose(session, here))


def choose_state(session: Session, probe: Probe) -> None:
    """Let the reader choose another phrase, and the word of it whose state is put in."""
    lab, data, names = session.lab(WhatIfLab), session.dataset, session.names
    donor = lab.donor(probe)
    first = first_value("donor", (edition(session), data), donor.typed)
    typed = st.text_input(f"Take it from the {names.sequence}", first, key="donor")
    donor.ask(typed, data)
    words = read(data, donor.phrase).words
    place = min(lab.perturbation.place, len(words) - 1)
    after = st.selectbox(
        "State after", range(len(words)), place, key=f"after_{place}_{hash(words)}",
        format_func=lambda t: f"{t + 1}: {shown_token(words[t])}",
    )  # fmt: skip
    lab.perturbation = lab.perturbation._replace(donor=words, after=int(after or 0))


def _values(session: Session, here: str) -> str:
    now = session.lab(WhatIfLab).perturbation.word or _zeros(session)
    first = first_value("alter_value", (edition(session), session.dataset), now)
    return st.text_input("Which values", first, key="alter_value", width=200) or _zeros(session)


def _word(session: Session, here: str) -> str:
    """A word of the vocabulary; the default differs from ``here``."""
    data, now = session.dataset, session.lab(WhatIfLab).perturbation.word
    known = list((data.source or data.vocabulary).words[:MOST_CHOICES])
    other = next((word for word in known if word != here), here)
    default = now if now in known else other
    first = first_value("alter_word", (edition(session), data), default)
    chosen = st.selectbox(
        f"Which {session.names.noun}", known, known.index(first), key="alter_word", width=200,
        format_func=shown_token,
    )  # fmt: skip
    return str(chosen)


def _zeros(session: Session) -> str:
    return ",".join("0" * len(session.dataset.vocabulary))
