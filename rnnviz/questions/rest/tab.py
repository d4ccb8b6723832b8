"""Tab *Where does the state rest?*: the fixed points under a fixed input."""

from __future__ import annotations

from html import escape

import streamlit as st

from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import MOST_STEPS, sentence, shades, sparse
from rnnviz.charts.texts import explanation
from rnnviz.charts.theme import shown_token
from rnnviz.probe.fixed_points import FixedPoints, Kind
from rnnviz.probe.session import Session
from rnnviz.probe.state_transition import states_of
from rnnviz.questions.rest.measure import STARTS, DynamicsLab, Hold, dynamics_query, portrait
from rnnviz.questions.rest.pictures import phase_plane, point_spectrum, rest_points
from rnnviz.ui.browser_session import first_value, on_host, visit
from rnnviz.ui.choices import choose_axes, choose_one, progress_html, refit_button
from rnnviz.ui.sheet import Chart, Column, Sheet, words_in
from rnnviz.ui.style import escaped, theme
from rnnviz.ui.viewer import Event

#: The most words for chips; more are in a list.
_MOST_CHIPS = 40


def choose_held(session: Session) -> None:
    """Let the reader choose the fixed input, and its words or values."""
    dynamics, query, noun = session.lab(DynamicsLab), dynamics_query(session), session.names.noun
    hold, words, typed = dynamics.choices(query)
    names = {Hold.OWN: f"{noun}s" if query.dataset.tokens else "values"}
    zero = "all zeros"
    if query.dataset.units:
        names[Hold.ZERO], zero = "training mean", "the mean of the series"
    edition = visit("dynamics"), query.dataset
    chosen = choose_one(
        "Fixed input", Hold, hold, edition, f"hold_{names[Hold.OWN]}", slot="hold",
        format_func=lambda hold: names.get(hold, hold.value),
        help="The input that the network reads at every step. The mean input is that of the "
        f"{session.dataset.role} {session.names.generic}s read; the "
        f"{names.get(Hold.ZERO, Hold.ZERO)} is {zero}.",
    )  # fmt: skip
    dynamics.holds[query.dataset.tokens] = chosen
    if chosen is not Hold.OWN:
        return
    if query.dataset.tokens:
        now = _word_choice(session, first_value("words", edition, words))
        dynamics.words = now if now != words else dynamics.words
    else:
        first = first_value("typed", edition, typed)
        now_typed = st.text_input("The fixed values", first, key="typed")
        dynamics.typed = now_typed if now_typed != typed else dynamics.typed


