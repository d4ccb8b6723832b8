"""Two networks while they play, and ten seeds, in Chromium at 1440 x 900.

Run it with ``python -m benchmarks.pair``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from playwright.sync_api import Browser, Page

from benchmarks.live import (
    DRAWS_NOTHING,
    PAUSE,
    PLAY,
    SCREEN,
    SECONDS,
    answered,
    middle_of_three,
    open_probed,
    presses,
)
from benchmarks.table import Row, print_table
from rnnviz.config import RunConfig
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.members import members, trained
from tests.browser.serving import Server, chromium, serve

#: Two networks of 64 units over 4 words, and Elman and LSTM over 21 letters.
WORDS = "epochs=20000&vs=gradient:notebook"
LETTERS = (
    "task=recall&lag=20&hidden=32&init_scale=0.02&lr=0.2&batch=8&clip_by=norm&epochs=2000"
    "&vs=cell:lstm,forget_bias:3"
)
#: Ten seeds of the default run.
SEEDS = [Schedule(RunConfig(epochs=400, seed=seed)) for seed in range(10)]

# Milliseconds of JavaScript to draw both pictures anew, as the median of many.
_PAINTED = """
async () => {
  const plots = ["pair_network", "pair_curves"].map((key) => rnnviz.stage.plots.get(key));
  const times = [];
  for (let k = 0; k < 60; k++) {
    const start = performance.now();
    for (const plot of plots) plot.repaint();
    // What is drawn is painted when it is read.
    for (const plot of plots) plot.canvas.getContext("2d").getImageData(0, 0, 1, 1);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[30];
}
"""


def rows_of(browser: Browser, server: Server, complaints: list[str]) -> Iterator[Row]:
    """Two networks of 64 units over words, and Elman beside LSTM over letters."""
    opened = open_probed(browser, f"{server.url}/?{WORDS}", complaints, "pair_network", **SCREEN)
    page = opened.page
    seen, (pause, _, drag) = middle_of_three(page), presses(page)
    yield Row("updates, 64 units over 4 words", seen["slowest"], "/s", at_least=40)
    yield Row("chart nodes removed", seen["removed"], "", at_most=0)
    yield Row("Pause to drawn", pause, "ms", at_most=35)
    yield Row("drag to drawn", drag, "ms", at_most=50)
    yield Row("both pictures painted", painted(page), "ms", at_most=10)
    page.context.close()
    opened = open_probed(browser, f"{server.url}/?{LETTERS}", complaints, "pair_network", **SCREEN)
    page = opened.page
    seen = middle_of_three(page)
    yield Row("updates, Elman and LSTM over 21 letters", seen["slowest"], "/s", at_least=20)
    yield Row("both pictures painted, 21 letters", painted(page), "ms", at_most=10)
    page.evaluate(DRAWS_NOTHING)
    yield Row("frames of it, a stage that draws nothing", middle_of_three(page)["frames"], "/s", 20)
    page.context.close()


def painted(page: Page) -> float:
    """Milliseconds to paint both pictures."""
    return float(page.evaluate(_PAINTED))


def seeds() -> Iterator[Row]:
    """Ten seeds as multiples of one, the workers' start included."""
    start = time.perf_counter()
    trained(SEEDS[0])
    one = time.perf_counter() - start
    start = time.perf_counter()
    for _ in members(SEEDS):
        pass
    yield Row("ten seeds of 400 epochs", (time.perf_counter() - start) / one, "x one", at_most=6)


def playing_beside_seeds(browser: Browser, server: Server, complaints: list[str]) -> Row:
    """Updates of the page while ten seeds are trained."""
    page = open_probed(browser, f"{server.url}/?epochs=20000", complaints, **SCREEN).page
    page.evaluate("document.querySelector('.rnnviz-luck').click()")
    answered(page, PLAY)
    page.wait_for_timeout(2000)
    drawn, since = page.evaluate("() => [probe.draws.length, performance.now()]")
    page.wait_for_timeout(1000 * SECONDS)
    keys, until = page.evaluate(
        "(drawn) => [probe.draws.slice(drawn).map(([key]) => key), performance.now()]", drawn
    )
    answered(page, PAUSE)
    page.evaluate("document.querySelector('.rnnviz-luck').click()")
    page.context.close()
    rate = keys.count("network") / ((until - since) / 1000)
    return Row("updates of the network while seeds are trained", rate, "/s", at_least=30)


def main() -> None:
    """Measure, and print the results with their targets."""
    complaints: list[str] = []
    try:
        with serve() as server, chromium() as browser:
            print_table(rows_of(browser, server, complaints))
            print_table([playing_beside_seeds(browser, server, complaints)])
        print_table(seeds())
    finally:
        print(*complaints, sep="\n")


if __name__ == "__main__":
    main()
