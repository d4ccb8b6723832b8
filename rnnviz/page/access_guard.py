"""Guard: admits only this server's pages and host names; pages load nothing from elsewhere.

Streamlit 1.67 accepts a WebSocket from any port of this machine, does not check our own socket, and
asks an internet host for this machine's address when a foreign page connects.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

#: WebSocket close code "policy violation"; the browser sees HTTP 403.
VIOLATION = 1008
#: A page may load files of this server and its own data. Streamlit runs the scripts of components
#: from blobs. It has one inline script, allowed by its hash.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "script-src 'self' blob: 'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='; "
    "font-src 'self' data:; object-src 'none'; frame-ancestors 'self'; base-uri 'self'; "
    "form-action 'none'"
)
#: The hosts allowed if none are configured.
LOOPBACK = ("127.0.0.1", "localhost", "::1")
#: A Host header (RFC 9110): a name, an IPv4 address, or an IPv6 address in brackets; and a port.
_HOST = re.compile(r"(?P<name>[\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?", re.ASCII | re.IGNORECASE)


class Guard:
    """ASGI middleware in front of every page and socket, Streamlit's included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse foreign hosts and origins; forbid framing, and loading from elsewhere."""
        app, headers = self._app, Headers(raw=scope.get("headers", []))
        host, origin = headers.get("host", ""), headers.get("origin")
        if scope["type"] == "websocket":
            if not (is_host_allowed(host) and is_origin_allowed(origin, host)):
                app = WebSocketClose(VIOLATION)
        elif scope["type"] == "http":
            if is_host_allowed(host):
                send = _with_policy(send, host)
            else:
                app = PlainTextResponse(
                    f"rnnviz is not served under the name {host[:100]!r}. Open the "
                    "address that it printed, or add the name to server.allowedHosts in "
                    ".streamlit/config.toml.\n",
                    403,
                )
        await app(scope, receive, send)


def is_host_allowed(host: str) -> bool:
    """Whether the Host header names this server; prevents DNS rebinding."""
    hosts: Collection[str] = st.get_option("server.allowedHosts") or LOOPBACK
    named = _HOST.fullmatch(host)
    # A Host header has IPv6 addresses in brackets.
    allowed = {f"[{host}]" if ":" in host else host for host in hosts}
    return "*" in hosts or (named is not None and named["name"].lower() in allowed)


def is_origin_allowed(origin: str | None, host: str) -> bool:
    """Whether a page of this host, or an allowed proxy's page, opens the socket."""
    own = (f"http://{host}", f"https://{host}")
    return origin in own or origin in (st.get_option("server.corsAllowedOrigins") or ())


def _with_policy(send: Send, host: str) -> Send:
    # In some browsers 'self' excludes sockets.
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    policy = f"{POLICY}; connect-src 'self'{sockets}"

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["X-Frame-Options"] = "SAMEORIGIN"
            headers["Content-Security-Policy"] = policy
        await send(message)

    return with_headers
