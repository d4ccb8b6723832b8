"""The longest text of any moment, so that the page can reserve space for it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rnnviz.analysis.captions import caption_keys, run_fields
from rnnviz.analysis.formatting import quoted
from rnnviz.analysis.formula import Formula, formula
from rnnviz.analysis.training_step import Focus, StepRecord
from rnnviz.engine.timeline import Moment

#: The longest number, the longest index of a token, and the most characters of a word.
_NUMBER, _TOKEN, _MOST_SIGNS = "−0.0001234", "200", 40
#: A value, but not the index of a token or unit, nor a shape.
_VALUE = re.compile(r"(?<=[ (])−?\d[\d.]*(?:e[−+]?\d+)?(?![\d,)])")
#: The fields of captions that are numbers.
_NUMBERS = ("p", "answer", "loss", "factor", "whole", "lost", "largest", "change")


def longest_captions(step: StepRecord, focus: Focus) -> list[tuple[str, dict[str, str]]]:
    """Every text that may explain a moment of such a step, with fields of the greatest length."""
    steady, word = run_fields(step), _longest(_words(step))
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
    """One formula of every kind that the step has, with the longest words and numbers."""
    kinds = {_kind(step, moment): moment for moment in step.moments}
    formulas = (formula(step, focus._replace(moment=moment)) for moment in kinds.values())
    return [Formula(*(_widened(line, step) for line in lines)) for lines in formulas]


def _kind(step: StepRecord, moment: Moment) -> tuple[object, ...]:
    """What the terms of a formula depend on: the phase, and the sources of the gradient."""
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
