"""Health: the phase of a run, and early signs that training goes wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto

import numpy as np

from rnnviz.config import RunConfig
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.optimizers import Slots
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import update_parts
from rnnviz.probe.gradient_flow import norms_of, update_ratios
from rnnviz.probe.unrolled import Unrolled

#: A loss below this share of that of guessing counts as learned.
LEARNED = 0.1
#: The loss falls if it lost this share within ``WINDOW`` epochs, or half the epochs so far.
FALL, WINDOW = 0.01, 10


class RunPhase(Enum):
    """What training has reached."""

    UNTRAINED = auto()
    PLATEAU = auto()
    FALLING = auto()
    LEARNED = auto()


def phase_of(losses: Array, guess: float) -> RunPhase:
    """The phase after the training losses of epoch 0 to the one shown, (N,), N >= 1.

    ``guess`` is the loss of guessing.
    """
    last = losses[-1]
    if len(losses) == 1:
        return RunPhase.UNTRAINED
    if last < LEARNED * guess:
        return RunPhase.LEARNED
    before = losses[-1 - max(1, min(WINDOW, (len(losses) - 1) // 2))]
    fell = np.isfinite(before) and last < (1 - FALL) * before
    return RunPhase.FALLING if fell else RunPhase.PLATEAU


#: Beyond this the slope 1 - h^2 of a tanh is below 0.06: 94% of the gradient is lost per token.
SATURATED = 0.97
#: A state within +- this changes a logit by less than a hundredth of a weight.
SILENT = 0.01
#: Shares of saturated units. Trained units often saturate, so up to half is normal; above 90%
#: almost no gradient passes.
SATURATED_LIMITS = 0.5, 0.9
#: Shares of silent units: a quarter wastes capacity, with nine in ten nothing is remembered.
SILENT_LIMITS = 0.25, 0.9
#: Shares of the gradient's norm that clipping removes: a tenth changes the step; at nine tenths the
#: limit decides the length of a step, not the slope.
CLIPPED_LIMITS = 0.1, 0.9
#: Update over weights, usually about 1e-3. At 0.1 ten steps overwrite what was learned; below 1e-6
#: a thousand steps change a thousandth.
RATIO_LOW, RATIO_LIMITS = 1e-6, (0.01, 0.1)
#: Norm of the gradient: about 1 for a loss of a few nats; a thousandfold is a cliff.
LARGE_LIMITS = 10.0, 1000.0
#: Share of the last token's gradient that reaches the first. Below the machine epsilon it does not
#: change a sum of gradients.
REACH_WATCH = 1e-3
#: How far the test loss is above its lowest and above the training loss, in losses of guessing: a
#: tenth is visible in the curve.
RISEN_LIMITS = 0.1, 1.0

#: The advice where numbers are no longer finite.
_LOST = (
    "Numbers are not finite: go back to where they were and try a smaller learning rate or "
    "clipping; if they never were, smaller initial weights."
)
#: The signs of the size of a step.
_STEP = {"clipped", "update", "gradient"}
_WORKS = "The step has an unusual size, but the loss is falling, or low."
_EARLY = {
    "silent": "States near zero are usual before training.",
    **dict.fromkeys(_STEP, "The first steps are large. That is usual before training."),
}
#: What each sign measures.
MEANINGS = {
    "saturated": "The share of states, or of a gated cell's candidates, at the ends of their tanh.",
    "silent": f"The share of units whose state never leaves ±{SILENT:g} on this sequence.",
    "clipped": "The share of the gradient's length that clipping removes.",
    "update": "Update over weights of one step: the median of the weight matrices.",
    "gradient": "The length of the largest gradient of a parameter, before clipping.",
    "reach": "The gradient at the first token over that at the last, or at an encoder's last.",
    "overfit": "The smaller of two, in losses of guessing: the test loss minus the training loss, "
    "and how much more the test loss has risen since its lowest than the training loss.",
}


class Level(StrEnum):
    """How bad a sign is, the best level first; NONE if a sign doesn't apply."""

    NONE = ""
    FINE = "fine"
    WATCH = "watch"
    BAD = "bad"


@dataclass(frozen=True)
class Sign:
    """One sign: its name, its value (a ``share``, 0..1, or a size), its level, and advice.

    The value is NaN if the sign doesn't apply, or if numbers are not finite, which is bad.
    """

    name: str
    value: float
    level: Level
    advice: str
    share: bool = False


