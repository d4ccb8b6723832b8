"""WhatIfLab: a changed sequence, every word at one place, and both over the epochs of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from rnnviz.config import Loss
from rnnviz.engine.evaluation import batches
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.losses import LOSSES
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.training import TrainState
from rnnviz.probe.cache import Memo
from rnnviz.probe.marks import Mark, index_from, one_of
from rnnviz.probe.passes import forward_pass
from rnnviz.probe.probe import Probe, target_text, with_token
from rnnviz.probe.session import PhraseInput
from rnnviz.probe.work import spend
from rnnviz.questions.what_if.saliency import Answer, Saliency, logit_margin, saliency
from rnnviz.run.history import EpochCache, coarse_first
from rnnviz.run.run import Run
from rnnviz.run.schedule import Position
from rnnviz.tasks.data.vocabulary import write_values
from rnnviz.tasks.dataset import Dataset, Example

#: Pairs of matching tokens of the original and of the variant; None if one has no match.
Pairs = list[tuple[int | None, int | None]]


class Alter(StrEnum):
    """A kind of change at a word."""

    CHANGE = "another"
    DROP = "dropped"
    ADD = "added"
    SWAP = "swapped"
    STATE = "another state"


class Perturbation(NamedTuple):
    """A change at the word at ``place`` (from 0); ``word`` replaces it, or is added after it.

    Or the state after word ``after`` of the ``donor``, -1 if none is chosen yet, replaces the state
    after it.
    """

    alter: Alter
    place: int
    word: str = ""
    donor: tuple[str, ...] = ()
    after: int = -1

    def applied(self, words: Sequence[str]) -> tuple[str, ...]:
        """The changed words.

        A state is all that the network keeps of the words before it: another state is the result of
        the donor's words.
        """
        before, word, after = words[: self.place], words[self.place], words[self.place + 1 :]
        if self.alter is Alter.DROP:
            return (*before, *after)
        if self.alter is Alter.ADD:
            return (*before, word, self.word, *after)
        if self.alter is Alter.SWAP:
            return (*before, *after[:1], word, *after[1:])
        if self.alter is Alter.STATE:
            return (*self.donor[: self.after + 1], *after)
        return (*before, self.word, *after)

    def pairs(self, count: int) -> Pairs:
        """The matching tokens, for an original with ``count`` words.

        An added word has no match: the word before it is matched with it.
        """
        place, every = self.place, range(count)
        if self.alter is Alter.ADD:
            return [(t, t + (t >= place)) for t in every]
        if self.alter is Alter.DROP:
            return [(t, None if t == place else t - (t > place)) for t in every]
        return [(t, t) for t in every]

    def continued(self, first: Array, second: Array) -> Array:
        """The variant's rows (T', ...), with the original's (T, ...) up to a replaced state."""
        if self.alter is not Alter.STATE:
            return second
        return np.concatenate([first[: self.place], second[self.after :]])


def joined(first: Pairs, before: int, after: int) -> Pairs:
    """The pairs of an encoder, then its decoder's, up to ``before`` and ``after`` tokens in all."""
    starts = [sum(pair[side] is not None for pair in first) for side in (0, 1)]
    rest = max(before - starts[0], after - starts[1])
    pairs = ((starts[0] + k, starts[1] + k) for k in range(rest))
    return [*first, *((a if a < before else None, b if b < after else None) for a, b in pairs)]


def aligned(rows: Array, places: Sequence[int | None]) -> Array:
    """The rows (T, ...) at these tokens, NaN at None."""
    missing = np.full((1, *rows.shape[1:]), np.nan)
    return np.concatenate([rows, missing])[[-1 if t is None else t for t in places]]


def last_answers(parameters: Parameters, examples: Sequence[Example]) -> Array:
    """The answer after the last token of every example, (N, C).

    A decoder answers in many tokens: there it is the probability of the whole target, (N, 1).
    """
    of, decoder = parameters.architecture, examples[0].source is not None
    answers = np.zeros((len(examples), 1 if decoder else of.outputs))
    for batch in batches(examples, of.hidden * of.layers):
        probabilities = forward_pass(parameters, batch).probs
        if decoder:
            with np.errstate(divide="ignore"):
                logs = np.log(probabilities[np.arange(len(batch.targets)), batch.targets])
            np.add.at(answers[:, 0], batch.owners, logs)
        else:
            # They are in the order of the tokens, so the last one stays.
            answers[batch.owners] = probabilities
    return np.exp(answers) if decoder else answers


