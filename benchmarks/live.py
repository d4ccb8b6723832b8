"""The first page while it plays, in Chromium at 1440 x 900: ``python -m benchmarks.live``."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.table import Row, print_table
from tests.browser.serving import Server, chromium, open_page, serve, visit
from tests.browser.train_page import TrainPage

SCREEN: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
#: Seconds of play; presses of each kind; times that the page is opened; places that are sought.
SECONDS, PRESSES, OPENINGS, VISITS = 8, 10, 5, 100

# Notes on the page's own clock: what is drawn and pressed. The less it looks at, the less it takes
# from what it measures.
_PROBE = """
window.probe = { draws: [], frames: 0, click: 0, nodes: 0 };
new MutationObserver((changes) => {
  for (const { target, removedNodes } of changes) {
    if (target.dataset?.picture) probe.draws.push([target.dataset.picture, performance.now()]);
    for (const node of removedNodes)
      if (node.querySelector?.("[data-picture]") || node.dataset?.picture) probe.nodes++;
  }
}).observe(document, { subtree: true, childList: true, attributeFilter: ["data-drawn"] });
document.addEventListener("click", (event) => (probe.click = event.timeStamp), true);
(function count() { probe.frames++; requestAnimationFrame(count); })();
"""

# All that is seen of a run, but nothing is drawn: what is left is the wire and the server.
DRAWS_NOTHING = """
for (const plot of rnnviz.stage.plots.values())
  plot.draw = async () => { plot.drawnAt = performance.now(); };
"""

# Does something and waits until the frame that has heard it is drawn; milliseconds.
_ANSWERED = """
async (act) => {
  const { stage, wire } = rnnviz;
  const start = performance.now();
  eval(act);
  const there = () => stage.header.heard >= wire.number && stage.acked === stage.seq;
  while (!there()) await new Promise((resume) => setTimeout(resume, 1));
  return performance.now() - start;
}
"""
PRESS = "document.querySelector('.rnnviz-bar button{}').click()"
PAUSE, STEP = PRESS.format("[data-do=pause]"), PRESS.format("[data-what=epoch]")
PLAY = PRESS.format("[data-do=play]")
SEEK = (
    "const input = document.querySelector('[data-slider=scrubber] input'); input.value = {};"
    "input.dispatchEvent(new Event('input', {{ bubbles: true }}))"
)


def open_probed(
    browser: Browser, url: str, complaints: list[str], first: str = "network", **options: Any
) -> TrainPage:
    """A page with the probe in it, its chart ``first`` drawn."""
    page = open_page(browser, complaints, **options)
    page.context.add_init_script(_PROBE)
    visit(page, url, first)
    return TrainPage(page)


def answered(page: Page, act: str) -> float:
    """Milliseconds from an act of the reader's to the last chart that answers it."""
    return float(page.evaluate(_ANSWERED, act))


def playing(page: Page) -> dict[str, float]:
    """Play for some seconds: rates a second, and chart nodes removed."""
    answered(page, PLAY)
    page.wait_for_timeout(1000)
    note = (
        "() => [probe.frames, probe.draws.length, performance.now(), rnnviz.stage.seq, probe.nodes]"
    )
    frames, drawn, since, seq, removed = page.evaluate(note)
    page.wait_for_timeout(1000 * SECONDS)
    after = page.evaluate(note)
    seconds = (after[2] - since) / 1000
    draws = page.evaluate(f"probe.draws.slice({drawn}).map(([key]) => key)")
    sight = page.evaluate("[...rnnviz.stage.plots.values()].filter(p => p.inSight).map(p => p.key)")
    answered(page, PAUSE)
    return {
        "network": draws.count("network") / seconds,
        "slowest": min((draws.count(key) / seconds for key in sight), default=0.0),
        "charts": len(sight),
        "screen": (after[0] - frames) / seconds,
        "frames": (after[3] - seq) / seconds,
        "removed": after[4] - removed,
    }


def middle_of_three(page: Page, chart: str = "slowest") -> dict[str, float]:
    """Of three times of playing that with the middle rate of a chart: the slowest, or *network*."""
    rates = []
    for _ in range(3):
        answered(page, PRESS.format("[data-do=reset]"))
        rates.append(playing(page))
    return sorted(rates, key=lambda rate: (rate[chart], rate["frames"]))[1]


def pausing(page: Page) -> float:
    """The median of Pause to the last drawn chart."""
    times = []
    for _ in range(PRESSES):
        answered(page, PLAY)
        page.wait_for_timeout(400)
        times.append(answered(page, PAUSE))
    return median(times)


def stepping(page: Page) -> float:
    """The median of Step epoch to drawn."""
    return median(answered(page, STEP) for _ in range(PRESSES))


def scrubbing(page: Page, last: int) -> float:
    """The median of a place on the scrubber to drawn."""
    chance = random.Random(0)
    times = [answered(page, SEEK.format(chance.randrange(last))) for _ in range(VISITS)]
    return median(times)


def presses(page: Page) -> tuple[float, float, float]:
    """Medians of Pause, Step and a drag, over a run of 800 epochs."""
    answered(page, PRESS.format("[data-do=reset]"))
    return (
        pausing(page),
        stepping(page),
        scrubbing(page, int(page.evaluate("rnnviz.stage.header.last"))),
    )


