"""What the presets promise is what their runs do."""

from dataclasses import replace

import pytest

from rnnviz.config import TaskName
from rnnviz.probe.session import Session
from rnnviz.tasks.data_source import PRESETS, TASKS, contrast


@pytest.mark.parametrize(
    ("label", "changes", "low", "high"),
    [
        ("Elman, lag 20", {}, 0.0, 0.4),
        ("GRU, lag 20", {}, 1.0, 1.0),
        ("LSTM, lag 20", {}, 1.0, 1.0),
        ("Elman, 150 epochs", {}, 1.0, 1.0),
        ("Elman, adam", {}, 1.0, 1.0),
        ("Elman, adam", {"lr": 0.2}, 0.0, 0.4),
        ("Elman, orthogonal", {}, 1.0, 1.0),
        ("minGRU, lag 20", {}, 1.0, 1.0),
        ("LRU, lag 20", {}, 1.0, 1.0),
        ("Leaky, lag 20", {}, 1.0, 1.0),
        ("coRNN, lag 20", {}, 1.0, 1.0),
        ("minGRU, lag 20", {"cell": "slstm"}, 1.0, 1.0),
    ],
)
def test_who_learns_lag_20(label, changes, low, high):
    (preset,) = (preset for preset in PRESETS[TaskName.RECALL] if preset.label == label)
    session = Session(replace(preset.config(), **changes))
    session.player.advance(session.config.epochs)
    assert session.player.finished
    assert low <= session.run.history.row(session.config.epochs)["test_metric"] <= high
    assert (high == 1.0) == preset.learns or changes


def test_a_preset_that_fails_has_one_beside_it_that_learns_with_one_thing_changed():
    for task, cards in PRESETS.items():
        for card in cards:
            other = contrast(card.config(seed=3))
            assert (other is None) == card.learns
            if other:
                assert {**card.settings, "cell": other.settings["cell"]} == other.settings
                assert (task, other.label) == (TaskName.RECALL, "LSTM, lag 20")
    assert contrast(replace(PRESETS[TaskName.RECALL][0].config(), lag=19)) is None


@pytest.mark.parametrize("name", TASKS)
def test_a_task_says_whether_its_data_are_drawn_by_a_seed(name):
    texts = [
        [one.text for one in (*data.train, *data.test)]
        for data in (TASKS[name].build(5, seed) for seed in (0, 1))
    ]
    assert TASKS[name].drawn is (texts[0] != texts[1])
