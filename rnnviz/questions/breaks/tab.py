"""Tab *What breaks it?*: edits of a copy of the weights, and their effects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from html import escape
from typing import NamedTuple

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.charts.hidden_states import MOST_TOKENS, signed
from rnnviz.charts.picture import Picture
from rnnviz.charts.sequence_network import BROKEN
from rnnviz.charts.shapes import sentence
from rnnviz.charts.side_by_side import (
    AnswerScale,
    BeforeAndAfter,
    answers_before,
    distance_curve,
    percent,
)
from rnnviz.charts.texts import explanation, score_text
from rnnviz.charts.theme import plain, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import quoted
from rnnviz.probe.memory_gauge import recurrent, recurrent_name, spectrum
from rnnviz.probe.probe import Probe, inspect
from rnnviz.probe.sequence_pass import memory_share, outgoing_parts, readers
from rnnviz.probe.session import Session
from rnnviz.probe.units import MOST_EDITS, EditPreview, StateSource
from rnnviz.questions.breaks import pictures
from rnnviz.questions.breaks.measure import Removal, SilencingLab
from rnnviz.questions.subject import (
    ablation_buttons,
    measuring_html,
    name_of_weights,
    source_of,
    why_not_measured,
)
from rnnviz.questions.what_if.measure import outcome_of, running_answers
from rnnviz.run.weight_edits import Edit, EditKind, noise, scale, set_weight
from rnnviz.ui.browser_session import first_value, on_host, visit
from rnnviz.ui.choices import choose_view, progress_html, view_of
from rnnviz.ui.sheet import Chart, Column, Sheet, names_in, no_room
from rnnviz.ui.style import escaped, sticky_theme, theme
from rnnviz.ui.viewer import Event

#: Numbers of strongest units to silence at once.
_STRONGEST = (1, 3, 5, 8)


class Trial(NamedTuple):
    """The network before and after the edits, and the phrase as each reads it."""

    session: Session
    source: StateSource
    preview: EditPreview
    before: Probe
    after: Probe

    @property
    def rises(self) -> Array:
        """The rise of the loss without each unit, (H,); NaN if it is not measured yet."""
        return self.session.units.ablation_loss(self.source)

    @property
    def removal(self) -> Removal | None:
        """Units silenced one after the other; None while some units are not measured."""
        return self.session.lab(SilencingLab).removal(self.source, self.rises)

    @property
    def movers(self) -> list[tuple[str, str]]:
        """The word that moves each unit most, as a sentence, and by how much on average.

        Of a series it is what the unit follows. Empty while the run plays.
        """
        if self.session.player.running:
            return []
        if self.session.dataset.series is not None:
            found = self.session.units.following(self.source)
            best = found.shares.argmax(axis=0).tolist()
            return [
                (f"Unit {k} follows {found.properties[row].text}", f": {found.shares[row, k]:.2f}")
                for k, row in enumerate(best)
            ]
        part, own = self.source.part, self.session.state.parameters.architecture.out
        what = "unit" if part == own else f"{part} of unit"
        return [
            (f"{quoted(shown_token(word))} moves {what} {k} most", f", by {signed(by)} on average")
            for k, (word, by) in enumerate(self.session.units.movers(self.source))
        ]

    @property
    def silenced(self) -> frozenset[int]:
        """The silenced units of the layer shown."""
        return self.session.units.silenced(self.session.layer)

    @property
    def states(self) -> tuple[Array, Array]:
        """The states before and after, on the words before; NaN where a decoder wrote less."""
        layer, part = self.session.layer, self.session.part
        before, after = (p.unrolled(layer).of(part) for p in (self.before, self.after))
        return before, _as_long(after, len(before))


def _as_long(rows: Array, count: int) -> Array:
    missing = np.full((max(0, count - len(rows)), *rows.shape[1:]), np.nan)
    return np.concatenate([rows[:count], missing])


def _trial_of(session: Session) -> Trial:
    preview = session.units.preview(session.state, session.run)
    phrase = session.phrase_input.phrase
    after = inspect(session.dataset, preview.parameters, phrase, session.settings)
    return Trial(session, source_of(session), preview, session.inspect(), after)


def _toggle(session: Session, event: Event) -> None:
    unit = event.get("data")
    if isinstance(unit, int) and 0 <= unit < session.config.hidden:
        session.units.toggle(session.layer, unit)


# The answer


def _answer(trial: Trial) -> str:
    """The score without the edited units, or without the strongest unit alone."""
    session, lab, removal = trial.session, trial.session.units, trial.removal
    left = "".join(f" {escape(f'{edit} is left out: {why}')}" for edit, why in lab.left_out.items())
    if lab.edits:
        before, after = trial.preview.before[0].metric, trial.preview.after[0].metric
        here = sorted(trial.silenced) if len(lab.edits) == 1 else []
        moved = _moved_by(trial, here[0]) if here else ""
        return f"{_edited(session)}{_right(session, after, before)}{moved}{left}"
    if removal is None or not np.isfinite(removal.strongest[:2]).all():
        return f"{measuring_html(session, trial.rises)}{left}"
    if lab.effort.asked:
        done = 1 - len(removal.missing) / len(removal.weakest)
        return progress_html("Silencing one after the other", done)
    before, after = removal.strongest[:2].tolist()
    unit = int(removal.units[0])
    alone = f"Without {_unit(session, unit, session.layer + 1)} alone"
    every = len(session.dataset.train)
    read = f"{removal.sequences:,} " if removal.sequences < every else ""
    return f"{alone}{_right(session, after, before, read)}{_moved_by(trial, unit)}{left}"


def _unit(session: Session, unit: int, layer: int) -> str:
    """The name of a unit; layers count from 1."""
    return f"unit {unit} of layer {layer}" if session.config.layers > 1 else f"unit {unit}"


def _moved_by(trial: Trial, unit: int) -> str:
    movers = trial.movers
    return f" {escape(movers[unit][0])}." if movers else ""


def _edited(session: Session) -> str:
    """The edits as the beginning of a sentence."""
    edits = session.units.edits
    silent = [edit for edit in edits if edit.kind is EditKind.SILENCE]
    if len(silent) < len(edits):
        return f"With {len(edits)} edit{'s' * (len(edits) > 1)}"
    if len(edits) == 1:
        return f"Without {_chip(session, edits[0])}"
    if len({edit.row for edit in edits}) > 1 or len(edits) > 3:
        return f"Without {len(edits)} units"
    *units, last = [str(edit.column) for edit in edits]
    return f"Without units {', '.join(units)} and {last}"


def _right(session: Session, after: float, before: float, read: str = "") -> str:
    """The training metric now and before, as the end of a sentence; ``read`` is how many."""
    now, then = (percent(value) for value in (after, before))
    name = session.dataset.metric.name
    if name != "accuracy":
        return f": {name} <strong>{now}</strong>, before {then}."
    examples = f"{read or 'the '}{session.dataset.role} {session.names.sequence}s"
    answers = "" if session.dataset.one_class_at_end else "the answers to "
    what = f"<strong>{now}</strong> of {answers}{examples} are right"
    if now == then:
        return f" still {what}."
    return f" {'only ' * (after < before)}{what}, not {then}."


# The pictures on the words


Figure = Callable[[Trial], Picture]


def _of_copy(figure: Figure) -> Figure:
    """Add the edits of the copy to the metadata of a picture's files."""

    def drawn(trial: Trial) -> Picture:
        edits = ", ".join(map(str, trial.session.units.edits))
        return figure(trial).with_metadata(edits=f"{edits}, on a copy" if edits else "")

    return drawn