def rows_of_playing(browser: Browser, server: Server, complaints: list[str]) -> Iterator[Row]:
    """What is seen and felt while it plays, and how much of it is the wire's."""
    page = open_probed(browser, server.url, complaints, **SCREEN).page
    seen, (pause, step, drag) = middle_of_three(page), presses(page)
    name = f"updates of the slowest of {seen['charts']:.0f} charts in sight"
    yield Row(name, seen["slowest"], "/s", at_least=50, before="25.2")
    yield Row("browser frames", seen["screen"], "/s", at_least=55, before="58.3")
    yield Row("chart nodes removed", seen["removed"], "", at_most=0, before="0")
    yield Row("Pause to drawn", pause, "ms", at_most=35, before="52")
    yield Row("Step epoch to drawn", step, "ms", at_most=30, before="36")
    yield Row("drag to drawn", drag, "ms", at_most=40, before="40")
    page.evaluate(DRAWS_NOTHING)
    yield Row("frames, a stage that draws nothing", middle_of_three(page)["frames"], "/s", 55)
    for what, took in zip(("Pause", "Step epoch", "drag"), presses(page), strict=True):
        yield Row(f"the wire's own share of {what}", took, "ms", at_most=20)
    page.context.close()


def harder(browser: Browser, server: Server, complaints: list[str]) -> Iterator[Row]:
    """The first screen on a machine that is six times slower, and with a large LSTM."""
    page = open_probed(browser, server.url, complaints, **SCREEN).page
    slow = page.context.new_cdp_session(page)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    yield Row("browser frames, slowed six times", playing(page)["screen"], "/s", at_least=20)
    page.context.close()
    link = "?task=characters&cell=lstm&hidden=128&epochs=20000"
    page = open_probed(browser, f"{server.url}/{link}", complaints, **SCREEN).page
    # The curves change once an epoch, the network with every frame.
    name = "updates of the network, an LSTM of 128 units on letters"
    yield Row(name, playing(page)["network"], "/s", at_least=25)
    page.context.close()


def opening(browser: Browser, server: Server, complaints: list[str]) -> Row:
    """The median of seconds from opening the page until the charts in sight are drawn."""
    times = []
    for _ in range(OPENINGS):
        page = open_probed(browser, server.url, complaints, **SCREEN).page
        firsts = dict(reversed(page.evaluate("probe.draws")))
        times.append(max(firsts.values()) / 1000)
        page.context.close()
    return Row(
        "opening the page to the first screen", median(times), "s", at_most=1.5, before="2.2"
    )


_GOES_ON = """(epoch) => {
  const { header, plots, acked, seq } = window.rnnviz?.stage ?? {};
  return header?.running && header.epoch > epoch && plots.get("network")?.count > 0;
}"""


def reloading(browser: Browser, server: Server, complaints: list[str]) -> Row:
    """The median of seconds from a reload until the same run plays on, and is drawn."""
    page = open_probed(browser, f"{server.url}/?epochs=20000", complaints, **SCREEN).page
    answered(page, PLAY)
    times = []
    for _ in range(OPENINGS):
        page.wait_for_timeout(1000)
        epoch, start = page.evaluate("rnnviz.stage.header.epoch"), time.perf_counter()
        page.reload(wait_until="commit")
        page.wait_for_function(_GOES_ON, arg=epoch)
        times.append(time.perf_counter() - start)
    page.context.close()
    return Row("reload to the same run playing", median(times), "s", at_most=1, before="run lost")


def cpu_seconds(server: Server) -> float:
    """CPU time that the server has used."""
    fields = Path(f"/proc/{server.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(server: Server) -> float:
    """MB of memory that the server holds."""
    lines = Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8").splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("VmRSS"))
    return int(kilobytes) * 1024 / 1e6


def share_of_a_core(server: Server, seconds: float) -> float:
    """Per cent of a core that the server uses for so long."""
    before, start = cpu_seconds(server), time.perf_counter()
    time.sleep(seconds)
    return 100 * (cpu_seconds(server) - before) / (time.perf_counter() - start)


def after_closing(browser: Browser, server: Server, complaints: list[str]) -> Row:
    """What the server still does 3 s after a playing page was closed."""
    page = open_probed(browser, f"{server.url}/?epochs=20000", complaints, **SCREEN).page
    answered(page, PLAY)
    page.wait_for_timeout(1000)
    page.context.close()
    time.sleep(3)
    return Row(
        "server's CPU, 3 s after closing", share_of_a_core(server, 5), "%", at_most=1, before="0.5"
    )


def measure(complaints: list[str]) -> None:
    """Measure one thing after the other, and print each as soon as it is known."""
    with serve() as server, chromium() as browser:
        print_table([opening(browser, server, complaints)])
        print_table([reloading(browser, server, complaints)])
        print_table(rows_of_playing(browser, server, complaints))
        print_table(harder(browser, server, complaints))
        if Path("/proc/self/stat").exists():
            print_table([after_closing(browser, server, complaints)])
        else:
            print("CPU of the server: not measured on", sys.platform)


def main() -> None:
    """Measure, and print the results with their targets."""
    complaints: list[str] = []
    try:
        measure(complaints)
        outside = sum(complaint.startswith("request") for complaint in complaints)
        print_table([Row("requests to another host", outside, "", at_most=0)])
    finally:
        print(*complaints, sep="\n")


if __name__ == "__main__":
    main()
