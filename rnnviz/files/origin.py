"""The origin of a file: version, data, settings, seed, epoch, phrase, and a link."""

from __future__ import annotations

from rnnviz import __version__
from rnnviz.probe.session import Session

#: Facts unknown for recordings.
UNKNOWN_FOR_RECORDINGS = ("seed", "changes", "link")


def query_of(session: Session) -> str:
    """The query of a link to the view shown; empty if it would be too long."""
    query = session.link().query()
    return "" if query is None else f"?{query}"


def origin(session: Session) -> dict[str, str]:
    """The origin of a file by name, each entry on one line."""
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
    # Facts that are unknown, or would lead to another run.
    unknown: tuple[str, ...] = ("link",) if session.data.given is not None else ()
    if given := session.player.imported:
        unknown, told["weights"] = ("seed", "link"), given.source
    if session.player.recorded:
        unknown = UNKNOWN_FOR_RECORDINGS
    for name in unknown:
        del told[name]
    return {name: " ".join(value.split()) for name, value in told.items()}
