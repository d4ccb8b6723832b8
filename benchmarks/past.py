"""What it costs to remember a run, without the page: ``python -m benchmarks.past``."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import random
import time
from statistics import median

from benchmarks.table import Row, print_table
from rnnviz.charts.first_page import DEVELOP
from rnnviz.config import RunConfig
from rnnviz.page.session_host import FRAME
from rnnviz.probe.session import Session
from rnnviz.questions.right.measure import RightLab
from rnnviz.run.run import TrainingRun
from rnnviz.run.schedule import Position

EPOCHS, REPETITIONS, VISITS = 1000, 5, 100


def trained(gauge: bool) -> float:
    """CPU seconds for a run at full speed, tick by tick, with the gauge developed or without."""
    session = Session(RunConfig(epochs=400))
    start = time.process_time()
    session.player.play()
    while session.player.running:
        session.player.tick(FRAME, 50)
        # The page reads its phrase in any case.
        query = session.gradient_query()
        if gauge:
            session.memory.past(session.run, query, DEVELOP)
    return time.process_time() - start


def slowdown() -> float:
    """Per cent by which the gauge slows training, medians of alternating runs."""
    pairs = [(trained(False), trained(True)) for _ in range(REPETITIONS)]
    without, with_gauge = (float(median(column)) for column in zip(*pairs, strict=True))
    return 100 * (with_gauge / without - 1)


def visits(session: Session) -> float:
    """The median of milliseconds to the weights of a place in the past."""
    chance, times = random.Random(0), []
    for _ in range(VISITS):
        place = Position(chance.randrange(EPOCHS))
        start = time.perf_counter()
        session.run.at(place)
        times.append(1e3 * (time.perf_counter() - start))
    return median(times)


def check(session: Session) -> float:
    """Seconds of a gradient check on the default phrase."""
    start = time.perf_counter()
    session.lab(RightLab).check(session.gradient_query())
    return time.perf_counter() - start


def main() -> None:
    """Measure, and print the results with their targets."""
    session = Session()
    session.player.advance(EPOCHS)
    assert isinstance(session.run, TrainingRun)
    memory = (session.run.snapshots.nbytes + session.run.history.nbytes) / 1e6
    rows = [
        Row("memory of the past of 1000 epochs, H = 64", memory, "MB", at_most=12),
        Row("snapshots kept", len(session.run.snapshots.epochs), "", at_most=200),
        Row("training slowed by the memory gauge", slowdown(), "%", at_most=10),
        Row("weights of a past epoch", visits(session), "ms", at_most=30),
        Row("gradient check, H = 64, 8 words", check(session), "s", at_most=1),
    ]
    print_table(rows)


if __name__ == "__main__":
    main()
