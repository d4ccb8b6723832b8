"""What two networks have left of a word, what they answer, and how far they have come."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from rnnviz.engine.batch import collate
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.training import record
from rnnviz.probe.cache import Memo
from rnnviz.probe.epoch_series import EpochSeries, Record
from rnnviz.probe.gradient_flow import GradientQuery
from rnnviz.probe.memory_gauge import BackwardRule
from rnnviz.probe.pair import Pair, finished
from rnnviz.probe.probe import Probe, inspect, phrase_key
from rnnviz.probe.retention import Retention, gradient_shares, memory_shares, other_inputs
from rnnviz.probe.session import Session
from rnnviz.tasks.dataset import Dataset, Example

#: Limit of weights times substituted tokens while a run plays: about 15 ms.
MOST_PLAYED = 150_000_000
#: The data, the phrase and the token that a measurement is about.
_Subject = tuple[Dataset, object, int]


class RetentionLab:
    """What is left of one token in one network: at the epoch shown, and over the epochs."""

    def __init__(self) -> None:
        self._memo = Memo()
        self._subject: _Subject | None = None
        self._record: Record[Retention]

    def now(self, session: Session, probe: Probe, token: int) -> Retention:
        """The retention of ``token`` at the state shown; cached."""
        subject = _subject_of(session, probe, token)
        return self._measure(subject, probe.example, session.gradient_query(probe))

    def playable(self, session: Session, probe: Probe, token: int) -> Retention:
        """The same, but while the run plays the memory is left out if it takes long."""
        subject, example = _subject_of(session, probe, token), probe.example
        others, query = self._others(subject, example), session.gradient_query(probe)
        work = len(others) * len(example.read) * probe.parameters.theta.size
        waits = session.player.running and work > MOST_PLAYED
        return self._measure(subject, example, query, waits)

    def gradient(self, probe: Probe, rule: BackwardRule) -> Array:
        """What comes back of the gradient at another moment, as shares (T,); cached."""
        shares: Array = self._memo.ask(
            "gradient", (probe, rule), lambda: gradient_shares(probe.parameters, probe.trace, rule)
        )
        return shares

    def past(self, session: Session, probe: Probe, token: int) -> EpochSeries[Retention]:
        """The retention at the epochs evaluated so far."""
        record = self._record_of(session, probe, token)
        return record.series(session.run, session.gradient_query(probe))

    def develop(self, session: Session, probe: Probe, token: int) -> Iterator[None]:
        """Evaluate the missing epochs; yields before each."""
        record = self._record_of(session, probe, token)
        return record.develop(session.run, session.gradient_query(probe))

    def _record_of(self, session: Session, probe: Probe, token: int) -> Record[Retention]:
        subject = _subject_of(session, probe, token)
        if subject != self._subject:
            self._subject = subject
            self._record = Record(partial(self._measure, subject, probe.example))
        return self._record

    def _others(self, subject: _Subject, example: Example) -> Array:
        data, _, token = subject
        # A page may show one token, and the curves of another.
        others: Array = self._memo.ask(
            ("others", token), subject, lambda: other_inputs(data, example, token)
        )
        return others

    def _measure(
        self, subject: _Subject, example: Example, query: GradientQuery, waits: bool = False
    ) -> Retention:
        *_, token = subject
        of, trace, layer = query.state.parameters, query.trace, query.layer
        rule = BackwardRule(query.config.gradient, query.config.truncate, layer)

        def measured() -> Retention:
            others, gradient = self._others(subject, example), gradient_shares(of, trace, rule)
            memory = np.full(len(gradient), np.nan)
            if not waits:
                memory = memory_shares(of, example, token, others, layer)
            return Retention(token, memory, gradient, waits)

        key = query.state, subject, rule, waits
        kept: Retention = self._memo.ask(("last", token), key, measured)
        return kept


def _subject_of(session: Session, probe: Probe, token: int) -> _Subject:
    token = min(token, len(probe.example.read) - 1)
    return session.dataset, phrase_key(probe.trace), token


def second_probe(first: Session, second: Session) -> Probe:
    """The second network on what the first one reads: a decoder gets the first one's own output."""
    one, own = first.inspect(), second.inspect()
    if one.words == own.words or one.vocabulary != own.vocabulary:
        return own
    config = second.settings
    if one.dataset.classes != own.dataset.classes:
        # With another horizon there are other targets.
        unknown = second.dataset.unknown_targets(len(one.example.targets))
        example = replace(one.example, targets=unknown)
        return inspect(second.dataset, own.parameters, one.example.text, config, example)
    trace = record(own.parameters, collate([one.example]), config.gradient, config.truncate)
    return replace(one, dataset=second.dataset, trace=trace, parameters=own.parameters)


class ComparedAnswers(NamedTuple):
    """What a network says after each of the last N tokens, in a form that compares.

    ``values`` (N,) are the probability of the second of two classes, or of the target, or the root
    mean square error of values: of a single column over time in its own units, of others
    standardised. ``predicted`` (N,) are the predicted classes, -1 for values.
    """

    values: Array
    predicted: Array


def answers(probe: Probe, passed: Array, known: Array | None = None) -> ComparedAnswers:
    """The answers of a pass, (N, C), as numbers that compare.

    ``known`` are the targets as of ``Probe.known``, by default the probe's.
    """
    data, known = probe.dataset, probe.known if known is None else known
    count = np.arange(len(passed))
    if not data.answers_classes:
        targets = known if len(known) == len(passed) else np.tile(known[-1], (len(passed), 1))
        if data.series and len(data.series.columns.expected) == 1:
            passed, targets = data.own_answers(passed), data.own_answers(targets)
        error = np.sqrt(np.mean((passed - targets) ** 2, axis=1))
        return ComparedAnswers(error, np.full(len(passed), -1))
    predicted = passed.argmax(axis=1)
    if two_sided(data):
        return ComparedAnswers(passed[:, 1], predicted)
    targets = known if len(known) == len(passed) else np.full(len(passed), known[-1])
    return ComparedAnswers(passed[count, np.where(targets < 0, predicted, targets)], predicted)


def two_sided(data: Dataset) -> bool:
    """Whether the answer is one of two classes at the end: it is drawn to two sides."""
    return data.one_class_at_end and len(data.classes) == 2


class Standing(NamedTuple):
    """Why a run is not at the latest epoch shown; None where a reason doesn't apply.

    ``broken`` is the epoch from which its loss is not finite, ``ended`` its last epoch, ``behind``
    the epoch that it has reached.
    """

    broken: int | None = None
    ended: int | None = None
    behind: int | None = None


def standing(pair: Pair, session: Session) -> Standing:
    """Where a session of the pair stands, compared with the other."""
    player = session.player
    at = player.position.epoch
    if player.remedy and player.shown is None:
        known = math.isfinite(session.run.history.row(at)["train_loss"])
        return Standing(broken=at + known)
    # In step, one may be an epoch ahead.
    if at >= pair.epoch - 1 and not finished(player):
        return Standing()
    if at == pair.epoch:
        return Standing()
    return Standing(ended=at) if finished(player) or at == player.last else Standing(behind=at)
