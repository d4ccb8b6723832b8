"""The content of a file that is saved from the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rnnviz.files.foreign_network import TransferError
from rnnviz.files.script import ScriptError
from rnnviz.probe.session import Session
from rnnviz.tasks.csv_table import TaskError
from rnnviz.ui.browser_session import Host, Seat

T = TypeVar("T")


def saved(seat: Seat[Host], content: Callable[[Session], T]) -> T:
    """The content, made of the session as it is now.

    What can't be saved is said on the page too: of an error, Streamlit says only that there is one.
    """
    with seat.borrow() as host:
        try:
            return content(host.session)
        except (TransferError, TaskError, ScriptError) as problem:
            host.tell(f"Not saved. {problem}")
            raise
