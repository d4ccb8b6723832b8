"""Tab *Where does the state rest?*: the points at which a fixed input leaves the state."""

from __future__ import annotations

from functools import partial
from html import escape

import numpy as np
from streamlit.delta_generator import DeltaGenerator

from rnnviz.charts.color_math import shades
from rnnviz.charts.explanation import explanation
from rnnviz.charts.picture import Picture
from rnnviz.charts.sentence import sentence
from rnnviz.charts.theme import shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.fixed_points import FixedPoints
from rnnviz.probe.phase_portrait import Rest, portrait
from rnnviz.probe.session import Session
from rnnviz.probe.state_transition import states_of
from rnnviz.questions.rest.held_input import choose_held, choose_plane, search_buttons
from rnnviz.questions.rest.pictures import Told, phase_plane, point_spectrum
from rnnviz.questions.rest.rest_points import Listed, rest_points
from rnnviz.questions.rest.search_outcome import rest_sentence, search_outcome
from rnnviz.ui.answer import answer_html
from rnnviz.ui.frame import Frame
from rnnviz.ui.measuring import progress_html
from rnnviz.ui.stage import Panel, place_sheet
from rnnviz.ui.style import theme
from rnnviz.ui.tab import Tab
from rnnviz.ui.viewer import Event
from rnnviz.ui.words import draw_words, words_panel

#: The factor by which a search exceeds the time slice of a job, as nothing else runs meanwhile.
SEARCH_FACTOR = 2


def rest_tab(session: Session, controls: DeltaGenerator) -> Tab:
    """Lay out the choice of the input, the plane, and the points with their eigenvalues."""
    with controls:
        choose_held(session)
        search_buttons(session)
        choose_plane(session)
    _place(session)
    return live_rest(session)


def live_rest(session: Session) -> Tab:
    """How the tab is drawn and worked on, with the controls as they were chosen last."""

    def draw(frame: Frame) -> None:
        dynamics, query = session.dynamics, session.dynamics_query
        rests, found = dynamics.rests(query, shown_token), _found(session)
        chosen, noun = dynamics.chosen(query, rests), session.names.noun
        frame.texts["story"] = answer_html(session, _answer(session, found, rests))
        searched = not dynamics.problem(query) and dynamics.is_asked(query)
        outcome = search_outcome(found, searched)
        listed = Listed(chosen, dynamics.opened, outcome)
        frame.chart("points", rest_points, rests, listed, noun, theme())
        _draw_words(session, frame)
        frame.chart("phase", _phase, session, rests, chosen, remark=_remark(session))
        frame.chart("spectra", _spectrum, session, rests, chosen)

    clicks = dict.fromkeys(("phase", "points"), partial(_choose, session))

    def search(budget: float) -> bool:
        return session.dynamics.work(SEARCH_FACTOR * budget)

    return Tab(draw, clicks, search, lambda: session.dynamics.searching is None)


def _place(session: Session) -> None:
    noun = session.names.noun
    phase = Panel("phase", 9, explanation("phase", noun=noun), clicks=True)
    spectra = Panel("spectra", 4, explanation("spectra", noun=noun))
    points = Panel("points", 6, explanation("points", noun=noun), clicks=True, kind="table")
    place_sheet("rest", [words_panel(session), phase], [spectra, points])


def _choose(session: Session, event: Event) -> None:
    """Choose the point that was clicked, in the plane or in the list."""
    index = event.get("data")
    if type(index) is int:
        session.dynamics.choose(session.dynamics_query, index)


def _found(session: Session) -> FixedPoints | None:
    dynamics, query = session.dynamics, session.dynamics_query
    return None if dynamics.problem(query) else dynamics.found(dynamics.held(query), query)


def _answer(session: Session, found: FixedPoints | None, rests: list[Rest]) -> str:
    dynamics, query = session.dynamics, session.dynamics_query
    if dynamics.searching:
        epoch, share = dynamics.searching
        return progress_html(f"Searching at {session.unit} {epoch}", share)
    if problem := dynamics.problem(query):
        return escape(problem)
    told = rest_sentence(dynamics.label(query, shown_token), found)
    stable = [rest for rest in rests if rest.own and not rest.point.unstable]
    reads = f" It reads {escape(stable[0].readout.text)}." if len(stable) == 1 else ""
    return told + reads


# The pictures


def _path(session: Session) -> Array:
    """The whole states of the probe, up to the first one that is not finite."""
    path = states_of(session.inspect().trace).whole
    infinite = np.flatnonzero(~np.isfinite(path).all(axis=1))
    return path[: infinite[0]] if len(infinite) else path


def _draw_words(session: Session, frame: Frame) -> None:
    """The words in the shades of the way; those of an encoder have none."""
    colors, words = theme(), session.inspect().words
    read = len(states_of(session.inspect().trace).after)
    hues = shades(read, colors.background, colors.forward)
    draw_words(session, frame, [*[""] * (len(words) - read), *hues])


def _phase(session: Session, rests: list[Rest], chosen: int | None) -> Picture:
    """The phase plane. Everything it needs is computed here, so only when it is in sight."""
    dynamics, query, words = session.dynamics, session.dynamics_query, session.inspect().words
    problem = dynamics.problem(query)
    if problem or not dynamics.flat(query):
        said = problem or explanation("phase_none")
        return sentence("The plane of two components", said, theme())
    plane, visited, path = dynamics.plane(query), dynamics.visited(query), _path(session)
    points = [rest.point for rest in rests]
    shown = portrait(dynamics.held(query), plane, visited, path, points)
    first = len(words) - len(states_of(session.inspect().trace).after)
    data = session.dataset
    ends = dynamics.read_at_ends(query)
    told = Told(_title(session), words[first:], first, ends, data.classes, chosen)
    return phase_plane(shown, plane, rests, told, theme())


def _title(session: Session) -> str:
    """How much of what varies the plane holds, and where."""
    plane, visited = (session.dynamics.plane(session.dynamics_query),
                      session.dynamics.visited(session.dynamics_query))  # fmt: skip
    one, two = (axis + 1 for axis in plane.axes)
    return (
        f"Components {one} and {two} hold {sum(plane.explained):.0%} of what varies on "
        f"{len(visited.paths):,} {session.dataset.role} {session.names.sequence}s"
    )


def _remark(session: Session) -> str:
    dynamics, query = session.dynamics, session.dynamics_query
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


def _spectrum(session: Session, rests: list[Rest], chosen: int | None) -> Picture:
    if chosen is None:
        said = "No point is known here yet: press F to search."
        if session.dynamics.searching:
            said = "No point is known here yet: the search is running."
        return sentence("What becomes of a small distance", said, theme())
    return point_spectrum(rests[chosen], session.names.noun, theme())