def health(
    parameters: Parameters, trace: Trace, config: RunConfig, slots: Slots
) -> tuple[Sign, ...]:
    """The signs at these weights, measured on the first sequence of ``trace``."""
    parts = update_parts(
        parameters, trace, config, slots
    )  # in shared memory, so each is used at once
    gradient = next(parts)
    norms, before = norms_of(gradient), float(np.linalg.norm(gradient.theta))
    name = max(norms, key=lambda key: np.nan_to_num(norms[key], nan=np.inf))
    advice = (
        f"The largest gradient, of {name}, is not large.",
        f"The gradient of {name} is large: check that clipping is on.",
        f"The gradient of {name} is very large: check that clipping is on, and try a smaller "
        "learning rate.",
    )
    largest = _graded("gradient", norms[name], LARGE_LIMITS, advice)
    clipped = _clipped(before, float(np.linalg.norm(next(parts).theta)))
    update = _ratio(parameters, next(parts), config)
    reach = _reach(trace, config.truncate)
    return _saturated(trace), _silent(trace), clipped, update, largest, reach


def overfit(test: Array, train: Array, guess: float) -> Sign:
    """The sign of the losses (N,) of epoch 0 to the one shown; ``test`` is NaN without a test set.

    ``guess`` is the loss of guessing. A rise that the training loss shares is not overfitting.
    """
    if math.isnan(test[0]):
        return _not_applicable("overfit", "There is no test set.")
    if not math.isfinite(train[-1]):
        return _not_applicable("overfit", "The training loss is not a finite number.")
    advice = (
        "The test loss is near its lowest, not much above the training loss, or rose with it.",
        "The test loss is above the training loss, and has been lower. Try more data, fewer units, "
        "weight decay or dropout.",
        "The test loss is far above its lowest, and above the training loss: go back to where it "
        "was lowest, and try more data, fewer units, weight decay or dropout.",
    )
    return _graded("overfit", float(risen(test, train)[-1]) / (guess or 1.0), RISEN_LIMITS, advice)


def risen(test: Array, train: Array) -> Array:
    """How much more than the training loss the test loss has risen since its lowest, (N,).

    It is at most how far the test loss is above the training loss.
    """
    with np.errstate(invalid="ignore"):
        lowest = np.fmin.accumulate(test)
        at = np.maximum.accumulate(np.where(test == lowest, np.arange(len(test)), 0))
        too = np.maximum(train - train[at], 0.0)
        found: Array = np.minimum(test - lowest - too, test - train)
    return found


def judged(sign: Sign, phase: RunPhase) -> Sign:
    """The sign with the level that it has in this phase.

    Before training, small states and large first steps are usual. On the plateau silent units are
    not bad. While the loss falls, and when it is low, no step is too large, and no sign is bad.
    """
    if sign.level not in (Level.WATCH, Level.BAD) or not math.isfinite(sign.value):
        return sign
    if phase is RunPhase.UNTRAINED:
        large = sign.name in _STEP and (sign.name != "update" or sign.value >= RATIO_LOW)
        early = sign.name == "silent" or (large and sign.level is Level.WATCH)
        return replace(sign, level=Level.NONE, advice=_EARLY[sign.name]) if early else sign
    if phase is RunPhase.PLATEAU:
        return replace(sign, level=Level.WATCH) if sign.name == "silent" else sign
    if sign.name in _STEP:
        return replace(sign, level=Level.FINE, advice=_WORKS)
    return replace(sign, level=Level.WATCH)


def worst(signs: Sequence[Sign]) -> Sign:
    """The first of the worst signs."""
    order = [*Level]
    return max(signs, key=lambda sign: order.index(sign.level))


def _graded(
    name: str, value: float, limits: tuple[float, float], advice: tuple[str, str, str],
    share: bool = False,
) -> Sign:  # fmt: skip
    """A sign with the advice of its level: fine, watch or bad; bad if the value is NaN."""
    if math.isnan(value):
        return _not_finite(name)
    number = sum(value >= limit for limit in limits)
    return Sign(name, value, (Level.FINE, Level.WATCH, Level.BAD)[number], advice[number], share)


def _not_finite(name: str) -> Sign:
    return Sign(name, math.nan, Level.BAD, _LOST)


def _not_applicable(name: str, reason: str) -> Sign:
    return Sign(name, math.nan, Level.NONE, reason)


def _saturated(trace: Trace) -> Sign:
    of = trace.architecture
    # The output of a tanh: the candidate of gated cells.
    lines = of.cell.equations.nodes.items()
    name = next((name for name, node in lines if node.kind == "tanh"), None)
    if name is None:
        return _not_applicable(
            "saturated", "No line of this cell is just a tanh, which could saturate."
        )
    layers = (Unrolled(trace, layer).of(name) for layer in range(of.layers))
    advice = (
        "For most units the tanh still has a slope, so they can learn.",
        "Many units are at the ends of their tanh: check whether the loss still falls.",
        "Nearly all units are at the ends of their tanh, where it is almost flat: try smaller "
        "initial weights or a smaller learning rate.",
    )
    value = _mean(layers, lambda h: np.abs(h) > SATURATED)
    return _graded("saturated", value, SATURATED_LIMITS, advice, share=True)


