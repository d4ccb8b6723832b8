"""UI: the widgets, charts and scripts that the questions are laid out with."""
