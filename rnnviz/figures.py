"""Figures: the modules that turn records into pictures, each imported when it is first used."""

from importlib import import_module
from types import ModuleType

_CHARTS = (
    "answers", "first_page", "gradients", "hidden_states", "sequence_network", "shapes",
    "side_by_side", "table", "theme", "training_curves", "units",
)  # fmt: skip
_QUESTIONS = (
    "breaks", "carry", "feed", "linear_probe", "path", "reach", "rest", "right", "step", "what_if",
    "wrong",
)  # fmt: skip
#: Names of earlier versions, and what the module is called now.
_FORMER = {
    "class_bars": "wrong", "class_separation": "path", "compared_states": "what_if",
    "complex_plane": "reach", "confusion_matrix": "wrong", "dynamics": "rest",
    "exact_vs_notebook": "right", "gradient_over_lag": "reach", "length_generalization": "reach",
    "memory_gauge": "gradients", "optimizer_steps": "feed", "response": "carry",
    "rest_points": "rest", "run_curves": "training_curves", "sentence": "shapes",
    "silencing": "breaks", "step_network": "step", "tinted_phrases": "carry",
    "token_shares": "feed", "trajectories": "path", "value_scatter": "wrong",
    "word_choices": "what_if", "words_row": "first_page",
}  # fmt: skip
_HOMES = {
    **{name: f"rnnviz.charts.{name}" for name in _CHARTS},
    **{name: f"rnnviz.questions.{name}.pictures" for name in _QUESTIONS},
    "inside_cell": "rnnviz.questions.step.inside_cell",
}
__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> ModuleType:
    """A module by its name; raises AttributeError for another name."""
    home = _HOMES.get(_FORMER.get(name, name))
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(home)


def __dir__() -> list[str]:
    """The names of all modules."""
    return __all__
