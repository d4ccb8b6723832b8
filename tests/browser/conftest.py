"""One server and one browser a worker, a tab a journey; a page with a complaint fails."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests import sampling
from tests.browser.serving import (
    HEIGHT,
    Server,
    chromium,
    new_context,
    serve,
    tracebacks,
    visit,
    watched,
)
from tests.browser.train_page import TrainPage

#: These run on the other worker, with a server and a browser of their own.
OTHERS = ("access", "accessibility", "browsers", "chart", "dynamics_page", "first_screen",
          "gradients_page", "hidden_page", "network_canvas", "tokens", "what_if_page",
          "wheel")  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that share a server and a browser run on one worker.

    Without --exhaustive, of the journeys in a browser only the stories run.
    """
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            other = item.path.stem.removeprefix("test_") in OTHERS
            item.add_marker(pytest.mark.xdist_group("laboratories" if other else "browser"))
    if not sampling.exhaustive:
        left_out = [item for item in items if is_left_out(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def is_left_out(item: pytest.Item) -> bool:
    """Whether a test drives a browser, and is none of the stories that always run."""
    drives = "browser" in getattr(item, "fixturenames", ())
    return drives and item.get_closest_marker("story") is None


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def found() -> list[str]:
    """What has gone wrong on the pages so far."""
    return []


@pytest.fixture
def complaints(found: list[str]) -> Iterator[list[str]]:
    """What has gone wrong on the pages of a test; at its end there must be nothing."""
    found.clear()
    yield found
    assert not found, "\n".join([*found, tracebacks()])


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that has been on the page before: its files are in the cache."""
    with contextlib.closing(new_context(browser)) as context:
        yield context


@pytest.fixture(scope="session")
def spare() -> list[Page]:
    """The tab that the test before has left; the page opens there in half of the time."""
    return []


@pytest.fixture
def opened(
    server: Server, context: BrowserContext, complaints: list[str], spare: list[Page]
) -> Iterator[Callable[..., TrainPage]]:
    """Opens a tab, at a link if one is given; it is there when its chart ``first`` is drawn."""
    used = []

    def opened(
        link: str = "", first: str = "network", width: int = 1280, height: int = HEIGHT,
        scheme: Literal["light", "dark"] = "light",
    ) -> TrainPage:  # fmt: skip
        page = spare.pop() if spare else watched(context.new_page(), complaints)
        used.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        visit(page, link or server.url, first)
        return TrainPage(page)

    yield opened
    spare += [leave(page) for page in used[:1] if not page.is_closed()]
    for page in context.pages:
        if page not in spare:
            page.close()


def leave(page: Page) -> Page:
    """Make a tab as good as new."""
    page.evaluate("sessionStorage.clear()")
    page.goto("about:blank")
    page.mouse.move(0, 0)
    return page


@pytest.fixture
def page(opened: Callable[..., TrainPage]) -> TrainPage:
    """The page as a new visitor finds it."""
    return opened()
