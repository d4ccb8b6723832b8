"""Texts next to the charts: their explanations, status, and verdict."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextvars import ContextVar
from enum import StrEnum
from functools import cache
from html import escape, unescape
from importlib.resources import files
from pathlib import Path

import numpy as np

from rnnviz.charts.glossary import tip
from rnnviz.charts.theme import shown_token
from rnnviz.config import OutputAt
from rnnviz.probe.formatting import number, own_number, quoted
from rnnviz.probe.health import MEANINGS, Level, Sign, judged, overfit, phase_of, worst
from rnnviz.probe.probe import Probe, names_at
from rnnviz.probe.questions import PAGES, GradientQuestion, StateQuestion, TrainQuestion, page_of
from rnnviz.probe.results import wilson
from rnnviz.probe.session import Session
from rnnviz.run.timeline import LOOKING_BACK
from rnnviz.tasks.dataset import EXACT, Dataset
from rnnviz.tasks.forecasts import expected_values, expects_values
from rnnviz.tasks.task import Preset

#: The unit of the axis of a run.
_unit = ContextVar("unit", default="epoch")
_EPOCH = re.compile(r"(?<![{\w])(an )?epoch(s?)\b")
#: "training" as the training set, not as the process.
_TRAINING = re.compile(r"(?<!before )(?<!in )\btraining\b(?! loop)")

#: An answer and its target with more characters are in smaller letters.
_LONG_ANSWER = 20


def count_in(unit: str) -> None:
    """Count in this ``unit``, not in epochs, in the explanations of this context.

    If it isn't epochs, it is a recording, and the examples are its probe's, not those of training.
    """
    _unit.set(unit)


@cache
def texts() -> dict[str, str]:
    """Every text by its name: "question/heading", or "heading" for charts/text.md."""
    package = Path(str(files("rnnviz")))
    found = {}
    for path in [package / "charts" / "text.md", *package.glob("questions/*/text.md")]:
        folder = "" if path.parent.name == "charts" else f"{path.parent.name}/"
        _, *sections = path.read_text(encoding="utf-8").split("\n## ")
        for heading, _, text in (section.partition("\n") for section in sections):
            found[folder + heading] = text.strip()
    return found


def explanation(name: str, **fields: str) -> str:
    """The text of this name in ``texts``, with its gaps filled; {noun} is "word" by default."""
    text, unit = texts()[name], _unit.get()
    if unit != "epoch":
        text = _EPOCH.sub(lambda found: f"{'a ' * bool(found[1])}{unit}{found[2]}", text)
        text = _TRAINING.sub("probe", text)
    return text.format(**{"noun": "word", "weights": "W_hh", **fields})


# The status of a session as HTML: story line, verdict, scores and signs


#: Sentences of more characters are written smaller in a narrow window, in two steps.
LONG, LONGER = 84, 112
#: The question whose tab shows what a sign measures.
_QUESTIONS = {
    "saturated": StateQuestion.CARRY, "silent": StateQuestion.CARRY,
    "clipped": GradientQuestion.FEED, "update": GradientQuestion.FEED,
    "gradient": GradientQuestion.FEED, "reach": GradientQuestion.REACH,
    "overfit": TrainQuestion.WRONG,
}  # fmt: skip
#: Short forms of questions, for the link of the story.
_SHORT = {
    GradientQuestion.REACH: "How far back?",
    StateQuestion.WHAT_IF: "What if?",
    StateQuestion.CARRY: "Which units?",
    TrainQuestion.WRONG: "Better than what?",
}
#: Signs that a recording doesn't have: its optimizer is another program's.
_OF_A_STEP = ("clipped", "update")
#: Longer numbers of epochs are written smaller.
MOST_DIGITS = 4


def story_line(chip: str, sentence: str, broken: bool = False, *, pair: bool = False) -> str:
    """The story line of a page: the chapter and a sentence, both HTML; of a ``pair`` or a run."""
    kind = " pair" * pair + " broken" * broken + size_of(sentence)
    chapter = "" if pair else f' data-chapter="{chip}"'
    # In a grid each tag would be an item of its own.
    body = f"<bdi>{sentence}</bdi>" if "<" in sentence else sentence
    return (
        f'<div class="rnnviz-story{kind}"{chapter} aria-live="polite"><b>{chip}</b>'
        f'<span title="{escape(tip(plain(sentence)))}">{body}</span></div>'
    )


def size_of(body: str) -> str:
    """The class of a sentence by its length."""
    count = len(plain(body))
    return " longer" if count > LONGER else " long" * (count > LONG)


def plain(html: str) -> str:
    """The text of a piece of HTML."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def question_link(question: StrEnum, text: str = "") -> str:
    """A button that opens the tab of a question; its text is the question by default."""
    page = page_of(question).capitalize().replace("Hidden", "Hidden states")
    return (
        f'<button class="rnnviz-go" data-question="{escape(question)}" '
        f'title="{page}: {escape(question)}">{escape(text or question)}</button>'
    )


