"""Make the pictures of README and docs anew: ``python -m tests.browser.pictures``."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, Page

from rnnviz.config import TaskName
from rnnviz.presets import PRESETS
from tests.browser.serving import ROOT, chromium, open_page, serve, visit
from tests.browser.train_page import TrainPage

DOCS = ROOT / "docs"
#: The epochs of the animation, milliseconds of each, its size, and its colours.
EPOCHS = (0, *range(30, 330, 30), *range(330, 420, 5), 430, 450)
FRAME_MS, LAST_MS, SIZE, COLORS = 160, 3000, (960, 540), 240

_GO_TO = """async (epoch) => {
  const { stage } = rnnviz;
  const command = stage.send({ do: "seek", epoch, settled: true });
  const there = () => stage.header.heard >= command && stage.acked === stage.seq;
  while (!there()) await new Promise((resume) => setTimeout(resume, 5));
}"""


def animation(browser: Browser, url: str, path: Path) -> None:
    """The first screen on a projector over the epochs of the default run, as an APNG."""
    page = open_page(browser, [], viewport={"width": 1280, "height": 720})
    visit(page, f"{url}/?epoch=450&epochs=450&phrase=i+am+not+bad&present=1", "curves")
    frames = [_frame(page, epoch) for epoch in EPOCHS]
    page.context.close()
    # One palette for all frames: that of the last one, which has all colours. The octree keeps hues
    # that few pixels have.
    palette = frames[-1].quantize(COLORS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    first, *others = (f.quantize(palette=palette, dither=Image.Dither.NONE) for f in frames)
    times = [FRAME_MS] * len(others) + [LAST_MS]
    first.save(path, save_all=True, append_images=others, duration=times, loop=0, optimize=True)


def _frame(page: Page, epoch: int) -> Image.Image:
    page.evaluate(_GO_TO, epoch)
    page.wait_for_timeout(150)
    image = Image.open(BytesIO(page.screenshot())).convert("RGB")
    return image.resize(SIZE, Image.Resampling.LANCZOS)


def learned_page(browser: Browser, url: str, path: Path, scheme: str) -> None:
    """The page after 450 epochs on the default phrase."""
    size = {"width": 1440, "height": 900}
    page = open_page(browser, [], viewport=size, color_scheme=scheme)
    visit(page, f"{url}/?epochs=450", "curves")
    shown = TrainPage(page)
    shown.speed("End")
    shown.press("play")
    shown.message.get_by_text("Finished").wait_for()
    page.wait_for_timeout(1500)
    page.mouse.move(0, 0)
    page.screenshot(path=path)
    page.context.close()


def step_page(browser: Browser, url: str, path: Path) -> None:
    """The page *Step* where "i am not good" meets "not", in the middle of learning."""
    page = open_page(browser, [], viewport={"width": 1440, "height": 900})
    visit(page, f"{url}/step?epoch=420&phrase=i+am+not+good", "step")
    shown = TrainPage(page)
    shown.choose("subject", "my own")
    shown.set_number("unit", 24)
    page.get_by_role("button", name="→ not").click()
    page.wait_for_timeout(1500)
    page.mouse.move(0, 0)
    page.screenshot(path=path)
    page.context.close()


def laboratory(browser: Browser, url: str, link: str, first: str, path: Path, *keys: str) -> None:
    """One of the other pages, its chart ``first`` drawn, after pressing ``keys``."""
    page = open_page(browser, [], viewport={"width": 1440, "height": 1240})
    visit(page, f"{url}/{link}", first)
    shown = TrainPage(page)
    shown.message.get_by_text("Opened at").wait_for()
    page.wait_for_timeout(1500)
    shown.keys(*keys)
    page.wait_for_timeout(4000)
    page.mouse.move(0, 0)
    page.screenshot(path=path)
    page.context.close()


#: Link, first chart, file and keys of the other pages: with F the fixed points are looked for.
LABORATORIES = (
    ("hidden?epoch=600&phrase=i+am+not+good", "response", "hidden.png", "ArrowRight"),
    ("gradients?epoch=300", "over_lag", "gradients.png"),
    (f"dynamics?{urlencode(PRESETS[TaskName.FLIPFLOP][0].config().to_query())}&epoch=149",
     "phase", "dynamics.png", "f"),
)  # fmt: skip


def main() -> None:
    """Write the pictures in docs/."""
    with serve() as server, chromium() as browser:
        animation(browser, server.url, DOCS / "first-minute.png")
        learned_page(browser, server.url, DOCS / "train.png", "light")
        learned_page(browser, server.url, DOCS / "train-dark.png", "dark")
        step_page(browser, server.url, DOCS / "step.png")
        for link, first, name, *keys in LABORATORIES:
            laboratory(browser, server.url, link, first, DOCS / name, *keys)


if __name__ == "__main__":
    main()
