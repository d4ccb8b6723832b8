"""Tab *How far back does it reach?*: the gradient on its way back to the first word."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from rnnviz.charts.first_page import gradient_rows
from rnnviz.charts.gradients import gradient_map, memory_gauge, symbol
from rnnviz.charts.pair_story import underlined
from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import sentence
from rnnviz.charts.texts import called, epoch_link, explanation
from rnnviz.charts.theme import Theme
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.cell_parts import memory_states
from rnnviz.probe.comparison import standing
from rnnviz.probe.formatting import number
from rnnviz.probe.gradient_flow import GradientQuery
from rnnviz.probe.health import REACH_WATCH
from rnnviz.probe.jacobians import fits
from rnnviz.probe.lengths import LengthProfile
from rnnviz.probe.memory_gauge import GradientMap, eigenvalues, recurrent, recurrent_name
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.questions.reach.measure import (
    BandSource,
    LengthLab,
    ReachLab,
    last_starved,
    state_spectra,
)
from rnnviz.questions.reach.pictures import (
    FOREVER,
    connectivity_map,
    exponent_curve,
    length_curve,
    life_text,
    product_curves,
    reach_curve,
    state_spectrum,
    weight_spectrum,
)
from rnnviz.questions.subject import (
    GradientSource,
    beside,
    gradient_source,
    jacobian_tokens,
    name_of_weights,
    probe_sequence,
)
from rnnviz.tasks.dataset import Example
from rnnviz.ui.browser_session import first_value, visit
from rnnviz.ui.choices import choose_layer, choose_objective, choose_one, gated
from rnnviz.ui.sheet import Chart, Column, Sheet, go_to_click, names_in
from rnnviz.ui.style import theme

#: The decades of shares in the maps of two networks.
_SHARES = -9, 0
#: Seconds of every frame in which earlier epochs are measured.
_SLICE = 0.001


# The answer


def _lab(source: GradientSource) -> ReachLab:
    return source.session.lab(ReachLab)


def _answer(source: GradientSource) -> str:
    """The fraction of the gradient that reaches the first word, and its average half-life."""
    shares, lag = _shares(source), len(_shares(source)) - 1
    names = source.session.names
    noun = names.noun
    if len(source.words) < 2:
        return f"One {noun}: there is nothing to reach back to."
    if lag < 1 or not np.isfinite(shares).all():
        return "There is no gradient here to be carried back."
    word, back = escape(called(source.probe, 0)), f"{lag} {noun}{'s' * (lag > 1)} back"
    share = float(shares[0])
    reaches = f"{_share_text(share)} reaches {word}, {back}.{_longer_window(source, share)}"
    if source.pair and source.other:
        other = _shares(source.other)
        first, second = map(underlined, source.pair.names, (0, 1))
        here = _arrives(share, f"reaches {word}, {back}", f" at {word}, {back}")
        there = _arrives(float(other[0]), "reaches it") if len(other) else "nothing reaches it"
        return f"The gradient: in {first} {here}; in {second} {there}."
    if not share:
        return f"<strong>Nothing</strong> is carried back: {reaches}"
    if share >= 1 or (life := -lag * math.log(2) / math.log(share)) >= FOREVER:
        fades = "doesn't fade" if share >= 1 else "hardly fades"
        return f"<strong>It {fades}</strong>: {reaches}"
    many = life_text(life)
    often = f"<strong>{noun if many == '1' else f'{many} {noun}s'}</strong>"
    said = f"In this {names.sequence} the gradient is halved every {often} on average"
    return f"{said}: {reaches}{_earlier(source)}"


#: The least share of the gradient at the first step of a window with which a longer one may help,
#: and the share below which it would probably change little.
_HELPS, _LITTLE = 0.1, 0.01


def _longer_window(source: GradientSource, share: float) -> str:
    """Whether a longer window of a series may help, as a sentence; empty if that is unclear.

    Before training, the gradient at the first step says nothing about the data.
    """
    series = source.session.dataset.series
    if series is None or source.pair or not source.query.state.epoch:
        return ""
    if series.window >= max(map(len, series.train)):
        return ""
    if share >= _HELPS:
        return " A longer window may help."
    return " A longer window would probably change little." if share < _LITTLE else ""


def _earlier(source: GradientSource) -> str:
    """The last epoch in which hardly any gradient reached the first word, and a way there."""
    session = source.session
    if session.player.running or source.probe.every:
        return ""
    epoch = last_starved(source.over_epochs(_lab(source).past), REACH_WATCH)
    if epoch is None or epoch >= session.player.position.epoch:
        return ""
    there = epoch_link(epoch, f"{session.unit.capitalize()} {epoch}")
    return f" {there}: less than {REACH_WATCH:.1%}."


def _shares(source: GradientSource) -> Array:
    """The share of the gradient at every token up to the last answer."""
    return np.trim_zeros(_lab(source).reach(source.query).norms, "b")


def _starved(source: GradientSource) -> str:
    """The last epoch with too small a gradient at the first word, if nothing was learned."""
    session, names = source.session, source.session.names
    several = len(source.words) > 1 and not source.probe.every
    if source.pair or not several or not session.story.ending:
        return ""
    epoch = last_starved(source.over_epochs(_lab(source).past), REACH_WATCH)
    if epoch is None:
        return ""
    lag, word = len(source.words) - 1, escape(called(source.probe, 0))
    back = f"{lag} {names.noun}{'s' * (lag > 1)} back"
    when = f"<strong>Up to epoch {epoch} of {session.config.epochs}</strong>"
    return f"{when} less than {REACH_WATCH:.1%} of the gradient reached {word}, {back}."


def _arrives(share: float, does: str, at: str = "") -> str:
    """How much arrives in one of two networks; it may be more than there was."""
    if share >= 2:
        return f"it grows to <strong>{number(share, 2)} times its size</strong>{at}"
    return f"<strong>{_share_text(share)}</strong> {does}"


def _share_text(share: float) -> str:
    if share == 0:
        return "none of it"
    if 0.01 <= share < 2:
        return f"{share:.0%} of it"
    if 0.001 <= share < 0.01:
        return f"{share:.1%} of it"
    text = number(share, 2 if share >= 0.01 else 1)
    return f"{text} of it" if share < 1 else f"{text} times as much"


# The pictures


def _measured(source: GradientSource) -> str:
    count, band, noun = len(_examples(source)), _band(source), source.session.names.generic
    read = _lab(source).lag(_of_band(source)).sequences
    if read == count:
        return f"The band is measured on all {count:,} {band} {noun}s."
    rest = "Pause for all." if source.session.player.running else "The rest is being read."
    return f"The band is measured on {read:,} of {count:,} {band} {noun}s. {rest}"


def _or_too_large(
    key: str, figure: Callable[[GradientSource, Theme], Picture]
) -> Callable[[GradientSource], Picture]:
    """A picture of the Jacobians, or a sentence if the state is too large for them."""

    def drawn(source: GradientSource) -> Picture:
        architecture = source.query.state.parameters.architecture
        if fits(architecture):
            return figure(source, source.theme(key))
        size = f"{architecture.hidden * architecture.layers:,}"
        text = explanation("reach/too_large", size=size)
        return sentence("Jacobians of the state", text, theme())

    return drawn


def _reach(source: GradientSource) -> Picture:
    def measure(second: GradientSource, moment: bool) -> tuple[Any, ...]:
        shares = _lab(second).reach(second.query, moment).norms
        return (shares,) if moment else (shares, _lab(second).lag(_of_band(second)))

    sequence, colors = source.session.names.sequence, source.theme("over_lag")
    symbols = dict.fromkeys(_memory_symbol(one) for one in (source, source.other) if one)
    return reach_curve(
        _lab(source).reach(source.query), _lab(source).lag(_of_band(source)), source.words, colors,
        symbol=" and ".join(symbols), name=source.name or f"this {sequence}",
        sequence=f"{_band(source)} {sequence}", second=source.second(measure),
        lags=source.session.dataset.series is not None,
    )  # fmt: skip


def _memory_symbol(source: GradientSource) -> str:
    cell = source.query.state.parameters.architecture.cell
    return symbol(source.query.objective, memory_states(cell))


def _symbol(source: GradientSource) -> str:
    return symbol(source.query.objective, source.query.state.parameters.architecture.cell.states)


def _products(source: GradientSource, colors: Theme) -> Picture:
    second = source.second(lambda other, moment: _lab(other).products(other.query, moment)[0])
    found, _ = _lab(source).products(source.query)
    return product_curves(
        found, source.words, source.bridge, colors, name=source.name, second=second
    )  # fmt: skip


def _connectivity(source: GradientSource) -> Picture:
    answered = "target's logit" if source.session.dataset.answers_classes else "output"
    tokens, sizes = _lab(source).connectivity(source.query)
    colors = source.theme("connectivity")
    return connectivity_map(
        tokens, sizes, source.words, answered, colors, name=source.name, noun=source.token_noun
    )


def _past(source: GradientSource, budget: float = 0.0) -> tuple[Any, Any]:
    """The gauge and the map so far, after ``budget`` seconds of measuring more."""
    return source.session.memory.past(source.session.run, source.query, budget)


def _spectrum(source: GradientSource) -> Picture:
    history = source.over_epochs(_lab(source).eigenvalues)
    names = [_weights(one) for one in (source, source.other) if one]
    second = source.second(lambda of, _: _eigenvalues(of)) if source.other else None
    return weight_spectrum(
        _eigenvalues(source), np.array(history.rows), history.epochs, source.query.state.epoch,
        source.theme("spectrum"), weights=", ".join(dict.fromkeys(filter(None, names))),
        unit=source.session.unit, name=source.name, second=second,
    )  # fmt: skip


def _eigenvalues(source: GradientSource) -> Array:
    """Those of the recurrent weights, the largest first."""
    return eigenvalues(recurrent(source.query.state.parameters, source.query.layer))


def _weights(source: GradientSource) -> str:
    """The name of the recurrent weights; empty if no state enters a matrix."""
    return recurrent_name(source.query.state.parameters, source.query.layer)


def _step_spectrum(source: GradientSource, colors: Theme) -> Picture:
    def spectra(of: GradientSource, moment: bool = False) -> tuple[Array, Array]:
        return state_spectra(_lab(of).jacobians(of.query, moment))

    second = source.second(spectra) if source.other else None
    return state_spectrum(
        *spectra(source), source.words, source.bridge, colors, name=source.name, second=second
    )  # fmt: skip


def _exponents(source: GradientSource, colors: Theme) -> Picture:
    second = source.second(lambda other, moment: _lab(other).products(other.query, moment)[1])
    count = len(_lab(source).jacobians(source.query).matrices)
    _, found = _lab(source).products(source.query)
    return exponent_curve(
        found, count, colors, name=source.name, second=second, noun=source.token_noun
    )


# Training or test sequences


def _tested(source: GradientSource) -> bool:
    """Whether the band is that of the test set; a link may ask for one that there is not."""
    return _lab(source).band is BandSource.TEST and bool(source.session.dataset.test)


def _band(source: GradientSource) -> str:
    """The name of the sequences of the band."""
    return BandSource.TEST.value if _tested(source) else source.session.dataset.role


def _choose_band(session: Session) -> None:
    """Lay out the choice of the band's sequences, if there is a test set."""
    lab = session.lab(ReachLab)
    if not session.dataset.test:
        lab.band = BandSource.TRAIN
        return
    lab.band = choose_one(
        "Band of", BandSource, lab.band, visit("gradients"), "band",
        help=f"The {session.names.sequence}s whose gradients are the band. Those of "
        "the test set are not trained on.",
    )  # fmt: skip


