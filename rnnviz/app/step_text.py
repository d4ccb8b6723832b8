"""Caption, formula and changes of a moment, as HTML."""

from __future__ import annotations

from html import escape

from rnnviz.analysis.captions import caption_fields, caption_key
from rnnviz.analysis.formula import formula
from rnnviz.analysis.longest_text import longest_captions, longest_formulas
from rnnviz.analysis.training_step import Focus, StepRecord, largest_changes
from rnnviz.app.stage import TextBlock
from rnnviz.app.text import explanation
from rnnviz.engine.timeline import Moment, Phase
from rnnviz.lab.probe import Probe, target_text
from rnnviz.session import Session


def levels_html(session: Session, probe: Probe, step: StepRecord) -> str:
    """The position of the moment: epoch, phrase and target, phase, and word."""
    if session.step.own and session.phrase_input.problem:
        return f'<div class="rnnviz-levels"><b>{escape(session.phrase_input.problem)}</b></div>'
    levels = _levels(session, probe, step, session.step.moment)
    shown = " › ".join(f"<b>{escape(level)}</b>" for level in levels)
    return f'<div class="rnnviz-levels">{shown}</div>'


def levels_reserve(session: Session, probe: Probe, step: StepRecord) -> list[TextBlock]:
    """The longest position of any moment of this step."""
    lines = (" › ".join(_levels(session, probe, step, moment)) for moment in step.moments)
    return [[("place", max(lines, key=len))]]


def _levels(session: Session, probe: Probe, step: StepRecord, moment: Moment) -> list[str]:
    words, own = step.words, session.step.own
    epoch, position = session.player.position
    phrase = "a sequence of your own" if own else _example(session, position)
    target = target_text(session.dataset, step.trace.targets[step.unrolled(0).rows])
    levels = [
        f"epoch {epoch}",
        f"{phrase}: “{_around(step, moment.t)}” → {target}{_source(probe) if own else ''}",
        moment.phase.value,
    ]
    many = moment.phase is Phase.LOSS and len(step.outputs) > 1
    if many or moment.phase in (Phase.FORWARD, Phase.BACKWARD):
        levels.append(f"{step.names.noun} {moment.number} of {len(words)}: “{words[moment.t]}”")
    return levels


def _example(session: Session, position: int) -> str:
    example = f"example {position + 1} of {session.run.examples}"
    count = len(session.step_query().next_examples)
    return f"{example}, the first of a batch of {count}" if count > 1 else example


def _around(step: StepRecord, t: int) -> str:
    """The sequence; of a long one the 10 tokens around token t."""
    words = step.words
    first = max(0, min(t - 4, len(words) - 10))
    last = min(len(words), first + 10)
    shown = ("" if step.names.noun == "character" else " ").join(words[first:last])
    return f"{'… ' if first else ''}{shown}{' …' if last < len(words) else ''}"


def _source(probe: Probe) -> str:
    """Where the target of the reader's own sequence comes from, and its unknown words."""
    source = (
        f"the network's own {probe.noun}, as it has no label"
        if probe.label is None
        else "its label"
    )
    unknown = ", ".join(word[:20] for word in probe.reading.unknown[:6])
    return f" ({source}{f'; not in the vocabulary: {unknown}' if unknown else ''})"


def caption_html(step: StepRecord, focus: Focus) -> str:
    """The caption of this moment, in two sentences."""
    text = explanation(caption_key(step, focus), **caption_fields(step, focus))
    return f'<div class="rnnviz-moment" aria-live="polite">{escape(text)}</div>'


def caption_reserve(step: StepRecord, focus: Focus) -> list[TextBlock]:
    """The longest captions of such a step."""
    captions = longest_captions(step, focus)
    return [[("said", explanation(key, **fields))] for key, fields in captions]


def formula_html(step: StepRecord, focus: Focus) -> str:
    """The formula in symbols, in shapes and in the numbers of one unit."""
    lines = formula(step, focus)._asdict().items()
    shown = "".join(f'<div class="{name}">{escape(line)}</div>' for name, line in lines)
    return f'<div class="rnnviz-formula">{shown}</div>'


def formula_reserve(step: StepRecord, focus: Focus) -> list[TextBlock]:
    """The longest formulas of such a step."""
    return [[*lines._asdict().items()] for lines in longest_formulas(step, focus)]


def changes_html(step: StepRecord, focus: Focus) -> str:
    """At the update a table of the weights that change most; before it, a hint."""
    title = "<b>Largest changes of this step</b>"
    if focus.moment.phase is not Phase.UPDATE:
        body = "<p>The weights change only at the update. Go there to see which.</p>"
        return f'<div class="rnnviz-changes">{title}{body}</div>'
    rows = "".join(
        f"<tr><td>{escape(row.name)}</td>{_cells(row.before, row.change, row.after)}</tr>"
        for row in largest_changes(step)
    )
    head = "<tr><th>weight</th><th>before</th><th>change</th><th>after</th></tr>"
    return f'<div class="rnnviz-changes">{title}<table>{head}{rows}</table></div>'


def _cells(*values: float) -> str:
    return "".join(f"<td>{value:+.6f}</td>" for value in values).replace("-", "−")
