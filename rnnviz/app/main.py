"""The page as one web app, for ``streamlit run app.py`` and for the command ``rnnviz``."""

from __future__ import annotations

import threading
import tomllib
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypedDict

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from rnnviz.app.access_guard import Guard
from rnnviz.app.wire import Preload, lifespan, routes
from rnnviz.tasks.shipped_files import shipped

INDEX = Path(__file__).with_name("pages") / "index.py"
Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]


class Parts(TypedDict):
    """What Streamlit's app is given besides its script."""

    routes: list[BaseRoute]
    middleware: list[Middleware]
    lifespan: Lifespan


def parts(base: str, around: Lifespan = lifespan) -> Parts:
    """The socket and the scripts below a base path, who may have them, and what is around."""
    return Parts(
        routes=routes(base), middleware=[Middleware(Guard), Middleware(Preload)], lifespan=around
    )


def serve(port: int | None = None, browser: bool = True) -> None:
    """Serve the page until Ctrl-C; on a free port, if none is given."""
    # No option may be asked for before all are given: Streamlit would call that a late change.
    options = settings() | {"server.baseUrlPath": "", "logger.hideWelcomeMessage": True}
    if port is not None:
        options["server.port"] = port
    if not browser:
        options["server.headless"] = True
    app = st.App(INDEX, **parts("", _opening))
    with suppress(KeyboardInterrupt):
        app.run(config=options)


def settings() -> dict[str, Any]:
    """The project's settings of Streamlit by their dotted names, as its config.toml has them."""
    config = shipped(".streamlit/config.toml").read_text(encoding="utf-8")
    return dict(_dotted("", tomllib.loads(config)))


def _dotted(prefix: str, table: dict[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in table.items():
        inner = isinstance(value, dict)
        found += _dotted(f"{prefix}{name}.", value) if inner else [(prefix + name, value)]
    return found


@asynccontextmanager
async def _opening(app: Any) -> AsyncIterator[None]:
    async with lifespan(app):
        print(f"rnnviz: the page is at {_address()}. Ctrl-C ends it.", flush=True)
        # Without a screen Streamlit is headless by itself.
        if not st.get_option("server.headless"):
            # The port is bound by now; a thread, as some browsers keep who opens them waiting.
            threading.Thread(target=webbrowser.open, args=(_address(),), daemon=True).start()
        yield


def _address() -> str:
    return f"http://{st.get_option('server.address')}:{st.get_option('server.port')}"
