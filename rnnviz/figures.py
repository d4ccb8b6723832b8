"""Figures from records; only this package imports Plotly."""

from rnnviz.charts import (
    answers,
    gradients,
    hidden_states,
    sequence_network,
    side_by_side,
    table,
    theme,
    training_curves,
    units,
)
from rnnviz.charts import first_page as words_row
from rnnviz.charts import gradients as memory_gauge
from rnnviz.charts import shapes as sentence
from rnnviz.charts import training_curves as run_curves
from rnnviz.questions.breaks import pictures as silencing
from rnnviz.questions.carry import pictures as response
from rnnviz.questions.carry import pictures as tinted_phrases
from rnnviz.questions.feed import pictures as optimizer_steps
from rnnviz.questions.feed import pictures as token_shares
from rnnviz.questions.linear_probe import pictures as linear_probe
from rnnviz.questions.path import pictures as class_separation
from rnnviz.questions.path import pictures as trajectories
from rnnviz.questions.reach import pictures as complex_plane
from rnnviz.questions.reach import pictures as gradient_over_lag
from rnnviz.questions.reach import pictures as length_generalization
from rnnviz.questions.reach import pictures as reach
from rnnviz.questions.rest import pictures as dynamics
from rnnviz.questions.rest import pictures as rest_points
from rnnviz.questions.right import pictures as exact_vs_notebook
from rnnviz.questions.step import inside_cell
from rnnviz.questions.step import pictures as step_network
from rnnviz.questions.what_if import pictures as compared_states
from rnnviz.questions.what_if import pictures as word_choices
from rnnviz.questions.wrong import pictures as class_bars
from rnnviz.questions.wrong import pictures as confusion_matrix
from rnnviz.questions.wrong import pictures as value_scatter

__all__ = [
    "answers",
    "class_bars",
    "class_separation",
    "compared_states",
    "complex_plane",
    "confusion_matrix",
    "dynamics",
    "exact_vs_notebook",
    "gradient_over_lag",
    "gradients",
    "hidden_states",
    "inside_cell",
    "length_generalization",
    "linear_probe",
    "memory_gauge",
    "optimizer_steps",
    "reach",
    "response",
    "rest_points",
    "run_curves",
    "sentence",
    "sequence_network",
    "side_by_side",
    "silencing",
    "step_network",
    "table",
    "theme",
    "tinted_phrases",
    "token_shares",
    "training_curves",
    "trajectories",
    "units",
    "value_scatter",
    "word_choices",
    "words_row",
]