def _or_broken(title: str, figure: Figure) -> Figure:
    def drawn(trial: Trial) -> Picture:
        finite = trial.before.finite and trial.after.finite
        return figure(trial) if finite else sentence(title, BROKEN, theme())

    return _of_copy(drawn)


def _memory(trial: Trial) -> Picture:
    session, view = trial.session, view_of(trial.session)
    order = session.lab(SilencingLab).order(trial.source, trial.rises)
    marked = session.selection.unit_of(len(order))
    ablation = pictures.AblationLoss(
        order, trial.rises, trial.silenced, session.dataset.guess.unit, _carried(trial),
        kept=() if marked is None else (marked,),
        notes=[plain(said + by, 100) for said, by in trial.movers],
    )  # fmt: skip
    colors = sticky_theme(session, "now", view.name)
    return pictures.silenced_memory(
        trial.states[1], trial.before.step_names, ablation, colors, view
    )


def _carried(trial: Trial) -> pictures.MemoryFlow | None:
    """The flow of the memory from word to word; None if it doesn't fit."""
    before, session = trial.before, trial.session
    if len(before.words) > MOST_TOKENS:
        return None
    layer, candidate = session.layer, readers(before.parameters.architecture.cell).candidate
    then, now = (memory_share(p.parameters, p.trace, layer) for p in (before, trial.after))
    parts = partial(outgoing_parts, before.parameters, before.trace, layer, line=candidate)
    lost = {unit: parts(unit) for unit in sorted(trial.silenced)} if candidate else {}
    return pictures.MemoryFlow(_as_long(now, len(then)), then, lost)


