"""Tab *What if this word were another?*: the phrase with one word or one state changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import escape
from typing import NamedTuple

import numpy as np
import streamlit as st

from rnnviz.charts.picture import Picture
from rnnviz.charts.sequence_network import BROKEN
from rnnviz.charts.shapes import sentence
from rnnviz.charts.side_by_side import (
    MOST_ALONE,
    MOST_NUMBERS,
    MOST_PAIRS,
    AnswerScale,
    Pair,
    compared_answers,
    contribution_bars,
    distance_curve,
    percent,
)
from rnnviz.charts.theme import shown_token
from rnnviz.charts.units import grouped
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number, quoted
from rnnviz.probe.probe import Probe, read
from rnnviz.probe.session import Session
from rnnviz.questions.unit_subject import MOST_CHOICES, edition, source_of, subject_of
from rnnviz.questions.what_if.measure import (
    Alter,
    WhatIfLab,
    aligned,
    joined,
    outcome_of,
    running_answers,
    spelled,
)
from rnnviz.questions.what_if.pictures import (
    MOST_ROWS,
    compared_states,
    parting_curves,
    word_choices,
)
from rnnviz.questions.what_if.saliency import INCOMPLETE, LEFT_OUT
from rnnviz.tasks.csv_table import TaskError
from rnnviz.ui.browser_session import first_value
from rnnviz.ui.choices import choose_view, view_of
from rnnviz.ui.sheet import Chart, Column, Sheet, go_to_click, no_room
from rnnviz.ui.style import sticky_theme, theme


def choose_alter(session: Session, here: str) -> None:
    """Let the reader choose the alteration of a word, and what replaces ``here``."""
    lab = session.lab(WhatIfLab)
    first = first_value("alter", edition(session), lab.perturbation.alter)
    alter = st.segmented_control(
        f"The {session.names.noun} is", list(Alter), key="alter", required=True, default=first
    )
    lab.perturbation = lab.perturbation._replace(alter=Alter(alter or Alter.DROP))
    if lab.perturbation.alter in (Alter.CHANGE, Alter.ADD):
        choose = _word if session.dataset.tokens else _value_box
        lab.perturbation = lab.perturbation._replace(word=choose(session, here))


def choose_state(session: Session, probe: Probe) -> None:
    """Let the reader choose another phrase, and the word of it whose state is put in."""
    lab, data, names = session.lab(WhatIfLab), session.dataset, session.names
    donor = lab.donor(probe)
    first = first_value("donor", (edition(session), data), donor.typed)
    typed = st.text_input(f"Take it from the {names.sequence}", first, key="donor")
    donor.ask(typed, data)
    words = read(data, donor.phrase).words
    place = min(lab.perturbation.place, len(words) - 1)
    after = st.selectbox(
        "State after", range(len(words)), place, key=f"after_{place}_{hash(words)}",
        format_func=lambda t: f"{t + 1}: {shown_token(words[t])}",
    )  # fmt: skip
    lab.perturbation = lab.perturbation._replace(donor=words, after=int(after or 0))


def _value_box(session: Session, here: str) -> str:
    now = session.lab(WhatIfLab).perturbation.word or _zeros(session)
    first = first_value("alter_value", (edition(session), session.dataset), now)
    return st.text_input("Which values", first, key="alter_value", width=200) or _zeros(session)


def _word(session: Session, here: str) -> str:
    """A word of the vocabulary; the default differs from ``here``."""
    data, now = session.dataset, session.lab(WhatIfLab).perturbation.word
    known = list((data.source or data.vocabulary).words[:MOST_CHOICES])
    other = next((word for word in known if word != here), here)
    default = now if now in known else other
    first = first_value("alter_word", (edition(session), data), default)
    chosen = st.selectbox(
        f"Which {session.names.noun}", known, known.index(first), key="alter_word", width=200,
        format_func=shown_token,
    )  # fmt: skip
    return str(chosen)


def _zeros(session: Session) -> str:
    return ",".join("0" * len(session.dataset.vocabulary))


# Tab *What if this word were another?*: the phrase with one word or one state changed


_METHODS = {
    "integrated": "integrated",
    "left out": "occlusion",
    "slope": "gradient_input",
}
#: Seconds per frame for words, and for earlier epochs.
_WORDS, _EPOCHS = 0.003, 0.002


class ChangedPhrase(NamedTuple):
    """The phrase A, the changed one B, and why there is none."""

    session: Session
    first: Probe
    second: Probe | None
    problem: str

    @property
    def pair(self) -> tuple[Probe, Probe]:
        """A and B; A twice if there is no B."""
        return self.first, self.second or self.first


# The change


def _choose(session: Session, probe: Probe) -> None:
    """Let the reader choose the change: its kind, its place, and the new word."""
    _propose(session)
    lab, words = session.lab(WhatIfLab), probe.reading.words
    place = _locate_change(session, words)
    key = f"alter_place_{hash(words)}_{session.selection.token}"
    chosen = st.selectbox(
        session.names.noun.capitalize(), range(len(words)),
        first_value("alter_place", (edition(session), key), place), key=key,
        format_func=lambda t: f"{t + 1}: {shown_token(words[t])}",
    )  # fmt: skip
    if chosen is not None and chosen != place:
        lab.put(chosen, words)
        session.selection.token = chosen
    choose_alter(session, words[lab.perturbation.place])
    if lab.perturbation.alter is Alter.STATE:
        choose_state(session, probe)


def _propose(session: Session) -> None:
    """Propose another word for the one that turns the verdict."""
    lab = session.lab(WhatIfLab)
    if lab.opened:
        return
    lab.opened = True
    lab.put(session.story.turning or 0, session.inspect().reading.words)
    # There is no list of values to choose from.
    if session.dataset.tokens:
        word = _opposite(session)
        lab.perturbation = lab.perturbation._replace(alter=Alter.CHANGE, word=word)


def _opposite(session: Session) -> str:
    """The word with which the verdict is the furthest from the present one."""
    probe = session.inspect()
    if not (session.dataset.one_class_at_end and probe.vocabulary.words and probe.finite):
        return session.lab(WhatIfLab).perturbation.word
    place = _locate_change(session, probe.reading.words)
    choices = session.lab(WhatIfLab).choices(probe, session.lab(WhatIfLab).perturbation, _WORDS)
    column = choices.answers[: choices.read, int(probe.answers[-1].argmax())]
    here, words = probe.reading.words[place], probe.vocabulary.words
    return next((words[k] for k in column.argsort() if words[k] != here), here)


def _locate_change(session: Session, words: tuple[str, ...]) -> int:
    """The place of the change: that of the word that was chosen or marked last."""
    place = session.lab(WhatIfLab).locate_change(words, session.selection.token)
    if session.selection.token is not None:
        session.selection.token = place
    return place


def _change_of(session: Session) -> ChangedPhrase:
    """Both phrases at the epoch shown, or a sentence that says why there is only one."""
    probe = session.inspect()
    _locate_change(session, probe.reading.words)
    other = _other(session, probe)
    if isinstance(other, str):
        return ChangedPhrase(session, probe, None, other)
    if not (probe.finite and other.finite):
        return ChangedPhrase(session, probe, None, BROKEN)
    return ChangedPhrase(session, probe, other, "")


def _other(session: Session, probe: Probe) -> Probe | str:
    words = session.lab(WhatIfLab).varied(probe.reading.words)
    if not words:
        noun = session.names.noun
        return f"Without its only {noun} the sequence is empty: change it instead."
    if words == probe.reading.words:
        return "This changes nothing: choose another place or another change."
    try:
        return session.inspect(spelled(session.dataset, words))
    except TaskError as problem:
        return str(problem)


# The answer


def _answer(change: ChangedPhrase) -> str:
    """What was changed, and both verdicts."""
    session, (first, second) = change.session, change.pair
    problem = escape(_problem(session, first))
    if change.second is None:
        return f"{problem} {escape(change.problem)}"
    if not session.dataset.answers_classes:
        outcome = outcome_of(*change.pair)
        last = (float(probe.answers[-1, outcome.column]) for probe in change.pair)
        name, one, other = [
            escape(outcome.name),
            *(f"<strong>{number(value, 3)}</strong>" for value in last),
        ]
        goes = f"goes from {one} to {other}" if one != other else f"stays at {one}"
        return f"{problem} {_said(change)} {name} {goes}."
    one, other = (_verdict(probe) for probe in (first, second))
    turns = "turns" if first.verdict != second.verdict else "stays"
    becomes = f" becomes {other}" if one != other else ""
    return f"{problem} {_said(change)} the {first.noun} {turns}: {one}{becomes}."


def _problem(session: Session, probe: Probe) -> str:
    """Why the other phrase can't be read, or which of its words were skipped."""
    if session.lab(WhatIfLab).perturbation.alter is not Alter.STATE:
        return ""
    donor = session.lab(WhatIfLab).donor(probe)
    unknown = ", ".join(word[:40] for word in read(session.dataset, donor.phrase).unknown[:12])
    return donor.problem or (f"Skipped, not in the vocabulary: {unknown}." if unknown else "")


