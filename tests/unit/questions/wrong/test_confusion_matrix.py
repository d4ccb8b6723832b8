"""The confusion matrix."""

import numpy as np

from rnnviz.charts.shapes import contrast, mixed
from rnnviz.charts.theme import DARK, LIGHT
from rnnviz.probe.results import Confusion
from rnnviz.questions.wrong.pictures import confusion_matrix
from tests.sampling import each_row

COUNTS = np.array([[8, 2], [0, 5]])
MATRIX = Confusion(np.array([1, 4]), COUNTS, np.array([10, 5]), np.array([8, 7]), 6)
NAMES = ["a", "<i>", "c", "d", "e", "f"]


def test_right_and_wrong_differ_in_colour_and_a_cell_tells_its_classes():
    drawn = confusion_matrix(MATRIX, NAMES, (1, 4)).figure
    cells, counts, frame = drawn.data
    assert np.sign(cells.z).tolist() == [[1, -1], [0, 1]]
    assert abs(cells.z[0][0]) > abs(cells.z[0][1])
    assert cells.customdata[0][1] == [1, 4]
    assert cells.text[0][1] == "wanted &lt;i&gt;, said e: 2"
    assert list(counts.text) == ["8", "2", "5"]
    assert [*frame.x[:4]] == [0.5, 1.5, 1.5, 0.5]
    assert drawn.layout.title.text == "What is taken for what, 2 of 6"
    assert list(drawn.layout.yaxis.ticktext) == ["&lt;i&gt;", "e"]


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_count_can_be_read_on_its_cell(theme):
    _, counts = confusion_matrix(MATRIX, NAMES, theme=theme).series
    for color, share, ground in zip(
        counts["textfont"]["color"], (0.84, 0.36, 1), (True, False, True), strict=True
    ):
        behind = mixed(theme.neutral, theme.forward if ground else theme.muted, share)
        assert contrast(color, behind) >= 4.5


def test_a_chosen_cell_of_classes_that_are_not_shown_has_no_frame():
    assert len(confusion_matrix(MATRIX, NAMES, (0, 1)).series) == 2


def test_a_sequence_that_is_listed_has_its_cells():
    placed = np.array([7, 7, 9]), np.array([1, 4, 0]), np.array([4, 4, 1])
    drawn = confusion_matrix(MATRIX, NAMES, placed=placed, opened=7)
    *_, places = drawn.series
    assert places["meta"] == {"phrases": True}
    assert (places["x"], places["y"], places["customdata"]) == ([1, 1], [0, 1], [7, 7])
    assert not places["visible"]
    assert drawn.layout["meta"]["opened"] == 7
