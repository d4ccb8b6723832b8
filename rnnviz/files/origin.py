"""What made a file: version, data, settings, seed, epoch, phrase, and the link to it."""

from __future__ import annotations

from rnnviz import __version__
from rnnviz.probe.session import Session

#: What nobody knows of a recording.
_OF_A_RUN = ("seed", "changes", "link")


def query_of(session: Session) -> str:
    """What follows the page's address in a link to what is shown; empty if no link has room."""
    query = session.link().query()
    return "" if query is None else f"?{query}"


def _unknown(session: Session) -> tuple[str, ...]:
    """What is not known, or would lead to another run."""
    if session.player.recorded:
        return _OF_A_RUN
    if session.player.imported:
        return ("seed", "link")
    return ("link",) if session.data.given is not None else ()


def origin(session: Session) -> dict[str, str]:
    """What made a file, by name, each on one line."""
    schedule = session.run.schedule
    differing = schedule.start.to_query()
    settings = ", ".join(f"{name}={value}" for name, value in differing.items())
    told = {
        "rnnviz": __version__,
        "data": session.dataset.name,
        "seed": str(schedule.start.seed),
        session.unit: session.player.progress,
        "settings": settings or "all as by default",
        "changes": schedule.text() or "none",
        "loss in": session.dataset.guess.unit,
        "phrase": session.phrase_input.phrase,
        "link": query_of(session),
    }
    for name in _unknown(session):
        del told[name]
    if given := session.player.imported:
        told["weights"] = given.source
    return {name: " ".join(value.split()) for name, value in told.items()}
