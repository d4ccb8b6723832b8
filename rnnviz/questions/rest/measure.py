"""DynamicsLab: the fixed input and the search for fixed points; Portrait: the phase portrait."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, partial
from threading import RLock
from typing import NamedTuple
from urllib.parse import quote, unquote

import numpy as np

from rnnviz.config import RunConfig
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.training import TrainState
from rnnviz.probe.activations import LARGEST, Plane, fit, moderate, plane_of
from rnnviz.probe.cache import Memo
from rnnviz.probe.fixed_points import FixedPoint, FixedPoints, Search
from rnnviz.probe.formatting import number, quoted
from rnnviz.probe.marks import Mark, one_of, read_axes, written_axes
from rnnviz.probe.session import Session
from rnnviz.probe.state_transition import (
    FixedInputMap,
    StateTransition,
    VisitedStates,
    visit_states,
)
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.data.vocabulary import write_values
from rnnviz.tasks.dataset import Dataset

#: Arrows along each axis.
ARROWS = 17
#: Length of a direction that lies in the plane, as a share of the wider side.
_LINE = 0.12
#: Margin around the data, as a share of its width; grid lines per leading digit of the width.
_MARGIN, _GRID = 0.1, 10
#: Distance from the middle of the visited states up to which a point is shown, in their widths.
_REACH = 1.5

Span = tuple[float, float]


class Readout(NamedTuple):
    """The output at a point as text; of two classes also the index, 0 or 1."""

    text: str
    side: int | None = None


class Rest(NamedTuple):
    """A fixed point, the output there, and the fixed input as text.

    ``own`` is true for the input that is held now.
    """

    point: FixedPoint
    readout: Readout
    held: str
    own: bool = True


@dataclass(frozen=True, eq=False)
class Portrait:
    """Trajectories, flow and fixed points in the plane of two components, in coordinates (., 2).

    ``spans`` are the sides of the window, ``field`` is its ``flow_field``. ``paths`` are the
    trajectories of sequences, ``probe`` is that of the probe. ``places`` (n, 2) are the fixed
    points, ``lines`` the ends (2, 2) of their unstable directions. ``beyond`` counts fixed points
    outside the window.
    """

    spans: tuple[Span, Span]
    field: tuple[Array, Array, Array]
    paths: tuple[Array, ...]
    probe: Array
    places: Array
    lines: tuple[Array, ...]
    beyond: int = 0


def portrait(
    fixed_map: FixedInputMap, plane: Plane, visited: VisitedStates, probe: Array,
    points: Sequence[FixedPoint] = (),
) -> Portrait:  # fmt: skip
    """The portrait in ``plane``, with the path ``probe`` (T, S) up to its first huge state."""
    probe = probe[(np.abs(probe) < LARGEST).all(axis=1).cumprod().astype(bool)]
    states = np.array([point.state for point in points]).reshape(-1, fixed_map.size)
    paths = tuple(plane.project(path) for path in visited.paths)
    shown, places = plane.project(probe), plane.project(states)
    near = _near(places, np.concatenate([*paths, shown]))
    inside = np.concatenate([*paths, shown, places[near]])
    spans = _span(inside[:, 0]), _span(inside[:, 1])
    field = flow_field(fixed_map, plane, spans)
    lines = _lines(plane, points, places, spans)
    return Portrait(spans, field, paths, shown, places, lines, int((~near).sum()))


def _near(places: Array, visited: Array) -> Array:
    """Whether each point is near enough to the visited states to be in the window, (n,)."""
    low, high = visited.min(axis=0), visited.max(axis=0)
    width = np.maximum(high - low, (high - low).max() / 10)
    reach = _REACH * width if width.any() else np.inf
    inside: Array = (np.abs(places - (low + high) / 2) <= reach).all(axis=1)
    return inside


def flow_field(
    fixed_map: FixedInputMap, plane: Plane, spans: tuple[Span, Span], count: int = ARROWS
) -> tuple[Array, Array, Array]:
    """The flow at ``count`` x ``count`` points in the plane, the centers of the window's cells.

    Returns the points (G, 2), the steps F(h, x) - h projected onto the plane, (G, 2), and the L2
    norms of the unprojected steps, (G,).
    """
    edges = (np.linspace(*span, count + 1) for span in spans)
    x, y = ((edge[:-1] + edge[1:]) / 2 for edge in edges)
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    states = plane.lift(points)
    with np.errstate(all="ignore"):
        steps = fixed_map.step(states) - states
        moves = plane.project(states + steps) - points
        return points, moves, np.linalg.norm(steps, axis=1)


def _span(values: Array) -> Span:
    """A side of the window, rounded to a coarse grid so that it seldom changes during a run."""
    low, high = float(values.min()), float(values.max())
    width = high - low
    # A subnormal width has no grid.
    width = width if width > 1e-300 else 1.0
    power = 10.0 ** math.floor(math.log10(width))
    digit = max(d for d in (1, 2, 5) if d <= width / power * (1 + 1e-9))
    grid, margin = power * digit / _GRID, _MARGIN * width
    return grid * math.floor((low - margin) / grid), grid * math.ceil((high + margin) / grid)


def _lines(
    plane: Plane, points: Sequence[FixedPoint], places: Array, spans: tuple[Span, Span]
) -> tuple[Array, ...]:
    """The unstable directions at every point, projected onto the plane."""
    half = _LINE * max(high - low for low, high in spans) / 2
    axes = plane.basis.axes[list(plane.axes)]
    return tuple(
        np.stack([place - half * direction, place + half * direction])
        for point, place in zip(points, places, strict=True)
        for direction in point.directions @ axes.T
    )


# The lab


#: Selectable numbers of initial states of a search.
STARTS = (50, 100, 200, 400, 800)
#: The number of starts at first.
FIRST_STARTS = 200
#: The largest state for a search: the eigenvalues of one Jacobian take some seconds.
LARGEST_STATE = 2_048
#: Largest number of cached searches, and their largest size in bytes; the oldest are dropped.
_SEARCHES, _BYTES = 500, 16_000_000
#: Number of tokens named in a label.
_NAMED = 3


class Hold(StrEnum):
    """The fixed input of the network."""

    OWN = "my choice"
    MEAN = "mean input"
    ZERO = "zero input"


def _first(tokens: bool) -> Hold:
    """The kind of input that is held at first, of tokens or of values."""
    return Hold.OWN if tokens else Hold.ZERO


#: The kind of fixed input, its words, and its values as text.
InputChoice = tuple[Hold, tuple[str, ...], str]


class DynamicsQuery(NamedTuple):
    """The input of an analysis: a state, its data, and the initial settings of the run."""

    state: TrainState
    dataset: Dataset
    origin: RunConfig

    def same_run(self, other: DynamicsQuery | None) -> bool:
        """Whether both are of one run."""
        return other is not None and (self.dataset is other.dataset and self.origin == other.origin)


def dynamics_query(session: Session) -> DynamicsQuery:
    """The input of the lab at the epoch shown."""
    return DynamicsQuery(session.state, session.dataset, session.run.schedule.origin)


#: The key of a search: the network with data, starts and seed; and the input.
_Key = tuple[object, bytes]


class _Asked:
    """A search in the queue, the ``rank``-th of ``count``; it starts when it is first."""

    def __init__(
        self, key: _Key, choices: InputChoice, epoch: int, turn: tuple[int, int],
        begin: Callable[[], Search],
    ) -> None:  # fmt: skip
        self.key, self.choices, self.epoch = key, choices, epoch
        (self.rank, self.count), self._begin = turn, begin

    @cached_property
    def search(self) -> Search:
        """The search: its memory is allocated here."""
        return self._begin()

    @property
    def done(self) -> float:
        """The fraction of all searches that is done, 0..1."""
        running = self.search.progress if "search" in self.__dict__ else 0.0
        return (self.rank + running) / self.count


# The choices in a link

_HOLDS = {hold.name.lower(): hold for hold in Hold}
_COUNTS = {f"{count}": count for count in STARTS}


def _read_words(text: str) -> tuple[str, ...]:
    return tuple(unquote(word) for word in text.split(",") if word)


def _written_words(words: tuple[str, ...] | None) -> str:
    return "" if words is None else ",".join(quote(word, safe="") for word in words) or ","


class DynamicsLab:
    """The choices of the page, the queue of searches, and cached results."""

    marks = (
        Mark("rest.hold", "hold", one_of(_HOLDS), lambda hold: hold.name.lower() if hold else ""),
        Mark("rest.words", "words", _read_words, _written_words),
        Mark("rest.values", "typed", str, lambda typed: typed or ""),
        Mark("rest.starts", "starts", one_of(_COUNTS), lambda n: f"{n}" * (n != FIRST_STARTS)),
        Mark("rest.plane", "axes", read_axes, written_axes),
    )

    def __init__(self) -> None:
        self.holds: dict[bool, Hold] = {}
        self.words: tuple[str, ...] | None = None
        self.typed: str | None = None
        self.starts, self.axes = FIRST_STARTS, (0, 1)
        self._lock = RLock()
        self.opened = False
        self._results: dict[_Key, tuple[InputChoice, FixedPoints]] = {}
        self._searched: DynamicsQuery | None = None
        #: The queue, the running search first.
        self._asked: deque[_Asked] = deque()
        self._chosen: tuple[_Key, FixedPoint] | None = None
        self._memo = Memo()

    # The fixed input

    @property
    def hold(self) -> Hold | None:
        """The kind of input that the reader chose, if it is not the default."""
        return next(
            (hold for tokens, hold in self.holds.items() if hold is not _first(tokens)), None
        )

    @hold.setter
    def hold(self, hold: Hold) -> None:
        self.holds = dict.fromkeys((False, True), hold)

    def choices(self, query: DynamicsQuery) -> InputChoice:
        """The kind of input, its words and its values as text; defaults if none are chosen."""
        dataset, width = query.dataset, len(query.dataset.vocabulary)
        hold = self.holds.get(dataset.tokens, _first(dataset.tokens))
        words = [word for word in self.words or () if word in dataset.vocabulary.words]
        if not words and dataset.tokens and (self.words or self.words is None):
            words = [dataset.vocabulary.words[int(self.visited(query).mean_input.argmax())]]
        default = ",".join(["1", *["0"] * (width - 1)])
        if units := dataset.units:
            means = np.array([[float(f"{mean:.4g}") for mean in units.mean]])
            default = write_values(means, marks=False)
        return hold, tuple(words), default if self.typed is None else self.typed

    def held(self, query: DynamicsQuery, choices: InputChoice | None = None) -> FixedInputMap:
        """The map for the chosen input, the mean of several words; raises TaskError if none."""
        hold, words, typed = choices or self.choices(query)
        vocabulary = query.dataset.vocabulary
        if hold is Hold.MEAN:
            return FixedInputMap(self.flow(query), self.visited(query).mean_input)
        x = np.zeros(len(vocabulary))
        if hold is Hold.OWN and query.dataset.tokens:
            if not words:
                raise TaskError(f"Choose at least one {vocabulary.noun}.")
            x[[vocabulary.number(word) for word in words]] = 1 / len(words)
        elif hold is Hold.OWN:
            x = query.dataset.values_of(typed, 1)[0]
        return FixedInputMap(self.flow(query), x)

    def label(self, query: DynamicsQuery, shown: Callable[[str], str] = str) -> str:
        """The chosen input as text; ``shown`` makes spaces in a token visible."""
        return _named(self.choices(query), query.dataset, shown)

    def problem(self, query: DynamicsQuery) -> str:
        """Why a search is impossible, as a sentence; empty if it is possible."""
        if (size := self.flow(query).size) > LARGEST_STATE:
            found = f"Points are found for at most {LARGEST_STATE:,}: take fewer units or layers."
            return f"A state of this network has {size:,} numbers. {found}"
        visited = self.visited(query)
        if not self._memo.ask("moderate", visited, lambda: moderate(visited.states)):
            return "The states are too large, or not finite numbers: there are no points to find."
        try:
            self.held(query)
        except TaskError as problem:
            return str(problem)
        return ""

    # The network

    def flow(self, query: DynamicsQuery) -> StateTransition:
        """One step of the network as a map of its states; cached."""
        return self._memo.ask("map", query.state, lambda: StateTransition(query.state.parameters))

    def visited(self, query: DynamicsQuery) -> VisitedStates:
        """The states that the training sequences visit; cached."""
        state, data, _ = query
        visit = partial(visit_states, state.parameters, data.train)
        return self._memo.ask("visited", (state, data), visit)

    def read_at_ends(self, query: DynamicsQuery) -> Array | None:
        """The class predicted at the end of each visited path, (N,); None unless there are two."""
        if not query.dataset.answers_classes or len(query.dataset.classes) != 2:
            return None
        visited = self.visited(query)
        ends = np.array([path[-1] for path in visited.paths])
        classes: Array = self.flow(query).answers(ends, visited.mean_input).argmax(axis=1)
        return classes

    # The plane

    def flat(self, query: DynamicsQuery) -> bool:
        """Whether a state has at least two dimensions, so that there is a plane."""
        return self.flow(query).size > 1

    def plane(self, query: DynamicsQuery) -> Plane:
        """The plane of two principal components of the visited states.

        The basis is refitted only for a new run, or by ``refit``.
        """
        ask, visited, key = self._memo.ask, self.visited(query), (query.dataset, query.origin)
        basis = ask("basis", key, lambda: fit(visited.states, query.state.epoch))
        last = len(basis.axes) - 1
        first, second = (min(axis, last) for axis in self.axes)
        axes = (first, second) if first != second else (0, min(1, last))
        return ask("plane", (basis, visited, axes), lambda: plane_of(basis, axes, visited.states))

    def refit(self) -> None:
        """Have the next call of ``plane`` fit the basis again."""
        self._memo.forget("basis")

    # The search

    def found(self, held: FixedInputMap, query: DynamicsQuery) -> FixedPoints | None:
        """The cached result for these weights, this input and the number of starts, or None."""
        _, found = self._results.get(self._key(held, query), (None, None))
        return found

    def _key(self, held: FixedInputMap, query: DynamicsQuery) -> _Key:
        network = self._memo.network(query.state)
        return (network, query.dataset, self.starts, query.origin.seed), held.inputs.tobytes()

    def find(self, query: DynamicsQuery) -> None:
        """Start a search unless its result is cached; the first one of a run refits the plane.

        Raises TaskError if no input is chosen.
        """
        self._ask(query, [self.choices(query)])

    def find_each(self, query: DynamicsQuery) -> None:
        """Start a search with each word of the vocabulary held, one after the other."""
        *_, typed = self.choices(query)
        self._ask(query, [(Hold.OWN, (word,), typed) for word in query.dataset.vocabulary.words])

    def _ask(self, query: DynamicsQuery, inputs: Sequence[InputChoice]) -> None:
        maps = [(choices, self.held(query, choices)) for choices in inputs]
        last, self._searched = self._searched, query
        if not query.same_run(last):
            self.refit()
        new = [(choices, held) for choices, held in maps if self.found(held, query) is None]
        visited, starts, seed = self.visited(query), self.starts, query.origin.seed
        asked = deque(
            _Asked(
                self._key(held, query), choices, query.state.epoch, (rank, len(new)),
                partial(Search, held, visited, starts, seed),
            )
            for rank, (choices, held) in enumerate(new)
        )  # fmt: skip
        with self._lock:
            self._asked = asked

    def cancel(self) -> None:
        """Cancel the searches that are left."""
        with self._lock:
            self._asked.clear()

    def work(self) -> Iterator[None]:
        """Make the searches that are left; yields before each part."""
        while first := self._first:
            yield
            for _ in first.search.work():
                yield
            with self._lock:
                # It may have been cancelled meanwhile.
                if self._first is first:
                    self._results[first.key] = first.choices, first.search.found
                    self._drop_oldest()
                    self._asked.popleft()

    def _drop_oldest(self) -> None:
        size = sum(found.nbytes for _, found in self._results.values())
        while len(self._results) > 1 and (len(self._results) > _SEARCHES or size > _BYTES):
            size -= self._results.pop(next(iter(self._results)))[1].nbytes

    @property
    def _first(self) -> _Asked | None:
        # The actor may end one meanwhile.
        return next(iter([*self._asked]), None)

    @property
    def searching(self) -> tuple[int, float] | None:
        """Epoch and progress (0..1) of the searches, or None if none is left."""
        first = self._first
        return (first.epoch, first.done) if first else None

    def is_asked(self, query: DynamicsQuery) -> bool:
        """Whether a search with the held input is in the queue."""
        key = self._key(self.held(query), query)
        return any(asked.key == key for asked in [*self._asked])

    # The points

    def rests(self, query: DynamicsQuery, shown: Callable[[str], str] = str) -> list[Rest]:
        """The points of the held input, and the first point of every other searched input."""
        if self.problem(query):
            return []
        network, inputs = self._key(self.held(query), query)
        rests: list[Rest] = []
        for (other, others_inputs), (choices, found) in self._results.items():
            if other == network:
                own, named = others_inputs == inputs, _named(choices, query.dataset, shown)
                for point in found.points if own else found.points[:1]:
                    readout = read_out(point.answers, query.dataset, shown)
                    rests.append(Rest(point, readout, named, own))
        return sorted(rests, key=lambda rest: not rest.own)

    def chosen(self, query: DynamicsQuery, rests: list[Rest]) -> int | None:
        """The index of the chosen one of the ``rests``: by default the first of the held input."""
        if self._chosen and rests:
            (_, inputs), point = self._chosen
            if inputs == self.held(query).inputs.tobytes():
                for index, rest in enumerate(rests):
                    if rest.point is point:
                        return index
        return 0 if rests and rests[0].own else None

    def choose(self, query: DynamicsQuery, index: int) -> None:
        """Choose one of the ``rests`` and open its numbers; for the chosen one, toggle them."""
        rests = self.rests(query)
        if not 0 <= index < len(rests):
            return
        self.opened = index != self.chosen(query, rests) or not self.opened
        self._chosen = self._key(self.held(query), query), rests[index].point


def _named(choices: InputChoice, dataset: Dataset, shown: Callable[[str], str]) -> str:
    """A fixed input as text."""
    hold, words, typed = choices
    if hold is not Hold.OWN:
        zero = "the training's mean" if dataset.units else "the zero input"
        return {Hold.MEAN: "the mean input", Hold.ZERO: zero}[hold]
    if not dataset.tokens:
        return typed
    quoted_words = (quoted(shown(word)) for word in words[:_NAMED])
    text = ", ".join(quoted_words) + " …" * (len(words) > _NAMED)
    return text if len(words) == 1 else f"the mean of {text}"


def read_out(answers: Array, dataset: Dataset, shown: Callable[[str], str] = str) -> Readout:
    """The output at a state as text, from answers (C,): a class, or values."""
    if series := dataset.series if not dataset.answers_classes else None:
        nearest = dataset.own_answers(answers)[: len(series.columns.expected)]
        return Readout(", ".join(number(float(value)) for value in nearest))
    if not dataset.answers_classes:
        return Readout(", ".join(number(float(value), 2) for value in answers))
    best = int(answers.argmax())
    side = best if len(answers) == 2 else None
    return Readout(f"{shown(dataset.classes[best])} {answers[best]:.1%}", side)
