"""The page while it plays, in Chromium, all charts on screen: ``python -m benchmarks.live``."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, expect

from benchmarks.table import Row, print_table
from tests.browser.serving import IDLE, Server, chromium, open_page, serve, visit
from tests.browser.train_page import CHARTS, TrainPage

#: The next-character task with an LSTM of 128 units.
LSTM = (
    "/?task=characters&cell=lstm&hidden=128&init=xavier&optimizer=adam&lr=0.003&batch=16"
    "&clip_by=norm"
)
#: Its charts that change with every frame: an epoch takes longer than that, and so do curves over
#: the epochs; instead of a verdict there are answers token by token.
STEADY = ("answers", "states", "flow", "norms", "recurrent")
SECONDS, PRESSES, OPENINGS, VISITS = 8, 10, 5, 100
#: Sessions that are open at once, and how long each plays.
SESSIONS, PLAYED = 10, 100
ALL_CHARTS: dict[str, Any] = {"viewport": {"width": 1280, "height": 2600}}
FOUR_CHARTS: dict[str, Any] = {"viewport": {"width": 1280, "height": 1150}}
FIRST_SCREEN: dict[str, Any] = {"viewport": {"width": 1280, "height": 1000}}
#: Where many play at once no chart is in sight, so that the browser leaves the server its time.
LOW: dict[str, Any] = {"viewport": {"width": 1280, "height": 220}}

# Notes, inside the page and on its clock, whatever is drawn or clicked. The less it looks at, the
# less it takes from what it measures.
_PROBE = """
const charts = () => [...document.querySelectorAll(".rnnviz-chart")];
const fresh = () => ({ draws: {}, last: 0, charts: charts(), frames: 0, click: 0 });
const keyOf = (node) => /st-key-(\\w+)/.exec(node.closest("[class*=st-key-]").className)[1];
window.probe = fresh();
const status = new MutationObserver(() => (probe.last = performance.now()));
window.forget = () => {
  window.probe = fresh();
  status.observe(document.querySelector(".rnnviz-status").parentElement, { childList: true });
};
window.noted = () => {
  const removed = probe.charts.filter((node) => !node.isConnected).length;
  return { ...probe, charts: null, removed, now: performance.now() };
};
new MutationObserver((changes) => {
  probe.last = performance.now();
  for (const { target } of changes) (probe.draws[keyOf(target)] ??= []).push(probe.last);
}).observe(document, { subtree: true, attributeFilter: ["data-drawn"] });
document.addEventListener("click", (event) => (probe.click = event.timeStamp), true);
(function count() { probe.frames++; requestAnimationFrame(count); })();
"""
_FORGET = "forget()"
# Longer than the longest pause between two frames, so nothing is still on its way.
_QUIET = "probe.click && probe.last > probe.click && performance.now() - probe.last > 400"


def open_probed(
    browser: Browser, url: str, complaints: list[str], first: str = "loss", **options: Any
) -> TrainPage:
    """A page with the probe in it, its chart ``first`` drawn."""
    page = open_page(browser, complaints, **options)
    page.context.add_init_script(_PROBE)
    visit(page, url, first)
    return TrainPage(page)


def probe(page: TrainPage) -> dict[str, Any]:
    """What the page has noted since it was last told to forget."""
    noted: dict[str, Any] = page.page.evaluate("noted()")
    return noted


def playing(page: TrainPage, charts: Sequence[str] = CHARTS) -> dict[str, Any]:
    """Play for some seconds: rates per second, chart nodes removed, the slowest chart.

    The map is drawn with every fourth frame only, and doesn't count.
    """
    page.play()
    page.page.evaluate(_FORGET)
    first, before = page.epoch, probe(page)
    page.page.wait_for_timeout(1000 * SECONDS)
    after = probe(page)
    last, seconds = page.epoch, (after["now"] - before["now"]) / 1000
    page.pause()
    updates = {
        key: len(after["draws"].get(key, ())) / seconds for key in {*charts, *after["draws"]}
    }
    slowest = min((key for key in charts if key != "map"), key=lambda key: updates[key])
    return {
        "updates": updates,
        "slowest": slowest,
        "epochs": (last - first) / seconds,
        "frames": after["frames"] / seconds,
        "removed": after["removed"],
    }


def middle_of_three(page: TrainPage, charts: Sequence[str]) -> dict[str, Any]:
    """Of three times of playing that with the middle rate of its slowest chart."""
    rates = [playing(page, charts) for _ in range(3)]
    seen = sorted(rates, key=lambda rate: rate["updates"][rate["slowest"]])[1]
    print(f"epochs shown: {seen['epochs']:.1f}/s; updates/s of each chart:", end=" ")
    print(", ".join(f"{key} {rate:.1f}" for key, rate in seen["updates"].items()))
    return seen


def click_to_last_drawn(page: TrainPage, key: str) -> float:
    """Milliseconds from a click to the last chart that is drawn after it, or to the status."""
    page.page.evaluate(_FORGET)
    page.press(key)
    page.page.wait_for_function(_QUIET)
    noted = probe(page)
    return float(noted["last"] - noted["click"])


def pausing(page: TrainPage) -> float:
    """The median of Pause to the last drawn frame."""
    times = []
    for _ in range(PRESSES):
        page.play()
        page.expect_drawn_above("loss", page.drawn("loss") + 5)
        times.append(click_to_last_drawn(page, "pause"))
    return median(times)


def stepping(page: TrainPage) -> float:
    """The median of Step epoch to the last drawn chart."""
    return median(click_to_last_drawn(page, "step_epoch") for _ in range(PRESSES))


# Drags the scrubber to a place and waits until the number and all charts in sight are there.
SCRUB = """
async (epoch) => {
  const input = document.querySelector(".st-key-scrubber input");
  const shown = () => document.querySelector(".rnnviz-status .epoch b")?.textContent ?? "";
  const there = () =>
    shown().startsWith(epoch + " of ") && !window.rnnviz.scheduled &&
    ![...window.rnnviz.waiting].some((key) => window.rnnviz.charts.get(key)?.inSight);
  const start = performance.now();
  input.value = epoch;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  while (!there()) await new Promise((resume) => setTimeout(resume, 2));
  return performance.now() - start;
}
"""
_IN_SIGHT = "[...window.rnnviz.charts.values()].filter((chart) => chart.inSight).length"


def scrubbing(browser: Browser, server: Server, complaints: list[str]) -> Row:
    """The median of a place on the scrubber to drawn, over a run of 1000 epochs."""
    page = open_probed(browser, f"{server.url}/?epoch=1000", complaints, **FOUR_CHARTS)
    expect(page.message).to_contain_text("Finished: 1000 of 1000")
    chance, sight = random.Random(0), page.page.evaluate(_IN_SIGHT)
    places = [chance.randrange(1000) for _ in range(VISITS)]
    times = [page.page.evaluate(SCRUB, place) for place in places]
    page.page.context.close()
    return Row(f"scrub to drawn, {sight} charts in sight", median(times), "ms", at_most=120)


def opening(browser: Browser, server: Server, complaints: list[str]) -> float:
    """The median of seconds from opening the page until every chart in sight is drawn."""
    times = []
    for _ in range(OPENINGS):
        page = open_probed(browser, server.url, complaints, **FIRST_SCREEN)
        first = max(drawn[0] for drawn in probe(page)["draws"].values())
        times.append(float(first) / 1000)
        page.page.context.close()
    return median(times)


def cpu_seconds(server: Server) -> float:
    """CPU time that the server has used."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_after_closing(page: TrainPage, server: Server) -> float:
    """Per cent of a core that the server uses 3 s after a playing page was closed."""
    page.press("reset")
    page.expect_place("0")
    page.play()
    page.page.context.close()
    time.sleep(3)
    before, start = cpu_seconds(server), time.perf_counter()
    time.sleep(2)
    return 100 * (cpu_seconds(server) - before) / (time.perf_counter() - start)


