"""What came of a search for the points where the state rests, in a sentence each."""

from __future__ import annotations

from html import escape

from rnnviz.probe.fixed_points import FixedPoints, Kind


def rest_sentence(held: str, found: FixedPoints | None) -> str:
    """What came of the search with an input, as HTML."""
    if found is None:
        return f"Held on {escape(held)}: press <strong>F</strong> to find where the state rests."
    stable, of = found.of(Kind.STABLE), f"of {found.starts} starts led there"
    led = sum(point.starts for point in stable)
    if len(stable) == 1:
        return f"Held on {escape(held)}, the state rests at <strong>one point</strong>: {led} {of}."
    if stable:
        count = f"<strong>{len(stable)} points</strong>"
        return f"Held on {escape(held)}, the state rests at {count}: {led} {of}."
    if found.points:
        several = len(found.points) > 1
        points = f"all {len(found.points)} points" if several else "the one point"
        return (
            f"Held on {escape(held)}, the state <strong>rests nowhere</strong>: it leaves {points} "
            "found, or only slows down."
        )
    return (
        f"Held on {escape(held)}, <strong>no point</strong> was found from {found.starts} starts."
    )


def search_outcome(found: FixedPoints | None, searching: bool) -> str:
    """The counts of a search, and what it has missed; or that there was none, or it still runs."""
    if found is None:
        return "The search is running." if searching else "No search was made with this input."
    counts = ", ".join(f"{len(found.of(kind))} {kind.value}" for kind in Kind)
    short = f" of {found.requested}, because time ran out" if found.starts < found.requested else ""
    missing = [
        (found.outside, "of the starts left the range of possible states"),
        (found.lost, "found nothing slow"),
    ]
    rest = "".join(f", {count} {what}" for count, what in missing if count)
    unseen = f"; {found.undescribed} more points were not examined" if found.undescribed else ""
    return f"{counts}, from {found.starts} starts{short}{rest}{unseen}."
