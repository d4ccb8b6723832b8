"""UnitLab: analyses of the hidden units, and previews of weight edits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from rnnviz.engine.evaluation import Evaluator, Score
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import TrainState
from rnnviz.probe.activations import (
    MOST_WORDS,
    Activations,
    Labels,
    Plane,
    Projection,
    Response,
    boundary,
    fit,
    label_tokens,
    mean_change,
    plane_of,
    read_activations,
    response,
    selectivity,
    token_targets,
)
from rnnviz.probe.cache import Memo
from rnnviz.probe.marks import Mark, index_from, read_axes, written_axes, written_from
from rnnviz.probe.passes import sample
from rnnviz.probe.probe import names_of
from rnnviz.probe.season import Following, following, rows_of, season_of
from rnnviz.probe.work import WorkBudget, spend
from rnnviz.run.run import Run
from rnnviz.run.weight_edits import (
    Edit,
    EditKind,
    apply_edits,
    problem,
    read_edits,
    silence,
    written_edits,
)
from rnnviz.tasks.dataset import Dataset

#: Number of sequences on one page of the data set.
LIST_PAGE = 60
#: Seconds for which units are ablated to find the strongest ones.
ABLATION_SECONDS = 5.0
#: Maximum number of epochs and layers whose ablation losses are kept.
KEPT = 100
#: Largest number of activations that are read in every frame while a run plays.
MOST_PLAYED = 200_000
#: Largest number of edits in a preview.
MOST_EDITS = 40


class Sort(StrEnum):
    """The order of the units."""

    SELECTIVITY = "what the word changes"
    EFFECT = "effect of silencing"
    SIMILARITY = "similarity"
    INDEX = "number"


class ReadoutKind(StrEnum):
    """Whether the states are read unit by unit, or by a linear probe."""

    UNITS = "single units"
    PROBE = "linear probe"


class StateSource(NamedTuple):
    """The source of activations: a state of the run, its data, a layer, and a state or gate."""

    state: TrainState
    dataset: Dataset
    layer: int = 0
    part: str = "h"

    @property
    def readable(self) -> bool:
        """Whether the output layer reads these states and predicts one of two classes."""
        architecture = self.state.parameters.architecture
        binary = self.dataset.answers_classes and architecture.outputs == 2
        own = self.part == architecture.out
        return binary and own and self.layer == architecture.layers - 1


@dataclass(frozen=True, eq=False)
class EditPreview:
    """A copy of the network with edited weights: scores of training and test before and after."""

    parameters: Parameters
    before: tuple[Score, Score]
    after: tuple[Score, Score]


def _read_edits(text: str) -> tuple[Edit, ...]:
    edits = read_edits(text)
    if len(edits) > MOST_EDITS:
        raise ValueError(f"there can be at most {MOST_EDITS} edits")
    return edits


class UnitLab:
    """The choices of the page, its weight edits, and the last result of each analysis."""

    marks = (
        Mark.option("carry.order", "sort", Sort),
        Mark("carry.word", "chosen_word", str, lambda word: word or ""),
        Mark("carry.threads", "into"),
        Mark.option("carry.read", "readout", ReadoutKind),
        Mark("carry.page", "list_page", index_from(1), written_from(1)),
        Mark("path.plane", "axes", read_axes, written_axes),
        Mark("breaks.edits", "edits", _read_edits, written_edits),
    )

    def __init__(self) -> None:
        self.readout = ReadoutKind.UNITS
        self.unit, self.list_page = 0, 0
        self.sort = Sort.SELECTIVITY
        #: The word, and the one that the reader chose, if any.
        self.word: str | None = None
        self.chosen_word: str | None = None
        #: The line of the cell where the drawn connections end, if it is not the candidate.
        self.into = ""
        self.axes = (0, 1)
        self.edits: tuple[Edit, ...] = ()
        self.left_out: dict[Edit, str] = {}
        #: The work on the ablation losses.
        self.effort = WorkBudget()
        self._memo, self._rises = Memo(), Memo(KEPT)
        #: The source of the last activations.
        self._last: StateSource | None = None

    # Units

    def activations(self, source: StateSource) -> Activations:
        """The activations of the training sequences; a fixed random sample if there are many."""

        def read() -> Activations:
            self._last, (state, data, layer, part) = source, source
            return read_activations(state.parameters, data.train, names_of(data), layer, part)

        return self._memo.ask("activations", source, read)

    def playable(self, source: StateSource) -> StateSource:
        """The source, or the last one read for the same units if reading takes long."""
        last = self._last
        if last is None or _space(last) != _space(source):
            return source
        layers = source.state.parameters.architecture.layers
        return last if self.activations(last).states.size * layers > MOST_PLAYED else source

    def order(self, source: StateSource) -> Array:
        """The units in the chosen order, (H,)."""
        if self.sort is Sort.EFFECT:
            return self.effect_order(source)[0]
        activations = self.activations(source)
        if self.sort is Sort.SELECTIVITY and source.dataset.series is not None:
            found = self.following(source)
            return np.argsort(-found.shares[0], kind="stable")
        if self.sort is Sort.SELECTIVITY:
            return np.argsort(-selectivity(activations, self.word), kind="stable")
        if self.sort is Sort.SIMILARITY:
            return self._arrangement(source).units
        return np.arange(activations.states.shape[1])

    # Of series

    def following(self, source: StateSource) -> Following:
        """How far the units follow what the steps of the series have."""
        data, read = source.dataset, self.activations(source)
        return self._memo.ask(
            "following", source,
            lambda: following(read.states, rows_of(data, read), data, season_of(data)),
        )  # fmt: skip

    def effect_order(self, source: StateSource) -> tuple[Array, int | None]:
        """The units by ablation loss, (H,), when it was last known of all of them, and the epoch.

        The epoch is None as long as it isn't known of all: then the order is preliminary.
        """
        rises = self.ablation_loss(source, self.word)
        known = not np.isnan(rises).any()
        if known:
            self._memo.forget("effect")
        order = np.argsort(-rises, kind="stable")
        epoch = source.state.epoch if known else None
        key = source.dataset, len(rises), source.layer, self.sort, self.word
        return self._memo.ask("effect", key, lambda: (order, epoch))

    def _arrangement(self, source: StateSource) -> Response:
        """The response at the time when rows and columns were last arranged by similarity."""
        activations = self.activations(source)
        return self._memo.ask("arrangement", _space(source), lambda: response(activations))

    def rows(self, source: StateSource) -> Array:
        """The units in the chosen order, (H,), as of the last arrangement."""
        key = _space(source), self.sort, self.word
        return self._memo.ask("rows", key, lambda: self.order(source))

    def response(self, source: StateSource) -> Response:
        """The response of the units to each word, in the last arrangement of both."""
        arrangement = self._arrangement(source)
        return self._memo.ask(
            "response", (source, arrangement, self.sort, self.word),
            lambda: replace(
                response(self.activations(source), like=arrangement), units=self.rows(source)
            ),
        )  # fmt: skip

    def movers(self, source: StateSource) -> list[tuple[str, float]]:
        """The frequent word that moves each unit most, H of them, and by how much on average.

        Empty if the data's numbers hardly recur, or if a state is not finite.
        """

        def found() -> list[tuple[str, float]]:
            moves = response(self.activations(source)) if self.repeats(source) else None
            if moves is None or not (moves.words and np.isfinite(moves.means).all()):
                return []
            columns = np.abs(moves.means).argmax(axis=1).tolist()
            return [(moves.words[k], float(moves.means[unit, k])) for unit, k in enumerate(columns)]

        return self._memo.ask("movers", source, found)

    def repeats(self, source: StateSource) -> bool:
        """Whether tokens recur: words do, most numbers don't, and steps of a series are new."""
        if source.dataset.series is not None:
            return False
        return source.dataset.tokens or len(self.activations(source).vocabulary) <= MOST_WORDS

    def arrange(self) -> None:
        """Have the next response arrange units and words again."""
        self._memo.forget("arrangement", "rows", "response")

    def look_at(self, source: StateSource, marked: int | None = None) -> None:
        """Adapt the word, the unit and the page of the list to a source.

        The unit is the marked one, else the first in the chosen order now: the rows may have been
        arranged at another epoch. With new data the word is
        the one in about half of the sequences, or none if the tokens hardly recur.
        """
        vocabulary = self.activations(source).vocabulary
        if not self.repeats(source):
            self.word = self.chosen_word = None
        elif self.chosen_word in vocabulary:
            self.word = self.chosen_word
        elif self.word not in vocabulary:
            self.word, self.chosen_word = self.activations(source).most_informative_word, None
        self.unit = int(self.order(source)[0]) if marked is None else marked
        self.list_page = min(self.list_page, self.last_list_page(source))

    def neighbour(self, source: StateSource, by: int) -> int:
        """The unit ``by`` rows below the chosen one; after the last row comes the first."""
        rows = self.rows(source).tolist()
        return int(rows[(rows.index(self.unit) + by) % len(rows)])

    def changed(self, source: StateSource) -> tuple[Array, int]:
        """The mean change of every unit at the chosen word, (H,), and the number of such tokens."""
        return mean_change(self.activations(source), self.word or "")

    def last_list_page(self, source: StateSource) -> int:
        """Index of the last page of the data set."""
        return (self.activations(source).count - 1) // LIST_PAGE

    def listed(self, source: StateSource) -> Array:
        """The sequences on this page of the data set, those with the chosen word first."""
        activations = self.activations(source)
        tokens = np.flatnonzero(np.array(activations.words, object) == self.word)
        containing = np.searchsorted(activations.starts, tokens, side="right") - 1
        without = ~np.isin(np.arange(activations.count), containing)
        first = self.list_page * LIST_PAGE
        return np.argsort(without, kind="stable")[first : first + LIST_PAGE]

    # Trajectories

    def basis(self, source: StateSource, run: Run) -> Projection:
        """The principal components of the source's states.

        They are refitted only for a run with other initial settings, or by ``refit``.
        """
        key = source.dataset, run.schedule.origin, source.layer, source.part
        states, epoch = self.activations(source).states, source.state.epoch
        return self._memo.ask("basis", key, lambda: fit(states.astype(float), epoch))

    def refit(self) -> None:
        """Have the next call of ``basis`` fit it again, and rows and columns arranged again."""
        self._memo.forget("basis")
        self.arrange()

    def plane(self, source: StateSource, run: Run) -> Plane | None:
        """The plane of the two chosen axes; None if the states don't have both."""
        basis = self.basis(source, run)
        if len(basis.axes) <= max(self.axes):
            return None
        line = boundary(source.state.parameters, basis, self.axes) if source.readable else None
        return plane_of(basis, self.axes, self.activations(source).states, line)

    def labels(self, dataset: Dataset, activations: Activations) -> Labels:
        """The labels of all tokens, which are the same at every epoch.

        Of a series they are the quarters of its season, if it has one and no classes.
        """

        def found() -> Labels:
            season = None if dataset.answers_classes else season_of(dataset)
            if season:
                return season.quarters(season.phases[rows_of(dataset, activations)])
            targets = token_targets(activations, dataset.train)
            return label_tokens([*map(dataset.own_answers, targets)], dataset.classes)

        return self._memo.ask(("labels", len(activations.owners)), dataset, found)

    # Break it

    def toggle(self, layer: int, unit: int) -> None:
        """Ablate a unit of a layer (from 0), or restore it."""
        edit = silence(layer + 1, unit)
        if edit in self.edits:
            self.edits = tuple(other for other in self.edits if other != edit)
        else:
            self.add(edit)

    def add(self, *edits: Edit) -> None:
        """Add edits; repeated ablations and edits beyond ``MOST_EDITS`` are left out."""
        self.left_out = {}
        repeated = {edit for edit in self.edits if edit.kind is EditKind.SILENCE}
        self.edits = (*self.edits, *(e for e in edits if e not in repeated))[:MOST_EDITS]

    def fit(self, architecture: Architecture) -> None:
        """Remove the edits that the architecture doesn't allow; ``left_out`` says why."""
        invalid = {edit: why for edit in self.edits if (why := problem(edit, architecture))}
        if invalid:
            self.left_out = invalid
            self.edits = tuple(edit for edit in self.edits if edit not in invalid)

    def undo(self, edit: Edit | None = None) -> None:
        """Remove the last edit, or the one given."""
        edits = list(self.edits)
        if edit is None:
            edits = edits[:-1]
        elif edit in edits:
            edits.remove(edit)
        self.edits = tuple(edits)

    def clear(self) -> None:
        """Remove all edits."""
        self.edits, self.left_out = (), {}

    def silenced(self, layer: int) -> frozenset[int]:
        """The ablated units of a layer (from 0)."""
        ablations = (e for e in self.edits if (e.kind, e.row) == (EditKind.SILENCE, layer + 1))
        return frozenset(edit.column for edit in ablations)

    def preview(self, state: TrainState, run: Run) -> EditPreview:
        """The network after the edits that it allows, and its scores before and after."""
        self.fit(state.parameters.architecture)

        def made() -> EditPreview:
            edited, before = apply_edits(state.parameters, self.edits), run.scores(state)
            return EditPreview(edited, before, run.examine(edited) if self.edits else before)

        return self._memo.ask("preview", (state, self.edits), made)

    def ablation_loss(self, source: StateSource, word: str | None = None) -> Array:
        """The rise of the training loss when one unit is ablated, (H,); NaN if not computed yet.

        If there are many sequences, it is that of a fixed sample. With a ``word``, of the loss on
        those of the ``activations`` that contain it.
        """
        state, hidden = source.state, source.state.parameters.architecture.hidden
        key = self._memo.network(state), source.dataset, source.layer, word
        return self._rises.ask("rises", key, lambda: np.full(hidden, np.nan))

    def ablate(self, source: StateSource, word: str | None = None) -> Iterator[None]:
        """Compute the missing ablation losses; yields between two units.

        Does nothing if the loss of the whole network is not finite.
        """
        state, rises = source.state, self.ablation_loss(source, word)
        unknown = np.flatnonzero(np.isnan(rises)).tolist()
        if not unknown:
            return
        whole = self._memo.ask(
            ("whole", word is None), (state, source.dataset, word),
            lambda: self._loss(source, word, state.parameters),
        )  # fmt: skip
        for unit in unknown if np.isfinite(whole) else ():
            if unit != unknown[0]:
                yield
            ablated = apply_edits(state.parameters, [silence(source.layer + 1, unit)])
            rise = self._loss(source, word, ablated) - whole
            rises[unit] = rise if np.isfinite(rise) else np.inf

    def _loss(self, source: StateSource, word: str | None, parameters: Parameters) -> float:
        """The loss on the training sequences, or on those with a word; on a sample of many."""
        train, activations = source.dataset.train, self.activations(source)

        def made() -> Evaluator:
            owners = activations.owners[np.array(activations.words, object) == word]
            some = np.unique(owners) if len(owners) else sample(train)
            return Evaluator([train[k] for k in some], parameters.copy())

        key = source.dataset, parameters.architecture, parameters.theta.dtype, word
        evaluator = self._memo.ask(("evaluator", word is None), key, made)
        return evaluator.score(parameters, source.dataset.metric).loss

    def strongest(self, source: StateSource, count: int) -> tuple[Edit, ...]:
        """Ablations of the ``count`` remaining units with the highest ablation loss.

        In very large networks, units not ablated within ``ABLATION_SECONDS`` come last.
        """
        spend(ABLATION_SECONDS, self.ablate(source))
        rises, ablated = self.ablation_loss(source), self.silenced(source.layer)
        order = [unit for unit in np.argsort(-rises, kind="stable").tolist() if unit not in ablated]
        return tuple(silence(source.layer + 1, unit) for unit in order[:count])


def _space(source: StateSource) -> tuple[object, ...]:
    hidden = source.state.parameters.architecture.hidden
    return source.dataset, hidden, source.layer, source.part
