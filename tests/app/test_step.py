"""Page *Step* without a browser."""

import json
import re

import pytest

from rnnviz.analysis.notation import Names
from rnnviz.analysis.training_step import largest_changes
from rnnviz.app.command import RefusedError
from rnnviz.app.style import check_html
from rnnviz.engine.gradcheck import GradientCheck
from rnnviz.engine.timeline import Phase
from rnnviz.lab.step import Subject
from tests.app import tab
from tests.sampling import each_row

#: The texts with room kept for them, and the spaces that the tags of one leave.
KEPT, SPACES = ("levels", "caption", "formula"), 8
CHARTS = {"network", "operation", "terms", "mosaic", "states", "flow"}


class Page(tab.Page):
    """The page alone, in one tab."""

    def __init__(self, **link):
        super().__init__("step", **link)

    def __getattr__(self, name):
        return getattr(self.session, name)

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
    def step(self):
        return self.session.step.record(self.session.step_query())


@pytest.fixture
def page():
    return Page(hidden="6", init_scale="0.3", epoch="3", phrase="i am not good")


def own(page):
    page.app.get("button_group")[0].set_value(Subject.OWN)
    page.run()
    return page


def test_all_pictures_are_there(page):
    assert page.charts.keys() == CHARTS


def test_it_begins_with_the_runs_next_phrase(page):
    phrase = page.session.step_query().next_examples[0]
    target = page.dataset.classes[phrase.target]
    assert f"example 1 of 58: “{phrase.text}” → {target}" in page.text
    assert "word 1 of" in page.text


def test_a_phrase_of_ones_own_can_be_walked_through_with_a_caption_at_every_moment(page):
    own(page)
    captions = set()
    while True:
        captions.add(page.caption)
        assert f"›  {page.lab.moment.phase.value}" in page.text
        if page.lab.cursor == page.lab.last:
            break
        page.move("on")
    assert len(captions) == len(page.lab.moments) == 11
    assert not any("{" in caption or "}" in caption for caption in captions)


def test_room_is_kept_for_the_longest_text_of_the_step_and_is_the_same_at_every_moment(page):
    own(page)
    kept = []
    for cursor in range(page.lab.last + 1):
        page.lab.go_to(cursor)
        page.run()
        places = page.components("text")
        room = {key: json.loads(places[f"text_{key}"].json)["reserve"] for key in KEPT}
        for key, blocks in room.items():
            longest = max(len(" ".join(text for _, text in block)) for block in blocks)
            assert len(tab.plain(page.bodies[key]).strip()) <= longest + SPACES, key
        kept.append(room["caption"])
    assert all(captions == kept[0] for captions in kept)


def test_captions_have_two_sentences_at_most(page):
    own(page)
    for cursor in range(page.lab.last + 1):
        page.lab.go_to(cursor)
        page.run()
        assert len(re.findall(r"[.!?](?= [A-Z]|$)", page.caption)) <= 2


def test_the_ends_can_not_be_passed(page):
    for where in ("first", "phaseBack", "back"):
        page.move(where)
        assert page.lab.cursor == 0
    page.move("last")
    assert page.lab.moment.phase is Phase.UPDATE
    for where in ("last", "phaseOn", "on"):
        page.move(where)
        assert page.frame["sliders"]["moment"]["shown"] == page.lab.last


def test_the_slider_goes_to_any_moment(page):
    page.say("select", on="moment", value=3)
    assert page.lab.cursor == 3
    for value in (-5, 10_000):
        page.say("select", on="moment", value=value)
        assert page.lab.cursor in (0, page.lab.last)
    with pytest.raises(RefusedError):
        page.say("select", on="moment", move="sideways")


def test_a_click_in_a_picture_goes_to_that_unit_at_that_word(page):
    own(page)
    page.say("click", on="network", data=[2, 4, "h"])
    assert (page.lab.unit, page.lab.moment.t) == (4, 2)
    page.say("click", on="states", x=1.2, y=2.9)
    assert (page.lab.unit, page.lab.moment.t) == (3, 1)
    assert "a_2[3] =" in page.text


