"""Tab *What if this word were another?*: the phrase with one word or one state changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from rnnviz.charts.hidden_states import grouped
from rnnviz.charts.picture import Picture
from rnnviz.charts.sequence_network import BROKEN
from rnnviz.charts.shapes import sentence
from rnnviz.charts.side_by_side import (
    AFTER,
    BEFORE,
    MOST_ALONE,
    MOST_NUMBERS,
    MOST_PAIRS,
    AnswerScale,
    BeforeAndAfter,
    compared_answers,
    contribution_bars,
    distance_curve,
)
from rnnviz.charts.texts import called
from rnnviz.charts.theme import shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import quoted
from rnnviz.probe.probe import Probe, read
from rnnviz.probe.session import Session
from rnnviz.probe.work import spend
from rnnviz.questions.subject import MOST_CHOICES, edition, source_of, subject_of
from rnnviz.questions.what_if.changed_phrase import ChangedPhrase, answer_of
from rnnviz.questions.what_if.measure import (
    Alter,
    Choices,
    Method,
    Perturbation,
    WhatIfLab,
    aligned,
    between,
    joined,
    outcome_of,
    own_values,
    ranges,
    running_answers,
    spelled,
)
from rnnviz.questions.what_if.pictures import (
    MOST_ROWS,
    compared_states,
    parting_curves,
    value_curve,
    word_choices,
)
from rnnviz.questions.what_if.saliency import INCOMPLETE, LEFT_OUT
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.dataset import Dataset
from rnnviz.ui.browser_session import first_value, visit
from rnnviz.ui.choices import choose_one, choose_view, view_of
from rnnviz.ui.sheet import Chart, Column, Sheet, go_to_click, no_room
from rnnviz.ui.style import escaped, sticky_theme, theme

_SALIENCY = {
    Method.INTEGRATED: "integrated", Method.LEFT_OUT: "occlusion", Method.SLOPE: "gradient_input"
}  # fmt: skip
#: Seconds per frame for words, and for earlier epochs.
_WORDS, _EPOCHS = 0.003, 0.002
#: The changes of a step of a series, and what it is called if a step is dropped there.
_SERIES, _BETWEEN = (Alter.CHANGE, Alter.DROP, Alter.STATE), "as its neighbours"
#: The approximate number of stops of a slider.
_STOPS = 200
#: The step of a series that is changed at first, counted from the end.
_BACK = 4


# The change


def _choose(session: Session, probe: Probe) -> None:
    """Let the reader choose the change: its kind, its place, and the new word."""
    lab, words = session.lab(WhatIfLab), probe.reading.words
    lab.fit(session.dataset)
    if not lab.opened:
        _propose(session, probe, lab)
    place = _locate_change(session, words)
    names = probe.step_names if probe.step_texts else range(1, len(words) + 1)
    key = f"alter_place_{hash(words)}_{session.selection.token}"
    chosen = st.selectbox(
        session.names.noun.capitalize(), range(len(words)),
        first_value("alter_place", (edition(session), key), place), key=key,
        format_func=lambda t: f"{names[t]}: {shown_token(words[t])}",
    )  # fmt: skip
    if chosen is not None and chosen != place:
        lab.put(chosen, words)
        session.selection.token = chosen
    _choose_alter(session, words)
    if lab.perturbation.alter is Alter.STATE:
        _choose_state(session, probe)


def _choose_alter(session: Session, words: Sequence[str]) -> None:
    """Let the reader choose the kind of change of ``words`` at its place, and what is new."""
    lab, data = session.lab(WhatIfLab), session.dataset
    alter = choose_one(
        f"The {session.names.noun} is", _SERIES if data.series else Alter, _alter(session),
        edition(session), "alter_of_series" if data.series else "alter",
        format_func=lambda kind: _BETWEEN if data.series and kind == Alter.DROP else kind,
    )  # fmt: skip
    lab.perturbation = lab.perturbation._replace(alter=alter)
    if alter not in (Alter.CHANGE, Alter.ADD):
        return
    _, place, now, *_ = lab.perturbation
    if data.series:
        word = _choose_values(session, words, place, now)
    else:
        word = _word(session, words[place]) if data.tokens else _values(session)
    lab.perturbation = lab.perturbation._replace(word=word)


def _alter(session: Session) -> Alter:
    """The kind of change now; a link can have one that the steps of a series don't have."""
    now = session.lab(WhatIfLab).perturbation.alter
    return now if not session.dataset.series or now in _SERIES else Alter.CHANGE


