"""The page *Runs*: the runs of sweeps as a table, and pictures of those that are chosen."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from functools import partial
from html import escape
from urllib.parse import parse_qsl

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.cells import OWN
from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import sentence
from rnnviz.charts.texts import explanation, story_line
from rnnviz.charts.theme import Theme
from rnnviz.config import SETTINGS, RunConfig, SettingError
from rnnviz.engine.cell_text import CellError
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.questions.runs.measure import (
    MOST_GROUPS,
    RunsLab,
    RunsPicture,
    label_of,
    value_text,
)
from rnnviz.questions.runs.pictures import (
    CURVES,
    HEIGHT,
    learned_map,
    learned_when,
    run_curves,
    scores_over,
)
from rnnviz.run.history import COLUMNS
from rnnviz.sweeps.grid import Range, axis_of, grid
from rnnviz.sweeps.run_table import metric_of
from rnnviz.sweeps.store import Store, StoreError
from rnnviz.ui.browser_session import visit
from rnnviz.ui.choices import choose_one
from rnnviz.ui.frame import Frame
from rnnviz.ui.stage import place_canvas
from rnnviz.ui.style import escaped, theme
from rnnviz.ui.viewer import Event, Scene

#: The columns of the table that are shares.
_SHARES = "median", "least", "most"
#: The most values of a setting in the answer.
_MOST_COUNTS = 6
#: The most runs of a sweep that the page starts.
_MOST_RUNS = 2000
_NO_SWEEP = (
    "A sweep of your own data or of a cell of your own starts in a terminal: rnnviz sweep --help"
)
_EMPTY = (
    "No runs yet. Press *Sweep* at the left, or in a terminal: `rnnviz sweep --cell elman,lstm "
    "--task recall --lag 5,10,20 --seeds 5`"
)


def runs_page(pair: Pair, controls: DeltaGenerator) -> Scene:
    """Lay out the page *Runs*: the table, and the picture of the runs that are chosen in it."""
    lab = pair.session.lab(RunsLab)
    lab.read()
    with controls:
        _sweep_form(pair.session, lab)
    _progress(lab)
    if lab.problem:
        st.error(escaped(lab.problem))
    elif lab.table.empty:
        st.info(_EMPTY)
    else:
        left, right = st.columns([11, 9], gap="medium")
        with left:
            _choose_task(lab)
            _table(lab)
        with right:
            _choose_picture(lab)
            text = explanation(f"runs/{lab.view.name.lower()}")
            place_canvas("chart", "runs", text, clicks=True)

    def draw(frame: Frame) -> None:
        frame.texts["story"] = story_line("Runs", _answer(lab))
        key = lab.view, theme().background
        frame.chart("runs", lab.drawn, key, partial(_picture, lab, theme()))

    return Scene(pair.session, draw, {"runs": partial(_click, pair)})


def _answer(lab: RunsLab) -> str:
    """Which setting decides whether a run learns, and which runs learn best."""
    if lab.problem:
        return "The file of runs can't be read."
    if lab.table.empty:
        return "No runs are kept yet."
    table, rows = lab.table, lab.rows
    learned = f"<strong>{int(rows['learned'].sum()):,}</strong> of {len(table):,}"
    said = f"Runs that learned all of training: {learned}."
    name, values = lab.deciding
    if name:
        counts = [
            f"{value_text(value)} {row.learned:.0f} of {row.n:.0f}"
            for value, row in values.iterrows()
        ]
        said = f"{said} {escape(label_of(name))}: {escape(', '.join(counts[:_MOST_COUNTS]))}."
    return said


# Choices


def _choose_task(lab: RunsLab) -> None:
    if len(lab.tasks) > 1:
        now = lab.task if lab.task in lab.tasks else lab.tasks[-1]
        lab.task = choose_one(
            "Task", lab.tasks, now, (visit("runs"), lab.edition), "runs_task", format_func=escaped
        )


def _table(lab: RunsLab) -> None:
    """The table, a row for the seeds of each setting; ticks choose what is drawn."""
    rows, part = lab.rows, metric_of(lab.table).removesuffix("_metric")
    shares = {"share": rows["learned"] / rows["n"], **{n: rows[n] for n in _SHARES}}
    shown = rows.assign(**{name: 100 * values for name, values in shares.items()})
    if not rows["diverged"].any():
        shown = shown.drop(columns="diverged")
    before = [k for k, family in enumerate(rows.index) if family in lab.chosen]
    column = st.column_config
    event = st.dataframe(
        # Another table would keep its ticks at other rows.
        shown, key=f"runs_table_{lab.edition}_{lab.task}", on_select="rerun",
        selection_mode="multi-row", selection_default={"selection": {"rows": before}},
        hide_index=True, height=HEIGHT, row_height=30, placeholder="–",
        column_order=[*lab.varied, "n", "share", "epoch", "median", "least", "most", "diverged"],
        column_config={
            **{name: column.Column(label_of(name)) for name in lab.varied},
            "n": column.NumberColumn("n", help="Runs: one a seed", width=40),
            "share": column.ProgressColumn(
                "learned", help="The share of runs with all training answers right at some epoch",
                min_value=0, max_value=100, format="%.0f%%", width=100,
            ),
            "epoch": column.NumberColumn(
                "at epoch", help="The median of those that learned", format="%d"
            ),
            "median": column.NumberColumn(f"{part}, median", format="%.1f%%"),
            "least": column.NumberColumn("least", format="%.1f%%"),
            "most": column.NumberColumn("most", format="%.1f%%"),
        },
    )  # fmt: skip
    lab.chosen = [str(rows.index[k]) for k in event.selection.rows[:MOST_GROUPS] if k < len(rows)]


def _choose_picture(lab: RunsLab) -> None:
    views = [view for view in RunsPicture if view is not RunsPicture.MAP or len(lab.varied) > 1]
    edition = visit("runs"), tuple(views)
    view = lab.view if lab.view in views else RunsPicture.CURVES
    lab.view = choose_one(
        "Picture", views, view, edition, f"runs_view_{len(views)}", slot="runs_view",
        label_visibility="collapsed",
    )  # fmt: skip
    if lab.view is RunsPicture.CURVES:
        known = [c for c in COLUMNS if lab.table[c].notna().any()]
        now = lab.column if lab.column in known else known[0]
        lab.column = choose_one(
            "Curve", known, now, (visit("runs"), tuple(known)), f"runs_column_{len(known)}",
            slot="runs_column", label_visibility="collapsed",
            format_func=lambda name: CURVES[name].replace("training", "train"),
        )  # fmt: skip
    elif lab.view is RunsPicture.MAP:
        across, down = lab.axes
        names = lab.varied
        left, right = st.columns(2)
        across = across if across in names else names[-1]
        across = left.selectbox(
            "Across", names, names.index(across), format_func=label_of, key="runs_across"
        )
        others = [name for name in names if name != across]
        down = down if down in others else others[0]
        down = right.selectbox(
            "Down", others, others.index(down), format_func=label_of, key="runs_down"
        )
        lab.axes = across, down


# The picture


def _picture(lab: RunsLab, colors: Theme) -> Picture:
    if lab.table.empty:
        return sentence("Runs", "No runs are kept yet.", colors)
    if lab.view is RunsPicture.MAP:
        return learned_map(lab.table, *lab.axes, colors)
    if lab.view is RunsPicture.SCORES:
        return scores_over(lab.table, lab.varied, metric_of(lab.table), colors)
    groups = lab.groups
    if lab.view is RunsPicture.WHEN:
        return learned_when(groups, lab.shared, colors)
    return run_curves(groups, [*map(lab.curves, groups)], lab.column, lab.shared, colors)


def _click(pair: Pair, event: Event) -> None:
    """Open the run that was clicked, or choose the settings of a cell."""
    lab, data = pair.session.lab(RunsLab), event["data"]
    if isinstance(data, list):
        across, down = lab.axes
        here = (lab.table[across] == data[0]) & (lab.table[down] == data[1])
        lab.chosen = [*dict.fromkeys(lab.table[here]["family"])]
        lab.view = RunsPicture.CURVES
        return
    if not (link := lab.link_of(str(data))):
        return
    query = dict(parse_qsl(link, keep_blank_values=True))
    if lab.view is RunsPicture.CURVES and isinstance(event["x"], int | float):
        # The whole run is trained, and looked back at: its checksum is that of its end.
        query |= {"now": query.get("epoch", "0"), "epoch": str(int(event["x"]))}
    pair.follow(query)


# Sweeps


def _alive(pid: int) -> bool:
    """Whether a process is there. On Windows, where asking would end it, it counts as there."""
    if os.name == "nt":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@st.fragment(run_every=1.0)
def _progress(lab: RunsLab) -> None:
    """The sweep that runs, and new runs; the table stays as it is until it is asked for."""
    if lab.sweep and (lab.sweep.poll() or 0) == 1:
        said = lab.log.read_text(encoding="utf-8", errors="replace").strip()
        st.caption(escaped(said.splitlines()[-1] if said else "The sweep has ended."))
    if not lab.path.exists():
        return
    try:
        with closing(Store(lab.path, readonly=True)) as store:
            sweeps, latest = store.sweeps()[:4], store.latest()
    except (StoreError, OSError):
        return
    running = [s for s in sweeps if s["state"] == "running" and _alive(s["pid"])]
    with st.container(horizontal=True, vertical_alignment="center", key="runs_progress"):
        for sweep in running[:1]:
            done, total = sweep["stored"], sweep["total"]
            spent = time.time() - sweep["begun"]
            rest = f", about {spent / done * (total - done):.0f} s left" if done else ""
            st.progress(min(1.0, done / max(1, total)), f"{done:,} of {total:,} runs{rest}")
            if st.button("Cancel", key="runs_cancel"):
                with suppress(ProcessLookupError):
                    os.kill(sweep["pid"], signal.SIGTERM)
        count = latest[1] - lab.edition[1]
        if count > 0 and st.button(f"Show {count:,} new", key="runs_newer", type="primary"):
            st.rerun()


def _sweep_form(session: Session, lab: RunsLab) -> None:
    """The settings of the present run, with a range where a value stood."""
    config = session.config
    if session.data.own or session.player.recorded or config.cell == OWN:
        st.caption(_NO_SWEEP)
        return
    usable = [n for n, row in SETTINGS.items() if n != "seed" and not row.packed]
    names = st.multiselect(
        "Settings that vary", usable, format_func=lambda n: SETTINGS[n].label, key="sweep_names",
        help="All others are as in the present run.",
    )  # fmt: skip
    texts = {
        name: st.text_input(
            SETTINGS[name].label,
            str(getattr(config, name)),
            key=f"sweep_{name}",
            help="A list, 5,10,20, or a range, 1..9:5; in its logarithm, 0.003..0.3:log:5",
        )
        for name in names
    }
    seeds = int(st.number_input("Seeds", 1, 100, 5, key="sweep_seeds"))
    try:
        axes = {name: axis_of(SETTINGS[name], text) for name, text in texts.items()}
        count = seeds * math.prod(1 if isinstance(a, Range) else len(a) for a in axes.values())
        if count > _MOST_RUNS:
            raise SettingError(f"{count:,} runs are too many for the page: use rnnviz sweep.")
        count = len(grid(axes, seeds=seeds, base=config))
    except (SettingError, CellError) as problem:
        st.caption(escaped(str(problem)))
        count = 0
    label = f"Sweep: {count:,} runs" if count else "Sweep"
    st.button(
        label, key="sweep", type="primary", disabled=not count, width="stretch",
        on_click=partial(_begin, lab, {**_changed(config), **texts}, seeds),
    )  # fmt: skip


def _changed(config: RunConfig) -> dict[str, str]:
    return {
        name: str(value) for name, value in config.as_dict().items()
        if value != SETTINGS[name].default and name != "seed"
    }  # fmt: skip


def _begin(lab: RunsLab, texts: dict[str, str], seeds: int) -> None:
    """Start the command in a process of its own, which outlives this server."""
    words = [f"--{name.replace('_', '-')}={text}" for name, text in texts.items()]
    options = [*words, f"--seeds={seeds}", f"--db={lab.path}"]
    lab.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lab.log.open("w", encoding="utf-8") as log:
        lab.sweep = subprocess.Popen(
            [sys.executable, "-m", "rnnviz", "sweep", *options], start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
        )  # fmt: skip
