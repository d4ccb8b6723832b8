"""Health: a few early signs that training goes wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rnnviz.analysis.gradients import norms_of
from rnnviz.analysis.optimizer_step_stats import update_ratios
from rnnviz.analysis.unrolled import Unrolled
from rnnviz.config import Activation, CellKind, RunConfig
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.optimizers import Slots
from rnnviz.engine.parameters import Parameters, plain
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import update_parts

#: From here on a tanh's slope 1 - h^2 is below 0.06: of the gradient 94 % is lost in one token.
SATURATED = 0.97
#: A state that never leaves +- this moves a logit by less than a hundredth of a weight.
DEAD = 0.01
#: Shares of saturated units. Units that have decided saturate, so half of them is no harm; with
#: nine in ten hardly any slope is left through which anything could still be learned.
SATURATED_WATCH, SATURATED_BAD = 0.5, 0.9
#: Shares of dead units: a quarter is capacity wasted, with nine in ten nothing is remembered.
DEAD_WATCH, DEAD_BAD = 0.25, 0.9
#: Shares of the gradient's length that clipping takes away: a tenth changes the step; where nine
#: tenths go, the limit and no longer the slope decides how far a step goes.
CLIPPED_WATCH, CLIPPED_BAD = 0.1, 0.9
#: Update over weights: about a thousandth is usual. A tenth in one step writes over in ten steps
#: what was learned; below a millionth a thousand steps change a thousandth.
RATIO_LOW, RATIO_WATCH, RATIO_BAD = 1e-6, 0.01, 0.1
#: Length of the gradient: of a loss of a few nats it is about 1; a thousandfold is a cliff.
LARGE_WATCH, LARGE_BAD = 10.0, 1000.0
#: How much of the last token's gradient arrives at the first: a thousandth is hardly noticed among
#: the others; what is below the last digit of the number format is lost in adding.
REACH_WATCH = 1e-3
#: A loss below this (nats, or MSE) counts as learned: then small steps are as they should be.
LEARNED = 0.1


#: What happened where numbers are no longer finite, and what to try.
_LOST = (
    "Numbers grew beyond all bounds: go back in time and try a smaller learning rate, clipping or "
    "smaller weights."
)
#: What each sign measures.
MEANINGS = {
    "saturated": "Share of the states at the ends of their tanh, over all tokens.",
    "dead": f"Share of the units whose state never leaves ±{DEAD:g}.",
    "clipped": "Share of the gradient's length that clipping takes away.",
    "update": "Update over weights of one step, the median of the weight matrices.",
    "gradient": "Length of the largest gradient of a parameter, before clipping.",
    "reach": "The gradient at the first token over that at the last, of an encoder its own tokens.",
}


class Level(StrEnum):
    """How good or bad a sign is, from the best to the worst; NONE is of one without a meaning."""

    NONE = ""
    FINE = "fine"
    WATCH = "watch"
    BAD = "bad"


@dataclass(frozen=True)
class Sign:
    """One sign: its name, its value (a share, 0..1, or a size), how bad, and what to try.

    The value is NaN where the sign has no meaning, and where it can't be told, which is bad.
    """

    name: str
    value: float
    level: Level
    advice: str
    share: bool = False


def health(
    parameters: Parameters, trace: Trace, config: RunConfig, slots: Slots
) -> tuple[Sign, ...]:
    """The signs at these weights, all measured on the first sequence of ``trace``."""
    step = update_parts(trace, config, slots)
    gradient = next(step)
    largest, raw = _largest(gradient), _length(gradient)
    clipped = _clipped(raw, _length(next(step)))
    update = _ratio(parameters, next(step), float(trace.loss.mean()))
    seen = _saturated(trace), _dead(trace)
    return (*seen, clipped, update, largest, _reach(trace, config.truncate))


def _length(gradient: Parameters) -> float:
    return float(np.linalg.norm(gradient.theta))


def worst(signs: Sequence[Sign]) -> Sign:
    """The first of the worst signs."""
    order = [*Level]
    return max(signs, key=lambda sign: order.index(sign.level))


def _without(name: str, why: str) -> Sign:
    """A sign that has no meaning here."""
    return Sign(name, math.nan, Level.NONE, why)


def _untold(name: str) -> Sign:
    """A sign that can't be told, because numbers are not finite."""
    return Sign(name, math.nan, Level.BAD, _LOST)


def _graded(value: float, watch: float, bad: float) -> Level:
    if not value >= watch:
        return Level.FINE
    return Level.BAD if value >= bad else Level.WATCH


def _candidates(trace: Trace) -> Iterator[Array]:
    """What tanh makes of every unit's sum, (T, H), layer by layer: of gated cells the candidate."""
    of = trace.architecture
    name = {CellKind.GRU: "n", CellKind.LSTM: "g"}.get(of.kind, "h")
    return (Unrolled(trace, layer).of(name) for layer in range(of.layers))


def _saturated(trace: Trace) -> Sign:
    of = trace.architecture
    if of.kind is CellKind.ELMAN and of.activation is Activation.RELU:
        return _without("saturated", "ReLU has no upper end to saturate at.")
    value = _mean(_candidates(trace), lambda h: np.abs(h) > SATURATED)
    if math.isnan(value):
        return _untold("saturated")
    advice = {
        Level.FINE: "Most units are where their tanh still has a slope to learn by.",
        Level.WATCH: "Many units sit at the ends of their tanh: see whether the loss still falls.",
        Level.BAD: "Nearly all units sit at the ends of their tanh, where it has no slope: try "
        "smaller initial weights or a smaller learning rate.",
    }
    level = _graded(value, SATURATED_WATCH, SATURATED_BAD)
    return Sign("saturated", value, level, advice[level], share=True)


