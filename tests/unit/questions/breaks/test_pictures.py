"""Pictures of silenced units."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.charts.axis_limits import StickyScale
from rnnviz.charts.theme import LIGHT
from rnnviz.questions.breaks.pictures import (
    MOST_TURNED,
    AblationLoss,
    MemoryFlow,
    removal_curves,
    scores_table,
    silenced_memory,
    turned_list,
)
from tests.sampling import each_row

STATES = np.array([[0.1, 0.2, 0.3], [0.4, -0.5, 0.6]])
ORDER = np.array([2, 0, 1])


def test_rows_are_units_in_the_order_of_the_loss_with_a_bar_beside_each():
    ablation = AblationLoss(ORDER, np.array([0.5, -0.25, 1.0]), {0}, "nats")
    drawn = silenced_memory(STATES, ["a", "b"], ablation).figure
    cells, struck = drawn.data
    np.testing.assert_allclose(cells.z, STATES.T[ORDER], rtol=1e-6)
    assert np.array(cells.customdata).tolist() == [[2, 2], [0, 0], [1, 1]]
    assert cells.text[2][0] == "loss without it: −0.250000 nats"
    assert cells.text[1][0].endswith("<br>silenced: outgoing weights are zero")
    assert drawn.layout.yaxis.ticktext == ("2", "0", "1")
    columns = [("unit", [2, 0, 1]), ("rise of the loss without it (nats)", [1.0, 0.5, -0.25])]
    assert drawn.layout.meta == {"x": "token", "y": "unit", "units": [2, 0, 1], "columns": columns}
    lengths = [bar.x1 - bar.x0 for bar in drawn.layout.shapes]
    assert lengths == pytest.approx([0.1, 0.05]), "without the last one the loss falls"
    assert all(bar.x0 > 1 for bar in drawn.layout.shapes)
    assert struck.y == (1, 1, None)
    assert drawn.layout.title.text.endswith("; bars: rise of the loss, up to +1 nats")


def test_channels_end_as_high_as_the_share_and_what_is_lost_is_dashed():
    given = np.array([[0, 0, 0], [0.9, -0.3, 0.01]])
    carried = MemoryFlow(np.array([0, 0.25]), np.array([0, 0.5]), {1: given})
    ablation = AblationLoss(ORDER, np.ones(3), {1}, carried=carried)
    drawn = silenced_memory(STATES, ["a", "b"], ablation).figure
    cells, channel, lost, struck = drawn.data
    assert cells.meta["gap"] == 0.5
    ends = {}
    for x, y in zip(channel.x[:-1], channel.y[:-1], strict=True):
        ends.setdefault(x, []).append(y)
    assert sorted(ends[0.25]) == [-0.5, 2.5], "it begins as high as the memory"
    assert max(ends[0.75]) - min(ends[0.75]) == pytest.approx(0.25 * 3)
    assert lost.line.dash == "dash"
    assert list(lost.x) == [0.25, 0.75, None] * 2, "a hundredth is not drawn"
    assert [*lost.y] == [2, 1, None, 2, 2, None], "the rows of unit 1, and of 0 and 1"
    assert struck.x == (-0.25, 0.25, None, 0.75, 1.25, None)
    assert [note.text for note in drawn.layout.annotations] == ["25%", "was 50%"]


def test_of_many_units_the_silenced_and_the_kept_have_a_row_in_any_case():
    given = np.zeros((2, 256))
    given[1, 11] = 1.0
    carried = MemoryFlow(np.array([0, 0.25]), np.array([0, 0.5]), {5: given})
    ablation = AblationLoss(np.arange(256), np.arange(256.0), {5}, carried=carried, kept={9})
    drawn = silenced_memory(np.ones((2, 256)), ["a", "b"], ablation).figure
    cells, _, lost, struck = drawn.data
    assert drawn.layout.meta["units"] == sorted([*range(0, 256, 4), 5, 9])
    assert [*lost.y] == [2, 3, None], "unit 11 is at the row of its group: 0, 4, 5, 8, 9, 12"
    assert set(struck.y) == {2, None}
    assert cells.text[2][0].endswith("<br>silenced: outgoing weights are zero")
    assert drawn.layout.yaxis.range == (65.5, -0.5)
    assert max(bar.y1 for bar in drawn.layout.shapes) == 65.4
    assert len(dict(drawn.layout.meta["columns"])["unit"]) == 256
    assert ", 1 in 4 units; bars: rise of the loss" in drawn.layout.title.text


def test_what_cannot_be_drawn_leaves_no_channel_and_no_thread():
    nothing = np.full(2, np.nan)
    for lost in ({}, {1: np.full((2, 3), np.nan)}, {1: np.zeros((2, 3))}):
        ablation = AblationLoss(ORDER, np.ones(3), {1}, carried=MemoryFlow(nothing, nothing, lost))
        drawn = silenced_memory(STATES, ["a", "b"], ablation).figure
        assert not any(one.x for one in drawn.data[1:-1])
        assert not drawn.layout.annotations


@each_row("rises", [[np.nan] * 3, [np.nan, 0.5, 1.0], [np.inf] * 3, [np.inf, 1, 0], [0.0] * 3])
def test_what_is_not_known_yet_or_infinite_can_be_drawn(rises):
    drawn = silenced_memory(STATES, ["a", "b"], AblationLoss(ORDER, np.array(rises))).figure
    assert all(np.isfinite([bar.x1 for bar in drawn.layout.shapes]))
    json.dumps(drawn.layout.meta["columns"], allow_nan=False)
    if np.isnan(rises[0]):
        assert f"rise of the loss, {3 - int(np.isnan(rises).sum())} of 3" in drawn.layout.title.text
    assert silenced_memory(
        np.full((2, 3), np.nan), ["a", "b"], AblationLoss(ORDER, np.ones(3))
    ).figure


def test_the_scale_of_the_states_is_held():
    theme = replace(LIGHT, scale=StickyScale())
    ablation = AblationLoss(ORDER, np.ones(3))
    drawn = [silenced_memory(STATES * k, ["a", "b"], ablation, theme) for k in (1.5, 0.8)]
    assert [picture.series[0]["zmax"] for picture in drawn] == [1, 1]


def test_scores_are_texts_with_a_name():
    rows = [("train", ["0.1", "0.2", "90%", "80%"]), ("test", ["–"] * 4)]
    drawn = scores_table(rows, ["loss", "now", "accuracy", "now"]).figure
    assert drawn.data[0].text == ("train", "test")
    assert drawn.data[2].text == ("0.2", "–")
    assert drawn.data[2].textfont.weight > drawn.data[1].textfont.weight


def test_curves_have_what_is_measured_and_the_network_of_now():
    curves = np.array([1, 0.5, np.nan, 0.4]), np.array([1, 1, np.nan, 0.4])
    strongest, weakest, now = removal_curves(*curves, (1, 0.5), "accuracy").figure.data
    assert list(strongest.x) == [0, 1, 3]
    assert list(weakest.y) == pytest.approx([1, 1, 0.4])
    assert weakest.line.dash == "dash"
    assert (now.x, now.y) == ((1,), (0.5,))


def test_what_turned_is_listed_with_its_answer_now():
    rows = [("i am <b>", "positive 98%", 1), ("()", "3 of 4 answers", -1)]
    drawn = turned_list(rows, "39 of 78", 37).figure
    texts, answers = drawn.data
    assert texts.text[0] == "i am &lt;b&gt;"
    assert answers.textfont.color == (LIGHT.positive, LIGHT.text)
    assert drawn.layout.annotations[0].text == "37 more"
    assert turned_list([], "none", 0).figure
    assert drawn.layout.yaxis.range[0] > MOST_TURNED
