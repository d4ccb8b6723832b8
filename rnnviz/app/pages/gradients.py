"""Page *Gradients*: how far back the gradient reaches, and what happens to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from rnnviz.analysis.connectivity import ANSWERS
from rnnviz.analysis.exact_vs_notebook import compared
from rnnviz.analysis.gradient_history import GradientSeries
from rnnviz.analysis.jacobians import (
    Jacobians,
    covered,
    fits,
    lyapunov_exponents,
    products,
    state_spectra,
)
from rnnviz.analysis.length_generalization import LengthProfile
from rnnviz.analysis.memory_gauge import eigenvalues, recurrent, recurrent_name
from rnnviz.app import gradient_tables as tables
from rnnviz.app.frame import Frame
from rnnviz.app.gradient_check import objective_and_check
from rnnviz.app.heatmap_choice import choose_layer
from rnnviz.app.numbers_table import numbers
from rnnviz.app.page_scene import go_to_click, live
from rnnviz.app.stage import place_chart, place_phrase, place_text
from rnnviz.app.style import check_html, steady, verdict_html
from rnnviz.app.text import explanation
from rnnviz.config import CellKind
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures import exact_vs_notebook as comparison
from rnnviz.figures.complex_plane import exponent_curve, state_spectrum, weight_spectrum
from rnnviz.figures.gradient_over_lag import connectivity_map, lag_curve, product_curves
from rnnviz.figures.gradients import norms_height
from rnnviz.figures.length_generalization import length_curve
from rnnviz.figures.optimizer_steps import clipping_curves, ratio_dots, share_areas
from rnnviz.figures.picture import Picture
from rnnviz.figures.theme import HEIGHTS, Theme
from rnnviz.lab.gradients import GradientLab, GradientQuery
from rnnviz.lab.probe import Probe
from rnnviz.session import Session
from rnnviz.training.history import Course

#: Seconds for records of earlier epochs, per frame and per table.
DEVELOP, PATIENCE = 0.004, 0.2
#: The charts over the epochs in which a click goes to an epoch.
OVER_EPOCHS = ("feed_hh", "feed_xh", "clipping", "errors")
#: The charts of the Jacobians.
JACOBIANS = ("products", "state_spectrum", "exponents")


class Source(NamedTuple):
    """What the charts are made from; ``history`` is computed when the first chart needs it."""

    session: Session
    gradients: GradientLab
    probe: Probe
    words: tuple[str, ...]
    query: GradientQuery
    history: Callable[[], GradientSeries]

    @property
    def bridge(self) -> int:
        """The token at which a decoder begins, else 0."""
        return self.probe.unrolled().bridge

    @property
    def jacobians(self) -> Jacobians:
        """The Jacobians of the state along the probe."""
        return self.gradients.jacobians(self.query)

    @property
    def by_length(self) -> LengthProfile | None:
        """The scores by length, if they are known."""
        return self.session.length.known(self.query.state, self.session.dataset)

    @property
    def course(self) -> Course:
        """The losses and scores of the run."""
        return self.session.player.course


class Chart(NamedTuple):
    """A chart: its name in the list of tables, its picture and its table."""

    name: str
    figure: Callable[[Source, Theme], Picture]
    table: Callable[[Source], pd.DataFrame]


def gradients_page(session: Session) -> None:
    """Draw the page."""
    left, right = st.columns(2, gap="medium", vertical_alignment="top")
    with left:
        place_phrase(session)
        objective_and_check(session, "gradients")
        choose_layer(session, "gradients")
    with right:
        place_text("verdict")
    _layout(session)
    longer = _choose_longer(session)
    keys = [*_keys(session), *(["longer"] if longer else [])]

    def draw(frame: Frame) -> None:
        source = _source(session, DEVELOP)
        frame.texts["verdict"] = verdict_html(source.probe, session.phrase_input.problem)
        check = session.gradients.checked(source.query)
        frame.texts["badge"] = check_html(check, session.names)
        for key in keys:
            colors, remark = _theme(source, key), _remark(source, key)
            frame.chart(key, _CHARTS[key].figure, source, colors, remark=remark)

    def develop(budget: float) -> bool:
        if longer and session.length.known(session.state, session.dataset) is None:
            # The first call only asks whether there is anything to do.
            if budget:
                session.length.profile(session.state, session.dataset)
            return True
        return session.gradients.develop(session.run, _source(session, 0).query, budget)

    def table(key: str) -> pd.DataFrame:
        return _CHARTS[key].table(_source(session, PATIENCE))

    handlers = {key: partial(go_to_click, session) for key in OVER_EPOCHS}
    live(session, draw, handlers, develop)
    numbers("gradients", {_CHARTS[key].name: partial(table, key) for key in keys})


def _source(session: Session, budget: float) -> Source:
    probe = session.inspect()
    query, lab = session.gradient_query(probe), session.gradients
    history = cache(partial(lab.past, session.run, query, budget))
    return Source(session, lab, probe, probe.words, query, history)


def _layout(session: Session) -> None:
    """Two columns, row by row, so that related charts are side by side."""
    every, elman = session.inspect().every, session.config.cell is CellKind.ELMAN
    small = fits(session.state.parameters.architecture)
    _row(session, "over_lag", "products" if small else "~too_large")
    _row(session, "spectrum", "state_spectrum" if small else "~too_large")
    _row(session, "exponents" if small else "~too_large", "connectivity" if every else "~connected")
    _row(session, "feed_hh", "feed_xh")
    _row(session, "clipping", "ratios")
    if elman:
        _row(session, "pairs", "checks")
        _row(session, "by_length", "errors")
    else:
        _row(session, "~notebook", "checks")


def _choose_longer(session: Session) -> bool:
    """Let the reader ask for the scores by length; return whether their chart is there."""
    asked = st.toggle(
        "Longer sequences", key="longer_on",
        help="The score on sequences of other lengths. Measured while the run is paused.",
    )  # fmt: skip
    if not asked:
        return False
    lengths = session.length.lengths(session.state, session.dataset)
    sequence = session.names.sequence
    if len(lengths.groups) < 2:
        st.info(explanation("gradients_one_length", sequence=sequence))
        return False
    text = explanation(
        "gradients_longer" if lengths.new else "gradients_at_hand", sequence=sequence
    )
    left, _ = st.columns(2, gap="medium")
    with left:
        place_chart("longer", HEIGHTS["longer"], text)
    return True


def _row(session: Session, *keys: str) -> None:
    """Charts side by side; a key that begins with ~ is a sentence instead of a chart."""
    for column, key in zip(st.columns(2, gap="medium"), keys, strict=True):
        with column:
            text = explanation(f"gradients_{_text(session, key)}", **_fields(session, key))
            if key.startswith("~"):
                st.info(text)
            else:
                place_chart(key, _height(session, key), text, clicks=key in OVER_EPOCHS)


def _keys(session: Session) -> list[str]:
    """The charts on the page, in their order."""
    missing = set()
    if not fits(session.state.parameters.architecture):
        missing |= {*JACOBIANS}
    if not session.inspect().every:
        missing |= {"connectivity"}
    if session.config.cell is not CellKind.ELMAN:
        missing |= {"pairs", "by_length", "errors"}
    return [key for key in _CHARTS if key not in {*missing, "longer"}]


def _text(session: Session, key: str) -> str:
    """The name of a text, without ~; some differ for gated cells."""
    gated = session.config.cell is not CellKind.ELMAN
    name = "feed" if key == "feed_xh" else key.removeprefix("~")
    return f"{name}_gated" if gated and name in ("over_lag", "products") else name


def _fields(session: Session, key: str) -> dict[str, str]:
    parameters = session.state.parameters
    return {
        "noun": session.names.noun,
        "weights": recurrent_name(parameters, session.layer),
        "dtype": parameters.theta.dtype.name,
        "digits": f"{np.log10(np.finfo(parameters.theta.dtype).eps):.1f}".replace("-", "−"),
        "state": "h and c" if session.config.cell is CellKind.LSTM else "h",
        "objective": session.objective.value,
        "part": "da_t x_tᵀ" if key == "feed_xh" else "da_t h_{t−1}ᵀ",
        "size": f"{parameters.architecture.hidden * parameters.architecture.layers:,}",
    }


def _height(session: Session, key: str) -> int:
    count = len(session.state.parameters.named())
    if key in ("ratios", "checks"):
        return norms_height(count)
    if key == "pairs":
        return comparison.pairs_height(count)
    kinds = {"spectrum": "plane", "state_spectrum": "plane", "feed_hh": "shares"}
    kinds |= {"feed_xh": "shares", "by_length": "comparison", "errors": "comparison"}
    return HEIGHTS[kinds.get(key, key)]


def _remark(source: Source, key: str) -> str:
    """What a chart was measured on."""
    if key in JACOBIANS:
        return f"Measured on {_jacobian_tokens(source)}."
    if key == "longer":
        return _scored(source)
    train = source.session.dataset.train
    every = f"Measured on all {len(train):,} training sequences."
    some = f"Measured on {compared(train):,} of the {len(train):,} training sequences."
    steps = "Measured on the next training steps, without taking them."
    remarks = {"over_lag": every, "pairs": some, "by_length": "", "errors": some}
    remarks |= {"spectrum": "", "clipping": steps, "ratios": steps}
    answers = _answers(source) if key == "connectivity" else ""
    probe = f"Measured on {answers}this sequence of {_tokens(source)}. {source.probe.basis}"
    return remarks.get(key, probe)


def _scored(source: Source) -> str:
    """On how many sequences the scores by length were measured."""
    data = source.session.dataset
    lengths = source.session.length.lengths(source.query.state, data)
    counts = [len(group) for group in lengths.groups.values()]
    fewest, most = min(counts), max(counts)
    count = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    if data.extrapolation:
        return f"Measured on {count} new sequences of each length. {data.extrapolation.note}"
    part = "test" if data.test else "training"
    return f"Measured on the {part} sequences: {count} of each length."


def _longer(source: Source, theme: Theme) -> Picture:
    data = source.session.dataset
    noun = data.extrapolation.noun if data.extrapolation else f"{source.session.names.noun}s"
    return length_curve(source.by_length, noun, data.metric.name, theme)


def _tokens(source: Source) -> str:
    noun, tokens = source.session.names.noun, len(source.words)
    return f"{tokens} {noun}{'s' * (tokens > 1)}"


def _answers(source: Source) -> str:
    """How many of the answers the connectivity covers, if not all."""
    answers = len(source.probe.answers)
    return f"{ANSWERS} of the {answers} answers of " if answers > ANSWERS else ""


def _jacobian_tokens(source: Source) -> str:
    """The tokens whose Jacobians are computed."""
    steps = len(source.words) - source.bridge
    count = covered(source.query.state.parameters.architecture, steps)
    if count == len(source.words):
        return f"this sequence of {_tokens(source)}"
    last = "" if count == steps else f"the last {count} of "
    own = f"the decoder's {steps} of " if source.bridge else ""
    return f"{last}{own}this sequence's {_tokens(source)}"


def _theme(source: Source, key: str) -> Theme:
    """The palette with a sticky scale for each chart, objective and layer."""
    return steady(source.session, key, source.query.objective, str(source.query.layer))


def _eigenvalues(source: Source) -> Array:
    return eigenvalues(recurrent(source.query.state.parameters, source.query.layer))


def _spectrum(source: Source, theme: Theme) -> Picture:
    history = source.history()
    name = recurrent_name(source.query.state.parameters, source.query.layer)
    return weight_spectrum(_eigenvalues(source), history.eigenvalues, history.epochs, theme, name)


def _connectivity(source: Source, theme: Theme) -> Picture:
    connectivity = source.gradients.connectivity(source.query)
    answered = "target's logit" if source.session.dataset.answers_classes else "output"
    return connectivity_map(connectivity, source.words, answered, theme)


def _checks(source: Source, theme: Theme) -> Picture:
    check = source.gradients.checked(source.query)
    return comparison.check_dots(check, len(source.query.state.parameters.named()), theme)


_CHARTS = {
    "over_lag": Chart(
        "Gradient over the lag",
        lambda at, theme: lag_curve(at.gradients.lag(at.query), theme),
        lambda at: tables.lag_table(at.gradients.lag(at.query)),
    ),
    "products": Chart(
        "Products of Jacobians",
        lambda at, theme: product_curves(products(at.jacobians), at.words, at.bridge, theme),
        lambda at: tables.products_table(products(at.jacobians), at.words[at.bridge :]),
    ),
    "spectrum": Chart(
        "Eigenvalues of the recurrent weights",
        _spectrum,
        lambda at: tables.spectrum_table(_eigenvalues(at), at.history()),
    ),
    "state_spectrum": Chart(
        "Eigenvalues of the Jacobian",
        lambda at, theme: state_spectrum(state_spectra(at.jacobians), at.words, at.bridge, theme),
        lambda at: tables.state_spectrum_table(state_spectra(at.jacobians), at.words[at.bridge :]),
    ),
    "exponents": Chart(
        "Lyapunov exponents",
        lambda at, theme: exponent_curve(
            lyapunov_exponents(at.jacobians), len(at.jacobians.matrices), theme
        ),
        lambda at: tables.exponents_table(lyapunov_exponents(at.jacobians)),
    ),
    "connectivity": Chart(
        "Connectivity",
        _connectivity,
        lambda at: tables.connectivity_table(at.gradients.connectivity(at.query), at.words),
    ),
    "feed_hh": Chart(
        "Tokens that feed the recurrent weights",
        lambda at, theme: share_areas(at.history(), "W_hh", at.words, at.course, theme),
        lambda at: tables.shares_table(at.history(), "W_hh", at.words),
    ),
    "feed_xh": Chart(
        "Tokens that feed the input weights",
        lambda at, theme: share_areas(at.history(), "W_xh", at.words, at.course, theme),
        lambda at: tables.shares_table(at.history(), "W_xh", at.words),
    ),
    "clipping": Chart(
        "Clipping",
        lambda at, theme: clipping_curves(at.history(), at.course, theme),
        lambda at: tables.clipping_table(at.history()),
    ),
    "ratios": Chart(
        "Update over weights",
        lambda at, theme: ratio_dots(at.gradients.next_steps(at.query), theme),
        lambda at: tables.ratios_table(at.gradients.next_steps(at.query)),
    ),
    "pairs": Chart(
        "Exact against notebook",
        lambda at, theme: comparison.gradient_pairs(at.gradients.compare(at.query), theme),
        lambda at: tables.pairs_table(at.gradients.compare(at.query)),
    ),
    "by_length": Chart(
        "Notebook's error and cosine by length",
        lambda at, theme: comparison.errors_by_length(at.gradients.by_length(at.query), theme),
        lambda at: tables.by_length_table(at.gradients.by_length(at.query)),
    ),
    "errors": Chart(
        "Notebook's error and cosine over the epochs",
        lambda at, theme: comparison.errors_over_epochs(at.history(), at.course, theme),
        lambda at: tables.errors_table(at.history()),
    ),
    "checks": Chart(
        "Gradient check",
        _checks,
        lambda at: tables.check_table(at.gradients.checked(at.query)),
    ),
    "longer": Chart("Score by length", _longer, lambda at: tables.length_table(at.by_length)),
}
