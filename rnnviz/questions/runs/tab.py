"""The page *Runs*: which settings learn; the runs as a table, and pictures of the chosen ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import sentence
from rnnviz.charts.texts import explanation, story_line
from rnnviz.charts.theme import Theme
from rnnviz.probe.pair import Pair
from rnnviz.questions.runs.measure import (
    CURVES,
    LEARNED,
    SCORES,
    Band,
    RunsLab,
    RunsPicture,
    by_value,
    called,
    label_of,
    value_text,
)
from rnnviz.questions.runs.opening import open_run
from rnnviz.questions.runs.pictures import learned_when, run_curves
from rnnviz.questions.runs.setting_pictures import score_map, scores_over, setting_lines
from rnnviz.questions.runs.sweep_form import progress, sweep_form
from rnnviz.questions.runs.table import NONE_FIT, run_list
from rnnviz.run.history import COLUMNS
from rnnviz.sweeps.store import StoreError
from rnnviz.ui.browser_session import visit
from rnnviz.ui.choices import choose_one
from rnnviz.ui.frame import Frame
from rnnviz.ui.stage import place_canvas
from rnnviz.ui.style import escaped, theme
from rnnviz.ui.viewer import Event, Scene

#: The most values of a setting in the answer, and settings of the best runs.
_MOST_COUNTS, _MOST_NAMED = 3, 2
_COMING = "The first runs are being trained."
_EMPTY = (
    "No runs yet. Press *Sweep* at the left, or in a terminal: `rnnviz sweep --cell elman,lstm "
    "--task recall --lag 5,10,20 --seeds 5`"
)


def runs_page(pair: Pair, controls: DeltaGenerator) -> Scene:
    """Lay out the page *Runs*: the table, and the picture of the runs that are chosen in it."""
    lab = pair.session.lab(RunsLab)
    # New runs wait until they are asked for: nothing moves under the reader.
    if visit("runs") != lab.visit or lab.whole.empty:
        lab.read()
        lab.visit = visit("runs")
    with controls:
        sweep_form(pair.session, lab)
    progress(lab)
    if lab.problem:
        st.error(escaped(lab.problem))
    elif lab.whole.empty:
        st.info(_COMING if lab.sweeping else _EMPTY)
    else:
        left, right = st.columns([11, 9], gap="medium")
        with left:
            run_list(pair, lab)
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
        return NONE_FIT if lab.conditions else "No runs are kept yet."
    table = lab.determined
    learned = int(table["learned_epoch"].count())
    said = f"<strong>{learned:,}</strong> of {len(table):,} runs learned all of training."
    if name := lab.deciding:
        values = by_value(table, name)
        if len(values) > _MOST_COUNTS:
            # The best and the worst.
            order = values.eval("learned / n").sort_values(ascending=False).index
            values = values.loc[[order[0], order[-1]]]
        counts = (f"{value_text(v)}: {r.learned:.0f} of {r.n:.0f}" for v, r in values.iterrows())
        said = f"{said} {escape(label_of(name))} {escape(', '.join(counts))}."
    if learned and len(lab.settled) > 1:
        decisive, best = [*lab.spreads][:_MOST_NAMED], lab.best
        said = f"{said} Best: {escape(called(best, decisive))}, epoch {best['epoch']:.0f}."
    return said


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
    if lab.table.empty:
        return sentence("Runs", NONE_FIT if lab.conditions else "No runs are kept yet.", colors)
    if lab.view is RunsPicture.MAP:
        score = lab.map_score
        return score_map(table, score, lab.axes, named=lab.named(score), theme=colors)
    score = lab.shown_score
    if lab.view is RunsPicture.SCORES:
        return scores_over(table, lab.varied, score, named=lab.named(score), theme=colors)
    if lab.view is RunsPicture.LINES:
        named = lab.named(score)
        return setting_lines(table, lab.settled, lab.varied, score, named=named, theme=colors)
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
    open_run(pair, found.iloc[0], epoch)
