"""The numbers behind the charts of page *Gradients*, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rnnviz.analysis.connectivity import Connectivity
from rnnviz.analysis.gradient_comparison import ByLength, Comparison
from rnnviz.analysis.gradient_history import GradientSeries
from rnnviz.analysis.jacobians import Products, StateSpectra
from rnnviz.analysis.lag import LagProfile
from rnnviz.analysis.optimizer_step_stats import NextStepStats
from rnnviz.engine.gradcheck import GradientCheck
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.theme import shown_token


def lag_table(seen: LagProfile) -> pd.DataFrame:
    """A row a lag: sizes (L2), the fitted line's, and the bound where one is known."""
    columns = {
        "lag": np.arange(len(seen.median)),
        "median": seen.median,
        "mean": seen.mean,
        "10 % of sequences below": seen.low,
        "90 % of sequences below": seen.high,
        "fit": seen.fitted,
    }
    return pd.DataFrame(columns if seen.bound is None else {**columns, "bound": seen.bound})


def products_table(seen: Products, words: Sequence[str]) -> pd.DataFrame:
    """A row a token of the words that the state goes through; log10 of the singular values."""
    named = _tokens(seen.tokens, words)
    return pd.DataFrame({**named, "log10 largest": seen.largest, "log10 smallest": seen.smallest})


def spectrum_table(now: Array, pages: GradientSeries) -> pd.DataFrame:
    """A row an eigenvalue: all (H,) at the epoch shown, and the largest at each epoch known."""
    past = pages.eigenvalues
    count = past.size // max(1, len(past))
    epochs = ["shown"] * len(now) + np.repeat(pages.epochs, count).astype(str).tolist()
    return pd.DataFrame({"epoch": epochs, **_parts(np.concatenate([now, past.ravel()]))})


def state_spectrum_table(seen: StateSpectra, words: Sequence[str]) -> pd.DataFrame:
    """A row an eigenvalue of the Jacobian at each of the tokens."""
    tokens = np.repeat(seen.tokens, seen.eigenvalues.shape[1])
    return pd.DataFrame({**_tokens(tokens, words), **_parts(seen.eigenvalues.ravel())})


def exponents_table(exponents: Array) -> pd.DataFrame:
    """A row a Lyapunov exponent, the largest first, in nats a token."""
    numbers = np.arange(1, len(exponents) + 1)
    return pd.DataFrame({"exponent": numbers, "nats a token": exponents})


def connectivity_table(seen: Connectivity, words: Sequence[str]) -> pd.DataFrame:
    """A row for each answer and token: the size C (L2)."""
    rows, columns = (places.ravel() for places in np.indices(seen.sizes.shape))
    answers = _tokens(seen.tokens[rows], words, "answer after token", "answer after")
    return pd.DataFrame({**answers, **_tokens(columns, words), "C": seen.sizes.ravel()})


def shares_table(pages: GradientSeries, name: str, words: Sequence[str]) -> pd.DataFrame:
    """A row for each epoch and token: its share, 0..1, in the gradient of W_hh or W_xh."""
    found = pages.shares(name)
    rows, columns = (places.ravel() for places in np.indices(found.shape))
    named = _tokens(columns, words)
    return pd.DataFrame({"epoch": pages.epochs[rows], **named, "share": found.ravel()})


def clipping_table(pages: GradientSeries) -> pd.DataFrame:
    """A row an epoch: shares, 0..1, of steps and entries that are clipped; the angle in degrees."""
    names = {"share of steps": "steps", "share of entries": "entries", "angle (°)": "angle"}
    columns = {title: pages.column(name) for title, name in names.items()}
    return pd.DataFrame({"epoch": pages.epochs, **columns})


def ratios_table(seen: NextStepStats) -> pd.DataFrame:
    """A row a parameter: quantiles of ||update|| / ||W|| over the steps that have one."""
    found = seen.spread
    columns = np.array([*found.values()]).reshape(-1, 3).T
    titles = ("10 % of steps below", "median", "90 % of steps below")
    return pd.DataFrame({"parameter": [*found], **dict(zip(titles, columns, strict=True))})


def pairs_table(seen: Comparison) -> pd.DataFrame:
    """A row a parameter: the sizes (L2) of both gradients, their cosine, the relative error."""
    return pd.DataFrame(
        {
            "parameter": [*seen.exact],
            "||exact||": seen.exact.values(),
            "||notebook||": seen.notebook.values(),
            "cosine": seen.cosines.values(),
            "relative error": seen.errors.values(),
        }
    )


def by_length_table(seen: ByLength) -> pd.DataFrame:
    """A row for each length and parameter, with the number of sequences."""
    where = {"length": seen.lengths, "sequences": seen.counts}
    return _beside(where, seen.table("errors"), seen.table("cosines"))


def errors_table(pages: GradientSeries) -> pd.DataFrame:
    """The same for each epoch and parameter."""
    return _beside({"epoch": pages.epochs}, pages.table("errors"), pages.table("cosines"))


def check_table(check: GradientCheck | None) -> pd.DataFrame:
    """A row a parameter; none where the check was not made."""
    errors = {} if check is None else check.errors
    return pd.DataFrame({"parameter": [*errors], "relative error": [*errors.values()]})


def _beside(
    where: Mapping[str, Array], errors: Mapping[str, Array], cosines: Mapping[str, Array]
) -> pd.DataFrame:
    """A row for each of N places and each parameter."""
    count = len(next(iter(where.values())))
    return pd.DataFrame(
        {
            **{title: np.repeat(values, len(errors)) for title, values in where.items()},
            "parameter": [*errors] * count,
            "relative error": np.array([*errors.values()]).T.ravel(),
            "cosine": np.array([*cosines.values()]).T.ravel(),
        }
    )


def _tokens(
    places: Array, words: Sequence[str], number: str = "token", word: str = "word"
) -> dict[str, list[int] | list[str]]:
    """The numbers of tokens, from 1, and what was read there."""
    return {number: (places + 1).tolist(), word: [shown_token(words[t]) for t in places]}


def _parts(values: Array) -> dict[str, Array]:
    return {"real part": values.real, "imaginary part": values.imag}