def _of_band(source: GradientSource) -> GradientQuery:
    """The query of the band's sequences."""
    return source.query._replace(examples=_examples(source))


def _examples(source: GradientSource) -> Sequence[Example]:
    data = source.session.dataset
    return data.test if _tested(source) else data.train


# Longer sequences


def _longer_known(session: Session) -> bool:
    """Whether there are scores of several lengths, and the reader wants them."""
    lab = session.lab(LengthLab)
    return lab.asked and len(lab.lengths(session.state, session.dataset).groups) > 1


def _longer(source: GradientSource) -> Picture:
    session, data = source.session, source.session.dataset
    noun = data.extrapolation.noun if data.extrapolation else f"{session.names.noun}s"
    known = session.lab(LengthLab).known(source.query.state, data)
    second = source.second(_length_profile) if source.other else None
    return length_curve(
        known, noun, data.metric.name, theme(), name=source.name, second=second
    )  # fmt: skip


def _length_profile(source: GradientSource, _: bool) -> LengthProfile | None:
    session = source.session
    return session.lab(LengthLab).known(source.query.state, session.dataset)


def _scored(source: GradientSource) -> str:
    """The number of sequences behind the scores by length."""
    data = source.session.dataset
    groups = source.session.lab(LengthLab).lengths(source.query.state, data).groups.values()
    counts: Sequence[int] = [len(group) for group in groups]
    fewest, most = min(counts), max(counts)
    count = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    if data.extrapolation:
        return f"Measured on {count} new sequences of each length. {data.extrapolation.note}"
    part = "test" if data.test else data.role
    return f"Measured on the {part} sequences: {count} of each length."


