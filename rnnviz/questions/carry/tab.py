"""Tab *What does each unit carry?*: the units on the words, and what words change in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from html import escape

import numpy as np
import streamlit as st

from rnnviz.charts.axes import NowAndPinned
from rnnviz.charts.hidden_states import MOST_TOKENS, memory_rows, signed, unit_bars, unit_curve
from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import sentence
from rnnviz.charts.texts import called, explanation
from rnnviz.charts.theme import plain, shown_token
from rnnviz.probe.pair import Pair
from rnnviz.probe.season import rows_of, season_of
from rnnviz.probe.sequence_pass import readers, recurrent_parts
from rnnviz.probe.session import Session
from rnnviz.probe.units import LIST_PAGE, ReadoutKind, Sort
from rnnviz.questions.carry.measure import UnitHistory
from rnnviz.questions.carry.pictures import Phrase, response_matrix, tinted_phrases, word_name
from rnnviz.questions.carry.season_pictures import OverSeason, following_map, unit_season
from rnnviz.questions.linear_probe import tab as linear_probes
from rnnviz.questions.linear_probe.measure import LinearProbeLab
from rnnviz.questions.subject import (
    UnitSubject,
    ablation_buttons,
    edition,
    measuring_html,
    source_of,
    subject_of,
)
from rnnviz.ui.browser_session import first_value
from rnnviz.ui.choices import cell_key, choose_one, choose_view
from rnnviz.ui.frame import Frame, SliderState
from rnnviz.ui.sheet import Chart, Column, Sheet, go_to_click, names_in, no_room
from rnnviz.ui.stage import StepButton, place_chips, place_stepper
from rnnviz.ui.style import escaped, theme
from rnnviz.ui.viewer import Event

#: Maximum number of words to choose from.
_CHIPS = 18
#: Seconds per frame for earlier epochs.
_PAST = 0.002
#: The least multiple correlation of a unit that follows something.
_FOLLOWS = 0.3


def _develop(session: Session) -> Iterator[None]:
    here = subject_of(session)
    lab, source = here.lab, here.source
    yield from session.lab(LinearProbeLab).work()
    if lab.sort is Sort.EFFECT:
        key = source.state, source.layer, lab.word
        yield from lab.effort.limit(key, lab.ablate(source, lab.word))
    yield from session.lab(UnitHistory).develop(session.run, here.query)


def _choose_threads(session: Session) -> None:
    if none := _unthreaded(session):
        st.caption(none)
        return
    lines = _lines(session)
    if len(lines) == 1:
        return
    key, lab = f"threads_{cell_key(session)}_{'_'.join(lines)}", session.units
    chosen = choose_one(
        "Threads into", lines, _into(session), (edition(session), key), key,
        help=explanation("carry/threads"), format_func=escaped,
    )  # fmt: skip
    if chosen != _into(session):
        lab.into = chosen


def _lines(session: Session) -> list[str]:
    """The lines of the cell that read the state through a matrix."""
    return [*readers(session.state.parameters.architecture.cell).entries]


def _into(session: Session) -> str:
    """The chosen line, by default that of the candidate."""
    lines, into = _lines(session), session.units.into
    candidate = readers(session.state.parameters.architecture.cell).candidate
    return into if into in lines else candidate or lines[0]


def _unthreaded(session: Session) -> str:
    noun = session.names.noun
    if not _lines(session):
        return f"No threads: no matrix of this cell leads from one {noun} to the next."
    return no_room("threads", len(session.inspect().words), MOST_TOKENS, noun)


def _chips(here: UnitSubject) -> tuple[str, ...]:
    """The most frequent words and the chosen one, in alphabetical order."""
    if here.lab.word is None:
        return ()
    counts, vocabulary = np.bincount(here.activations.numbers), here.activations.vocabulary
    frequent = np.argsort(-counts, kind="stable")[:_CHIPS].tolist()
    return tuple(sorted({vocabulary[number] for number in frequent} | {here.lab.word}))


def _choose_word(session: Session, event: Event) -> None:
    """Choose the word of a chip by its number, or a word that was clicked."""
    here = subject_of(session)
    if "value" in event:
        _look_for(session, _chips(here)[int(event["value"])])
    elif here.lab.word is not None:
        shown = {shown_token(word): word for word in here.activations.vocabulary}
        _look_for(session, shown[event["data"]])


def _choose_cell(session: Session, event: Event) -> None:
    words = {word_name(word): word for word in subject_of(session).activations.vocabulary}
    unit = int(event["y"])
    if not 0 <= unit < session.config.hidden:
        raise ValueError("no such unit")
    session.selection.unit = unit
    if event["x"] in words:
        _look_for(session, words[event["x"]])


def _look_for(session: Session, word: str) -> None:
    words = session.inspect().words
    session.units.word = session.units.chosen_word = word
    session.selection.token = words.index(word) if word in words else None


def _step_unit(session: Session, event: Event) -> None:
    """Choose the unit whose number was typed, or the next one in the order."""
    if "by" in event:
        here = subject_of(session)
        session.selection.unit = here.lab.neighbour(here.source, int(event["by"]))
    else:
        session.selection.unit = min(max(int(event["value"]), 0), session.config.hidden - 1)


def _turn(session: Session, event: Event) -> None:
    lab = session.units
    last = lab.last_list_page(source_of(session))
    lab.list_page = min(max(lab.list_page + int(event["by"]), 0), last)


def _answer(here: UnitSubject) -> str:
    """What the chosen word changes in the chosen unit, and the effect of silencing it."""
    lab, unit = here.lab, here.lab.unit
    if lab.readout is ReadoutKind.PROBE:
        return linear_probes.answer(here.session)
    if not here.finite:
        return "The states are not finite numbers."
    data = here.session.dataset
    if data.series is not None:
        return f"{_followed(here)}{_effect(here)}"
    if lab.word is None:
        column = here.activations.states[:, unit]
        low, high = signed(float(column.min())), signed(float(column.max()))
        span = f"<strong>{low}</strong> and <strong>{high}</strong>"
        return f"Unit {unit} is between {span} on the {data.role} sequences read.{_effect(here)}"
    means, count = lab.changed(here.source)
    word = f"“{escape(shown_token(lab.word)[:24])}”"
    if not count:
        return f"The {data.role} {here.session.names.sequence}s have no change at {word}."
    by, times = signed(float(means[unit])), f"{count:,} place{'s' * (count > 1)} read"
    out = here.session.state.parameters.architecture.out
    moved = f"unit {unit}" if here.source.part == out else f"{here.source.part} of unit {unit}"
    how = f"{word} moves {moved} by <strong>{by}</strong> on average"
    return f"{how}, at {times} in the {data.role} data.{_effect(here)}"


def _followed(here: UnitSubject) -> str:
    """The best unit for the season and for the trend, and how far the chosen one follows them."""
    found, own = here.lab.following(here.source), here.lab.unit
    texts = ["the trend" if one.name == "trend" else one.text for one in found.properties[:2]]
    best = found.shares[:2].argmax(axis=1).tolist()
    parts = [
        f"Unit <strong>{unit}</strong> follows {escape(text)} best: "
        f"<strong>{shares[unit]:.2f}</strong>."
        if shares[unit] >= _FOLLOWS
        else f"No unit follows {escape(text)}: <strong>{shares[unit]:.2f}</strong> at most."
        for text, unit, shares in zip(texts, best, found.shares, strict=False)
    ]
    if own not in best:
        chosen = " and ".join(f"{share:.2f}" for share in found.shares[:2, own].tolist())
        parts.append(f"Unit {own}: {chosen}.")
    return " ".join(parts)


def _effect(here: UnitSubject) -> str:
    """The rise of the loss without the unit; until it is known, the epoch of the order."""
    lab, source, session = here.lab, here.source, here.session
    if lab.sort is not Sort.EFFECT:
        return ""
    rises, epoch = lab.ablation_loss(source, lab.word), lab.effect_order(source)[1]
    if not np.isnan(rises).any():
        rise = signed(float(rises[lab.unit])).replace("inf", "∞")
        loss = f"<strong>{rise} {session.dataset.guess.unit}</strong>"
        return f" Without it the loss there changes by {loss}."
    before = "" if epoch is None else f" Order of {session.unit} {epoch}."
    return f"{before} {measuring_html(session, rises)}"


def _sliders(here: UnitSubject, frame: Frame) -> None:
    lab, words = here.lab, _chips(here)
    frame.sliders["unit"] = SliderState(here.session.config.hidden - 1, lab.unit)
    frame.sliders["list_page"] = SliderState(lab.last_list_page(here.source), lab.list_page)
    if lab.word is not None:
        names = [shown_token(word) for word in words]
        frame.sliders["word"] = SliderState(len(words) - 1, words.index(lab.word), names=names)


def _measured(here: UnitSubject) -> str:
    then, session, data = here.source.state.epoch, here.session, here.session.dataset
    late = f" As at {session.unit} {then}: pause to read them again."
    every, count = len(data.train), here.activations.count
    some = f"{count:,} of the {every:,}, drawn at random" if count < every else f"all {count:,}"
    past = "" if then == session.state.epoch else late
    return f"Measured on the {data.role} {session.names.generic}s: {some}.{past}"


UnitPicture = Callable[[UnitSubject], Picture]


def _or_not_finite(title: str) -> Callable[[UnitPicture], UnitPicture]:
    """Draw a sentence with the ``title`` instead of states that are not finite numbers."""

    def with_sentence(figure: UnitPicture) -> UnitPicture:
        def drawn(here: UnitSubject) -> Picture:
            if here.finite:
                return figure(here)
            session, unit = here.session, here.session.unit
            named = title.format(noun=session.names.noun, unit=here.lab.unit, epoch=unit)
            earlier = f" Go back to an earlier {unit}." if here.source.state.epoch else ""
            text = f"The states are not finite numbers here.{earlier}"
            return sentence(named, text, theme())

        return drawn

    return with_sentence


@_or_not_finite("Hidden state after every {noun}")
def _memory(here: UnitSubject) -> Picture:
    """The states, with threads of the contributions of all units to the chosen one."""
    session, probe, rows = here.session, here.probe, here.rows
    if not _unthreaded(session):
        into, layer = _into(session), here.source.layer
        parts = recurrent_parts(probe.parameters, probe.trace, layer, rows.chosen, into)
        rows = rows._replace(parts=parts, into=into if len(_lines(session)) > 1 else "")
    return memory_rows(here.states, rows, probe.step_names, here.view, here.theme("memory"))


@_or_not_finite("Unit {unit} after every {noun}")
def _unit_words(here: UnitSubject) -> Picture:
    """The unit after every word, now and at the second moment of the run."""
    session, k, source = here.session, here.lab.unit, here.source
    unit, state, probe = NowAndPinned(here.states[:, k]), session.second_state, session.second
    if state and probe and probe.finite:
        second = probe.unrolled(source.layer).of(source.part)[:, k]
        unit = unit._replace(name=f"{session.unit} {state.epoch}", second=second)
    title = f"Unit {k} after every {session.names.noun}"
    return unit_bars(unit, title, here.probe.step_names, here.view, here.theme("unit", str(k)))


@_or_not_finite("Unit {unit} over the {epoch}s")
def _unit_epochs(here: UnitSubject) -> Picture:
    session, unit = here.session, here.lab.unit
    epochs, values = session.lab(UnitHistory).past(session.run, here.query, _PAST)
    after, course = plain(called(here.probe, here.token)), session.player.course
    title = f"Unit {unit} after {after}, over the {session.unit}s"
    return unit_curve((epochs, values[:, unit]), title, course, here.view, here.theme("epochs"))


@_or_not_finite("What a {noun} adds to a unit")
def _response(here: UnitSubject) -> Picture:
    noun, lab, activations = here.session.names.noun, here.lab, here.activations
    title = f"What a {noun} adds to a unit: Δ{here.source.part}"
    if not lab.repeats(here.source):
        return sentence(title, explanation("carry/numbers"), theme())
    if not len(activations.moved):
        return sentence(title, explanation("carry/gate", noun=noun), theme())
    means, _ = lab.changed(here.source)
    response, colors, word = lab.response(here.source), here.theme("response"), lab.word or ""
    return response_matrix(response, title, colors, chosen=lab.unit, word=word, changes=means)


@_or_not_finite("What each unit follows")
def _following(here: UnitSubject) -> Picture:
    found, title = here.lab.following(here.source), "What each unit follows"
    return following_map(found, here.rows, title, theme())


@_or_not_finite("Unit {unit} over the season")
def _unit_season(here: UnitSubject) -> Picture:
    """The chosen unit against the phase of the season, or why there is none."""
    session, lab, read = here.session, here.lab, here.activations
    data, part = session.dataset, here.source.part
    title = f"Unit {lab.unit} over the season"
    if (season := season_of(data)) is None:
        return sentence(title, explanation("carry/no_season"), theme())
    title = f"Unit {lab.unit} over {f'the {c.name}' if (c := season.cycle) else season.text}"
    every = OverSeason(season.phases[rows_of(data, read)], read.states[:, lab.unit])
    times = here.probe.example.times
    phases = np.empty(0) if times is None else season.at(times)
    own = OverSeason(phases, here.states[: len(phases), lab.unit])
    colors = here.theme("season", part, str(lab.unit))
    return unit_season(every, own, season, title, view=here.view, theme=colors)


@_or_not_finite("Sequences, tinted by unit {unit}")
def _phrases(here: UnitSubject) -> Picture:
    """One page of the training sequences, those with the chosen word first."""
    session, lab, activations = here.session, here.lab, here.activations
    colors = here.theme("tint", str(lab.unit))
    limit = colors.scale.nice_limit(float(np.abs(activations.states[:, lab.unit]).max()))
    page, first = lab.listed(here.source), lab.list_page * LIST_PAGE
    shown = f"{first + 1}–{first + len(page)} of {activations.count:,}"
    whose = f"{session.dataset.role.capitalize()} {session.names.sequence}s"
    title = f"{whose}, tinted by unit {lab.unit}: {shown}"
    tinted, tight = [_phrase(here, int(k)) for k in page], session.names.noun == "character"
    return tinted_phrases(tinted, title, limit, here.view, colors, word=lab.word or "", tight=tight)


def _phrase(here: UnitSubject, k: int) -> Phrase:
    activations, data, note = here.activations, here.session.dataset, ""
    part, number = activations.part(k), int(activations.examples[k])
    if data.one_class_at_end:
        note = f"→ {shown_token(data.classes[data.train[number].target])}"
    values = activations.states[part, here.lab.unit]
    return Phrase(activations.words[part], values, number + 1, note)


def _order_name(session: Session, sort: Sort) -> str:
    if session.dataset.series is not None and sort is Sort.SELECTIVITY:
        return "what they follow"
    return sort.replace("word", session.names.noun)


def _controls(session: Session) -> None:
    lab = session.units
    choose_view(session, "hidden")
    sorts, now = list(Sort), session.units.sort
    first = first_value("unit_sort", edition(session), now)
    text = "carry/order_series" if session.dataset.series is not None else "carry/order"
    chosen = st.selectbox(
        "Order of the units", sorts, sorts.index(first), key="unit_sort",
        format_func=partial(_order_name, session), help=explanation(text, noun=session.names.noun),
    )  # fmt: skip
    lab.sort = Sort(chosen or now)
    # While the run plays, rows and columns keep their order.
    if not session.player.running:
        lab.arrange()
    here = subject_of(session)
    if lab.word is not None:
        place_chips("word", session.names.noun.capitalize())
    back, on = StepButton("Back", -1, "ArrowLeft"), StepButton("Next", 1, "ArrowRight")
    place_stepper("unit", back, on, label="Unit", wraps=True)
    if session.dataset.series is None and lab.last_list_page(here.source):
        tip = f"Pages of the {session.dataset.role} {session.names.sequence}s"
        place_stepper("list_page", StepButton("Earlier", -1), StepButton("Later", 1), tip=tip)
    _choose_threads(session)
    lab.readout = choose_one(
        "Read with", ReadoutKind, lab.readout, edition(session), "readout",
        help=explanation("carry/readout"),
    )  # fmt: skip
    if lab.sort is Sort.EFFECT and lab.readout is ReadoutKind.UNITS:
        ablation_buttons(session)
    if lab.readout is ReadoutKind.PROBE:
        linear_probes.choose_probe(session)


def _charts(session: Session) -> tuple[Column[UnitSubject], Column[UnitSubject]]:
    left: list[Chart[UnitSubject]] = [Chart("memory", 5, _memory)]
    series = session.dataset.series is not None
    if session.units.readout is ReadoutKind.PROBE:
        left.append(linear_probes.probe_chart(session))
    elif series:
        left.append(Chart("unit_words", 4.6, _unit_words))
    else:
        left.append(Chart("unit_words", 2.2, _unit_words))
        left.append(Chart("phrases", 2.4, _phrases, _measured, _choose_word, kind="phrases"))
    if series:
        return left, [
            Chart("following", 5, _following, _measured, _choose_cell, head=True),
            Chart("unit_season", 2.6, _unit_season, _measured),
            Chart("unit_epochs", 2, _unit_epochs, click=go_to_click),
        ]
    return left, [
        Chart("response", 5, _response, _measured, _choose_cell, head=True),
        Chart("unit_epochs", 4.6, _unit_epochs, click=go_to_click),
    ]


def _beside(here: UnitSubject, pair: Pair) -> UnitSubject:
    """The same with the second network, in which the linear probe reads the same."""
    if pair.second and here.lab.readout is ReadoutKind.PROBE:
        linear_probes.follow(pair.first, pair.second)
    return here._replace(pair=pair)


TAB = Sheet(
    "carry", subject_of, _answer, _charts, _controls, _develop,
    shown=lambda session: (session.units.effort.condition, _unthreaded(session),
                           session.lab(LinearProbeLab).measuring is None),
    handlers={"unit": _step_unit, "list_page": _turn, "word": _choose_word},
    more=_sliders,
    beside=_beside,
    fields=lambda session: {**names_in(session), "part": source_of(session).part},
)  # fmt: skip
