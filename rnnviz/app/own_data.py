"""The reader's own data: files or pasted text, their preview, and the start."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.app.style import escaped
from rnnviz.app.tab_state import on_host
from rnnviz.session import Session
from rnnviz.tasks.table import Form, TaskError
from rnnviz.tasks.upload import DATA_SETTINGS, File, Upload, dataset_of, table_of
from rnnviz.tasks.upload_preview import Preview, preview
from rnnviz.tasks.vocabulary import Unit

_HELP = (
    "A CSV with the columns text,label (classes), text alone (what comes next) or source,target "
    "(translation), or plain text. UTF-8, at most 5 MB and 20,000 rows. It stays on this machine."
)


def own_data(session: Session) -> None:
    """Let the reader give data of their own, show what is in them, and start on a click."""
    if session.data.own:
        st.caption(
            "Your own data stay on this computer: a link can only name them, and only as long as "
            "this server runs."
        )
        st.button(
            "Back to the task’s data",
            key="leave_data",
            on_click=on_host(Session.load),
            args=(None,),
        )
    with st.expander("Use your own data"):
        train = _file("train", "Training file") or _pasted()
        if train is None:
            if session.data.problem:
                st.warning(escaped(session.data.problem))
            return
        below_train = st.container()
        test = _file("test", "Test file (optional)")
        _offer(session, train, test, below_train)


def _file(role: str, label: str) -> File | None:
    file = st.file_uploader(label, type=["csv", "txt"], key=f"{role}_csv", help=_HELP)
    return File(file.name, file.getvalue()) if file else None


def _pasted() -> File | None:
    text = st.text_area(
        "Or paste a text or a table", key="pasted", height=100, max_chars=200_000,
        placeholder="text,label\nthis is fine,good\n…",
    )  # fmt: skip
    return File("pasted text", text.encode()) if text.strip() else None


def _offer(session: Session, train: File, test: File | None, below_train: DeltaGenerator) -> None:
    """How the data are read, what is in them, and the button that starts; or what is wrong.

    That stands below the file that it is about.
    """
    below_test = st.container()
    try:
        form = table_of(train).form
    except TaskError as problem:
        below_train.warning(escaped(str(problem)))
        return
    upload = Upload(train, test, seed=session.config.seed, **_options(form, test is not None))
    if wrong := _problem(upload):
        alone = test is not None and not _problem(replace(upload, test=None))
        (below_test if alone else below_train).warning(escaped(wrong))
        return
    _show(preview(upload))
    st.button(
        "Learn from these data", key="learn", type="primary", on_click=on_host(Session.load),
        args=(upload,), disabled=upload == session.data.upload,
    )  # fmt: skip
    if session.data.problem:
        st.warning(escaped(session.data.problem))


def _problem(upload: Upload) -> str:
    """Why this can't be learned from, or nothing."""
    try:
        dataset_of(upload)
    except TaskError as problem:
        return str(problem)
    return ""


def _options(form: Form, tested: bool) -> dict[str, Any]:
    """The widgets of what there is to choose: the pieces of a text, the share without a test."""
    unit, share, window = (DATA_SETTINGS[name] for name in ("unit", "test_share", "window"))
    chosen = {
        "unit": st.segmented_control(
            unit.label, list(Unit), key="unit_choice", help=unit.help, format_func=str
        )
    }
    if not tested:
        chosen["test_share"] = st.slider(
            share.label, share.low, share.high, share.default, step=share.step, key="test_share",
            help=share.help,
        )  # fmt: skip
    if form is Form.NEXT:
        chosen["window"] = st.number_input(
            window.label, int(window.low), int(window.high), window.default, key="window",
            help=window.help,
        )  # fmt: skip
    return chosen


def _show(found: Preview) -> None:
    st.caption("  \n".join(map(escaped, found.sentences)))
    for note in found.notes:
        st.caption(escaped(note))
