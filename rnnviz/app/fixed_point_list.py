"""Where the state rests, as HTML: a sentence, and a list whose rows open."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rnnviz.analysis.fixed_points import FixedPoint, FixedPoints, Kind
from rnnviz.analysis.formatting import number
from rnnviz.analysis.phase_portrait import Rest

#: Maximum number of rows.
_SHOWN = 100
#: The longest memory shown as a number; the distance below which |λ| is shown as 1 ± distance.
_MAX_MEMORY, _NEAR_ONE = 1_000_000, 1e-3
_WORDS = {Kind.STABLE: "stays", Kind.SADDLE: "leaves", Kind.SLOW: "slow"}
_SIGNS = {Kind.STABLE: "●", Kind.SADDLE: "○", Kind.SLOW: "·"}
_HEADINGS = ("held", "rests", "read as", "largest |λ|")


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
        return (
            f"Held on {escape(held)}, the state <strong>rests nowhere</strong>: it leaves all "
            f"{len(found.points)} points found, or only slows down."
        )
    return (
        f"Held on {escape(held)}, <strong>no point</strong> was found from {found.starts} starts."
    )


def rests_html(
    rests: Sequence[Rest], chosen: int | None, opened: bool, outcome: str, noun: str
) -> str:
    """A row for each point, which is a button; below the chosen one its numbers if ``opened``.

    ``outcome`` is what came of the search with this input.
    """
    rows = []
    for k, rest in enumerate(rests[:_SHOWN]):
        open_here = opened and k == chosen
        rows.append(_row(k, rest, k == chosen, open_here))
        if open_here:
            rows.append(f'<tr><td colspan="4">{_numbers(rest.point, noun)}</td></tr>')
    head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
    table = f"<table><tr>{head}</tr>{''.join(rows)}</table>" if rows else ""
    more = f"{len(rests) - _SHOWN} more are in the plane. " if len(rests) > _SHOWN else ""
    said = f"{more}{outcome}"
    return f'<div class="rnnviz-rests"><h4>Points</h4>{table}<p>{said}</p></div>'


def _row(index: int, rest: Rest, chosen: bool, opened: bool) -> str:
    kind, side = rest.point.kind, rest.readout.side
    leaves = f" ({rest.point.unstable})" if kind is Kind.SADDLE else ""
    color = "" if side is None else ("first", "second")[side]
    held, read = escape(rest.held), escape(rest.readout.text)
    expanded = str(opened).lower()
    cells = (
        f'<button data-at="{index}" aria-expanded="{expanded}" title="{held}">{held}</button>',
        f'<i class="{color}">{_SIGNS[kind]}</i> {_WORDS[kind]}{leaves}',
        f'<span class="{color}" title="{read}">{read}</span>',
        _size(float(abs(rest.point.eigenvalues[0]))),
    )
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr data-at="{index}" class="{"chosen" if chosen else ""}">{row}</tr>'


def _numbers(point: FixedPoint, noun: str) -> str:
    """All that is known of a point."""
    largest = float(abs(point.eigenvalues[0]))
    memory = number(point.memory) if point.memory < _MAX_MEMORY else f"> {_MAX_MEMORY:,}"
    leaves = f", leaves in {number(-float(point.time_constants[0]))} {noun}s" if largest > 1 else ""
    answers, state = (
        ", ".join(number(float(value)) for value in values)
        for values in (point.answers, point.state)
    )
    return escape(
        f"{point.starts} starts; speed q = {number(point.speed, 2)}; "
        f"memory {memory} {noun}s{leaves}; output: {answers}; state: {state}"
    )


def _size(eigenvalue: float) -> str:
    """An absolute value; near 1 as 1 plus or minus the distance."""
    distance = eigenvalue - 1
    if not distance or abs(distance) >= _NEAR_ONE:
        return number(eigenvalue, 3)
    return f"1 {'+' if distance > 0 else '−'} {number(abs(distance), 1)}"


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
