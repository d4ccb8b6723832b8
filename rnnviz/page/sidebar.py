"""The sidebar: widgets made from the table of settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.cells import CELLS, OWN
from rnnviz.charts.explanation import explanation
from rnnviz.config import (
    GROUPS,
    SETTINGS,
    Activation,
    RunConfig,
    Setting,
    SettingError,
    TaskName,
)
from rnnviz.engine.derived_cell import cell_of, numbers
from rnnviz.page.export_menu import export_menu, open_menu
from rnnviz.page.own_data import own_data, way_back
from rnnviz.page.session_host import SessionHost
from rnnviz.page.session_registry import Seat, get_seat
from rnnviz.probe.session import Session
from rnnviz.tasks.registry import PRESETS, TASKS
from rnnviz.tasks.task import Preset
from rnnviz.ui.browser_session import first_value, on_host, visit
from rnnviz.ui.stage import place_editor
from rnnviz.ui.style import escaped

#: So many presets stand in sight; the others open on a click.
_CARDS = 3


def sidebar(seat: Seat, host: SessionHost, task: DeltaGenerator, folded: bool) -> None:
    """Draw every setting that has an effect, by group, and apply the widgets' values.

    ``task`` is the place of the task's choice. The other settings are ``folded`` where a
    laboratory needs the room for its own.
    """
    session = host.session
    if session.player.recorded:
        _recorded(session, task)
        return
    if seat.config is not None and seat.config != session.config:
        # The settings changed elsewhere. Apply only the widgets that changed since they were drawn.
        session.configure(replace(session.config, **_changed(seat.config, seat.edition)))
        seat.edition += 1
    seat.config = _read(session, seat.edition, task, folded)
    session.configure(seat.config)


def _recorded(session: Session, task: DeltaGenerator) -> None:
    """What there is to choose for a recording: its settings are those of another program."""
    with task:
        name = f"Recording: {session.dataset.name[:60]}"
        st.selectbox("Task", [name], key="own_task", disabled=True)
    with st.sidebar:
        with st.container(horizontal=True, key="files"):
            open_menu()
            export_menu(session)
        st.caption(explanation("recording"))
        _about(session)


def _changed(shown: RunConfig, edition: int) -> dict[str, Any]:
    """The settings whose widgets differ from the settings ``shown``."""
    keys = {name: _key(name, edition) for name in SETTINGS if name != "task"}
    values = {name: st.session_state[key] for name, key in keys.items() if key in st.session_state}
    return {name: value for name, value in values.items() if value != getattr(shown, name)}


def _read(session: Session, edition: int, task: DeltaGenerator, folded: bool) -> RunConfig:
    first = first_value("config", edition, session.config)
    values: dict[str, Any] = {name: row.default for name, row in SETTINGS.items()}
    with task:
        values["task"] = _task(session, first, edition)
    with st.sidebar:
        # What follows a container keeps its index: Streamlit folds an expander that moves.
        dials = st.container()
        more = st.expander("Settings of the run" if folded else "More settings")
        with more if folded else dials:
            _presets(session, values["task"])
            _draw((row for row in SETTINGS.values() if row.dial), session, first, edition, values)
        with more:
            for group in GROUPS:
                rows = [r for r in SETTINGS.values() if r.group == group and not r.dial]
                if rows:
                    st.subheader(group)
                _draw(rows, session, first, edition, values)
        with st.container():
            others = [row for row in SETTINGS.values() if not row.dial]
            changed = [row for row in RunConfig(**values).changes(RunConfig()) if not row.dial]
            st.caption(f"{len(changed)} of {len(others)} differ from the default")
            way_back(session)
        own_data(session)
        with st.container(horizontal=True, key="files"):
            open_menu()
            export_menu(session)
        _about(session)
    return RunConfig(**values)


def _draw(
    rows: Iterable[Setting],
    session: Session,
    first: RunConfig,
    edition: int,
    values: dict[str, Any],
) -> None:
    """Draw these settings, and put what the widgets say into ``values``."""
    for row in rows:
        if row.name == "lag" and session.data.own:
            values["lag"] = first.lag
        elif row.name == "constants" and row.applies(values):
            values["constants"] = _constants(row, values["cell"], first, edition)
        elif row.name not in ("task", "equations"):
            begin = _kept(row, row.applies(values), first, edition)
            if row.applies(values):
                values[row.name] = _widget(row, begin, edition)
                st.session_state[f"kept_{row.name}"] = edition, values[row.name]
        if row.name == "cell":
            activation = st.session_state.get(_key("activation", edition), first.activation)
            values["equations"] = _equations(session, values["cell"], activation)


def _kept(row: Setting, applies: bool, first: RunConfig, edition: int) -> Any:
    """What a widget begins with: what it said last, before it had no effect for a while."""
    value, count = getattr(first, row.name), visit(str(applies), f"shown_{row.name}")
    since, kept = st.session_state.get(f"kept_{row.name}", (None, value))
    # Settings that came from elsewhere, such as a preset's, count if they have an effect there.
    known = since == edition or not row.applies(vars(first))
    return first_value(f"begin_{row.name}", (edition, count), kept if known else value)


def _equations(session: Session, cell: str, activation: Activation) -> str:
    """The equations of one's own, if they are chosen, and the button that opens the editor."""
    own = cell == OWN
    config = session.config
    text = (config.equations if config.cell == cell else session.own_equations) if own else ""
    label = "Edit the equations" if own else "Write your own"
    constants = config.constants if config.cell == cell else ""
    place_editor(label, cell_of(cell, activation, text, constants).text.standalone)
    return text


