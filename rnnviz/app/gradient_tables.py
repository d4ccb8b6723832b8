"""The numbers of the charts on the page *Gradients*, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rnnviz.analysis.connectivity import Connectivity
from rnnviz.analysis.exact_vs_notebook import ByLength, Comparison
from rnnviz.analysis.gradient_history import GradientSeries
from rnnviz.analysis.gradient_over_lag import LagProfile
from rnnviz.analysis.jacobians import Products, StateSpectra
from rnnviz.analysis.length_generalization import LengthProfile
from rnnviz.analysis.optimizer_step_stats import NextStepStats
from rnnviz.engine.gradcheck import GradientCheck
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.theme import shown_token


def lag_table(profile: LagProfile) -> pd.DataFrame:
    """One row per lag: norms (L2), the fitted line, and the bound if one is known."""
    columns = {
        "lag": np.arange(len(profile.median)),
        "median": profile.median,
        "mean": profile.mean,
        "10 % of sequences below": profile.low,
        "90 % of sequences below": profile.high,
        "fit": profile.fitted,
    }
    return pd.DataFrame(columns if profile.bound is None else {**columns, "bound": profile.bound})


def products_table(products: Products, words: Sequence[str]) -> pd.DataFrame:
    """One row per token that the state passes through: log10 of the singular values."""
    named = _tokens(products.tokens, words)
    return pd.DataFrame(
        {**named, "log10 largest": products.largest, "log10 smallest": products.smallest}
    )


def spectrum_table(now: Array, history: GradientSeries) -> pd.DataFrame:
    """One row per eigenvalue: all (H,) at the epoch shown, the largest at each known epoch."""
    past = history.eigenvalues
    count = past.size // max(1, len(past))
    epochs = ["shown"] * len(now) + np.repeat(history.epochs, count).astype(str).tolist()
    return pd.DataFrame({"epoch": epochs, **_parts(np.concatenate([now, past.ravel()]))})


def state_spectrum_table(spectra: StateSpectra, words: Sequence[str]) -> pd.DataFrame:
    """One row per token and eigenvalue of the Jacobian there."""
    tokens = np.repeat(spectra.tokens, spectra.eigenvalues.shape[1])
    return pd.DataFrame({**_tokens(tokens, words), **_parts(spectra.eigenvalues.ravel())})


def exponents_table(exponents: Array) -> pd.DataFrame:
    """One row per Lyapunov exponent, the largest first, in nats per token."""
    numbers = np.arange(1, len(exponents) + 1)
    return pd.DataFrame({"exponent": numbers, "nats a token": exponents})


def connectivity_table(connectivity: Connectivity, words: Sequence[str]) -> pd.DataFrame:
    """One row per answer and token: the norm C (L2)."""
    rows, columns = (index.ravel() for index in np.indices(connectivity.sizes.shape))
    answers = _tokens(connectivity.tokens[rows], words, "answer after token", "answer after")
    return pd.DataFrame({**answers, **_tokens(columns, words), "C": connectivity.sizes.ravel()})


def shares_table(history: GradientSeries, name: str, words: Sequence[str]) -> pd.DataFrame:
    """One row per epoch and token: its share, 0..1, of the gradient of W_hh or W_xh."""
    shares = history.shares(name)
    rows, columns = (index.ravel() for index in np.indices(shares.shape))
    named = _tokens(columns, words)
    return pd.DataFrame({"epoch": history.epochs[rows], **named, "share": shares.ravel()})


def clipping_table(history: GradientSeries) -> pd.DataFrame:
    """One row per epoch: shares, 0..1, of clipped steps and entries; the angle in degrees."""
    names = {"share of steps": "steps", "share of entries": "entries", "angle (°)": "angle"}
    columns = {title: history.column(name) for title, name in names.items()}
    return pd.DataFrame({"epoch": history.epochs, **columns})


def ratios_table(stats: NextStepStats) -> pd.DataFrame:
    """One row per parameter: quantiles of ||update|| / ||W|| over the steps that have one."""
    columns = np.array([*stats.spread.values()]).reshape(-1, 3).T
    titles = ("10 % of steps below", "median", "90 % of steps below")
    return pd.DataFrame({"parameter": [*stats.spread], **dict(zip(titles, columns, strict=True))})


def pairs_table(comparison: Comparison) -> pd.DataFrame:
    """One row per parameter: norms (L2) of both gradients, their cosine, the relative error."""
    return pd.DataFrame(
        {
            "parameter": [*comparison.exact],
            "||exact||": comparison.exact.values(),
            "||notebook||": comparison.notebook.values(),
            "cosine": comparison.cosines.values(),
            "relative error": comparison.errors.values(),
        }
    )


def by_length_table(comparison: ByLength) -> pd.DataFrame:
    """One row per length and parameter, with the number of sequences."""
    rows = {"length": comparison.lengths, "sequences": comparison.counts}
    return _by_parameter(rows, comparison.table("errors"), comparison.table("cosines"))


def errors_table(history: GradientSeries) -> pd.DataFrame:
    """One row per epoch and parameter: the relative error and the cosine."""
    return _by_parameter(
        {"epoch": history.epochs}, history.table("errors"), history.table("cosines")
    )


def check_table(check: GradientCheck | None) -> pd.DataFrame:
    """One row per parameter; no rows without a check."""
    errors = {} if check is None else check.errors
    return pd.DataFrame({"parameter": [*errors], "relative error": [*errors.values()]})


def length_table(profile: LengthProfile | None) -> pd.DataFrame:
    """One row per length: score, 0..1, its 95 % interval, loss, and the number of sequences."""
    if profile is None:
        return pd.DataFrame({"": ["Measured when the run is paused."]})
    low, high = profile.intervals.T
    scores = {"score": profile.scores, "95 % from": low, "95 % to": high, "loss": profile.losses}
    return pd.DataFrame({"length": profile.lengths, "sequences": profile.counts, **scores})


def _by_parameter(
    rows: Mapping[str, Array], errors: Mapping[str, Array], cosines: Mapping[str, Array]
) -> pd.DataFrame:
    count = len(next(iter(rows.values())))
    return pd.DataFrame(
        {
            **{title: np.repeat(values, len(errors)) for title, values in rows.items()},
            "parameter": [*errors] * count,
            "relative error": np.array([*errors.values()]).T.ravel(),
            "cosine": np.array([*cosines.values()]).T.ravel(),
        }
    )


def _tokens(
    tokens: Array, words: Sequence[str], number: str = "token", word: str = "word"
) -> dict[str, list[int] | list[str]]:
    """Two columns: the numbers of the tokens, from 1, and their words."""
    return {number: (tokens + 1).tolist(), word: [shown_token(words[t]) for t in tokens]}


def _parts(values: Array) -> dict[str, Array]:
    return {"real part": values.real, "imaginary part": values.imag}