def _verdict(probe: Probe) -> str:
    verdict = shown_token(probe.verdict)
    text = escape(verdict if len(verdict) <= 40 else f"{verdict[:39]}…")
    sure = f"{percent(probe.probability)} " if probe.dataset.one_class_at_end else ""
    return f"<strong>{sure}{text or '(nothing)'}</strong>"


def _said(change: ChangedPhrase) -> str:
    """The change as the beginning of a sentence."""
    how, words = change.session.lab(WhatIfLab).perturbation, change.first.reading.words
    here = escape(quoted(shown_token(words[how.place])))
    new = escape(quoted(shown_token(how.word)))
    if how.alter is Alter.DROP:
        return f"Without {here}"
    if how.alter is Alter.ADD:
        return f"With {new} after {here}"
    if how.alter is Alter.SWAP:
        return f"With {here} and {escape(quoted(shown_token(words[how.place + 1])))} swapped"
    if how.alter is Alter.STATE:
        data = change.session.dataset
        before = spelled(data, how.donor[: how.after + 1])
        own = spelled(data, words[: how.place + 1])
        return f"With the state after {escape(_cut(before))} for that after {escape(_cut(own))}"
    return f"With {new} for {here}"


def _cut(text: str) -> str:
    return f"“{text if len(text) <= 32 else '…' + text[-31:]}”"


