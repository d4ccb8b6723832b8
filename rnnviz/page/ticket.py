"""The ticket of a request: identifies its browser tab, and rejects other origins."""

from __future__ import annotations

from starlette.requests import Request

from rnnviz.page.access_guard import is_origin_allowed
from rnnviz.page.session_registry import TabSession, registry

#: The header with the secret of the tab. A page of another origin may not send it unasked.
TICKET = "x-rnnviz-ticket"


def asking_tab(request: Request) -> TabSession | None:
    """The tab with the request's ticket; None if there is none, or another origin asks."""
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    tab = registry().find(request.headers.get(TICKET, ""))
    return tab if is_origin_allowed(origin, host) else None