def _memory_remark(trial: Trial) -> str:
    left, units = int(np.isnan(trial.rises).sum()), len(trial.rises)
    pending = (
        f"{left} of {units} units {'is' if left == 1 else 'are'} not measured yet." if left else ""
    )
    why = why_not_measured(trial.session) if left else ""
    count, noun = len(trial.before.words), trial.session.names.noun
    threads = readers(trial.before.parameters.architecture.cell).candidate
    what = "channels and threads" if threads else "channels"
    return " ".join(filter(None, (pending, why, no_room(what, count, MOST_TOKENS, noun))))


def _moved(trial: Trial) -> Picture:
    before, after = trial.states
    others = [u for u in range(before.shape[1]) if u not in trial.silenced]
    moved = np.linalg.norm((after - before)[:, others], axis=1)
    part = trial.session.part
    count = "" if len(others) == 1 else f"{len(others)} "
    who = f"the {'other ' * bool(trial.silenced)}{count}unit{'s are' if count else ' is'}"
    title = f"How far {who} moved, ‖Δ{part}‖ (L2)"
    colors = sticky_theme(trial.session, "moved", part)
    return distance_curve(moved, trial.before.step_names, title, colors)


def _answers(trial: Trial) -> Picture:
    outcome, data = outcome_of(trial.before, trial.after), trial.session.dataset
    words, noun = trial.before.step_names, trial.session.names.noun
    first, second = (running_answers(probe, outcome) for probe in (trial.before, trial.after))
    pair = BeforeAndAfter(first, _as_long(second, len(first)), words, words)
    what = f"Probability of {'the target' if not data.one_class_at_end else outcome.name}"
    if outcome.two:
        what = "Verdict"
    elif not outcome.probability:
        what = f"{'Expected' if data.series else 'Output,'} {outcome.name},"
    sides = (data.classes[0], data.classes[1]) if outcome.two else None
    series = data.series is not None and not outcome.probability
    scale = AnswerScale(
        f"{what} after every {noun}", outcome.base, outcome.probability, sides, series
    )
    return answers_before(pair, scale, sticky_theme(trial.session, "answers_now", what))


def _scores(trial: Trial) -> Picture:
    session, preview = trial.session, trial.preview
    name, unit = session.dataset.metric.name, session.dataset.guess.unit
    rows = []
    for role, before, after in zip(("train", "test"), preview.before, preview.after, strict=True):
        texts = [score_text(score.loss, "{:.3f}") for score in (before, after)]
        texts += [percent(score.metric) for score in (before, after)]
        if role == "train" or texts[0] != "–":
            rows.append((role, texts))
    both = session.state.parameters, preview.parameters
    radii = [spectrum(recurrent(parameters, session.layer)).radius for parameters in both]
    rows.append(("radius", [score_text(r, "{:.3f}") for r in radii] + ["", ""]))
    return pictures.scores_table(rows, [f"loss ({unit})", "now", name, "now"], theme())


