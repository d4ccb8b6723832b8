"""What a notebook does with a widget, in Python."""

import asyncio
import functools
import time
from concurrent.futures import ThreadPoolExecutor

from rnnviz.notebook.session_widget import WidgetViews
from tests.unit.page.browser import unpacked

#: Seconds that anything may take.
PATIENCE = 30.0


def in_kernel(test):
    """Run a test on an event loop, as a kernel runs a cell."""

    @functools.wraps(test)
    def run(*args, **options):
        on_a_loop(test(*args, **options))

    return run


def on_a_loop(work):
    """Run a coroutine on a loop of its own: Playwright may have that of this thread."""
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, work).result()


async def until(found):
    """Wait for a condition; the kernel works meanwhile."""
    end = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.002)


async def rest(seconds=0.15):
    """Let the kernel do what it has to."""
    await asyncio.sleep(seconds)


class Page:
    """A page of the notebook with views of one widget: it answers at once until it is ``slow``."""

    def __init__(self, session):
        self.views = WidgetViews(session, self.take)
        self.slow, self.sent, self.frames, self.number = False, [], [], 0

    def take(self, message, buffers):
        self.sent.append(message)
        if buffers:
            (buffer,) = buffers
            self.frames.append({"view": message["view"], **unpacked(buffer)})
            if not self.slow:
                self.answer()

    def answer(self):
        self.say("ack", self.header["view"], seq=self.header["seq"])

    @property
    def header(self):
        return self.frames[-1]

    def say(self, do, view="a", **options):
        self.views.receive({"view": view, "do": do, **options})

    def press(self, do, view="a", **options):
        self.number += 1
        self.say(do, view, n=self.number, **options)

    async def show(self, view="a", dark=False):
        """Open a view, and wait until it is drawn."""
        self.say("hello", view, dark=dark)
        self.say("watch", view, pictures=["network", "curves"], new=["network", "curves"])
        await until(lambda: any(self.pictures_of(view)))

    def pictures_of(self, view):
        return [set(frame["pictures"]) for frame in self.frames if frame["view"] == view]
