"""The answer to a phrase as HTML."""

from __future__ import annotations

import math
from html import escape

from rnnviz.probe.formatting import quoted
from rnnviz.probe.probe import Probe


def verdict_html(probe: Probe, problem: str, opened: bool = False) -> str:
    """The answer to the probe with its probability or score, and skipped words; or a problem.

    ``opened`` tells that the probe is another sequence than the one that is typed.
    """
    whose = f"{escape(quoted(probe.reading.text))}: " if opened else ""
    name = "" if opened else probe.noun.capitalize()
    line = f"<p>{whose}{_answer(probe)}</p>"
    if problem:
        name = ""
        line = f'<p class="problem">{escape(problem)}</p>'
    elif probe.reading.unknown:
        words = escape(", ".join(word[:40] for word in probe.reading.unknown[:12]))
        skipped = f"not in the vocabulary: {words} (skipped)"
        # It may be longer than its place; its beginning is read.
        line = f'<p title="{skipped}">{whose}{_answer(probe, brief=True)}; {skipped}</p>'
    return f'<div class="rnnviz-verdict"><small>{name}</small>{line}</div>'


def _answer(probe: Probe, brief: bool = False) -> str:
    if not probe.finite:
        return f"no {probe.noun}: the states are not finite numbers"
    if probe.every and not probe.said:
        return _score(probe)
    side = "" if probe.side is None else ("first", "second")[probe.side]
    answer = f'<b class="{side}">{escape(probe.verdict) or "(nothing)"}</b>'
    if probe.dataset.answers_classes and not probe.said:
        return f"{answer}{' ' if brief else ' with probability '}{probe.probability:.1%}"
    target = "" if probe.label is None else f", target: <b>{escape(probe.label)}</b>"
    return f"{answer}{target}"


def _score(probe: Probe) -> str:
    if math.isnan(probe.score):
        return "no target is known here"
    return f"<b>{probe.score:.1%}</b> {escape(probe.dataset.metric.name)} on this sequence"
