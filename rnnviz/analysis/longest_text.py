"""The longest text of any moment, so that its place on the page can be kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rnnviz.analysis.captions import caption_keys, steady_fields
from rnnviz.analysis.formula import Formula, formula
from rnnviz.analysis.notation import quoted
from rnnviz.analysis.training_step import Focus, StepRecord
from rnnviz.engine.timeline import Moment

#: A number with all that it may have, of a token the number, and how much of a word has room.
_NUMBER, _TOKEN, _MOST_SIGNS = "−0.0001234", "200", 40
#: A value, and not the number of a token, a unit or a parameter's size.
_VALUE = re.compile(r"(?<=[ (])−?\d[\d.]*(?:e[−+]?\d+)?(?![\d,)])")
#: What the captions have of these.
_NUMBERS = ("p", "answer", "loss", "factor", "whole", "lost", "largest", "change")


def longest_captions(step: StepRecord, focus: Focus) -> list[tuple[str, dict[str, str]]]:
    """Every text that may explain a moment of such a step, its gaps filled as far as they go."""
    steady, word = steady_fields(step), _longest(_words(step))
    fields = {
        **steady,
        **dict.fromkeys((*_NUMBERS, *(f"mean_{name}" for name in step.parts)), _NUMBER),
        **dict.fromkeys(("word", "first", "last"), word),
        **dict.fromkeys(("t", "T", "previous"), _TOKEN),
        "target": _longest(step.names.classes),
        "count": steady["total"],
    }
    return [(key, fields) for key in caption_keys(step, focus)]


def longest_formulas(step: StepRecord, focus: Focus) -> list[Formula]:
    """One formula of every kind that the step has, its words and numbers as long as they get."""
    kinds = {_kind(step, moment): moment for moment in step.moments}
    found = (formula(step, focus._replace(moment=moment)) for moment in kinds.values())
    return [Formula(*(_widened(line, step) for line in lines)) for lines in found]


def _kind(step: StepRecord, moment: Moment) -> tuple[object, ...]:
    """What the terms of a formula depend on: the phase, and whence the blame comes."""
    t, bridge = moment.t, step.unrolled(0).bridge
    return moment.phase, t in step.outputs, step.continues(t), t < bridge, t + 1 < bridge


def _widened(line: str, step: StepRecord) -> str:
    line = re.sub("“[^”]*”", quoted(_longest([*_words(step), *step.names.classes])), line)
    line = re.sub(r"(?<=_)\d+", _TOKEN[: len(str(len(step.words))) + 1], line)
    line = re.sub(r"(?<=\[)\d+", str(step.hidden - 1), line)
    return _VALUE.sub(_NUMBER, line)


def _words(step: StepRecord) -> Sequence[str]:
    return [*step.names.vocabulary, *step.names.source, *step.words]


def _longest(words: Sequence[str]) -> str:
    return max(words, key=len)[:_MOST_SIGNS]