def epoch_link(epoch: int, text: str) -> str:
    """A button that shows an epoch."""
    return (
        f'<button class="rnnviz-press rnnviz-go" data-do="seek" data-epoch="{epoch}">'
        f"{escape(text)}</button>"
    )


def preset_link(preset: Preset) -> str:
    """A button that trains with a preset, on the page that is open."""
    return (
        f'<button class="rnnviz-go" data-preset="{escape(preset.label)}" '
        f'title="{escape(preset.promise)}">Train {escape(preset.label)}</button>'
    )


def ask(session: Session, question: str) -> str:
    """Open ``question`` on its page; return the page, "" for another text."""
    for page, kind in PAGES.items():
        if question in list(kind):
            session.questions[page] = kind(question)
            return page
    return ""


def status_texts(session: Session, story: str | None = None, linked: bool = True) -> dict[str, str]:
    """The texts of the header: status, signs, message, and ``story``, by default that of the run.

    ``linked`` adds links to the tabs.
    """
    signs, done = _signs(session), escape(session.player.message)
    sign = worst(signs)
    # The worst sign in one word, and a dot in the colour of its level.
    word = "no warning" if sign.level is Level.FINE else sign.name
    said = f"Health: {sign.name}, {sign.level}"
    dot = f'<i class="{sign.level}" title="{said}">●</i>'
    return {
        "status": scores_html(session, session.player.condition),
        "story": story or story_html(session, linked),
        "health": f'{dot} {word}<span class="rnnviz-unseen">, {said}</span>',
        "signs": _table(session, signs, linked),
        "message": f'<div class="rnnviz-message" role="status" title="{done}">{done}</div>',
    }


def _signs(session: Session) -> Sequence[Sign]:
    """The signs of health at the epoch shown, judged by the phase of the run."""
    history = session.run.history
    end = history.rows_until(session.player.position.epoch)
    train, test = (history.column(f"{role}_loss")[:end] for role in ("train", "test"))
    guess = session.dataset.guess.loss
    phase = phase_of(train, guess)
    signs = [judged(sign, phase) for sign in session.signs]
    if session.player.recorded:
        return [sign for sign in signs if sign.name not in _OF_A_STEP]
    return [*signs, overfit(test, train, guess)]


def scores_html(session: Session, condition: str) -> str:
    """The ``condition`` of the run, the epoch, and loss and metric on training and test set."""
    player, data = session.player, session.dataset
    epoch, offset = player.position
    history, last = session.run.history, player.course.epochs
    scores, unit = history.row(epoch), history.unit
    # Within an epoch the scores are those of its beginning.
    of = f"<small>{f'at {epoch}' if offset else '&nbsp;'}</small>"
    # Sized for the last epoch, so that the font size stays the same.
    kind = "long" if len(str(last)) > MOST_DIGITS else ""
    kind = f"epoch {'within' if offset else kind}"
    what = f"{condition} at" if condition == LOOKING_BACK else f"{condition} · {unit}"
    rows = "".join(
        f'<tr class="{role}"><th>{name}</th>'
        f"{_loss_cell(data, scores[f'{role}_loss'])}"
        f"{_metric_cell(data if role == 'test' else None, scores[f'{role}_metric'])}</tr>"
        for role, name in zip(("train", "test"), history.roles, strict=True)
    )
    few = ' class="few"' if "<i>" in rows else ""  # An interval needs room.
    return (
        f'<div class="rnnviz-status"><div class="{kind}"><small>{what}</small>'
        f"<b>{player.progress} <span>of {last}</span></b></div><table{few}>"
        f'<tr><td>{of}</td><th title="{escape(tip(f"loss {data.guess.unit}"))}">'
        f"loss ({data.guess.unit})</th>"
        f'<th title="{escape(tip(data.metric.name))}">{data.metric.name}</th></tr>'
        f"{rows}</table></div>"
    )


def _loss_cell(data: Dataset, loss: float) -> str:
    """A loss; of one column of numbers over time its root in the column's units, as a tip."""
    tip, score = "", score_text(loss, "{:.4f}")
    if expects_values(data) and data.answer_units and math.isfinite(loss):
        (name, *others) = expected_values(data).columns.expected
        error = own_number(math.sqrt(loss) * data.answer_units.scale[0])
        tip = "" if others else f' title="root mean square error of {escape(name)}: {error}"'
    return f"<td{tip}>{score}</td>"


#: An interval of fewer points is not written.
_NARROW = 4


def _metric_cell(data: Dataset | None, share: float) -> str:
    """A score, and the 95% interval (Wilson) of what the test sequences of ``data`` tell.

    Answers after every token depend on each other, and have none.
    """
    score, every = score_text(share, "{:.1%}"), OutputAt.EVERY
    dependent = data and data.reads is every and data.metric is not EXACT
    if not (data and data.test) or dependent or math.isnan(share):
        return f"<td>{score}</td>"
    low, high = 100 * wilson(np.array([share]), np.array([len(data.test)]))[0]
    tip = f"{len(data.test):,} sequences: 95% interval (Wilson) from {low:.1f}% to {high:.1f}%"
    short = f"<i>{low:.0f}–{high:.0f}</i>" if high - low >= _NARROW else ""
    return f'<td title="{tip}">{score}{short}</td>'


