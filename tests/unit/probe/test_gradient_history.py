"""Rows over the epochs."""

import numpy as np

from rnnviz.probe.gradient_lab import ClippingShares, EpochSeries
from rnnviz.probe.gradients import Comparison, TokenContribution


def series(*epochs, of):
    return EpochSeries(np.array(epochs, int), tuple(map(of, epochs)))


def test_a_series_has_one_number_or_array_for_every_epoch():
    clipping = series(0, 2, 4, of=lambda epoch: ClippingShares(0.25, 0.5, float(epoch)))
    assert clipping.column("angle").tolist() == [0, 2, 4]
    shares = series(0, 2, of=lambda e: TokenContribution(np.full(3, e), np.zeros(3)))
    assert shares.column("W_hh").tolist() == [[0] * 3, [2] * 3]


def test_a_table_has_the_numbers_of_each_parameter():
    def row(epoch):
        return Comparison({}, {}, {}, {"W_hh": epoch + 0.5, "b_y": 1.0})

    table = series(0, 2, of=row).table("errors")
    assert {name: column.tolist() for name, column in table.items()} == {
        "W_hh": [0.5, 2.5], "b_y": [1, 1],
    }  # fmt: skip
    assert len(series(of=row).table("errors")) == len(series(of=row).column("errors")) == 0


def test_the_nearest_epoch_is_found_on_both_sides():
    clipping = series(0, 10, 20, of=lambda epoch: ClippingShares(0, 0, epoch))
    assert [clipping.nearest(epoch) for epoch in (0, 4, 6, 14, 16, 99)] == [0, 0, 1, 1, 2, 2]
