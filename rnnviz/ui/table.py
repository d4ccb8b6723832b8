"""The numbers of a picture, as a table and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping

import streamlit as st

Columns = Mapping[str, Iterable[object]]


def numbers(key: str, columns: Callable[[], Columns]) -> None:
    """A button that opens a table of these columns; they are only asked for while it is open."""
    place = st.popover("Numbers", key=f"numbers_{key}", on_change="rerun", type="tertiary")
    if not place.open:
        return
    table = {name: list(column) for name, column in columns().items()}
    with place:
        st.dataframe(table, hide_index=True)
        st.download_button(
            "CSV", _csv(table), f"rnnviz-{key}.csv", "text/csv", key=f"csv_{key}",
            on_click="ignore",
        )  # fmt: skip


def _csv(table: Mapping[str, list[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return text.getvalue()
