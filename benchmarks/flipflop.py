"""How the flip-flop presets remember: ``python -m benchmarks.flipflop``, forty seeds each.

Points are those of *Find* on the page *Dynamics*, with no pulse held. Bits are the signs of the
outputs after all sequences and many more steps without a pulse.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import math
from collections import Counter

import numpy as np

from benchmarks.seeds import SEEDS, in_parallel
from rnnviz.config import TaskName
from rnnviz.probe.fixed_points import FixedPoints, Kind, Search
from rnnviz.probe.passes import read_all
from rnnviz.probe.session import Session
from rnnviz.probe.state_transition import FixedInputMap, StateTransition, states_of, visit_states
from rnnviz.probe.work import spend
from rnnviz.tasks.data_source import PRESETS

#: The steps without a pulse.
WAIT = 1000


def find(session: Session) -> FixedPoints:
    """The points without a pulse."""
    parameters, data = session.state.parameters, session.dataset
    still = FixedInputMap(StateTransition(parameters), np.zeros(len(data.vocabulary)))
    search = Search(still, visit_states(parameters, data.train), 200, session.config.seed)
    spend(math.inf, search.work())
    return search.found


def kept(session: Session) -> float:
    """The share of bits that are right after ``WAIT`` steps without a pulse."""
    parameters, data = session.state.parameters, session.dataset
    examples = data.train + data.test
    ends = [states_of(trace, k).after[-1] for k, trace in read_all(parameters, examples)]
    wanted = np.array([example.targets[-1] for example in examples])
    states, flow, still = np.array(ends), StateTransition(parameters), np.zeros(wanted.shape[1])
    for _ in range(WAIT):
        states = flow.step(states, still)
    return float((np.sign(flow.answers(states)) == wanted).mean())


def remembered(job: tuple[int, int]) -> tuple[Counter[Kind], float]:
    """The number of points by kind, and the share of bits that are kept, of a preset and a seed."""
    number, seed = job
    session = Session(PRESETS[TaskName.FLIPFLOP][number].config(seed))
    session.player.advance(session.config.epochs)
    return Counter(point.kind for point in find(session).points), kept(session)


def main() -> None:
    """Print the table as Markdown."""
    columns = "preset", "stable points", "seeds", "saddles", f"bits after {WAIT} steps"
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for number, preset in enumerate(PRESETS[TaskName.FLIPFLOP]):
        found: dict[int, list[tuple[int, float]]] = {}
        for kinds, share in in_parallel(remembered, [(number, seed) for seed in SEEDS]):
            found.setdefault(kinds[Kind.STABLE], []).append((kinds[Kind.SADDLE], share))
        for stable, rows in sorted(found.items(), reverse=True):
            saddles, shares = zip(*rows, strict=True)
            ends = f"{min(saddles)} to {max(saddles)} | {min(shares):.1%} to {max(shares):.1%}"
            print(
                f"| {preset.label} | {stable} | {len(rows)} of {len(SEEDS)} | {ends} |", flush=True
            )


if __name__ == "__main__":
    main()
