"""The wire: a WebSocket per browser tab, and the routes of the scripts."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from rnnviz.charts.plotly_script import plotly_path, plotly_script
from rnnviz.page.class_route import class_state
from rnnviz.page.opened_file import open_file
from rnnviz.page.session_registry import registry
from rnnviz.rate_limit import RateLimit
from rnnviz.ui.stage import module_path, page_module
from rnnviz.ui.viewer import Viewer

#: Maximum number of bytes of a message: the longest phrase with every character escaped.
MAX_MESSAGE = 32_768
#: Maximum number of messages read per second, and in one burst. (A drag and its acknowledgements
#: are 120 per second.) The rest waits in the browser.
MAX_RATE, MAX_BURST = 250.0, 500.0
#: The most frames that a browser has acknowledged and not read.
MAX_UNREAD = 100
#: Seconds between two checks whether a run has caught up with its requests.
CROWDED_PAUSE = 0.02
#: Seconds within which the ticket must arrive.
HELLO_TIMEOUT = 5.0
#: Seconds without a frame after which an empty message is sent as a heartbeat.
BEAT = 1.0
#: The fields of the first message.
HELLO = ("ticket", "run", "client", "link")
#: Close codes: not JSON, too long, unknown ticket.
NOT_JSON, TOO_LONG, NO_TICKET = 1003, 1009, 4401


def routes(base: str) -> list[BaseRoute]:
    """The routes of the wire and of the scripts, below the server's base path."""
    # Streamlit prefixes only its own routes with the base path.
    base = f"/{base.strip('/')}".rstrip("/")
    return [
        WebSocketRoute(f"{base}/rnnviz/wire", wire),
        Route(f"{base}/rnnviz/open", open_file, methods=["POST"]),
        Route(f"{base}/rnnviz/class", class_state, methods=["POST"]),
        Route(f"{base}/{module_path()}", _module),
        Route(f"{base}/{plotly_path()}", _plotly),
    ]


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """End all runs with the server."""
    del app
    # All that is loaded by now stays; collecting garbage in it would pause every tab.
    gc.freeze()
    yield
    registry().stop()


async def _module(request: Request) -> Response:
    """The scripts of the page."""
    del request
    return _script(page_module())


def _plotly(request: Request) -> Response:
    """Plotly's script; in a thread, because it is read from disk."""
    del request
    return _script(plotly_script())


def _script(text: str) -> Response:
    """A script with its version in the path: the browser caches it for good."""
    headers = {
        "Cache-Control": "private, max-age=31536000, immutable",
        # Otherwise Streamlit compresses it for every tab, which takes longer than sending it.
        "Content-Encoding": "identity",
    }
    return Response(text, media_type="text/javascript", headers=headers)


class Preload:
    """ASGI middleware: a page's Link header tells the browser to preload the scripts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add a Link header to pages."""

        async def with_links(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers["Link"] = f"<./{module_path()}>; rel=modulepreload"
            await send(message)

        await self._app(scope, receive, with_links)


class _RefusedError(Exception):
    """Close the socket with a code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


async def wire(socket: WebSocket) -> None:
    """Serve one tab: it sends its ticket and then commands, and receives frames."""
    await socket.accept()
    try:
        await _serve(socket)
    except _RefusedError as refused:
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(refused.code, refused.reason)
    except WebSocketDisconnect:
        pass


async def _serve(socket: WebSocket) -> None:
    try:
        async with asyncio.timeout(HELLO_TIMEOUT):
            hello = await _receive(socket)
    except TimeoutError:
        raise _RefusedError(NO_TICKET, "no ticket came") from None
    # Lone surrogates become question marks; anything but a text is empty.
    ticket, run, client, link = (
        field.encode(errors="replace").decode() if isinstance(field := hello.get(name), str) else ""
        for name in HELLO
    )
    if not (connected := registry().connect(ticket, run, link)):
        raise _RefusedError(NO_TICKET, "no such ticket")
    tab, moved = connected
    actor, outbox = tab.actor, asyncio.Queue[bytes]()
    loop = asyncio.get_running_loop()

    def send(message: bytes) -> None:
        with suppress(RuntimeError):  # the event loop is closed
            loop.call_soon_threadsafe(outbox.put_nowait, message)

    viewer = Viewer(send, client[:40], lambda: tab.scene)
    await socket.send_text(json.dumps({"run": actor.run_id, "moved": moved}))
    actor.attach(viewer)
    sender = asyncio.create_task(_send_all(socket, outbox))
    try:
        limit = RateLimit(MAX_RATE, MAX_BURST, time.monotonic())
        while actor.alive:
            actor.receive(viewer, await _receive(socket))
            await asyncio.sleep(limit.wait(time.monotonic()))
            if outbox.qsize() > MAX_UNREAD:
                raise _RefusedError(TOO_LONG, f"more than {MAX_UNREAD} unread frames")
            # What is not read yet waits in the browser, not in the memory of this server.
            while actor.crowded and actor.alive:
                await asyncio.sleep(CROWDED_PAUSE)
        raise _RefusedError(NO_TICKET, "this run has ended")
    finally:
        actor.detach(viewer)
        sender.cancel()


async def _receive(socket: WebSocket) -> dict[str, Any]:
    """The next message, which must be a JSON object."""
    try:
        text = await socket.receive_text()
    except KeyError:
        raise _RefusedError(NOT_JSON, "not a text") from None
    except RuntimeError:
        # Sending a frame has already noticed the disconnect.
        raise WebSocketDisconnect from None
    if len(text.encode(errors="replace")) > MAX_MESSAGE:
        raise _RefusedError(TOO_LONG, f"more than {MAX_MESSAGE} bytes")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise _RefusedError(NOT_JSON, "not JSON") from None
    if not isinstance(message, dict):
        raise _RefusedError(NOT_JSON, "not a JSON object")
    return message


async def _send_all(socket: WebSocket, outbox: asyncio.Queue[bytes]) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):
        while True:
            try:
                async with asyncio.timeout(BEAT):
                    message = await outbox.get()
            except TimeoutError:
                await socket.send_text("")
            else:
                await socket.send_bytes(message)
