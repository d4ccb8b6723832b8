"""What the tour, every preset's *look* and docs/claims.md say: ``python -m benchmarks.claims``.

It prints of how many of forty seeds a sentence is true, and the median and the range of a number.
It takes about half an hour.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from benchmarks import flipflop, recall
from benchmarks.seeds import SEEDS, in_parallel
from rnnviz.config import Gradient, RunConfig, TaskName
from rnnviz.engine.batch import collate
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import record
from rnnviz.probe.fixed_points import Kind
from rnnviz.probe.memory_gauge import spectrum
from rnnviz.probe.results import counted
from rnnviz.probe.session import Session
from rnnviz.probe.state_transition import StateTransition, states_of
from rnnviz.probe.units import StateSource
from rnnviz.probe.unrolled import Unrolled
from rnnviz.questions.reach.measure import LengthLab
from rnnviz.run.schedule import Position
from rnnviz.run.weight_edits import apply_edits, silence
from rnnviz.tasks.data_source import PRESETS

#: A sentence, and whether it is true of this run; or the name of a number, and the number.
Found = Iterator[tuple[str, bool | float]]


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
    yield "the loss drops below 0.25 at epoch", drop
    radii = [spectrum(run.at(Position(epoch)).parameters["W_hh"]).radius for epoch in range(drop)]
    yield "the radius crosses 1 at epoch", int(np.argmax(np.array(radii) > 1))
    yield "test accuracy", float(column(session, "test_metric")[-1])
    session.ask("i am not bad")
    shares = {epoch: _share(session, epoch) for epoch in (0, 25, 50, 75, 250)}
    yield (
        "the largest share of the channel up to epoch 75",
        max(float(share.max()) for epoch, share in shares.items() if epoch < 100),
    )
    yield 'its share at "am" at epoch 250', float(shares[250][1])
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
        'training accuracy without the unit that "not" changes most',
        run.examine(without)[0].metric,
    )
    yield from notebooks_gradient(session)
    other = Session(session.config)
    other.player.advance(100)
    other.configure(replace(other.config, lr=10.0))
    other.player.advance(300)
    broken = "no longer a finite" in other.player.message
    yield (
        "from epoch 100 on with the learning rate 10: no loss, or one above 1",
        broken or bool(column(other, "train_loss")[-1] > 1.0),
    )
    for scale in (0.001, 0.1):
        other = Session(replace(session.config, init_scale=scale))
        other.player.advance(other.config.epochs)
        right = column(other, "train_metric") == 1
        yield (
            f"with the initial scale {scale} training accuracy is 100% at epoch",
            int(np.argmax(right)),
        )


def notebooks_gradient(session: Session) -> Found:
    """The default run with the notebook's gradient."""
    other = Session(replace(session.config, gradient=Gradient.NOTEBOOK))
    other.player.advance(other.config.epochs)
    falls = column(other, "train_loss") < 0.25
    yield "with the notebook's gradient the loss drops below 0.25", bool(falls.any())
    if falls.any():
        yield "at epoch", int(np.argmax(falls))
    batch = collate(session.dataset.train)
    cosines = []
    for epoch in range(0, session.config.epochs + 1, 10):
        own = session.run.at(Position(epoch)).parameters
        exact, rule = (record(own, batch, kind).gradient.theta for kind in Gradient)
        cosines.append(exact @ rule / (np.linalg.norm(exact) * np.linalg.norm(rule)))
    yield (
        "of 101 epochs with a cosine to the exact gradient below 0",
        int((np.array(cosines) < 0).sum()),
    )
    yield "the least cosine", float(min(cosines))


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
    yield "decades that the gradient loses with every token at epoch 10", _decades(session, 10)
    ratios = np.array([_arrives(session, epoch) for epoch in range(0, 31, 3)])
    yield (
        "in most epochs the first letter gets below 1% of the gradient",
        bool((ratios < 0.01).mean() > 0.5),
    )


def _decades(session: Session, epoch: int) -> float:
    """How many powers of ten the gradient loses with every token, the median of some sequences."""
    norms = [np.log10(Unrolled(trace).norms) for trace in traces(session, epoch)[:10]]
    return float(np.median([np.diff(n).mean() for n in norms]))


def _arrives(session: Session, epoch: int) -> float:
    """The share of the gradient's norm at the answer that reaches the first token, the median."""
    norms = [Unrolled(trace).norms for trace in traces(session, epoch)[:10]]
    return float(np.median([n[0] / n[-1] for n in norms]))


def gru(session: Session) -> Found:
    """*GRU, lag 20*."""
    yield "learns", right(session)
    gates = np.concatenate([Unrolled(trace).of("z") for trace in traces(session)])
    yield "the median of z is above 0.9", bool(np.median(gates) > 0.9)
    yield "at the start this share of the gradient reaches the first letter", _arrives(session, 0)


def lstm(session: Session) -> Found:
    """*LSTM, lag 20*."""
    yield "learns", right(session)
    gates = np.concatenate([Unrolled(trace).of("f") for trace in traces(session)])
    yield "the least mean of f of a unit", float(gates.mean(axis=0).min())
    yield "the largest", float(gates.mean(axis=0).max())
    half_open = session.state.parameters.copy()
    half_open["b_f"][...] = 0
    yield "test accuracy with b_f set to 0", session.run.examine(half_open)[1].metric


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
    yield "at the start this share of the gradient reaches the first letter", _arrives(session, 0)