def _word_choice(session: Session, first: tuple[str, ...]) -> tuple[str, ...]:
    vocabulary, noun = session.dataset.vocabulary.words, session.names.noun
    label, key = f"The fixed {noun} (several: their mean)", f"words_{hash(vocabulary):x}"
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
            "two, with a little noise. The last starts are midpoints of two points found, where "
            "saddles can lie.",
        )  # fmt: skip
    dynamics.starts = starts or dynamics.starts
    data = session.dataset
    if data.tokens and len(data.vocabulary.words) <= _MOST_CHIPS:
        noun = session.names.noun
        st.button(
            f"Find for every {noun}", key="find_each", on_click=on_host(_find), args=(True,),
            disabled=blocked, width="stretch",
            help=f"Search with each {noun} fixed alone, one after the other. The first point of "
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


# The result of a search, in a sentence


def rest_sentence(held: str, found: FixedPoints | None) -> str:
    """The result of the search with an input, as HTML."""
    start = f"With {escape(held)} fixed"
    if found is None:
        return f"{start}: press <strong>F</strong> to find where the state rests."
    if stable := found.of(Kind.STABLE):
        led = sum(point.starts for point in stable)
        several = len(stable) > 1
        count = f"{len(stable)} stable points were" if several else "one stable point was"
        of = f"{led} of {found.starts} starts led there"
        return f"{start}, <strong>{count}</strong> found, where the state stays: {of}."
    if found.points:
        several = len(found.points) > 1
        points = f"the {len(found.points)} points" if several else "the one point"
        nowhere = "<strong>no stable point</strong> was found"
        return f"{start}, {nowhere}: the state leaves {points} found, or only lingers there."
    return f"{start}, <strong>no point</strong> was found from {found.starts} starts."


def search_outcome(found: FixedPoints | None, searching: bool) -> str:
    """The counts of a search, and what it missed; or that there was none, or it still runs."""
    if found is None:
        return "The search is running." if searching else "No search was made with this input."
    counts = ", ".join(f"{len(found.of(kind))} {kind.value}" for kind in Kind)
    short = f" of {found.requested}, because time ran out" if found.starts < found.requested else ""
    missing = [
        (found.outside, "of the starts went far from the visited states, or beyond possible ones"),
        (found.lost, "found nothing slow"),
    ]
    rest = "".join(f", {count} {what}" for count, what in missing if count)
    unseen = f"; {found.undescribed} more points were not examined" if found.undescribed else ""
    return f"{counts}, from {found.starts} starts{short}{rest}{unseen}."


# The tab


class _RestSubject:
    """The lab with its query, the known points, and the index of the chosen one.

    ``problem`` says why a search is impossible, ``found`` is the result with the held input.
    """

    def __init__(self, session: Session) -> None:
        self.session, self.lab = session, session.lab(DynamicsLab)
        self.query = dynamics_query(session)
        self.problem = self.lab.problem(self.query)
        self.rests = self.lab.rests(self.query, shown_token)
        held = None if self.problem else self.lab.held(self.query)
        self.found = held and self.lab.found(held, self.query)
        self.chosen = self.lab.chosen(self.query, self.rests)

    @property
    def has_plane(self) -> bool:
        """Whether the states can be projected onto a plane."""
        return not self.problem and self.lab.flat(self.query)


def _choose(session: Session, event: Event) -> None:
    """Choose the point that was clicked, in the plane or in the list."""
    index = event.get("data")
    if type(index) is int:
        session.lab(DynamicsLab).choose(dynamics_query(session), index)


def _answer(shown: _RestSubject) -> str:
    if searching := shown.lab.searching:
        epoch, share = searching
        return progress_html(f"Searching at {shown.session.unit} {epoch}", share)
    if shown.problem:
        return escape(shown.problem)
    result = rest_sentence(shown.lab.label(shown.query, shown_token), shown.found)
    stable = [rest for rest in shown.rests if rest.own and not rest.point.unstable]
    reads = f" It reads {escape(stable[0].readout.text)}." if len(stable) == 1 else ""
    return result + reads


def _words(session: Session, shown: _RestSubject) -> Picture:
    """The words in the shades of the path; those of an encoder have none."""
    colors, words = theme(), session.inspect().words
    read = len(states_of(session.inspect().trace).after)
    hues = shades(read, colors.background, colors.forward)
    return words_in(session, shown, [*[""] * (len(words) - read), *hues])


def _phase(shown: _RestSubject) -> Picture:
    """The phase plane. Its data are computed here, and so only when it is visible."""
    session, lab, query = shown.session, shown.lab, shown.query
    if not shown.has_plane:
        text = shown.problem or explanation("rest/phase_none")
        return sentence("The plane of two components", text, theme())
    plane, visited, probe = lab.plane(query), lab.visited(query), session.inspect()
    words, states = probe.step_names, states_of(probe.trace)
    if session.dataset.series is not None:
        words = sparse(words, MOST_STEPS)
    points = [rest.point for rest in shown.rests]
    drawn = portrait(lab.held(query), plane, visited, states.whole, points)
    one, two = (axis + 1 for axis in plane.axes)
    title = (
        f"Components {one} and {two} explain {sum(plane.explained):.0%} of the variance on "
        f"{len(visited.paths):,} {session.dataset.role} {session.names.sequence}s"
    )
    first = len(words) - len(states.after)
    return phase_plane(
        drawn, plane, shown.rests, theme(), title=title, words=words[first:], first=first,
        ends=lab.read_at_ends(query), classes=session.dataset.classes, chosen=shown.chosen,
    )  # fmt: skip


def _remark(shown: _RestSubject) -> str:
    session, lab, query = shown.session, shown.lab, shown.query
    if not shown.has_plane:
        return ""
    visited, basis = lab.visited(query), lab.plane(query).basis
    read = f"{len(visited.paths)} of {visited.total}" if visited.partial else f"{visited.total}"
    return (
        f"Held: {lab.label(query, shown_token)}. The plane was fitted at {session.unit} "
        f"{basis.epoch} to the states on {read} {session.dataset.role} {session.names.sequence}s; "
        f"participation ratio {basis.participation:.2f} of {len(basis.mean)} dimensions."
    )


def _spectrum(shown: _RestSubject) -> Picture:
    if shown.chosen is not None:
        return point_spectrum(shown.rests[shown.chosen], shown.session.names.noun, theme())
    text = "No point is known here yet: press F to search."
    if shown.problem:
        text = "No points can be found here."
    elif shown.lab.is_asked(shown.query):
        text = "No point is known here yet: the search is running."
    return sentence("How a small distance evolves", text, theme())


def _points(shown: _RestSubject) -> Picture:
    searched = not shown.problem and shown.lab.is_asked(shown.query)
    return rest_points(
        shown.rests, shown.session.names.noun, theme(), chosen=shown.chosen,
        opened=shown.lab.opened, outcome=search_outcome(shown.found, searched),
    )  # fmt: skip


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
    "rest", _RestSubject, _answer, _charts, _controls,
    lambda session: session.lab(DynamicsLab).work(), words=_words,
    shown=lambda session: session.lab(DynamicsLab).searching is None,
)  # fmt: skip
