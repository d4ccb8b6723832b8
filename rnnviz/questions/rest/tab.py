"""Tab *Where does the state rest?*: the points at which a fixed input leaves the state."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

import numpy as np
import streamlit as st

from rnnviz.charts.explanation import explanation
from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import sentence, shades
from rnnviz.charts.theme import shown_token
from rnnviz.probe.fixed_points import FixedPoints, Kind
from rnnviz.probe.session import Session
from rnnviz.probe.state_transition import states_of
from rnnviz.questions.rest.measure import STARTS, DynamicsLab, Hold, Rest, dynamics_query, portrait
from rnnviz.questions.rest.pictures import phase_plane, point_spectrum, rest_points
from rnnviz.ui.browser_session import first_value, on_host, visit
from rnnviz.ui.choices import choose_axes, progress_html, refit_button
from rnnviz.ui.sheet import Chart, Column, Sheet, words_in
from rnnviz.ui.style import escaped, theme
from rnnviz.ui.viewer import Event

#: Of more words than this there is a list in place of chips.
_MOST_CHIPS = 40


def choose_held(session: Session) -> None:
    """Let the reader choose the fixed input, and its words or values."""
    dynamics, query, noun = session.lab(DynamicsLab), dynamics_query(session), session.names.noun
    hold, words, typed = dynamics.choices(query)
    own = f"{noun}s" if query.dataset.tokens else "values"
    edition = visit("dynamics"), query.dataset
    chosen = st.segmented_control(
        "Hold", list(Hold), default=first_value("hold", edition, hold), required=True,
        key=f"hold_{own}", format_func=lambda hold: own if hold is Hold.OWN else hold.value,
        help="The input that the network reads at every step. The mean input is that of all "
        f"{session.dataset.role} sequences; nothing is the zero input.",
    )  # fmt: skip
    dynamics.holds[query.dataset.tokens] = Hold(chosen or hold)
    if chosen is not Hold.OWN:
        return
    if query.dataset.tokens:
        dynamics.words = _word_choice(session, first_value("words", edition, words))
    else:
        dynamics.typed = st.text_input(
            "The values to hold", first_value("typed", edition, typed), key="typed"
        )


def _word_choice(session: Session, first: tuple[str, ...]) -> tuple[str, ...]:
    vocabulary, noun = session.dataset.vocabulary.words, session.names.noun
    label, key = f"The {noun} to hold (several: their mean)", f"words_{hash(vocabulary):x}"
    if len(vocabulary) <= _MOST_CHIPS:
        return tuple(st.pills(
            label, vocabulary, selection_mode="multi", default=list(first), key=key,
            format_func=lambda word: escaped(shown_token(word)),
        ))  # fmt: skip
    return tuple(st.multiselect(
        label, vocabulary, list(first), key=key, format_func=shown_token, max_selections=20
    ))  # fmt: skip


def search_buttons(session: Session) -> None:
    """The number of starts, and the buttons that begin a search and end it."""
    dynamics = session.lab(DynamicsLab)
    first = first_value("starts", visit("dynamics"), dynamics.starts)
    searching = dynamics.searching is not None
    blocked = searching or bool(dynamics.problem(dynamics_query(session)))
    with st.container(horizontal=True, vertical_alignment="bottom", key="search_bar"):
        st.button(
            "Find", key="find", type="secondary" if blocked else "primary", on_click=on_host(_find),
            shortcut="F", disabled=blocked, help="Search for the points at which the state stays",
        )  # fmt: skip
        cancel = on_host(lambda here: here.lab(DynamicsLab).cancel())
        st.button("Cancel", key="cancel", on_click=cancel, disabled=not searching)
        starts = st.selectbox(
            "Starts", STARTS, STARTS.index(first), key="starts", width=84,
            help="The number of states at which the search starts: visited states and midpoints of "
            "two, with a little noise. At last it starts at midpoints of two points found, where "
            "saddles lie.",
        )  # fmt: skip
    dynamics.starts = starts or dynamics.starts
    data = session.dataset
    if data.tokens and len(data.vocabulary.words) <= _MOST_CHIPS:
        noun = session.names.noun
        st.button(
            f"Find for every {noun}", key="find_each", on_click=on_host(_find), args=(True,),
            disabled=blocked, width="stretch",
            help=f"Search with each {noun} held alone, one after the other. The first point of "
            "each is in the plane and in the list.",
        )  # fmt: skip


def _find(session: Session, each: bool = False) -> None:
    session.player.pause()
    dynamics = session.lab(DynamicsLab)
    (dynamics.find_each if each else dynamics.find)(dynamics_query(session))


def choose_plane(session: Session) -> None:
    """Let the reader choose the plane, and fit it again."""
    dynamics, query = session.lab(DynamicsLab), dynamics_query(session)
    if dynamics.problem(query) or not dynamics.flat(query):
        return
    count = len(dynamics.plane(query).basis.axes)
    dynamics.axes = choose_axes("axes", dynamics.axes, visit("dynamics"), count)
    refit_button(lambda here: here.lab(DynamicsLab).refit(), session.unit)


# What came of a search for the points where the state rests, in a sentence each


def rest_sentence(held: str, found: FixedPoints | None) -> str:
    """What came of the search with an input, as HTML."""
    if found is None:
        return f"Held on {escape(held)}: press <strong>F</strong> to find where the state rests."
    stable, of = found.of(Kind.STABLE), f"of {found.starts} starts led there"
    led = sum(point.starts for point in stable)
    if len(stable) == 1:
        return f"Held on {escape(held)}, the state rests at <strong>one point</strong>: {led} {of}."
    if stable:
        count = f"<strong>{len(stable)} points</strong>"
        return f"Held on {escape(held)}, the state rests at {count}: {led} {of}."
    if found.points:
        several = len(found.points) > 1
        points = f"all {len(found.points)} points" if several else "the one point"
        return (
            f"Held on {escape(held)}, the state <strong>rests nowhere</strong>: it leaves {points} "
            "found, or only slows down."
        )
    return (
        f"Held on {escape(held)}, <strong>no point</strong> was found from {found.starts} starts."
    )


def search_outcome(found: FixedPoints | None, searching: bool) -> str:
    """The counts of a search, and what it has missed; or that there was none, or it still runs."""
    if found is None:
        return "The search is running." if searching else "No search was made with this input."
    counts = ", ".join(f"{len(found.of(kind))} {kind.value}" for kind in Kind)
    short = f" of {found.requested}, because time ran out" if found.starts < found.requested else ""
    missing = [
        (found.outside, "of the starts left the range of possible states"),
        (found.lost, "found nothing slow"),
    ]
    rest = "".join(f", {count} {what}" for count, what in missing if count)
    unseen = f"; {found.undescribed} more points were not examined" if found.undescribed else ""
    return f"{counts}, from {found.starts} starts{short}{rest}{unseen}."


# Tab *Where does the state rest?*: the points at which a fixed input leaves the state


class _RestSubject(NamedTuple):
    """The known points, those of the held input alone, and the number of the chosen one."""

    session: Session
    rests: list[Rest]
    found: FixedPoints | None
    chosen: int | None


def _shown(session: Session) -> _RestSubject:
    dynamics, query = session.lab(DynamicsLab), dynamics_query(session)
    rests, problem = dynamics.rests(query, shown_token), dynamics.problem(query)
    found = None if problem else dynamics.found(dynamics.held(query), query)
    return _RestSubject(session, rests, found, dynamics.chosen(query, rests))


def _choose(session: Session, event: Event) -> None:
    """Choose the point that was clicked, in the plane or in the list."""
    index = event.get("data")
    if type(index) is int:
        session.lab(DynamicsLab).choose(dynamics_query(session), index)


def _answer(shown: _RestSubject) -> str:
    session, rests = shown.session, shown.rests
    dynamics, query = session.lab(DynamicsLab), dynamics_query(session)
    if dynamics.searching:
        epoch, share = dynamics.searching
        return progress_html(f"Searching at {session.unit} {epoch}", share)
    if problem := dynamics.problem(query):
        return escape(problem)
    told = rest_sentence(dynamics.label(query, shown_token), shown.found)
    stable = [rest for rest in rests if rest.own and not rest.point.unstable]
    reads = f" It reads {escape(stable[0].readout.text)}." if len(stable) == 1 else ""
    return told + reads


# The pictures


def _words(session: Session, shown: _RestSubject) -> Picture:
    """The words in the shades of the path; those of an encoder have none."""
    colors, words = theme(), session.inspect().words
    read = len(states_of(session.inspect().trace).after)
    hues = shades(read, colors.background, colors.forward)
    return words_in(session, shown, [*[""] * (len(words) - read), *hues])


def _phase(shown: _RestSubject) -> Picture:
    """The phase plane. Everything it needs is computed here, so only when it is visible."""
    session, rests = shown.session, shown.rests
    dynamics, query, words = (
        session.lab(DynamicsLab),
        dynamics_query(session),
        session.inspect().words,
    )
    problem = dynamics.problem(query)
    if problem or not dynamics.flat(query):
        said = problem or explanation("rest/phase_none")
        return sentence("The plane of two components", said, theme())
    plane, visited, states = (
        dynamics.plane(query),
        dynamics.visited(query),
        states_of(session.inspect().trace),
    )
    infinite = np.flatnonzero(~np.isfinite(states.whole).all(axis=1))
    path = states.whole[: infinite[0]] if len(infinite) else states.whole
    points = [rest.point for rest in rests]
    drawn = portrait(dynamics.held(query), plane, visited, path, points)
    one, two = (axis + 1 for axis in plane.axes)
    title = (
        f"Components {one} and {two} explain {sum(plane.explained):.0%} of the variance on "
        f"{len(visited.paths):,} {session.dataset.role} {session.names.sequence}s"
    )
    first = len(words) - len(states.after)
    return phase_plane(
        drawn, plane, rests, theme(), title=title, words=words[first:], first=first,
        ends=dynamics.read_at_ends(query), classes=session.dataset.classes, chosen=shown.chosen,
    )  # fmt: skip


def _remark(shown: _RestSubject) -> str:
    session = shown.session
    dynamics, query = session.lab(DynamicsLab), dynamics_query(session)
    if dynamics.problem(query) or not dynamics.flat(query):
        return ""
    visited, basis = dynamics.visited(query), dynamics.plane(query).basis
    read = f"{len(visited.paths)} of {visited.total}" if visited.partial else f"{visited.total}"
    when = f"{session.unit} {basis.epoch}"
    return (
        f"Held: {dynamics.label(query, shown_token)}. The plane was fitted at {when} "
        f"to the states on {read} {session.dataset.role} {session.names.sequence}s; "
        "participation ratio "
        f"{basis.participation:.2f} of {len(basis.mean)} dimensions."
    )


def _spectrum(shown: _RestSubject) -> Picture:
    session = shown.session
    if shown.chosen is None:
        dynamics = session.lab(DynamicsLab)
        said = "No point is known here yet: press F to search."
        if dynamics.problem(dynamics_query(session)):
            said = "No points can be found here."
        elif dynamics.searching:
            said = "No point is known here yet: the search is running."
        return sentence("What becomes of a small distance", said, theme())
    return point_spectrum(shown.rests[shown.chosen], session.names.noun, theme())


def _points(shown: _RestSubject) -> Picture:
    session, dynamics = shown.session, shown.session.lab(DynamicsLab)
    query = dynamics_query(session)
    searched = not dynamics.problem(query) and dynamics.is_asked(query)
    return rest_points(
        shown.rests, session.names.noun, theme(), chosen=shown.chosen, opened=dynamics.opened,
        outcome=search_outcome(shown.found, searched),
    )  # fmt: skip


# The tab


def _controls(session: Session) -> None:
    choose_held(session)
    search_buttons(session)
    choose_plane(session)


def _charts(session: Session) -> tuple[Column[_RestSubject], Column[_RestSubject]]:
    return (
        [Chart("phase", 9, _phase, _remark, _choose)],
        [Chart("spectra", 4, _spectrum), Chart("points", 6, _points, click=_choose, kind="table")],
    )


TAB = Sheet(
    "rest", _shown, _answer, _charts, _controls,
    lambda session: session.lab(DynamicsLab).work(), words=_words,
    shown=lambda session: session.lab(DynamicsLab).searching is None,
)  # fmt: skip
