"""Many tabs of one server, played by clients that answer at once: ``python -m benchmarks.tabs``.

Each has a real page and its session of Streamlit's; a client in Python then takes over its wire, so
that twenty browsers don't take time from the measured server.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from playwright.sync_api import Browser
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.live import resident, share_of_a_core
from benchmarks.table import Row, print_table
from tests.browser.serving import IDLE, Server, chromium, open_page, serve

#: Tabs, and how many of them bring what all share.
TABS, FIRST = 20, 5
#: Seconds that all play for the rate, and for the growth of memory after a while.
PLAYED, WARM, LONG = 20, 90, 300
#: So short a run that each comes to its end many times: what still grows then is lost.
LINK = "?epochs=40"
#: What is in sight on the first page at 1440 x 900.
SIGHT = ("network", "curves")
#: A client answers as a screen would, seconds.
SCREEN = 1 / 60


@dataclass
class Client:
    """Plays one tab: answers frames and counts them."""

    url: str
    ticket: str
    number: int = 0
    frames: list[float] = field(default_factory=list)

    async def live(self, seconds: float) -> None:
        """Play for so long, then begin anew: a run at its beginning holds least."""
        wire = self.url.replace("http", "ws") + "/rnnviz/wire"
        async with connect(wire, origin=self.url, max_size=None) as socket:  # type: ignore[arg-type]
            await self._say(socket, {"ticket": self.ticket, "client": secrets.token_hex(8)})
            await socket.recv()
            await self._say(socket, {"do": "watch", "pictures": SIGHT, "new": SIGHT})
            await self._command(socket, "reset")
            await self._command(socket, "play")
            reading = asyncio.create_task(self._read(socket))
            await asyncio.sleep(seconds)
            await self._command(socket, "reset")
            await asyncio.sleep(0.5)
            reading.cancel()

    async def _read(self, socket: ClientConnection) -> None:
        """Answer each frame; a run that has ended begins again."""
        seq = 0
        async for message in socket:
            if not message:  # a heartbeat
                continue
            seq += 1
            self.frames.append(time.perf_counter())
            await asyncio.sleep(SCREEN)
            await self._say(socket, {"do": "ack", "seq": seq})
            if isinstance(message, bytes) and b'"over":true' in message:
                await self._command(socket, "reset")
                await self._command(socket, "play")

    async def _command(self, socket: ClientConnection, what: str) -> None:
        self.number += 1
        await self._say(socket, {"do": what, "n": self.number})

    async def _say(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        await socket.send(json.dumps(message))

    @property
    def rate(self) -> float:
        """Frames a second, without the first two seconds."""
        seen = [at for at in self.frames if at > self.frames[0] + 2]
        return (len(seen) - 1) / (seen[-1] - seen[0])


def tickets(browser: Browser, server: Server, complaints: list[str], count: int) -> list[str]:
    """The tickets of several pages, which stay open and leave their wires to others."""
    found = []
    for _ in range(count):
        page = open_page(browser, complaints, viewport={"width": 1280, "height": 220})
        page.goto(f"{server.url}/{LINK}")
        page.wait_for_function("() => window.rnnviz?.stage?.header")
        page.locator(IDLE).wait_for()
        page.evaluate("rnnviz.wire.close()")
        found.append(str(page.evaluate("rnnviz.wire.ticket")))
    return found


def playing(server: Server, found: list[str], seconds: float) -> list[Client]:
    """All of them, played at once."""
    clients = [Client(server.url, ticket) for ticket in found]

    async def all_at_once() -> None:
        await asyncio.gather(*(client.live(seconds) for client in clients))

    # Playwright has this thread's loop.
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, all_at_once()).result()
    return clients


def measure(browser: Browser, server: Server, complaints: list[str]) -> None:
    """Measure, and print the results with their targets."""
    found = tickets(browser, server, complaints, FIRST)
    first = resident(server)
    found += tickets(browser, server, complaints, TABS - FIRST)
    idle = (resident(server) - first) / (TABS - FIRST)
    print_table([Row(f"a further session, idle, after {FIRST}", idle, "MB", at_most=3, before="8")])
    time.sleep(3)
    rest = share_of_a_core(server, 5)
    print_table([Row(f"server's CPU, {TABS} tabs at rest", rest, "%", at_most=1)])
    rates = [client.rate for client in playing(server, found, PLAYED)]
    name = f"{TABS} tabs that play: updates of each, the slowest"
    print_table([Row(name, min(rates), "/s", at_least=14, before="1.7")])
    print(f"their median: {median(rates):.1f}/s")
    playing(server, found, WARM)
    before = resident(server)
    playing(server, found, LONG)
    grown = resident(server) - before
    name = f"growth while {TABS} play for {LONG} s, after the first {WARM}"
    print_table([Row(name, grown, "MB", at_most=5, before="+56 in 2 minutes")])


def main() -> None:
    """Serve, measure, and print complaints of the pages."""
    complaints: list[str] = []
    try:
        with serve() as server, chromium() as browser:
            measure(browser, server, complaints)
    finally:
        print(*complaints, sep="\n")


if __name__ == "__main__":
    main()
