"""One row of scores for every epoch."""

import numpy as np
import pytest

from rnnviz.engine.evaluation import Score
from rnnviz.run.history import COLUMNS, History
from tests.sampling import each_row


def filled(count):
    history = History()
    for i in range(count):
        history.append(Score(i + 0.25, 0.5), Score(2 * i, 0.75))
    return history


def test_a_row_has_every_score_by_name():
    history = filled(3)
    assert (
        history.row(2) == history.row(-1) == dict(zip(COLUMNS, (2.25, 0.5, 4, 0.75), strict=True))
    )
    for epoch in (3, -4, 255):
        with pytest.raises(IndexError):
            history.row(epoch)


@each_row("count", [0, 3, 255, 256, 257, 1025])
def test_no_row_is_lost_when_the_history_grows(count):
    history = filled(count)
    assert len(history) == count
    assert history.column("train_loss").tolist() == [i + 0.25 for i in range(count)]
    assert history.column("test_metric").tolist() == [0.75] * count


def test_until_an_epoch_it_is_a_copy():
    history = filled(3)
    part = history.until(1)
    part.append(Score(9, 9), Score(9, 9))
    assert part.column("test_loss").tolist() == [0, 2, 9]
    assert history.column("test_loss").tolist() == [0, 2, 4]
    assert len(history.until(-1)) == 0


def test_a_missing_test_set_is_not_a_number():
    history = History()
    history.append(Score(1.0, 0.5), Score(float("nan"), float("nan")))
    assert np.isnan(history.column("test_loss")).all()
    assert history.row(0)["train_loss"] == 1.0