def sgd(session: Session) -> Found:
    """Its cell with sgd, at a larger learning rate than that of the README's table."""
    shared = recall.COLUMNS["sgd, 150 epochs"]
    config = RunConfig(**{**shared, "cell": session.config.cell, "lr": 1.0, "epochs": 100})
    epoch = recall.learned(replace(config, seed=session.config.seed))
    yield "with sgd at 1 learns in 100 epochs", epoch is not None
    if epoch is not None:
        yield "at epoch", epoch
    first = Session(replace(config, seed=session.config.seed))
    example = first.dataset.train[0]
    others = [replace(example, inputs=np.r_[k, example.inputs[1:]]) for k in range(4)]
    outs = [Unrolled(record(first.state.parameters, collate([one]))).h for one in others]
    apart = np.mean([np.linalg.norm(a - b, axis=1) for a, b in combinations(outs, 2)], axis=0)
    yield "before training this share of a letter's output is left at the end", apart[-1] / apart[0]


def mingru(session: Session) -> Found:
    """*minGRU, lag 20*."""
    yield "learns", right(session)
    gates = np.mean([Unrolled(trace).of("z") for trace in traces(session)], axis=(0, 2))
    yield "the mean of z at the first letter", float(gates[0])
    yield "the largest at another one", float(gates[1:].max())
    yield from sgd(session)


def lru(session: Session) -> Found:
    """*LRU, lag 20*."""
    yield "learns", right(session)
    (score,) = score_at(session, 21)
    yield "test accuracy at lag 21", score
    yield "below 30%", score < 0.3


def leaky(session: Session) -> Found:
    """*Leaky, lag 20*."""
    yield "learns", right(session)
    lengths = [np.linalg.norm(Unrolled(trace).of("s"), axis=1) for trace in traces(session)]
    mean = np.mean(lengths, axis=0)
    yield "the state is longer at the end by the factor", float(mean[-1] / mean[0])
    for lag, score in zip((5, 80), score_at(session, 5, 80), strict=True):
        yield f"test accuracy at lag {lag}", score
    yield from sgd(session)


def cornn(session: Session) -> Found:
    """*coRNN, lag 20*."""
    yield "learns", right(session)
    for lag, score in zip((2, 40, 80), score_at(session, 2, 40, 80), strict=True):
        yield f"test accuracy at lag {lag}", score
    yield from sgd(session)


def parity(session: Session) -> Found:
    """*Parity of bits*."""
    scores = column(session, "test_metric")
    yield "the first epoch above 75%", int(np.argmax(scores > 0.75))
    yield "above 95%", int(np.argmax(scores > 0.95))
    yield "test accuracy", float(scores[-1])
    (score,) = score_at(session, 32)
    yield "at 32 bits", score
    yield "above 95%, at 32 bits", score > 0.95


def adding(session: Session) -> Found:
    """*Adding problem*."""
    for epoch in (10, 50):
        yield f"within 0.1 at epoch {epoch}", float(column(session, "test_metric")[epoch])


def characters(session: Session) -> Found:
    """*Next character*."""
    train, test = (column(session, f"{part}_loss") for part in ("train", "test"))
    yield "test loss over training loss", float(test[-1] / train[-1])
    for part in ("train", "test"):
        yield f"{part} accuracy", float(column(session, f"{part}_metric")[-1])


def switches(session: Session) -> Found:
    """*3-bit flip-flop*."""
    yield "signs right", float(column(session, "test_metric")[-1])
    count, kept = len(flipflop.find(session).of(Kind.STABLE)), flipflop.kept(session)
    yield "eight stable points", count == 8
    yield f"bits right after {flipflop.WAIT} steps without a pulse", kept


def counters(session: Session) -> Found:
    """*Bracket depth*."""
    states = np.concatenate([Unrolled(trace).h for trace in traces(session)])
    depths = np.concatenate([example.targets for example in session.dataset.test])
    together = np.abs(np.corrcoef(states.T, depths)[-1, :-1])
    yield "units that follow the depth with a correlation above 0.9", int((together > 0.9).sum())


def waves(session: Session) -> Found:
    """*Waves*."""
    for epoch in (1, session.config.epochs):
        yield f"the swing of its own outputs fed back, epoch {epoch}", _swing(session, epoch)
    known = next(one for one in session.baselines if one.name == "known shapes")
    yield (
        "the training loss ends below the line of known shapes",
        bool(column(session, "train_loss")[-1] < known.loss),
    )
    tests = column(session, "test_loss")
    yield "the test loss at the end over its least", float(tests[-1] / tests.min())


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
}


class Job(NamedTuple):
    """A preset, and a seed."""

    task: TaskName
    label: str
    seed: int


def run(job: Job) -> list[tuple[str, bool | float]]:
    """What is found for a preset and a seed."""
    (preset,) = (preset for preset in PRESETS[job.task] if preset.label == job.label)
    session = Session(preset.config(job.seed))
    session.player.advance(session.config.epochs)
    return [*CHECKS[job.task, job.label](session)]


def told(results: list[bool | float]) -> str:
    """Of how many seeds a sentence is true, or the median of a number and its range."""
    if isinstance(results[0], bool):
        return counted(results.count(True), len(results))
    return f"{np.median(results):.3g} ({min(results):.3g} to {max(results):.3g})"


def main() -> None:
    """Print the table as Markdown."""
    print(f"| preset | what is said | of {len(SEEDS)} seeds |\n|---|---|---|")
    for task, label in CHECKS:
        found: dict[str, list[bool | float]] = {}
        for rows in in_parallel(run, [Job(task, label, seed) for seed in SEEDS]):
            for what, value in rows:
                found.setdefault(what, []).append(value)
        for what, results in found.items():
            print(f"| {task}: {label} | {what} | {told(results)} |", flush=True)


if __name__ == "__main__":
    main()
