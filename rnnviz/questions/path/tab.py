"""Tab *What path does it take?*: the paths of all sequences, and the separation of the classes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import MOST_STEPS, sentence, shades, sparse
from rnnviz.charts.theme import plain
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.activations import Activations, Labels, Plane, moderate, variances_of
from rnnviz.probe.season import Season, rows_of, season_of
from rnnviz.probe.session import Session
from rnnviz.questions.path.measure import FEWEST, between_shares, separate
from rnnviz.questions.path.pictures import Loop, component_bars, separation_curve, trajectories
from rnnviz.questions.subject import source_of
from rnnviz.tasks.data.number_cells import written
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
    "All the training data are a single token, and one state makes no trajectory. "
    "Use longer sequences, or more of them."
)
_FEW_SEQUENCES = (
    f"There are fewer than {FEWEST} states for each group on average, or only one group, or they "
    "don't vary."
)


class _PathSubject(NamedTuple):
    """The states on the training sequences, their labels, a sample to draw, and the plane."""

    session: Session
    activations: Activations
    labels: Labels
    drawn: Activations
    plane: Plane

    def views(self, states: Array) -> dict[str, Array]:
        """Projections of states (N, H): to the readout if it reads them, to the plane; and all."""
        session, parameters = self.session, self.session.state.parameters
        of, states = parameters.architecture, states.astype(float)
        read = session.part == of.out and session.layer == of.layers - 1 and not of.source
        views = {"as read": states @ parameters.W_hy.T} if read else {}
        return views | {"in the plane": self.plane.project(states), "all": states}


def _problem(session: Session) -> str:
    """Why there is no plane, as a sentence; empty if there is one."""
    states = session.units.activations(source_of(session)).states
    if len(states) < 2:
        return _FEW_STATES
    if not moderate(states):
        return "The states are too large, or not finite numbers, so there is no path to draw."
    return _FEW_UNITS if session.config.hidden < 2 else ""


def _shown(session: Session) -> _PathSubject:
    source, units = source_of(session), session.units
    activations = units.activations(source)
    if (plane := units.plane(source, session.run)) is None:
        units.axes = (0, 1)
        plane = units.plane(source, session.run)
    assert plane is not None
    labels = units.labels(session.dataset, activations)
    return _PathSubject(session, activations, labels, activations.drawn(_MAX_TOKENS), plane)


def _open(session: Session, event: Event) -> None:
    index = event.get("data")
    if type(index) is int and 0 <= index < len(session.dataset.train):
        session.ask(session.dataset.train[index].text)


def _or_problem(figure: Callable[[_PathSubject], Picture]) -> Callable[[Session], Picture]:
    def drawn(session: Session) -> Picture:
        if problem := _problem(session):
            return sentence("The paths of the states", problem, theme())
        return figure(_shown(session))

    return drawn


@_or_problem
def _trajectories(shown: _PathSubject) -> Picture:
    session, drawn, plane = shown.session, shown.drawn, shown.plane
    labels, probe = session.units.labels(session.dataset, drawn), session.inspect()
    states = plane.project(probe.unrolled(session.layer).of(session.part))
    # A gate has no value before the first token.
    zero = plane.project(np.zeros((1, drawn.states.shape[1])))
    start = zero if drawn.zero else np.full_like(zero, np.nan)
    path, colors = np.concatenate([start, states]), sticky_theme(session, "ways", session.part)
    words, loop, tips = probe.step_names, _loop(shown), list[str]()
    if session.dataset.series is not None:
        words, tips = sparse(words, 1 if loop else MOST_STEPS), _tips(session, drawn)
    return trajectories(drawn, labels, path, words, plane, theme=colors, loop=loop, tips=tips)


def _tips(session: Session, drawn: Activations) -> list[str]:
    """Time and values of every step of a series, (N,)."""
    series = session.dataset.series
    assert series, "only series have times"
    times = written(np.concatenate([piece.times for piece in series.train]))
    rows = rows_of(session.dataset, drawn).tolist()
    return [plain(f"{times[row]}: {word}", 60) for row, word in zip(rows, drawn.words, strict=True)]


def _loop(shown: _PathSubject) -> Loop | None:
    """The mean of the states in each part of the season, if values have one."""
    session, read = shown.session, shown.activations
    if (season := _season(session)) is None:
        return None
    part = season.part(season.phases[rows_of(session.dataset, read)])
    points, count = shown.plane.project(read.states), len(season.parts)
    sizes = np.bincount(part, minlength=count)
    sums = [np.bincount(part, column, count) for column in points.T]
    means = np.column_stack(sums) / np.where(sizes > 0, sizes, np.nan)[:, None]
    return Loop(means, season.parts)


@_or_problem
def _separation(shown: _PathSubject) -> Picture:
    session, activations = shown.session, shown.activations
    views, from_end = shown.views(activations.states), not session.inspect().every
    separation = separate(activations, shown.labels.numbers, views, from_end)
    # The column has no room for more.
    what = _what(session).partition(" of ")[0]
    if not separation.known:
        return sentence(f"How far {what} are apart", _FEW_SEQUENCES, theme())
    return separation_curve(separation, what, session.names.noun, theme())


@_or_problem
def _components(shown: _PathSubject) -> Picture:
    return component_bars(variances_of(shown.activations.states), shown.plane, theme())


def _season(session: Session) -> Season | None:
    """The season of values that are learned; classes have colours of their own."""
    return None if session.dataset.answers_classes else season_of(session.dataset)


def _what(session: Session) -> str:
    if _season(session):
        return "quarters of the season"
    return "classes" if session.dataset.answers_classes else "targets"


def _answer(shown: _PathSubject) -> str:
    """The share of the variance between the classes: of the readout, of all units, in the plane."""
    session, activations, what = shown.session, shown.activations, _what(shown.session)
    every, noun = session.inspect().every, session.names.noun
    ends = np.arange(len(activations.words)) if every else activations.starts[1:] - 1
    numbers, views = shown.labels.numbers[ends], shown.views(activations.states[ends])
    together = np.zeros(len(ends), int)
    shares = {k: float(between_shares(v, together, numbers)[0]) for k, v in views.items()}
    kinds = len(np.unique(numbers))
    if kinds < 2 or len(ends) < FEWEST * kinds or any(map(math.isnan, shares.values())):
        return _FEW_SEQUENCES
    when = f"At all {noun}s together" if every else f"After the last {noun}"
    whole, flat = f"{shares['all']:.0%}", f"{shares['in the plane']:.0%}"
    if "as read" not in shares:
        between = f"of the variance lies between the {what}"
        return f"{when}, <strong>{whole}</strong> {between}; in this plane {flat}."
    read = f"<strong>{shares['as read']:.0%}</strong> of the variance in the readout"
    return f"{when}, {read} lies between the {what}; of all units {whole}, in this plane {flat}."


def _remark(session: Session) -> str:
    if _problem(session):
        return ""
    shown = _shown(session)
    activations, drawn = shown.activations, shown.drawn.count
    some = f" The picture shows {drawn} of them." if drawn < activations.count else ""
    fitted = f"Axes fitted at {session.unit} {shown.plane.basis.epoch} to the"
    states = f"{len(activations.words):,} states on {activations.count}"
    return f"{fitted} {states} {session.dataset.role} {session.names.generic}s.{some}"


def _controls(session: Session) -> None:
    choose_view(session, "dynamics")
    if not _problem(session):
        edition, units = (visit("dynamics"), session.config.hidden), session.units
        units.axes = choose_axes("plane", units.axes, edition, session.config.hidden)
        refit_button(lambda here: here.units.refit(), session.unit)


def _charts(session: Session) -> tuple[Column[Session], Column[Session]]:
    data, paths, apart = session.dataset, "trajectories", {"what": _what(session)}
    # The meaning of the colours decides which text is shown.
    if not source_of(session).readable:
        ordered = not data.answers_classes and len(data.classes) == 1
        paths += "_values" if ordered else "_classes"
    if _season(session):
        paths = "trajectories_season"
    left = [Chart("trajectories", 9, _trajectories, _remark, _open, paths)]
    return left, [
        Chart("separation", 5, _separation, fields=apart),
        Chart("components", 4, _components),
    ]


def _words(session: Session, subject: Session) -> Picture:
    colors, words = theme(), session.inspect().words
    return words_in(session, subject, shades(len(words), colors.background, colors.forward))


TAB = Sheet(
    "path", lambda session: session,
    lambda session: _problem(session) or _answer(_shown(session)),
    _charts, _controls, words=_words,
)  # fmt: skip
