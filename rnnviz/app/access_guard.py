"""Guard: only pages of this server may open its sockets, under its own names.

Streamlit 1.67 lets pages of any port of this machine open its socket, checks no socket of ours,
and asks a host on the internet for this machine's address when a page of elsewhere knocks.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

#: The close code of a socket that may not be opened; the browser sees HTTP 403.
POLICY = 1008
#: The hosts that are meant where no others are named.
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_FRAMES = "frame-ancestors 'self'"


class Guard:
    """ASGI middleware, before all pages and sockets, Streamlit's own too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what comes from elsewhere; let no foreign page frame ours."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if scope["type"] == "websocket":
            if not is_host_allowed(host) or not is_origin_allowed(origin, host):
                await WebSocketClose(POLICY)(scope, receive, send)
                return
            await self._app(scope, receive, send)
        elif not is_host_allowed(host):
            await PlainTextResponse(_not_here(host), 403)(scope, receive, send)
        else:
            await self._app(scope, receive, _unframed(send))


def is_host_allowed(host: str) -> bool:
    """Whether this server is meant: a name of elsewhere that leads here is not (DNS rebinding)."""
    hosts: Collection[str] = st.get_option("server.allowedHosts") or LOOPBACK
    return "*" in hosts or _name(host) in hosts


def is_origin_allowed(origin: str | None, host: str) -> bool:
    """Whether a page of ours speaks; behind a proxy that changes the host, one of its own."""
    if origin is None:
        return False
    return _netloc(origin) == host or origin in (st.get_option("server.corsAllowedOrigins") or ())


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _not_here(host: str) -> str:
    return (
        f"rnnviz is not served under the name {host[:100]!r}. Open http://127.0.0.1 with the port "
        "that it printed, or add the name to server.allowedHosts in .streamlit/config.toml.\n"
    )


def _unframed(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["X-Frame-Options"] = "SAMEORIGIN"
            headers["Content-Security-Policy"] = _FRAMES
        await send(message)

    return with_headers
