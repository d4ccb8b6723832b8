"""WindowAnswers: what a network and simple models expected after each window, and what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.results import Values
from rnnviz.tasks.data.number_cells import written
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.forecasts import (
    Forecast,
    ForecastErrors,
    Outcomes,
    expected_values,
    naive_error,
    outcomes,
    simple_answers,
)


class StepAnswers(NamedTuple):
    """The answers of K windows some steps ahead, of one column in its own units; all (K,).

    ``owners`` are the indexes of the windows in their part of the data, ``test`` says which belong
    to the test. ``came`` is NaN where it was filled in.
    """

    owners: Array
    test: Array
    series: Array
    times: Array
    expected: Array
    came: Array

    @property
    def errors(self) -> Array:
        """The absolute errors, (K,); NaN where the true value is unknown."""
        off = np.nan_to_num(np.abs(self.expected - self.came), nan=np.inf)
        return np.asarray(np.where(np.isnan(self.came), np.nan, off))

    @property
    def largest(self) -> Array:
        """The windows whose error is known, the largest error first."""
        order = np.argsort(-self.errors, kind="stable")
        return order[~np.isnan(self.came[order])]

    def values(self) -> Values:
        """The same as answers to their targets."""
        return Values(
            self.expected[:, None], self.came[:, None], self.owners, np.zeros(len(self.owners), int)
        )


@dataclass(frozen=True, eq=False)
class WindowAnswers:
    """The answers after K windows of a part of the data, in the units of the table.

    ``owners`` (K,) are the indexes of the windows in that part, ``test`` (K,) says which belong to
    the test. The answers of the ``network`` are (K, H, C), as those of each of the ``simple``
    models.
    """

    dataset: Dataset
    owners: Array
    test: Array
    outcomes: Outcomes
    network: Array
    simple: Mapping[Forecast, Array]

    @classmethod
    def of(cls, dataset: Dataset, parts: Sequence[bool], values: Values) -> WindowAnswers:
        """The last answers of a network to some windows, with what came and the simple models'.

        The owners of the ``values`` index the concatenated windows of the ``parts``: True is the
        test, False the training.
        """
        owners, came, simple = values.owners, list[Outcomes](), list[dict[Forecast, Array]]()
        for part in parts:
            every = outcomes(dataset, part)
            some = owners[owners < len(every.values)]
            owners = owners[len(some) :] - len(every.values)
            came.append(every.at(some))
            simple.append({of: found[some] for of, found in simple_answers(dataset, part).items()})
        joined = Outcomes.joined(came)
        network = dataset.own_answers(values.predicted).reshape(joined.values.shape)
        models = {of: np.concatenate([one[of] for one in simple]) for of in simple[0]}
        test = np.repeat(parts, [len(one.values) for one in came])
        return cls(dataset, values.owners, test, joined, network, models)

    def shared_with(self, other: WindowAnswers) -> WindowAnswers:
        """Those after which the same steps come as after windows of ``other``, of any length."""
        own, others = (
            pd.MultiIndex.from_arrays([one.outcomes.series, one.outcomes.times[:, 0]])
            for one in (self, other)
        )
        some = own.isin(others)
        return WindowAnswers(
            self.dataset, self.owners[some], self.test[some], self.outcomes.at(some),
            self.network[some], {of: answers[some] for of, answers in self.simple.items()},
        )  # fmt: skip

    def compared(self) -> list[ForecastErrors]:
        """The errors of the network, then of the simple models."""
        models = [("network", "this network", self.network)]
        models += [(one.label, one.text, answers) for one, answers in self.simple.items()]
        naive = naive_error(expected_values(self.dataset))
        return [ForecastErrors(name, text, self.outcomes.errors(answers), naive)
                for name, text, answers in models]  # fmt: skip

    def step(self, ahead: int, column: int) -> StepAnswers:
        """Those of one column, ``ahead`` steps after the window, from 0."""
        of, place = self.outcomes, (slice(None), ahead, column)
        came = np.where(of.filled[place], np.nan, of.values[place])
        return StepAnswers(
            self.owners, self.test, of.series, of.times[:, ahead], self.network[place], came
        )

    def table(self) -> pd.DataFrame:
        """A row for each step after each window, with the answers of all models."""
        of, columns = self.outcomes, expected_values(self.dataset).columns
        count, horizon = of.times.shape
        table: dict[str, Any] = {}
        if not self.test.all() and self.test.any():
            table["part"] = np.where(self.test, "test", "train").repeat(horizon)
        if len({*of.series}) > 1:
            table[columns.id or "series"] = of.series.repeat(horizon)
        table["window"] = (self.owners + 1).repeat(horizon)
        table[columns.time or "step"] = written(of.times.ravel())
        table["ahead"] = np.tile(np.arange(1, horizon + 1), count)
        for c, name in enumerate(columns.expected):
            table[f"target {name}"] = of.values[..., c].ravel()
            table[f"predicted {name}"] = self.network[..., c].ravel()
            for model, answers in self.simple.items():
                table[f"{model.name} {name}"] = answers[..., c].ravel()
        if of.filled.any():
            table["filled"] = of.filled.any(axis=2).ravel()
        return pd.DataFrame(table)
