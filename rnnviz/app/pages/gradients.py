"""Page *Gradients*: how far the gradient reaches back, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import pandas as pd
import streamlit as st

from rnnviz.analysis.connectivity import ANSWERS
from rnnviz.analysis.gradient_comparison import compared
from rnnviz.analysis.gradient_history import GradientSeries
from rnnviz.analysis.jacobians import (
    covered,
    fits,
    lyapunov_exponents,
    products,
    state_spectra,
)
from rnnviz.analysis.memory_gauge import eigenvalues, recurrent, recurrent_name
from rnnviz.app.frame import Frame
from rnnviz.app.gradient_tables import (
    by_length_table,
    check_table,
    clipping_table,
    connectivity_table,
    errors_table,
    exponents_table,
    lag_table,
    pairs_table,
    products_table,
    ratios_table,
    shares_table,
    spectrum_table,
    state_spectrum_table,
)
from rnnviz.app.heatmap_choice import choose_layer
from rnnviz.app.live import go_to_click, live
from rnnviz.app.numbers_table import numbers
from rnnviz.app.objective_choice import objective_and_check
from rnnviz.app.phrase_box import phrase_box
from rnnviz.app.stage import place_chart, place_text
from rnnviz.app.style import check_html, steady, theme, verdict_html
from rnnviz.app.text import explanation
from rnnviz.app.viewer import Job
from rnnviz.config import CellKind
from rnnviz.figures.complex_plane import exponent_curve, state_spectrum, weight_spectrum
from rnnviz.figures.gradient_comparison import (
    check_dots,
    errors_by_length,
    errors_over_epochs,
    gradient_pairs,
    pairs_height,
)
from rnnviz.figures.gradients import norms_height
from rnnviz.figures.lag import connectivity_map, lag_curve, product_curves
from rnnviz.figures.optimizer_steps import clipping_curves, ratio_dots, share_areas
from rnnviz.figures.picture import Picture
from rnnviz.figures.theme import HEIGHTS, Theme
from rnnviz.lab.gradients import GradientLab, GradientQuery
from rnnviz.lab.probe import Probe
from rnnviz.session import Session

#: Seconds that a frame may spend on the past of the run, and a table of numbers.
DEVELOP, PATIENCE = 0.004, 0.2
#: The charts over the epochs.
PAST = ("spectrum", "feed_hh", "feed_xh", "clipping", "errors")
#: The charts of the Jacobians.
ALONG = ("products", "state_spectrum", "exponents")


class Looked(NamedTuple):
    """What the charts are made of; ``past`` is looked up when the first of them is drawn."""

    session: Session
    probe: Probe
    query: GradientQuery
    past: Callable[[], GradientSeries]

    @property
    def gradients(self) -> GradientLab:
        """What is asked about the gradients."""
        return self.session.gradients

    @property
    def words(self) -> tuple[str, ...]:
        """What was read."""
        return self.probe.words

    @property
    def bridge(self) -> int:
        """At which word a decoder begins."""
        return self.probe.unrolled().bridge


def gradients_page(session: Session) -> None:
    """Draw the page."""
    left, right = st.columns(2, gap="medium", vertical_alignment="top")
    with left:
        phrase_box(session)
        objective_and_check(session, "gradients")
        choose_layer(session, "gradients")
    with right:
        place_text("verdict")
    _layout(session)
    keys = _charts(session)

    def draw(frame: Frame) -> None:
        looked = _looked(session, DEVELOP)
        frame.text("verdict", verdict_html(looked.probe, session.phrase_input.problem))
        check = session.gradients.checked(looked.query)
        frame.text("badge", check_html(check, session.names))
        for key in keys:
            frame.chart(key, _FIGURES[key], looked, remark=_remark(looked, key))

    def develop(budget: float) -> bool:
        return session.gradients.develop(session.run, _looked(session, 0).query, budget)

    handlers = {key: partial(go_to_click, session) for key in PAST[1:]}
    live(session, draw, handlers, job=Job(develop))
    numbers("gradients", {_NAMES[key]: partial(_table_now, session, key) for key in keys})


def _looked(session: Session, budget: float) -> Looked:
    probe = session.inspect()
    query = session.gradient_query(probe)

    def past() -> GradientSeries:
        return session.gradients.past(session.run, query, budget)

    return Looked(session, probe, query, cache(past))


def _table_now(session: Session, key: str) -> pd.DataFrame:
    return _TABLES[key](_looked(session, PATIENCE))


# Layout


def _layout(session: Session) -> None:
    """Two columns, row by row, so that charts that belong together stand side by side."""
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


def _row(session: Session, *keys: str) -> None:
    """Charts side by side; what begins with ~ is a sentence in the place of one."""
    for column, key in zip(st.columns(2, gap="medium"), keys, strict=True):
        with column:
            text = explanation(f"gradients_{_text(session, key)}", **_fields(session, key))
            if key.startswith("~"):
                st.info(text)
            else:
                place_chart(key, _height(session, key), text, clicks=key in PAST[1:])


def _charts(session: Session) -> list[str]:
    """The charts that are there, in the order of the page."""
    found = ["over_lag"]
    small = fits(session.state.parameters.architecture)
    found += ["products"] * small + ["spectrum"] + ["state_spectrum", "exponents"] * small
    found += ["connectivity"] * session.inspect().every
    found += ["feed_hh", "feed_xh", "clipping", "ratios"]
    elman = session.config.cell is CellKind.ELMAN
    return [*found, *["pairs", "by_length", "errors"] * elman, "checks"]


def _text(session: Session, key: str) -> str:
    """The name of a text: without a sign, and for gated cells some have another."""
    gated = session.config.cell is not CellKind.ELMAN
    name = "feed" if key == "feed_xh" else key.removeprefix("~")
    return f"{name}_gated" if gated and name in ("over_lag", "products") else name


def _fields(session: Session, key: str) -> dict[str, str]:
    parameters = session.state.parameters
    state = "h and c" if session.config.cell is CellKind.LSTM else "h"
    return {
        "noun": session.names.noun,
        "weights": recurrent_name(parameters, session.layer),
        "state": state,
        "objective": session.objective.value,
        "part": "da_t x_tᵀ" if key == "feed_xh" else "da_t h_{t−1}ᵀ",
        "size": f"{parameters.architecture.hidden * parameters.architecture.layers:,}",
    }


def _height(session: Session, key: str) -> int:
    count = len(session.state.parameters.named())
    by_parameter = {"ratios": norms_height(count), "checks": norms_height(count)}
    by_parameter["pairs"] = pairs_height(count)
    alike = {"spectrum": "plane", "state_spectrum": "plane", "feed_hh": "shares"}
    alike |= {"feed_xh": "shares", "by_length": "comparison", "errors": "comparison"}
    return by_parameter.get(key) or HEIGHTS[alike.get(key, key)]


def _remark(looked: Looked, key: str) -> str:
    """On what a chart was measured."""
    if key in ALONG:
        return f"Measured on {_along(looked)}."
    train = looked.session.dataset.train
    every = f"Measured on all {len(train):,} training sequences."
    some = f"Measured on {compared(train):,} of the {len(train):,} training sequences."
    steps = "Measured on the next steps of training, none of which is taken."
    where = {"over_lag": every, "pairs": some, "by_length": "", "errors": some}
    where |= {"spectrum": "", "clipping": steps, "ratios": steps}
    followed = _followed(looked) if key == "connectivity" else ""
    phrase = f"Measured on {followed}this sequence of {_counted(looked)}. {looked.probe.basis}"
    return where.get(key, phrase)


def _counted(looked: Looked) -> str:
    noun, tokens = looked.session.names.noun, len(looked.words)
    return f"{tokens} {noun}{'s' * (tokens > 1)}"


def _followed(looked: Looked) -> str:
    """How many of very many answers the connectivity has."""
    answers = len(looked.probe.answers)
    return f"{ANSWERS} of the {answers} answers of " if answers > ANSWERS else ""


def _along(looked: Looked) -> str:
    """The part of the sequence along which the Jacobians are found."""
    steps = len(looked.words) - looked.bridge
    count = covered(looked.query.state.parameters.architecture, steps)
    if count == len(looked.words):
        return f"this sequence of {_counted(looked)}"
    last = "" if count == steps else f"the last {count} of "
    own = f"the decoder's {steps} of " if looked.bridge else ""
    return f"{last}{own}this sequence's {_counted(looked)}"


# The charts


def _steady(looked: Looked, key: str) -> Theme:
    """The palette, with a scale that is held: where there is a choice, one for each."""
    return steady(looked.session, key, looked.query.objective, str(looked.query.layer))


def _lag(looked: Looked) -> Picture:
    return lag_curve(looked.gradients.lag(looked.query), _steady(looked, "over_lag"))


def _products(looked: Looked) -> Picture:
    found = products(looked.gradients.jacobians(looked.query))
    return product_curves(found, looked.words, looked.bridge, _steady(looked, "products"))


def _spectrum(looked: Looked) -> Picture:
    parameters, pages = looked.query.state.parameters, looked.past()
    layer = looked.query.layer
    now, name = eigenvalues(recurrent(parameters, layer)), recurrent_name(parameters, layer)
    return weight_spectrum(now, pages.eigenvalues, pages.epochs, _steady(looked, "spectrum"), name)


def _state_spectrum(looked: Looked) -> Picture:
    found = state_spectra(looked.gradients.jacobians(looked.query))
    return state_spectrum(found, looked.words, looked.bridge, _steady(looked, "state_spectrum"))


def _exponents(looked: Looked) -> Picture:
    found = looked.gradients.jacobians(looked.query)
    return exponent_curve(
        lyapunov_exponents(found), len(found.matrices), _steady(looked, "exponents")
    )


def _connectivity(looked: Looked) -> Picture:
    found = looked.gradients.connectivity(looked.query)
    answered = "target's logit" if looked.session.dataset.answers_classes else "answer"
    return connectivity_map(found, looked.words, answered, theme())


def _feed(looked: Looked, name: str) -> Picture:
    course = looked.session.player.course
    return share_areas(looked.past(), name, looked.words, course, theme())


def _clipping(looked: Looked) -> Picture:
    return clipping_curves(looked.past(), looked.session.player.course, theme())


def _ratios(looked: Looked) -> Picture:
    return ratio_dots(looked.gradients.next_steps(looked.query), _steady(looked, "ratios"))


def _pairs(looked: Looked) -> Picture:
    return gradient_pairs(looked.gradients.compare(looked.query), _steady(looked, "pairs"))


def _by_length(looked: Looked) -> Picture:
    return errors_by_length(looked.gradients.by_length(looked.query), _steady(looked, "by_length"))


def _errors(looked: Looked) -> Picture:
    return errors_over_epochs(
        looked.past(), looked.session.player.course, _steady(looked, "errors")
    )


def _checks(looked: Looked) -> Picture:
    check = looked.gradients.checked(looked.query)
    return check_dots(check, len(looked.query.state.parameters.named()), theme())


_FIGURES: dict[str, Callable[[Looked], Picture]] = {
    "over_lag": _lag,
    "products": _products,
    "spectrum": _spectrum,
    "state_spectrum": _state_spectrum,
    "exponents": _exponents,
    "connectivity": _connectivity,
    "feed_hh": partial(_feed, name="W_hh"),
    "feed_xh": partial(_feed, name="W_xh"),
    "clipping": _clipping,
    "ratios": _ratios,
    "pairs": _pairs,
    "by_length": _by_length,
    "errors": _errors,
    "checks": _checks,
}
_TABLES: dict[str, Callable[[Looked], pd.DataFrame]] = {
    "over_lag": lambda at: lag_table(at.gradients.lag(at.query)),
    "products": lambda at: products_table(
        products(at.gradients.jacobians(at.query)), at.words[at.bridge :]
    ),
    "spectrum": lambda at: spectrum_table(
        eigenvalues(recurrent(at.query.state.parameters, at.query.layer)), at.past()
    ),
    "state_spectrum": lambda at: state_spectrum_table(
        state_spectra(at.gradients.jacobians(at.query)), at.words[at.bridge :]
    ),
    "exponents": lambda at: exponents_table(lyapunov_exponents(at.gradients.jacobians(at.query))),
    "connectivity": lambda at: connectivity_table(at.gradients.connectivity(at.query), at.words),
    "feed_hh": lambda at: shares_table(at.past(), "W_hh", at.words),
    "feed_xh": lambda at: shares_table(at.past(), "W_xh", at.words),
    "clipping": lambda at: clipping_table(at.past()),
    "ratios": lambda at: ratios_table(at.gradients.next_steps(at.query)),
    "pairs": lambda at: pairs_table(at.gradients.compare(at.query)),
    "by_length": lambda at: by_length_table(at.gradients.by_length(at.query)),
    "errors": lambda at: errors_table(at.past()),
    "checks": lambda at: check_table(at.gradients.checked(at.query)),
}
_NAMES = {
    "over_lag": "Gradient over the lag",
    "products": "Products of Jacobians",
    "spectrum": "Eigenvalues of the recurrent weights",
    "state_spectrum": "Eigenvalues of the Jacobian",
    "exponents": "Lyapunov exponents",
    "connectivity": "Connectivity",
    "feed_hh": "Tokens that feed the recurrent weights",
    "feed_xh": "Tokens that feed the input weights",
    "clipping": "Clipping",
    "ratios": "Update over weights",
    "pairs": "Exact against notebook",
    "by_length": "Notebook's error and cosine by length",
    "errors": "Notebook's error and cosine over the epochs",
    "checks": "Gradient check",
}
