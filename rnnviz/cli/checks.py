"""Checks of a network and of its run by ``rnnviz verify``; they need only NumPy.

The engine's results are compared with independent ones: from the equations alone, by differences,
with permuted units, or by a law that must hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from rnnviz.cli import textbook
from rnnviz.config import Gradient, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.cell_check import TOLERANCE
from rnnviz.engine.dropout import factors_at
from rnnviz.engine.gradcheck import check_gradient
from rnnviz.engine.graph import INPUTS, UNITS
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.optimizers import slots_for
from rnnviz.engine.parameters import Parameters, plain
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import TrainBuffers, TrainState, order, record, train_examples
from rnnviz.probe.fixed_points import FIXED, Kind, Search
from rnnviz.probe.gradient_flow import norms_of
from rnnviz.probe.jacobians import Jacobians, fits, jacobians_along, lyapunov_exponents
from rnnviz.probe.memory_gauge import spectrum
from rnnviz.probe.passes import forward_pass
from rnnviz.probe.probe import Probe
from rnnviz.probe.state_transition import FixedInputMap, StateTransition, states_of, visit_states
from rnnviz.probe.unrolled import Unrolled
from rnnviz.probe.work import spend
from rnnviz.questions.what_if.saliency import INCOMPLETE, logit_margin, saliency
from rnnviz.run.checksum import checksum_of
from rnnviz.run.player import Player
from rnnviz.run.schedule import Position
from rnnviz.run.share_link import read_link
from rnnviz.run.timeline import Timeline
from rnnviz.tasks.dataset import Dataset, Example
from rnnviz.terminal import say

#: Allowed relative errors: of rounding, of eigenvalues, and of central differences.
ROUNDING, SPECTRAL, DIFFERENCES = 1e-10, 1e-6, 1e-5
_RADII, _GROWTH = "spectral radii", "growth by Lyapunov exponents"
#: The rounding error of ln |det| from which a matrix counts as singular.
_SINGULAR = 1e-2
#: Half the distance of central differences; below the second, a gradient has few digits.
_NEAR, _SMALL = 1e-5, 1e-5
#: Entries of each parameter that are differentiated; examples in a batch.
_ENTRIES, _EXAMPLES = 5, 8
#: Starts and seconds of the search for fixed points, and the largest state size.
_STARTS, _SECONDS, _LARGEST = 40, 1.5, 128
#: Why a result can't be compared: the reference is not finite either.
OVERFLOW = "the numbers overflow"
_TOO_LARGE = "a state has too many numbers"
_UNMEASURED = "the gradient is too small for differences, or they may span a kink"


@dataclass(frozen=True)
class Check:
    """A measured error, its limit, and ``why`` it is meaningless, if it is."""

    what: str
    measured: float = math.nan
    allowed: float = math.inf
    why: str = ""

    @property
    def failed(self) -> bool:
        """Whether the error exceeds the limit or is not finite."""
        return not self.why and not (math.isfinite(self.measured) and self.measured <= self.allowed)

    def __str__(self) -> str:
        note = self.allowed == math.inf
        mark = "skipped" if self.why else "FAILED" if self.failed else "note" if note else "ok"
        most = "" if note else f" (at most {self.allowed:.0e})"
        return f"{mark:<9}{self.what}: {self.why or f'{self.measured:.1e}{most}'}"


def overflows(probe: Probe, number: float) -> bool:
    """Whether the outputs, the losses or the number are not all finite; if so, print it."""
    finite = probe.finite and np.isfinite([*probe.trace.loss, number]).all()
    if not finite:
        say(f"Nothing can be checked, as {OVERFLOW}.")
    return not finite


def apart(one: ArrayLike, other: ArrayLike, least: float = 1e-3) -> float:
    """The largest difference, relative to the largest of the other, or to ``least``.

    It is not finite if one of the numbers isn't, even if the other is the same.
    """
    ours, theirs = np.asarray(one, float), np.asarray(other, float)
    largest = np.abs(theirs[np.isfinite(theirs)]).max(initial=least)
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.abs(ours - theirs).max(initial=0) / largest)


def compared(
    what: str, one: ArrayLike, other: ArrayLike, allowed: float, least: float = 1e-3
) -> Check:
    """The check that ``one`` is the ``other``; it is meaningless if the other is not finite."""
    why = "" if np.isfinite(other).all() else OVERFLOW
    return Check(what, apart(one, other, least), allowed, why)


def determined(what: str, found: ArrayLike, logs: ArrayLike, matrices: Iterable[Array]) -> Check:
    """The check that ``found`` is ``logs``, ln |det| of the matrices, as far as rounding allows."""
    doubt = max(map(_doubt, matrices))
    if doubt > _SINGULAR:
        return Check(what, why="a matrix is singular, to rounding")
    return compared(what, found, logs, max(SPECTRAL, doubt), 1.0)


def _doubt(matrix: Array) -> float:
    """The rounding error of ln |det|, which grows with the condition number; 0 without one."""
    if not np.isfinite(matrix).all():
        return 0.0
    sizes = np.linalg.svd(matrix, compute_uv=False)
    if not sizes[-1]:
        return math.inf
    return float(matrix.size * np.finfo(float).eps * sizes[0] / sizes[-1])


class NetworkChecks:
    """The checks of one network on one example, in double precision."""

    def __init__(
        self, parameters: Parameters, example: Example, dataset: Dataset, seed: int
    ) -> None:
        self._network = parameters.like(parameters.theta.astype(float))
        self._example, self._dataset, self._seed = example, dataset, seed
        self._trace, self._rng = self._read(self._network), np.random.default_rng(seed)

    def __iter__(self) -> Iterator[Check]:
        yield from self._from_equations()
        yield from self._renumbered()
        yield from (self._complex_step(), self._differences(), self._completeness())
        yield from (self._product(), *self._spectra(), self._fixed_points())

    def _read(self, network: Parameters) -> Trace:
        return record(network, collate([self._example]))

    # From the equations

    def _from_equations(self) -> Iterator[Check]:
        network, example, train = self._network, self._example, self._dataset.train
        logits, loss = textbook.logits(network, example), textbook.loss(network, example)
        yield compared("outputs, from the equations", self._trace.logits, logits, ROUNDING)
        yield compared("loss, from the equations", self._trace.loss.mean(), loss, ROUNDING)
        # Examples of several lengths, in one batch and one by one.
        some = train[:: max(1, len(train) // _EXAMPLES)][:_EXAMPLES]
        batch = collate(some)
        losses = forward_pass(network, batch).loss
        together = [losses[batch.owners == k].mean() for k in range(len(some))]
        alone = [textbook.loss(network, one) for one in some]
        yield compared(f"losses of {len(some)} examples in a batch", together, alone, ROUNDING)
        # With a readout of zeros all classes are equally likely, and all values 0.
        blind, classes = network.copy(), len(self._dataset.classes)
        blind.readout[...] = 0
        what, known = f"loss with a readout of zeros: ln {classes}", math.log(classes)
        if not self._dataset.answers_classes:
            what, known = "loss with a readout of zeros", float((example.targets**2).mean())
        yield compared(what, self._read(blind).loss.mean(), known, ROUNDING)

    # Permuted units

    def _renumbered(self) -> Iterator[Check]:
        of = self._network.architecture
        orders = [self._rng.permutation(of.hidden) for _ in range(of.layers)]
        other = renumbered(self._network, orders)
        found, expected = _measures(other, self._read(other)), _measures(self._network, self._trace)
        for name, values in found.items():
            allowed = SPECTRAL if name in (_RADII, _GROWTH) else ROUNDING
            # The exponent of a direction that a token shrinks to rounding error is noise.
            least = 1.0 if name == _GROWTH else 1e-3
            yield compared(
                f"units in another order: {name}", values, expected[name], allowed, least
            )

    # The gradient

    def _complex_step(self) -> Check:
        """The errors relative to the norm of the gradient, of a small one to ``_SMALL``."""
        what = "gradient, by the complex step"
        check = check_gradient(self._network, self._trace.batch, Gradient.EXACT)
        if not check.finite:
            return Check(what, why=OVERFLOW)
        norms, relative = norms_of(self._trace.gradient), check.errors
        errors = {name: relative[name] * norms[name] / max(norms[name], _SMALL) for name in norms}
        worst = _worst(errors)
        return Check(f"{what}; worst {worst}", errors[worst], TOLERANCE)

    def _differences(self) -> Check:
        """The errors of the largest entry and of a sample, relative to the largest entry."""
        gradient, errors = self._trace.gradient.named(), dict[str, float]()
        # The difference of two large losses is their rounding.
        small = _SMALL * max(1.0, textbook.loss(self._network, self._example))
        for name, array in gradient.items():
            largest = float(np.abs(array).max())
            if largest < small:
                continue
            entries = self._rng.integers(0, array.size, _ENTRIES)
            entries[0] = np.abs(array).argmax()
            indices = [np.unravel_index(entry, array.shape) for entry in entries]
            slopes = ((index, self._slope(name, index)) for index in indices)
            known = [abs(slope - float(array[i])) for i, slope in slopes if slope is not None]
            errors |= {name: float(np.max(known)) / largest} if known else {}
        what, left = "gradient, by central differences", len(gradient) - len(errors)
        if not errors:
            return Check(what, why=_UNMEASURED)
        worst = _worst(errors)
        note = f"; {left} of {len(gradient)} not measured" if left else ""
        return Check(f"{what}; worst {worst}{note}", errors[worst], DIFFERENCES)

    def _slope(self, name: str, index: tuple[np.intp, ...]) -> float | None:
        """The slope of the loss in one entry; None if not finite, or a ReLU has its kink there."""
        ahead, behind = self._network.copy(), self._network.copy()
        ahead[name][index] += _NEAR
        behind[name][index] -= _NEAR
        if self._kinked(*(textbook.passed(near, self._example) for near in (ahead, behind))):
            return None
        losses = [textbook.loss(near, self._example) for near in (ahead, behind)]
        slope = (losses[0] - losses[1]) / (2 * _NEAR)
        return slope if math.isfinite(slope) else None

    def _kinked(self, ahead: textbook.StackPass, behind: textbook.StackPass) -> bool:
        """Whether a unit is active in one of two passes only, if there is a kink."""
        nodes = self._network.architecture.cell.equations.graph.nodes
        kinks = any(node.kind in ("relu", "where") for node in nodes)
        return kinks and bool(((ahead.lines > 0) != (behind.lines > 0)).any())

    def _completeness(self) -> Check:
        """The sum of the integrated gradients is the answer less that without input."""
        answer = logit_margin(self._trace, self._dataset.classes, self._trace.every)
        total = saliency(self._network, self._example, answer).integrated.sum()
        what = f"integrated gradients: their sum is {answer.name}, less that without input"
        if not np.isfinite(total):
            return Check(what, why=f"not drawn, as it may be off by more than {INCOMPLETE:.0%}")
        ends = (textbook.logits(self._network, self._example, scale) for scale in (1.0, 0.0))
        whole, empty = (float((answer.weights * logits).sum()) for logits in ends)
        allowed = INCOMPLETE * abs(whole - empty) + ROUNDING * max(abs(whole), abs(empty))
        return Check(what, abs(total - (whole - empty)), allowed)

    # Laws

    @cached_property
    def _jacobians(self) -> Jacobians | None:
        """The Jacobians along the example, unless the network is too large."""
        small = fits(self._network.architecture)
        return jacobians_along(self._network, self._trace) if small else None

    def _product(self) -> Check:
        """The product of the last Jacobians times a vector, while differences can tell it."""
        if self._jacobians is None:
            return Check("product of Jacobians, by differences", why=_TOO_LARGE)
        path, matrices = states_of(self._trace), self._jacobians.matrices
        vector, moved, count = self._rng.standard_normal(matrices.shape[-1]), matrices[-1], 1
        while count < len(matrices):
            longer = moved @ matrices[-1 - count]
            if np.linalg.norm(longer @ vector) < 1e-3:
                break
            moved, count = longer, count + 1
        start, inputs = path.before[-count], path.inputs[-count:]
        ahead, behind = (
            textbook.unroll(self._network, inputs, start + shift * vector)
            for shift in (_NEAR, -_NEAR)
        )
        what = f"product of the last {count} Jacobians, by differences"
        if self._kinked(ahead, behind):
            return Check(what, why=_UNMEASURED)
        slopes = (ahead.states[-1] - behind.states[-1]) / (2 * _NEAR)
        return compared(what, slopes, moved @ vector, DIFFERENCES)

    def _spectra(self) -> Iterator[Check]:
        what = "Lyapunov exponents: their sum is the mean ln |det J|"
        if self._jacobians is None:
            yield Check(what, why=_TOO_LARGE)
        elif (total := float(lyapunov_exponents(self._jacobians).sum())) == -math.inf:
            yield Check(what, why="a matrix is singular, to rounding")
        else:
            matrices = self._jacobians.matrices
            yield determined(what, total, np.linalg.slogdet(matrices)[1].mean(), matrices)
        what = "recurrent weights: the product of the eigenvalues is det"
        weights = _recurrent(self._network)
        if not weights:
            yield Check(what, why="there are none")
        else:
            sizes = [np.log(np.abs(np.linalg.eigvals(W))).sum() for W in weights]
            logs = [np.linalg.slogdet(W)[1] for W in weights]
            yield determined(what, sizes, logs, weights)

    def _fixed_points(self) -> Check:
        """A fixed point is one by the equations, too."""
        flow = StateTransition(self._network)
        if flow.size > _LARGEST:
            return Check("fixed points: q, from the equations", why=_TOO_LARGE)
        visited = visit_states(self._network, self._dataset.train)
        x = visited.mean_input
        search = Search(FixedInputMap(flow, x), visited, _STARTS, self._seed, _SECONDS)
        spend(math.inf, search.work())
        states = [p.state for p in search.found.points if p.kind is not Kind.SLOW]
        if not states:
            return Check("fixed points: q, from the equations", why="none was found")
        steps = [textbook.unroll(self._network, x[None], h).states[0] - h for h in states]
        what = f"fixed points: q at {len(states)}, from the equations"
        return Check(what, float(0.5 * np.square(steps).sum(axis=1).max()), FIXED)


def renumbered(parameters: Parameters, orders: Sequence[Array]) -> Parameters:
    """A copy in which unit i of layer k is the former unit ``orders[k][i]``, each (H,).

    Encoder and decoder share the order, because the one hands its states to the other.
    """
    copy, layers = parameters.copy(), parameters.architecture.layers
    shapes = parameters.architecture.cell.equations.shapes
    pairs = zip(parameters.by_layer(), copy.by_layer(), strict=True)
    for k, (before, after) in enumerate(pairs):
        own, below = orders[k % layers], orders[k % layers - 1]
        for name, array in before.items():
            rows = array[own]
            if shapes[name] == (UNITS, UNITS):
                rows = rows[:, own]
            elif shapes[name] == (UNITS, INPUTS) and k % layers:
                rows = rows[:, below]
            after[name][...] = rows
    copy.W_hy[...] = parameters.W_hy[:, orders[-1]]
    return copy


def _measures(network: Parameters, trace: Trace) -> dict[str, ArrayLike]:
    """Measures that are invariant under a permutation of the units."""
    layers = range(network.architecture.layers)
    found: dict[str, ArrayLike] = {
        "outputs": trace.logits,
        "losses": trace.loss,
        "gradient norms": np.array([Unrolled(trace, layer).norms for layer in layers]),
        _RADII: [spectrum(W).radius for W in _recurrent(network)],
    }
    if fits(network.architecture):
        # As factors a token: exponents far below zero are less precise, or lost.
        found[_GROWTH] = np.exp(lyapunov_exponents(jacobians_along(network, trace)))
    return found


def _recurrent(network: Parameters) -> list[Array]:
    """All weights (H, H) from state to state."""
    recurrent = network.architecture.cell.equations.recurrent
    return [W for name, W in network.named().items() if plain(name) in recurrent]


def _worst(errors: dict[str, float]) -> str:
    return [*errors][np.argmax([*errors.values()])]  # NaN counts as the largest.


def notebook_check(probe: Probe) -> Check:
    """The error of the notebook's gradient, which is no failure of the engine."""
    check = check_gradient(probe.parameters, probe.trace.batch, Gradient.NOTEBOOK)
    where = ", ".join(check.wrong) or "nothing"
    why = "" if check.finite else OVERFLOW
    return Check(f"the notebook's gradient is wrong in {where}", check.worst, why=why)


