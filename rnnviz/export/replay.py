"""Replay: a run as one HTML file, which shows the first page of it in any browser, offline."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Sequence

from rnnviz.export.recording import record
from rnnviz.lab.probe import read
from rnnviz.session import Session

#: At most so many phrases.
MOST_PHRASES = 6


def replay(session: Session, phrases: Sequence[str] = ()) -> str:
    """The run of ``session`` as an HTML file, on the phrase shown or on ``phrases``.

    Raises TaskError if a phrase can't be read. The session stays where it is.
    """
    chosen = list(dict.fromkeys(phrases))[:MOST_PHRASES] or [session.phrase_input.phrase]
    for phrase in chosen:
        read(session.dataset, phrase)
    recording = record(session, chosen)
    return base64.b64encode(gzip.compress(recording.content, 9, mtime=0)).decode()
