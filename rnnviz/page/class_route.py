"""The class on a projector: its page polls the state and sends the teacher's actions."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from rnnviz.classroom.classroom import Classroom
from rnnviz.classroom.listener import short_body
from rnnviz.page.session_registry import registry
from rnnviz.page.ticket import asking_tab


async def class_state(request: Request) -> Response:
    """Do what the body asks for, and return the state of the class as JSON, null without one.

    The class of this server has students with phones. In any other, a tab's own, hands are counted.
    """
    if not (tab := asking_tab(request)):
        return Response(status_code=HTTPStatus.FORBIDDEN)
    try:
        action = json.loads(await short_body(request) or b"")
    except (ValueError, RecursionError, ClientDisconnect):
        action = None
    if not isinstance(action, dict):
        return Response(status_code=HTTPStatus.BAD_REQUEST)
    if not (room := registry().classroom or tab.classroom):
        room = tab.classroom = Classroom()
    # To open a lesson its file is read.
    state = await asyncio.to_thread(_done, room, action)
    return Response(state, media_type="application/json")


def _done(room: Classroom, action: dict[str, object]) -> bytes:
    match action:
        case {"do": "open", "lesson": str(name)}:
            room.begin(name)
        case {"do": "close"}:
            room.close()
        case _:
            room.do(action)
    return orjson.dumps(room.state())