def resident(server: Server) -> float:
    """MB of memory that the server holds."""
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("VmRSS"))
    return int(kilobytes) * 1024 / 1e6


def memory_a_session(browser: Browser, complaints: list[str]) -> float:
    """MB that each further session costs, its past included, on a server of its own.

    All play at once, to an epoch at which all are as large.
    """
    with serve() as server:
        first = open_low(browser, server, complaints)
        play_to_the_end([first])
        alone = resident(server)
        pages = [open_low(browser, server, complaints) for _ in range(SESSIONS - 1)]
        play_to_the_end(pages)
        together = resident(server)
        for page in [first, *pages]:
            page.page.context.close()
    return (together - alone) / (SESSIONS - 1)


def open_low(browser: Browser, server: Server, complaints: list[str]) -> TrainPage:
    """A page that is ready to play, without a chart in sight."""
    page = open_page(browser, complaints, **LOW)
    page.goto(f"{server.url}/?epochs={PLAYED}")
    page.locator(IDLE).wait_for()
    return TrainPage(page)


def play_to_the_end(pages: list[TrainPage]) -> None:
    """Play on all pages until each has done its epochs."""
    for page in pages:
        page.press("play")
    for page in pages:
        expect(page.status).to_contain_text("Finished")


def rows_of_playing(page: TrainPage) -> list[Row]:
    """What is seen and felt while it plays: the middle one of three times."""
    seen = middle_of_three(page, CHARTS)
    slowest = seen["slowest"]
    return [
        Row(f"updates of the slowest chart ({slowest})", seen["updates"][slowest], "/s", 9),
        Row("chart nodes removed", seen["removed"], "", at_most=0),
        Row("browser frames", seen["frames"], "/s", at_least=40),
        Row("Pause to the last drawn frame", pausing(page), "ms", at_most=150),
        Row("Step epoch to drawn", stepping(page), "ms", at_most=150),
    ]


