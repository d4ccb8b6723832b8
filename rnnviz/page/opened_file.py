"""A file opened on the page: a run or weights, sent over HTTP because of its size."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from pathlib import PurePath

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from rnnviz.files.foreign_network import TransferError
from rnnviz.files.opened import OPENS, AwaitedRun, AwaitedWeights, session_of
from rnnviz.files.run_archive import MAX_RUN
from rnnviz.files.run_file import DataMissingError
from rnnviz.files.weights_file import WordsMissingError
from rnnviz.page.session_host import abandoned_if
from rnnviz.page.session_registry import TabSession, registry
from rnnviz.page.ticket import asking_tab
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.data.rows import TABLES
from rnnviz.ui.viewer import UnavailableError

#: The message for a recording: the original may still grow.
_COPY = "This is a copy; rnnviz open follows a recording while it grows."
#: Maximum number of files, of up to 100 MB each, that arrive and are opened at once.
MOST_AT_ONCE = 3
#: Seconds in which a file must arrive, so that none blocks the others.
ARRIVAL_TIMEOUT = 60.0
_BUSY = "Other files are being opened here: try again in a moment."
#: The suffixes of tables and texts.
_DATA = (".txt", *TABLES)
_SLOTS = asyncio.Semaphore(MOST_AT_ONCE)
_LOG = logging.getLogger(__name__)


async def open_file(request: Request) -> Response:
    """Open the file in the body, whose name is in the query, in the tab with the ticket.

    If it can't be opened, the page says why, and its run stays as it is. A table that nothing
    awaits is left to the page's box of own data, if the query says that there is one.
    """
    if not (tab := asking_tab(request)):
        return Response(status_code=HTTPStatus.FORBIDDEN)
    if _SLOTS.locked():
        return _refuse(tab, HTTPStatus.SERVICE_UNAVAILABLE, _BUSY)
    name = request.query_params.get("name", "")[:200] or "The file"
    async with _SLOTS:
        try:
            async with asyncio.timeout(ARRIVAL_TIMEOUT):
                content = await _body(request)
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        except TimeoutError:
            late = f"{name[:60]} did not arrive within {ARRIVAL_TIMEOUT:g} seconds: try again."
            return _refuse(tab, HTTPStatus.REQUEST_TIMEOUT, late)
        if "box" in request.query_params and _is_for_box(tab, name):
            if request.query_params["box"] == "closed":
                tab.actor.post(lambda host: host.tell(f"{name[:60]} is in the sidebar: open it."))
            return JSONResponse({"problem": "", "table": True})
        # The body is complete: the next message can only be a disconnect.
        leaving = asyncio.ensure_future(request.receive())
        try:
            problem = await asyncio.to_thread(_open, tab, name, content, leaving.done)
        except UnavailableError as busy:
            problem = str(busy)
        finally:
            leaving.cancel()
    return JSONResponse({"problem": problem})


def _is_for_box(tab: TabSession, name: str) -> bool:
    """Whether a file is a table or a text that no opened file awaits."""
    awaited = tab.actor.awaited
    # The data of a run can have any name, the words of weights only that of a text.
    wanted = _DATA if isinstance(awaited, AwaitedRun) else (".txt",) if awaited else ()
    return name.lower().endswith(_DATA) and not name.lower().endswith(wanted)


def _refuse(tab: TabSession, status: HTTPStatus, problem: str) -> Response:
    tab.actor.post(lambda host: host.tell(f"Not opened. {problem}"))
    return JSONResponse({"problem": problem}, status)


async def _body(request: Request) -> bytes:
    """The body; one that is too large is cut to one byte more than allowed."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size <= MAX_RUN:
            parts.append(part)
    return b"".join(parts) if size <= MAX_RUN else bytes(MAX_RUN + 1)


def _open(tab: TabSession, name: str, content: bytes, gone: Callable[[], bool]) -> str:
    """Show the session in the file; returns the problem, or "".

    Raises UnavailableError, also once the browser is ``gone``: nothing has changed then.
    """
    # A file that waits for another one is not refused.
    session, problem, refused = None, "", "Not opened. "
    awaited = tab.actor.awaited
    try:
        with abandoned_if(lambda: gone() or tab.actor.deserted):
            session = _session(tab, name, content)
    except DataMissingError as missing:
        tab.actor.awaited = AwaitedRun(name, content, missing.wanted)
        problem, refused = str(missing), ""
    except WordsMissingError as missing:
        tab.actor.awaited = AwaitedWeights(name, content)
        problem, refused = str(missing), ""
    except (TransferError, TaskError) as why:
        problem = str(why)
    except UnavailableError:
        tab.actor.awaited = awaited
        raise
    except Exception as why:  # Whatever it is, the reader is told, and the run goes on.
        _LOG.error("not foreseen in %.60r: %.200r", name, why)
        problem = f"{name[:60]}: can't be read. It may be damaged: save or send it again."
    with tab.host() as host:
        if session:
            tab.actor.awaited = None
            host.show(session)
            if host.session.player.recorded:
                host.tell(f"{_COPY} {host.session.player.message}")
        else:
            host.tell(f"{refused}{problem}")
    return problem


def _session(tab: TabSession, name: str, content: bytes) -> Session | Pair:
    """What is in a file, or in the one that awaits it; raises TransferError or TaskError."""
    awaited, store = tab.actor.awaited, registry().upload_store
    if awaited and awaited.take(name, content):
        if awaited.missing:
            raise TransferError(f"{awaited.name[:60]} still needs {awaited.missing}.")
        if isinstance(awaited, AwaitedRun):
            tab.actor.awaited = None  # It opens, or it is damaged.
        return awaited.session(store)
    if awaited and PurePath(name).suffix.lower() not in OPENS:
        changed = ", or was changed since" * isinstance(awaited, AwaitedRun)
        raise TransferError(
            f"{awaited.name[:60]} needs {awaited.missing}, and {name[:60]} is another "
            f"file{changed}."
        )
    with tab.host() as host:
        data, upload = host.session.data, host.session.data.upload
    if data.given is not None and name.lower().endswith(_DATA):
        raise TransferError(
            f"{name[:60]}: this run has the data that came with it. Drop the file on a page "
            "without this run: a new tab without its link, or rnnviz without a file."
        )
    return session_of(content, name, upload, store)