# The pictures


def _numbers(change: ChangedPhrase, most: int) -> str:
    """Whether the numbers are left out where many tokens stand."""
    return no_room("numbers", len(change.first.words), most, change.session.names.noun)


def _or_sentence(
    title: str, figure: Callable[[ChangedPhrase], Picture]
) -> Callable[[ChangedPhrase], Picture]:
    return lambda change: (
        sentence(title, change.problem, theme()) if change.problem else figure(change)
    )


def _pair(change: ChangedPhrase, first: Array, second: Array) -> Pair:
    """Two arrays on the words of A."""
    how, (probe, other) = change.session.lab(WhatIfLab).perturbation, change.pair
    before, after = (np.array(p.words, object) for p in (probe, other))
    after = how.continued(before, after)
    pairs = joined(how.pairs(len(probe.reading.words)), len(before), len(after))
    places = [b for a, b in pairs if a is not None]
    reads = ["–" if b is None else str(after[b]) for b in places]
    if how.alter is Alter.ADD:
        reads[how.place] = f"{before[how.place]} {how.word}"
    words = list(map(shown_token, before))
    return Pair(first, aligned(how.continued(first, second), places), words,
                list(map(shown_token, reads)))  # fmt: skip


def _states_pair(change: ChangedPhrase) -> Pair:
    session = change.session
    return _pair(change, *(p.unrolled(session.layer).of(session.part) for p in change.pair))


def _states(change: ChangedPhrase) -> Picture:
    session, view = change.session, view_of(change.session)
    pair, colors = _states_pair(change), sticky_theme(session, "compared", view.name)
    order = session.units.rows(source_of(session))
    marked = session.selection.unit_of(len(order))
    return compared_states(pair, colors, view, grouped(order, () if marked is None else (marked,)))