#: Words that are read together, before the clock is read again.
_TOGETHER = 256


class Outcome(NamedTuple):
    """The number by which two answers are compared: a probability or a value.

    It is that of class or channel ``column``, with this ``name``. With ``two`` classes the other
    one has the rest of the probability.
    """

    column: int
    name: str
    two: bool = False
    probability: bool = True

    @property
    def base(self) -> float:
        """The value at which neither side wins."""
        return 0.5 if self.two else 0.0


@dataclass(eq=False)
class Choices:
    """The ``last_answers`` for each word at one place, (V, C), of which the first are ``read``."""

    answers: Array
    read: int = 0


def outcome_of(first: Probe, second: Probe) -> Outcome:
    """Of two classes the second, of more the verdict on the first sequence, or the last answer.

    Of values it is the channel that differs most, of a decoder the whole target of the first.
    """
    data = first.dataset
    if data.source is not None:
        return Outcome(0, target_text(data, first.example.targets))
    if not data.answers_classes:
        common = min(len(first.running), len(second.running))
        gaps = np.abs(first.running[:common] - second.running[:common]).sum(axis=0)
        channel = int(np.nan_to_num(gaps).argmax())
        return Outcome(channel, output_name(data, channel), probability=False)
    two = data.one_class_at_end and len(data.classes) == 2
    column = 1 if two else int(first.answers[-1].argmax())
    return Outcome(column, data.classes[column], two)


def output_name(data: Dataset, channel: int) -> str:
    """The name of an output of values; of a series also how far ahead it is, if others are."""
    if data.series is None or data.series.horizon == 1:
        return data.classes[channel]
    ahead, value = divmod(channel, len(data.series.columns.expected))
    return f"{data.series.columns.expected[value]} {ahead + 1} step{'s' * (ahead > 0)} ahead"


def running_answers(probe: Probe, outcome: Outcome) -> Array:
    """The number after every token, as if the sequence ended there, (T,).

    With a class after every token it is the probability of the target, or NaN without one.
    """
    data, running = probe.dataset, probe.running
    if not data.answers_classes:
        return np.asarray(data.own_answers(running)[:, outcome.column], float)
    probabilities = np.empty_like(running)
    LOSSES[Loss.CROSS_ENTROPY].answer(running, probabilities)
    if data.one_class_at_end:
        return np.asarray(probabilities[:, outcome.column], float)
    answers, targets = np.full(len(running), np.nan), probe.example.targets
    last = probabilities[-len(targets) :]
    answers[-len(targets) :] = last[np.arange(len(targets)), targets]
    return answers


# Another value at a step of a series


#: The points of the curve of answers.
_POINTS = 41


def ranges(data: Dataset) -> tuple[Array, Array]:
    """The lowest and the highest value of each channel in the training, (D,) each."""
    series = data.series
    assert series, "only series have ranges"
    read = np.concatenate([series.read(piece) for piece in series.train])
    return read.min(axis=0), read.max(axis=0)


def own_values(data: Dataset, text: str) -> Array:
    """The values (D,) of a step in their own units; raise TaskError."""
    assert data.units, "windows are standardised"
    return np.asarray(data.units.own(data.values_of(text, 1))[0])


def between(data: Dataset, words: Sequence[str], place: int) -> str:
    """The text of a step with the mean of its neighbours' values; at an end that of the only one.

    Words are the texts of the steps, at least two.
    """
    beside = [words[t] for t in (place - 1, place + 1) if 0 <= t < len(words)]
    mean = np.mean([own_values(data, text) for text in beside], axis=0)
    return write_values(np.array([[float(f"{value:.6g}") for value in mean]]), marks=False)


def answers_of_values(probe: Probe, place: int, outcome: Outcome) -> tuple[Array, Array]:
    """Values of the first channel at a step, and the last answer to each, (P,), in own units."""
    data = probe.dataset
    low, high = ranges(data)
    assert data.units, "windows are standardised"
    first = data.units.of_channels([0])
    values = np.linspace(low[0], high[0], _POINTS)
    rows = np.repeat(probe.example.inputs[[place]], _POINTS, axis=0)
    rows[:, 0] = first.standardised(values[:, None])[:, 0]
    examples = [with_token(probe.example, place, row) for row in rows]
    answers = data.own_answers(last_answers(probe.parameters, examples))
    return values, answers[:, outcome.column]


