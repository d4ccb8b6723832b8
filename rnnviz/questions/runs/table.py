"""The table of the page *Runs*: which runs are listed, chosen, exported and opened."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from rnnviz.config import SETTINGS
from rnnviz.files.output import runs_csv, runs_parquet
from rnnviz.probe.pair import Pair
from rnnviz.questions.runs.measure import (
    MOST_GROUPS,
    RunsLab,
    condition,
    invalid,
    label_of,
    value_text,
    values_of,
)
from rnnviz.questions.runs.opening import open_both, open_run, together
from rnnviz.questions.runs.pictures import HEIGHT
from rnnviz.sweeps.members import Ending
from rnnviz.sweeps.run_table import metric_of
from rnnviz.ui.browser_session import on_pair, visit
from rnnviz.ui.choices import choose_one
from rnnviz.ui.style import escaped

#: What is said if no run fits the filter.
NONE_FIT = "No run fits the filter."
#: The columns of the table that are shares.
_SHARES = "median", "least", "most", "best"
#: The most values of a setting in a list to choose from.
_MOST_LISTED = 24
_ROWS = ("settings", "each run")
#: A table, the order of its columns, and how they look.
_Shown = tuple[pd.DataFrame, list[str], dict[str, Any]]


def run_list(pair: Pair, lab: RunsLab) -> None:
    """Lay out the table of the runs that fit the filter, with what can be done with them."""
    if len(lab.tasks) > 1:
        now = lab.task if lab.task in lab.tasks else lab.tasks[-1]
        lab.task = choose_one(
            "Task", lab.tasks, now, (visit("runs"), lab.edition), "runs_task", format_func=escaped
        )
    with st.container(horizontal=True, vertical_alignment="center", key="runs_tools"):
        rows = choose_one(
            "Rows", _ROWS, _ROWS[lab.each], (visit("runs"), lab.clicks), f"runs_rows_{lab.clicks}",
            slot="runs_rows", label_visibility="collapsed",
        )  # fmt: skip
        lab.show_each(rows == _ROWS[True])
        with st.popover("Filter"):
            _filter(lab)
        with st.popover("Export"):
            _export(lab.table)
        if lab.conditions:
            st.caption(f"{len(lab.table):,} of {len(lab.whole):,} runs")
            st.button("Show all", key="runs_show_all", on_click=partial(_show_all, lab))
    if lab.table.empty:
        st.info(NONE_FIT)
    else:
        _table(pair, lab)
        # After the table, which says what is ticked.
        _side_by_side(lab)


def _show_all(lab: RunsLab) -> None:
    lab.conditions, lab.clicks = (), lab.clicks + 1


def _export(table: pd.DataFrame) -> None:
    for ending, kind, content in (
        ("csv", "text/csv", runs_csv),
        ("parquet", "application/vnd.apache.parquet", runs_parquet),
    ):
        st.download_button(
            f"{len(table):,} runs (.{ending})", partial(content, table), f"runs.{ending}", kind,
            on_click="ignore", key=f"export_runs_{ending}", disabled=table.empty,
            help="All settings and scores of the runs that fit the filter.",
        )  # fmt: skip


def _side_by_side(lab: RunsLab) -> None:
    """The button that opens two chosen rows as A and B."""
    groups = lab.groups if len(lab.picked) == 2 else []
    runs = together(*(group.runs for group in groups)) if groups else ()
    seeds = " and ".join(map(str, dict.fromkeys(run["seed"] for run in runs)))
    st.button(
        "Open the two as A and B", key="runs_open_both", on_click=on_pair(open_both), args=runs,
        disabled=not runs,
        help=f"Seed {seeds}, side by side on every page." if runs else "Tick two rows.",
    )  # fmt: skip


# The filter


def _filter(lab: RunsLab) -> None:
    """A list for each setting that differs, or a text for one with many values."""
    given = {name: text for text in lab.conditions for name, _, text in [text.partition("=")]}
    names = [n for n in lab.filterable if n not in SETTINGS or not SETTINGS[n].packed]
    kept = [f"{name}={text}" for name, text in given.items() if name not in (*names, "note")]
    for name in names:
        values, before = values_of(lab.whole, name), given.get(name, "")
        if len(values) > _MOST_LISTED:
            text = st.text_input(
                label_of(name), before, key=f"runs_filter_{name}_{lab.clicks}",
                placeholder=f"{value_text(values[0])}..{value_text(values[-1])}",
                help="A list, 5,10,20, or a range, 0.01..0.1",
            )  # fmt: skip
            found = f"{name}={text}" if text else ""
        else:
            key = f"runs_filter_{name}_{hash(tuple(values))}_{lab.clicks}"
            found = _listed(name, values, before, key)
        if found and (problem := invalid(found)):
            st.caption(escaped(problem))
        elif found:
            kept.append(found)
    word = st.text_input(
        "Note", given.get("note", ""), key=f"runs_filter_note_{lab.clicks}",
        placeholder="a word of it",
    )  # fmt: skip
    lab.conditions = (*kept, *[f"note={word}"] * bool(word))


def _listed(name: str, values: Sequence[object], before: str, key: str) -> str:
    """The condition that a setting has one of the values that are chosen from a list; or none."""
    texts = {condition(name, [value]).partition("=")[2]: value for value in values}
    shown = {text: value_text(value) or "that of the task" for text, value in texts.items()}
    kept = [text for text in before.split(",") if text in texts] if before else []
    chosen = st.multiselect(label_of(name), [*texts], kept, key=key, format_func=shown.__getitem__)
    return condition(name, [texts[text] for text in chosen]) if chosen else ""


# The table


def _table(pair: Pair, lab: RunsLab) -> None:
    """The table: ticks choose what is drawn, and the button of a row opens its run."""
    listed, picked = lab.listed, {*lab.picked}
    shown, order, columns = run_rows(lab) if lab.each else _settings(lab)
    columns["open"] = st.column_config.ButtonColumn(
        "open", key="runs_row", type="tertiary", width=60,
        help="Opens this run on the other pages" if lab.each
        else "Opens the seed in the middle by its last score",
    )  # fmt: skip
    event = st.dataframe(
        # Another table would keep its ticks at other rows.
        shown, key=f"runs_table_{lab.edition}_{lab.task}_{lab.each}_{lab.conditions}_{lab.clicks}",
        on_select="rerun", selection_mode="multi-row",
        selection_default={
            "selection": {"rows": [k for k, key in enumerate(listed.index) if key in picked]}
        },
        hide_index=True, height=HEIGHT - 95, row_height=30, placeholder="–", column_order=order,
        column_config=columns,
    )  # fmt: skip
    rows = event["selection"]["rows"][:MOST_GROUPS]
    lab.chosen = [str(listed.index[k]) for k in rows if k < len(listed)]
    if click := st.session_state.get("runs_row"):
        key = listed.index[click["row"]] if lab.each else listed["middle"].iloc[click["row"]]
        open_run(pair, lab.run(key))
        st.rerun()


def _settings(lab: RunsLab) -> _Shown:
    """A row for the seeds of each setting."""
    rows, part = lab.rows, metric_of(lab.table).removesuffix("_metric")
    seeds = lab.table.set_index("key")["seed"]
    shares = {"share": rows["learned"] / rows["n"], **{n: rows[n] for n in _SHARES}}
    shown = rows.assign(
        small=_small(rows["small"]), **{name: 100 * values for name, values in shares.items()},
        open=[f"seed {seed}" for seed in seeds.loc[rows["middle"]]],
    )  # fmt: skip
    more = [name for name in ("diverged", "failed", "note") if rows[name].astype(bool).any()]
    column = st.column_config
    order = ["open", *lab.varied, "n", "share", "epoch", "small", *_SHARES, *more]
    return shown, order, {
        **_named(lab),
        "n": column.NumberColumn("n", help="Runs: one a seed", width=40),
        "share": column.ProgressColumn(
            "learned", help="The share of runs with all training answers right at some epoch",
            min_value=0, max_value=100, format="%.0f%%", width=90,
        ),
        "epoch": column.NumberColumn(
            "at epoch", help="The median of those that learned", format="%d", width=65
        ),
        "small": _curve_column(part, "of the seed in the middle by its last score"),
        "median": column.NumberColumn(f"{part}, median", format="%.1f%%"),
        "least": column.NumberColumn("least", format="%.1f%%"),
        "most": column.NumberColumn("most", format="%.1f%%"),
        "best": column.NumberColumn("best", help="Of all epochs of all seeds", format="%.1f%%"),
    }  # fmt: skip


def run_rows(lab: RunsLab) -> _Shown:
    """A row for each run; one that diverged has no last score."""
    runs, last = lab.listed, metric_of(lab.table)
    part, best = last.removesuffix("_metric"), f"best_{last}"
    ends = {n: runs[n].mask(runs["state"] == Ending.DIVERGED) for n in (last, "train_loss")}
    shown = runs.assign(
        small=_small(runs["small"]), **ends | {last: 100 * ends[last], best: 100 * runs[best]},
        open=[f"seed {seed}" for seed in runs["seed"]],
    )  # fmt: skip
    more = ["state"] if (runs["state"] != Ending.FINISHED).any() else []
    more += ["note"] if runs["note"].any() else []
    column = st.column_config
    order = ["open", *lab.varied, "learned_epoch", "small", last, best, "train_loss", *more]
    return shown, order, {
        **_named(lab),
        "learned_epoch": column.NumberColumn(
            "learned at", help="The first epoch with all training answers right", format="%d"
        ),
        "small": _curve_column(part, "over its epochs"),
        last: column.NumberColumn(f"{part}, last", format="%.1f%%"),
        best: column.NumberColumn(f"{part}, best", format="%.1f%%"),
        "train_loss": column.NumberColumn(f"train loss ({lab.unit})", format="%.3g"),
        "state": column.TextColumn("ended"),
    }  # fmt: skip


def _named(lab: RunsLab) -> dict[str, Any]:
    return {name: st.column_config.Column(label_of(name)) for name in lab.varied}


def _small(packed: pd.Series) -> list[np.ndarray]:
    return [np.frombuffer(one, np.float32) for one in packed]


def _curve_column(part: str, of: str) -> Any:
    return st.column_config.LineChartColumn(
        "curve", help=f"The {part} score {of}", y_min=0, y_max=1, width=70
    )
