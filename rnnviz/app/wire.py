"""The wire: a WebSocket for each browser tab, and the scripts that it needs."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import plotly
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from rnnviz.app.tab_registry import registry
from rnnviz.app.viewer import Viewer

STATIC = Path(__file__).with_name("static")
PLOTLY = Path(plotly.__file__).parent / "package_data"
#: The path of plotly.js, below that of the wire.
PLOTLY_PATH = PurePosixPath("plotly", plotly.__version__, "plotly.min.js")
#: Bytes of a message at most: the longest phrase that is read, every sign of it escaped.
MAX_MESSAGE = 32_768
#: Messages that are read a second, for long and at once: a drag and its answers are 120. Others
#: wait in their browser.
MAX_RATE, MAX_BURST = 250.0, 500.0
#: Seconds until the ticket must have come.
HELLO = 5.0
#: Close codes: not JSON; too long; no such ticket.
NOT_JSON, TOO_LONG, NO_TICKET = 1003, 1009, 4401


def routes(base: str) -> list[BaseRoute]:
    """The routes of the wire and its scripts, below the server's base path."""
    # Streamlit puts its base path before its own routes alone.
    base = f"/{base.strip('/')}".rstrip("/")
    return [
        WebSocketRoute(f"{base}/rnnviz/wire", wire),
        Mount(f"{base}/rnnviz/static/{version()}", _Unchanging(directory=STATIC)),
        Mount(f"{base}/rnnviz/{PLOTLY_PATH.parent}", _Unchanging(directory=PLOTLY)),
    ]


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """End all runs with the server."""
    del app
    yield
    registry().stop()


def host_path() -> str:
    """The path of the script that brings the stage into the page, below that of the wire."""
    return f"static/{version()}/host_streamlit.js"


@cache
def version() -> str:
    """A name for what is in the scripts: in their path, so that no browser uses older ones."""
    scripts = (path.read_bytes() for path in sorted(STATIC.glob("*.js")))
    return hashlib.md5(b"".join(scripts), usedforsecurity=False).hexdigest()[:8]


class _Unchanging(StaticFiles):
    """Files whose path names their version: a browser asks for each once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
        # Streamlit would compress it for every tab, which takes longer than to send it.
        response.headers["Content-Encoding"] = "identity"
        return response


class Preload:
    """ASGI middleware: tells a browser, with the page itself, which scripts it will need."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        plot, host = (f"<./rnnviz/{path}>" for path in (PLOTLY_PATH, host_path()))
        self._links = f"{plot}; rel=preload; as=script, {host}; rel=modulepreload"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add a Link header to pages."""

        async def with_links(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers["Link"] = self._links
            await send(message)

        await self._app(scope, receive, with_links)


class _RefusedError(Exception):
    """The socket is to be closed, with a code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


async def wire(socket: WebSocket) -> None:
    """One tab: it says its ticket, then commands; it is sent frames."""
    await socket.accept()
    try:
        await _serve(socket)
    except _RefusedError as refused:
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(refused.code, refused.reason)
    except WebSocketDisconnect:
        pass


async def _serve(socket: WebSocket) -> None:
    hello = await _hello(socket)
    ticket, run, link = (str(hello.get(name) or "") for name in ("ticket", "run", "link"))
    found = registry().welcome(ticket, run, link)
    if found is None:
        raise _RefusedError(NO_TICKET, "no such ticket")
    seat, moved = found
    actor, outbox = seat.actor, asyncio.Queue[bytes]()
    loop = asyncio.get_running_loop()

    def pipe(message: bytes) -> None:
        with suppress(RuntimeError):  # the server has stopped
            loop.call_soon_threadsafe(outbox.put_nowait, message)

    viewer = Viewer(pipe, str(hello.get("client"))[:40], lambda: seat.scene)
    await socket.send_text(json.dumps({"run": actor.run_id, "moved": moved}))
    actor.attach(viewer)
    sender = asyncio.create_task(_send(socket, outbox))
    try:
        budget = _Budget(time.monotonic())
        while actor.alive:
            actor.hear(viewer, await _receive(socket))
            await asyncio.sleep(budget.wait(time.monotonic()))
        raise _RefusedError(NO_TICKET, "this run has ended")
    finally:
        actor.detach(viewer)
        sender.cancel()


async def _hello(socket: WebSocket) -> dict[str, Any]:
    try:
        async with asyncio.timeout(HELLO):
            return await _receive(socket)
    except TimeoutError:
        raise _RefusedError(NO_TICKET, "no ticket came") from None


async def _receive(socket: WebSocket) -> dict[str, Any]:
    """The next message, a JSON object."""
    try:
        text = await socket.receive_text()
    except KeyError:
        raise _RefusedError(NOT_JSON, "not a text") from None
    except RuntimeError:
        # A frame that could not be sent has found out before.
        raise WebSocketDisconnect from None
    if len(text.encode(errors="replace")) > MAX_MESSAGE:
        raise _RefusedError(TOO_LONG, f"more than {MAX_MESSAGE} bytes")
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise _RefusedError(NOT_JSON, "not JSON") from None
    if not isinstance(said, dict):
        raise _RefusedError(NOT_JSON, "not a JSON object")
    return said


class _Budget:
    """How many messages may still come at once; it fills up again with time."""

    def __init__(self, now: float) -> None:
        self._left, self._last = MAX_BURST, now

    def wait(self, now: float) -> float:
        """Seconds to wait after one more has come."""
        self._left = min(MAX_BURST, self._left + MAX_RATE * (now - self._last)) - 1
        self._last = now
        return max(0.0, -self._left / MAX_RATE)


async def _send(socket: WebSocket, outbox: asyncio.Queue[bytes]) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await socket.send_bytes(await outbox.get())
