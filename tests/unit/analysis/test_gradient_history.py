"""What was found of the gradients, epoch by epoch."""

import numpy as np

from rnnviz.analysis.gradient_history import GradientRow, GradientSeries
from rnnviz.analysis.token_contribution import TokenContribution


def row(epoch):
    ratios = {"W_hh": epoch + 0.5, "b_y": 1.0}
    return GradientRow(
        np.full(2, epoch + 1j),
        TokenContribution(np.full(3, epoch), np.zeros(3)),
        0.25,
        0.5,
        epoch,
        ratios,
        {},
        {},
    )


def series(*epochs):
    return GradientSeries(np.array(epochs, int), tuple(row(epoch) for epoch in epochs))


def test_numbers_come_in_the_order_of_their_epochs():
    found = series(0, 2, 4)
    assert found.column("angle").tolist() == [0, 2, 4]
    assert found.table("ratios")["W_hh"].tolist() == [0.5, 2.5, 4.5]
    assert found.shares("W_hh").tolist() == [[0] * 3, [2] * 3, [4] * 3]
    assert found.eigenvalues.shape == (3, 2)


def test_without_rows_there_are_no_numbers():
    found = series()
    assert len(found.epochs) == len(found.table("ratios")) == len(found.eigenvalues) == 0
