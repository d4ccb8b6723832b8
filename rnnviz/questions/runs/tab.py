"""The page *Runs*: which settings learn; the runs as a table, and pictures of the chosen ones."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from html import escape
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.cells import OWN
from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import sentence
from rnnviz.charts.texts import explanation, story_line
from rnnviz.charts.theme import Theme
from rnnviz.config import SETTINGS
from rnnviz.files.output import runs_csv, runs_parquet
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.questions.runs.measure import (
    CURVES,
    LEARNED,
    MOST_GROUPS,
    SCORES,
    Band,
    RunsLab,
    RunsPicture,
    by_value,
    condition,
    invalid,
    label_of,
    value_text,
    values_of,
)
from rnnviz.questions.runs.opening import open_both, open_run, together
from rnnviz.questions.runs.pictures import learned_when, run_curves
from rnnviz.questions.runs.run_rows import run_rows, setting_rows
from rnnviz.questions.runs.setting_pictures import score_map, scores_over, setting_lines
from rnnviz.questions.runs.sweep_command import (
    MOST_RUNS,
    begin,
    count_runs,
    end_of,
    is_alive,
    is_command,
    suggested,
)
from rnnviz.run.history import COLUMNS
from rnnviz.sweeps.run_table import metric_of
from rnnviz.sweeps.store import Store, StoreError
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.ui.browser_session import first_value, visit
from rnnviz.ui.choices import choose_one
from rnnviz.ui.frame import Frame
from rnnviz.ui.stage import place_canvas
from rnnviz.ui.style import escaped, theme
from rnnviz.ui.viewer import Event, Scene

#: The most values of a setting in the answer.
_MOST_COUNTS = 3
#: The most values of a setting in a list to choose from.
_MOST_LISTED = 24
_ROWS = ("settings", "each run")
#: The height of a row of the table, in pixels. A table of so few rows is as high as they are.
_ROW, _FEW = 30, 10
_NONE_FIT = "No run fits the filter."
_NONE_SETTLED = "All of these runs are unfinished, imported, or were changed during training."
_NO_SWEEP = (
    "A recording, opened weights, or data from a program can't be swept here: rnnviz.sweep takes "
    "settings and data."
)
_COMING = "The first runs are being trained."
_EMPTY = (
    "No runs yet. Press *Sweep* at the left, or in a terminal: `rnnviz sweep --cell elman,lstm "
    "--task recall --lag 5,10,20 --seeds 5`"
)


def runs_page(pair: Pair, controls: DeltaGenerator, first: st.Page) -> Scene:
    """Lay out the page *Runs*: the table, and the picture of the runs that are chosen in it.

    A run that a button opens is shown on the ``first`` page.
    """
    lab = pair.session.lab(RunsLab)
    # New runs appear only on request, so that nothing moves under the reader.
    opened = visit("runs") != lab.visit
    if opened or lab.whole.empty:
        lab.read()
    if opened and lab.said:
        lab.sweep, lab.said = None, ""
    lab.visit = visit("runs")
    with controls:
        _sweep_form(pair.session, lab)
    _progress(lab)
    if lab.problem:
        st.error(escaped(lab.problem))
    elif lab.whole.empty:
        st.info(_COMING if lab.sweeping else _EMPTY)
    else:
        left, right = st.columns([4, 3], gap="medium")
        with left:
            _run_list(pair, lab, first)
        with right:
            _choose_picture(lab)
            text = explanation(f"runs/{lab.view.name.lower()}")
            with st.container(key=f"runs_{lab.view.name.lower()}"):
                place_canvas("chart", "runs", text, clicks=True)

    def draw(frame: Frame) -> None:
        frame.texts["story"] = story_line("Runs", _answer(lab))
        frame.chart("runs", _drawn, lab, theme())

    return Scene(pair.session, draw, {"runs": partial(_click, pair)})


def _answer(lab: RunsLab) -> str:
    """Which setting decides whether a run learns, and which runs learn best."""
    if lab.problem:
        return "The file of runs can't be read."
    if lab.table.empty:
        return _NONE_FIT if lab.conditions else _COMING if lab.sweeping else "No runs are kept yet."
    table = lab.determined
    learned = int(table["learned_epoch"].count())
    said = f"<strong>{learned:,}</strong> of {len(table):,} runs learned all of training."
    if name := lab.deciding:
        values = by_value(table, name)
        if len(values) > _MOST_COUNTS:
            # The best and the worst; of several that are the best, the one that is named below.
            shares = values.eval("learned / n")
            top = shares[shares == shares.max()].index
            best = lab.best[name] if lab.best[name] in top else top[0]
            values = values.loc[[best, shares.idxmin()]]
        counts = (f"{value_text(v)}: {r.learned:.0f} of {r.n:.0f}" for v, r in values.iterrows())
        said = f"{said} {escape(label_of(name))} {escape(', '.join(counts))}."
    if learned and len(lab.settled) > 1:
        said = f"{said} Best: {escape(lab.best_called)}, epoch {lab.best['epoch']:.0f}."
    return said


# Sweeps


def _sweep_form(session: Session, lab: RunsLab) -> None:
    """The form of a sweep: the present settings, with ranges for those that vary."""
    config = session.config
    if session.data.given is not None or session.player.recorded or session.player.imported:
        st.caption(_NO_SWEEP)
        return
    alone = {"seed", *["cell", "constants"] * (config.cell == OWN), *["task"] * session.data.own}
    usable = [n for n, row in SETTINGS.items() if n not in alone and not row.packed]
    # What stood there when the page was left.
    form = first_value("sweep_form", visit("runs"), lab.form)
    names = st.multiselect(
        "Settings that vary", usable, [name for name in usable if name in form], key="sweep_names",
        format_func=lambda n: SETTINGS[n].label, help="All others are as in the present run.",
    )  # fmt: skip
    texts = {
        name: st.text_input(
            SETTINGS[name].label,
            form.get(name) or suggested(SETTINGS[name], getattr(config, name)),
            key=f"sweep_{name}",
            help="A list, 5,10,20, or a range, 1..9:5; in its logarithm, 0.003..0.3:log:5",
        )
        for name in names
    }
    left, right = st.columns(2)
    seeds = left.number_input("Seeds", 1, 100, int(form.get("seeds", 5)), key="sweep_seeds")
    draws = right.number_input(
        "Random draws", 0, MOST_RUNS, int(form.get("random", 0)), key="sweep_draws",
        help="0: all combinations. Otherwise as many random ones; a range then needs no number of "
        "values: 0.003..0.3:log",
    )  # fmt: skip
    count, problem = count_runs(config, texts, seeds, draws)
    if problem:
        st.caption(escaped(problem))
    label = f"Sweep: {count:,} runs" if count else "Sweep"
    lab.form = {**texts, "seeds": str(seeds), **({"random": str(draws)} if draws else {})}
    idle = bool(count) and not lab.sweeping
    # A callback would start what stood there before the last text was left.
    pressed = st.button(label, key="sweep", type="primary", disabled=not idle, width="stretch")
    if pressed and (problem := begin(lab, config, session.data.upload, lab.form)):
        st.error(escaped(problem))


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds > 90 else f"{seconds:.0f} s"


@st.fragment(run_every=1.0)
def _progress(lab: RunsLab) -> None:
    """The sweep that runs, and new runs; the table stays as it is until it is asked for."""
    if lab.sweep and not lab.sweeping and not lab.said:
        lab.said = end_of(lab)
        # The button can be pressed again.
        st.rerun()
    running, latest = list[dict[str, Any]](), lab.edition
    # There is no file yet, or it can't be read: the page itself says so.
    with suppress(StoreError), closing(Store(lab.path, readonly=True)) as store:
        latest = store.latest()
        running = [s for s in store.sweeps()[:4] if s["state"] == "running" and is_alive(s["pid"])]
    with st.container(horizontal=True, vertical_alignment="center", key="runs_progress"):
        for sweep in running[:1]:
            done, total = sweep["stored"], sweep["total"]
            spent = time.time() - sweep["begun"]
            rest = f", about {_duration(spent / done * (total - done))} left" if done else ""
            st.progress(min(1.0, done / max(1, total)), f"{done:,} of {total:,} missing runs{rest}")
            own = lab.sweep is not None and lab.sweeping and lab.sweep.pid == sweep["pid"]
            if (own or is_command(sweep["pid"])) and st.button("Cancel", key="runs_cancel"):
                with suppress(OSError):
                    os.kill(sweep["pid"], signal.SIGTERM)
        if lab.sweeping and not running:
            st.progress(0.0, "The sweep begins …")
        if lab.said:
            st.caption(escaped(lab.said))
        count = latest[1] - lab.edition[1]
        # Where no run is listed yet, nothing is moved by the first ones.
        if count > 0 and (
            lab.whole.empty or st.button(f"Show {count:,} new", key="runs_newer", type="primary")
        ):
            lab.read()
            st.rerun()


# The list


def _run_list(pair: Pair, lab: RunsLab, first: st.Page) -> None:
    """Lay out the table of the runs that fit the filter, with what can be done with them."""
    if len(lab.tasks) > 1:
        now = lab.task if lab.task in lab.tasks else lab.tasks[-1]
        lab.task = choose_one(
            "Task", lab.tasks, now, (visit("runs"), lab.edition), "runs_task", format_func=escaped
        )
    tools = st.container(horizontal=True, vertical_alignment="center", key="runs_tools")
    with tools:
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
            fit = "; ".join(lab.conditions)
            st.caption(f"{len(lab.table):,} of {len(lab.whole):,} runs: {escaped(fit)}")
            st.button("Show all", key="runs_show_all", on_click=partial(_show_all, lab))
    if lab.table.empty:
        st.info(_NONE_FIT)
    else:
        with st.container(key="runs_few" if len(lab.listed) <= _FEW else "runs_listed"):
            opened = _table(lab)
        # After the table, as that says which rows are ticked.
        with tools:
            opened = opened or _compare(lab)
        if opened:
            try:
                opened(pair)
            except TaskError as problem:
                pair.session.player.message = str(problem)
            else:
                st.switch_page(first)


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


def _compare(lab: RunsLab) -> Callable[[Pair], None] | None:
    """The button that opens two chosen rows as A and B; if pressed, what it does."""
    groups = lab.groups if len(lab.picked) == 2 else []
    runs = together(*(group.runs for group in groups)) if groups else ()
    seeds = " and ".join(map(str, dict.fromkeys(run["seed"] for run in runs)))
    pressed = st.button(
        "Compare two", key="runs_open_both", disabled=not runs,
        help=f"Opens seed {seeds} as A and B, side by side." if runs else "Tick two rows.",
    )  # fmt: skip
    return (lambda pair: open_both(pair, *runs)) if pressed else None


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


def _table(lab: RunsLab) -> Callable[[Pair], None] | None:
    """The table: ticks choose what is drawn; if the button of a row is pressed, what it does."""
    listed, picked = lab.listed, {*lab.picked}
    shown, order = run_rows(lab) if lab.each else setting_rows(lab)
    columns = _run_columns(lab) if lab.each else _setting_columns(lab)
    columns["open"] = st.column_config.ButtonColumn(
        "open", key="runs_row", type="tertiary", width=54,
        help="Opens this run on the other pages" if lab.each
        else "Opens the seed in the middle by its last score",
    )  # fmt: skip
    height: Any = "stretch" if len(listed) > _FEW else _ROW * (len(listed) + 1) + 8
    event = st.dataframe(
        # Another table would keep its ticks at other rows.
        shown, key=f"runs_table_{lab.edition}_{lab.task}_{lab.each}_{lab.conditions}_{lab.clicks}",
        on_select="rerun", selection_mode="multi-row",
        selection_default={
            "selection": {"rows": [k for k, key in enumerate(listed.index) if key in picked]}
        },
        hide_index=True, height=height, row_height=_ROW, placeholder="–", column_order=order,
        column_config=columns,
    )  # fmt: skip
    rows = event["selection"]["rows"]
    lab.chosen = [str(listed.index[k]) for k in rows[:MOST_GROUPS] if k < len(listed)]
    if len(rows) > MOST_GROUPS:
        st.caption(escaped(f"{len(rows)} rows are ticked; the first {MOST_GROUPS} are drawn."))
    if not (click := st.session_state.get("runs_row")):
        return None
    key = listed.index[click["row"]] if lab.each else listed["middle"].iloc[click["row"]]
    return lambda pair: open_run(pair, lab.run(key))


def _setting_columns(lab: RunsLab) -> dict[str, Any]:
    column, part = st.column_config, metric_of(lab.table).removesuffix("_metric")
    return {
        **_named(lab),
        "n": column.NumberColumn("n", help="Runs: one a seed", width=34),
        "share": column.ProgressColumn(
            "learned", help="The share of runs with all training answers right at some epoch",
            min_value=0, max_value=100, format="%.0f%%", width=80,
        ),
        "epoch": column.NumberColumn(
            "epoch", help="By this epoch, half of those that learned had", format="%d", width=50
        ),
        "small": _curve_column(part, "of the seed in the middle by its last score"),
        "median": column.NumberColumn(
            part, help="The median of the last scores", format="%.1f%%", width=62
        ),
        "least": column.NumberColumn("least", format="%.1f%%"),
        "most": column.NumberColumn("most", format="%.1f%%"),
        "best": column.NumberColumn("best", help="Of all epochs of all seeds", format="%.1f%%"),
    }  # fmt: skip


def _run_columns(lab: RunsLab) -> dict[str, Any]:
    column, last = st.column_config, metric_of(lab.table)
    part, best = last.removesuffix("_metric"), f"best_{last}"
    return {
        **_named(lab),
        "learned_epoch": column.NumberColumn(
            "learned at", help="The first epoch with all training answers right", format="%d"
        ),
        "small": _curve_column(part, "over its epochs"),
        last: column.NumberColumn(part, help="The last score", format="%.1f%%", width=62),
        best: column.NumberColumn("best", help="Of all epochs", format="%.1f%%", width=62),
        "train_loss": column.NumberColumn(f"train loss ({lab.unit})", format="%.3g"),
        "state": column.TextColumn("ended"),
    }  # fmt: skip


def _named(lab: RunsLab) -> dict[str, Any]:
    return {name: st.column_config.Column(label_of(name)) for name in lab.varied}


def _curve_column(part: str, of: str) -> Any:
    return st.column_config.LineChartColumn(
        "curve", help=f"The {part} score {of}", y_min=0, y_max=1, width=70
    )


# The picture


def _choose_picture(lab: RunsLab) -> None:
    several = len(lab.varied) > 1
    views = [v for v in RunsPicture if several or v not in (RunsPicture.MAP, RunsPicture.LINES)]
    view = lab.view if lab.view in views else RunsPicture.CURVES
    lab.view = choose_one(
        "Picture", views, view, (visit("runs"), tuple(views), lab.clicks),
        f"runs_view_{len(views)}_{lab.clicks}", slot="runs_view", label_visibility="collapsed",
    )  # fmt: skip
    if lab.table.empty:
        return
    if lab.view is RunsPicture.CURVES:
        left, right = st.columns(2)
        known = [c for c in COLUMNS if lab.table[c].notna().any()]
        with left:
            lab.column = _select("Curve", known, lab.curve, CURVES.get)
        with right:
            lab.band = Band(_select("Band", [*Band], lab.band, str))
    elif lab.view is RunsPicture.MAP:
        _choose_axes(lab)
    elif lab.view is not RunsPicture.WHEN:
        scores = [score for score in lab.scores if score != LEARNED]
        lab.score = _select("Score", scores, lab.shown_score, SCORES.get)


def _choose_axes(lab: RunsLab) -> None:
    names, (across, down, beside) = lab.varied, lab.axes
    first, second, third, fourth = *st.columns(2), *st.columns(2)
    with first:
        across = across if across in names else names[-1]
        across = _select("Across", names, across, lambda name: f"across: {label_of(name)}")
    others = [name for name in names if name != across]
    with second:
        down = down if down in others else others[0]
        down = _select("Down", others, down, lambda name: f"down: {label_of(name)}")
    rest = ["", *(name for name in others if name != down)]
    with third:
        beside = beside if beside in rest else ""
        beside = _select(
            "Beside", rest, beside, lambda n: f"a map each: {label_of(n)}" if n else "one map"
        )
    with fourth:
        lab.score = _select("Score", lab.scores, lab.map_score, SCORES.get)
    lab.axes = across, down, beside


def _select(label: str, options: list[str], now: str, named: Callable[[str], str | None]) -> str:
    """A choice without a label in sight: its values say what they are.

    Runs that all failed have no scores: there only ``now`` can be chosen.
    """
    options = options or [now]
    return st.selectbox(
        label, options, options.index(now), format_func=lambda one: named(one) or one,
        key=f"runs_{label.lower()}_{len(options)}", label_visibility="collapsed",
    )  # fmt: skip


def _drawn(lab: RunsLab, colors: Theme) -> Picture:
    """The picture, or why the file with its curves can't be read."""
    try:
        return lab.drawn((lab.view, colors.background), partial(_picture, lab, colors))
    except StoreError as problem:
        return sentence("Runs", str(problem), colors)