def _silent(trace: Trace) -> Sign:
    layers = (Unrolled(trace, layer).h for layer in range(trace.architecture.layers))
    advice = (
        "Most units leave zero on this sequence.",
        f"Some units stay within ±{SILENT:g} on this sequence: check whether they do on others.",
        f"Nearly all units stay within ±{SILENT:g} on this sequence: on a plateau wait for its "
        "end, or try larger initial weights.",
    )
    value = _mean(layers, lambda h: np.abs(h).max(axis=0) < SILENT)
    return _graded("silent", value, SILENT_LIMITS, advice, share=True)


def _mean(layers: Iterable[Array], test: Callable[[Array], Array]) -> float:
    """The mean of a test over all layers; NaN if a layer is not finite."""
    shares = [test(layer).mean() if np.isfinite(layer).all() else math.nan for layer in layers]
    return float(np.mean(shares))


def _clipped(before: float, after: float) -> Sign:
    """1 - ||g'|| / ||g||, the share of the gradient's norm that clipping removes."""
    if not math.isfinite(before):
        return _not_finite("clipped")
    advice = (
        "Clipping removes nothing that matters.",
        "Clipping shortens this gradient: a smaller learning rate may train more smoothly.",
        "Clipping removes nearly all of this gradient. If the limit is not tiny the gradient is "
        "very large: try a smaller learning rate or smaller recurrent weights.",
    )
    value = max(0.0, 1 - after / before) if before else 0.0
    return _graded("clipped", value, CLIPPED_LIMITS, advice, share=True)


def _ratio(parameters: Parameters, update: Parameters, config: RunConfig) -> Sign:
    """The median over the weight matrices; biases are left out, as they begin at zero."""
    ratios = update_ratios(norms_of(parameters), update).items()
    value = float(np.median([r for name, r in ratios if parameters[name].ndim == 2]))
    if not np.isfinite(update.theta).all():
        return _not_finite("update")
    if value < RATIO_LOW:
        slow = (
            "Half of the matrices hardly move although the loss is not low: try a larger learning "
            "rate, unless the states are saturated or zero."
        )
        return Sign("update", value, Level.WATCH, slow)
    lower = config.lower_lr
    what = f"a learning rate of {lower:g}" if lower else "larger initial weights"
    advice = (
        "One step changes half of the matrices by less than a hundredth, as it should.",
        "One step changes half of the matrices by a hundredth or more: if the loss jumps, try a "
        "smaller learning rate.",
        f"One step changes half of the matrices by a tenth or more: try {what}.",
    )
    return _graded("update", value, RATIO_LIMITS, advice)


def _reach(trace: Trace, truncate: int) -> Sign:
    """||dL/ds_1|| / ||dL/ds_T||, if only the last token has an answer.

    With an encoder, which has no answers, T is its last token, at the bridge.
    """
    unrolled = Unrolled(trace)
    norms = unrolled.norms[: unrolled.bridge or None]
    reason = ""
    if trace.every and not unrolled.bridge:
        reason = (
            "There is an output after every token, so the gradient need not come from the last one."
        )
    elif len(norms) < 2:
        reason = "There is only one token, so the gradient has no path back."
    elif not norms[-1]:
        reason = "The last token has no gradient that could reach the first."
    if reason:
        return _not_applicable("reach", reason)
    with np.errstate(over="ignore", invalid="ignore"):
        value = float(norms[0] / norms[-1])
    if not math.isfinite(value):
        return _not_finite("reach")
    if not value and 0 < truncate < len(unrolled):
        level = Level.WATCH
        advice = (
            f"The backward pass is cut after {truncate} token{'s' * (truncate > 1)}: no gradient "
            "reaches the first one. If the network should learn from it, truncate later or not at "
            "all."
        )
    elif value >= REACH_WATCH:
        level = Level.FINE
        advice = "The gradient reaches the first token, so the network can learn from it."
    elif value >= np.finfo(trace.dtype).eps:
        level = Level.WATCH
        advice = (
            "Little of the gradient reaches the first token: most of the gradient of the weights "
            "comes from later ones."
        )
    else:
        level = Level.BAD
        advice = (
            "The gradient that reaches the first token is lost in rounding, or zero: try larger "
            "recurrent weights, or a cell whose gates keep the memory, with a forget bias."
        )
    return Sign("reach", value, level, advice)