def _removal(trial: Trial) -> Picture:
    session, removal = trial.session, trial.removal
    if removal is None:
        return sentence("Silencing one after the other", why_not_measured(session), theme())
    now, metric = (len(trial.silenced), trial.preview.after[0].metric), session.dataset.metric.name
    return pictures.removal_curves(removal.strongest, removal.weakest, now, metric, theme())


def _measured(trial: Trial) -> str:
    if (removal := trial.removal) is None:
        return ""
    data, left = trial.session.dataset, len(removal.missing)
    rest = f" Points that are not measured yet: {left}." if left else ""
    return (
        f"Measured on {removal.sequences:,} of the {len(data.train):,} {data.role} "
        f"{trial.session.names.generic}s; "
        f"the dot is the edited network, on all of them.{rest}"
    )


def _turned(trial: Trial) -> Picture:
    session, noun = trial.session, trial.session.names.sequence
    title, said = f"{noun.capitalize()}s that turned", ""
    if not session.units.edits:
        said = "Nothing is edited yet: click a row of the memory to silence its unit."
    elif not session.dataset.answers_classes:
        said = "The answers are values: they move, but do not turn."
    if said:
        return sentence(title, said, theme())
    turned, sequences = session.lab(SilencingLab).turns(trial.source, trial.preview.parameters)
    two = len(session.dataset.classes) == 2
    rows = [
        (one.text, one.text_now, one.side if two and one.answers == 1 else -1)
        for one in turned[: pictures.MOST_TURNED]
    ]
    title = f"{len(turned):,} of {sequences:,} {noun}s turned"
    return pictures.turned_list(rows, title, len(turned) - len(rows), theme())


# The tools


def _chip(session: Session, edit: Edit) -> str:
    silent = edit.kind is EditKind.SILENCE
    return _unit(session, edit.column, edit.row) if silent else str(edit)


def _decide(session: Session) -> None:
    """A button for each edit, to undo it, and buttons for all of them."""
    edits, none = session.units.edits, not session.units.edits
    st.caption(explanation("breaks/edits") if none else f"Edits of a copy: {len(edits)}")
    with st.container(horizontal=True, key="chips", gap="xsmall"):
        for k, edit in enumerate(edits):
            name, take_back = _chip(session, edit), on_host(lambda s, edit: s.units.undo(edit))
            st.button(f"{escaped(name)} ✕", key=f"chip_{k}", on_click=take_back, args=(edit,))
    undo, undo_all = on_host(lambda s: s.units.undo()), on_host(lambda s: s.units.clear())
    with st.container(horizontal=True, key="decide"):
        st.button("Undo", key="undo", on_click=undo, disabled=none, shortcut="Z")
        st.button("Restore all", key="undo_all", on_click=undo_all, disabled=none)
    if session.player.recorded:
        return
    st.button(
        "Branch with this network", key="branch_with", disabled=none,
        on_click=on_host(_branch), width="stretch",
        help="Until now only a copy was edited. This continues the run with the edited weights "
        "from the epoch shown; the old run stays as a ghost, and a link carries the edits.",
    )  # fmt: skip


def _branch(session: Session) -> None:
    if session.player.branch_with(session.units.edits):
        session.units.clear()


def _strongest(count: int, session: Session) -> Iterable[Edit]:
    return session.units.strongest(source_of(session), count)


