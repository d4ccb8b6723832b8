"""One server and one browser a worker, a tab a journey; a page with a complaint fails."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.serving import (
    HEIGHT,
    Server,
    chromium,
    new_context,
    serve,
    tracebacks,
    visit,
    watch,
)
from tests.browser.train_page import TrainPage

#: These run on the other worker, with a server and a browser of their own.
OTHERS = ("access", "accessibility", "browsers", "chart", "dynamics_page", "first_screen",
          "gradients_page", "hidden_page", "network_canvas", "tokens", "what_if_page",
          "wheel")  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a server and a browser run on one worker."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            other = item.path.stem.removeprefix("test_") in OTHERS
            item.add_marker(pytest.mark.xdist_group("laboratories" if other else "browser"))


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What has gone wrong on the pages of a test; at its end there must be nothing."""
    found: list[str] = []
    yield found
    assert not found, "\n".join([*found, tracebacks()])


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that has been on the page before: its files are in the cache."""
    with contextlib.closing(new_context(browser)) as context:
        yield context


@pytest.fixture
def opened(
    server: Server, context: BrowserContext, complaints: list[str]
) -> Iterator[Callable[..., TrainPage]]:
    """Opens a tab, at a link if one is given; it is there when its chart ``first`` is drawn."""

    def opened(
        link: str = "", first: str = "network", width: int = 1280, height: int = HEIGHT,
        scheme: Literal["light", "dark"] = "light",
    ) -> TrainPage:  # fmt: skip
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        watch(page, complaints)
        visit(page, link or server.url, first)
        return TrainPage(page)

    yield opened
    for page in context.pages:
        page.close()


@pytest.fixture
def page(opened: Callable[..., TrainPage]) -> TrainPage:
    """The page as a new visitor finds it."""
    return opened()
