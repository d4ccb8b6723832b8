"""What a moment of a step says in words and formulas."""

from __future__ import annotations

from html import escape

from rnnviz.analysis.captions import caption_fields, caption_key
from rnnviz.analysis.formula import formula
from rnnviz.analysis.step import StepRecord, largest_changes
from rnnviz.engine.timeline import Moment, Phase
from rnnviz.microscope import Subject
from rnnviz.session import Session
from rnnviz.ui.text import explanation


def levels_html(session: Session, step: StepRecord) -> str:
    """Where the moment is: epoch, phrase, and word."""
    epoch, position = session.here
    moment, words = session.microscope.moment, step.words
    target = step.names.classes[step.target]
    phrase = f"phrase {position + 1} of {session.run.phrases}"
    if session.microscope.subject is Subject.OWN:
        phrase = "a phrase of your own"
    places = [
        f"epoch {epoch}",
        f"{phrase}: “{' '.join(words)}” → {target}",
        moment.phase.value,
    ]
    if moment.phase in (Phase.FORWARD, Phase.BACKWARD):
        places.append(f"word {moment.number} of {len(words)}: “{words[moment.t]}”")
    if session.problem and session.microscope.subject is Subject.OWN:
        places = [session.problem]
    shown = " › ".join(f"<b>{escape(place)}</b>" for place in places)
    return f'<div class="rnnviz-levels">{shown}</div>'


def caption_html(step: StepRecord, moment: Moment) -> str:
    """What happens at this moment, in two sentences."""
    text = explanation(caption_key(step, moment)).format(**caption_fields(step, moment))
    return f'<div class="rnnviz-moment" aria-live="polite">{escape(text)}</div>'


def formula_html(step: StepRecord, moment: Moment, unit: int) -> str:
    """The formula in symbols, in shapes and in the numbers of one unit."""
    lines = formula(step, moment, unit)._asdict().items()
    shown = "".join(f'<div class="{name}">{escape(line)}</div>' for name, line in lines)
    return f'<div class="rnnviz-formula">{shown}</div>'


def changes_html(step: StepRecord, moment: Moment) -> str:
    """At the update a table of the weights that change most; before it, what will be here."""
    title = "<b>Largest changes of this step</b>"
    if moment.phase is not Phase.UPDATE:
        body = (
            "<p>The weights change only at the very end, at the update: go there to see which.</p>"
        )
        return f'<div class="rnnviz-changes">{title}{body}</div>'
    rows = "".join(
        f"<tr><td>{escape(row.name)}</td><td>{row.before:+.6f}</td>"
        f"<td>{row.change:+.6f}</td><td>{row.after:+.6f}</td></tr>"
        for row in largest_changes(step)
    )
    head = "<tr><th>weight</th><th>before</th><th>change</th><th>after</th></tr>"
    return f'<div class="rnnviz-changes">{title}<table>{head}{rows}</table></div>'
