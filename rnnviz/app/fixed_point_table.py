"""Fixed points as tables, and the state of the search as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd

from rnnviz.analysis.fixed_points import FIXED, MERGE, SLOW, FixedPoint, FixedPoints, Kind
from rnnviz.analysis.formatting import number
from rnnviz.analysis.phase_portrait import Readout

#: Maximum number of points shown; the file has all.
_SHOWN = 40
#: The longest memory shown as a number; the distance below which |λ| is shown as 1 ± distance.
_MAX_MEMORY, _NEAR_ONE = 1_000_000, 1e-3
_HEADINGS = (
    "point", "kind", "speed q", "largest |λ|", "unstable", "memory (tokens)", "leaves in (tokens)",
    "starts", "read out there",
)  # fmt: skip


def points_html(points: Sequence[FixedPoint], readouts: Sequence[Readout]) -> str:
    """A row per point, for the first points: speed, stability, time constants and answer."""
    head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _cells(n, point, readout))}</tr>"
        for n, (point, readout) in enumerate(zip(points[:_SHOWN], readouts, strict=False), 1)
    )
    body = f"<table><tr>{head}</tr>{rows}</table>" if points else ""
    more = len(points) - _SHOWN
    rest = f"<p>{more} more in the numbers below.</p>" if more > 0 else ""
    return f'<div class="rnnviz-points">{body}{rest}</div>'


def _cells(index: int, point: FixedPoint, readout: Readout) -> list[str]:
    largest = float(abs(point.eigenvalues[0]))
    memory = number(point.memory) if point.memory < _MAX_MEMORY else f"> {_MAX_MEMORY:,}"
    escape_time = number(-float(point.time_constants[0])) if largest > 1 else "–"
    return [
        str(index), point.kind.value, f"{point.speed:.1e}", _size(largest), str(point.unstable),
        memory, escape_time, str(point.starts), readout.text,
    ]  # fmt: skip


def _size(eigenvalue: float) -> str:
    """An absolute value; near 1 as 1 plus or minus the distance."""
    distance = eigenvalue - 1
    if not distance or abs(distance) >= _NEAR_ONE:
        return number(eigenvalue)
    return f"1 {'+' if distance > 0 else '−'} {abs(distance):.0e}"


def points_table(points: Sequence[FixedPoint], readouts: Sequence[Readout]) -> pd.DataFrame:
    """All points with their states (H,) in full precision."""
    return pd.DataFrame([
        {
            "point": n, "kind": point.kind.value, "q": point.speed,
            "largest eigenvalue": abs(point.eigenvalues[0]), "unstable": point.unstable,
            "memory": point.memory, "starts": point.starts, "read out": readout.text,
            **{f"s[{i}]": value for i, value in enumerate(point.state)},
        }
        for n, (point, readout) in enumerate(zip(points, readouts, strict=True), 1)
    ])  # fmt: skip


def search_html(found: FixedPoints | None, searching: tuple[int, float] | None) -> str:
    """The progress (epoch, share) of the search, or its outcome."""
    state = _progress(*searching) if searching else _outcome(found)
    rules = (
        f"Fixed: q &lt; {_power(FIXED)}; slow: a minimum of q, at most {_power(SLOW)}; points "
        f"within {MERGE:g} of each other are one."
    )
    return f'<div class="rnnviz-search" role="status"><div>{state}</div>{rules}</div>'


def _power(value: float) -> str:
    return f"{value:.0e}".replace("e-0", "e-")


def _progress(epoch: int, share: float) -> str:
    bar = f'<progress value="{share:.3f}" max="1" aria-label="search"></progress>'
    return f"Searching at epoch {epoch}: {bar} <b>{share:.0%}</b>"


def _outcome(found: FixedPoints | None) -> str:
    if found is None:
        return "No search yet at these weights with this input: press <b>Find</b>."
    counts = ", ".join(f"<b>{len(found.of(kind))} {kind.value}</b>" for kind in Kind)
    missing = [
        (found.outside, "left the range of possible states"),
        (found.lost, "found nothing slow"),
    ]
    rest = "".join(f", {count} {what}" for count, what in missing if count)
    short = f" of {found.requested}, because time ran out" if found.starts < found.requested else ""
    undescribed = (
        f"; {found.undescribed} more points were not examined" if found.undescribed else ""
    )
    return f"{counts}, from {found.starts} starts{short}{rest}{undescribed}."
