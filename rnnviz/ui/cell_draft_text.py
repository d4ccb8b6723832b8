"""The check of a cell's equations as HTML for the editor."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from urllib.parse import quote

from rnnviz.engine.cell_source import backward_equations, source
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.probe.inputs import CellDraft

#: The beginning of a longer line is left out, so that the column is in sight.
_SHOWN = 40


@lru_cache(16)
def draft_html(draft: CellDraft) -> str:
    """The derived backward equations, or what is wrong and where."""
    if cell := draft.cell:
        return (
            '<div class="fine"><h3>Backward, derived</h3><small>From the last token to the first; '
            f"a prime marks what is before the token.</small>{_equations(cell)}"
            f"<p>{escape('. '.join(_facts(cell)))}.</p>"
            '<p class="check"><b>✓ The gradient is right</b>, by complex steps. '
            '<a download="cell.py" href="data:text/x-python;charset=utf-8,'
            f'{quote(source(cell.text))}">Save as a NumPy script</a></p></div>'
        )
    assert draft.problem
    if draft.before is None:
        return _problem(draft.text, draft.problem)
    # The equations derived before the problem, dimmed.
    return (
        f"{_problem(draft.text, draft.problem)}"
        f'<div class="before"><h3>Backward, before this error</h3>{_equations(draft.before)}</div>'
    )


def _problem(text: str, problem: CellError) -> str:
    line, column, sentence = problem.line, problem.column, problem.sentence
    written = text.split("\n")[line - 1].replace("\t", " ")
    cut = max(0, column - _SHOWN)
    shown = f"{'…' * bool(cut)}{written[cut:]}"
    caret = " " * (column - 1 - cut + bool(cut)) + "^"
    end = "" if sentence.endswith(("?", ".")) else "."
    return (
        f'<div class="wrong" data-line="{line}" data-column="{column}">'
        f"<h3>Line {line}, column {column}</h3><pre>{escape(shown)}\n<b>{caret}</b></pre>"
        f"<p>{escape(sentence)}{end}</p></div>"
    )


def _equations(cell: DerivedCell) -> str:
    """The derived backward equations, one per row."""
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


def _facts(cell: DerivedCell) -> list[str]:
    """The states, the gates, and the weights by their shape."""
    shapes = cell.equations.shapes
    return [
        f"States {', '.join(cell.states)}",
        *([f"Gates {', '.join(cell.gates)}"] if cell.gates else []),
        *(
            f"{', '.join(name for name in shapes if shapes[name] == shape)}: {' × '.join(shape)}"
            for shape in dict.fromkeys(shapes.values())
        ),
    ]