def rows_of_an_lstm(browser: Browser, server: Server, complaints: list[str]) -> list[Row]:
    """The same, where a frame has to train and to read more."""
    page = open_probed(browser, server.url + LSTM, complaints, **ALL_CHARTS)
    seen = middle_of_three(page, STEADY)
    slowest = seen["slowest"]
    rows = [
        Row(f"LSTM 128, letters: slowest chart ({slowest})", seen["updates"][slowest], "/s", 8),
        Row("LSTM 128, letters: Pause to drawn", pausing(page), "ms", at_most=200),
    ]
    page.page.context.close()
    return rows


def rows_of_the_server(
    browser: Browser, page: TrainPage, server: Server, complaints: list[str]
) -> Iterator[Row]:
    """What it costs the server, where the system tells."""
    if not Path("/proc/self/stat").exists():
        print("CPU and memory of the server: not measured on", sys.platform)
        return
    cpu = cpu_after_closing(page, server)
    yield Row("server's CPU, 3 s after closing", cpu, "%", at_most=5)
    memory = memory_a_session(browser, complaints)
    yield Row(
        f"memory a further session of {SESSIONS}, {PLAYED} epochs played", memory, "MB", at_most=10
    )


def measure(complaints: list[str]) -> None:
    """Measure one thing after the other, and print each as soon as it is known."""
    with serve() as server, chromium() as browser:
        opened = opening(browser, server, complaints)
        print_table([Row("opening the page to the first charts", opened, "s", at_most=2.5)])
        page = open_probed(browser, server.url, complaints, **ALL_CHARTS)
        print_table(rows_of_playing(page))
        print_table(rows_of_an_lstm(browser, server, complaints))
        print_table([scrubbing(browser, server, complaints)])
        print_table(rows_of_the_server(browser, page, server, complaints))


def main() -> None:
    """Measure, and print what was wanted beside it."""
    complaints: list[str] = []
    try:
        measure(complaints)
        outside = sum(complaint.startswith("request") for complaint in complaints)
        print_table([Row("requests to another host", outside, "", at_most=0)])
    finally:
        print(*complaints, sep="\n")


if __name__ == "__main__":
    main()
