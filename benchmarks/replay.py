"""The replay of the default run, in Chromium at 1440 x 900: ``python -m benchmarks.replay``."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page

from benchmarks.live import SCREEN
from benchmarks.table import Row, print_table
from rnnviz.files.replay import replay
from rnnviz.probe.session import Session
from tests.browser.serving import chromium, new_context

#: Times that the file is made and opened; seconds of scrubbing.
MADE, OPENINGS, SECONDS = 3, 7, 4

# Notes when all pictures are drawn.
_PROBE = """
window.probe = { drawn: 0 };
new MutationObserver(() => {
  const charts = [...document.querySelectorAll(".rnnviz-chart")];
  const all = charts.length && charts.every((node) => node.dataset.drawn);
  if (all) probe.drawn ||= performance.now();
}).observe(document, { subtree: true, childList: true, attributeFilter: ["data-drawn"] });
"""

# Drags over the whole run, to another epoch in every animation frame. Returns how many frames the
# browser has shown, and how often the network was drawn, per second.
_SCRUB = """
async (seconds) => {
  const { stage, replay } = rnnviz;
  const { epochs } = replay.recording;
  const count = () => Number(document.querySelector("[data-picture=network]").dataset.drawn);
  const next = () => new Promise(requestAnimationFrame);
  const [start, drawn] = [await next(), count()];
  let [frames, now] = [0, start];
  while (now < start + 1000 * seconds) {
    stage.send({ do: "seek", epoch: epochs[frames % epochs.length] });
    now = await next();
    frames++;
  }
  return [frames, count() - drawn].map((n) => (1000 * n) / (now - start));
}
"""


def opened(browser: Browser, path: Path) -> Page:
    """The file in a browser that has no network, drawn."""
    context = new_context(browser, **SCREEN)
    context.set_offline(True)
    context.add_init_script(_PROBE)
    page = context.new_page()
    page.goto(path.as_uri())
    while not page.evaluate("probe.drawn"):
        time.sleep(0.02)
    return page


def opening(browser: Browser, path: Path) -> float:
    """The median of seconds from opening the file until all is drawn."""
    times = []
    for _ in range(OPENINGS):
        page = opened(browser, path)
        times.append(float(page.evaluate("probe.drawn")) / 1000)
        page.context.close()
    return median(times)


def making(session: Session) -> tuple[str, float]:
    """The file, and the median of seconds that it takes to be made."""
    times, page = [], ""
    for _ in range(MADE):
        start = time.perf_counter()
        page = replay(session)
        times.append(time.perf_counter() - start)
    return page, median(times)


def rows() -> Iterator[Row]:
    """What it takes to make the file, to open it and to scrub in it."""
    session = Session()
    session.player.advance(session.config.epochs)
    page, seconds = making(session)
    yield Row("making the replay of the default run", seconds, "s", at_most=3)
    yield Row("its size", len(page.encode()) / 1e6, "MB", at_most=1)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "replay.html"
        path.write_text(page, encoding="utf-8")
        yield Row("opening it", opening(browser, path), "s", at_most=0.5)
        frames, drawn = opened(browser, path).evaluate(_SCRUB, SECONDS)
        yield Row("browser frames while it is scrubbed", frames, "/s", at_least=59)
        yield Row("updates of the network", drawn, "/s", at_least=59)


if __name__ == "__main__":
    print_table(rows())