class Method(StrEnum):
    """How the contribution of a token is measured."""

    INTEGRATED = "integrated"
    LEFT_OUT = "left out"
    SLOPE = "slope"


class WhatIfLab:
    """The choice of the change, and the last result of each analysis."""

    marks = (
        Mark("what_if.change", "change"),
        Mark("what_if.donor", "donor_text"),
        Mark.option("what_if.method", "method", Method),
    )

    def __init__(self) -> None:
        #: How the contribution of each token is measured.
        self.method = Method.INTEGRATED
        self._dataset: Dataset | None = None
        self._memo = Memo()
        self._answers = EpochCache[Array]()
        self._begin()

    def _begin(self) -> None:
        #: Whether the reader has seen the change that is proposed.
        self.opened = False
        self.perturbation = Perturbation(Alter.DROP, 0)
        #: The place and the word chosen last, and the token that was marked then.
        self._kept: tuple[int, str] | None = None
        self._marked: int | None = None
        #: The text of the phrase whose state is taken; by default one that is as long.
        self.donor_text = ""

    # The change

    @property
    def change(self) -> str:
        """The change as the text of a link; empty if the reader has not seen one."""
        alter, place, word, _, after = self.perturbation
        more = {Alter.STATE: f"{after + 1}", Alter.CHANGE: word, Alter.ADD: word}.get(alter, "")
        text = f"{alter.name.lower()} {place + 1}" + f" {more}" * bool(more)
        return text if self.opened else ""

    @change.setter
    def change(self, text: str) -> None:
        kind, place, more, *_ = *text.split(" ", 2), "", ""
        alter = one_of({one.name.lower(): one for one in Alter})(kind)
        number = index_from(1)
        made = Perturbation(alter, number(place))
        if alter is Alter.STATE:
            made = made._replace(after=number(more))
        elif alter in (Alter.CHANGE, Alter.ADD):
            made = made._replace(word=more)
        self.perturbation, self.opened = made, True

    def fit(self, dataset: Dataset) -> None:
        """Reset the change if the data are new."""
        if self._dataset not in (None, dataset):
            self._begin()
        self._dataset = dataset

    def put(self, place: int, words: Sequence[str]) -> None:
        """Choose the word at ``place``; the change stays with it in other phrases."""
        place = min(place, len(words) - 1)
        self._kept = place, words[place]
        self.perturbation = self.perturbation._replace(place=place)

    def locate_change(self, words: Sequence[str], marked: int | None) -> int:
        """The place of the change in these words: a newly marked one, or that of the chosen word.

        If the word is repeated, it is the nearest one; if it is gone, its old place.
        """
        if self._kept is None or marked not in (None, self._marked):
            self.put(self.perturbation.place if marked is None else marked, words)
        place, word = self._kept or (0, "")
        same = [t for t, other in enumerate(words) if other == word]
        there = min(same or [min(place, len(words) - 1)], key=lambda t: abs(t - place))
        self._marked = None if marked is None else there
        self.perturbation = self.perturbation._replace(place=there)
        return there

    def clipped(self, words: Sequence[str]) -> Perturbation:
        """The perturbation, at a place that these words have."""
        index = min(self.perturbation.place, len(words) - 1)
        self.perturbation = self.perturbation._replace(place=index)
        return self.perturbation

    def donor(self, probe: Probe) -> PhraseInput:
        """The phrase whose state is put into the probe; by default one that is as long."""

        def first() -> PhraseInput:
            box = PhraseInput(_as_long(probe))
            if self.donor_text:
                box.ask(self.donor_text, probe.dataset)
            return box

        return self._memo.ask("donor", probe.dataset, first)

    def saliency(self, probe: Probe, other: Probe | None = None) -> tuple[Saliency, str]:
        """The saliency of each token for the output, and the name of that output.

        For values the output is the channel that differs most from that of ``other``.
        """
        values = not probe.dataset.answers_classes
        channel = outcome_of(probe, other or probe).column if values else 0

        def measured() -> tuple[Saliency, str]:
            answer = _explained(probe, channel)
            return saliency(probe.parameters, probe.example, answer), answer.name

        return self._memo.ask("saliency", (probe, channel), measured)

    def saliency_of_other(self, probe: Probe, other: Probe) -> Saliency | None:
        """The saliency of the tokens of another phrase for the same output.

        None if the two have several answers, as these can be at different places.
        """
        data = probe.dataset
        if data.source is not None or probe.every:
            return None
        channel = outcome_of(probe, other).column if not data.answers_classes else 0
        answer = _explained(probe, channel)
        return self._memo.ask(
            "other", (probe, other), lambda: saliency(other.parameters, other.example, answer)
        )

    # Every word

    def choices(self, probe: Probe, how: Perturbation) -> Choices:
        """The words read so far, each put where ``how`` changes or adds one."""
        columns = probe.answers.shape[1] if probe.example.source is None else 1
        shape, key = (len(probe.vocabulary), columns), (probe, how.place, how.alter is Alter.ADD)
        return self._memo.ask("choices", key, lambda: Choices(np.full(shape, np.nan)))

    def read_choices(self, probe: Probe, how: Perturbation) -> Iterator[None]:
        """Read the other words; yields after each batch."""
        known, added = self.choices(probe, how), how.alter is Alter.ADD
        while known.read < len(known.answers):
            tokens = range(known.read, min(known.read + _TOGETHER, len(known.answers)))
            examples = [with_token(probe.example, how.place, token, added) for token in tokens]
            known.answers[tokens.start : tokens.stop] = last_answers(probe.parameters, examples)
            known.read = tokens.stop
            yield

    def curve(self, probe: Probe, place: int, outcome: Outcome) -> tuple[Array, Array]:
        """See ``answers_of_values``."""
        key = probe, place, outcome
        return self._memo.ask("curve", key, lambda: answers_of_values(probe, place, outcome))

    # Over the epochs

    def past(
        self, run: Run, state: TrainState, pair: tuple[Probe, Probe], budget: float
    ) -> tuple[Array, tuple[Array, Array]]:
        """The epochs read so far, (E,), and the last answer to each sequence there, (E,) each.

        Reads the epoch shown, and snapshots for about ``budget`` seconds.
        """
        examples = self._sync(run, pair)
        if not state.offset and state.epoch not in self._answers:
            self._answers[state.epoch] = last_answers(state.parameters, examples)
        spend(budget, self.develop(run, pair))
        column = outcome_of(*pair).column
        epochs = sorted(epoch for epoch in self._answers if epoch <= run.position.epoch)
        own = pair[0].dataset.own_answers
        answers = np.array([own(self._answers[epoch])[:, column] for epoch in epochs]).reshape(
            -1, 2
        )
        return np.array(epochs, int), (answers[:, 0], answers[:, 1])

    def develop(self, run: Run, pair: tuple[Probe, Probe]) -> Iterator[None]:
        """Read the missing snapshots; yields before each."""
        examples = self._sync(run, pair)

        def row(epoch: int) -> Array:
            return last_answers(run.replay(Position(epoch), "what if").parameters, examples)

        return self._answers.measure(coarse_first(run.stored), row)

    def _sync(self, run: Run, pair: tuple[Probe, Probe]) -> list[Example]:
        first, second = (probe.example for probe in pair)
        if first.source is not None:
            # The probability of one sentence, that of the first.
            second = replace(second, inputs=first.inputs, targets=first.targets)
        examples = [first, second]
        read = ((e.inputs.tobytes(), e.read.tobytes()) for e in examples)
        self._answers.sync(run.schedule, (run.dataset, *read))
        return examples


