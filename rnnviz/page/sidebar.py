"""The sidebar: widgets made from the table of settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.cells import CELLS, OWN
from rnnviz.charts.texts import explanation
from rnnviz.charts.theme import shown_token
from rnnviz.config import (
    GROUPS,
    SETTINGS,
    Activation,
    RunConfig,
    Setting,
    SettingError,
    TaskName,
    Widget,
    parse_constants,
    written_constants,
)
from rnnviz.engine.derived_cell import cell_of
from rnnviz.page.export_menu import export_menu, keep_menu, open_menu
from rnnviz.page.own_data import leave_own_data, own_data
from rnnviz.page.session_registry import TabSession, get_tab
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.run.pair_link import COMMON
from rnnviz.sweeps.seed_runs import MOST_SEEDS
from rnnviz.tasks.data_source import PRESETS, TASKS
from rnnviz.tasks.task import Preset
from rnnviz.ui.browser_session import first_value, on_pair, visit
from rnnviz.ui.stage import place_editor
from rnnviz.ui.style import escaped

#: The number of presets in sight; the others open on a click.
_CARDS = 3
#: The most settings that are named as different from the default.
_NAMED = 6
#: The most words of the vocabulary that are listed.
_MOST_WORDS = 80


def sidebar(tab: TabSession, pair: Pair, task: DeltaGenerator, folded: bool) -> None:
    """Draw every setting that has an effect, by group, and apply the widgets' values.

    Of two networks they are those of the first, and what differs in the second comes first.

    The choice of the task is drawn in ``task``. The other settings are ``folded`` where a
    laboratory needs the room for its own.
    """
    session = pair.first
    if session.player.recorded:
        _recorded(pair, task)
        return
    split = (session, pair.second, frozenset(pair.split), pair.sessions[-1].config)
    if tab.config is not None and (tab.config, tab.split) != (session.config, split):
        # The settings changed elsewhere. Apply only the widgets that changed since they were drawn.
        keys = {name: _key(name, tab.edition) for name in SETTINGS if name != "task"}
        state = st.session_state
        values = {name: state[key] for name, key in keys.items() if key in state}
        changed = {name: v for name, v in values.items() if v != getattr(tab.config, name)}
        with pair.keeping_replaced_run():
            pair.configure(replace(session.config, **changed))
        tab.edition += 1
    tab.config = _read(tab, pair, task, folded)
    with pair.keeping_replaced_run():
        pair.configure(tab.config)
    tab.split = (*split[:-1], pair.sessions[-1].config)
    if session.config != tab.config:
        # They were refused: the widgets go back to the settings of the run.
        st.rerun()


def _recorded(pair: Pair, task: DeltaGenerator) -> None:
    """The sidebar of a recording, whose settings are those of another program."""
    session = pair.session
    with task:
        name = f"Recording: {session.dataset.name[:60]}"
        st.selectbox("Task", [name], key="own_task", disabled=True)
    with st.sidebar:
        _files(pair)
        st.caption(explanation("recording"))
        _about(session)


def _read(tab: TabSession, pair: Pair, task: DeltaGenerator, folded: bool) -> RunConfig:
    session, edition = pair.first, tab.edition
    first = first_value("config", edition, session.config)
    values: dict[str, Any] = {name: row.default for name, row in SETTINGS.items()}
    with task:
        values["task"] = _task(tab, pair, first, edition)
    with st.sidebar:
        # In containers, so that the expanders keep their index: Streamlit folds one that moves.
        differing, dials = st.container(), st.container()
        if pair.second:
            _differing(pair, differing, first, edition, values)
        if pair.luck_shown:
            _luck(pair, differing)
        more = st.expander("Settings of the run" if folded else "More settings")
        with more if folded else dials:
            _presets(tab, session, values["task"])
            rows = [row for row in SETTINGS.values() if row.dial]
            _draw(rows, pair, first, edition, values)
        with more:
            for group in GROUPS:
                rows = [r for r in SETTINGS.values() if r.group == group and not r.dial]
                if rows:
                    st.subheader(group)
                _draw(rows, pair, first, edition, values)
        with st.container():
            st.caption(_changed(RunConfig(**values)))
            leave_own_data(session)
        own_data(session)
        _files(pair)
        _about(session)
    return RunConfig(**values)


def _files(pair: Pair) -> None:
    """The menus that open, export and keep runs, side by side."""
    with st.container(horizontal=True, key="files"):
        open_menu()
        export_menu(pair.session)
        if not pair.session.player.recorded:
            keep_menu(pair)


def _differing(
    pair: Pair, place: DeltaGenerator, first: RunConfig, edition: int, values: dict[str, Any]
) -> None:  # fmt: skip
    """Draw what differs: both values side by side, and a button that makes them alike."""
    assert pair.second
    rows = [row for row in SETTINGS.values() if row.name in pair.split]
    with place.container(key="differs"):
        st.markdown("**What differs**")
        for row in rows:
            have = [row.applies(vars(one.config)) for one in pair.sessions]
            if row.widget in (Widget.CONSTANTS, Widget.ELSEWHERE) or not any(have):
                continue
            label, join = st.columns([5, 1], vertical_alignment="center")
            label.caption(escaped(row.label))
            if all(have):
                with join:
                    st.button(
                        "=", key=f"join_{row.name}", help="Make it alike in both",
                        on_click=_moving(Pair.join), args=(row.name,), width="stretch",
                    )  # fmt: skip
            for which, column in zip("AB", st.columns(2), strict=True):
                now = first if which == "A" else pair.second.config
                if not row.applies(vars(now)):
                    continue
                key = f"{which}_{_key(row.name, edition)}"
                with column:
                    begin = first_value(f"begin_{key}", edition, getattr(now, row.name))
                    chosen = _control(row, begin, key, short=which)
                if which == "A":
                    values[row.name] = chosen
                elif chosen != begin:
                    pair.differ(row.name, chosen)
            if row.widget is Widget.CELL:
                values["equations"] = _equations(pair.first, values["cell"], first.activation)
        if pair.first.dataset.series and not pair.split.isdisjoint(("window", "horizon")):
            st.caption("Both read the windows of A here; each is scored on its own.")
        st.caption("Press ≠ beside a setting to let it differ too.")


def _luck(pair: Pair, place: DeltaGenerator) -> None:
    """How many seeds are trained, and what counts as learned."""
    luck = pair.luck
    with place.container(key="luck"):
        count = st.number_input(
            "Seeds", 2, MOST_SEEDS, luck.count, key="luck_count",
            help=f"How many seeds, from {luck.first:d} on: one run each, or two for a pair.",
        )  # fmt: skip
        luck.threshold = st.number_input(
            "Learned at", 0.01, 1.0, luck.threshold, 0.05, key="luck_threshold",
            help="A run has learned in the first epoch in which at least this share of the "
            "training answers is right.",
        )  # fmt: skip
    if count != luck.count:
        luck.count = count
        pair.train_seeds()


def _changed(config: RunConfig) -> str:
    """How many settings of a task differ from their default, and which."""
    names = [row.label for row in config.changes(RunConfig(task=config.task))]
    if not names:
        return "Every setting is the default."
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    verb = "differs" if len(names) == 1 else "differ"
    count = f"{len(names)} of {len(SETTINGS) - 1} settings {verb} from the default"
    return f"{count}: {', '.join(names[:_NAMED])}{more}."


def _moving(action: Callable[[Pair, str], object]) -> Callable[[str], None]:
    """A callback that applies ``action`` to the pair; the widgets are rebuilt elsewhere."""
    tab = get_tab()

    def act(pair: Pair, name: str) -> None:
        action(pair, name)
        tab.edition += 1

    return on_pair(act)


def _split(row: Setting) -> None:
    """The button that lets a setting differ."""
    st.button(
        "≠", key=f"split_{row.name}", help=f"Let {row.label} differ",
        on_click=_moving(_let_differ), args=(row.name,), width="stretch",
    )  # fmt: skip


def _let_differ(pair: Pair, name: str) -> None:
    pair.split.add(name)


def _draw(
    rows: Iterable[Setting],
    pair: Pair,
    first: RunConfig,
    edition: int,
    values: dict[str, Any],
) -> None:
    """Draw these settings, and put the widgets' values into ``values``."""
    session = pair.first
    for row in rows:
        applies = row.applies(values)
        if row.name in pair.split and row.widget is not Widget.CONSTANTS:
            continue  # It is among what differs.
        if not session.data.reads(row.name, values["task"]):
            values[row.name] = getattr(first, row.name)
        elif row.widget is Widget.CONSTANTS:
            if applies:
                values[row.name] = _constants(row, values["cell"], first, edition)
        elif row.widget is not Widget.ELSEWHERE:
            # A widget that had no effect for a while begins with its last value before.
            value, count = getattr(first, row.name), visit(str(applies), f"shown_{row.name}")
            since, kept = st.session_state.get(f"kept_{row.name}", (None, value))
            # Settings from elsewhere, such as a preset's, count if they have an effect there.
            known = since == edition or not row.applies(vars(first))
            begin = first_value(f"begin_{row.name}", (edition, count), kept if known else value)
            if applies:
                key = _key(row.name, edition)
                with _place(row, key):
                    control = st.container()
                    if pair.second and row.name not in COMMON:
                        control, split = st.columns([6, 1], vertical_alignment="bottom")
                        with split:
                            _split(row)
                    with control:
                        values[row.name] = _control(row, begin, key)
                st.session_state[f"kept_{row.name}"] = edition, values[row.name]
        if row.widget is Widget.CELL:
            activation = st.session_state.get(_key("activation", edition), first.activation)
            values["equations"] = _equations(session, values["cell"], activation)


