"""Tab *How far back does it reach?*: the gradient on its way back to the first word."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any, TypeVar

import numpy as np
import streamlit as st

from rnnviz.charts.gradients import gradient_map, memory_gauge, symbol
from rnnviz.charts.picture import Picture
from rnnviz.charts.shapes import sentence
from rnnviz.charts.texts import explanation
from rnnviz.charts.theme import Theme
from rnnviz.probe.formatting import number, quoted
from rnnviz.probe.gradients import GradientQuery
from rnnviz.probe.health import REACH_WATCH
from rnnviz.probe.jacobians import fits, lyapunov_exponents, products
from rnnviz.probe.memory_gauge import handed_on
from rnnviz.probe.session import Session
from rnnviz.questions.reach.measure import BandSource, LengthLab, ReachLab, state_spectra
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
    gradient_source,
    jacobian_tokens,
    probe_sequence,
)
from rnnviz.tasks.dataset import Example
from rnnviz.ui.browser_session import visit
from rnnviz.ui.choices import choose_layer, choose_objective, choose_one, gated
from rnnviz.ui.sheet import Chart, Column, Sheet, go_to_click, names_in
from rnnviz.ui.style import theme

Measured = TypeVar("Measured")
#: Seconds of every frame in which earlier epochs are measured.
_SLICE = 0.001


# The answer


def _lab(source: GradientSource) -> ReachLab:
    return source.session.lab(ReachLab)


def _answer(source: GradientSource) -> str:
    """The fraction of the gradient that reaches the first word, and its average half-life."""
    # After its last answer a sequence has no gradient.
    norms = np.trim_zeros(_lab(source).reach(source.query).norms, "b")
    names, lag = source.session.names, len(norms) - 1
    noun = names.noun
    if len(source.words) < 2:
        return f"One {noun}: there is nothing to reach back to."
    if lag < 1 or not np.isfinite(norms).all():
        return "There is no gradient here to be carried back."
    word, back = escape(quoted(source.words[0])), f"{lag} {noun}{'s' * (lag > 1)} back"
    share = float(norms[0] / norms[-1])
    cell = source.query.state.parameters.architecture.cell
    kept = handed_on(norms, cell) if lag > 1 else norms
    reaches = f"{_share_text(share)} reaches {word}, {back}."
    if not share:
        return f"<strong>Nothing</strong> is carried back: {reaches}"
    faded, steps = float(kept[0] / kept[-1]), len(kept) - 1
    if faded >= 1 or (life := -steps * math.log(2) / math.log(faded)) >= FOREVER:
        return f"<strong>It doesn't fade</strong>: {reaches}"
    many = life_text(life)
    often = f"<strong>{noun if many == '1' else f'{many} {noun}s'}</strong>"
    # Where the answer sees a state of its own, its step is no part of what is carried.
    average = "on average" + ", without the step at the answer" * (len(kept) < len(norms))
    return f"In this {names.sequence} the gradient is halved every {often} {average}: {reaches}"


def _starved(source: GradientSource) -> str:
    """The last epoch with too small a gradient at the first word, if nothing was learned."""
    session, names = source.session, source.session.names
    if not session.story.ending or source.probe.every or len(source.words) < 2:
        return ""
    _, flows = _past(source)
    epoch = flows.last_starved(REACH_WATCH)
    if epoch is None:
        return ""
    lag, word = len(source.words) - 1, escape(quoted(source.words[0]))
    back = f"{lag} {names.noun}{'s' * (lag > 1)} back"
    when = f"<strong>Up to epoch {epoch} of {session.config.epochs}</strong>"
    return f"{when} less than {REACH_WATCH:.1%} of the gradient reached {word}, {back}."


def _share_text(share: float) -> str:
    if share == 0:
        return "none of it"
    if 0.01 <= share < 2:
        return f"{share:.0%} of it"
    text = number(share, 2 if share >= 0.01 else 1)
    return f"{text} of it" if share < 1 else f"{text} times as much"


# The pictures


def _measured(source: GradientSource) -> str:
    count, band = len(_examples(source)), _band(source)
    read = _lab(source).lag(_of_band(source)).sequences
    if read == count:
        return f"The band: Measured on all {count:,} {band} sequences."
    rest = "Pause for all." if source.session.player.running else "The rest is being read."
    return f"The band: Measured on {read:,} of {count:,} {band} sequences. {rest}"


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


def _at_second(
    source: GradientSource, measure: Callable[[GradientQuery], Measured]
) -> tuple[Measured, str] | None:
    """A measurement at the second moment, with the moment's name."""
    second = source.second
    return second and (measure(second[0]), second[1])


def _reach(source: GradientSource) -> Picture:
    lab, query = _lab(source), source.query
    profile = lab.lag(_of_band(source))
    sequence, colors = source.session.names.sequence, source.theme("over_lag")
    return reach_curve(
        lab.reach(query), profile, source.words, colors, symbol=_symbol(source), phrase=sequence,
        sequence=f"{_band(source)} {sequence}",
        second=_at_second(source, lambda second: lab.second(second).norms),
    )  # fmt: skip


def _symbol(source: GradientSource) -> str:
    return symbol(source.query.objective, source.query.state.parameters.architecture.cell)


def _products(source: GradientSource, colors: Theme) -> Picture:
    second = _at_second(source, lambda query: _lab(source).second_products(query)[0])
    along = _lab(source).jacobians(source.query)
    return product_curves(products(along), source.words, source.bridge, colors, second)


