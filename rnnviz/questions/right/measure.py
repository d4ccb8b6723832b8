"""RightLab: this run's gradient against the exact and the notebook's."""

from __future__ import annotations

from rnnviz.engine.gradcheck import GradientCheck, check_gradient
from rnnviz.probe.cache import Memo
from rnnviz.probe.epoch_series import Record
from rnnviz.probe.gradient_flow import (
    ByLength,
    ByToken,
    Comparison,
    GradientQuery,
    compare_by_length,
    compare_by_token,
    compare_examples,
)
from rnnviz.probe.probe import phrase_key


class RightLab:
    """Comparisons of gradients, each cached until its input changes."""

    def __init__(self) -> None:
        self._memo = Memo()
        self.comparisons = Record(
            lambda query: compare_examples(query.state.parameters, query.examples)
        )

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


def _check_key(query: GradientQuery) -> tuple[object, ...]:
    return query.state, query.config.gradient, *phrase_key(query.trace)
