"""What came of the check of a cell's equations, as HTML for the editor."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from html import escape
from urllib.parse import quote

from rnnviz.engine.cell_source import backward_equations, source
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.probe.inputs import CellDraft

#: Of a longer line the beginning is left out, so that the column is in sight.
_SHOWN = 40


@lru_cache(16)
def draft_html(draft: CellDraft) -> str:
    """The derived backward equations, or what is wrong and where."""
    if draft.cell is None:
        assert draft.problem
        kept = _kept(draft.before) if draft.before else ""
        return _problem(draft.text, draft.problem) + kept
    return _derived(draft.cell)


def _kept(cell: DerivedCell) -> str:
    """What was derived before the problem, dimmed."""
    return f'<div class="before"><h3>Backward, before this error</h3>{_equations(cell)}</div>'


def _problem(text: str, problem: CellError) -> str:
    line, column = problem.line, problem.column
    written = text.split("\n")[line - 1].replace("\t", " ")
    cut = max(0, column - _SHOWN)
    shown = f"{'…' * bool(cut)}{written[cut:]}"
    caret = " " * (column - 1 - cut + bool(cut)) + "^"
    return (
        f'<div class="wrong" data-line="{line}" data-column="{column}">'
        f"<h3>Line {line}, column {column}</h3><pre>{escape(shown)}\n<b>{caret}</b></pre>"
        f"<p>{escape(_ended(problem.sentence))}</p></div>"
    )


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith(("?", ".")) else f"{sentence}."


def _equations(cell: DerivedCell) -> str:
    """The derived backward equations, a row each."""
    pairs = (line.partition(" ") for line in backward_equations(cell.text))
    rows = "".join(
        f'<tr class="{"weights" if "outer(" in value else ""}">'
        f"<th>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, _, value in pairs
    )
    return (
        '<div class="equations" tabindex="0" role="region" aria-label="Backward, derived">'
        f"<table>{rows}</table></div>"
    )


def _derived(cell: DerivedCell) -> str:
    script = quote(f"{source(cell.text)}")
    return (
        '<div class="fine"><h3>Backward, derived</h3><small>From the last token to the first; a '
        "prime marks what is before the token.</small>"
        f"{_equations(cell)}<p>{escape('. '.join(_facts(cell)))}.</p>"
        '<p class="check"><b>✓ The gradient is right</b>, by complex steps. <a download="cell.py" '
        f'href="data:text/x-python;charset=utf-8,{script}">Save as a NumPy script</a></p></div>'
    )


def _facts(cell: DerivedCell) -> Iterator[str]:
    """The states, the gates, and the weights by their shape."""
    yield f"States {', '.join(cell.states)}"
    if cell.gates:
        yield f"Gates {', '.join(cell.gates)}"
    shapes = cell.equations.shapes
    for shape in dict.fromkeys(shapes.values()):
        names = ", ".join(name for name, other in shapes.items() if other == shape)
        yield f"{names}: {' × '.join(shape)}"