def _distance(change: ChangedPhrase) -> Picture:
    pair, part = _states_pair(change), change.session.part
    distances = np.linalg.norm(pair.difference, axis=1)
    title = f"Distance of {part}, ‖B − A‖ (L2)"
    colors = sticky_theme(change.session, "distance", part)
    return distance_curve(distances, pair.words, title, colors, noted=True)


def _scale(change: ChangedPhrase, ending: str) -> AnswerScale:
    """How the answers are drawn; ``ending`` says where they were given."""
    outcome, probe = outcome_of(*change.pair), change.first
    over = ending.startswith("over")
    if outcome.two:
        one, other = probe.dataset.classes
        # Over the epochs the ends of the axis have no room for names.
        said = f"p({shown_token(other)})" if over else "Verdict"
        return AnswerScale(f"{said} {ending}", outcome.base, True, (one, other))
    name = shown_token(outcome.name)
    if not outcome.probability:
        return AnswerScale(f"Output, {outcome.name}, {ending}", probability=False)
    each = ending.startswith("after") and not probe.dataset.one_class_at_end
    # The target of a decoder is a whole sentence.
    what = "the target" if each or probe.dataset.source is not None else quoted(name)
    # The column at the right has no room for more.
    said = f"p({what})" if over else f"Probability of {what}"
    return AnswerScale(f"{said} {ending}")


def _answers(change: ChangedPhrase) -> Picture:
    outcome, noun = outcome_of(*change.pair), change.session.names.noun
    pair = _pair(change, *(running_answers(probe, outcome) for probe in change.pair))
    scale = _scale(change, f"after every {noun}")
    return compared_answers(pair, scale, sticky_theme(change.session, "answers", scale.title))


def _saliency(change: ChangedPhrase) -> Picture:
    session, words = change.session, change.first.words
    title = f"What each {session.names.noun} adds"
    if not change.first.finite:
        return sentence(title, BROKEN, theme())
    lab = session.lab(WhatIfLab)
    saliency, name = lab.saliency(change.first, change.second)
    contributions: Array = getattr(saliency, _METHODS[lab.method])
    if lab.method == "integrated" and np.isnan(contributions).all():
        return sentence(title, f"Not drawn: the sum is off by more than {INCOMPLETE:.0%}.", theme())
    if np.isnan(contributions).all():
        return sentence(title, "The only one can't be left out.", theme())
    colors, classes = sticky_theme(session, "saliency", lab.method), session.dataset.classes
    if len(classes) == 2 and name == f"the lead of {classes[0]}":  # It is blue everywhere.
        colors = replace(colors, positive=colors.negative, negative=colors.positive)
    others = _others(change)
    name = name[:-1] + shown_token(name[-1:])  # it may end in a space
    whose = " of A" if others is None else ""
    title = f"What each {session.names.noun}{whose} adds to {name} ({lab.method})"
    return contribution_bars(contributions, words, title, colors, others)


def _others(change: ChangedPhrase) -> Array | None:
    """What each word of B adds to the same, on the words of A; None if that can't be told."""
    lab, first, second = change.session.lab(WhatIfLab), *change.pair
    how = lab.perturbation
    if change.second is None or how.alter is Alter.STATE:
        return None
    saliency = lab.saliency_of_other(first, second)
    if saliency is None:
        return None
    rows: Array = getattr(saliency, _METHODS[lab.method])
    if np.isnan(rows).all():
        return None
    others = _pair(change, np.zeros(len(first.words)), rows).second
    if how.alter is Alter.ADD:
        # An added word shares the column of the one before it.
        others[how.place] += rows[how.place]
    return others


# What else might stand there, and since when


