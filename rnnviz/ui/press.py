"""What a button does, once for every time that it is pressed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ParamSpec
from weakref import WeakKeyDictionary

import streamlit as st
from streamlit.runtime.fragment import FragmentStorage
from streamlit.runtime.scriptrunner import get_script_run_ctx

P = ParamSpec("P")
Press = Callable[[], object]

#: The key of the fragment that ticks.
FRAGMENT = "live"
#: The page that has run to its end, of every tab, which is known by its store of fragments.
_complete: WeakKeyDictionary[FragmentStorage, str] = WeakKeyDictionary()


def pressed(action: Callable[P, object], soon: bool = False) -> Callable[P, None]:
    """The action of a button outside the fragment that ticks.

    Where the fragment runs alone it is put aside, and ``put_aside`` says whether it counts. What is
    to be seen ``soon`` the fragment shows first, before all of the page runs, see ``owed``.
    """

    def act(*args: P.args, **kwargs: P.kwargs) -> None:
        press, context = partial(action, *args, **kwargs), get_script_run_ctx()
        if context and context.fragment_ids_this_run:
            st.session_state.setdefault("presses", []).append(press)
            return
        press()
        if soon and context and _complete.get(context.fragment_storage) == context.page_script_hash:
            st.session_state["owed"] = True
            st.rerun(FRAGMENT)

    return act


def begin_page() -> None:
    """Say that all of the page runs: until its end the fragment can't run alone.

    What it fills may not be there yet, and Streamlit's own page breaks down at that (1.67). It has
    to be said first of all: a run that is overtaken ends at the first use of Streamlit.
    """
    context = get_script_run_ctx()
    if context:
        _complete.pop(context.fragment_storage, None)


def complete_page() -> None:
    """Say that all of the page has run."""
    context = get_script_run_ctx()
    if context:
        _complete[context.fragment_storage] = context.page_script_hash


def owed() -> bool:
    """Whether the page still has to run, since the fragment came first; true only once."""
    return bool(st.session_state.pop("owed", False))


def inside(action: Callable[P, object]) -> Callable[P, None]:
    """The action of what is itself in the fragment: a button, a chart, a slider."""

    def act(*args: P.args, **kwargs: P.kwargs) -> None:
        st.session_state["led"] = True
        action(*args, **kwargs)

    return act


def put_aside() -> list[Press]:
    """The presses that came with the fragment and are still to be done.

    A tick that falls due in the very moment of a press brings it along, and it comes once more by
    itself. Something done in that moment ``inside`` the fragment brings it along too, and then it
    doesn't come again (Streamlit 1.67).
    """
    presses: list[Press] = st.session_state.pop("presses", [])
    return presses if st.session_state.pop("led", False) else []


def give_way() -> None:
    """End this run here where the page is to run: a press waits for it.

    Streamlit 1.67 looks whether one does when its state is looked at.
    """
    st.session_state.get("presses")