# The tab


def _controls(session: Session) -> None:
    choose_objective(session, "gradients")
    choose_layer(session, "gradients")
    _choose_band(session)
    session.lab(LengthLab).asked = st.toggle(
        "Longer sequences", first_value("longer", visit("gradients"), session.lab(LengthLab).asked),
        key="longer_on",
        help="The score on sequences of other lengths. Measured while the run is paused.",
    )  # fmt: skip
    if session.lab(LengthLab).asked and not _longer_known(session):
        part = "test" if session.dataset.test else session.dataset.role
        st.info(explanation("reach/one_length", part=part, sequence=session.names.sequence))


def _charts(session: Session) -> tuple[Column[GradientSource], Column[GradientSource]]:
    ending = "_gated" * gated(session)
    over_lag = "over_lag_series" if session.dataset.series else f"over_lag{ending}"
    after_words = Chart(
        "state_spectrum", 2.6, _or_too_large("state_spectrum", _step_spectrum), jacobian_tokens
    )
    if session.inspect().every:  # There are several outputs to compare.
        after_words = Chart("connectivity", 4, _connectivity, probe_sequence)
    last: Chart[GradientSource] = Chart("map", 2.8, lambda of: gradient_map(
        _past(of)[1], of.course, gradient_rows(of.probe), _symbol(of), theme(),
        noun=of.session.names.noun), click=go_to_click)  # fmt: skip
    if _longer_known(session):
        new = session.lab(LengthLab).lengths(session.state, session.dataset).new
        last = Chart("longer", 2.8, _longer, _scored, text="longer" if new else "at_hand")
    return [
        Chart("over_lag", 6, _reach, _measured, text=over_lag),
        Chart("products", 2.8, _or_too_large("products", _products), jacobian_tokens,
              text=f"products{ending}"),
        after_words,
    ], [
        Chart("gauge", 2.8, lambda of: memory_gauge(_past(of, _SLICE)[0], of.course, theme()),
              lambda of: of.probe.basis, go_to_click),
        (Chart("spectrum", 3.4, _spectrum),
         Chart("exponents", 3.4, _or_too_large("exponents", _exponents))),
        last,
    ]  # fmt: skip


