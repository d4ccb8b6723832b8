"""Make the pictures of README and docs anew: ``python -m tests.browser.pictures``.

With names only those: ``python -m tests.browser.pictures replay.png``. Those of PyTorch and of the
notebook take torch and JupyterLab.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, Page, expect

import rnnviz
from rnnviz.config import RunConfig, TaskName
from rnnviz.files.replay import replay
from rnnviz.probe.session import Session
from rnnviz.tasks.data_source import PRESETS
from tests.browser.jupyter import Lab, notebook, serve_lab
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


def lesson_page(browser: Browser, url: str, path: Path) -> None:
    """What there is to see in the lesson on the plateau, after a guess that falls at once."""
    page = open_page(browser, [], viewport={"width": 1440, "height": 900})
    visit(page, f"{url}/?lesson=plateau", "curves")
    shown = TrainPage(page)
    shown.keys("1", "Enter")
    page.get_by_role("button", name="To the end").click()
    page.locator(".rnnviz-lesson[data-step=See]").wait_for()
    shown.keys("3")
    page.locator(".rnnviz-lesson .right").wait_for()
    page.wait_for_timeout(4000)
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


def laboratory(  # noqa: PLR0917
    browser: Browser, url: str, link: str, first: str, path: Path, keys: Sequence[str]
) -> None:
    """One of the other pages, its chart ``first`` drawn, after pressing ``keys``."""
    page = open_page(browser, [], viewport={"width": 1440, "height": 900})
    visit(page, f"{url}/{link}", first)
    shown = TrainPage(page)
    shown.message.get_by_text("Opened at").wait_for()
    page.wait_for_timeout(1500)
    shown.keys(*keys)
    page.wait_for_timeout(4000)
    page.mouse.move(0, 0)
    page.screenshot(path=path)
    page.context.close()


def compared(browser: Browser, url: str, path: Path) -> None:
    """Elman beside LSTM at lag 20, before any training."""
    page = open_page(browser, [], viewport={"width": 1440, "height": 900})
    elman = "task=recall&lag=20&hidden=32&init_scale=0.02&lr=0.2&batch=8&clip_by=norm&epochs=30"
    visit(page, f"{url}/?{elman}&vs=cell:lstm,forget_bias:3", "pair_network")
    page.wait_for_timeout(2500)
    page.mouse.move(0, 0)
    page.screenshot(path=path)
    page.context.close()


def swept(browser: Browser, path: Path) -> None:
    """A sweep over cell, lag and learning rate: which settings learn."""
    axes = {"cell": ["elman", "gru", "lstm"], "lag": [5, 10, 20], "lr": "0.003..0.1:log:4"}
    config = RunConfig(task=TaskName.RECALL, **_SWEPT)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "rnnviz", "runs.sqlite")
        file.parent.mkdir()
        rnnviz.sweep(config, axes, seeds=3, db=file)
        with serve(environ={"XDG_DATA_HOME": folder}) as server:
            page = open_page(browser, [], viewport={"width": 1440, "height": 900})
            link = config.to_query() | {"runs.view": "map", "runs.axes": "lag,cell"}
            visit(page, f"{server.url}/runs?{urlencode(link)}", "runs")
            page.wait_for_timeout(2500)
            page.mouse.move(0, 0)
            page.screenshot(path=path)
            page.context.close()


def replayed(browser: Browser, path: Path) -> None:
    """A replay of the default run, opened from the disk without a network, in the fall."""
    session = Session(RunConfig(epochs=450))
    session.player.advance(450)
    page = open_page(browser, [], viewport={"width": 1280, "height": 720})
    page.context.set_offline(True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "replay.html"
        file.write_text(replay(session), encoding="utf-8")
        page.goto(file.as_uri())
    page.locator("[data-picture=curves][data-drawn]").wait_for()
    page.keyboard.press("End")
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(500)
    page.screenshot(path=path)
    page.context.close()


#: The settings that all runs of the sweep have in common.
_SWEPT = {"hidden": 16, "batch": 32, "optimizer": "adam", "epochs": 20}
#: The example of the Recorder, slowed down so that it goes on while it is watched.
_LOOP = """
import time
from examples import record_pytorch
from rnnviz.torch import Recorder
class Slow(Recorder):
    def step(self, **scores):
        time.sleep(0.02)
        super().step(**scores)
