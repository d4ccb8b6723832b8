"""DynamicsLab: which input is held, the plane of the states, and the search for fixed points."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from hashlib import blake2b
from threading import RLock
from typing import NamedTuple

import numpy as np

from rnnviz.analysis.fixed_points import FixedPoints, Search
from rnnviz.analysis.flow_map import FixedInputMap, FlowMap
from rnnviz.analysis.notation import number, quoted
from rnnviz.analysis.phase_portrait import Readout
from rnnviz.analysis.projection import Plane, fit, plane_of
from rnnviz.analysis.visited_states import VisitedStates, visit_states
from rnnviz.config import RunConfig
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.training import TrainState
from rnnviz.lab.memo import Memo
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.table import TaskError
from rnnviz.tasks.values import read_values

#: How many starts there can be.
STARTS = (50, 100, 200, 400, 800)
#: How many searches are remembered, and what their points may take; the eldest go first.
_SEARCHES, _BYTES = 500, 16_000_000
#: So many classes of an answer are named.
_NAMED = 3


class Hold(StrEnum):
    """What the network reads, token after token."""

    OWN = "my choice"
    MEAN = "mean input"
    ZERO = "zero input"


class DynamicsQuery(NamedTuple):
    """What is looked at: a network in a moment of its run, its data, and the run's settings."""

    state: TrainState
    dataset: Dataset
    origin: RunConfig

    @property
    def epoch(self) -> int:
        """The epoch that the network is in."""
        return self.state.epoch