def _constants(row: Setting, kind: str, first: RunConfig, edition: int) -> str:
    """The numbers in the equations of a cell, each in its box, as one text."""
    cell = CELLS[kind]
    given = first.constants if first.cell == kind else ""
    known = {**cell.constants, **numbers(cell, given)}
    values = {}
    for name, value in known.items():
        key = _key(f"constants_{kind}_{name}", edition)
        with _place(row, key):
            values[name] = st.number_input(
                escaped(name), -1e6, 1e6, value, step=0.1, format="%.6g", key=key, help=row.help
            )
    changed = {name: value for name, value in values.items() if value != cell.constants[name]}
    return _whole(kind, ", ".join(f"{name}={value!r}" for name, value in changed.items()), given)


def _whole(kind: str, constants: str, before: str) -> str:
    """The constants; those ``before``, and a sentence, if a part of the cell would vanish."""
    try:
        cell_of(kind, Activation.TANH, "", constants)
    except SettingError as problem:
        st.error(escaped(str(problem)))
        return before
    return constants


def _key(name: str, edition: int) -> str:
    return f"{name}_{edition}" if edition else name


def _place(row: Setting, key: str) -> DeltaGenerator:
    """The place of a widget, in which the style sheet says when a change is felt.

    In the label it would be read out with its markup.
    """
    return st.container(key=f"{'restarts' if row.restarts else 'changes'}_{key}")


def _widget(row: Setting, first: Any, edition: int) -> Any:
    key = _key(row.name, edition)
    with _place(row, key):
        return _control(row, first, key)


def _control(row: Setting, first: Any, key: str) -> Any:
    label, options = row.label, row.options
    if row.name == "cell":
        return st.selectbox(
            label, options, options.index(first), key=key, help=row.help, format_func=str
        )
    if row.choices:
        return st.segmented_control(
            label, options, default=first, key=key, help=row.help, required=True, format_func=str
        )
    low, high, step = (row.kind(value) for value in (row.low, row.high, row.step))
    if row.name in ("hidden", "lag", "layers"):
        return st.slider(label, low, high, first, key=key, help=row.help)
    return st.number_input(
        label, low, high, first, step=step, format="%d" if row.kind is int else "%.6g",
        key=key, help=row.help,
    )  # fmt: skip


def _task(session: Session, first: RunConfig, edition: int) -> TaskName:
    """The task, whose choice applies its first preset."""
    if session.data.own:
        whose = "Own" if session.data.upload else "Given"
        own = f"{whose} data: {session.dataset.name[:60]}"
        st.selectbox("Task", [own], key="own_task", disabled=True)
        return first.task
    key = _key("task", edition)
    chosen = st.selectbox(
        "Task", list(TaskName), list(TaskName).index(first.task), key=key,
        format_func=lambda name: TASKS[name].label,
        help="What the network learns. A new task comes with settings that fit it.",
    ) or first.task  # fmt: skip
    if chosen != first.task:
        _apply(session, PRESETS[chosen][0], get_seat())
        st.rerun()
    return chosen


def _presets(session: Session, task: TaskName) -> None:
    """The buttons of the task's presets."""
    if session.data.own:
        return
    cards = PRESETS[task]
    for preset in cards[:_CARDS]:
        _card(session, task, preset)
    if others := cards[_CARDS:]:
        with st.expander(f"{len(others)} more presets"):
            for preset in others:
                _card(session, task, preset)


def _card(session: Session, task: TaskName, preset: Preset) -> None:
    active = _is_active(session.config, preset)
    st.button(
        f"**{preset.label}** · :small[{preset.promise}]", key=f"preset_{task}_{preset.label}",
        on_click=on_host(_apply), args=(preset, get_seat()),
        type="primary" if active else "secondary", help=preset.look, width="stretch",
    )  # fmt: skip


def _apply(session: Session, preset: Preset, seat: Seat) -> None:
    seat.config = preset.config(session.config.seed)
    seat.edition += 1
    session.configure(seat.config)


def _is_active(config: RunConfig, preset: Preset) -> bool:
    return preset.config(config.seed) == config


def _about(session: Session) -> None:
    """What the task teaches, the size of the data, and warnings."""
    if not session.data.own:
        st.caption(TASKS[session.config.task].teaches)
    st.caption(_sizes(session))
    for sentence in session.dataset.notes:
        st.warning(escaped(sentence))


def _sizes(session: Session) -> str:
    data = session.dataset
    noun = data.vocabulary.noun if data.tokens else "channel"
    answers = "class" if data.answers_classes else "answer"
    test = "" if session.player.recorded else f" and {len(data.test):,} test"
    sequences = f"{len(data.train):,} {data.role}{test} sequences"
    words = _counted(len(data.vocabulary), noun)
    return f"{sequences}, {words}, {_counted(len(data.classes), answers)}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 'es' if noun.endswith('s') else 's'}"
