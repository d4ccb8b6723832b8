"""The reader's own data: files or pasted text, a preview, and the start button."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.app.browser_session import on_host
from rnnviz.app.stage import place_file
from rnnviz.app.style import escaped
from rnnviz.session import Session
from rnnviz.tasks.csv_table import Form, TaskError
from rnnviz.tasks.upload import DATA_SETTINGS, File, Upload, dataset_of, table_of
from rnnviz.tasks.upload_preview import preview
from rnnviz.tasks.vocabulary import Unit

_HELP = (
    "A CSV with the columns text,label (classes), text alone (what comes next) or source,target "
    "(translation), or plain text. UTF-8, at most 5 MB and 20,000 rows. It stays on this machine."
)


def way_back(session: Session) -> None:
    """The button that leaves the reader's own data for the task's, if they are in use."""
    if session.data.upload is None:
        return
    st.caption(
        "Your own data stay on this computer. A link can only name them, and only while this "
        "server runs."
    )
    leave = on_host(Session.load)
    st.button("Back to the task’s data", key="leave_data", on_click=leave, args=(None,))


def own_data(session: Session) -> None:
    """Let the reader upload or paste data, show a preview, and start training on a click.

    A session over given data has no others.
    """
    if session.data.given is not None:
        return
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
    choice = place_file(f"{role}_csv", label, _HELP)
    if choice is None or not choice.name:
        return None
    return File(choice.name, b64decode(choice.content.partition(",")[2]))


def _pasted() -> File | None:
    text = st.text_area(
        "Or paste a text or a table", key="pasted", height=100, max_chars=200_000,
        placeholder="text,label\nthis is fine,good\n…",
    )  # fmt: skip
    return File("pasted text", text.encode()) if text.strip() else None


def _offer(session: Session, train: File, test: File | None, below_train: DeltaGenerator) -> None:
    """The options, the preview and the start button; or a problem, below the file it is about."""
    below_test = st.container()
    # Where the file was chosen, so that it is in sight.
    start = below_train.container()
    try:
        form = table_of(train).form
    except TaskError as problem:
        below_train.warning(escaped(str(problem)))
        return
    upload = Upload(train, test, seed=session.config.seed, **_options(form, test is not None))
    if problem_text := _problem(upload):
        test_only = test is not None and not _problem(replace(upload, test=None))
        (below_test if test_only else below_train).warning(escaped(problem_text))
        return
    shown = preview(upload)
    st.caption("  \n".join(map(escaped, shown.sentences)))
    for note in shown.notes:
        st.caption(escaped(note))
    learned = upload == session.data.upload
    start.button(
        "Learn from these data", key="learn", type="secondary" if learned else "primary",
        on_click=on_host(Session.load), args=(upload,), disabled=learned,
    )  # fmt: skip
    if session.data.problem:
        st.warning(escaped(session.data.problem))


def _problem(upload: Upload) -> str:
    """Why these data can't be learned, or an empty string."""
    try:
        dataset_of(upload)
    except TaskError as problem:
        return str(problem)
    return ""


def _options(form: Form, has_test: bool) -> dict[str, Any]:
    """The widgets of the unit, of the test share without a test file, and of a text's window."""
    unit, share, window = (DATA_SETTINGS[name] for name in ("unit", "test_share", "window"))
    chosen = {
        "unit": st.segmented_control(
            unit.label, list(Unit), key="unit_choice", help=unit.help, format_func=str
        )
    }
    if not has_test:
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
