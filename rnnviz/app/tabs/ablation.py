"""Tab *Break it*: edits of a copy of the weights, and their effect."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.analysis.memory_gauge import recurrent, recurrent_name, spectrum
from rnnviz.app.browser_session import first_value, on_host, visit
from rnnviz.app.frame import Frame
from rnnviz.app.numbers_table import numbers
from rnnviz.app.stage import place_chart, place_text
from rnnviz.app.status import score_text
from rnnviz.app.style import steady
from rnnviz.app.tabs.tab import Tab, source_of, unweighed
from rnnviz.app.text import explanation
from rnnviz.app.viewer import Event
from rnnviz.figures.ablation_loss import ablation_heatmap
from rnnviz.figures.side_by_side import Pair, compared_margins
from rnnviz.figures.theme import HEIGHTS
from rnnviz.lab.probe import Probe, inspect
from rnnviz.lab.units import MOST_EDITS, EditPreview, signal
from rnnviz.session import Session
from rnnviz.training.weight_edits import Edit, noise, scale, set_weight, silence


def ablation_tab(session: Session, controls: DeltaGenerator) -> Tab:
    """Lay out units and answers on the left; scores before and after, and tools, on the right."""
    del controls
    session.units.fit(session.state.parameters.architecture)
    noun = session.names.noun
    left, right = st.columns(2, gap="medium")
    with left:
        place_chart(
            "ablation", HEIGHTS["ablation"], explanation("ablation", noun=noun), clicks=True
        )
        place_chart("margins", HEIGHTS["margins"], explanation("margins_broken", noun=noun))
    with right:
        place_text("scores")
        _decide(session)
        _tools(session)

    numbers("hidden_break", {"Loss without each unit": lambda: _ablation_table(session)})

    def draw(frame: Frame) -> None:
        probe, preview = session.inspect(), session.units.preview(session.state, session.run)
        after = inspect(
            session.dataset, preview.parameters, session.phrase_input.phrase, session.settings
        )
        frame.texts["scores"] = _scores_html(session, preview, probe, after)
        frame.chart("ablation", _ablation, session, remark=_pending(session))
        frame.chart("margins", _margins, session, probe, after)

    def ablate(budget: float) -> bool:
        return session.units.ablate(source_of(session), budget)

    return Tab(draw, {"ablation": lambda event: _toggle(session, event)}, ablate)


def _toggle(session: Session, event: Event) -> None:
    unit = event.get("data")
    if isinstance(unit, int) and unit < session.config.hidden:
        session.units.toggle(session.layer, unit)


def _ablation(session: Session) -> Any:
    lab, unit = session.units, session.dataset.guess.unit
    rises, silenced = lab.ablation_loss(source_of(session)), lab.silenced(session.layer)
    return ablation_heatmap(rises, silenced, unit, steady(session, "ablation"))


def _pending(session: Session) -> str:
    """How many units have no ablation loss yet."""
    rises = session.units.ablation_loss(source_of(session))
    left = int(np.isnan(rises).sum())
    if not left:
        return ""
    return (
        f"{left} of {len(rises)} units, marked with ?, are not measured yet. {unweighed(session)}"
    )


def _margins(session: Session, probe: Probe, after: Probe) -> Any:
    first, second, label, unit = signal(probe, after)
    count = min(len(first), len(second))
    pair = Pair(first[:count], second[:count], probe.words[:count], ("before", "after"))
    return compared_margins(pair, label, steady(session, "margins", unit), unit)


def _tools(session: Session) -> None:
    st.markdown("##### Tools")
    last = session.config.hidden - 1
    unit, _, _, _, end = _row()
    which = _number(unit, "Unit", "cut_unit", (0, last), session.units.unit)
    _button(end, "Silence unit", lambda here: [silence(here.layer + 1, int(which))], session)
    number, _, _, _, end = _row()
    count = _number(number, "Strongest n", "cut_count", (1, last + 1), 1)
    _button(
        end, "Silence n",
        lambda here: here.units.strongest(source_of(here), int(count)), session,
    )  # fmt: skip
    times, _, _, _, end = _row()
    factor = _number(times, "Radius ×", "cut_factor", (0.0, 10.0), 0.9)
    _button(end, "Scale radius", lambda _: [scale(factor)], session)
    size, source, _, _, end = _row()
    share = _number(size, "Noise ×", "cut_share", (0.0, 10.0), 0.1)
    seed = _number(source, "Seed", "cut_seed", (0, 999_999), 0)
    _button(end, "Add noise", lambda _: [noise(share, int(seed))], session)
    _weight(session)


def _row() -> list[DeltaGenerator]:
    return st.columns([1.6, 1, 1, 1.1, 1.6], vertical_alignment="bottom", gap="small")


def _number(
    column: DeltaGenerator, label: str, key: str, span: tuple[float, float], first: float
) -> float:
    low, high = span
    first = first_value(key, (visit("hidden"), high), min(max(first, low), high))
    return column.number_input(label, low, high, first, key=f"{key}_{high}")


def _weight(session: Session) -> None:
    parameters, row = session.state.parameters, _row()
    names = [name for name, array in parameters.named().items() if array.ndim == 2]
    default = names.index(recurrent_name(parameters, session.layer))
    name = row[0].selectbox("Weight", names, default, key=f"cut_name_{session.layer}_{len(names)}")
    rows, columns = parameters[name].shape
    to = int(_number(row[1], "Row", "cut_row", (0, rows - 1), 0))
    source = int(_number(row[2], "Column", "cut_column", (0, columns - 1), 0))
    now = f"Now {float(parameters[name][to, source]):g}"
    value = row[3].number_input("Value", -1e6, 1e6, 0.0, key="cut_value", help=now)
    _button(row[4], "Set weight", lambda _: [set_weight(name, to, source, value)], session)


def _button(
    column: DeltaGenerator, label: str, edits: Callable[[Session], Iterable[Edit]], session: Session
) -> None:
    key = f"do_{label.lower().replace(' ', '_')}"
    full = len(session.units.edits) >= MOST_EDITS

    def add(here: Session) -> None:
        here.units.add(*edits(here))

    column.button(
        label, key=key, width="stretch", disabled=full, on_click=on_host(add),
        help=f"At most {MOST_EDITS} edits at a time." if full else None,
    )  # fmt: skip


def _decide(session: Session) -> None:
    none = not session.units.edits
    undo, undo_all = on_host(lambda s: s.units.undo()), on_host(lambda s: s.units.clear())
    with st.container(horizontal=True, key="decide"):
        st.button("Undo", key="undo", on_click=undo, disabled=none, shortcut="Z")
        st.button("Undo all", key="undo_all", on_click=undo_all, disabled=none)
        st.button(
            "Branch with this", key="branch_with", type="primary", disabled=none,
            on_click=on_host(_branch),
            help="Until now only a copy was edited. This continues the run with the edited weights "
            "from the epoch shown; the old run stays as a ghost, and a link carries the edits.",
        )  # fmt: skip


def _branch(session: Session) -> None:
    if session.player.branch_with(session.units.edits):
        session.units.clear()


def _scores_html(session: Session, preview: EditPreview, probe: Probe, after: Probe) -> str:
    metric, unit = session.dataset.metric.name, session.dataset.guess.unit
    rows = []
    for role, *scores in zip(("training", "test"), preview.before, preview.after, strict=True):
        rows += [
            (f"{role} {metric}", *(score_text(score.metric, "{:.1%}") for score in scores)),
            (f"{role} loss ({unit})", *(score_text(score.loss, "{:.4f}") for score in scores)),
        ]
    rows = [row for row in rows if row[1] != "–"]
    both = session.state.parameters, preview.parameters
    name = f"radius of {recurrent_name(preview.parameters, session.layer)}"
    rows.append((f"your {session.names.sequence}", probe.answer, after.answer))
    radii = (spectrum(recurrent(parameters, session.layer)).radius for parameters in both)
    rows.append((name, *(score_text(radius, "{:.4f}") for radius in radii)))
    cells = "".join(
        f"<tr><td>{escape(label)}</td><td>{escape(one)}</td>"
        f'<td class="{"moved" if one != two else ""}">{escape(two)}</td></tr>'
        for label, one, two in rows
    )
    head = "<tr><th></th><th>before</th><th>after</th></tr>"
    edits = escape(_edits_text(session))
    return f'<div class="rnnviz-trial"><table>{head}{cells}</table><p>{edits}</p></div>'


def _edits_text(session: Session) -> str:
    lab = session.units
    left = "".join(f" {edit} is left out: {why}" for edit, why in lab.left_out.items())
    if not lab.edits:
        return f"No edits: both columns show the same network.{left}"
    return f"Edits of a copy; the run is unchanged: {'; '.join(map(str, lab.edits))}.{left}"


def _ablation_table(session: Session) -> pd.DataFrame:
    rises = session.units.ablation_loss(source_of(session))
    return pd.DataFrame({"unit": range(len(rises)), "rise of the training loss": rises})
