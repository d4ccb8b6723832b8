"""GradientLab: analyses of the gradients of a run, cached."""

from __future__ import annotations

from enum import StrEnum

from rnnviz.config import RunConfig
from rnnviz.engine.gradcheck import GradientCheck, check_gradient
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.training import TrainState
from rnnviz.probe.connectivity import Connectivity, connectivity
from rnnviz.probe.exact_vs_notebook import (
    ByLength,
    ByToken,
    Comparison,
    compare_by_length,
    compare_by_token,
    compare_examples,
)
from rnnviz.probe.gradient_history import gradient_history, shares_of
from rnnviz.probe.gradient_over_lag import (
    Carried,
    LagNorms,
    LagProfile,
    joined,
    lag_norms,
    profile_of,
)
from rnnviz.probe.gradient_query import GradientQuery, next_steps
from rnnviz.probe.gradients import Flow
from rnnviz.probe.jacobians import (
    Jacobians,
    Products,
    jacobians_along,
    lyapunov_exponents,
    products,
)
from rnnviz.probe.memo import Memo
from rnnviz.probe.memory_lab import last_answer_flow
from rnnviz.probe.optimizer_step_stats import NextStepStats
from rnnviz.probe.pieces import Pieces, cut
from rnnviz.probe.probe import phrase_key
from rnnviz.probe.token_contribution import TokenContribution


class Band(StrEnum):
    """The sequences whose gradients are the band beside that of the phrase."""

    TRAIN = "training"
    TEST = "test"


#: Number of next steps to evaluate at the epoch shown.
STEPS = 32


class GradientLab:
    """Analyses of the gradients, each cached until its input changes."""

    def __init__(self) -> None:
        self.band = Band.TRAIN
        self._memo = Memo()
        self.history = gradient_history()

    def lag(self, query: GradientQuery) -> LagProfile:
        """The gradient by lag, over what has been read of the query's examples: the ``band``.

        Of many that is a random sample first; ``read_on`` reads the others.
        """
        pieces, parameters = self._lags(query), query.state.parameters
        return self._memo.ask(
            "lag", (pieces, len(pieces.done)),
            lambda: profile_of(parameters, joined(pieces.done), query.objective, query.layer),
        )  # fmt: skip

    def read_on(self, query: GradientQuery, budget: float) -> bool:
        """Read more of the band for so many seconds; return whether something is left."""
        return self._lags(query).develop(budget)

    def _lags(self, query: GradientQuery) -> Pieces[LagNorms]:
        parameters, examples, objective = query.state.parameters, query.examples, query.objective
        carried = Carried(query.config.gradient, query.config.truncate, query.layer)

        def read(piece: Array) -> LagNorms:
            some = [examples[k] for k in piece.tolist()]
            return lag_norms(parameters, some, objective, carried)

        key = query.state, objective, carried, self.band
        return self._memo.ask(
            "lags", key, lambda: Pieces(cut(examples, parameters.theta.size), read)
        )

    def reach(self, query: GradientQuery) -> Flow:
        """The gradient of the phrase's last answer at every token."""
        return self._memo.ask("reach", _flow_key(query), lambda: last_answer_flow(query))

    def at_second(
        self, query: GradientQuery, state: TrainState, config: RunConfig
    ) -> GradientQuery:
        """The query for the same phrase in a second state of the run."""
        trace = self._memo.ask(
            "second trace", (state, config, *phrase_key(query.trace)),
            lambda: query.at(state, config).trace,
        )  # fmt: skip
        return query._replace(state=state, config=config, trace=trace)

    def second(self, query: GradientQuery) -> Flow:
        """The gradient of the phrase's last answer in a second state of the run."""
        return self._memo.ask("second", _flow_key(query), lambda: last_answer_flow(query))

    def second_shares(self, query: GradientQuery) -> TokenContribution:
        """Each token's share in the gradients of the weights, in a second state of the run."""
        return self._memo.ask("second shares", _flow_key(query), lambda: shares_of(query))

    def jacobians(self, query: GradientQuery, second: bool = False) -> Jacobians:
        """The Jacobians along the phrase; of a ``second`` state they are kept beside the others."""
        state, trace = query.state, query.trace
        key = state, phrase_key(trace)
        return self._memo.ask(
            ("jacobians", second), key, lambda: jacobians_along(state.parameters, trace)
        )

    def second_products(self, query: GradientQuery) -> tuple[Products, Array]:
        """Products and exponents of the Jacobians in a second state of the run."""
        along = self.jacobians(query, second=True)
        return self._memo.ask(
            "second products", (query.state, phrase_key(query.trace)),
            lambda: (products(along), lyapunov_exponents(along)),
        )  # fmt: skip

    def connectivity(self, query: GradientQuery) -> Connectivity:
        """How much each output of the phrase depends on each of its states."""
        state, trace, layer = query.state, query.trace, query.layer
        key = state, layer, phrase_key(trace)
        return self._memo.ask(
            "connectivity", key, lambda: connectivity(state.parameters, trace, layer)
        )

    def next_steps(self, query: GradientQuery) -> NextStepStats:
        """Statistics of the next training steps from these weights, each on its own batch."""
        key = query.state, query.config
        return self._memo.ask("next steps", key, lambda: next_steps(query, STEPS))

    def compare(self, query: GradientQuery) -> Comparison:
        """The exact and the notebook's gradient, compared on the training examples."""
        state, examples = query.state, query.examples
        return self._memo.ask(
            "compare", state, lambda: compare_examples(state.parameters, examples)
        )

    def by_token(self, query: GradientQuery) -> ByToken:
        """Both gradients at every token of the phrase."""
        parameters, trace, layer = query.state.parameters, query.trace, query.layer
        key = query.state, layer, phrase_key(trace)
        return self._memo.ask(
            "by token", key, lambda: compare_by_token(parameters, trace.batch, layer)
        )

    def by_length(self, query: GradientQuery) -> ByLength:
        """The same comparison for each sequence length."""
        state, examples = query.state, query.examples
        return self._memo.ask(
            "by length", state, lambda: compare_by_length(state.parameters, examples)
        )

    def check(self, query: GradientQuery) -> GradientCheck:
        """Check the gradient on the phrase against complex-step differences."""
        parameters, rule, batch = query.state.parameters, query.config.gradient, query.trace.batch
        key = _check_key(query)
        return self._memo.ask("check", key, lambda: check_gradient(parameters, batch, rule))

    def checked(self, query: GradientQuery) -> GradientCheck | None:
        """The last gradient check, if it was for these weights and this phrase."""
        check: GradientCheck | None = self._memo.known("check", _check_key(query))
        return check


def _flow_key(query: GradientQuery) -> tuple[object, ...]:
    return query.state, query.config, query.objective, query.layer, *phrase_key(query.trace)


def _check_key(query: GradientQuery) -> tuple[object, ...]:
    return query.state, query.config.gradient, *phrase_key(query.trace)
