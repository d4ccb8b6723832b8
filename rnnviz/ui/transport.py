"""Play, pause, step, reset, and how fast; the buttons only call the Session."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rnnviz.config import SETTINGS
from rnnviz.player import SPEEDS
from rnnviz.session import Session
from rnnviz.ui.chart import place_slider, place_text
from rnnviz.ui.press import pressed
from rnnviz.ui.sidebar import configure_anew
from rnnviz.ui.state import first_value

#: Pixels that each has with the key that presses it beside its name: the key moves from one to the
#: other, and nothing else may.
PLAY, PAUSE = 116, 126


def transport(session: Session) -> None:
    """The bar that stays on top: buttons, speed, time machine, and the live numbers."""
    with st.container(key="header"):
        with st.container(horizontal=True, vertical_alignment="bottom", key="transport"):
            _buttons(session)
            _speed(session)
        _time_machine(session)
        place_text("status")


def _speed(session: Session) -> None:
    step = _step_name(session)

    def pace(speed: int) -> str:
        if not speed:
            return f"1 {step}"
        return f"{speed} epoch" + "s" * (speed > 1)

    session.speed = st.select_slider(
        "Speed: each frame", SPEEDS, first_value("speed", step, session.speed), key="speed",
        width=170, format_func=pace,
    )  # fmt: skip


def _step_name(session: Session) -> str:
    """What is read for one step."""
    return "batch" if session.config.batch > 1 else session.names.sequence


def _time_machine(session: Session) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="time_machine"):
        place_slider("scrubber", "Epoch shown")
        now = session.shown is None
        st.button(
            "Back to now", key="back_to_now", on_click=pressed(session.back_to_now), disabled=now,
            help="Look at the present of the run again", shortcut="B",
        )  # fmt: skip
        st.button(
            "Branch here", key="branch", on_click=pressed(session.branch), disabled=now,
            help="Make this epoch the present, with the settings of the sidebar from here on; "
            "the run as it went on stays as a faint dotted curve",
        )  # fmt: skip


def _buttons(session: Session) -> None:
    run, done = session.running, session.over
    space = {True: "Space", False: None}
    st.button(
        "Play", key="play", on_click=pressed(session.play), type="primary", disabled=run or done,
        shortcut=space[not run], icon=":material/play_arrow:", width=PLAY,
    )  # fmt: skip
    st.button(
        "Pause", key="pause", on_click=pressed(session.pause, soon=True), disabled=not run,
        shortcut=space[run], icon=":material/pause:", width=PAUSE,
    )  # fmt: skip
    st.button(
        "Step epoch",
        key="step_epoch",
        on_click=pressed(session.step_epoch, soon=True),
        disabled=done,
        shortcut="E",
    )
    st.button(
        f"Step {_step_name(session)}",
        key="step_phrase",
        on_click=pressed(session.step_phrase, soon=True),
        disabled=done,
        shortcut="P",
    )
    st.button(
        "Reset",
        key="reset",
        on_click=pressed(session.reset),
        shortcut="0",
        help="Epoch 0, same initial weights",
    )
    st.button(
        "New seed", key="new_seed", on_click=pressed(_new_seed), args=(session,), shortcut="N"
    )


def _new_seed(session: Session) -> None:
    seed = int((session.config.seed + 1) % SETTINGS["seed"].high)
    configure_anew(session, replace(session.config, seed=seed))
