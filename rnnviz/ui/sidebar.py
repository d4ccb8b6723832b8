"""The sidebar: widgets, made from the table of settings, to a RunConfig."""

from __future__ import annotations

from typing import Any

import streamlit as st

from rnnviz.config import GROUPS, SETTINGS, RunConfig, Setting
from rnnviz.session import Session
from rnnviz.tasks.dataset import sentiment
from rnnviz.ui.state import first_value


def sidebar(session: Session) -> RunConfig:
    """Draw every setting by group; returns what the widgets say now."""
    edition = st.session_state.setdefault("edition", 0)
    first = first_value("config", edition, session.config)
    values: dict[str, Any] = {}
    with st.sidebar:
        for group in GROUPS:
            st.subheader(group)
            if group == "Data":
                _data(session)
            for row in (row for row in SETTINGS.values() if row.group == group):
                values[row.name] = _widget(row, getattr(first, row.name), edition)
    return RunConfig(**values)


def renew() -> None:
    """Have the sidebar made anew, so that it shows the settings that the session has by then."""
    st.session_state.edition += 1


def _widget(row: Setting, first: Any, edition: int) -> Any:
    key = f"{row.name}_{edition}" if edition else row.name
    if row.choices:
        return st.segmented_control(
            row.label, row.options, default=first, key=key, help=row.help, required=True,
            format_func=str,
        )  # fmt: skip
    low, high, step = (row.kind(value) for value in (row.low, row.high, row.step))
    if row.name == "hidden":
        return st.slider(row.label, low, high, first, key=key, help=row.help)
    return st.number_input(
        row.label, low, high, first, step=step, format="%d" if row.kind is int else "%.6g",
        key=key, help=row.help,
    )  # fmt: skip


def _data(session: Session) -> None:
    data = session.dataset
    st.caption(
        f"{len(data.train)} training phrases, {len(data.test)} test phrases, "
        f"{len(data.vocabulary)} words, {len(data.classes)} classes"
    )
    with st.expander("Use your own phrases"):
        for role in ("train", "test"):
            st.file_uploader(
                {"train": "Training CSV", "test": "Test CSV"}[role],
                type="csv",
                key=f"{role}_csv",
                on_change=_load,
                args=(session,),
                help="Columns text,label; UTF-8; at most 5 MB. The file stays on this machine.",
            )
    for sentence in filter(None, (session.data_problem, *data.notes)):
        st.warning(_escaped(sentence))
    if data is not sentiment():
        st.caption("Your own phrases stay in this session: a link can't carry them.")


def _load(session: Session) -> None:
    files = (st.session_state.get(f"{role}_csv") for role in ("train", "test"))
    session.load(*((file.name, file.getvalue()) if file else None for file in files))


def _escaped(text: str) -> str:
    """The text with Markdown's and KaTeX's signs taken literally."""
    return "".join("\\" + c if c in "\\`*_{}[]()<>#+-.!|$~:^=" else c for c in text)