def _equations(session: Session, cell: str, activation: Activation) -> str:
    """The reader's own equations, if they are chosen, and the button that opens the editor."""
    own, config = cell == OWN, session.config
    text = (config.equations if config.cell == cell else session.own_equations) if own else ""
    label = "Edit the equations" if own else "Write your own"
    constants = config.constants if config.cell == cell else ""
    place_editor(label, cell_of(cell, activation, text, constants).text.standalone)
    return text


def _constants(row: Setting, kind: str, first: RunConfig, edition: int) -> str:
    """The constants of a cell as one text, with a box for each.

    If a part of the cell would vanish, an error is shown, and they stay as they are.
    """
    cell = CELLS[kind]
    given = first.constants if first.cell == kind else ""
    values = {}
    for name, value in {**cell.constants, **parse_constants(cell, given)}.items():
        key = _key(f"constants_{kind}_{name}", edition)
        with _place(row, key):
            values[name] = st.number_input(
                escaped(name), -1e6, 1e6, value, step=0.1, format="%.6g", key=key, help=row.help
            )
    constants = written_constants(cell, values)
    try:
        cell_of(kind, Activation.TANH, "", constants)
    except SettingError as problem:
        st.error(escaped(str(problem)))
        return given
    return constants


def _key(name: str, edition: int) -> str:
    return f"{name}_{edition}" if edition else name


