"""For how many seeds the tour and every preset's *look* hold: ``python -m benchmarks.looks``.

Each line is a sentence, and the number of the forty seeds for which it was so. It takes about
twenty minutes.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from benchmarks import flipflop
from benchmarks.seeds import SEEDS, counted, in_parallel
from rnnviz.config import Gradient, TaskName
from rnnviz.engine.batch import collate
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import record
from rnnviz.probe.fixed_points import Kind
from rnnviz.probe.memory_gauge import spectrum
from rnnviz.probe.session import Session
from rnnviz.probe.state_transition import StateTransition, states_of
from rnnviz.probe.units import StateSource
from rnnviz.probe.unrolled import Unrolled
from rnnviz.questions.reach.measure import LengthLab
from rnnviz.run.schedule import Position
from rnnviz.run.weight_edits import apply_edits, silence
from rnnviz.tasks.data_source import PRESETS

#: A sentence, and whether it holds for this run.
Found = Iterator[tuple[str, bool]]


def column(session: Session, name: str) -> Array:
    """One score over the epochs."""
    return session.run.history.column(name)


def traces(session: Session, epoch: int | None = None) -> list[Trace]:
    """The pass of every test example, with the weights of an epoch."""
    position = session.run.position if epoch is None else Position(epoch)
    parameters = session.run.at(position).parameters
    return [record(parameters, collate([example])) for example in session.dataset.test]


def score_at(session: Session, *lengths: int) -> list[float]:
    """The scores on new sequences of some lengths."""
    profile = session.lab(LengthLab).profile(session.state, session.dataset)
    scores = dict(zip(profile.lengths.tolist(), profile.scores.tolist(), strict=True))
    return [scores[length] for length in lengths]


def right(session: Session) -> bool:
    """Whether all test answers are right at the end."""
    return bool(column(session, "test_metric")[-1] == 1)


# The tour


def notebook(session: Session) -> Found:
    """The default run, from beginning to end."""
    losses, run = column(session, "train_loss"), session.run
    drop = int(np.argmax(losses < 0.25))
    yield "the loss drops below 0.25 within 40 epochs of 390", 350 <= drop <= 430

    def radius(epoch: int) -> float:
        return spectrum(run.at(Position(epoch)).parameters["W_hh"]).radius

    yield (
        "the radius crosses 1 between 60 and 180 epochs before",
        radius(drop - 180) < 1 < radius(drop - 60),
    )
    session.ask("i am not bad")
    shares = {epoch: _share(session, epoch) for epoch in (0, 25, 50, 75, 250)}
    closed = max(share.max() for epoch, share in shares.items() if epoch < 100)
    yield "the channel's share is at most 1% at epochs 0, 25, 50 and 75", bool(closed < 0.01)
    yield 'at epoch 250 it is 45 to 60% at "am"', bool(0.45 < shares[250][1] < 0.6)
    probe = session.inspect()
    said = [session.dataset.classes[k] for k in probe.running_probs.argmax(axis=1)]
    turned = said[1] == "negative" and said[-1] == "positive"
    yield 'the verdict of i am not bad is negative at "am", and positive at "bad"', turned
    session.player.go_to(Position(drop + 30))
    turning = session.story.turning
    yield 'the story names "not" or "bad", 30 epochs after the drop', turning in (2, 3)
    session.player.back_to_now()
    source = StateSource(session.state, session.dataset)
    session.units.word = "not"
    unit = int(session.units.order(source)[0])
    without = apply_edits(session.state.parameters, [silence(1, unit)])
    yield (
        'without the unit that "not" changes most accuracy falls',
        (run.examine(without)[0].metric < column(session, "train_metric")[-1]),
    )
    other = Session(replace(session.config, gradient=Gradient.NOTEBOOK))
    other.player.advance(other.config.epochs)
    falls = column(other, "train_loss") < 0.25
    yield "the notebook's gradient learns too, later", int(np.argmax(falls)) > drop
    other = Session(session.config)
    other.player.advance(100)
    other.configure(replace(other.config, lr=10.0))
    other.player.advance(300)
    yield (
        "with the learning rate 10 it breaks",
        "no longer a finite" in other.player.message or bool(column(other, "train_loss")[-1] > 1.0),
    )


def _share(session: Session, epoch: int) -> Array:
    """The memory's share of each new sum of the phrase, (T,)."""
    session.player.go_to(Position(epoch))
    share = session.inspect().sequence_pass().share
    session.player.back_to_now()
    return share


# Presets


