"""Page *Dynamics*: where the state goes under a fixed input."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.analysis.fixed_points import FixedPoint, FixedPoints
from rnnviz.analysis.phase_portrait import Readout, portrait
from rnnviz.analysis.state_transition import states_of
from rnnviz.app.browser_session import first_value, on_host, visit
from rnnviz.app.fixed_point_table import points_html, search_html
from rnnviz.app.frame import Frame
from rnnviz.app.page_scene import live
from rnnviz.app.plane_axes import choose_axes
from rnnviz.app.questions import choose_question
from rnnviz.app.stage import place_chart, place_text
from rnnviz.app.style import theme
from rnnviz.app.tabs.tab import Tab
from rnnviz.app.tabs.trajectories import trajectories_tab
from rnnviz.app.text import explanation
from rnnviz.figures.dynamics import phase_plane, point_spectra
from rnnviz.figures.picture import Picture
from rnnviz.figures.theme import HEIGHTS, shown_token
from rnnviz.lab.dynamics import STARTS, Hold, read_out
from rnnviz.lab.questions import DynamicsQuestion
from rnnviz.session import Session

#: The factor by which a search exceeds the time slice of a job, as nothing else runs meanwhile.
SEARCH_FACTOR = 2


def dynamics_page(session: Session, controls: DeltaGenerator) -> None:
    """Draw the page; its tab's own ``controls`` are in the sidebar."""
    lab = session.dynamics
    lab.question = choose_question("dynamics", lab.question, session)
    tab = (_rest_tab if lab.question is DynamicsQuestion.REST else trajectories_tab)(
        session, controls
    )
    live(session, tab.draw, tab.handlers, tab.job)


def _rest_tab(session: Session, controls: DeltaGenerator) -> Tab:
    del controls
    _controls(session)
    problem = session.dynamics.problem(session.dynamics_query)
    _layout(session, problem)

    def draw(frame: Frame) -> None:
        frame.texts["search"] = search_html(_search(session), session.dynamics.searching)
        if not session.dynamics.problem(session.dynamics_query):
            _draw(session, frame)

    return Tab(draw, job=lambda budget: session.dynamics.work(SEARCH_FACTOR * budget))


def _controls(session: Session) -> None:
    dynamics = session.dynamics
    with st.container(horizontal=True, vertical_alignment="bottom", key="dynamics_bar"):
        _hold(session)
        first = first_value("starts", visit("dynamics"), dynamics.starts)
        starts = st.selectbox(
            "Starts", STARTS, STARTS.index(first), key="starts", width=110,
            help="The number of states at which the search starts: visited states and midpoints of "
            "two, with a little noise. At last it starts at midpoints of two points found, where "
            "saddles lie.",
        )  # fmt: skip
        dynamics.starts = starts or dynamics.starts
        searching = dynamics.searching is not None
        blocked = searching or bool(dynamics.problem(session.dynamics_query))
        st.button(
            "Find", key="find", type="primary", on_click=on_host(_find),
            shortcut="F", disabled=blocked, help="Search for the points at which the state stays",
        )  # fmt: skip
        cancel = on_host(lambda here: here.dynamics.cancel())
        st.button("Cancel", key="cancel", on_click=cancel, disabled=not searching)
    if not dynamics.problem(session.dynamics_query) and dynamics.flat(session.dynamics_query):
        _plane_controls(session)


def _find(session: Session) -> None:
    session.player.pause()
    session.dynamics.find(session.dynamics_query)


