"""What a newcomer has for a discovery: five clicks and a minute."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.browser.train_page import TrainPage

MOST_CLICKS, SECONDS = 5, 60
_COUNT = """window.presses = 0;
addEventListener("pointerdown", ({ isTrusted }) => { window.presses += isTrusted; }, true)"""


@contextmanager
def discovery(page: TrainPage, besides: int = 0) -> Iterator[None]:
    """What is done here takes at most five clicks, and a minute.

    ``besides`` are the clicks that the journey can't make, such as that on a file.
    """
    began = time.monotonic()
    page.page.evaluate(_COUNT)
    yield
    clicks = page.page.evaluate("window.presses") + besides
    assert 0 < clicks <= MOST_CLICKS, clicks
    assert time.monotonic() - began < SECONDS