def _as_long(probe: Probe) -> str:
    """A training sequence as long as the probe with another first token, or else the probe.

    Another target is preferred, then few common tokens, as this state changes the answer most.
    """
    own, target = probe.example.read, probe.example.targets[-1]

    def likeness(example: Example) -> tuple[bool, int]:
        return np.array_equal(example.targets[-1], target), int(np.isin(example.read, own).sum())

    fitting = (
        example for example in probe.dataset.train
        if len(example.read) >= len(own) and not np.array_equal(example.read[0], own[0])
    )  # fmt: skip
    texts = (example.text for example in sorted(fitting, key=likeness))
    fits = (text for text in texts if PhraseInput(text).fits(probe.dataset))
    return next(fits, probe.reading.text)


def spelled(dataset: Dataset, words: Sequence[str]) -> str:
    """Words joined to a text as it is typed."""
    vocabulary = dataset.source or dataset.vocabulary
    return vocabulary.join(words) if dataset.tokens else " ".join(words)


def _explained(probe: Probe, channel: int) -> Answer:
    """The explained output; all answers of a decoder."""
    data = probe.dataset
    names = data.classes
    if not data.answers_classes:
        names = tuple(output_name(data, k) for k in range(len(names)))
    return logit_margin(probe.trace, names, data.source is not None, channel)
