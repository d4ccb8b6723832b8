"""How long a learner waits for a lesson: ``python -m benchmarks.lessons``.

On the page each lesson is opened from the menu until its question is there, and until a guess can
be locked in. Without it the three runs of *What does a gate keep?* are trained, as while a learner
guesses.
"""

from __future__ import annotations

import statistics
import time

from playwright.sync_api import Page, expect

from benchmarks.table import Row, print_table
from rnnviz.lessons.lesson import open_lesson, shipped
from rnnviz.lessons.measures import train
from tests.browser.serving import chromium, open_page, serve, visit

#: How often each lesson is opened.
ROUNDS = 3


def opened(page: Page, name: str) -> tuple[float, float]:
    """Seconds from the press to the question, and until a guess can be locked in."""
    page.locator(".rnnviz-learn").click()
    button = page.locator(f".rnnviz-lessons [data-lesson={name}]")
    expect(button).to_be_visible()
    before = page.locator(".rnnviz-lesson").count()
    assert not before, "a lesson is left before the next one is opened"
    began = time.perf_counter()
    button.dispatch_event("click")
    page.wait_for_function("() => document.querySelector('.rnnviz-lesson')")
    asked = time.perf_counter() - began
    page.wait_for_function("() => document.querySelector('.rnnviz-lesson .lock:enabled')")
    ready = time.perf_counter() - began
    page.locator(".rnnviz-lesson .leave").dispatch_event("click")
    page.wait_for_function("() => !document.querySelector('.rnnviz-lesson')")
    return asked, ready


def trained() -> float:
    """Seconds to train the three runs that are compared at a gate."""
    runs = open_lesson(shipped()["gate"]).runs
    began = time.perf_counter()
    for name in ("main", "gru", "elman"):
        train(runs[name])
    return time.perf_counter() - began


def main() -> None:
    """Print the medians."""
    times: dict[str, list[tuple[float, float]]] = {}
    with serve() as server, chromium() as browser:
        page = open_page(browser, [])
        visit(page, server.url)
        for _ in range(ROUNDS):
            for name in shipped():
                times.setdefault(name, []).append(opened(page, name))
    rows = []
    for name, found in times.items():
        asked, ready = (statistics.median(one[k] for one in found) for k in (0, 1))
        rows.append(Row(f"{name}, ready after {ready:.1f} s", 1e3 * asked, "ms", at_most=1000))
    three = statistics.median(trained() for _ in range(3))
    print_table([*rows, Row("three runs of a lesson", three, "s", at_most=3)])


if __name__ == "__main__":
    main()