def guessing(session: Session) -> Found:
    """*Elman, lag 20*."""
    yield "does not learn", bool(column(session, "test_metric").max() < 0.5)
    ratios = np.array([_arrives(session, epoch) for epoch in range(0, 31, 3)])
    yield (
        "in most epochs the first letter gets below 1% of the gradient",
        bool((ratios < 0.01).mean() > 0.5),
    )


def _arrives(session: Session, epoch: int) -> float:
    """The share of the gradient's norm at the answer that reaches the first token, the median."""
    norms = [Unrolled(trace).norms for trace in traces(session, epoch)[:10]]
    return float(np.median([n[0] / n[-1] for n in norms]))


def gru(session: Session) -> Found:
    """*GRU, lag 20*."""
    yield "learns", right(session)
    gates = np.concatenate([Unrolled(trace).of("z") for trace in traces(session)])
    yield "the median of z is above 0.9", bool(np.median(gates) > 0.9)
    yield "at the start 10% of the gradient reaches the first letter", _arrives(session, 0) > 0.1


def lstm(session: Session) -> Found:
    """*LSTM, lag 20*."""
    yield "learns", right(session)
    gates = np.concatenate([Unrolled(trace).of("f") for trace in traces(session)])
    far = np.abs(gates.mean(axis=0) - 1 / (1 + math.exp(-session.config.forget_bias)))
    yield "the mean of f is within 0.01 of that of the forget bias, in every unit", far.max() < 0.01


def late(session: Session) -> Found:
    """*Elman, 150 epochs*."""
    yield "nothing happens for twenty epochs", bool(column(session, "test_metric")[:20].max() < 0.5)
    yield "learns", right(session)


def adam(session: Session) -> Found:
    """*Elman, adam*."""
    yield "learns", right(session)
    other = Session(replace(session.config, lr=0.2))
    other.player.advance(other.config.epochs)
    yield "not with the learning rate 0.2", not right(other)


def orthogonal(session: Session) -> Found:
    """*Elman, orthogonal*."""
    yield "learns", right(session)
    yield "at the start 3% of the gradient reach the first letter", _arrives(session, 0) > 0.03


def mingru(session: Session) -> Found:
    """*minGRU, lag 20*."""
    yield "learns", right(session)
    gates = np.mean([Unrolled(trace).of("z") for trace in traces(session)], axis=(0, 2))
    yield (
        "z at the first letter is over three times that at any other",
        bool(gates[0] > 3 * gates[1:].max()),
    )


def lru(session: Session) -> Found:
    """*LRU, lag 20*."""
    yield "learns", right(session)
    yield "below 30% at lag 21", score_at(session, 21)[0] < 0.3


def leaky(session: Session) -> Found:
    """*Leaky, lag 20*."""
    yield "learns", right(session)
    lengths = [np.linalg.norm(Unrolled(trace).of("s"), axis=1) for trace in traces(session)]
    yield (
        "the state grows to over 20 times its length",
        bool(np.mean(lengths, axis=0)[-1] > 20 * np.mean(lengths, axis=0)[0]),
    )
    yield "below 70% at lags 5 and 80", max(score_at(session, 5, 80)) < 0.7


def cornn(session: Session) -> Found:
    """*coRNN, lag 20*."""
    yield "learns", right(session)
    yield "above 95% at lags 40 and 80", min(score_at(session, 40, 80)) > 0.95


def parity(session: Session) -> Found:
    """*Parity of bits*."""
    scores = column(session, "test_metric")
    yield "a guess, below 75%, for twenty epochs", bool(scores[:20].max() < 0.75)
    yield "above 95% at the end", bool(scores[-1] > 0.95)
    yield "above 95% at 32 bits", score_at(session, 32)[0] > 0.95


def adding(session: Session) -> Found:
    """*Adding problem*."""
    yield "above 90% within 0.1 at epoch 50", bool(column(session, "test_metric")[50] > 0.9)


def characters(session: Session) -> Found:
    """*Next character*."""
    train, test = (column(session, f"{part}_loss") for part in ("train", "test"))
    yield "the test loss ends above twice the training loss", bool(test[-1] > 2 * train[-1])


def switches(session: Session) -> Found:
    """*3-bit flip-flop*."""
    yield "above 99% of the signs", bool(column(session, "test_metric")[-1] > 0.99)
    count, kept = len(flipflop.find(session).of(Kind.STABLE)), flipflop.kept(session)
    yield "eight stable points", count == 8
    yield f"above 99% of the bits after {flipflop.WAIT} steps without a pulse", kept > 0.99


