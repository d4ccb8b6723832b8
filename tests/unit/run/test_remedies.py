"""What to try if the numbers of a run are not finite: only what can be done, and has an effect."""

import pytest

from rnnviz.config import SETTINGS, RunConfig
from rnnviz.run.remedies import remedy_for_training, remedy_for_weights

LEAST = {name: SETTINGS[name].low for name in ("lr", "init_scale")}


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"lr": 10.0}, "try a learning rate of 0.02"),
        ({"lr": 0.02}, "try a learning rate of 0.002"),
        ({"lr": 5e-5, "clip_by": "off"}, "try a learning rate of 1e-05, or clip the gradient"),
        ({"lr": LEAST["lr"], "clip_by": "off"}, "clip the gradient"),
        ({"lr": LEAST["lr"]}, "try a smaller initial scale"),
    ],
)
def test_of_training_it_is_a_lower_rate_or_clipping(settings, remedy):
    assert remedy_for_training(RunConfig(**settings)) == remedy


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({}, "try a smaller initial scale"),
        (LEAST, "try another cell"),
        ({"init": "xavier"}, "try normal initial weights of a small scale"),
        (
            {"cell": "cornn", "constants": "dt=1000000"},
            "try the cell's default constants, or try a smaller initial scale",
        ),
        (
            {"cell": "own", "equations": "h = exp(W @ x + U @ h)"},
            "try a smaller initial scale, or change the equations",
        ),
    ],
)
def test_of_initial_weights_it_is_what_makes_them_smaller(settings, remedy):
    assert remedy_for_weights(RunConfig(**settings)) == remedy