def step_check(state: TrainState, config: RunConfig, dataset: Dataset) -> Check:
    """The next training step, by the rule of the optimizer as textbooks have it."""
    own, count = state.parameters, len(dataset.train)
    chosen = order(config.seed, state.epoch, count, config.batch)
    some = chosen[state.offset : state.offset + config.batch]
    batch = collate([dataset.train[k] for k in some])
    factors = factors_at(own, config, state.epoch, state.offset)
    trace = record(own.times(factors), batch, config.gradient, config.truncate)
    # The derivative by a weight that is multiplied by a factor.
    gradient = trace.gradient.times(factors).theta.astype(float)
    slots = slots_for(config.optimizer, own.theta, state.slots)
    averages = tuple(array.astype(float) for array in slots.arrays)
    theta = own.theta.astype(float)
    expected = textbook.update(theta, gradient, averages, slots.steps + 1, config)
    buffers = TrainBuffers(dataset.train, own.architecture, config)
    after = train_examples(state, buffers, config, len(some)).parameters.theta
    what, largest = f"one step of {config.optimizer}, by its rule", np.abs(expected).max()
    if not np.isfinite(largest) or not largest:
        return Check(what, why=OVERFLOW if largest else "the next step is zero")
    # The step is the difference of the weights before and after, which are rounded.
    digits = float(np.finfo(own.theta.dtype).eps)
    allowed = 1e5 * digits + 4 * digits * float(np.abs(own.theta).max() / largest)
    taken = own.theta.astype(float) - after
    return Check(what, float(np.abs(taken - expected).max() / largest), allowed)