def _tools(session: Session) -> None:
    st.markdown(
        "Silence the strongest",
        help="Of the units not silenced yet, those without which, alone, the loss rises most.",
    )
    with st.container(horizontal=True, key="strongest", gap="xsmall"):
        for count in _STRONGEST:
            place = st.container(width="content")
            _button(place, str(count), partial(_strongest, count), session, f"silence_{count}")
    with st.expander("Scale, noise, set a weight"):
        times, end = _row(2)
        factor = _number(times, "Radius ×", "cut_factor", (0.0, 10.0), 0.9)
        _button(end, "Scale", lambda _: [scale(factor)], session, "scale_radius")
        size, source = _row(2)
        share = _number(size, "Noise ×", "cut_share", (0.0, 10.0), 0.1)
        seed = _number(source, "Seed", "cut_seed", (0, 999_999), 0)
        place = st.container()
        _button(place, "Add noise", lambda _: [noise(share, int(seed))], session, "add_noise")
        _weight(session)


def _row(count: int) -> list[DeltaGenerator]:
    return st.columns(count, vertical_alignment="bottom", gap="small")


def _number(
    column: DeltaGenerator, label: str, key: str, span: tuple[float, float], first: float
) -> float:
    low, high = span
    first = first_value(key, (visit("hidden"), high), min(max(first, low), high))
    return column.number_input(label, low, high, first, key=f"{key}_{high}")


def _weight(session: Session) -> None:
    parameters = session.state.parameters
    names = [name for name, array in parameters.named().items() if array.ndim == 2]
    recurrent = recurrent_name(parameters, session.layer)
    default = names.index(recurrent) if recurrent else 0
    name = st.selectbox("Weight", names, default, key=f"cut_name_{session.layer}_{len(names)}")
    rows, columns = parameters[name].shape
    left, right = _row(2)
    to = int(_number(left, "Row", "cut_row", (0, rows - 1), 0))
    source = int(_number(right, "Column", "cut_column", (0, columns - 1), 0))
    now = f"Now {float(parameters[name][to, source]):g}"
    left, right = _row(2)
    value = left.number_input("Value", -1e6, 1e6, 0.0, key="cut_value", help=now)
    _button(right, "Set", lambda _: [set_weight(name, to, source, value)], session, "set_weight")


def _button(
    column: DeltaGenerator, label: str, edits: Callable[[Session], Iterable[Edit]],
    session: Session, key: str,
) -> None:  # fmt: skip
    full = len(session.units.edits) >= MOST_EDITS

    def add(here: Session) -> None:
        here.units.add(*edits(here))

    column.button(
        label, key=f"do_{key}", width="stretch", disabled=full, on_click=on_host(add),
        help=f"At most {MOST_EDITS} edits at a time." if full else None,
    )  # fmt: skip


# The tab


def _controls(session: Session) -> None:
    session.units.fit(session.state.parameters.architecture)
    _decide(session)
    _tools(session)
    ablation_buttons(session)
    choose_view(session, "hidden")


def _charts(session: Session) -> tuple[Column[Trial], Column[Trial]]:
    session.units.fit(session.state.parameters.architecture)
    return (
        [
            Chart("ablation", 5, _of_copy(_memory), _memory_remark, _toggle),
            Chart("moved", 2, _or_broken("How far the others are moved", _moved)),
            Chart("answers_now", 2.6, _or_broken("Answers now and before", _answers)),
        ],
        [
            Chart("scores", 2.4, _of_copy(_scores)),
            Chart("removal", 3, _of_copy(_removal), _measured),
            Chart("turned", 4, _of_copy(_turned)),
        ],
    )


def _measure(session: Session) -> Iterator[None]:
    """Each unit alone first, then one after the other."""
    source, units = source_of(session), session.units

    def ablate() -> Iterator[None]:
        yield from units.ablate(source)
        yield from session.lab(SilencingLab).remove(source, units.ablation_loss(source))

    return units.effort.limit((source.state, source.layer), ablate())


TAB = Sheet(
    "breaks", _trial_of, _answer, _charts, _controls, _measure,
    shown=lambda session: session.units.effort.condition,
    fields=lambda session: names_in(session)
    | {"weights": name_of_weights(session.state.parameters, session.layer)},
)  # fmt: skip
