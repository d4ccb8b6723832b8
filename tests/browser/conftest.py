"""One server and one browser a test run, one context a page; a page with a complaint fails."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.serving import Server, chromium, open_page, serve, visit
from tests.browser.train_page import TrainPage


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them on one worker: they share the server and the browser."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("browser"))


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
    assert not found, "\n".join(found)


@pytest.fixture
def opened(
    server: Server, browser: Browser, complaints: list[str]
) -> Iterator[Callable[..., TrainPage]]:
    """Opens a page, at a link if one is given, with a browser context of its own.

    It is there when its chart ``first`` is drawn.
    """
    contexts = []

    def opened(link: str = "", first: str = "loss", **options: object) -> TrainPage:
        page = open_page(browser, complaints, **options)
        contexts.append(page.context)
        visit(page, link or server.url, first)
        return TrainPage(page)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def page(opened: Callable[..., TrainPage]) -> TrainPage:
    """The page as a new visitor finds it."""
    return opened()
