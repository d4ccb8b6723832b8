"""Tab *Where does the state rest?*: the points at which a fixed input leaves the state."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

import numpy as np

from rnnviz.charts.explanation import explanation
from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import sentence, shades
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
from rnnviz.ui.choices import progress_html
from rnnviz.ui.sheet import Chart, Column, Sheet, words_in
from rnnviz.ui.style import theme
from rnnviz.ui.viewer import Event

#: The factor by which a search exceeds the time slice of a job, as nothing else runs meanwhile.
SEARCH_FACTOR = 2


class _Shown(NamedTuple):
    """The known points, those of the held input alone, and the number of the chosen one."""

    session: Session
    rests: list[Rest]
    found: FixedPoints | None
    chosen: int | None


def _shown(session: Session) -> _Shown:
    dynamics, query = session.dynamics, session.dynamics_query
    rests = dynamics.rests(query, shown_token)
    return _Shown(session, rests, _found(session), dynamics.chosen(query, rests))


def _choose(session: Session, event: Event) -> None:
    """Choose the point that was clicked, in the plane or in the list."""
    index = event.get("data")
    if type(index) is int:
        session.dynamics.choose(session.dynamics_query, index)


def _found(session: Session) -> FixedPoints | None:
    dynamics, query = session.dynamics, session.dynamics_query
    return None if dynamics.problem(query) else dynamics.found(dynamics.held(query), query)


def _answer(shown: _Shown) -> str:
    session, rests = shown.session, shown.rests
    dynamics, query = session.dynamics, session.dynamics_query
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


def _path(session: Session) -> Array:
    """The whole states of the probe, up to the first one that is not finite."""
    path = states_of(session.inspect().trace).whole
    infinite = np.flatnonzero(~np.isfinite(path).all(axis=1))
    return path[: infinite[0]] if len(infinite) else path


def _words(session: Session, shown: _Shown) -> Picture:
    """The words in the shades of the path; those of an encoder have none."""
    colors, words = theme(), session.inspect().words
    read = len(states_of(session.inspect().trace).after)
    hues = shades(read, colors.background, colors.forward)
    return words_in(session, shown, [*[""] * (len(words) - read), *hues])


def _phase(shown: _Shown) -> Picture:
    """The phase plane. Everything it needs is computed here, so only when it is in sight."""
    session, rests = shown.session, shown.rests
    dynamics, query, words = session.dynamics, session.dynamics_query, session.inspect().words
    problem = dynamics.problem(query)
    if problem or not dynamics.flat(query):
        said = problem or explanation("rest/phase_none")
        return sentence("The plane of two components", said, theme())
    plane, visited, path = dynamics.plane(query), dynamics.visited(query), _path(session)
    points = [rest.point for rest in rests]
    drawn = portrait(dynamics.held(query), plane, visited, path, points)
    first = len(words) - len(states_of(session.inspect().trace).after)
    data = session.dataset
    ends = dynamics.read_at_ends(query)
    told = Told(_title(session), words[first:], first, ends, data.classes, shown.chosen)
    return phase_plane(drawn, plane, rests, told, theme())


def _title(session: Session) -> str:
    """How much of what varies the plane holds, and where."""
    plane, visited = (session.dynamics.plane(session.dynamics_query),
                      session.dynamics.visited(session.dynamics_query))  # fmt: skip
    one, two = (axis + 1 for axis in plane.axes)
    return (
        f"Components {one} and {two} hold {sum(plane.explained):.0%} of what varies on "
        f"{len(visited.paths):,} {session.dataset.role} {session.names.sequence}s"
    )


def _remark(shown: _Shown) -> str:
    session = shown.session
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


def _spectrum(shown: _Shown) -> Picture:
    session = shown.session
    if shown.chosen is None:
        said = "No point is known here yet: press F to search."
        if session.dynamics.searching:
            said = "No point is known here yet: the search is running."
        return sentence("What becomes of a small distance", said, theme())
    return point_spectrum(shown.rests[shown.chosen], session.names.noun, theme())


def _points(shown: _Shown) -> Picture:
    session, dynamics, query = shown.session, shown.session.dynamics, shown.session.dynamics_query
    searched = not dynamics.problem(query) and dynamics.is_asked(query)
    listed = Listed(shown.chosen, dynamics.opened, search_outcome(shown.found, searched))
    return rest_points(shown.rests, listed, session.names.noun, theme())


# The tab


def _controls(session: Session) -> None:
    choose_held(session)
    search_buttons(session)
    choose_plane(session)


def _charts(session: Session) -> tuple[Column[_Shown], Column[_Shown]]:
    return (
        [Chart("phase", 9, _phase, _remark, _choose)],
        [Chart("spectra", 4, _spectrum), Chart("points", 6, _points, click=_choose, kind="table")],
    )


def _search(session: Session, budget: float) -> bool:
    return session.dynamics.work(SEARCH_FACTOR * budget)


TAB = Sheet(
    "rest", _shown, _answer, _charts, _controls, _search, words=_words,
    shown=lambda session: session.dynamics.searching is None,
)  # fmt: skip
