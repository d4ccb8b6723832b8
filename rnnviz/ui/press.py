"""What a button does, once for every time that it is pressed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

from streamlit.runtime.scriptrunner import get_script_run_ctx

P = ParamSpec("P")


def pressed(action: Callable[P, object]) -> Callable[P, None]:
    """The action of a button outside the fragment that ticks.

    A tick that falls due in the very moment of a press brings the press along, which then comes
    once more by itself (Streamlit 1.67): with a tick nothing is done.
    """

    def act(*args: P.args, **kwargs: P.kwargs) -> None:
        context = get_script_run_ctx()
        if not (context and context.fragment_ids_this_run):
            action(*args, **kwargs)

    return act
