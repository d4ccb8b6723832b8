"""The menus *Open*, *Export* and *Keep*: files as a run, and a run as files or in *Runs*."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import streamlit as st

from rnnviz.files.numbers import zip_of
from rnnviz.files.output import history_json, numbers
from rnnviz.files.replay import MOST_PHRASES, offered_phrases, replay, usual_phrases
from rnnviz.files.run_archive import MAX_RUN
from rnnviz.files.run_file import run_file
from rnnviz.files.script import problem_of, script
from rnnviz.files.weights_file import safetensors_file, weights_file
from rnnviz.page.every_picture import every_picture
from rnnviz.page.session_registry import TabSession, get_tab
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.questions.runs.measure import RunsLab
from rnnviz.questions.runs.opening import MOST_NOTE, keep
from rnnviz.ui.browser_session import saved
from rnnviz.ui.stage import place_open
from rnnviz.ui.style import escaped

#: The number of phrases of the data that are offered.
OFFERED = 40


def replay_menu(tab: TabSession, session: Session) -> None:
    """Place the choice of phrases and the button of a replay."""
    usual, what = usual_phrases(session), session.names.sequence
    offered = list(dict.fromkeys([*usual, *offered_phrases(session, OFFERED)]))
    chosen = st.multiselect(
        f"{what.capitalize()}s of the replay", offered, usual, max_selections=MOST_PHRASES,
        help=f"The replay shows how the network reads each {what}.",
    )  # fmt: skip
    st.download_button(
        "Replay (.html)", partial(saved, tab, partial(replay, phrases=chosen)), "replay.html",
        "text/html",
        help="One file that plays this run again in any current browser, offline, without rnnviz.",
        on_click="ignore", disabled=not chosen, key="export_replay", width="stretch",
    )  # fmt: skip


class Export(NamedTuple):
    """A kind of file: its label, its name, its tip, and its content.

    Files of a ``run`` have both of two; the others have the network whose pages are shown.
    """

    label: str
    name: str
    help: str
    content: Callable[[Any], str | bytes]
    run: bool = False

    def made(self, pair: Pair) -> str | bytes:
        """The content."""
        return self.content(pair if self.run else pair.session)


WITHOUT_DATA = Export(
    "Run (.rnnviz)", "run.rnnviz",
    "The whole run with its past: opened again with the same kind of processor and NumPy, every "
    "epoch has the same weights.", run_file, True,
)  # fmt: skip
WITH_DATA = Export(
    "Run with my data (.rnnviz)", "run.rnnviz",
    "The whole run with its past and your data: it opens without asking for them.",
    partial(run_file, own_data=True), True,
)  # fmt: skip
SCRIPT = Export(
    "Script (.py)", "run.py",
    "One file, with the data in it, that trains the same network with NumPy alone.", script,
)  # fmt: skip
EXPORTS = (
    SCRIPT,
    Export(
        "Weights (.npz)", "weights.npz",
        "The weights at the epoch shown, by name, with words, classes and settings.",
        weights_file,
    ),
    Export(
        "Network (.safetensors)", "weights.safetensors",
        "Weights, cell, words and settings. rnnviz open opens them again, unless they read your "
        "own numbers.",
        safetensors_file,
    ),
    Export(
        "History (.json)", "history.json",
        "The settings, and loss and score of every epoch. Numbers (.zip) has the curves as CSV.",
        history_json,
    ),
    Export(
        "Numbers (.zip)", "numbers.zip",
        "The numbers of every picture that has been measured, and the history, as CSV; of two "
        "networks those of the one shown.",
        lambda session: zip_of(numbers(session, every_picture(session, measuring=0))),
    ),
)  # fmt: skip


def export_menu(session: Session) -> None:
    """Place the menu. A file is made when it is requested, from the run as it is then."""
    tab, problem = get_tab(), problem_of(session)
    with st.popover("Export", width="stretch"):
        recorded = session.player.recorded
        own = session.data.own and not recorded and st.checkbox(
            f"The run with my data, {escaped(session.dataset.name[:40])}", key="export_own",
            help="Stores your data in the run file. Otherwise you need their files to open it; "
            "examples from a program must be stored. A script always contains the data.",
        )  # fmt: skip
        # A button for each content, so that a click always downloads what its label says.
        for export in (WITH_DATA if own else WITHOUT_DATA, *EXPORTS):
            # A recording is already a file, and was trained by a program that isn't known here.
            if recorded and export in (WITHOUT_DATA, SCRIPT):
                continue
            refused = problem if export is SCRIPT else ""
            st.download_button(
                export.label, partial(saved, tab, export.made), export.name,
                help=escaped(refused) or export.help, on_click="ignore", disabled=bool(refused),
                key=f"export_{export.label}", width="stretch",
            )  # fmt: skip
        replay_menu(tab, session)


def open_menu() -> None:
    """Place the drop zone for a run or weights."""
    with st.popover("Open", width="stretch"):
        most = f"at most {MAX_RUN // 1_000_000} MB"
        place_open("A run or weights", f"A .rnnviz, .npz or .safetensors file, {most}.")
        st.caption("It replaces the run on this page. You can also drop a file anywhere.")


def keep_menu(pair: Pair) -> None:
    """Place the form that keeps the run, or both, as they are now, with a note."""
    with st.popover("Keep", width="stretch"), st.form("keep", border=False):
        note = st.text_input("Note", max_chars=MOST_NOTE, placeholder="what it shows", key="note")
        if st.form_submit_button("Keep in Runs", type="primary", width="stretch"):
            keep(pair, pair.session.lab(RunsLab).path, note)
        st.caption("It is on the page *Runs* from then on, as it is now.")