record_pytorch.Recorder = Slow
record_pytorch.main()
"""


def followed(browser: Browser, path: Path) -> None:
    """The page while it follows a training loop in PyTorch."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "recall.rnnviz"
        command = [sys.executable, "-c", _LOOP]
        loop = subprocess.Popen(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)})
        try:
            while not file.exists():
                time.sleep(0.1)
            with serve(opening=file) as server:
                page = open_page(browser, [], viewport={"width": 1280, "height": 800})
                page.goto(server.url)
                page.wait_for_function("() => window.rnnviz?.stage?.header?.last >= 300", timeout=0)
                page.wait_for_timeout(1500)
                page.mouse.move(0, 0)
                page.screenshot(path=path)
                page.context.close()
        finally:
            loop.kill()
            loop.wait()


_CELLS = (
    "import rnnviz\n\nsession = rnnviz.Session(rnnviz.RunConfig(seed=1, lr=0.02))\n"
    "rnnviz.widget(session)",
    "probe = session.inspect()\nprint(session.player.progress, probe.answer)",
)


def widget(browser: Browser, path: Path) -> None:
    """A notebook in JupyterLab whose widget plays."""
    names = {"notebook.ipynb": notebook(*_CELLS)}
    with tempfile.TemporaryDirectory() as folder, serve_lab(Path(folder), names) as url:
        lab = Lab(open_page(browser, [], viewport={"width": 1280, "height": 900}))
        lab.visit(url, "notebook.ipynb")
        lab.page.keyboard.press("Control+b")
        lab.run(0)
        lab.expect_drawn()
        lab.press("Play")
        expect(lab.epoch.first).to_contain_text(
            re.compile(r"^(4[3-9]|[5-9]\d)\d of"), timeout=60_000
        )
        lab.page.screenshot(path=path)
        lab.page.context.close()


#: Link, first chart, file and keys of the other pages: with F the fixed points are looked for.
LABORATORIES = (
    ("hidden?epoch=600&phrase=i+am+not+good", "response", "hidden.png", "ArrowRight"),
    ("gradients?epoch=80", "over_lag", "gradients.png"),
    (f"dynamics?{urlencode(PRESETS[TaskName.FLIPFLOP][0].config().to_query())}&epoch=149",
     "phase", "dynamics.png", "f"),
    (f"?{urlencode(PRESETS[TaskName.ELNINO][0].config().to_query())}&epoch=9",
     "network", "series.png"),
    (f"?{urlencode(PRESETS[TaskName.SUNSPOTS][0].config().to_query())}&epoch=39&ask=wrong",
     "better", "forecasts.png"),
)  # fmt: skip


def main(*names: str) -> None:
    """Write the pictures in docs/ with these names, or all of them."""
    with serve() as server, chromium() as browser:
        for name, draw in _drawings(browser, server.url).items():
            if not names or name in names:
                draw(DOCS / name)


def _drawings(browser: Browser, url: str) -> dict[str, Callable[[Path], None]]:
    """What draws each picture, by its name."""
    drawings: dict[str, Callable[[Path], None]] = {
        "first-minute.png": partial(animation, browser, url),
        "train.png": partial(learned_page, browser, url, scheme="light"),
        "train-dark.png": partial(learned_page, browser, url, scheme="dark"),
        "pair.png": partial(compared, browser, url),
        "lesson.png": partial(lesson_page, browser, url),
        "step.png": partial(step_page, browser, url),
        "replay.png": partial(replayed, browser),
        "recording.png": partial(followed, browser),
        "runs.png": partial(swept, browser),
        "notebook.png": partial(widget, browser),
    }
    for link, first, name, *keys in LABORATORIES:
        drawings[name] = partial(laboratory, browser, url, link, first, keys=keys)
    return drawings


if __name__ == "__main__":
    main(*sys.argv[1:])