def _picture(lab: RunsLab, colors: Theme) -> Picture:
    table = lab.determined
    of_rows = lab.view in (RunsPicture.CURVES, RunsPicture.WHEN)
    if lab.table.empty or (table.empty and not of_rows):
        none = _NONE_FIT if lab.conditions else "No runs are kept yet."
        return sentence("Runs", none if lab.table.empty else _NONE_SETTLED, colors)
    if lab.view is RunsPicture.MAP:
        score = lab.map_score
        return score_map(table, score, lab.axes, named=lab.named(score), theme=colors)
    score = lab.shown_score
    if lab.view is RunsPicture.SCORES:
        return scores_over(table, lab.tried, score, named=lab.named(score), theme=colors)
    if lab.view is RunsPicture.LINES:
        named = lab.named(score)
        return setting_lines(table, lab.settled, lab.tried, score, named=named, theme=colors)
    groups = lab.groups
    if lab.view is RunsPicture.WHEN:
        return learned_when(groups, lab.shared, colors)
    curves = [*map(lab.curves, groups)]
    return run_curves(
        groups, curves, lab.curve, lab.shared, unit=lab.unit, band=lab.band, theme=colors
    )


def _click(pair: Pair, event: Event) -> None:
    """Open the run that was clicked, or choose the settings of a cell."""
    lab, data = pair.session.lab(RunsLab), event["data"]
    if isinstance(data, list):
        here = lab.table
        for name, value in zip(lab.axes, data, strict=False):
            here = here[here[name] == value]
        lab.each, lab.chosen = False, [*dict.fromkeys(here["family"])]
        lab.view, lab.clicks = RunsPicture.CURVES, lab.clicks + 1
        return
    found = lab.table[lab.table["key"] == str(data)]
    if found.empty:
        return
    whole = lab.view is not RunsPicture.CURVES or not isinstance(event["x"], int | float)
    epoch = None if whole else max(0, round(event["x"]))
    try:
        open_run(pair, found.iloc[0], epoch)
    except TaskError as problem:
        pair.session.player.message = str(problem)
