"""The story line of a question: the chapter, and the answer."""

from __future__ import annotations

from html import escape

from rnnviz.charts.story_line import preset_link, story_line
from rnnviz.presets import contrast
from rnnviz.probe.probe import Probe
from rnnviz.probe.session import Session


def answer_html(session: Session, answer: str, probe: Probe | None = None) -> str:
    """The story line of a laboratory: the chapter, and its answer as HTML; or what is wrong.

    ``probe`` is what is shown, if it isn't the phrase.
    """
    told, problem = session.story, session.phrase_input.problem
    answer = f"{answer} {told.ending}".rstrip()
    if told.ending and (other := contrast(session.config)):
        answer = f"{answer} {preset_link(other)}"
    unknown = ", ".join(word[:40] for word in (probe or session.inspect()).reading.unknown[:12])
    if problem or told.broken:
        answer = escape(problem or told.sentence)
    elif unknown:
        answer = f"Skipped, as not in the vocabulary: {escape(unknown)}. {answer}"
    return story_line(told, f"<bdi>{answer}</bdi>", bool(problem or told.broken))
