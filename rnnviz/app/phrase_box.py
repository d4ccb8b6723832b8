"""The box in which the reader types a phrase."""

from __future__ import annotations

from rnnviz.app.stage import place_phrase
from rnnviz.session import Session

_TIP = "Anything like what is learned. The pictures follow it through the network."


def phrase_box(session: Session, disabled: bool = False) -> None:
    """Have what is typed here made the probe."""
    label = session.names.sequence.capitalize()
    place_phrase(label, session.first_phrase[:60], disabled, _TIP)
