"""Numbers over time: ``python -m benchmarks.series``.

What the presets of the shipped series reach beside simple models, with five seeds; how long a
table takes to be read and checked; and the first screen in Chromium at 1440 x 900.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from playwright.sync_api import Browser

from benchmarks.live import SCREEN, VISITS, answered, middle_of_three, open_probed
from benchmarks.table import Row, print_table
from rnnviz.charts.series_strips import strips_html
from rnnviz.charts.theme import LIGHT
from rnnviz.config import TaskName
from rnnviz.probe.continuation import compared
from rnnviz.probe.session import Session
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.data_source import PRESETS, TASKS
from rnnviz.tasks.forecasts import ForecastErrors
from rnnviz.tasks.preview import preview
from rnnviz.tasks.upload import File, Upload, check_rows, dataset_of, with_columns
from tests.browser.serving import chromium, serve

SEEDS, TIMES = range(5), 5
ROWS, COLUMNS = 20_000, 7
#: Windows, with the least updates a second; and the hours of a table of 10,000 windows.
WINDOWS, HOURS = ((60, 40), (200, 20)), 10_060
_NETWORK = "rnnviz.stage.plots.get('network')"


def errors(task: TaskName, seed: int) -> list[ForecastErrors]:
    """The errors of a preset's network at its end, and of the simple models, on the test."""
    session = Session(PRESETS[task][0].config(seed))
    session.player.advance(session.config.epochs)
    return compared(session.dataset, session.state.parameters)


def line(task: TaskName, name: str, found: list[ForecastErrors]) -> str:
    """A row of the table: the error one step, half and all steps ahead, and MASE over all."""
    maes = [np.array([one.mae[k, 0] for one in found]) for k in (0, len(found[0].mae) // 2, -1)]
    scores = [float(one.mase.mean()) for one in found]
    spread = f" ({min(scores):.2f} to {max(scores):.2f})" if len(found) > 1 else ""
    cells = [TASKS[task].label, name, *(f"{np.median(mae):.2f}" for mae in maes)]
    return f"| {' | '.join(cells)} | {median(scores):.2f}{spread} |"


def seconds(content: bytes, shown: bool = False) -> float:
    """How long a table takes to be read and checked, or ``shown``; a refusal counts, too."""
    # Another name, so that nothing is cached.
    upload = Upload(File(f"{time.perf_counter()}.csv", content), window=60)
    before = time.perf_counter()
    try:
        check_rows(read := with_columns(upload))
        if shown:
            preview(read)
            series = dataset_of(read).series
            assert series, "it has numbers"
            strips_html(series, LIGHT)
    except TaskError as problem:
        print(problem)
    return time.perf_counter() - before


def table(rows: int, count: int = COLUMNS) -> bytes:
    """A table of hours and random numbers."""
    rng = np.random.default_rng(0)
    hours = pd.date_range("2000-01-01", periods=rows, freq="h")
    columns = {f"value {k}": rng.normal(size=rows).round(3) for k in range(count)}
    text: str = pd.DataFrame({"time": hours, **columns}).to_csv(index=False)
    return text.encode()


def rows_of_first_screen(browser: Browser) -> Iterator[Row]:
    """How often the first screen is drawn while it plays, and how long a drag takes to be drawn."""
    complaints: list[str] = []
    with serve() as server:
        for window, least in WINDOWS:
            url = f"{server.url}/?task=elnino&window={window}&hidden=64&epochs=10000"
            page = open_probed(browser, url, complaints, **SCREEN).page
            # The curves change at the end of an epoch.
            seen = middle_of_three(page, "network")["network"]
            name = f"updates of the network, a window of {window} and 64 units"
            yield Row(name, seen, "/s", at_least=least)
            page.context.close()
    with TemporaryDirectory() as folder, serve(opening=_run_of_hours(Path(folder))) as server:
        page = open_probed(browser, server.url, complaints, **SCREEN).page
        count, chance = int(page.evaluate(f"{_NETWORK}.network.starts.length")), random.Random(0)
        moves = [f"{_NETWORK}.open({chance.randrange(count)})" for _ in range(VISITS)]
        took = median(answered(page, move) for move in moves)
        yield Row(f"drag through {count:,} windows, to drawn", took, "ms", at_most=40)
    print(*complaints, sep="\n")


def _run_of_hours(folder: Path) -> Path:
    """A run that has read a table with as many windows as are drawn, in a file with its data."""
    name, run = folder / "hours.csv", folder / "hours.rnnviz"
    name.write_bytes(table(HOURS, 1))
    settings = "--window 20 --hidden 64 --cell gru --batch 64 --epochs 1 --with-data"
    command = [sys.executable, "-m", "rnnviz", "export", "--train", name, "--run", run]
    subprocess.run([*map(str, command), *settings.split()], check=True, capture_output=True)
    return run


def main() -> None:
    """Print both tables."""
    print("| series | model | error, 1 step | middle | last | MASE |\n|---|---|---|---|---|---|")
    for task in (TaskName.ELNINO, TaskName.SUNSPOTS):
        found = [errors(task, seed) for seed in SEEDS]
        print(line(task, "network", [one[0] for one in found]))
        for model in found[0][1:]:
            print(line(task, model.name, [model]), flush=True)
    large, million = table(ROWS), b"x\n" + b"1\n2\n" * 500_000
    print_table([
        Row("20,000 rows of 8 columns, read and checked",
            median(seconds(large) for _ in range(TIMES)), "s", at_most=1.5),
        Row("the same, with the preview of the page",
            median(seconds(large, shown=True) for _ in range(TIMES)), "s", at_most=1.5),
        Row("a million rows, refused", median(seconds(million) for _ in range(TIMES)), "s",
            at_most=1),
    ])  # fmt: skip
    with chromium() as browser:
        print_table(rows_of_first_screen(browser))


if __name__ == "__main__":
    main()