def counters(session: Session) -> Found:
    """*Bracket depth*."""
    states = np.concatenate([Unrolled(trace).h for trace in traces(session)])
    depths = np.concatenate([example.targets for example in session.dataset.test])
    together = np.abs(np.corrcoef(states.T, depths)[-1, :-1])
    yield (
        "three units or more follow the depth, correlation above 0.9",
        int((together > 0.9).sum()) > 2,
    )


def waves(session: Session) -> Found:
    """*Waves*."""
    yield "on its own outputs it goes flat at epoch 1", _swing(session, 1) < 0.5
    yield "and at the end it does not", _swing(session, session.config.epochs) > 1.0
    scores = column(session, "test_metric")
    yield "above 70% within 0.1", bool(scores[-1] > 0.7)
    known = next(one for one in session.baselines if one.name == "known shapes")
    yield (
        "the training loss ends below the line of known shapes",
        bool(column(session, "train_loss")[-1] < known.loss),
    )
    tests = column(session, "test_loss")
    yield "the test loss ends 10% above its least", bool(tests[-1] > 1.1 * tests.min())


def _swing(session: Session, epoch: int) -> float:
    """How far apart the outputs are 20 to 40 steps after a test wave, when fed back; the median."""
    flow = StateTransition(session.run.at(Position(epoch)).parameters)
    states = np.array([states_of(trace).after[-1] for trace in traces(session, epoch)])
    outputs = [flow.answers(states)]
    for _ in range(40):
        states = np.array(
            [flow.step(h[None], x)[0] for h, x in zip(states, outputs[-1], strict=True)]
        )
        outputs.append(flow.answers(states))
    return float(np.median(np.ptp(outputs[20:], axis=0)))


def exact(session: Session) -> Found:
    """*Spelling digits* and *English to French*."""
    part = "test" if session.dataset.test else "train"
    yield "above 98% as a whole", bool(column(session, f"{part}_metric")[-1] > 0.98)


CHECKS: dict[tuple[TaskName, str], Callable[[Session], Found]] = {
    (TaskName.SENTIMENT, "Notebook"): notebook,
    (TaskName.RECALL, "Elman, lag 20"): guessing,
    (TaskName.RECALL, "GRU, lag 20"): gru,
    (TaskName.RECALL, "LSTM, lag 20"): lstm,
    (TaskName.RECALL, "Elman, 150 epochs"): late,
    (TaskName.RECALL, "Elman, adam"): adam,
    (TaskName.RECALL, "Elman, orthogonal"): orthogonal,
    (TaskName.RECALL, "minGRU, lag 20"): mingru,
    (TaskName.RECALL, "LRU, lag 20"): lru,
    (TaskName.RECALL, "Leaky, lag 20"): leaky,
    (TaskName.RECALL, "coRNN, lag 20"): cornn,
    (TaskName.PARITY, "LSTM"): parity,
    (TaskName.ADDING, "GRU"): adding,
    (TaskName.CHARACTERS, "LSTM"): characters,
    (TaskName.FLIPFLOP, "Elman"): switches,
    (TaskName.FLIPFLOP, "GRU"): switches,
    (TaskName.BRACKETS, "GRU"): counters,
    (TaskName.WAVES, "GRU"): waves,
    (TaskName.WAVES, "LSTM, 2 layers"): waves,
    (TaskName.SPELLING, "GRU"): exact,
    (TaskName.TRANSLATION, "GRU"): exact,
}


class Job(NamedTuple):
    """A preset, and a seed."""

    task: TaskName
    label: str
    seed: int


def run(job: Job) -> list[tuple[str, bool]]:
    """The sentences about a preset, and whether they hold for a seed."""
    (preset,) = (preset for preset in PRESETS[job.task] if preset.label == job.label)
    session = Session(preset.config(job.seed))
    session.player.advance(session.config.epochs)
    return [(sentence, bool(holds)) for sentence, holds in CHECKS[job.task, job.label](session)]


def main() -> None:
    """Print the table as Markdown."""
    print(f"| preset | what is said | of {len(SEEDS)} seeds (95%) |\n|---|---|---|")
    for task, label in CHECKS:
        found: dict[str, list[bool]] = {}
        for rows in in_parallel(run, [Job(task, label, seed) for seed in SEEDS]):
            for sentence, holds in rows:
                found.setdefault(sentence, []).append(holds)
        for sentence, results in found.items():
            count = counted(sum(results), len(results))
            print(f"| {task}: {label} | {sentence} | {count} |", flush=True)


if __name__ == "__main__":
    main()
