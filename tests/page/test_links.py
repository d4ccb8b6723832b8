"""Links with the choices of a page: its controls open as the link says, and keep it."""

import pytest

from tests.page.tab import Page

TEXTS = {"hidden": "6", "epochs": "3", "epoch": "2", "phrase": "i am not bad"}
#: A page, its question, other parts of the link, and the choices.
OPENED = [
    ("hidden", "", {}, {"carry.order": "index", "carry.word": "bad", "carry.read": "probe"}),
    ("hidden", "", {}, {"carry.read": "probe", "carry.probe": "before end 1 i"}),
    ("hidden", "", {"task": "recall"}, {"carry.page": "2"}),
    ("hidden", "", {"cell": "lstm"}, {"carry.threads": "f", "shown.part": "c"}),
    ("hidden", "", {"layers": "3"}, {"shown.layer": "2"}),
    ("hidden", "what_if", {}, {"what_if.change": "drop 3", "what_if.method": "slope"}),
    ("hidden", "what_if", {}, {"what_if.change": "change 3 very"}),
    ("hidden", "what_if", {}, {"what_if.change": "add 2 good"}),
    ("hidden", "what_if", {}, {"what_if.change": "swap 2"}),
    ("hidden", "what_if", {}, {"what_if.change": "state 3 1", "what_if.donor": "this was sad"}),
    ("hidden", "breaks", {}, {"breaks.edits": "silence 1 2,scale 0.9,set W_hh 0 1 2.5"}),
    ("gradients", "", {}, {"reach.band": "test", "shown.gradient": "margin"}),
    ("gradients", "", {"task": "recall"}, {"reach.longer": "1"}),
    ("dynamics", "", {}, {"rest.words": "not,bad", "rest.starts": "400", "rest.plane": "1-3"}),
    ("dynamics", "", {}, {"rest.words": ","}),
    ("dynamics", "", {}, {"rest.hold": "mean"}),
    ("dynamics", "", {"task": "flipflop"}, {"rest.hold": "own", "rest.values": "0,1,0"}),
    ("dynamics", "path", {}, {"path.plane": "2-3"}),
    ("step", "", {"cell": "lstm", "layers": "2"}, {
        "step.on": "own", "step.moment": "backward 2", "step.unit": "3", "step.part": "f",
        "step.layer": "2",
    }),
    ("train", "wrong", {}, {"wrong.rows": "all", "wrong.show": "unsure", "wrong.cell": "1-0"}),
    ("train", "wrong", {"phrase": "so good"}, {"wrong.rows": "train", "wrong.row": "train 4"}),
    ("train", "", {"task": "characters"}, {"learn.temperature": "1.3"}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "ask", "more", "choices"), OPENED)
def test_a_page_opens_as_its_link_says(path, ask, more, choices):
    link = {**TEXTS, **more, **choices, **({"ask": ask} if ask else {})}
    if more.get("task"):
        del link["phrase"]
    page = Page(path, **link)
    assert choices.items() <= page.link.items()
    assert "In the link" not in page.session.player.message
    assert page.charts
    page.run()
    page.look()
    assert choices.items() <= page.link.items()


def test_the_same_choices_open_both_of_two_networks_and_come_from_the_one_shown():
    page = Page("hidden", **TEXTS, vs="cell:lstm", ask="breaks", **{"breaks.edits": "silence 1 2"})
    first, second = page.pair.sessions
    assert first.units.edits == second.units.edits != ()
    page.say("view", what="B")
    second.units.clear()
    page.look()
    assert "breaks.edits" not in page.link
