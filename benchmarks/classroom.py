"""A class of 300 phones beside a run that plays: ``python -m benchmarks.classroom``.

All open the student's page and answer within 15 seconds, and a part of them reload it and answer
again. Meanwhile the page of the projector rests, and then plays its run below the board.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, expect

from benchmarks.live import PLAY, SCREEN, answered, resident
from benchmarks.table import Row, print_table
from tests.browser.serving import chromium, open_page, serve

#: Seconds in which all come and answer; the share of those who reload, and then answer again.
SECONDS, RELOADING = 15.0, 0.2
#: Seconds between a student's questions what the class does.
POLL = 4.0


@dataclass
class Requests:
    """What was asked of the listener at ``address``: milliseconds by kind, and what was refused."""

    address: str
    times: dict[str, list[float]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    async def ask(self, kind: str, message: dict[str, Any] | None = None) -> str:
        """Open the page, or with a ``message`` answer; returns the body of the reply."""
        host, _, code = self.address.partition("/")
        name, _, port = host.partition(":")
        body = b"" if message is None else json.dumps(message).encode()
        line = f"GET /{code}" if message is None else f"POST /{code}/answer"
        head = (
            f"{line} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection(name, int(port))
        writer.write(head.encode() + body)
        reply = (await reader.read()).decode()
        writer.close()
        self.times.setdefault(kind, []).append(1e3 * (time.perf_counter() - began))
        if " 200 " not in reply.partition("\r\n")[0]:
            self.refused.append(reply.partition("\r\n")[0])
        return reply.partition("\r\n\r\n")[2]

    async def student(self, until: float) -> None:
        """Come, answer, perhaps reload and answer again, and go on asking until the end."""
        student = secrets.token_hex(16)
        left = until - time.perf_counter()
        await asyncio.sleep(random.random() * left / 3)
        page = await self.ask("page")
        number = int(re.findall(r'"lesson": (\d+)', page)[0])
        message = {"student": student, "lesson": number}
        await self.ask("poll", message)
        await asyncio.sleep(random.random() * left / 3)
        await self.ask("answer", message | {"guess": _curve()})
        if random.random() < RELOADING:
            await self.ask("page")
            await self.ask("answer", message | {"guess": _curve()})
        while time.perf_counter() < until:
            await asyncio.sleep(POLL * random.uniform(0.75, 1.25))
            await self.ask("poll", message)

    def late(self, kind: str) -> float:
        """Milliseconds within which 95% of these requests were answered."""
        times = sorted(self.times[kind])
        return times[int(0.95 * len(times))]


def _curve() -> list[float]:
    falls = random.randrange(1, 120)
    return [1.0] + [round(random.uniform(0.8, 1) if k < falls else 0.05, 4) for k in range(1, 121)]


async def _come(requests: Requests, students: int) -> None:
    until = time.perf_counter() + SECONDS
    await asyncio.gather(*(requests.student(until) for _ in range(students)))


_PROBE = "window.frames = 0; (function count() { frames++; requestAnimationFrame(count); })();"


def class_beside(page: Page, students: int, plays: bool) -> list[Row]:
    """A whole class comes, while the page rests or plays its run."""
    requests = Requests(page.locator(".rnnviz-class .join b").text_content() or "")
    if plays:
        answered(page, PLAY)
    seen = f"() => [{'rnnviz.stage.seq' if plays else 'frames'}, performance.now()]"
    before = page.evaluate(seen)
    # Playwright has this thread's loop.
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, _come(requests, students)).result()
    after = page.evaluate(seen)
    rate = 1000 * (after[0] - before[0]) / (after[1] - before[1])
    page.wait_for_timeout(2000)
    locked, _, here, *_ = page.locator(".rnnviz-class .count").inner_text().split()
    rows = [
        Row(f"{kind}: 95% of {len(requests.times[kind])}", requests.late(kind), "ms", at_most=20)
        for kind in ("page", "answer", "poll")
    ]
    wrong = abs(int(locked) - students) + abs(int(here) - students)
    what = "frames of the run" if plays else "frames of the board"
    return [
        *rows,
        Row("answers lost or doubled", wrong, "", at_most=0),
        Row("requests refused", len(requests.refused), "", at_most=0),
        Row(f"projector: {what}", rate, "/s", at_least=30),
    ]


def main() -> None:
    """Serve a class, let it come, and print the results with their targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=300)
    students = parser.parse_args().students
    complaints: list[str] = []
    try:
        with chromium() as browser:
            for plays in (False, True):
                with serve(lesson="plateau") as server:
                    page = open_page(browser, complaints, **SCREEN)
                    page.add_init_script(_PROBE)
                    page.goto(f"{server.url}/?epochs=10000&speed=1")
                    expect(page.locator(".rnnviz-class .join b")).to_be_visible()
                    page.wait_for_timeout(25_000)  # The runs of the lesson are being trained.
                    memory = resident(server)
                    print(f"The run {'plays' if plays else 'rests'}:")
                    rows = class_beside(page, students, plays)
                    grown = resident(server) - memory
                    print_table([*rows, Row("memory for the class", grown, "MB", at_most=20)])
                    page.close()
    finally:
        print(*complaints, sep="\n")


if __name__ == "__main__":
    main()
