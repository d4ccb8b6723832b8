"""Tab *What path does it take?*: the paths of all sequences, and how far apart the classes are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import sentence, shades
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.activations import Activations, Labels
from rnnviz.probe.projection import Plane, variances_of
from rnnviz.probe.session import Session
from rnnviz.questions.path.measure import FEWEST, Cloud, Trajectory, between_shares, separate
from rnnviz.questions.path.pictures import component_bars, separation_curve, trajectories
from rnnviz.questions.unit_subject import source_of
from rnnviz.ui.browser_session import visit
from rnnviz.ui.choices import choose_axes, choose_view, refit_button
from rnnviz.ui.sheet import Chart, Column, Sheet, words_in
from rnnviz.ui.style import sticky_theme, theme
from rnnviz.ui.viewer import Event

#: Maximum number of tokens drawn.
_MAX_TOKENS = 1_000
_FEW_UNITS = (
    "With one unit the states lie on a line: there is no plane to draw them in. "
    "Choose two hidden units or more."
)
_FEW_STATES = (
    "The network reads all the training data in one step, and one state makes no trajectory. "
    "Use longer sequences, or more of them."
)
_FEW_SEQUENCES = (
    f"There are fewer than {FEWEST} states for each group that is to be told apart, or they don't "
    "vary."
)


class _PathSubject(NamedTuple):
    """The states on the training sequences, their labels, a sample that is drawn, and the plane."""

    session: Session
    activations: Activations
    labels: Labels
    drawn: Activations
    plane: Plane


def _text(session: Session) -> str:
    """The name of the text of the picture, depending on the meaning of its colours."""
    if source_of(session).readable:
        return "trajectories"
    data = session.dataset
    ordered = not data.answers_classes and len(data.classes) == 1
    return f"trajectories_{'values' if ordered else 'classes'}"


def _problem(session: Session) -> str:
    """Why there is no plane, as a sentence; empty if there is one."""
    states = session.units.activations(source_of(session)).states
    if len(states) < 2:
        return _FEW_STATES
    if not np.isfinite(states).all():
        return "The states are not finite numbers, so there is no path to draw."
    return _FEW_UNITS if session.config.hidden < 2 else ""


def _shown(session: Session) -> _PathSubject:
    source, units = source_of(session), session.units
    activations = units.activations(source)
    plane = units.plane(source, session.run)
    if plane is None:
        units.axes = (0, 1)
        plane = units.plane(source, session.run)
    assert plane is not None
    labels = session.units.labels(session.dataset, activations)
    return _PathSubject(session, activations, labels, activations.drawn(_MAX_TOKENS), plane)


def _open(session: Session, event: Event) -> None:
    """Make the sequence of the clicked point the probe."""
    index = event.get("data")
    if type(index) is int and 0 <= index < len(session.dataset.train):
        session.ask(session.dataset.train[index].text)


# The pictures


def _trajectories(shown: _PathSubject) -> Picture:
    session, drawn, plane = shown.session, shown.drawn, shown.plane
    labels, probe = session.units.labels(session.dataset, drawn), session.inspect()
    states = plane.project(probe.unrolled(session.layer).of(session.part))
    # A gate has no value before the first token.
    zero = plane.project(np.zeros((1, drawn.states.shape[1])))
    start = zero if drawn.zero else np.full_like(zero, np.nan)
    path = Trajectory(np.concatenate([start, states]), probe.words)
    cloud = Cloud(drawn, plane.project(drawn.states), labels)
    return trajectories(cloud, path, plane, sticky_theme(session, "ways", session.part))


def _views(shown: _PathSubject, states: Array) -> dict[str, Array]:
    """What varies: of states (N, H) what the output layer reads, in the plane, and all."""
    session, parameters = shown.session, shown.session.state.parameters
    of, states = parameters.architecture, states.astype(float)
    read = session.part == of.out and session.layer == of.layers - 1 and not of.source
    views = {"as read": states @ parameters.W_hy.T} if read else {}
    return views | {"in the plane": shown.plane.project(states), "all": states}


def _separation(shown: _PathSubject) -> Picture:
    session, activations = shown.session, shown.activations
    views, from_end = _views(shown, activations.states), not session.inspect().every
    separation = separate(activations, shown.labels.numbers, views, from_end)
    if np.isnan(separation.by_chance).all():
        return sentence(f"How far {_what(session)} are apart", _FEW_SEQUENCES, theme())
    return separation_curve(separation, _what(session), session.names.noun, theme())


# The answer


def _what(session: Session) -> str:
    return "classes" if session.dataset.answers_classes else "targets"


def _answer(shown: _PathSubject) -> str:
    """How much of the variance separates the classes, and how much of that the plane shows."""
    session, activations = shown.session, shown.activations
    every, noun = session.inspect().every, session.names.noun
    ends = np.arange(len(activations.words)) if every else activations.starts[1:] - 1
    numbers, views = shown.labels.numbers[ends], _views(shown, activations.states[ends])
    together = np.zeros(len(ends), int)
    shares = {k: float(between_shares(v, together, numbers)[0]) for k, v in views.items()}
    kinds = len(np.unique(numbers))
    if kinds < 2 or len(ends) < FEWEST * kinds or any(map(math.isnan, shares.values())):
        return _FEW_SEQUENCES
    when = f"At all {noun}s together" if every else f"After the last {noun}"
    whole, flat = f"{shares['all']:.0%}", f"{shares['in the plane']:.0%}"
    if "as read" not in shares:
        between = f"of the variance lies between the {_what(session)}"
        return f"{when}, <strong>{whole}</strong> {between}; in this plane {flat}."
    between = f"of the variance in the readout lies between the {_what(session)}"
    read = f"<strong>{shares['as read']:.0%}</strong> {between}"
    return f"{when}, {read}; of all units {whole}, in this plane {flat}."


def _remark(session: Session) -> str:
    """When the axes were fitted, and on what."""
    if _problem(session):
        return ""
    shown = _shown(session)
    activations, drawn = shown.activations, shown.drawn.count
    some = f" The picture shows {drawn} of them." if drawn < activations.count else ""
    when = f"{shown.session.unit} {shown.plane.basis.epoch}"
    return (
        f"Axes fitted at {when} to the {len(activations.words):,} states "
        f"on {activations.count} {shown.session.dataset.role} sequences.{some}"
    )


# The tab


def _or_problem(figure: Callable[[_PathSubject], Picture]) -> Callable[[Session], Picture]:
    def drawn(session: Session) -> Picture:
        if problem := _problem(session):
            return sentence("The paths of the states", problem, theme())
        return figure(_shown(session))

    return drawn


def _controls(session: Session) -> None:
    choose_view(session, "dynamics")
    if not _problem(session):
        edition, units = (visit("dynamics"), session.config.hidden), session.units
        units.axes = choose_axes("plane", units.axes, edition, session.config.hidden)
        refit_button(lambda here: here.units.refit(), session.unit)


def _charts(session: Session) -> tuple[Column[Session], Column[Session]]:
    components = _or_problem(
        lambda of: component_bars(variances_of(of.activations.states), of.plane, theme())
    )
    return (
        [Chart("trajectories", 9, _or_problem(_trajectories), _remark, _open, _text(session))],
        [
            Chart("separation", 5, _or_problem(_separation), fields={"what": _what(session)}),
            Chart("components", 4, components),
        ],
    )


def _words(session: Session, subject: Session) -> Picture:
    colors, words = theme(), session.inspect().words
    return words_in(session, subject, shades(len(words), colors.background, colors.forward))


TAB = Sheet(
    "path", lambda session: session,
    lambda session: _problem(session) or _answer(_shown(session)),
    _charts, _controls, words=_words,
)  # fmt: skip