def _place(row: Setting, key: str) -> DeltaGenerator:
    """The container of a widget, with which the style sheet says when a change takes effect.

    Inside the label, screen readers would read its markup aloud.
    """
    return st.container(key=f"{'restarts' if row.restarts else 'changes'}_{key}")


def _control(row: Setting, first: Any, key: str, short: str = "") -> Any:
    """The widget of a setting; with a ``short`` label, and without help, in half a column."""
    label, options, tip = short or row.label, row.choices, None if short else row.help
    if row.widget is Widget.CELL or (short and options):
        return st.selectbox(
            label, options, options.index(first), key=key, help=tip, format_func=str
        )
    if row.choices:
        chosen = st.segmented_control(
            label, options, default=first, key=key, help=tip, required=True, format_func=str
        )
        return chosen or first
    low, high, step = (row.kind(value) for value in (row.low, row.high, row.step))
    if row.widget is Widget.SLIDER and not short:
        return st.slider(label, low, high, first, key=key, help=tip)
    return st.number_input(
        label, low, high, first, step=step, format="%d" if row.kind is int else "%.6g",
        key=key, help=tip,
    )  # fmt: skip


def _task(tab: TabSession, pair: Pair, first: RunConfig, edition: int) -> TaskName:
    """The task, whose choice applies its first preset."""
    data = pair.first.data
    if data.own:
        whose = "Own" if data.upload else "Given"
        own = f"{whose} data: {pair.first.dataset.name[:60]}"
        st.selectbox("Task", [own], key="own_task", disabled=True)
        return first.task
    key = _key("task", edition)
    chosen = st.selectbox(
        "Task", list(TaskName), list(TaskName).index(first.task), key=key,
        format_func=lambda name: TASKS[name].label,
        help="What the network learns. A new task comes with the settings of its first preset.",
    ) or first.task  # fmt: skip
    if chosen != first.task:
        _apply(pair, PRESETS[chosen][0], tab)
        st.rerun()
    return chosen


def _presets(tab: TabSession, session: Session, task: TaskName) -> None:
    """The buttons of the task's presets."""
    if session.data.own:
        return
    cards = PRESETS[task]
    for preset in cards[:_CARDS]:
        _card(tab, session, task, preset)
    if others := cards[_CARDS:]:
        with st.expander(f"{len(others)} more presets"):
            for preset in others:
                _card(tab, session, task, preset)


def _card(tab: TabSession, session: Session, task: TaskName, preset: Preset) -> None:
    chosen = preset.config(session.config.seed) == session.config
    st.button(
        f"{'✓ ' if chosen else ''}**{preset.label}** · :small[{preset.promise}]",
        key=f"preset_{task}_{preset.label}", on_click=on_pair(_apply), args=(preset, tab),
        type="primary" if chosen else "secondary", help=preset.look, width="stretch",
    )  # fmt: skip


def _apply(pair: Pair, preset: Preset, tab: TabSession) -> None:
    tab.config = preset.config(pair.first.config.seed)
    tab.edition += 1
    with pair.keeping_replaced_run():
        pair.configure(tab.config)


def _about(session: Session) -> None:
    """What the task teaches, the size of the data, and warnings."""
    data = session.dataset
    if not session.data.own:
        st.caption(TASKS[session.config.task].teaches)
    test = "" if session.player.recorded else f" and {len(data.test):,} test"
    words = _counted(len(data.vocabulary), data.vocabulary.noun if data.tokens else "channel")
    answers = _counted(len(data.classes), "class" if data.answers_classes else "answer")
    sizes = f"{len(data.train):,} {data.role}{test} {session.names.generic}s, {words}, {answers}"
    vocabulary = [shown_token(word) for word in data.vocabulary.words]
    more = f" and {len(vocabulary) - _MOST_WORDS:,} more" if len(vocabulary) > _MOST_WORDS else ""
    if data.tokens:
        st.caption(sizes, help=escaped(f"It reads: {' · '.join(vocabulary[:_MOST_WORDS])}{more}"))
    else:
        st.caption(sizes)
    for sentence in data.notes:
        st.warning(escaped(sentence))


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 'es' if noun.endswith('s') else 's'}"