def _choose_values(session: Session, words: Sequence[str], place: int, now: str) -> str:
    """Let the reader choose every value of a step, within those of the training; as typed text.

    They start at those of the text ``now`` or, if it is invalid, a standard deviation away.
    """
    data = session.dataset
    low, high = ranges(data)
    own, values = own_values(data, words[place]), _proposed(data, words[place], now)
    chosen = list[str]()
    for k, name in enumerate(data.vocabulary.words):
        digits = _digits(float(high[k] - low[k]))
        ends = [round(float(f(end[k], own[k])), digits) for f, end in ((min, low), (max, high))]
        ends[1] = max(ends[1], ends[0] + 10.0**-digits)
        key = f"alter_{k}_{place}_{hash(tuple(words))}"
        value = min(max(round(float(values[k]), digits), ends[0]), ends[1])
        first = first_value(f"alter_step_{k}", (edition(session), key), value)
        step, form = 10.0**-digits, f"%.{max(digits, 0)}f"
        value = st.slider(escaped(name), ends[0], ends[1], first, step, key=key, format=form)
        chosen.append(f"{value:.{max(digits, 0)}f}")
    return ",".join(chosen)


def _digits(span: float) -> int:
    """The digits after the point of about ``_STOPS`` stops."""
    return -math.floor(math.log10(span / _STOPS)) if span > 0 else 0


def _proposed(data: Dataset, here: str, now: str) -> Array:
    """The values of ``now``, or else those here, the first a standard deviation above or below."""
    try:
        return own_values(data, now)
    except TaskError:
        own, (_, high) = own_values(data, here), ranges(data)
        assert data.units, "windows are standardised"
        scale = data.units.scale[0]
        other = own.copy()
        other[0] += scale if own[0] + scale <= high[0] else -scale
        return other


def _choose_state(session: Session, probe: Probe) -> None:
    """Let the reader choose another phrase, and the word after which its state is taken."""
    lab, data = session.lab(WhatIfLab), session.dataset
    donor = lab.donor(probe)
    first = first_value("donor", (edition(session), data), donor.typed)
    label, key = f"Take it from the {session.names.sequence}", _key("donor", data)
    donor.ask(st.text_input(label, first, key=key), data)
    lab.donor_text, words = donor.typed, read(data, donor.phrase).words
    _, place, _, chosen, after = lab.perturbation
    # In a link there is a word, before the phrase has been read.
    index = min(place if chosen or after < 0 else after, len(words) - 1)
    key = f"after_{min(place, len(words) - 1)}_{hash(words)}"
    after = st.selectbox(
        "State after", range(len(words)), first_value("after", (edition(session), key), index),
        key=key, format_func=lambda t: f"{t + 1}: {shown_token(words[t])}",
    )  # fmt: skip
    lab.perturbation = lab.perturbation._replace(donor=words, after=int(after or 0))


def _key(name: str, data: Dataset) -> str:
    """The key of a widget that starts again with other data."""
    return f"{name}_{visit(data.name, f'data_{name}')}"


def _values(session: Session) -> str:
    data, now = session.dataset, session.lab(WhatIfLab).perturbation.word
    zeros = ",".join("0" * len(data.vocabulary))
    first = first_value("alter_value", (edition(session), data), now or zeros)
    return st.text_input("Which values", first, key=_key("alter_value", data), width=200) or zeros


def _word(session: Session, here: str) -> str:
    """A word of the vocabulary; the default differs from ``here``."""
    data, now = session.dataset, session.lab(WhatIfLab).perturbation.word
    known = list((data.source or data.vocabulary).words[:MOST_CHOICES])
    default = now if now in known else next((word for word in known if word != here), here)
    first = first_value("alter_word", (edition(session), data), default)
    chosen = st.selectbox(
        f"Which {session.names.noun}", known, known.index(first), width=200,
        key=_key("alter_word", data), format_func=shown_token,
    )  # fmt: skip
    return str(chosen)


def _propose(session: Session, probe: Probe, lab: WhatIfLab) -> None:
    """Propose to drop the word that turns the verdict, as the story says; or to change the first.

    Another word in its place is the one that changes the verdict most.
    """
    lab.opened, turning = True, session.story.turning
    lab.put(turning or 0, probe.reading.words)
    if probe.step_texts:
        lab.put(max(0, len(probe.words) - _BACK), probe.reading.words)
        lab.perturbation = lab.perturbation._replace(alter=Alter.CHANGE)
    # Values have no list to choose from.
    if not session.dataset.tokens:
        return
    alter = Alter.CHANGE if turning is None else Alter.DROP
    lab.perturbation = lab.perturbation._replace(alter=alter)
    words = probe.vocabulary.words
    if session.dataset.one_class_at_end and words and probe.finite:
        here = probe.reading.words[_locate_change(session, probe.reading.words)]
        choices = _choices_read(lab, probe)
        column = choices.answers[: choices.read, int(probe.answers[-1].argmax())]
        word = next((words[k] for k in column.argsort() if words[k] != here), here)
        lab.perturbation = lab.perturbation._replace(word=word)


