"""The choice of how a word of the probe is altered."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rnnviz.analysis.input_perturbation import Alter
from rnnviz.app.browser_session import first_value
from rnnviz.app.tabs.tab import MOST_CHOICES, edition
from rnnviz.figures.theme import shown_token
from rnnviz.lab.probe import Probe, read
from rnnviz.session import Session

#: The alterations that need no other phrase.
IN_PLACE = (Alter.CHANGE, Alter.DROP, Alter.SWAP)


def choose_alter(
    session: Session, label: str, here: str, ways: Sequence[Alter] = tuple(Alter)
) -> None:
    """Let the reader choose the alteration of a word, and what replaces ``here``."""
    lab, key = session.units, f"alter_{len(ways)}"
    now = lab.perturbation.alter if lab.perturbation.alter in ways else Alter.DROP
    alter = st.segmented_control(
        label, ways, key=key, required=True, default=first_value(key, edition(session), now)
    )
    lab.perturbation = lab.perturbation._replace(alter=Alter(alter or Alter.DROP))
    if lab.perturbation.alter in (Alter.CHANGE, Alter.ADD):
        choose = _word if session.dataset.tokens else _values
        lab.perturbation = lab.perturbation._replace(word=choose(session, here))


def choose_state(session: Session, probe: Probe) -> None:
    """Let the reader choose another phrase, and the word of it whose state is put in."""
    lab, data, names = session.units, session.dataset, session.names
    donor = lab.donor(probe)
    first = first_value("donor", (edition(session), data), donor.typed)
    typed = st.text_input(f"Other {names.sequence}", first, key="donor")
    donor.ask(typed, data)
    words = read(data, donor.phrase).words
    place = min(lab.perturbation.place, len(words) - 1)
    after = st.selectbox(
        "State after", range(len(words)), place, key=f"after_{place}_{hash(words)}",
        format_func=lambda t: f"{t + 1}: {shown_token(words[t])}",
    )  # fmt: skip
    lab.perturbation = lab.perturbation._replace(donor=words, after=int(after or 0))


def _values(session: Session, here: str) -> str:
    now = session.units.perturbation.word or _zeros(session)
    first = first_value("alter_value", (edition(session), session.dataset), now)
    return st.text_input("into", first, key="alter_value", width=200) or _zeros(session)


def _word(session: Session, here: str) -> str:
    """A word of the vocabulary; the default differs from ``here``."""
    data, now = session.dataset, session.units.perturbation.word
    known = list((data.source or data.vocabulary).words[:MOST_CHOICES])
    other = next((word for word in known if word != here), here)
    default = now if now in known else other
    first = first_value("alter_word", (edition(session), data), default)
    chosen = st.selectbox(
        "into", known, known.index(first), key="alter_word", width=200, format_func=shown_token
    )
    return str(chosen)


def _zeros(session: Session) -> str:
    return ",".join("0" * len(session.dataset.vocabulary))