def _of_both(pair: Pair) -> tuple[Column[GradientSource], Column[GradientSource]]:
    """For two networks: a map each instead of the gauge, as their weights can't be compared."""
    left, (_, spectra, last) = _charts(pair.first)
    maps: list[Chart[GradientSource]] = [
        Chart(f"map_{k}", 2.8, partial(_map_of, k), click=go_to_click, text="map") for k in (0, 1)
    ]
    assert isinstance(last, Chart)
    return left, [maps[0], maps[1], last if last.key == "longer" else spectra]


def _map_of(k: int, source: GradientSource) -> Picture:
    """The gradient map of one of two networks."""
    one = (source, source.other)[k] or source
    name = source.pair.names[k] if source.pair else ""
    if source.pair and (ended := standing(source.pair, one.session).ended) is not None:
        name += f", ended at {ended}"
    history = one.over_epochs(_lab(one).past)
    shares = GradientMap(history.epochs, np.array([row.norms for row in history.rows]))
    symbol = _memory_symbol(one)
    return gradient_map(
        shares, source.longest, gradient_rows(one.probe), symbol, theme(), name=name,
        span=_SHARES, noun=one.session.names.noun,
    )  # fmt: skip


def _beside(source: GradientSource, pair: Pair) -> GradientSource:
    """The source with both networks, of which the same is measured."""
    if pair.second:
        pair.second.lab(ReachLab).band = source.session.lab(ReachLab).band
        pair.second.lab(LengthLab).asked = source.session.lab(LengthLab).asked
    return beside(source, pair)


def _measure(session: Session) -> Iterator[None]:
    source, lengths = gradient_source(session), session.lab(LengthLab)
    if _longer_known(session) and lengths.known(session.state, session.dataset) is None:
        yield
        lengths.profile(session.state, session.dataset)
    yield from session.lab(ReachLab).read_on(_of_band(source))
    yield from session.lab(ReachLab).past.develop(session.run, source.query)
    yield from session.lab(ReachLab).eigenvalues.develop(session.run, source.query)
    yield from session.memory.develop(session.run, source.query)


def _fields(session: Session) -> dict[str, str]:
    query = gradient_source(session).query
    return {
        **names_in(session),
        "weights": name_of_weights(query.state.parameters, query.layer),
        "topmost": name_of_weights(query.state.parameters),
        "state": " and ".join(session.state.parameters.architecture.cell.states),
        "memory": " and ".join(memory_states(session.state.parameters.architecture.cell)),
        "objective": session.objective.value,
    }


TAB = Sheet(
    "reach", gradient_source, lambda source: _starved(source) or _answer(source),
    _charts, _controls, _measure, fields=_fields, beside=_beside, of_both=_of_both,
)  # fmt: skip