def test_the_slider_stands_at_the_moment(page):
    page.move("phaseOn")
    stand = page.frame["sliders"]["moment"]
    assert stand["shown"] == page.lab.cursor == len(page.step.words)
    assert [name for name, _ in stand["bands"]] == [phase.value for phase in Phase]


def test_the_largest_changes_stand_in_a_table_at_the_update(page):
    assert "Largest changes" in page.text
    page.move("last")
    for row in largest_changes(page.step):
        assert f"{row.after:+.6f}".replace("-", "−") in page.text


def test_applying_the_update_takes_the_next_phrase(page):
    first = page.session.step_query().next_examples[0]
    page.move("last")
    page.click("apply")
    assert page.lab.cursor == 0
    assert page.session.step_query().next_examples[0] is not first
    assert "example 2 of 58" in page.text


def test_a_phrase_of_ones_own_can_not_be_applied(page):
    own(page)
    assert page.stepper("apply")["disabled"]
    page.click("apply")
    assert page.session.player.progress == "3"
    assert "a sequence of your own: “i am not good”" in page.text


def test_a_finished_run_has_nothing_to_apply():
    page = Page(hidden="4", epochs="2", epoch="2")
    assert page.frame["sliders"]["apply"] == {"last": 1, "shown": 1, "text": "", "bands": []}
    page.click("apply")
    assert page.session.player.progress == "2"


def test_a_phrase_that_can_not_be_read_gets_a_sentence(page):
    own(page)
    page.ask("<b>zebra</b>")
    assert "None of these words is in the vocabulary" in page.text


def test_a_chosen_unit_has_its_own_arithmetic(page):
    page.say("select", on="unit", value=4)
    assert "a_1[4] =" in page.text
    assert page.frame["sliders"]["unit"]["shown"] == page.lab.unit == 4
    for beyond, stand in ((-3, 0), (1e300, 5)):
        page.say("select", on="unit", value=beyond)
        assert page.frame["sliders"]["unit"]["shown"] == page.lab.unit == stand


def test_the_gradient_check_is_of_this_step(page):
    page.click("check")
    assert "✓ right to" in page.text
    own(page)
    assert "not checked at these weights" in page.text


def test_a_large_error_is_told_in_percent():
    page = Page(hidden="6", init_scale="0.01", gradient="notebook", phrase="i am not so good")
    own(page).click("check")
    (wrong,) = re.findall("wrong: ([^;]+)", page.text)
    assert re.fullmatch(r"(\w+ by \d+(\.\d+)? %(, )?)+ *", wrong)


ERRORS = {1.5: "150 %", 0.123: "12 %", 0.01: "1 %", 0.003: "0.3 %", 2.04e-7: "0.00002 %"}


@each_row(("error", "said"), ERRORS.items())
def test_errors_of_every_size_have_one_notation(error, said):
    check = GradientCheck({"W_hh": error}, 4, 4)
    assert f"wrong: W_hh by {said}<" in check_html(check, Names((), ()))


@pytest.mark.parametrize(("task", "own_answer"), [("waves", "answer"), ("sentiment", "verdict")])
def test_without_a_label_the_target_is_called_as_the_answer_is(task, own_answer):
    phrase = {"waves": "0 0.5 1", "sentiment": "happy happy happy"}[task]
    page = own(Page(hidden="4", task=task, phrase=phrase))
    assert f"(its own {own_answer}, as it has no label)" in page.text


@pytest.mark.parametrize(
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
    page = own(Page(epoch="2", **{"hidden": "3", **link}))
    for cursor in range(0, page.lab.last + 1, max(1, page.lab.last // 9)):
        page.lab.go_to(cursor)
        page.run()
        assert page.charts.keys() == CHARTS