def _locate_change(session: Session, words: tuple[str, ...]) -> int:
    place = session.lab(WhatIfLab).locate_change(words, session.selection.token)
    if session.selection.token is not None:
        session.selection.token = place
    return place


def _change_of(session: Session) -> ChangedPhrase:
    """Both phrases at the epoch shown, or the problem if there is only one."""
    probe, other = session.inspect(), None
    lab, words = session.lab(WhatIfLab), probe.reading.words
    lab.fit(session.dataset)
    _locate_change(session, words)
    how, problem = lab.clipped(words), ""
    if session.dataset.series and how.alter is Alter.DROP and len(words) > 1:
        # Without a step all later ones would come too early.
        how = how._replace(alter=Alter.CHANGE, word=between(session.dataset, words, how.place))
    changed = how.applied(words)
    if not changed:
        noun = session.names.noun
        problem = f"Without its only {noun} the sequence is empty: change it instead."
    elif changed == words:
        problem = "This changes nothing: choose another place or another change."
    else:
        try:
            _check(how, session.dataset)
            other = session.inspect(spelled(session.dataset, changed))
        except TaskError as error:
            problem = str(error)
    if other and not (probe.finite and other.finite):
        other, problem = None, BROKEN
    return ChangedPhrase(session, probe, other, problem, how)


def _check(how: Perturbation, data: Dataset) -> None:
    """Raise TaskError for an invalid change, which a link may contain."""
    if how.alter is Alter.STATE and how.after >= len(how.donor):
        raise TaskError("No other state is chosen yet.")
    if how.alter not in (Alter.CHANGE, Alter.ADD):
        return
    if not data.tokens:
        data.values_of(how.word, 1)
    elif how.word not in (data.source or data.vocabulary).words:
        raise TaskError(f"{quoted(how.word[:40])} is not in the vocabulary: choose another.")


# The pictures


def _numbers_note(change: ChangedPhrase, most: int) -> str:
    return no_room("numbers", len(change.first.words), most, change.session.names.noun)


def _or_sentence(
    title: str, figure: Callable[[ChangedPhrase], Picture]
) -> Callable[[ChangedPhrase], Picture]:
    return lambda change: (
        sentence(title, change.problem, theme()) if change.problem else figure(change)
    )


def _pair(change: ChangedPhrase, first: Array, second: Array) -> BeforeAndAfter:
    """Two arrays on the words before the change."""
    how, (probe, other) = change.how, change.pair
    before, after = (np.array(p.words, object) for p in (probe, other))
    after = how.continued(before, after)
    pairs = joined(how.pairs(len(probe.reading.words)), len(before), len(after))
    places = [b for a, b in pairs if a is not None]
    reads = ["–" if b is None else str(after[b]) for b in places]
    if how.alter is Alter.ADD:
        reads[how.place] = f"{before[how.place]} {how.word}"
    # Of a series a step with another value shows it, all others have their times.
    names = probe.step_names
    reads = [
        name if new == old else new for name, new, old in zip(names, reads, before, strict=True)
    ]
    words, others = (list(map(shown_token, texts)) for texts in (names, reads))
    return BeforeAndAfter(first, aligned(how.continued(first, second), places), words, others)


def _states_pair(change: ChangedPhrase) -> BeforeAndAfter:
    session = change.session
    pair = _pair(change, *(p.unrolled(session.layer).of(session.part) for p in change.pair))
    # Before the change both are the same, but products of another length may round otherwise.
    same = slice(change.how.place)
    pair.second[same] = pair.first[same]
    return pair


def _states(change: ChangedPhrase) -> Picture:
    session, view = change.session, view_of(change.session)
    pair, colors = _states_pair(change), sticky_theme(session, "compared", view.name)
    order = session.units.rows(source_of(session))
    marked = session.selection.unit_of(len(order))
    return compared_states(pair, colors, view, grouped(order, () if marked is None else (marked,)))


def _distance(change: ChangedPhrase) -> Picture:
    pair, part = _states_pair(change), change.session.part
    distances = np.linalg.norm(pair.difference, axis=1)
    title = f"Distance of {part}, ‖after − before‖ (L2)"
    colors = sticky_theme(change.session, "distance", part)
    return distance_curve(distances, pair.words, title, colors, noted=True)


