"""How the flip-flop presets remember: ``python -m benchmarks.flipflop``, a row for every seed.

Points are those of *Find* on the page *Dynamics*, with no pulse held. Bits are the signs of the
outputs after all sequences, and after many more steps without a pulse.
"""

from __future__ import annotations

import math
import time

import numpy as np

from rnnviz.config import TaskName
from rnnviz.probe.fixed_points import FixedPoints, Kind, Search
from rnnviz.probe.passes import read_all
from rnnviz.probe.session import Session
from rnnviz.probe.state_transition import FixedInputMap, StateTransition, states_of, visit_states
from rnnviz.probe.work import spend
from rnnviz.tasks.data_source import PRESETS
from rnnviz.tasks.task import Preset

SEEDS, WAITS = range(5), (1, 30, 100, 1000)
_COLUMNS = "preset", "seed", *Kind, "median q, slow", "Find", *(f"bits, {n}" for n in WAITS)


def find(session: Session) -> tuple[FixedPoints, float]:
    """The points without a pulse, and the seconds that they took."""
    parameters, data = session.state.parameters, session.dataset
    still = FixedInputMap(StateTransition(parameters), np.zeros(len(data.vocabulary)))
    search = Search(still, visit_states(parameters, data.train), 200, session.config.seed)
    before = time.perf_counter()
    spend(math.inf, search.work())
    return search.found, time.perf_counter() - before


def kept(session: Session, waits: tuple[int, ...]) -> list[float]:
    """The share of bits that are right after the given number of steps without a pulse."""
    parameters, data = session.state.parameters, session.dataset
    examples = data.train + data.test
    ends = [states_of(trace, k).after[-1] for k, trace in read_all(parameters, examples)]
    wanted = np.array([example.targets[-1] for example in examples])
    states, flow, still = np.array(ends), StateTransition(parameters), np.zeros(wanted.shape[1])
    shares = list[float]()
    for step in range(1, max(waits) + 1):
        states = flow.step(states, still)
        if step in waits:
            shares.append(float((np.sign(flow.answers(states)) == wanted).mean()))
    return shares


def row(preset: Preset, seed: int) -> str:
    """One row of the table."""
    session = Session(preset.config(seed))
    session.player.advance(session.config.epochs)
    found, seconds = find(session)
    slow = [point.speed for point in found.of(Kind.SLOW)]
    cells = [
        preset.label,
        str(seed),
        *(str(len(found.of(kind))) for kind in Kind),
        f"{np.median(slow):.1e}" if slow else "–",
        f"{seconds:.1f} s",
        *(f"{share:.1%}" for share in kept(session, WAITS)),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table as Markdown."""
    print(f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}")
    for preset in PRESETS[TaskName.FLIPFLOP]:
        for seed in SEEDS:
            print(row(preset, seed), flush=True)


if __name__ == "__main__":
    main()
