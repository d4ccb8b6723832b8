"""What sweeps cost: ``python -m benchmarks.sweeps``, or with ``--small`` fewer and shorter runs.

How many times as fast two workers are as one, on two cores that nothing else uses; what a run costs
besides its training; how large the file of many runs is; whether four writers lose any; how long
the page *Runs* takes with many runs; and what a page that plays loses to a sweep.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

from benchmarks.live import PLAY, SCREEN, open_probed
from benchmarks.table import Row, print_table
from rnnviz.config import RunConfig
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.many_runs import swept
from rnnviz.sweeps.members import Member, attempted
from rnnviz.sweeps.store import Store
from tests.browser.serving import IDLE, chromium, serve

#: The size of a file is extrapolated from the first number of runs to the second.
STORED, MANY, EPOCHS = 500, 10_000, 1000
WRITERS, EACH = 4, 250
#: Values of two settings, and seeds, of the runs on the page: 10,000.
RATES, SIZES, SEEDS = np.geomspace(0.001, 1, 50).tolist(), range(8, 33), 8
#: Times that the page is opened, and seconds of play.
OPENINGS, SECONDS = 3, 8


def like(member: Member, seed: int) -> Member:
    """A run that was not trained: another one's metrics, and losses with other last digits."""
    scores = member.scores.copy()
    scores[:, ::2] *= 1 + 1e-6 * np.random.default_rng(seed).random((len(scores), 2))
    return replace(member, schedule=Schedule(replace(member.config, seed=seed)), scores=scores)


def seconds(configs: Sequence[RunConfig], path: Path, workers: int) -> tuple[float, float]:
    """Seconds of a sweep from its first result on, and those that its runs trained since."""
    times = []
    with closing(Store(path)) as store:
        for member in swept(configs, store, workers=workers):
            times.append((time.perf_counter(), member.seconds))
    # Until then the workers start; of two, the second one's first run has also begun before.
    return times[-1][0] - times[workers - 1][0], sum(own for _, own in times[workers:])


def speed(folder: Path, runs: int, epochs: int) -> Iterator[Row]:
    """Two workers against one, in turns, and the overhead of a run."""
    configs = [RunConfig(epochs=epochs, seed=seed) for seed in range(runs)]
    alone, _ = seconds(configs, folder / "one.sqlite", 1)
    both, _ = seconds(configs, folder / "two.sqlite", 2)
    each = (alone / (runs - 1)) / (both / (runs - 2))
    yield Row(f"{runs} runs on two workers, against one", each, "x", at_least=1.7)
    short = [replace(config, epochs=10) for config in configs]
    whole, trained = seconds(short, folder / "short.sqlite", 1)
    overhead = 1000 * (whole - trained) / (runs - 1)
    yield Row("a run of 10 epochs besides its training", overhead, "ms", at_most=20)


def size(path: Path) -> Row:
    """The file of many runs, extrapolated from a part of them."""
    member = attempted(Schedule(RunConfig(epochs=EPOCHS)))
    assert member is not None
    with closing(Store(path)) as store:
        for seed in range(STORED):
            store.add(like(member, seed))
    megabytes = path.stat().st_size / 1e6 * MANY / STORED
    return Row(f"{MANY:,} runs, of {STORED} ({EPOCHS} epochs)", megabytes, "MB", at_most=200)


def write(path: Path, first: int) -> None:
    """Store some runs, as one of several writers."""
    member = Member(Schedule(RunConfig()), np.ones((31, 4)), np.zeros(1))
    with closing(Store(path)) as store:
        for seed in range(first, first + EACH):
            store.add(like(member, seed))


def writers(path: Path) -> Row:
    """Runs of several writers at once that are not in the file."""
    processes = [
        get_context("spawn").Process(target=write, args=(path, k * EACH)) for k in range(WRITERS)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    with closing(Store(path, readonly=True)) as store:
        lost = WRITERS * EACH - len(store.rows())
    return Row(f"{WRITERS} writers at once: lost of {WRITERS * EACH:,}", lost, "runs", at_most=0)


def fill(path: Path) -> int:
    """Store many runs that were not trained; return how many."""
    path.parent.mkdir()
    rng, count = np.random.default_rng(0), 0
    with closing(Store(path)) as store:
        for lr, hidden, seed in product(RATES, SIZES, range(SEEDS)):
            config = RunConfig(lr=float(f"{lr:.6g}"), hidden=hidden, seed=seed, epochs=30)
            store.add(Member(Schedule(config), rng.random((31, 4)), np.zeros(1), link="epochs=30"))
            count += 1
    return count


def page(browser: Browser, folder: Path, complaints: list[str]) -> Iterator[Row]:
    """The page *Runs* with many runs: how long it takes to open, and to answer a press."""
    many = f"{fill(folder / 'rnnviz' / 'runs.sqlite'):,} runs"
    opened, answers = list[float](), list[float]()
    with serve(environ={"XDG_DATA_HOME": str(folder)}) as server:
        for _ in range(OPENINGS):
            begun = time.perf_counter()
            shown = open_probed(browser, f"{server.url}/runs", complaints, "runs", **SCREEN).page
            shown.get_by_test_id("stDataFrame").wait_for()
            opened.append(time.perf_counter() - begun)
            shown.locator(IDLE).wait_for()
            answers += [_answer(shown, view) for view in ("map", "when", "curves")]
            shown.context.close()
    yield Row(f"the page with {many} opens", median(opened), "s", at_most=3)
    yield Row(f"a press on the page with {many}", median(answers), "ms", at_most=300)


def _answer(shown: Page, view: str) -> float:
    """Milliseconds from a press to the picture that answers it."""
    shown.get_by_role("radio", name=view, exact=True).click()
    later = "probe.draws.find(([name, at]) => name === 'runs' && at > probe.click)"
    shown.wait_for_function(f"() => {later}")
    return float(shown.evaluate(f"{later}[1] - probe.click"))


def beside(browser: Browser, folder: Path, complaints: list[str]) -> Row:
    """The updates of a page that plays while a sweep runs on both cores, to those of it alone."""
    options: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    line = ["sweep", "--epochs", "100000", "--seeds", "4", f"--db={folder / 'beside.sqlite'}"]
    with serve() as server:
        shown = open_probed(browser, f"{server.url}/?epochs=100000", complaints, **SCREEN).page
        shown.evaluate(PLAY)
        alone = _updates(shown)
        sweep = subprocess.Popen([sys.executable, "-m", "rnnviz", *line], **options)
        # Its workers are started, and train.
        time.sleep(10)
        together = _updates(shown)
        assert sweep.poll() is None
        sweep.terminate()
        sweep.wait()
    return Row("updates of a page beside a sweep", 100 * together / alone, "%", at_least=80)


def _updates(shown: Page) -> float:
    """Drawings of the network a second."""
    shown.evaluate("probe.draws = []")
    time.sleep(SECONDS)
    draws = shown.evaluate("probe.draws.filter(([name]) => name === 'network').length")
    return float(draws) / SECONDS


def main() -> None:
    """Measure, and print the results with their targets."""
    runs, epochs = (12, 60) if "--small" in sys.argv else (64, 400)
    with TemporaryDirectory() as name:
        folder = Path(name)
        print_table(speed(folder, runs, epochs))
        print_table([size(folder / "many.sqlite"), writers(folder / "writers.sqlite")])
        with chromium() as browser:
            print_table([*page(browser, folder, []), beside(browser, folder, [])])


if __name__ == "__main__":
    main()
