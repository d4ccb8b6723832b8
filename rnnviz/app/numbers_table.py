"""The numbers of a page's charts, as a table and as CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from rnnviz.figures.picture import Picture, Series

#: Maximum number of rows shown; the file has all.
_MAX_ROWS = 2_000


def numbers(page: str, charts: Mapping[str, Callable[[], Any]]) -> None:
    """An expander with the numbers of one chart, made when it is opened.

    ``charts`` make pictures, or finished tables.
    """
    box = st.expander("Numbers", key=f"numbers_{page}", on_change="rerun")
    if not box.open:
        return
    with box:
        chosen = st.selectbox("Chart", list(charts), key=f"numbers_of_{page}")
        made = charts[chosen]()
        table = made if isinstance(made, pd.DataFrame) else table_of(made)
        shown = table.head(_MAX_ROWS)
        st.dataframe(shown, hide_index=True, height=320, column_config=_exact(shown))
        name = f"{chosen.lower().replace(' ', '-')}.csv"
        st.download_button(
            "Download CSV", table.to_csv(index=False), name, "text/csv",
            key=f"numbers_csv_{page}", on_click="ignore",
        )  # fmt: skip


def _exact(table: pd.DataFrame) -> dict[str, Any]:
    """Show all digits; Streamlit's default is four decimals, which shows 1e-5 as 0."""
    column = st.column_config.NumberColumn(format="%g")
    return dict.fromkeys(table.select_dtypes("floating").columns, column)


def table_of(picture: Picture) -> pd.DataFrame:
    """One row per point of a picture's series and per cell of its heatmaps."""
    parts = [_rows(series, number) for number, series in enumerate(picture.series, 1)]
    return pd.concat([part for part in parts if len(part)] or [pd.DataFrame()], ignore_index=True)


def _rows(series: Series, number: int) -> pd.DataFrame:
    columns = _cells(series) if "z" in series else _points(series)
    return pd.DataFrame({"series": series.get("name") or str(number), **columns})


def _cells(series: Series) -> dict[str, Any]:
    z = np.array(series["z"], float)
    rows, across = (np.arange(n) for n in z.shape)
    x, y = np.array(series.get("x", across)), np.array(series.get("y", rows))
    return {"x": np.tile(x, len(rows)), "y": np.repeat(y, len(across)), "z": z.ravel()}


def _points(series: Series) -> dict[str, Any]:
    points: dict[str, Any] = {name: np.array(series[name]) for name in ("x", "y") if name in series}
    customdata = series.get("customdata")
    exact = [] if customdata is None else list(customdata)
    if not exact or len(exact) != len(points.get("y", ())):
        return points
    rows = [[str(v) for v in np.atleast_1d(np.array(row, object))] for row in exact]
    columns = enumerate(zip(*rows, strict=True), 1)
    return points | {f"exact {n}": list(column) for n, column in columns}
