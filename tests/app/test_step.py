"""Page *Step* without a browser."""

import json
import re

import pytest

from rnnviz.analysis.formatting import Names
from rnnviz.analysis.training_step import largest_changes
from rnnviz.app.command import RefusedError
from rnnviz.app.style import check_html
from rnnviz.engine.gradcheck import GradientCheck
from rnnviz.engine.timeline import Phase
from rnnviz.lab.step import Subject
from tests.app import tab
from tests.sampling import each_row

#: The texts with reserved space, and the spaces that the tags of one leave.
RESERVED, SPACES = ("levels", "caption", "formula"), 8
CHARTS = {"network", "operation", "terms", "mosaic", "states", "flow"}


class Page(tab.Page):
    """The page alone, in one tab; with ``own``, on the reader's own phrase."""

    def __init__(self, own=False, **link):
        super().__init__("step", **link)
        if own:
            self.choose("Step on", Subject.OWN)

    def move(self, where):
        """Press one of the buttons below the slider."""
        self.say("select", on="moment", move=where)

    @property
    def lab(self):
        return self.session.step

    @property
    def caption(self):
        return tab.plain(self.bodies["caption"]).strip()

    @property
    def example(self):
        return self.session.step_query().next_examples[0]


SMALL = {"hidden": "6", "init_scale": "0.3", "epoch": "3", "phrase": "i am not good"}


@pytest.fixture
def page():
    return Page(**SMALL)


@pytest.fixture
def own():
    return Page(own=True, **SMALL)


def test_it_begins_with_the_runs_next_phrase_and_ends_with_its_update(page):
    assert page.charts.keys() == CHARTS
    first = page.example
    target = page.session.dataset.classes[first.target]
    assert f"example 1 of 58: “{first.text}” → {target}" in page.text
    assert "word 1 of" in page.text
    assert "Largest changes" in page.text
    page.move("last")
    step = page.session.step.record(page.session.step_query())
    for row in largest_changes(step):
        assert f"{row.after:+.6f}".replace("-", "−") in page.text
    page.click("apply")
    assert page.lab.cursor == 0
    assert page.example is not first
    assert "example 2 of 58" in page.text


def test_every_moment_of_ones_own_phrase_has_a_short_caption_in_reserved_space(own):
    captions, reserves = set(), []
    while True:
        assert f"›  {own.lab.moment.phase.value}" in own.text
        assert not re.search(r"[{}]", own.caption)
        assert len(re.findall(r"[.!?](?= [A-Z]|$)", own.caption)) <= 2
        captions.add(own.caption)
        own.run()
        texts = own.components("text")
        for key in RESERVED:
            blocks = json.loads(texts[f"text_{key}"].json)["reserve"]
            longest = max(len(" ".join(text for _, text in block)) for block in blocks)
            assert len(tab.plain(own.bodies[key]).strip()) <= longest + SPACES, key
        reserves.append(json.loads(texts["text_caption"].json)["reserve"])
        if own.lab.cursor == own.lab.last:
            break
        own.move("on")
    assert len(captions) == len(own.lab.moments) == 11
    assert all(reserve == reserves[0] for reserve in reserves)


def test_the_slider_and_its_buttons_go_to_any_moment_and_not_past_the_ends(page):
    page.move("phaseOn")
    state = page.frame["sliders"]["moment"]
    words = page.session.step.record(page.session.step_query()).words
    assert state["shown"] == page.lab.cursor == len(words)
    assert [name for name, _ in state["bands"]] == [phase.value for phase in Phase]
    last = page.lab.last
    for value, cursor in ((3, 3), (-5, 0), (10_000, last)):
        page.say("select", on="moment", value=value)
        assert page.lab.cursor == cursor
    assert page.lab.moment.phase is Phase.UPDATE
    for moves, cursor in ((("last", "phaseOn", "on"), last), (("first", "phaseBack", "back"), 0)):
        for where in moves:
            page.move(where)
            assert page.frame["sliders"]["moment"]["shown"] == cursor
    with pytest.raises(RefusedError):
        page.say("select", on="moment", move="sideways")


def test_a_part_of_the_cell_can_be_chosen_and_has_a_reserve_of_its_own():
    page = Page(own=True, cell="lstm", hidden="4", phrase="not bad")
    reserves = []
    for part in ("f", "c", "h"):
        page.choose("Part of the cell", part)
        assert page.lab.part == part
        assert f"{part}_1 = " in page.bodies["formula"]
        reserves.append(page.data("text")["text_formula"]["reserve"])
    assert reserves[0] != reserves[1] != reserves[2]


def test_a_click_or_a_number_chooses_a_unit(own):
    own.say("click", on="network", data=[2, 4, "h"])
    assert (own.lab.unit, own.lab.moment.t) == (4, 2)
    own.say("click", on="states", x=1.2, y=2.9)
    assert (own.lab.unit, own.lab.moment.t) == (3, 1)
    assert "a_2[3] =" in own.text
    for value, unit in ((4, 4), (-3, 0), (1e300, 5)):
        own.say("select", on="unit", value=value)
        assert own.frame["sliders"]["unit"]["shown"] == own.lab.unit == unit


def test_ones_own_phrase_can_not_be_applied_and_is_told_when_it_can_not_be_read(own):
    assert own.data("stepper")["apply"]["disabled"]
    own.click("apply")
    assert own.session.player.progress == "3"
    assert "a sequence of your own: “i am not good”" in own.text
    own.ask("<b>zebra</b>")
    assert "None of these words is in the vocabulary" in own.text


def test_a_finished_run_has_nothing_to_apply():
    page = Page(hidden="4", epochs="2", epoch="2")
    assert page.frame["sliders"]["apply"] == {"last": 1, "shown": 1, "text": "", "bands": []}
    page.click("apply")
    assert page.session.player.progress == "2"


def test_the_gradient_check_is_of_this_step(page):
    page.click("check")
    assert "✓ right to" in page.text
    page.choose("Step on", Subject.OWN)
    assert "not checked at these weights" in page.text


@each_row(
    ("error", "said"),
    [(1.5, "150 %"), (0.123, "12 %"), (0.01, "1 %"), (0.003, "0.3 %"), (2.04e-7, "0.00002 %")],
)
def test_errors_of_every_size_are_told_in_percent(error, said):
    check = GradientCheck({"W_hh": error}, 4, 4)
    assert f"wrong: W_hh by {said}<" in check_html(check, Names((), ()))


@each_row(
    ("task", "phrase", "answer"),
    [("waves", "0 0.5 1", "answer"), ("sentiment", "happy happy happy", "verdict")],
)
def test_without_a_label_the_target_is_called_as_the_answer_is(task, phrase, answer):
    page = Page(own=True, hidden="4", task=task, phrase=phrase)
    assert f"(the network's own {answer}, as it has no label)" in page.text


@each_row(
    "link",
    [
        {"hidden": "1"},
        {"phrase": "bad"},
        {"phrase": "not happy " * 60},
        {"gradient": "notebook", "hidden": "5"},
    ],
    ids=["one unit", "one word", "long phrase", "notebook"],
)
def test_every_moment_of_an_odd_step_can_be_shown(link):
    page = Page(own=True, **{"epoch": "2", "hidden": "3", **link})
    for cursor in range(0, page.lab.last + 1, max(1, page.lab.last // 9)):
        page.lab.go_to(cursor)
        page.run()
        assert page.charts.keys() == CHARTS