def _choices(change: ChangedPhrase) -> Picture:
    session, probe = change.session, change.first
    how, noun = session.lab(WhatIfLab).perturbation, session.names.noun
    title = f"Every {noun} in its place"
    if not probe.finite:
        return sentence(title, BROKEN, theme())
    choices = session.lab(WhatIfLab).choices(probe, how, _WORDS)
    values = choices.answers[:, outcome_of(*change.pair).column]
    words, marks = probe.vocabulary.words, {}
    if how.alter is not Alter.ADD:
        example = probe.example
        read = example.inputs if example.source is None else example.source
        marks[int(read[how.place])] = "A"
    if how.alter in (Alter.CHANGE, Alter.ADD) and change.second and how.word in words:
        marks[words.index(how.word)] = "B"
    where = "after" if how.alter is Alter.ADD else "in place of"
    here = quoted(shown_token(probe.reading.words[how.place]))
    scale, outcome = _scale(change, ""), outcome_of(*change.pair)
    title = f"{noun.capitalize()}s {where} {here}"
    if not outcome.two:
        what = "the target" if probe.dataset.source else shown_token(outcome.name)
        title = f"p({what}), {title[0].lower()}{title[1:]}"
    scale = replace(scale, title=title)
    return word_choices(values, words, marks, scale, sticky_theme(session, "choices", scale.title))


def _read(change: ChangedPhrase) -> str:
    """How many words of the vocabulary were read, and how many of them are listed."""
    session, probe = change.session, change.first
    total = len(probe.vocabulary)
    if not probe.finite or total <= MOST_ROWS:
        return ""
    known = session.lab(WhatIfLab).choices(probe, session.lab(WhatIfLab).perturbation, 0.0).read
    listed = "Listed are both ends, and the chosen ones."
    return f"{known:,} of the {total:,} {session.names.noun}s were read. {listed}"


def _parted(change: ChangedPhrase) -> Picture:
    session = change.session
    lab, run = session.lab(WhatIfLab), session.run
    epochs, answers = lab.past(run, session.state, change.pair, _EPOCHS)
    scale = _scale(change, f"over the {session.unit}s")
    colors = sticky_theme(session, "parted", scale.title)
    return parting_curves(epochs, answers, session.player.course, scale, colors)


# The tab


def _controls(session: Session) -> None:
    _choose(session, session.inspect())
    lab = session.lab(WhatIfLab)
    chosen = st.segmented_control(
        f"What each {session.names.noun} adds", list(_METHODS), key="saliency_method",
        default=first_value("saliency_method", edition(session), lab.method), required=True,
    )  # fmt: skip
    lab.method = chosen or lab.method
    choose_view(session, "hidden")
    if not session.player.running:
        session.units.arrange()
    subject_of(session)


def _charts(session: Session) -> tuple[Column[ChangedPhrase], Column[ChangedPhrase]]:
    left = [
        Chart("compared", 4.9, _or_sentence("States of A and B", _states)),
        Chart(
            "distance", 2.1, _or_sentence("Distance of the states", _distance), _few(MOST_NUMBERS)
        ),
        Chart("answers", 3.2, _or_sentence("Answers of A and B", _answers), _few(MOST_PAIRS)),
        Chart("saliency", 3.2, _saliency, _of_saliency),
    ]
    parted = _or_sentence("When in training did they part?", _parted)
    right = [Chart("parted", 3, parted, click=go_to_click)]
    # Numbers have no list to choose from.
    choices = [Chart("choices", 5, _choices, _read)] if session.dataset.tokens else []
    return left, [*choices, *right]


def _few(most: int) -> Callable[[ChangedPhrase], str]:
    return lambda change: "" if change.problem else _numbers(change, most)


def _of_saliency(change: ChangedPhrase) -> str:
    """How many tokens of a long sequence were left out in turn, and whether there are numbers."""
    numbers = _numbers(change, MOST_ALONE if _others(change) is None else MOST_PAIRS)
    count, noun = len(change.first.reading.words), change.session.names.noun
    if count <= LEFT_OUT or change.session.lab(WhatIfLab).method != "left out":
        return numbers
    return f"Left out: {LEFT_OUT} of the {count} {noun}s, evenly spread. {numbers}".strip()


def _measure(session: Session, budget: float) -> bool:
    change, lab = _change_of(session), session.lab(WhatIfLab)
    if not change.first.finite:
        return False
    missing = change.second is not None and lab.develop(session.run, change.pair, budget)
    if not session.dataset.tokens:
        return missing
    choices = lab.choices(change.first, lab.perturbation, 0 if missing else budget)
    return missing or choices.read < len(choices.answers)


TAB = Sheet("what_if", _change_of, _answer, _charts, _controls, _measure)