def _scale(change: ChangedPhrase, ending: str) -> AnswerScale:
    """The scale of the answers; ``ending`` is the end of its title."""
    outcome, probe = outcome_of(*change.pair), change.first
    over = ending.startswith("over")
    if outcome.two:
        one, other = probe.dataset.classes
        # An axis of epochs has no room for names at its ends.
        said = f"p({shown_token(other)})" if over else "Verdict"
        return AnswerScale(f"{said} {ending}", outcome.base, True, (one, other))
    name = shown_token(outcome.name)
    if not outcome.probability and change.first.step_texts:
        # The right column has no room for more.
        said = f"Expected {name}, {ending}" if ending.startswith("after") else f"Answer {ending}"
        return AnswerScale(said, probability=False, series=True)
    if not outcome.probability:
        return AnswerScale(f"Output, {outcome.name}, {ending}", probability=False)
    each = ending.startswith("after") and not probe.dataset.one_class_at_end
    # The target of a decoder is a whole sentence.
    what = "the target" if each or probe.dataset.source is not None else quoted(name)
    # The right column has no room for more.
    said = f"p({what})" if over else f"Probability of {what}"
    return AnswerScale(f"{said} {ending}")


def _answers(change: ChangedPhrase) -> Picture:
    outcome, noun = outcome_of(*change.pair), change.session.names.noun
    pair = _pair(change, *(running_answers(probe, outcome) for probe in change.pair))
    scale = _scale(change, f"after every {noun}")
    return compared_answers(pair, scale, sticky_theme(change.session, "answers", scale.title))


def _saliency(change: ChangedPhrase) -> Picture:
    session, words = change.session, change.first.step_names
    title = f"What each {session.names.noun} adds"
    if not change.first.finite:
        return sentence(title, BROKEN, theme())
    lab = change.lab
    saliency, name = lab.saliency(change.first, change.second)
    contributions: Array = getattr(saliency, _SALIENCY[lab.method]) * _unit(change)
    if lab.method is Method.INTEGRATED and np.isnan(contributions).all():
        return sentence(title, f"Not drawn: the sum may be off by over {INCOMPLETE:.0%}.", theme())
    if np.isnan(contributions).all():
        return sentence(title, "The only one can't be left out.", theme())
    colors, classes = sticky_theme(session, "saliency", lab.method), session.dataset.classes
    if len(classes) == 2 and name == f"the lead of {classes[0]}":  # The first class is blue.
        colors = replace(colors, positive=colors.negative, negative=colors.positive)
    others = _others(change)
    name = name[:-1] + shown_token(name[-1:])  # It can end in a space.
    title = f"What each {session.names.noun} adds to {name} ({lab.method})"
    return contribution_bars(contributions, words, title, colors, others)


def _unit(change: ChangedPhrase) -> float:
    """The scale of an output: what 1 is in its own units."""
    units = change.session.dataset.answer_units
    return units.scale[outcome_of(*change.pair).column] if units else 1.0


def _others(change: ChangedPhrase) -> Array | None:
    """The contributions of the words after the change, on those before; None if unknown."""
    lab, first, second = change.lab, *change.pair
    how = change.how
    if change.second is None or how.alter is Alter.STATE:
        return None
    saliency = lab.saliency_of_other(first, second)
    if saliency is None:
        return None
    rows: Array = getattr(saliency, _SALIENCY[lab.method]) * _unit(change)
    if np.isnan(rows).all():
        return None
    others = _pair(change, np.zeros(len(first.words)), rows).second
    if how.alter is Alter.ADD:
        # An added word shares the column of the one before it.
        others[how.place] += rows[how.place]
    return others


# Every word at this place, and the epochs


def _choices_read(lab: WhatIfLab, probe: Probe) -> Choices:
    """The words read so far, after some more."""
    spend(_WORDS, lab.read_choices(probe, lab.perturbation))
    return lab.choices(probe, lab.perturbation)


