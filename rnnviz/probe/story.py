"""Story: the chapter that a run has reached, and one sentence with a number measured there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple, Self

import numpy as np

from rnnviz.engine.batch import collate
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.probe.cell_parts import cell_parts
from rnnviz.probe.formatting import number, quoted, shortened
from rnnviz.probe.gradient_flow import gradient_flow
from rnnviz.probe.health import RISEN_LIMITS, Level, Sign, risen
from rnnviz.probe.memory_gauge import half_life, handed_on
from rnnviz.probe.passes import forward_pass
from rnnviz.probe.probe import Probe, left_out, names_of, other_tokens, with_token
from rnnviz.probe.questions import GradientQuestion, StateQuestion, TrainQuestion
from rnnviz.run.history import COLUMNS, History
from rnnviz.run.remedies import remedy_for_training, remedy_for_weights
from rnnviz.run.schedule import EDIT, Change, Position
from rnnviz.run.timeline import Timeline
from rnnviz.tasks.dataset import ACCURACY, Dataset, Example

#: The loss falls below the first share of the loss of guessing, and is learned below the second.
FALLING, LEARNED = 0.75, 0.25
#: The share of the training set that is right when it is learned.
RIGHT = 0.95
#: Above this share of the loss of guessing, a large radius means divergence, not memory.
WORSE = 1.1
#: The spectral radii of W_hh from which memory grows, and opens.
GROWS, OPENS = 0.1, 1.0
#: It must also exceed that of epoch 0 by this factor: some initial weights have a large one.
GROWN = 2.0
#: A chapter begins at the second consecutive epoch that meets its condition, or when most of the
#: last ``WINDOW`` do, and ends when most of them don't, so that none flickers.
WINDOW = 5


class Chapter(IntEnum):
    """What training has reached."""

    UNTRAINED = 0
    PLATEAU = 1
    MEMORY_GROWS = 2
    MEMORY_OPENS = 3
    FALLING = 4
    DAMAGED = 5
    OVERFITTING = 6
    MEMORIZED = 7
    LEARNED = 8

    @property
    def label(self) -> str:
        """Its name on the page."""
        return self.name.capitalize().replace("_", " ")


class Scores(NamedTuple):
    """The scores at all epochs from 0 on, (E,): loss and metric in training, metric of the test.

    ``guess`` is the loss of guessing, ``chance`` the highest test metric that may be chance.
    ``risen`` is the rise of the loss on what is not learned from, in losses of guessing, see
    ``health.risen``. ``edits`` are the first epochs with edited weights.
    """

    losses: Array
    metrics: Array
    tests: Array
    guess: float
    chance: float = math.nan
    risen: Array | None = None
    edits: Sequence[int] = ()

    @classmethod
    def of(
        cls, history: History, guess: float, chance: float, changes: Sequence[Change] = ()
    ) -> Scores:
        """The scores of a run with these changes."""
        losses, metrics, _, tests = map(history.column, COLUMNS)
        unseen, seen = (history.loss_of(abs(k - history.held_out)) for k in (0, 1))
        rise = risen(unseen, seen)
        with np.errstate(invalid="ignore"):
            # Without learning there is no overfitting.
            rise[~(seen < FALLING * guess)] = 0.0
        positions = sorted(change.position for change in changes if change.name == EDIT)
        edits = [at.epoch + (at.offset > 0) for at in positions]
        return cls(losses, metrics, tests, guess, chance, rise / (guess or 1.0), edits)

    def before(self, edit: int) -> float:
        """The lowest loss before the epoch of an edit; inf if there is none."""
        return float(np.fmin.reduce(self.losses[:edit], initial=np.inf))


def chance_of(data: Dataset) -> float:
    """The highest test accuracy that may be chance; NaN if the task has no such accuracy.

    It is that of the most frequent class, plus one standard error; NaN if that is every score.
    """
    if data.metric is not ACCURACY or not data.answers_classes or not data.test:
        return math.nan
    targets = np.concatenate([example.targets for example in data.test])
    share = float(np.bincount(targets[targets >= 0]).max(initial=0)) / max(1, len(targets))
    most = share + math.sqrt(share * (1 - share) / max(1, len(targets)))
    return most if most < 1 else math.nan


def chapters(scores: Scores, radii: Array, epochs: Array) -> Array:
    """The chapter at each of ``epochs`` (N,).

    ``radii`` are the spectral radii of W_hh, NaN where not measured. The chapter of an epoch is the
    median of those of the last ``WINDOW`` epochs, or the lower of the last two if that is later.
    While the loss is near that of guessing, the radius decides.
    """
    losses, guess = scores.losses, scores.guess
    raw = np.where(losses < WORSE * guess, Chapter.MEMORY_GROWS, Chapter.PLATEAU)
    raw[losses < FALLING * guess] = Chapter.FALLING
    known = (losses < LEARNED * guess) & (scores.metrics >= RIGHT)
    raw[known] = Chapter.LEARNED
    if scores.risen is not None:
        raw[scores.risen >= RISEN_LIMITS[0]] = Chapter.OVERFITTING
    raw[known & (scores.tests <= scores.chance)] = Chapter.MEMORIZED
    for edit in scores.edits:
        before = scores.before(edit)
        if before < FALLING * guess:
            after = np.arange(len(raw)) >= edit
            raw[after & (losses > before + RISEN_LIMITS[0] * guess)] = Chapter.DAMAGED
    rows = _windows(raw, Chapter.PLATEAU, scores.edits)[epochs]
    by_scores = np.maximum(np.median(rows, axis=1), rows[:, -2:].min(axis=1)).astype(int)
    # Epoch 1 has no other epochs to compare with.
    by_scores = np.where(epochs == 1, np.maximum(by_scores, raw[epochs]), by_scores)
    near_guessing = by_scores == Chapter.MEMORY_GROWS
    reached: Array = np.where(near_guessing, _of_memory(radii, epochs, scores.edits), by_scores)
    reached[epochs == 0] = Chapter.UNTRAINED
    return reached


def learned_at(history: History, data: Dataset) -> int | None:
    """The first epoch of the chapter *Learned*; None if the run has not reached it."""
    scores = Scores.of(history, data.guess.loss, chance_of(data))
    # Whether it has learned does not depend on the radii.
    rows = np.arange(len(history))
    found = np.flatnonzero(chapters(scores, np.full(len(rows), np.nan), rows) == Chapter.LEARNED)
    return int(history.epochs[found[0]]) if len(found) else None


def _of_memory(radii: Array, epochs: Array, edits: Sequence[int]) -> Array:
    """PLATEAU, MEMORY_GROWS or MEMORY_OPENS, by the lower median of the radii of the last epochs.

    If the last two radii are both larger, it is by the smaller of them. Epochs that were not
    measured have the chapter of the last one that was.
    """
    measured = np.flatnonzero(~np.isnan(radii))
    if 0 not in measured[:1]:
        return np.full(len(epochs), Chapter.PLATEAU)
    last = measured[np.searchsorted(measured, epochs, side="right") - 1]
    windows = _windows(radii, np.nan, edits)[last]
    rows = np.sort(windows, axis=1)  # NaN comes last
    middle = (np.count_nonzero(~np.isnan(rows), axis=1) - 1) // 2
    usual = np.fmax(rows[np.arange(len(rows)), middle], windows[:, -2:].min(axis=1))
    grown = usual >= GROWN * radii[0]
    return np.asarray(Chapter.PLATEAU + grown * np.digitize(usual, (GROWS, OPENS)))


def _windows(values: Array, before: float, edits: Sequence[int] = ()) -> Array:
    """The last ``WINDOW`` values at every epoch, (N, WINDOW), with ``before`` before epoch 0.

    None reaches back beyond an edit: there is the value at the edit instead.
    """
    padded = np.concatenate([np.full(WINDOW - 1, before), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)
    if edits:
        windows = windows.copy()
    for edit in edits:
        for row in range(edit, min(edit + WINDOW - 1, len(values))):
            windows[row, : WINDOW - 1 - (row - edit)] = values[edit]
    return windows


#: The other verdict must be at least this probable.
SURE = 0.6
#: The longest sequence that is read without each token in turn.
LONGEST = 24
#: A word turns the verdict if this share of its replacements does, too; how many are tried.
REPLACED, OTHERS = 0.5, 20


class Turn(NamedTuple):
    """Without the token ``dropped`` (from 0) the verdict is another class, with ``probability``.

    With others in its place the ``verdict`` is another one, too, if it ``turns`` by the token.
    """

    dropped: int
    verdict: int
    probability: float
    turns: bool = True

    @property
    def token(self) -> int | None:
        """The token that turns the verdict, if it does and not only the length."""
        return self.dropped if self.turns else None

    def sentence(self, words: Sequence[str], now: str = "") -> str:
        """The sentence about the token of these words."""
        word = quoted(words[self.dropped])
        if self.turns:
            return f"{word} {now}turns the verdict."
        return f"Without {word} the verdict {now}turns, but not with most others tried there."


def turning_word(parameters: Parameters, example: Example, verdict: int) -> Turn | None:
    """The token without which, and with others in its place, the answer is not ``verdict``.

    Of several it is the one without which another class is most probable. None if no token turns
    the verdict, or with fewer than 2 or more than ``LONGEST`` tokens. The network must read tokens,
    and have one answer.
    """
    count = len(example.inputs)
    if not 2 <= count <= LONGEST or example.inputs.ndim > 1:
        return None
    found = _answers(parameters, [left_out(example, t) for t in range(count)])
    others, sure = found.argmax(axis=1), found.max(axis=1)
    dropped = [t for t in np.argsort(-sure).tolist() if others[t] != verdict and sure[t] >= SURE]
    for t in dropped:
        words = other_tokens(parameters.architecture.inputs, int(example.inputs[t]), OTHERS)
        replaced = _answers(parameters, [with_token(example, t, word) for word in words])
        if (replaced.argmax(axis=1) != verdict).mean() >= REPLACED:
            return Turn(t, int(others[t]), float(sure[t]))
    if not dropped:
        return None
    return Turn(dropped[0], int(others[dropped[0]]), float(sure[dropped[0]]), turns=False)


def _answers(parameters: Parameters, examples: Sequence[Example]) -> Array:
    """The probabilities of the classes, one row for each example, (N, C)."""
    trace = forward_pass(parameters, collate(examples))
    return trace.probs[np.argsort(trace.batch.owners)]


#: The least share that is mentioned: of the loss, or of the gradient that a token loses.
_LEAST = 0.005
#: The ending for a run that learned nothing, or lost it again.
_ENDED = "The run ended with a loss of at least 75% of guessing."


class Story(NamedTuple):
    """The chapter's name, one sentence, whether something is broken, and the turning word.

    ``turning`` is the index of the token without which the verdict changes, if there is one.
    ``ending`` is the part of the sentence about the end of a run whose loss is then near guessing.
    ``question`` is the one whose tab shows what the sentence is about, if there is one.
    """

    chapter: str
    sentence: str
    broken: bool = False
    turning: int | None = None
    ending: str = ""
    question: GradientQuestion | StateQuestion | TrainQuestion | None = None


class _EpochScores(NamedTuple):
    """Loss and metric on the training set of a dataset, and the metric on its test set.

    ``beside`` is a sentence that compares its errors with those of simple models, if there is one.
    """

    data: Dataset
    loss: float
    metric: float
    test: float
    beside: str = ""

    @classmethod
    def at(cls, data: Dataset, history: History, row: int, beside: str) -> Self:
        """Those of a row of the history."""
        names = "train_loss", "train_metric", "test_metric"
        loss, metric, test = (float(history.column(name)[row]) for name in names)
        return cls(data, loss, metric, test, beside)

    @property
    def below(self) -> float:
        """How far the loss is below that of guessing, as a share of that; 0 if it is zero."""
        guess = self.data.guess.loss
        return 1 - self.loss / guess if guess else 0.0

    @property
    def level(self) -> str:
        """The loss compared with guessing; no full stop."""
        if self.below >= _LEAST:
            return f"Loss {self.below:.0%} below guessing"
        if self.below <= -1:
            return f"Loss {number(1 - self.below, 3)} times that of guessing"
        return "No better than guessing" if self.below <= 0 else "Near guessing"

    @property
    def sentence(self) -> str:
        """The score compared with guessing, in the terms of the task."""
        data, guess = self.data, self.data.guess.loss
        if self.below < _LEAST:
            loss = number(self.loss, 3)
            return f"{self.level}: loss {loss}, guessing {number(guess, 3)}."
        if self.beside:
            return self.beside
        score = f"{data.metric.name}: {self.metric:.0%}"
        if data.one_class_at_end:
            most = data.guess.answer.max()
            return f"{score.capitalize()} on the {data.role} set, guessing {most:.0%}."
        if data.answers_classes:
            perplexity, guessed = (number(math.exp(loss), 3) for loss in (self.loss, guess))
            return f"Perplexity {perplexity}, guessing {guessed}; {score}."
        return f"Mean squared error {number(self.loss, 2)}, guessing {number(guess, 2)}; {score}."


def _broken(player: Timeline, *, finite: bool) -> str:
    """The sentence of numbers that are, or would be, not ``finite``, and what to try."""
    settings, begun = player.run.schedule.at(player.position), player.position > Position(0)
    remedy = remedy_for_training if begun or player.recorded else remedy_for_weights
    what = f"{'go back, or ' if begun else ''}{player.remedy or remedy(settings)}"
    where = "Within the next epoch the numbers are no longer" if finite else "The numbers are not"
    return f"{where} finite: {what}."


def story(
    player: Timeline, probe: Probe, signs: Sequence[Sign], radii: Array, beside: str = ""
) -> Story:  # fmt: skip
    """The story at the epoch shown, where the network has read ``probe``.

    ``signs`` are those of ``probe``, ``radii`` the spectral radii of W_hh from epoch 0 to the one
    shown, NaN where not measured. ``beside`` compares the network with simple models.
    """
    data, epoch, history = probe.dataset, player.position.epoch, player.run.history
    row = history.rows_until(epoch) - 1
    scores = _EpochScores.at(data, history, row, beside)
    stopped = player.remedy and player.shown is None
    known = math.isfinite(scores.loss) or not data.labelled
    finite = probe.finite and known
    if stopped or not finite:
        return Story("Broken", _broken(player, finite=finite), broken=True)
    if player.imported and (epoch == 0 or not data.labelled):
        turn, start = _turn(probe), f"The weights came from {player.imported.source}."
        if turn:
            return Story("Opened", f"{start} {turn.sentence(probe.words)}", turning=turn.token)
        return Story("Opened", f"{start} {scores.sentence}" if data.labelled else start)
    course = Scores.of(history, data.guess.loss, chance_of(data), player.run.schedule.changes)
    chapter = Chapter(chapters(course, radii, np.array([row]))[0])
    if chapter is Chapter.UNTRAINED:
        guesses = f"The weights are random: every {probe.noun} is a guess"
        start = f"{guesses} (loss {number(scores.loss, 3)})."
        if offset := player.position.offset:
            start = f"The first epoch has begun: {offset} sequence{'s' * (offset > 1)} read."
        return Story(chapter.label, start)
    if chapter < Chapter.FALLING:
        for warning in _warnings(probe, signs):
            return warning
    setback = _setback(chapter, course, history, row)
    turn = None if setback or chapter <= Chapter.MEMORY_GROWS else _turn(probe)
    sentence = setback or _sentence(chapter, probe, scores, radii, turn)
    fallen = scores.loss < FALLING * data.guess.loss
    ending = _ENDED if chapter < Chapter.FALLING and player.over and not fallen else ""
    # Until the loss falls, the question about the gradient is next; a turning word has its own.
    turning = turn.token if turn else None
    asked: GradientQuestion | StateQuestion | TrainQuestion | None = None
    if turning is not None:
        asked = StateQuestion.WHAT_IF
    elif scores.beside and sentence == scores.beside:
        asked = TrainQuestion.WRONG
    elif not turn and chapter < Chapter.FALLING and not probe.every:
        asked = GradientQuestion.REACH
    sentence = f"{sentence} {ending}".rstrip()
    return Story(chapter.label, sentence, turning=turning, ending=ending, question=asked)


def _setback(chapter: Chapter, scores: Scores, history: History, row: int) -> str:
    """How far a loss of damaged weights, or on what is not learned from, has risen; or nothing."""
    if chapter is Chapter.DAMAGED:
        best = min(scores.before(edit) for edit in scores.edits if edit <= row)
        now = scores.losses[row]
        edited = f"The weights were edited: the loss is {number(float(now), 2)}"
        return f"{edited}; its lowest before was {number(best, 2)}."
    if chapter is not Chapter.OVERFITTING:
        return ""
    role, unseen = history.roles[history.held_out], history.loss_of(history.held_out)[: row + 1]
    lowest, now = int(np.nanargmin(unseen)), unseen[row]
    if lowest == row:
        return ""
    return (
        f"The {role} loss is {number(float(now), 2)}; it was lowest at {history.unit} "
        f"{history.epochs[lowest]}: {number(float(unseen[lowest]), 2)}."
    )


def _warnings(probe: Probe, signs: Sequence[Sign]) -> Iterator[Story]:
    bad = {sign.name: sign.value for sign in signs if sign.level is Level.BAD}
    if (share := bad.get("saturated", math.nan)) > 0:
        plain = cell_parts(probe.trace.architecture.cell).plain_matrix
        what = "states" if plain else "candidates"
        sentence = f"{share:.0%} of the {what} are where their tanh is almost flat."
        yield Story("Saturated", sentence, question=StateQuestion.CARRY)
    lengths = [len(example.inputs) for example in probe.dataset.train]
    # In a phrase longer than most of the training sequences it can vanish, and the network learn.
    if (
        len(probe.example.inputs) <= np.median(lengths)
        and (reach := bad.get("reach", math.nan)) >= 0
    ):
        little = f"Only {number(reach, 1)}" if reach else "None"
        noun = names_of(probe.dataset).noun
        sentence = f"{little} of the gradient reaches the first {noun}."
        yield Story("Vanishing", sentence, question=GradientQuestion.REACH)


def _turn(probe: Probe) -> Turn | None:
    if not probe.dataset.one_class_at_end:
        return None
    return turning_word(probe.parameters, probe.example, int(probe.answers[-1].argmax()))


def _sentence(
    chapter: Chapter, probe: Probe, scores: _EpochScores, radii: Array, turn: Turn | None
) -> str:
    if chapter is Chapter.PLATEAU:
        lost = _lost(probe)
        return f"{scores.level}. {lost}" if lost else scores.sentence
    if chapter < Chapter.FALLING:
        return _memory(chapter, probe, scores, radii, turn)
    if chapter is Chapter.MEMORIZED:
        right = f"{scores.metric:.0%} right, but {scores.test:.0%} of the test set"
        return f"Learned the training data, {right}: no better than chance."
    if turn is None:
        return scores.sentence
    if chapter is Chapter.FALLING:
        return f"{scores.level}: {turn.sentence(probe.words, 'now ')}"
    other = shortened(probe.dataset.classes[turn.verdict])
    return f"{turn.sentence(probe.words)} Without it: {turn.probability:.0%} {other}."


def _memory(
    chapter: Chapter, probe: Probe, scores: _EpochScores, radii: Array, turn: Turn | None
) -> str:
    radius = f"Radius {radii[-1]:.2f}"
    if turn:
        return f"{radius}: {turn.sentence(probe.words)}"
    if chapter is Chapter.MEMORY_OPENS:
        if probe.dataset.one_class_at_end and 2 <= len(probe.words) <= LONGEST:
            return f"{radius}, but no {names_of(probe.dataset).noun} clearly turns the verdict."
    elif lost := _lost(probe):
        return f"{radius}: {lost[0].lower()}{lost[1:]}"
    return f"{radius}, {radii[0]:.2f} at the start. {scores.level}."


def _lost(probe: Probe) -> str:
    """The gradient lost per token, as a sentence; empty if none, or if every token has a loss."""
    norms = handed_on(gradient_flow(probe.trace).norms, probe.trace.architecture.cell)
    lag = math.inf if probe.every else half_life(norms)
    lost = 1 - 0.5 ** (1 / lag) if math.isfinite(lag) else 0.0
    if lost < _LEAST:
        return ""
    share = f"{lost:.0%}" if lost < 1 - _LEAST else ">99%"
    return f"The gradient fades by {share} per {names_of(probe.dataset).noun}, on average."
