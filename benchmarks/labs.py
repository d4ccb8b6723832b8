"""The laboratories in Chromium, their caches and searches: ``python -m benchmarks.labs``."""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import time
import tracemalloc
from collections.abc import Iterator
from statistics import median

from playwright.sync_api import Browser

from benchmarks.live import PAUSE, PLAY, SCREEN, answered, open_probed, scrubbing
from benchmarks.table import Row, print_table
from rnnviz.cells import cell_names
from rnnviz.config import RunConfig
from rnnviz.page.every_picture import every_picture
from rnnviz.probe.session import Session
from rnnviz.probe.work import spend
from rnnviz.questions.rest.measure import DynamicsLab, dynamics_query
from rnnviz.run.schedule import Position
from tests.browser.serving import IDLE, Server, chromium, serve
from tests.browser.train_page import TrainPage

#: The pages, the first one has no name, and how many questions each has.
PAGES = {"": 2, "hidden": 3, "gradients": 3, "dynamics": 2, "step": 0}
SMALL = "epoch=300&phrase=right+now+i+am+not+at+all+happy"
LARGE = "task=characters&cell=lstm&hidden=128&epoch=3&epochs=100"
#: Seconds of play; times that a tab is opened.
SECONDS, OPENINGS = 4, 5
#: The epochs that are looked at, one after the other, for the memory of the caches.
LOOKED = 100

#: Seconds of one tick of the search.
_TICK = 0.05

# Opens a question; milliseconds until every picture in sight is drawn.
_OPEN = """
async (number) => {
  const tabs = document.querySelectorAll("[class*=st-key-question_] button");
  const plots = () => [...rnnviz.stage.plots.values()];
  const [before, start] = [new Set(plots().map(({ node }) => node)), performance.now()];
  tabs[number].click();
  const news = () => plots().filter(({ node }) => node.isConnected && !before.has(node));
  const there = () => news().length && news().every((plot) => !plot.inSight || plot.count);
  for (let calm = 0; calm < 25;) {
    await new Promise((resume) => setTimeout(resume, 10));
    calm = there() ? calm + 1 : 0;
    if (performance.now() - start > 20000) return Infinity;
  }
  const shown = news().filter(({ inSight }) => inSight).map(({ key }) => key);
  const first = (key) => probe.draws.find(([name, at]) => name === key && at > start)[1];
  return Math.max(...shown.map(first)) - start;
}
"""


def opening(page: TrainPage, number: int, questions: int) -> float:
    """The median of opening a question from the next one, in milliseconds."""
    times = []
    for _ in range(OPENINGS):
        page.page.evaluate(_OPEN, (number + 1) % questions)
        page.page.locator(IDLE).wait_for()
        times.append(float(page.page.evaluate(_OPEN, number)))
        page.page.locator(IDLE).wait_for()
    return median(times)


def updates(page: TrainPage) -> float:
    """Frames a second while the run plays, each drawn before the next is sent."""
    answered(page.page, PLAY)
    page.page.wait_for_timeout(1000)
    note = "[rnnviz.stage.acked, performance.now()]"
    seen, since = page.page.evaluate(note)
    page.page.wait_for_timeout(1000 * SECONDS)
    after, now = page.page.evaluate(note)
    answered(page.page, PAUSE)
    return float((after - seen) / ((now - since) / 1000))


def rows(browser: Browser, server: Server, complaints: list[str]) -> Iterator[Row]:
    """Every question of every page."""
    for name, questions in PAGES.items():
        for link, limit in ((SMALL, 300), (LARGE, 800)):
            url = f"{server.url}/{name}?{link}"
            first = {"": "network", "step": "step"}.get(name, "words")
            page = open_probed(browser, url, complaints, first, **SCREEN)
            for number in range(questions):
                label = f"{name or 'train'} {number + 1}{', LSTM 128' if limit > 300 else ''}"
                opened = opening(page, number, questions)
                yield Row(f"{label}: to open", opened, "ms", at_most=limit)
                if limit == 300:
                    yield from moving(page, label)
            if not questions and limit == 300:
                yield from moving(page, name)
            page.page.context.close()


def moving(page: TrainPage, label: str) -> Iterator[Row]:
    """What is open, dragged over the epochs and played."""
    last = int(page.page.evaluate("rnnviz.stage.header.last"))
    yield Row(f"{label}: drag", scrubbing(page.page, last), "ms", at_most=60)
    yield Row(f"{label}: updates", updates(page), "/s", at_least=25)


def kept() -> Row:
    """MB that the caches of all tabs hold after pictures of many epochs."""
    session = Session(RunConfig(hidden=64))
    session.player.advance(2 * LOOKED)
    every_picture(session, measuring=_TICK)
    tracemalloc.start()
    most = 0.0
    for epoch in range(0, 2 * LOOKED, 2):
        session.player.go_to(Position(epoch))
        every_picture(session, measuring=_TICK)
        most = max(most, tracemalloc.get_traced_memory()[0] / 1e6)
    tracemalloc.stop()
    return Row(f"caches of all tabs, {LOOKED} epochs", most, "MB", at_most=40)


def searching() -> Iterator[Row]:
    """Seconds of a search from 200 starts, H = 64, at the end of a short run."""
    for cell in cell_names():
        session = Session(RunConfig(cell=cell, hidden=64, init="xavier", lr=0.1))  # type: ignore[arg-type]
        session.player.advance(100)
        began = time.perf_counter()
        session.lab(DynamicsLab).find(dynamics_query(session))
        while spend(_TICK, session.lab(DynamicsLab).work()):
            pass
        yield Row(f"fixed points, {cell}, 200 starts", time.perf_counter() - began, "s", at_most=20)


def main() -> None:
    """Measure, and print the results with their targets."""
    complaints: list[str] = []
    print_table(searching())
    print_table([kept()])
    try:
        with serve() as server, chromium() as browser:
            for row in rows(browser, server, complaints):
                print_table([row])
    finally:
        print(*complaints, sep="\n")


if __name__ == "__main__":
    main()
