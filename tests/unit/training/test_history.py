"""One row of scores for every epoch."""

import numpy as np
import pytest

from rnnviz.engine.evaluation import Score
from rnnviz.training.history import COLUMNS, History
from tests.sampling import each_row

NONE = Score(float("nan"), float("nan"))


def filled(count):
    history = History()
    for i in range(count):
        history.append(Score(i + 0.25, 0.5), Score(2 * i, 0.75))
    return history


def test_a_new_history_has_no_rows():
    history = History()
    assert len(history) == len(history.column("test_loss")) == 0


def test_a_row_has_every_score_by_name():
    assert filled(3).row(2) == {
        "train_loss": 2.25,
        "train_metric": 0.5,
        "test_loss": 4.0,
        "test_metric": 0.75,
    }


def test_rows_are_counted_from_the_end_too():
    history = filled(3)
    assert history.row(-1) == history.row(2)


@each_row("epoch", [3, -4, 255])
def test_an_epoch_that_was_not_is_an_error(epoch):
    with pytest.raises(IndexError):
        filled(3).row(epoch)


def test_a_column_has_one_value_an_epoch():
    assert filled(3).column("train_loss").tolist() == [0.25, 1.25, 2.25]


@each_row("count", [255, 256, 257, 1025])
def test_no_row_is_lost_when_the_history_grows(count):
    history = filled(count)
    assert len(history) == count
    assert history.column("train_loss").tolist() == [i + 0.25 for i in range(count)]
    assert history.column("test_metric").tolist() == [0.75] * count


def test_a_missing_test_set_is_not_a_number():
    history = History()
    history.append(Score(1.0, 0.5), NONE)
    assert np.isnan(history.column("test_loss")).all()
    assert history.row(0)["train_loss"] == 1.0


def test_there_is_no_column_of_another_name():
    assert set(filled(1).row(0)) == set(COLUMNS)
    with pytest.raises(ValueError, match="not in tuple"):
        filled(1).column("loss")
