"""Page *Step* without a browser."""

import re

import pytest

from rnnviz.engine.gradcheck import GradientCheck
from rnnviz.page.command import RefusedError
from rnnviz.probe.formatting import Names, number
from rnnviz.probe.probe import names_of_steps
from rnnviz.probe.questions import StepView
from rnnviz.probe.unrolled import Phase
from rnnviz.questions.step.measure import StepLab, StepSubject, largest_changes, step_query
from rnnviz.ui.style import check_html
from tests.page import tab
from tests.sampling import each_row

CHARTS = {"step"}


class Page(tab.Page):
    """The page alone, in one tab; with ``own``, on the reader's own phrase."""

    def __init__(self, own=False, **link):
        super().__init__("step", **link)
        if own:
            self.choose("Step on", StepSubject.OWN)

    def move(self, where):
        """Press one of the keys that move the moment."""
        self.say("select", on="moment", move=where)

    @property
    def lab(self):
        return self.session.lab(StepLab)

    @property
    def story(self):
        return tab.plain(self.bodies["story"]).strip()

    @property
    def subject(self):
        return tab.plain(self.bodies["subject"]).strip()

    @property
    def said(self):
        """What the picture is told."""
        return self.chart("step")["layout"]["meta"]

    @property
    def example(self):
        return step_query(self.session).next_examples[0]


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
    assert page.subject == f"Target: {target}. Example 1 of 58."
    assert page.said["words"] == first.text.split()
    assert page.said["typed"] == [], "the run's own phrase is not typed over"
    page.move("last")
    step = page.session.lab(StepLab).record(step_query(page.session))
    rows = [[*row] for row in largest_changes(step)]
    assert page.said["terms"]["rows"] == rows
    page.click("apply")
    assert page.lab.cursor == 0
    assert page.example is not first
    assert "Example 2 of 58" in page.subject


def test_the_box_that_can_not_be_typed_in_has_the_runs_phrase_and_the_other_the_readers(page):
    first = page.example
    assert page.frame["sliders"]["phrase"]["text"] == first.text
    page.click("apply")
    assert page.frame["sliders"]["phrase"]["text"] == page.example.text != first.text
    page.choose("Step on", StepSubject.OWN)
    assert page.frame["sliders"]["phrase"]["text"] == ""


def test_what_is_drawn_is_in_the_link():
    page = Page(**SMALL, view="cell")
    assert "inside" in page.charts
    assert page.session.link().to_query()["view"] == "cell"
    page.choose("Drawn", StepView.SEQUENCE)
    assert "view" not in page.session.link().to_query()
    assert "step" in page.charts


def test_every_moment_of_ones_own_phrase_has_a_name_and_a_sentence_of_its_own(own):
    captions, remarks = set(), set()
    names = own.frame["sliders"]["moment"]["names"]
    words = own.session.inspect().words
    assert names == [
        *(f"→ {word}" for word in words), "loss", *(f"← {word}" for word in words[::-1]),
        "clip", "update",
    ]  # fmt: skip
    assert own.said["typed"] == [[word, k] for k, word in enumerate(words)]
    while True:
        assert own.story.lower().startswith(own.lab.moment.phase.value)
        assert not re.search(r"[{}]", own.story)
        captions.add(own.story)
        remarks.add(own.frame["pictures"]["step"]["remark"])
        if own.lab.cursor == own.lab.last:
            break
        own.move("on")
    assert len(captions) == len(remarks) == len(own.lab.moments) == 11


def test_the_slider_and_its_buttons_go_to_any_moment_and_not_past_the_ends(page):
    page.move("phaseOn")
    state = page.frame["sliders"]["moment"]
    words = page.session.lab(StepLab).record(step_query(page.session)).words
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


def test_a_part_of_the_cell_can_be_chosen():
    page = Page(own=True, cell="lstm", hidden="4", phrase="not bad")
    for part in ("f", "c", "h"):
        page.choose("Part of the cell", part)
        assert page.lab.part == part
        assert page.said["opened"]["vectors"][-1]["label"] == f"{part}_1"


@each_row("cell", ["elman", "lstm", "slstm"])
def test_the_inside_of_the_cell_goes_with_the_cursor_and_a_click_chooses_a_part(cell):
    page = Page(own=True, cell=cell, hidden="4", phrase="not bad")
    page.choose("Drawn", StepView.INSIDE)
    assert page.charts.keys() == {"inside"}
    words = page.session.inspect().words
    for cursor in range(page.lab.last + 1):
        page.say("select", on="moment", value=cursor)
        said = page.chart("inside")["layout"]["meta"]
        assert said["phase"] == page.lab.moment.phase
        assert said["word"] == words[page.lab.moment.t]
        flows = [route["flow"] for route in said["routes"]]
        flows += [band["sent"] for band in said["bands"]]
        assert any(flows) == (cursor >= len(words)), "from the loss on"
        assert bool(said["weights"]) == (cursor > 2 * len(words))
    for part in page.lab.record(step_query(page.session)).parts:
        page.say("click", on="inside", data=[part, 3])
        assert (page.lab.part, page.lab.unit) == (part, 3)
        page.run()
        assert page.lab.part == part, "the choice above follows"
    page.say("click", on="inside", data=["nothing of this name", -1])
    assert (page.lab.part, page.lab.unit) == (part, 0)
    page.choose("Drawn", StepView.SEQUENCE)
    assert page.charts.keys() == CHARTS


