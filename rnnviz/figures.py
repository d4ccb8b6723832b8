"""Figures: the modules that turn records into pictures."""

from types import ModuleType

from rnnviz.charts import (
    answers,
    axes,
    first_page,
    gradients,
    hidden_states,
    pair_page,
    pair_pictures,
    sequence_network,
    series_pictures,
    shapes,
    side_by_side,
    table,
    theme,
    training_curves,
)
from rnnviz.questions.breaks import pictures as breaks
from rnnviz.questions.carry import pictures as carry
from rnnviz.questions.carry import season_pictures as carry_series
from rnnviz.questions.feed import pictures as feed
from rnnviz.questions.linear_probe import pictures as linear_probe
from rnnviz.questions.path import pictures as path
from rnnviz.questions.reach import pictures as reach
from rnnviz.questions.rest import pictures as rest
from rnnviz.questions.right import pictures as right
from rnnviz.questions.runs import pictures as runs
from rnnviz.questions.runs import setting_pictures
from rnnviz.questions.step import inside_cell
from rnnviz.questions.step import pictures as step
from rnnviz.questions.what_if import pictures as what_if
from rnnviz.questions.wrong import forecast_pictures
from rnnviz.questions.wrong import pictures as wrong

__all__ = [
    "answers", "axes", "breaks", "carry", "carry_series", "feed", "first_page",
    "forecast_pictures", "gradients", "hidden_states", "inside_cell", "linear_probe", "pair_page",
    "pair_pictures", "path", "reach", "rest", "right", "runs", "sequence_network",
    "series_pictures", "setting_pictures", "shapes", "side_by_side", "step", "table", "theme",
    "training_curves", "what_if", "wrong",
]  # fmt: skip
#: Names of earlier versions, and what the module is called now.
_FORMER = {
    "class_bars": "wrong", "class_separation": "path", "compared_states": "what_if",
    "complex_plane": "reach", "confusion_matrix": "wrong", "dynamics": "rest",
    "exact_vs_notebook": "right", "gradient_over_lag": "reach", "length_generalization": "reach",
    "memory_gauge": "gradients", "optimizer_steps": "feed", "response": "carry",
    "rest_points": "rest", "run_curves": "training_curves", "sentence": "shapes",
    "silencing": "breaks", "step_network": "step", "tinted_phrases": "carry",
    "token_shares": "feed", "trajectories": "path", "units": "hidden_states",
    "value_scatter": "wrong", "word_choices": "what_if", "words_row": "first_page",
}  # fmt: skip


def __getattr__(name: str) -> ModuleType:
    """A module by its former name; raises AttributeError for another name."""
    if name not in _FORMER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module: ModuleType = globals()[_FORMER[name]]
    return module