def _hold(session: Session) -> None:
    """The choice of the fixed input, and of its words or values."""
    dynamics, query, noun = session.dynamics, session.dynamics_query, session.names.noun
    hold, words, typed = dynamics.choices(query)
    own = f"{noun}s" if query.dataset.tokens else "values"
    edition = visit("dynamics"), query.dataset
    chosen = st.segmented_control(
        "Hold", list(Hold), default=first_value("hold", edition, hold), required=True,
        key=f"hold_{own}", format_func=lambda hold: own if hold is Hold.OWN else hold.value,
        help="The fixed input that the network reads at every step. The mean input is that of all "
        "training sequences.",
    )  # fmt: skip
    dynamics.holds[query.dataset.tokens] = Hold(chosen or hold)
    if chosen is not Hold.OWN:
        return
    if query.dataset.tokens:
        vocabulary = query.dataset.vocabulary.words
        dynamics.words = tuple(st.multiselect(
            f"The {noun} to hold (several: their mean)", vocabulary,
            list(first_value("words", edition, words)), key=f"words_{hash(vocabulary):x}",
            format_func=shown_token, max_selections=20, width=320,
        ))  # fmt: skip
    else:
        dynamics.typed = st.text_input(
            "The values to hold", first_value("typed", edition, typed), key="typed", width=200
        )


def _layout(session: Session, problem: str) -> None:
    place_text("search")
    if problem:
        st.info(problem)
        return
    left, right = st.columns([3, 2], gap="medium")
    noun = session.names.noun
    with left:
        if session.dynamics.flat(session.dynamics_query):
            place_chart("phase", HEIGHTS["phase"], explanation("phase", noun=noun))
        else:
            st.info(explanation("phase_none"))
    with right:
        place_chart("spectra", HEIGHTS["spectra"], explanation("spectra", noun=noun))
    place_text("points")
    st.caption(explanation("points", noun=noun))


def _plane_controls(session: Session) -> None:
    dynamics = session.dynamics
    with st.container(horizontal=True, vertical_alignment="bottom", key="plane_bar"):
        count = len(dynamics.plane(session.dynamics_query).basis.axes)
        dynamics.axes = choose_axes("axes", dynamics.axes, visit("dynamics"), count)
        refit = on_host(lambda here: here.dynamics.refit())
        st.button(
            "Refit the plane", key="refit", on_click=refit,
            help="Compute the principal components of the states visited at the epoch shown. "
            "Otherwise the plane stays the same, so that epochs can be compared.",
        )  # fmt: skip


def _search(session: Session) -> FixedPoints | None:
    dynamics, query = session.dynamics, session.dynamics_query
    return None if dynamics.problem(query) else dynamics.found(dynamics.held(query), query)


def _points(session: Session) -> tuple[Sequence[FixedPoint], list[Readout]]:
    search, data = _search(session), session.dataset
    points = search.points if search else ()
    return points, [read_out(point.answers, data, shown_token) for point in points]


def _draw(session: Session, frame: Frame) -> None:
    points, readouts = _points(session)
    if session.dynamics.flat(session.dynamics_query):
        frame.chart("phase", _phase, session, remark=_remark(session))
    frame.chart("spectra", point_spectra, points, theme())
    frame.texts["points"] = points_html(points, readouts)


def _phase(session: Session) -> Picture:
    """The phase plane. Everything it needs is computed here, so only when it is in sight."""
    dynamics, query, probe = session.dynamics, session.dynamics_query, session.inspect()
    points, readouts = _points(session)
    held, plane, path = dynamics.held(query), dynamics.plane(query), states_of(probe.trace).whole
    shown = portrait(held, plane, dynamics.visited(query), path, points)
    words = probe.words[1 - len(path) :]
    return phase_plane(shown, plane, points, (readouts, words), theme())


def _remark(session: Session) -> str:
    dynamics, query = session.dynamics, session.dynamics_query
    visited, basis = dynamics.visited(query), dynamics.plane(query).basis
    read = f"{len(visited.paths)} of {visited.total}" if visited.partial else f"{visited.total}"
    label = dynamics.label(query, shown_token)
    return (
        f"Held: {label}. The plane was fitted at epoch {basis.epoch} to the states on {read} "
        f"training sequences, including the one before the first {session.names.noun}. Their "
        f"participation ratio was {basis.participation:.2f} of {len(basis.mean)} dimensions."
    )