def test_a_click_or_a_number_chooses_a_unit(own):
    own.say("click", on="step", data=[2, 4])
    assert (own.lab.unit, own.lab.moment.t) == (4, 2)
    assert own.said["terms"]["title"] == "a_3[4], term by term"
    for value, unit in ((3, 3), (-3, 0), (1e300, 5)):
        own.say("select", on="unit", value=value)
        assert own.frame["sliders"]["unit"]["shown"] == own.lab.unit == unit


def test_a_phrase_of_one_word_has_a_verdict_like_any_other():
    page = Page(own=True, hidden="4", phrase="bad")
    assert page.said["answers"] == "verdict"
    assert page.said["score"] is None


@each_row("marked", [0, 4])
def test_the_unit_that_is_marked_is_worked_out(own, marked):
    own.say("select", on="unit", value=2)
    own.session.selection.unit = marked
    own.run()
    assert own.said["opened"]["unit"] == marked


def test_ones_own_phrase_can_not_be_applied_and_is_told_when_it_can_not_be_read(own):
    assert own.data("stepper")["apply"]["disabled"]
    own.click("apply")
    assert own.session.player.progress == "3"
    assert own.subject == "Target: negative. With its target in the data."
    own.ask("<b>zebra</b>")
    assert "None of these words is in the vocabulary" in own.text


def test_a_finished_run_has_nothing_to_apply():
    page = Page(hidden="4", epochs="2", epoch="2")
    assert page.frame["sliders"]["apply"] == {
        "last": 1, "shown": 1, "text": "", "bands": [], "names": [],
    }  # fmt: skip
    page.click("apply")
    assert page.session.player.progress == "2"


@each_row(
    ("error", "said"),
    [(1.5, "150%"), (0.123, "12%"), (0.01, "1%"), (0.003, "0.3%"), (2.04e-7, "0.00002%")],
)
def test_errors_of_every_size_are_told_in_percent(error, said):
    assert f"wrong: W_hh by {said}<" in checked(error)


@each_row("error", [float("nan"), float("inf")])
def test_a_gradient_that_is_not_finite_is_wrong(error):
    assert "wrong: W_hh is not finite<" in checked(error)


def test_where_the_numbers_overflow_no_gradient_is_right_or_wrong():
    badge = checked(float("nan"), finite=False)
    assert "<b>nothing can be checked</b>, as the numbers overflow" in badge
    assert "✗" not in badge


def checked(error, finite=True):
    """The badge of a check with this error of one parameter."""
    check = GradientCheck({"W_hh": error}, 4, 4, finite)
    return check_html(check, Names((), ()))


@each_row(
    ("task", "phrase", "answer"),
    [("waves", "0 0.5 1", "answer"), ("sentiment", "happy happy happy", "verdict")],
)
def test_without_a_label_the_target_is_called_as_the_answer_is(task, phrase, answer):
    page = Page(own=True, hidden="4", task=task, phrase=phrase)
    assert page.subject.endswith(f"Where no target is known, it is the network's own {answer}.")


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


def test_files_tell_the_phrase_of_the_step():
    page = Page(**SMALL)
    said = page.chart("step")["layout"]["meta"]
    assert said["told"] == {"phrase": " ".join(said["words"])}
    assert said["told"]["phrase"] != page.session.phrase_input.phrase
    assert "told" not in Page(own=True, **SMALL).chart("step")["layout"]["meta"]


def test_a_step_of_a_series_is_named_by_its_time_and_says_once_what_is_read():
    link = {"task": "elnino", "hidden": "4", "window": "6", "horizon": "2", "epoch": "1"}
    page = tab.Page("step", **link, **{"step.moment": "forward 3"})
    (example, *_) = step_query(page.session).next_examples
    names = names_of_steps(example)
    meta = page.chart("step")["layout"]["meta"]
    assert meta["words"] == [*names]
    assert meta["names"] == ["+1 temperature", "+2 temperature"]
    own = float(example.text.split()[2])
    read = f"temperature {own:g} is read as {number(float(example.inputs[2, 0]), 3)}."
    assert read in page.text
    assert f"At {names[2]} the cell adds" in page.text
    assert "next token" not in str(meta)
    typed = tab.Page("step", **link, phrase="20 21 22.5", **{"step.on": "own"})
    assert typed.chart("step")["layout"]["meta"]["words"] == ["1", "2", "3"]
