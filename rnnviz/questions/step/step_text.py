"""What is said of a moment of one training step."""

from __future__ import annotations

import re
from html import escape

from rnnviz.charts.explanation import explanation
from rnnviz.charts.status import size_of
from rnnviz.probe.probe import Probe, target_text
from rnnviz.probe.session import Session
from rnnviz.probe.training_step import Focus, Moment, Phase, StepRecord
from rnnviz.questions.step.captions import caption_fields, caption_key
from rnnviz.questions.step.measure import step_lab, step_query

#: With names of more letters than this, there is no room for a button each.
MOST_LETTERS = 110
#: Where a caption's first sentence ends.
_END = re.compile(r"(?<=[.!?]) ")


def moment_names(step: StepRecord) -> list[str]:
    """The names of the moments in order; none if there are too many."""
    names = [_name(step, moment) for moment in step.moments]
    return names if sum(map(len, names)) <= MOST_LETTERS else []


def _name(step: StepRecord, moment: Moment) -> str:
    word = step.words[moment.t]
    names = {Phase.FORWARD: f"→ {word}", Phase.BACKWARD: f"← {word}"}
    return names.get(moment.phase, moment.phase.value)


def story_html(step: StepRecord, moment: Moment, caption: str) -> str:
    """The moment's place in its phase, and the first sentence of its caption."""
    phase = moment.phase
    same = [other for other in step.moments if other.phase is phase]
    place = f" {same.index(moment) + 1} of {len(same)}" if len(same) > 1 else ""
    whole = escape(caption)
    sentence = _END.split(whole)[0]
    kind = "forward" if phase is Phase.FORWARD else "backward"
    return (
        f'<div class="rnnviz-story {kind}{size_of(sentence)}" aria-live="polite">'
        f"<b>{phase.value.capitalize()}{place}</b>"
        f'<span title="{whole}">{sentence}</span></div>'
    )


def caption(step: StepRecord, focus: Focus) -> str:
    """What happens at this moment, in two sentences."""
    return explanation(f"step/{caption_key(step, focus)}", **caption_fields(step, focus))


def subject_html(session: Session, probe: Probe, step: StepRecord) -> str:
    """Which example the step is on, and its target; or why the sequence can't be read."""
    problem = session.phrase_input.problem
    if step_lab(session).own and problem:
        return _shown(problem, "problem")
    what = _source(probe) if step_lab(session).own else _example(session)
    if session.dataset.one_class_at_end:
        targets = step.trace.targets[step.unrolled(0).rows]
        # First, as a narrow window may have no room for all.
        what = f"Target: {target_text(session.dataset, targets)}. {what}"
    if session.player.recorded:
        settings = session.settings
        what = f"{what}. A step of {settings.optimizer} at {settings.lr:g}, not one of the loop"
    return _shown(f"{what}.")


def _shown(text: str, kind: str = "") -> str:
    shown = escape(text)
    return f'<div class="rnnviz-subject {kind}" title="{shown}">{shown}</div>'


def _example(session: Session) -> str:
    example = f"Example {session.player.position.offset + 1} of {session.run.examples}"
    count = len(step_query(session).next_examples)
    return f"{example}, the first of a batch of {count}" if count > 1 else example


def _source(probe: Probe) -> str:
    """Where the target of the reader's own sequence comes from, and its unknown words."""
    unknown = ", ".join(word[:20] for word in probe.reading.unknown[:6])
    skipped = f"Not in the vocabulary: {unknown}. " if unknown else ""
    own = f"No label, so the target is the network's own {probe.noun}"
    return skipped + (own if probe.label is None else "With its label in the data")