def _connectivity(source: GradientSource) -> Picture:
    answered = "target's logit" if source.session.dataset.answers_classes else "output"
    tokens, sizes = _lab(source).connectivity(source.query)
    return connectivity_map(tokens, sizes, source.words, answered, source.theme("connectivity"))


def _past(source: GradientSource, budget: float = 0.0) -> tuple[Any, Any]:
    """The gauge and the map so far, after ``budget`` seconds of measuring more."""
    return source.session.memory.past(source.session.run, source.query, budget)


def _spectrum(source: GradientSource) -> Picture:
    history = source.over_epochs(_lab(source).eigenvalues)
    return weight_spectrum(
        source.eigenvalues, np.array(history.rows), history.epochs, source.query.state.epoch,
        source.theme("spectrum"), weights=source.weights, unit=source.session.unit,
    )  # fmt: skip


def _exponents(source: GradientSource, colors: Theme) -> Picture:
    second = _at_second(source, lambda query: _lab(source).second_products(query)[1])
    along = _lab(source).jacobians(source.query)
    return exponent_curve(lyapunov_exponents(along), len(along.matrices), colors, second)


# Training or test sequences


def _band(source: GradientSource) -> str:
    """The name of the sequences of the band."""
    band = _lab(source).band
    return source.session.dataset.role if band is BandSource.TRAIN else band.value


def _choose_band(session: Session) -> None:
    """Lay out the choice of the band's sequences, if there is a test set."""
    lab = session.lab(ReachLab)
    if not session.dataset.test:
        lab.band = BandSource.TRAIN
        return
    lab.band = choose_one(
        "Band of", BandSource, lab.band, visit("gradients"), "band",
        help=f"The {session.names.sequence}s whose gradients are the band, with its fit. Those of "
        "the test set were never learned from.",
    )  # fmt: skip


def _of_band(source: GradientSource) -> GradientQuery:
    """The query of the band's sequences."""
    return source.query._replace(examples=_examples(source))


def _examples(source: GradientSource) -> Sequence[Example]:
    data = source.session.dataset
    return data.test if _lab(source).band is BandSource.TEST else data.train


# Longer sequences


def _longer_known(session: Session) -> bool:
    """Whether there are scores of several lengths, and the reader wants them."""
    lab = session.lab(LengthLab)
    return lab.asked and len(lab.lengths(session.state, session.dataset).groups) > 1


def _longer(source: GradientSource) -> Picture:
    session, data = source.session, source.session.dataset
    noun = data.extrapolation.noun if data.extrapolation else f"{session.names.noun}s"
    known = session.lab(LengthLab).known(source.query.state, data)
    return length_curve(known, noun, data.metric.name, theme())


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
        "Longer sequences", key="longer_on",
        help="The score on sequences of other lengths. Measured while the run is paused.",
    )  # fmt: skip
    if session.lab(LengthLab).asked and not _longer_known(session):
        st.info(explanation("reach/one_length", sequence=session.names.sequence))


def _charts(session: Session) -> tuple[Column[GradientSource], Column[GradientSource]]:
    ending = "_gated" * gated(session)
    after_words = Chart(
        "state_spectrum", 3, _or_too_large("state_spectrum", lambda of, colors: state_spectrum(
            *state_spectra(_lab(of).jacobians(of.query)), of.words, of.bridge, colors)),
        jacobian_tokens,
    )  # fmt: skip
    if session.inspect().every:  # There are several outputs to compare.
        after_words = Chart("connectivity", 4, _connectivity, probe_sequence)
    last: Chart[GradientSource] = Chart("map", 2.8, lambda of: gradient_map(
        _past(of)[1], of.course, of.words, _symbol(of), theme()),
        click=go_to_click)  # fmt: skip
    if _longer_known(session):
        new = session.lab(LengthLab).lengths(session.state, session.dataset).new
        last = Chart("longer", 2.8, _longer, _scored, text="longer" if new else "at_hand")
    return [
        Chart("over_lag", 5, _reach, _measured, text=f"over_lag{ending}"),
        Chart("products", 3, _or_too_large("products", _products), jacobian_tokens,
              text=f"products{ending}"),
        after_words,
    ], [
        Chart("gauge", 2.8, lambda of: memory_gauge(_past(of, _SLICE)[0], of.course, theme()),
              lambda of: of.probe.basis, go_to_click),
        (Chart("spectrum", 3.4, _spectrum),
         Chart("exponents", 3.4, _or_too_large("exponents", _exponents))),
        last,
    ]  # fmt: skip


def _measure(session: Session) -> Iterator[None]:
    source, lengths = gradient_source(session), session.lab(LengthLab)
    if _longer_known(session) and lengths.known(session.state, session.dataset) is None:
        yield
        lengths.profile(session.state, session.dataset)
    yield from session.lab(ReachLab).read_on(_of_band(source))
    yield from session.lab(ReachLab).eigenvalues.develop(session.run, source.query)
    yield from session.memory.develop(session.run, source.query)


def _fields(session: Session) -> dict[str, str]:
    return {
        **names_in(session),
        "weights": gradient_source(session).weights or "the recurrent weights",
        "state": " and ".join(session.state.parameters.architecture.cell.states),
        "objective": session.objective.value,
    }


TAB = Sheet(
    "reach", gradient_source, lambda source: _starved(source) or _answer(source),
    _charts, _controls, _measure, fields=_fields,
)  # fmt: skip