def _choices(change: ChangedPhrase) -> Picture:
    session, probe = change.session, change.first
    how, noun = change.how, session.names.noun
    if not probe.finite:
        return sentence(f"Every {noun} in its place", BROKEN, theme())
    outcome = outcome_of(*change.pair)
    values = _choices_read(change.lab, probe).answers[:, outcome.column]
    words, marks = probe.vocabulary.words, {}
    if how.alter is not Alter.ADD:
        marks[int(probe.example.read[how.place])] = BEFORE
    if how.alter in (Alter.CHANGE, Alter.ADD) and change.second and how.word in words:
        marks[words.index(how.word)] = AFTER
    where = "after" if how.alter is Alter.ADD else "in place of"
    here = quoted(shown_token(probe.reading.words[how.place]))
    title = f"{noun.capitalize()}s {where} {here}"
    if not outcome.two:
        what = "the target" if probe.dataset.source else shown_token(outcome.name)
        title = f"p({what}), {title[0].lower()}{title[1:]}"
    scale = replace(_scale(change, ""), title=title)
    return word_choices(values, words, marks, scale, sticky_theme(session, "choices", scale.title))


def _curve(change: ChangedPhrase) -> Picture:
    """The last answer for every value of the first channel at this step."""
    probe, second, place = change.first, change.pair[1], change.how.place
    outcome, channel = outcome_of(probe, second), probe.dataset.vocabulary.words[0]
    marks = {BEFORE: (probe, probe.reading.words[place])}
    if change.how.alter is Alter.CHANGE:
        marks[AFTER] = second, change.how.word
    at = {
        name: (
            float(own_values(probe.dataset, text)[0]),
            float(one.dataset.own_answers(one.answers[-1])[outcome.column]),
        )
        for name, (one, text) in marks.items()
    }
    what = f"{channel} at {called(probe, place)}"
    scale = _scale(change, "for each value of the step")
    colors = sticky_theme(change.session, "curve", scale.title)
    return value_curve(change.lab.curve(probe, place, outcome), at, what, scale, colors)


def _vocabulary_note(change: ChangedPhrase) -> str:
    probe, total = change.first, len(change.first.vocabulary)
    if not probe.finite or total <= MOST_ROWS:
        return ""
    known = change.lab.choices(probe, change.how).read
    words = f"{known:,} of the {total:,} {change.session.names.noun}s were read."
    return f"{words} Listed are both ends, and the chosen ones."


def _parted(change: ChangedPhrase) -> Picture:
    session = change.session
    epochs, answers = change.lab.past(session.run, session.state, change.pair, _EPOCHS)
    scale = _scale(change, f"over the {session.unit}s")
    colors = sticky_theme(session, "parted", scale.title)
    return parting_curves(epochs, answers, session.player.course, scale, colors)


# The tab


def _controls(session: Session) -> None:
    _choose(session, session.inspect())
    lab = session.lab(WhatIfLab)
    label = f"What each {session.names.noun} adds"
    lab.method = choose_one(label, Method, lab.method, edition(session), "saliency_method")
    choose_view(session, "hidden")
    if not session.player.running:
        session.units.arrange()
    subject_of(session)


def _charts(session: Session) -> tuple[Column[ChangedPhrase], Column[ChangedPhrase]]:
    left = [
        Chart("compared", 4.9, _or_sentence("States before and after", _states)),
        Chart("distance", 2.1, _or_sentence("Distance of the states", _distance),
              _few(MOST_NUMBERS)),
        Chart("answers", 3.2, _or_sentence("Answers before and after", _answers), _few(MOST_PAIRS)),
        Chart("saliency", 3.2, _saliency, _saliency_note),
    ]  # fmt: skip
    parted = _or_sentence("When in training did they part?", _parted)
    right = [Chart("parted", 3, parted, click=go_to_click)]
    # Numbers have no list to choose from.
    choices = [Chart("choices", 5, _choices, _vocabulary_note)] if session.dataset.tokens else []
    if session.dataset.series is not None:
        choices = [Chart("curve", 4, _or_sentence("The answer for each value", _curve))]
    return left, [*choices, *right]


def _few(most: int) -> Callable[[ChangedPhrase], str]:
    return lambda change: "" if change.problem else _numbers_note(change, most)


def _saliency_note(change: ChangedPhrase) -> str:
    numbers = _numbers_note(change, MOST_ALONE if _others(change) is None else MOST_PAIRS)
    count, noun = len(change.first.reading.words), change.session.names.noun
    if count <= LEFT_OUT or change.lab.method is not Method.LEFT_OUT:
        return numbers
    return f"Left out: {LEFT_OUT} of the {count} {noun}s, evenly spread. {numbers}".strip()


def _measure(session: Session) -> Iterator[None]:
    change, lab = _change_of(session), session.lab(WhatIfLab)
    if change.first.finite and change.second is not None:
        yield from lab.develop(session.run, change.pair)
    if change.first.finite and session.dataset.tokens:
        yield from lab.read_choices(change.first, lab.perturbation)


TAB = Sheet("what_if", _change_of, answer_of, _charts, _controls, _measure)
