"""Listener: a server of its own for students, with two routes: their page and their answers."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from rnnviz.classroom.board import AnswerError
from rnnviz.classroom.classroom import Classroom
from rnnviz.classroom.student_page import content_policy, student_page
from rnnviz.rate_limit import RateLimit

#: The most bytes of an answer.
MAX_ANSWER = 4_096
#: The most requests a second, and at once, from one address: a class may share one.
MAX_RATE, MAX_BURST = 300.0, 1_000.0
#: The most addresses that are remembered.
_MOST_ADDRESSES = 2_000
#: Seconds that a connection may last, however slow the client is.
LONGEST = 10.0
#: The most connections at once.
MOST_CONNECTIONS = 600
#: A code is easy to read out and to type.
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"
_CODE_LENGTH = 4
_HEADERS = {
    "Cache-Control": "no-store", "Connection": "close", "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
}  # fmt: skip


def new_code() -> str:
    """A code for the path of a class."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))


def student_app(room: Classroom, code: str) -> Starlette:
    """The app that students reach: /CODE and /CODE/answer, nothing else."""

    async def page(request: Request) -> Response:
        now = room.now
        if request.path_params["code"].upper() != code or not now:
            return _nothing(request)
        return Response(student_page(now.page()), media_type="text/html")

    async def answer(request: Request) -> Response:
        if request.path_params["code"].upper() != code:
            return _nothing(request)
        try:
            body = await short_body(request)
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        if body is None:
            long = f"An answer has at most {MAX_ANSWER} bytes."
            return PlainTextResponse(long, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            message = json.loads(body)
            if not isinstance(message, dict):
                raise AnswerError("An answer is a JSON object.")
            shown = room.hear(message)
        except AnswerError as problem:
            return PlainTextResponse(str(problem), HTTPStatus.UNPROCESSABLE_ENTITY)
        except (ValueError, RecursionError):
            return PlainTextResponse("This is not JSON.", HTTPStatus.UNPROCESSABLE_ENTITY)
        return _nothing(request) if shown is None else JSONResponse(shown)

    routes = [
        Route("/{code}", page, methods=["GET"]),
        Route("/{code}/answer", answer, methods=["POST"]),
    ]
    app = Starlette(
        routes=routes, middleware=[Middleware(StudentGuard)],
        exception_handlers={404: _nothing, 405: _nothing},
    )  # fmt: skip
    app.router.redirect_slashes = False
    return app


def _nothing(*_: object) -> Response:
    return PlainTextResponse("There is nothing here.", HTTPStatus.NOT_FOUND)


async def short_body(request: Request) -> bytes | None:
    """The body, None as soon as it is too long."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_ANSWER:
            return None
    return body


class StudentGuard:
    """ASGI middleware: checks the Host and Origin headers and limits the request rate."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._policy = app, content_policy()
        self._limits: dict[str, RateLimit] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse foreign hosts and origins, and floods; forbid framing and loading."""
        if scope["type"] != "http":  # The app has no sockets.
            return await self._app(scope, receive, send)
        app, headers = self._app, Headers(raw=scope["headers"])
        hosts = _names_of(*scope["server"])
        origin = headers.get("origin")
        origins = {f"http://{host}" for host in hosts}
        if headers.get("host") not in hosts:
            app = PlainTextResponse("The class is not at this address.", HTTPStatus.FORBIDDEN)
        elif origin not in origins and (origin or scope["method"] != "GET"):
            app = PlainTextResponse("Another page can't answer.", HTTPStatus.FORBIDDEN)
        elif self._floods(scope["client"][0]):
            app = PlainTextResponse("Too many requests.", HTTPStatus.TOO_MANY_REQUESTS)
        return await app(scope, receive, self._closing(send))

    def _floods(self, address: str) -> bool:
        now = time.monotonic()
        if len(self._limits) >= _MOST_ADDRESSES:
            self._limits.clear()
        limit = self._limits.setdefault(address, RateLimit(MAX_RATE, MAX_BURST, now))
        return not limit.admits(now)

    def _closing(self, send: Send) -> Send:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers["Content-Security-Policy"] = self._policy
            await send(message)

        return with_headers


def _names_of(address: str, port: int) -> set[str]:
    """The Host headers of an address; a browser leaves port 80 out."""
    name = f"[{address}]" if ":" in address else address
    return {f"{name}:{port}", *([name] if port == 80 else [])}


class _BriefConnection(H11Protocol):  # type: ignore[misc]
    """A connection that is cut if it lasts too long, even before it has asked for anything."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        asyncio.get_running_loop().call_later(LONGEST, transport.abort)


@contextmanager
def listening(room: Classroom, code: str, bound: socket.socket) -> Iterator[None]:
    """Serve students at a bound socket, in a thread, until the context ends."""
    config = uvicorn.Config(
        student_app(room, code), http=_BriefConnection, ws="none", loop="asyncio", lifespan="off",
        log_config=None, access_log=False, server_header=False, proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([bound],), daemon=True, name="students")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
