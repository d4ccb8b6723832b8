"""The network over the sequence, in Chromium at 1440 x 900: ``python -m benchmarks.network``."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Browser

from benchmarks.live import SCREEN, open_probed, playing
from benchmarks.table import Row, print_table
from tests.browser.serving import Server, chromium, serve

#: How often it is drawn. The initial weights are so large that nothing is left out.
DRAWINGS, INIT_SCALE = 100, 0.3
#: Layers, hidden units, words, and the most milliseconds that a drawing may take.
SIZES = ((1, 64, 10, 5.0), (1, 256, 40, 12.0), (1, 256, 200, 12.0), (3, 256, 200, 36.0))

# Reading a pixel makes the browser finish what it was told to draw.
_DRAW = """async (count) => {
  const plot = rnnviz.stage.plots.get("network"), context = plot.canvas.getContext("2d");
  const times = [];
  for (let k = 0; k < count; k++) {
    const start = performance.now();
    await plot.draw();
    context.getImageData(0, 0, 1, 1);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[count >> 1];
}"""


def rows(browser: Browser, server: Server, complaints: list[str]) -> Iterator[Row]:
    """The median of a drawing, and how often it is drawn a second while the run plays."""
    for layers, hidden, words, most in SIZES:
        phrase = "+".join((["i", "am", "not", "good"] * words)[:words])
        of = f"layers={layers}&hidden={hidden}&init_scale={INIT_SCALE}"
        page = open_probed(
            browser, f"{server.url}/?{of}&phrase={phrase}", complaints, **SCREEN
        ).page
        name = f"{layers} x {hidden} units x {words} words"
        yield Row(f"a drawing of {name}", float(page.evaluate(_DRAW, DRAWINGS)), "ms", None, most)
        seen = playing(page)
        yield Row(f"updates while it plays, {name}", seen["slowest"], "/s", at_least=12)
        page.context.close()


def main() -> None:
    """Measure, and print the results with their targets."""
    complaints: list[str] = []
    try:
        with serve() as server, chromium() as browser:
            print_table(rows(browser, server, complaints))
    finally:
        print(*complaints, sep="\n")


if __name__ == "__main__":
    main()
