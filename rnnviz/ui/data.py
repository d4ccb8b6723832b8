"""The reader's own data: files or pasted text, what would be learned from them, and the start."""

from __future__ import annotations

from typing import Any

import streamlit as st

from rnnviz.session import Session
from rnnviz.tasks.preview import Preview, preview
from rnnviz.tasks.table import Form, TaskError
from rnnviz.tasks.upload import DATA_SETTINGS, File, Upload
from rnnviz.tasks.vocabulary import Unit
from rnnviz.ui.press import pressed
from rnnviz.ui.style import escaped

_HELP = (
    "A CSV with the columns text,label (classes), text alone (what comes next) or source,target "
    "(translation), or plain text. UTF-8, at most 5 MB and 20,000 rows. It stays on this machine."
)
_FORMS = {
    Form.LABEL: "classes",
    Form.NEXT: "what comes next",
    Form.TRANSLATION: "translation",
}
#: Of more classes than this only the first are listed.
_MOST_LISTED = 12


def own_data(session: Session) -> None:
    """Let the reader give data of their own, show what is in them, and start on a click."""
    if session.own_data:
        st.caption(
            "Your own data stay on this computer: a link can only name them, and only as long as "
            "this server runs."
        )
        st.button(
            "Back to the task’s data",
            key="leave_data",
            on_click=pressed(session.load),
            args=(None,),
        )
    with st.expander("Use your own data"):
        train = _file("train", "Training file") or _pasted()
        if train is None:
            if session.data_problem:
                st.warning(escaped(session.data_problem))
            return
        test = _file("test", "Test file (optional)")
        _offer(session, train, test)


def _file(role: str, label: str) -> File | None:
    file = st.file_uploader(label, type=["csv", "txt"], key=f"{role}_csv", help=_HELP)
    return File(file.name, file.getvalue()) if file else None


def _pasted() -> File | None:
    text = st.text_area(
        "Or paste a text or a table", key="pasted", height=100, max_chars=200_000,
        placeholder="text,label\nthis is fine,good\n…",
    )  # fmt: skip
    return File("pasted text", text.encode()) if text.strip() else None


def _offer(session: Session, train: File, test: File | None) -> None:
    """How the data are read, what is in them, and the button that starts; or what is wrong."""
    options = _options(test is not None)
    upload = Upload(train, test, seed=session.config.seed, **options)
    try:
        found = preview(upload)
    except TaskError as problem:
        st.warning(escaped(str(problem)))
        return
    _show(found)
    st.button(
        "Learn from these data", key="learn", type="primary", on_click=pressed(session.load),
        args=(upload,), disabled=upload == session.upload,
    )  # fmt: skip
    if session.data_problem:
        st.warning(escaped(session.data_problem))


def _options(tested: bool) -> dict[str, Any]:
    unit = st.segmented_control(
        "Unit", list(Unit), key="unit_choice", help=DATA_SETTINGS["unit"].help, format_func=str
    )
    row = DATA_SETTINGS["test_share"]
    share = row.default
    if not tested:
        share = st.slider(
            row.label, row.low, row.high, row.default, step=row.step, key="test_share",
            help=row.help,
        )  # fmt: skip
    return {"unit": unit, "test_share": share}


def _show(found: Preview) -> None:
    source = f", {found.source:,} in the source" if found.source else ""
    rows = [
        f"Learned: {_FORMS[found.form]}, in {found.unit}",
        f"{found.train:,} sequences to train, {found.test:,} to test",
        f"{found.vocabulary:,} different {found.unit}{source}; the longest sequence has "
        f"{found.longest:,}",
    ]
    if found.form is Form.LABEL:
        listed = [f"{c.name[:30]} ({c.train:,} + {c.test:,})" for c in found.classes]
        more = f" and {len(listed) - _MOST_LISTED} more" if len(listed) > _MOST_LISTED else ""
        rows.append(f"Classes (train + test): {', '.join(listed[:_MOST_LISTED])}{more}")
    if found.unknown:
        words = ", ".join(word[:30] for word in found.unknown[:8])
        rows.append(f"Unknown in the test: {len(found.unknown):,} ({words})")
    st.caption("  \n".join(map(escaped, rows)))
    for note in found.notes:
        st.caption(escaped(note))