def _dead(trace: Trace) -> Sign:
    layers = (Unrolled(trace, layer).h for layer in range(trace.architecture.layers))
    value = _mean(layers, lambda h: np.abs(h).max(axis=0) < DEAD)
    if math.isnan(value):
        return _untold("dead")
    advice = {
        Level.FINE: "Most units answer to what is read.",
        Level.WATCH: "Some units stay at zero whatever is read: watch whether they wake up.",
        Level.BAD: "Nearly all units stay at zero, so nothing is remembered: wait for the end of "
        "the plateau, or try a larger initial scale.",
    }
    level = _graded(value, DEAD_WATCH, DEAD_BAD)
    return Sign("dead", value, level, advice[level], share=True)


def _mean(layers: Iterator[Array], of: Callable[[Array], Array]) -> float:
    """Of what is found in each layer; NaN where some of its numbers are not finite."""
    found = [of(layer).mean() if np.isfinite(layer).all() else math.nan for layer in layers]
    return float(np.mean(found))


def _clipped(raw: float, left: float) -> Sign:
    """1 - ||g'|| / ||g||: how much of the gradient's length clipping takes away."""
    if not math.isfinite(raw):
        return _untold("clipped")
    value = max(0.0, 1 - left / raw) if raw else 0.0
    advice = {
        Level.FINE: "Clipping takes away nothing that matters.",
        Level.WATCH: "Clipping shortens this step: a smaller learning rate may go more smoothly.",
        Level.BAD: "Clipping takes nearly all of this step: the gradient explodes. Try a smaller "
        "learning rate or smaller recurrent weights.",
    }
    level = _graded(value, CLIPPED_WATCH, CLIPPED_BAD)
    return Sign("clipped", value, level, advice[level], share=True)


def _ratio(parameters: Parameters, update: Parameters, loss: float) -> Sign:
    """The median over the weight matrices; biases begin at zero and would tell nothing."""
    ratios = update_ratios(parameters, update).items()
    value = float(np.median([r for name, r in ratios if plain(name).startswith("W")]))
    if math.isnan(value) or not np.isfinite(update.theta).all():
        return _untold("update")
    level = _graded(value, RATIO_WATCH, RATIO_BAD)
    advice = {
        Level.FINE: "One step changes the weights a little, as it should.",
        Level.WATCH: "One step changes the weights by more than a hundredth: if the loss jumps, "
        "try a smaller learning rate.",
        Level.BAD: "One step changes the weights by more than a tenth: try a learning rate ten "
        "times smaller.",
    }[level]
    if value < RATIO_LOW and loss > LEARNED:
        level = Level.WATCH
        advice = "The weights hardly move though the loss is large: try a larger learning rate."
    return Sign("update", value, level, advice)


def _largest(gradient: Parameters) -> Sign:
    sizes = norms_of(gradient)
    name = max(sizes, key=lambda key: np.nan_to_num(sizes[key], nan=np.inf))
    value = sizes[name]
    if math.isnan(value):
        return _untold("gradient")
    level = _graded(value, LARGE_WATCH, LARGE_BAD)
    advice = {
        Level.FINE: f"The largest gradient, of {name}, is of a usual size.",
        Level.WATCH: f"The gradient of {name} is large: see that clipping is on.",
        Level.BAD: f"The gradient of {name} explodes: clip it, and try a smaller learning rate.",
    }
    return Sign("gradient", value, level, advice[level])


def _reach(trace: Trace, truncate: int) -> Sign:
    """||dL/dh_1|| / ||dL/dh_T||, where the last token alone has an answer of its own.

    Of an encoder, which has none, T is its last token, at the bridge.
    """
    unrolled = Unrolled(trace)
    norms = unrolled.norms[: unrolled.bridge or None]
    if why := _nothing_to_reach(unrolled, norms):
        return _without("reach", why)
    with np.errstate(over="ignore", invalid="ignore"):
        value = float(norms[0] / norms[-1])
    if not math.isfinite(value):
        return _untold("reach")
    if not value and 0 < truncate < len(unrolled):
        why = f"The way back is cut after {truncate} tokens, so nothing reaches the first one: if "
        why += "it should be learned from, truncate later or not at all."
        return Sign("reach", value, Level.WATCH, why)
    lost = value < np.finfo(trace.dtype).eps
    level = Level.BAD if lost else Level.WATCH if value < REACH_WATCH else Level.FINE
    advice = {
        Level.FINE: "The gradient reaches the first token, so that it can be learned from.",
        Level.WATCH: "Little of the gradient reaches the first token: it is learned from slowly, "
        "until the recurrent weights have grown.",
        Level.BAD: "Nothing of the gradient reaches the first token: try larger recurrent "
        "weights, or a GRU or LSTM.",
    }
    return Sign("reach", value, level, advice[level])


def _nothing_to_reach(unrolled: Unrolled, norms: Array) -> str:
    """Why the first token needs no gradient from the last one, in a sentence; empty if it does."""
    if unrolled.trace.every and not unrolled.bridge:
        return "There is an answer after every token: nothing has to reach the first from the last."
    if len(norms) < 2:
        return "One token is read: there is no way for the gradient to go."
    return "" if norms[-1] else "At the last token there is no gradient that could reach the first."
