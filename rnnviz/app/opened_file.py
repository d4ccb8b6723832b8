"""A file that the reader opens on the page: a run or weights, sent over HTTP for its size."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from rnnviz.app.access_guard import is_origin_allowed
from rnnviz.app.session_registry import Seat, registry
from rnnviz.exchange.foreign_network import TransferError
from rnnviz.exchange.run_archive import MAX_RUN
from rnnviz.imports.opened import session_of
from rnnviz.session import Session
from rnnviz.tasks.csv_table import TaskError

#: The header with the secret of the tab. A page of another origin may not send it unasked.
TICKET = "x-rnnviz-ticket"


async def open_file(request: Request) -> Response:
    """Open the file in the body, whose name is in the query, in the tab with the ticket.

    Of a file that can't be opened the page tells why, and its run stays as it is.
    """
    seat = registry().find(request.headers.get(TICKET, ""))
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    if seat is None or not is_origin_allowed(origin, host):
        return Response(status_code=HTTPStatus.FORBIDDEN)
    try:
        content = await _body(request)
    except ClientDisconnect:
        return Response(status_code=HTTPStatus.BAD_REQUEST)
    name = request.query_params.get("name", "")[:200] or "The file"
    problem = await asyncio.to_thread(_open, seat, name, content)
    return JSONResponse({"problem": problem})


async def _body(request: Request) -> bytes:
    """The body; of one that is too large as much as shows that it is."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size <= MAX_RUN:
            parts.append(part)
    return b"".join(parts) if size <= MAX_RUN else bytes(MAX_RUN + 1)


def _open(seat: Seat, name: str, content: bytes) -> str:
    """Show what is in the file; return why that can't be."""
    with seat.borrow() as host:
        upload = host.session.data.upload
    session: Session | None = None
    try:
        session = session_of(content, name, upload, registry().upload_store)
        problem = ""
    except (TransferError, TaskError) as refused:
        problem = str(refused)
    with seat.borrow() as host:
        if session:
            host.show(session)
        else:
            host.tell(f"Not opened. {problem}")
    return problem
