"""The choice of how a word of the probe is altered."""

from __future__ import annotations

import streamlit as st

from rnnviz.analysis.input_perturbation import Alter
from rnnviz.app.browser_session import first_value
from rnnviz.app.tabs.tab import MOST_CHOICES, edition
from rnnviz.figures.theme import shown_token
from rnnviz.session import Session


def choose_alter(session: Session, label: str, here: str) -> None:
    """Let the reader choose the alteration of a word, and what replaces ``here``."""
    lab = session.units
    alter = st.segmented_control(
        label, list(Alter), key="alter", required=True,
        default=first_value("alter", edition(session), lab.perturbation.alter),
    )  # fmt: skip
    lab.perturbation = lab.perturbation._replace(alter=Alter(alter or Alter.DROP))
    if lab.perturbation.alter is Alter.CHANGE:
        choose = _word if session.dataset.tokens else _values
        lab.perturbation = lab.perturbation._replace(word=choose(session, here))


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
