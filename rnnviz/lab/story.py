"""Story: what the run has reached, and one sentence with a number measured there."""

from __future__ import annotations

import math
from typing import NamedTuple

from rnnviz.analysis.chapters import WINDOW, Chapter, chapters
from rnnviz.analysis.formatting import quoted
from rnnviz.analysis.gradients import gradient_flow
from rnnviz.analysis.memory_gauge import half_life
from rnnviz.analysis.turning_word import Turn, turning_word
from rnnviz.lab.probe import Probe
from rnnviz.training.player import Player

#: The least share that is told, of the loss or, lost per token, of the gradient.
_LEAST = 0.005


class Story(NamedTuple):
    """The chapter's name, one sentence, whether something is broken, and the turning word.

    ``turning`` is the index of the token without which the verdict is another one, if there is one.
    """

    chapter: str
    sentence: str
    broken: bool = False
    turning: int | None = None


def story(player: Player, probe: Probe) -> Story:
    """The story at the epoch shown, where the network has read ``probe``."""
    data, epoch = probe.dataset, player.position.epoch
    loss, metric = (
        player.run.history.column(name)[max(0, epoch - WINDOW + 1) : epoch + 1]
        for name in ("train_loss", "train_metric")
    )
    stopped = player.diverged and player.shown is None
    if stopped or not (probe.finite and math.isfinite(loss[-1])):
        sentence = "The numbers are no longer finite. Go back, or lower the learning rate."
        return Story("Broken", sentence, broken=True)
    chapter = Chapter(chapters(loss, metric, data.guess.loss)[-1])
    if chapter is Chapter.UNTRAINED:
        return Story(chapter.label, f"The weights are random: every {probe.noun} is a guess.")
    if chapter is Chapter.PLATEAU:
        return Story(chapter.label, _plateau(probe, float(loss[-1])))
    turn = _turn(probe)
    if turn is None:
        share = f"{data.metric.name.capitalize()} {metric[-1]:.0%} on the training set."
        return Story(chapter.label, share)
    return Story(chapter.label, _turned(probe, turn, chapter), turning=turn.token)


def _plateau(probe: Probe, loss: float) -> str:
    """How far the loss is below that of guessing, and what a token costs the gradient."""
    below = 1 - loss / probe.dataset.guess.loss
    level = f"Loss {below:.0%} below guessing" if below >= _LEAST else "No better than guessing"
    lag = half_life(gradient_flow(probe.trace).norms)
    lost = 1 - 0.5 ** (1 / lag) if math.isfinite(lag) else 0.0
    if lost < _LEAST:
        return f"{level}."
    noun = probe.dataset.vocabulary.noun if probe.dataset.tokens else "step"
    return f"{level}. Each {noun} back loses {lost:.0%} of the gradient."


def _turn(probe: Probe) -> Turn | None:
    """Which word turns the verdict, if there is one."""
    if not probe.dataset.one_class_at_end:
        return None
    return turning_word(probe.parameters, probe.example, int(probe.answers[-1].argmax()))


def _turned(probe: Probe, turn: Turn, chapter: Chapter) -> str:
    word = quoted(probe.words[turn.token])
    if chapter is Chapter.FALLING:
        return f"The loss falls: {word} now turns the verdict."
    other = probe.dataset.classes[turn.verdict]
    return f"{word} turns the verdict. Without it: {turn.probability:.0%} {other}."
