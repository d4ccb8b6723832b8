"""The laboratories in Chromium, and the search for fixed points: ``python -m benchmarks.pages``."""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import random
import time
from collections.abc import Iterator
from statistics import median

from playwright.sync_api import Browser, expect

from benchmarks.live import SEEK, answered, open_probed
from benchmarks.table import Row, print_table
from rnnviz.config import CellKind, RunConfig
from rnnviz.session import Session
from tests.browser.serving import Server, chromium, serve

#: The epochs of the run that is looked at, and at how many of them.
EPOCHS, VISITS = 400, 20
#: So tall that all charts of a page are in sight.
TALL = {"viewport": {"width": 1280, "height": 4600}}
ROOMS = ("Units", "Trajectories", "What if", "Break it")
#: The pages, and the chart that each begins with.
FIRST = {"gradients": "over_lag", "dynamics": "phase", "hidden": "response"}
#: Seconds of one tick of the search.
_TICK = 0.05


def redrawing(browser: Browser, server: Server, complaints: list[str]) -> Iterator[Row]:
    """The median of a place on the scrubber until all charts of a page are drawn."""
    for page, first in FIRST.items():
        url = f"{server.url}/{page}?epoch={EPOCHS}"
        opened = open_probed(browser, url, complaints, first, **TALL)
        expect(opened.message).to_contain_text(f"Opened at epoch {EPOCHS}")
        for tab in ROOMS if page == "hidden" else ("",):
            if tab:
                opened.choose("tab", tab)
            opened.page.wait_for_timeout(4000)
            chance = random.Random(0)
            places = [chance.randrange(EPOCHS) for _ in range(VISITS)]
            times = [answered(opened.page, SEEK.format(place)) for place in places]
            name = f"full redraw, {page} {tab}".strip()
            yield Row(name, median(times), "ms", at_most=400)
        opened.page.context.close()


def searching() -> Iterator[Row]:
    """Seconds of a search from 200 starts, H = 64, at the end of a short run."""
    for cell in CellKind:
        session = Session(RunConfig(cell=cell, hidden=64, init="xavier", lr=0.1))  # type: ignore[arg-type]
        session.player.advance(100)
        began = time.perf_counter()
        session.dynamics.find(session.dynamics_query)
        while session.dynamics.work(_TICK):
            pass
        yield Row(f"fixed points, {cell}, 200 starts", time.perf_counter() - began, "s", at_most=20)


def main() -> None:
    """Measure, and print what was wanted beside it."""
    complaints: list[str] = []
    print_table(searching())
    try:
        with serve() as server, chromium() as browser:
            print_table(redrawing(browser, server, complaints))
    finally:
        print(*complaints, sep="\n")


if __name__ == "__main__":
    main()