class DynamicsLab:
    """The choices of the page, the search that is on, and what was found, kept by its weights."""

    def __init__(self) -> None:
        self.holds: dict[bool, Hold] = {}
        self.words: tuple[str, ...] | None = None
        self.typed: str | None = None
        self.starts, self.axes = 200, (0, 1)
        self._lock = RLock()
        self._found: dict[object, FixedPoints] = {}
        self._search: tuple[object, int, Search] | None = None
        self._memo = Memo()

    # What is held

    def choices(self, query: DynamicsQuery) -> tuple[Hold, tuple[str, ...], str]:
        """How the input is chosen, which words and which values: as they are, or as usual."""
        dataset, width = query.dataset, len(query.dataset.vocabulary)
        hold = self.holds.get(dataset.tokens, Hold.OWN if dataset.tokens else Hold.ZERO)
        known = [word for word in self.words or () if word in dataset.vocabulary.words]
        if not known and dataset.tokens and (self.words or self.words is None):
            known = [dataset.vocabulary.words[int(self.visited(query).mean_input.argmax())]]
        usual = ",".join(["1", *["0"] * (width - 1)])
        return hold, tuple(known), usual if self.typed is None else self.typed

    def held(self, query: DynamicsQuery) -> FixedInputMap:
        """The map with the input that is chosen; raise TaskError with a sentence if there's none.

        Of several words the mean is held.
        """
        hold, words, typed = self.choices(query)
        vocabulary = query.dataset.vocabulary
        if hold is Hold.MEAN:
            return FixedInputMap(self.flow(query), self.visited(query).mean_input)
        x = np.zeros(len(vocabulary))
        if hold is Hold.OWN and query.dataset.tokens:
            if not words:
                raise TaskError(f"Choose at least one {vocabulary.noun} to hold.")
            x[[vocabulary.number(word) for word in words]] = 1 / len(words)
        elif hold is Hold.OWN:
            x = read_values(typed, vocabulary.words, 1)[0]
        return FixedInputMap(self.flow(query), x)

    def label(self, query: DynamicsQuery, shown: Callable[[str], str] = str) -> str:
        """What is held, in words; ``shown`` makes a token one that can be seen."""
        hold, words, typed = self.choices(query)
        if hold is not Hold.OWN:
            return f"the {hold.value}"
        if not query.dataset.tokens:
            return typed
        named = (quoted(shown(word)) for word in words[:_NAMED])
        said = ", ".join(named) + " …" * (len(words) > _NAMED)
        return said if len(words) == 1 else f"the mean of {said}"

    def problem(self, query: DynamicsQuery) -> str:
        """Why nothing can be looked for, in a sentence; empty if it can."""
        if not np.isfinite(self.visited(query).states).all():
            return "The states grow beyond all numbers, so there is nothing to look for."
        try:
            self.held(query)
        except TaskError as problem:
            return str(problem)
        return ""

    # The network that is looked at

    def flow(self, query: DynamicsQuery) -> FlowMap:
        """One step of the network as a map."""
        return self._map(query.state)[0]

    def _map(self, state: TrainState) -> tuple[FlowMap, bytes]:
        """The map, and a digest of its weights."""

        def made() -> tuple[FlowMap, bytes]:
            digest = blake2b(state.parameters.theta.tobytes(), digest_size=16).digest()
            return FlowMap(state.parameters), digest

        return self._memo.ask("map", state, made)

    def visited(self, query: DynamicsQuery) -> VisitedStates:
        """The states that the training sequences lead through."""
        state, dataset = query.state, query.dataset
        return self._memo.ask(
            "visited", (state, dataset), lambda: visit_states(state.parameters, dataset.train)
        )

    # The plane

    def flat(self, query: DynamicsQuery) -> bool:
        """Whether a state has at least two numbers, so that there is a plane."""
        return self.flow(query).size > 1

    def plane(self, query: DynamicsQuery) -> Plane:
        """Two principal components of the states visited, of a basis that is fitted once and kept.

        It is fitted anew for another run, and by ``refit``.
        """
        key = query.dataset, query.origin
        basis = self._memo.ask("basis", key, lambda: fit(self.visited(query).states, query.epoch))
        last = len(basis.axes) - 1
        first, second = (min(axis, last) for axis in self.axes)
        axes = (first, second) if first != second else (0, min(1, last))
        return plane_of(basis, axes, self.visited(query).states)

    def refit(self) -> None:
        """Fit the basis to the network that is looked at next."""
        self._memo.forget("basis")

    # The search

    def found(self, held: FixedInputMap, query: DynamicsQuery) -> FixedPoints | None:
        """What was found for these weights, this input and so many starts; None if nothing yet."""
        return self._found.get(self._key(held, query))

    def _key(self, held: FixedInputMap, query: DynamicsQuery) -> object:
        # Networks that differ in how they work can have the same weights.
        network = query.state.parameters.architecture, self._map(query.state)[1]
        return network, query.dataset, held.inputs.tobytes(), self.starts, query.origin.seed

    def find(self, query: DynamicsQuery) -> None:
        """Begin to look for the points, if they aren't known; the first time in a plane that fits.

        Raises TaskError if no input is chosen.
        """
        held = self.held(query)
        if not self._found:
            self.refit()
        if self.found(held, query) is None:
            search = Search(held, self.visited(query), self.starts, query.origin.seed)
            with self._lock:
                self._search = self._key(held, query), query.epoch, search

    def cancel(self) -> None:
        """Stop looking."""
        with self._lock:
            self._search = None

    def work(self, budget: float) -> bool:
        """Look for about ``budget`` seconds; whether something is left to be done."""
        with self._lock:
            if self._search is None:
                return False
            key, _, search = self._search
            if search.work(budget):
                return True
            self._keep(key, search.found)
            self._search = None
            return False

    def _keep(self, key: object, found: FixedPoints) -> None:
        self._found[key] = found
        while len(self._found) > 1 and self._full:
            del self._found[next(iter(self._found))]

    @property
    def _full(self) -> bool:
        size = sum(found.nbytes for found in self._found.values())
        return len(self._found) > _SEARCHES or size > _BYTES

    @property
    def searching(self) -> tuple[int, float] | None:
        """At which epoch it looks, and how far it is, 0..1; None if it doesn't."""
        search = self._search
        return search and (search[1], search[2].progress)


def read_out(answers: Array, dataset: Dataset, shown: Callable[[str], str] = str) -> Readout:
    """What the network would answer at a state, from answers (C,): a class, or values.

    ``shown`` makes a token one that can be seen.
    """
    if not dataset.answers_classes:
        return Readout(", ".join(number(float(value)) for value in answers))
    best = int(answers.argmax())
    side = best if len(answers) == 2 else None
    return Readout(f"{shown(dataset.classes[best])} {answers[best]:.1%}", side)