def story_html(session: Session, linked: bool = True) -> str:
    """The chapter at the epoch shown, and a sentence, ``linked`` to the tab that shows it."""
    told, player = session.story, session.player
    question, sentence = told.question, escape(told.sentence)
    # While the run plays, a link would jump with every number.
    if question and linked and not player.running:
        sentence = f"{sentence} {question_link(question, _SHORT.get(question, ''))}"
    return story_line(told.chapter, sentence, told.broken)


def _table(session: Session, signs: Sequence[Sign], linked: bool) -> str:
    rows, noun = "", session.names.noun
    for sign in signs:
        value = score_text(sign.value, "{:.0%}") if sign.share else number(sign.value, 2)
        meaning = escape(f"{MEANINGS[sign.name]} {sign.advice}".replace("token", noun))
        name = question_link(_QUESTIONS[sign.name], sign.name) if linked else sign.name
        cells = f"<td>{name}</td><td>{value}</td><td><i>{sign.level}</i></td><td>{meaning}</td>"
        rows += f'<tr class="{sign.level}">{cells}</tr>'
    # A run that has stopped has its own hint, in the message; two would compete.
    stopped = session.player.remedy and session.player.shown is None
    said = f"On the {session.names.sequence} shown: {worst(signs).advice}".replace("token", noun)
    advice = "" if stopped else escape(said)
    return f'<div class="rnnviz-health"><p>{advice}</p><table>{rows}</table></div>'


#: Larger scores have no room with all their digits.
MOST_SCORE = 10_000


def score_text(value: float, form: str) -> str:
    """A score in the format ``form``; ∞, a dash for none, or 1.8·10⁹⁰ where that is too long."""
    return form.format(value) if abs(value) < MOST_SCORE else number(value, 2)


def called(probe: Probe, t: int) -> str:
    """Token ``t`` of a probe in a sentence: “not”, or the time of a step of a series."""
    if probe.dataset.units is None:
        return quoted(shown_token(probe.words[t]))
    return f"{names_at(probe.dataset, probe.example).time} {probe.step_names[t]}".strip()


def verdict_html(probe: Probe, problem: str, opened: bool = False) -> str:
    """The answer to the probe with its probability or score, and skipped words; or a problem.

    ``opened``: the probe is a sequence of the data, not the phrase.
    """
    whose = f"{escape(quoted(probe.reading.text))}: " if opened else ""
    noun = "expected" if expects_values(probe.dataset) else probe.noun
    name = "" if opened or problem else noun.capitalize()
    line = f"<p>{whose}{_answer(probe)}</p>"
    if problem:
        line = f'<p class="problem">{escape(problem)}</p>'
    elif probe.reading.unknown:
        words = escape(", ".join(word[:40] for word in probe.reading.unknown[:12]))
        skipped = f"not in the vocabulary: {words} (skipped)"
        # It may be cut at the end.
        line = f'<p title="{skipped}">{whose}{_answer(probe)}; {skipped}</p>'
    long = " long" * (len(probe.verdict) + len(probe.label or "") > _LONG_ANSWER)
    return f'<div class="rnnviz-verdict{long}"><small>{name}</small>{line}</div>'


def _next_values(probe: Probe) -> str:
    """What is expected at the next step and what came; all columns but the first in a tip."""
    data = probe.dataset
    names = data.classes[: len(data.series.columns.expected)] if data.series else ()
    pairs = zip(
        names, data.own_answers(probe.answers[-1]), data.own_answers(probe.known[-1]), strict=False
    )
    told = [
        f"{escape(name) + ' ' if len(names) > 1 else ''}<b>{number(expected)}</b>"
        + ("" if math.isnan(real) else f", came {number(real)}")
        for name, expected, real in pairs
    ]
    if len(told) < 2:
        return "".join(told)
    every = "; ".join(told).replace("<b>", "").replace("</b>", "")
    return f'<span title="{every}">{told[0]} (+ {len(told) - 1})</span>'


def _answer(probe: Probe) -> str:
    if not probe.finite:
        return f"no {probe.noun}: the states are not finite numbers"
    if expects_values(probe.dataset):
        return _next_values(probe)
    if probe.every and not probe.generated:
        if math.isnan(probe.score):
            return "no target is known here"
        return f"<b>{probe.score:.1%}</b> {escape(probe.dataset.metric.name)} on this sequence"
    side = "" if probe.side is None else ("first", "second")[probe.side]
    answer = f'<b class="{side}">{escape(probe.verdict) or "(nothing)"}</b>'
    if probe.dataset.answers_classes and not probe.generated:
        return f"{answer} {probe.probability:.1%}"
    target = "" if probe.label is None else f", target: <b>{escape(probe.label)}</b>"
    return f"{answer}{target}"