def train_in_halves(player: Timeline) -> tuple[Position, Array]:
    """Train to the last epoch; return a position midway, within an epoch, and its weights."""
    assert isinstance(player, Player)
    run = player.run
    player.advance(player.config.epochs // 2)
    some = run.examples // 2 // run.batch * run.batch
    if some and not player.finished:
        run.train(some)
    halfway, weights = run.position, run.state.parameters.theta.copy()
    player.advance(player.config.epochs)
    if run.position < halfway:  # It diverged, and went back.
        return run.position, run.state.parameters.theta.copy()
    return halfway, weights


def run_checks(player: Timeline, halfway: Position, weights: Array) -> Iterator[Check]:
    """The time machine: bytes of the weights that differ where none may.

    The run had these ``weights`` at ``halfway``, and has gone on since.
    """
    end, final = player.run.position, player.run.state.parameters.theta.copy()
    past = player.run.at(halfway).parameters.theta
    yield Check(f"epoch {halfway} revisited: bytes that differ", _differing(past, weights), 0)
    link, problems = read_link(player.link().to_query())
    other = Player(link.schedule.start, lambda _: player.dataset, player.first)
    other.follow(link, problems, math.inf)
    there = other.run.state.parameters.theta
    yield Check(f"epoch {end} from its link: bytes that differ", _differing(there, final), 0)
    if link.checksum:
        same = link.checksum.weights == checksum_of(other.run.state.parameters)
        yield Check(f"epoch {end} from its link: checksums that differ", int(not same), 0)
    other.go_to(halfway)
    other.branch()
    other.advance(end.epoch - other.run.position.epoch)
    again = other.run.state.parameters.theta
    what = f"epoch {end} again from epoch {halfway}: bytes that differ"
    yield Check(what, _differing(again, final), 0)


def _differing(one: Array, other: Array) -> int:
    return int((one.view(np.uint8) != other.view(np.uint8)).sum())
