"""The ASGI app of the page, for ``streamlit run app.py`` and for the command ``rnnviz``."""

from __future__ import annotations

import threading
import tomllib
import webbrowser
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware

from rnnviz.classroom.classroom import Classroom
from rnnviz.page.access_guard import Guard
from rnnviz.page.session_registry import registry
from rnnviz.page.wire import Preload, lifespan, routes
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.tasks import shipped
from rnnviz.terminal import show

INDEX = Path(__file__).with_name("index.py")
Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]


def app_options(base: str, lifespan: Lifespan = lifespan) -> dict[str, Any]:
    """The options of ``st.App``: routes below the path ``base``, middleware, and lifespan."""
    middleware = [Middleware(Guard), Middleware(Preload)]
    return {"routes": routes(base), "middleware": middleware, "lifespan": lifespan}


def serve(
    port: int | None = None,
    browser: bool = True,
    opening: Callable[[], Session | Pair] | None = None,
    query: str = "",
    classroom: Classroom | None = None,
) -> None:
    """Serve the page until Ctrl-C, on ``port`` or a free one; the browser opens it with ``query``.

    Every new tab opens the session that ``opening`` makes, and the ``classroom``, if there are any.
    """
    # Set all options before reading any: Streamlit rejects later changes.
    options = settings() | {"server.baseUrlPath": "", "logger.hideWelcomeMessage": True}
    if port is not None:
        options["server.port"] = port
    if not browser:
        options["server.headless"] = True
    registry().opening, registry().classroom = opening, classroom
    app = st.App(INDEX, **app_options("", partial(_opening, query=query)))
    with suppress(KeyboardInterrupt):
        app.run(config=options)


def settings() -> dict[str, Any]:
    """Streamlit's settings from the project's config.toml, by dotted name."""
    config = shipped(".streamlit/config.toml").read_text(encoding="utf-8")
    return dict(_dotted("", tomllib.loads(config)))


def _dotted(prefix: str, table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _dotted(f"{prefix}{name}.", value)
        else:
            yield prefix + name, value


@asynccontextmanager
async def _opening(app: Any, query: str = "") -> AsyncIterator[None]:
    async with lifespan(app):
        url = f"http://{st.get_option('server.address')}:{st.get_option('server.port')}"
        url = f"{url}/?{query}" if query else url
        with suppress(OSError):  # the output may be closed
            show(f"rnnviz: the page is at {url}. Ctrl-C ends it.")
        # Without a display Streamlit sets this option itself.
        if not st.get_option("server.headless"):
            # The port is already bound. In a thread, because ``open`` blocks with some browsers.
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        yield
