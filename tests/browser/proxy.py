"""A reverse proxy that takes a path away, as shared machines put one before the servers of many."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from dataclasses import dataclass

HEAD_END = "\r\n\r\n"
NOT_HERE = b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@contextlib.contextmanager
def proxy(path: str, port: int, renames: bool = False, delay: float = 0.0) -> Iterator[str]:
    """Run a proxy: its address, with ``path``, leads to the server on ``port``, without it.

    The server is told the Host that the browser asked for; with ``renames`` it is told its own.
    What it says on a socket takes ``delay`` seconds, as over a long line.
    """
    route, over = _Route(path, port, renames, delay), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=asyncio.run, args=(_serve(door, route, over),))
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}{path}"
        finally:
            over.set()
            thread.join()


@contextlib.contextmanager
def cut() -> Iterator[None]:
    """Cut every line of every proxy; new ones are refused meanwhile."""
    _CUT.set()
    for line in [*_LINES]:
        line.get_loop().call_soon_threadsafe(line.cancel)
    try:
        yield
    finally:
        _CUT.clear()


_CUT = threading.Event()
#: What carries the lines that are open.
_LINES: set[asyncio.Task[None]] = set()


async def _serve(door: socket.socket, route: _Route, over: threading.Event) -> None:
    server = await asyncio.start_server(route.carry, sock=door)
    await asyncio.to_thread(over.wait)
    server.close()


@dataclass(frozen=True)
class _Route:
    """Where requests go on to, and how they change on the way."""

    path: str
    port: int
    renames: bool
    delay: float

    async def carry(self, asked: StreamReader, answer: StreamWriter) -> None:
        """Carry one connection; browsers also open some that they never use."""
        line = asyncio.current_task()
        if _CUT.is_set() or line is None:
            answer.close()
            return
        _LINES.add(line)
        line.add_done_callback(_LINES.discard)
        # At the end of all asyncio cancels those that are open, and would complain of it.
        broken = (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError)
        with contextlib.suppress(*broken), contextlib.closing(answer):
            head = (await asked.readuntil(HEAD_END.encode())).decode("latin-1")
            if f" {self.path}/" not in head.splitlines()[0]:
                answer.write(NOT_HERE)
                return
            delay = self.delay if "\r\nupgrade:" in head.lower() else 0.0
            there, to_there = await asyncio.open_connection("127.0.0.1", self.port)
            to_there.write(self.rewritten(head).encode("latin-1"))
            await asyncio.gather(_pipe(asked, to_there), _pipe(there, answer, delay))

    def rewritten(self, head: str) -> str:
        """The head of a request as the server gets it."""
        request, *lines = head.removesuffix(HEAD_END).split("\r\n")
        parts = (line.partition(": ") for line in lines)
        fields = {name.lower(): value for name, _, value in parts}
        if "upgrade" not in fields:
            # One request a connection: a second one would keep its path.
            fields["connection"] = "close"
        if self.renames:
            fields["host"] = f"127.0.0.1:{self.port}"
        told = (request.replace(self.path, "", 1), *map(": ".join, fields.items()))
        return "\r\n".join(told) + HEAD_END


async def _pipe(source: StreamReader, sink: StreamWriter, delay: float = 0.0) -> None:
    """Pass on all bytes; whichever side ends first ends the connection."""
    with contextlib.closing(sink):
        while data := await source.read(65_536):
            await asyncio.sleep(delay)
            sink.write(data)
            await sink.drain()
