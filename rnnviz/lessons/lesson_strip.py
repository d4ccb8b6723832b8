"""The strip of a lesson, which replaces the story, and what the browser draws over the pictures."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape, unescape
from typing import Any

from rnnviz.charts.compare_menu import button
from rnnviz.charts.glossary import tip
from rnnviz.lessons.body import MOST_WORDS
from rnnviz.lessons.curve import Curve
from rnnviz.lessons.lesson import Lesson, offered, open_lesson
from rnnviz.lessons.measures import LessonMeasure, MeasureUnit, Subject
from rnnviz.lessons.play import LessonPlay, LessonStep
from rnnviz.probe.questions import PAGES

#: The most points of a curve that the browser gets.
_MOST_POINTS = 300
#: What is measured is marked by two asterisks.
_BOLD, _STRONG = re.compile(r"\*\*(.+?)\*\*"), r"<b>\1</b>"


def lesson_texts(play: LessonPlay | None) -> dict[str, str]:
    """The texts that a lesson replaces: the story, and "lesson" as JSON for the browser.

    A lesson that is away leaves the story, and says how to come back.
    """
    if play is None:
        return {"lesson": ""}
    if not play.away:
        texts = {"lesson": json.dumps(_pictures(play)), "story": _strip(play)}
        # The only message kept is why a run has stopped.
        return texts if play.player.remedy else {**texts, "message": ""}
    back = button(f"Resume “{escape(play.lesson.title)}”", _DO, "resume", kind="rnnviz-go")
    if play.done:
        names = [one["name"] for one in lesson_list()]
        after = lesson_list()[(names.index(play.name) + 1) % len(names)]
        back = _begin(str(after["name"]), f"Next lesson: {after['title']}")
    if play.pair.before:
        back += " " + button("Back to the run before", "take_back", kind="rnnviz-go")
    said = f'<div class="rnnviz-message" role="status">{back}</div>'
    return {"lesson": json.dumps(_pictures(play)), "message": said}


_DO = "lesson"


@cache
def lesson_list() -> tuple[dict[str, object], ...]:
    """The names, titles and minutes of the lessons of the page, in their order."""
    lessons = {name: open_lesson(path) for name, path in offered().items()}
    return tuple(
        {"name": name, "title": one.title, "minutes": one.minutes} for name, one in lessons.items()
    )


def _begin(name: str, text: str) -> str:
    return (
        f'<button class="rnnviz-press rnnviz-go" data-do="{_DO}" data-what="begin" '
        f'data-label="{escape(name)}">{escape(text)}</button>'
    )


# The strip


def _strip(play: LessonPlay) -> str:
    """The step, the question, a text, and the answers to choose from, as HTML."""
    step, steps = play.step, [*LessonStep]
    dots = "".join(
        f'<i class="{"on" if one is step else "done" * (k < steps.index(step))}"></i>'
        for k, one in enumerate(steps)
    )
    choices, said = "".join(_choices(play)), _text(play)
    return (
        f'<div class="rnnviz-lesson" data-step="{step}" role="region" aria-label="Lesson">'
        f'<div class="line"><span class="step">{step}</span>'
        f"<strong>{escape(play.lesson.steps['Ask'].text)}</strong>"
        f'<span class="dots" role="img" aria-label="Step {steps.index(step) + 1} of {len(steps)}">'
        f'{dots}</span><span class="acts">{"".join(_buttons(play))}'
        f'<button class="rnnviz-press leave" data-do="{_DO}" data-what="leave" '
        'aria-label="Leave the lesson" title="Leave the lesson (Esc)">×</button></span></div>'
        f'<p aria-live="polite" title="{escape(tip(unescape(said)))}">{_BOLD.sub(_STRONG, said)}'
        '<span class="hint" hidden></span></p>'
        f'<div class="choices">{choices}</div></div>'
    )


def _text(play: LessonPlay) -> str:
    """The text of this step; measured numbers are between two asterisks."""
    if play.problem:
        return f"This run can't answer: {escape(play.problem)}"
    if play.step is LessonStep.RUN:
        return _on_its_way(play)
    step = play.lesson.steps[play.step]
    told = step.reason if play.step in play.answers and not play.unmeasured else ""
    said = _filled(play, told or step.text)
    if play.preparing:
        return f"{said} The network is being trained …"
    if play.step in (LessonStep.PREDICT, LessonStep.SEE) and (changed := _changed(play)):
        return f"{changed} {said}"
    # The picture has both, too: there are no more words in sight than can be read at a glance.
    judged = _judged(play) if play.step is LessonStep.SEE else ""
    few = play.lesson.in_sight(play.step) + len(judged.split()) <= MOST_WORDS
    return f"{judged} {said}".strip() if few else said


def _filled(play: LessonPlay, text: str) -> str:
    return play.lesson.filled(escape(text), play.values, "**{}**")


def _on_its_way(play: LessonPlay) -> str:
    guess = "Your guess is locked in." if play.guess else "You just watch."
    player = play.player
    if player.running:
        return f"{guess} The run is on its way."
    if not player.over:
        return f"{guess} Press Play: the run goes on."
    done = len(play.values)
    return f"{guess} Measuring: {done} of {done + play.unmeasured} …"


def _changed(play: LessonPlay) -> str:
    if not (names := play.judged):
        return ""
    *others, last = names
    listed = f"{', '.join(others)} and {last}" if others else last
    lesson = play.lesson
    guessed = [lesson.measures[name] for name in lesson.prediction.compare]
    own = [m.run == "main" and m.kind.subject is not Subject.SETTINGS for m in guessed]
    if all(own):
        said = "your guess is judged by your own run"
    elif any(own):
        said = "what you guessed about your own run is judged by it"
    else:
        said = "the guess is about other runs, which stay as they were"
    return f"You changed {escape(listed)}: {said}."


def _judged(play: LessonPlay) -> str:
    """The guess, and what the run did."""
    lesson = play.lesson
    if not play.guess:
        return ""
    said = lesson.prediction.said
    if lesson.prediction.how == "pick":
        yours, truth = (_wrong(lesson, values) for values in (play.guess, play.values))
        return f"You: **{yours}**. The run: **{truth}**."
    # The words before the first number are those of both.
    yours = lesson.filled(escape(said), play.guess, "**{}**")
    truth = lesson.filled(escape(said), play.values, "**{}**")
    return f"Yours {yours}. The run {truth}."


def _wrong(lesson: Lesson, values: Any) -> str:
    """The names whose measure counts as wrong."""
    level = lesson.prediction.wrong
    return ", ".join(n for n in lesson.prediction.compare if values[n] > level) or "none"


def _buttons(play: LessonPlay) -> Iterator[str]:
    step, experiment = play.step, play.lesson.experiment
    if play.problem or (play.changed and step in (LessonStep.PREDICT, LessonStep.SEE)):
        yield (
            f'<button class="rnnviz-press" data-do="{_DO}" data-what="begin" '
            f'data-label="{escape(play.name)}">Set up again</button>'
        )
    if play.problem:
        return
    if step is LessonStep.PREDICT:
        yield '<button class="clear" hidden>Clear</button>'
        yield button("Just watch", _DO, "watch", kind="watch").replace("<button", "<button hidden")
        off = " disabled" * play.preparing
        yield f'<button class="main lock" title="Lock in your guess (Enter)"{off}>Lock in</button>'
    if step is LessonStep.RUN and not (play.player.over or play.player.stepping):
        yield button("To the end", _DO, "hurry", kind="main")
    if step is LessonStep.WHY and experiment:
        kind = "pressed" if play.trying else ""
        yield button(escape(experiment.label), _DO, "attempt", kind=kind)
    if step in play.answers or step is LessonStep.WHY:
        yield button(_NEXT[step], _DO, "go_on", kind="main")


_NEXT = {LessonStep.SEE: "Why?", LessonStep.WHY: "Next", LessonStep.TRANSFER: "Done"}


def _choices(play: LessonPlay) -> Iterator[str]:
    """The answers; once one is chosen, which are right."""
    given = play.answers.get(play.step)
    for k, (text, right) in enumerate(play.choices):
        said = f"<kbd>{k + 1}</kbd><span>{escape(text)}</span>"
        if given is None:
            yield button(said, _DO, "choose", str(k))
        else:
            kind = "right" if right else "wrong" if k == given and right is False else ""
            note = "<em>✓</em>" * bool(right) + "<em>you</em>" * (k == given)
            yield f'<button class="{kind}" disabled>{said}{note}</button>'


# The pictures


def _pictures(play: LessonPlay) -> dict[str, Any]:
    """What the browser keeps of a lesson and, unless it is away, draws over the pictures."""
    lesson, prediction = play.lesson, play.lesson.prediction
    kept = {"name": play.name, "title": lesson.title, "done": play.done, "note": _note(play)}
    if play.away:
        return {**kept, "away": True}
    locked = play.step not in (LessonStep.PREDICT, LessonStep.RUN)
    return {
        **kept,
        "begun": id(play),
        "step": play.step,
        "question": _question(lesson.page),
        "how": prediction.how,
        "on": prediction.on,
        "places": play.places if prediction.how == "draw" else [],
        "shapes": [shape.points for shape in prediction.shapes],
        "scale": play.pair.first.dataset.guess.loss if prediction.on == "loss" else 1,
        "handles": [_handle(play, name, locked) for name in prediction.compare],
        "last": len(play.pair.first.inspect().words) - 1,
        "drawn": _points(play.drawn),
        "truth": _points(play.truth) if locked else [],
        "lines": [{"label": label, "points": _points(one)} for label, one in play.lines],
        "events": [{"on": one.of, "epoch": round(play.values[one.name])} for one in play.events],
        "guessed": bool(play.guess),
        "here": play.pair.first.phrase_input.phrase == play.phrase,
        "trying": play.trying,
    }


def _question(page: str) -> str:
    """The question of a page of the lesson, whose tab is opened."""
    name, _, question = page.partition("/")
    kinds = PAGES.get(name, PAGES["train"])
    asked = (one for one in kinds if one.name.lower() == question)
    return next(asked, next(iter(kinds)))


def _handle(play: LessonPlay, name: str, locked: bool) -> dict[str, Any]:
    """A measure that is guessed: its word or network, the guess, and the measured value."""
    measure = play.lesson.measures[name]
    words = play.pair.first.inspect().words
    token = measure.options.get("word", len(words)) - 1
    # *See* asks for the trained values: hide them until it is answered.
    answered = play.step in play.answers or play.step in (LessonStep.WHY, LessonStep.TRANSFER)
    at_word = play.lesson.prediction.on in ("verdict", "gradient")
    label = words[token] if at_word and token < len(words) else _called(play, measure)
    return {
        "name": name,
        "label": label,
        "token": token if at_word else None,
        "epoch": measure.kind.notation is MeasureUnit.EPOCH,
        "guess": _finite(play.guess.get(name)),
        "truth": _finite(play.values.get(name)) if locked else None,
        "text": measure.written(play.values[name]) if locked and name in play.values else "",
        "kept": play.kept(name, trained=False) if locked else [],
        "trained": play.kept(name, trained=True) if locked and answered else [],
        "most": play.pair.first.config.hidden if measure.kind.notation is MeasureUnit.COUNT else 1,
    }


def _called(play: LessonPlay, measure: LessonMeasure) -> str:
    """What a measure is called in a picture: the cell of its run, units, or its own name."""
    if play.lesson.prediction.on == "kept":
        cell = play.lesson.runs[measure.run].cell
        return {"gru": "GRU", "lstm": "LSTM"}.get(cell, cell.title())
    if measure.kind.notation is MeasureUnit.COUNT:
        return f"units, of {play.pair.first.config.hidden}"
    return str(measure.of) if measure.kind.subject is Subject.SETTINGS else measure.name


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _points(curve: Curve | None) -> Sequence[Sequence[float]]:
    """A curve as points, thinned out to what a picture can show."""
    if curve is None:
        return []
    stride = max(1, len(curve.places) // _MOST_POINTS)
    kept = [*range(0, len(curve.places) - 1, stride), len(curve.places) - 1]
    return [[float(curve.places[k]), float(curve.values[k])] for k in kept]


def _note(play: LessonPlay) -> dict[str, Any]:
    """What the browser keeps for *My notes*: the guess, what happened, and the answers."""
    lesson = play.lesson
    return {
        "guess": {name: lesson.measures[name].written(v) for name, v in play.guess.items()},
        "run": {
            name: lesson.measures[name].written(play.values[name])
            for name in lesson.prediction.compare if name in play.values
        },
        "answers": {
            step: lesson.steps[step].choices[k].text for step, k in play.answers.items()
        },
        "right": {
            step: bool(lesson.steps[step].choices[k].right(play.values))
            for step, k in play.answers.items()
        },
    }  # fmt: skip
