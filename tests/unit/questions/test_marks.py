"""Every choice of a page is in its link, and comes back from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import RunConfig
from rnnviz.probe.gradient_flow import Objective
from rnnviz.probe.marks import choices_of, choose
from rnnviz.probe.session import Session
from rnnviz.probe.units import ReadoutKind, Sort, UnitLab
from rnnviz.probe.unrolled import Moment, Phase
from rnnviz.questions.linear_probe.measure import LinearProbeLab, ProbeTarget, Question
from rnnviz.questions.reach.measure import BandSource, LengthLab, ReachLab
from rnnviz.questions.rest.measure import DynamicsLab, Hold
from rnnviz.questions.step.measure import StepLab, StepSubject
from rnnviz.questions.what_if.measure import Alter, Method, Perturbation, WhatIfLab
from rnnviz.questions.wrong.measure import Ahead, DataPart, ResultsLab, Show
from rnnviz.run.share_link import read_link
from rnnviz.run.weight_edits import scale, set_weight, silence
from tests.unit.probe.test_pair import SMALL

#: A lab, an attribute, and a value that is not its default.
CHOICES = [
    (UnitLab, "sort", Sort.EFFECT),
    (UnitLab, "chosen_word", "so, & what = 100 %"),
    (UnitLab, "into", "f"),
    (UnitLab, "readout", ReadoutKind.PROBE),
    (UnitLab, "list_page", 3),
    (UnitLab, "axes", (0, 2)),
    (UnitLab, "edits", (silence(1, 2), scale(0.9), set_weight("W_hh", 1, 2, -0.5))),
    (WhatIfLab, "method", Method.SLOPE),
    (WhatIfLab, "donor_text", "i am sad"),
    *(
        (WhatIfLab, "perturbation", Perturbation(alter, 2, word, (), after))
        for alter, word, after in [
            (Alter.DROP, "", -1), (Alter.SWAP, "", -1), (Alter.CHANGE, "not", -1),
            (Alter.CHANGE, " ", -1), (Alter.ADD, "1, 2", -1), (Alter.STATE, "", 1),
        ]
    ),
    (StepLab, "subject", StepSubject.OWN),
    (StepLab, "moment", Moment(Phase.BACKWARD, 2)),
    (StepLab, "unit", 4),
    (StepLab, "layer", 1),
    (StepLab, "part", "f"),
    *((DynamicsLab, "hold", hold) for hold in (Hold.MEAN, Hold.ZERO)),
    *((DynamicsLab, "words", words) for words in [("not",), ("a,b", " ", "%2C"), ()]),
    (DynamicsLab, "typed", "1,0"),
    (DynamicsLab, "starts", 800),
    (DynamicsLab, "axes", (1, 2)),
    (ResultsLab, "rows", DataPart.ALL),
    (ResultsLab, "show", Show.UNSURE),
    (ResultsLab, "cell", (0, 1)),
    (ResultsLab, "ahead", Ahead.LAST),
    (ResultsLab, "column", 2),
    (ResultsLab, "row", (DataPart.TRAIN, 4)),
    (ReachLab, "band", BandSource.TEST),
    (LengthLab, "asked", True),
    (LinearProbeLab, "asked", Question(ProbeTarget.WORD, "not", 0, from_end=True)),
    (LinearProbeLab, "asked", Question(ProbeTarget.BEFORE, " ", 2)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "attribute", "value"), CHOICES)
def test_a_choice_comes_back_from_its_text(kind, attribute, value):
    lab, other = kind(), kind()
    assert choices_of(lab) == {}
    setattr(lab, attribute, value)
    if attribute == "perturbation":
        lab.opened = True
    texts = choices_of(lab)
    assert len(texts) == 1
    assert choose(other, texts) == []
    assert getattr(other, attribute) == value
    assert choices_of(other) == texts


def test_every_mark_has_a_case():
    kinds = {kind for kind, *_ in CHOICES}
    names = {mark.attribute for kind in kinds for mark in kind.marks}
    assert names - {attribute for _, attribute, _ in CHOICES} == {"change"}


@pytest.mark.parametrize("kind", sorted({kind for kind, *_ in CHOICES}, key=str))
@given(texts=st.data())
def test_any_other_text_is_a_choice_or_gets_a_sentence(kind, texts):
    for mark in kind.marks:
        lab = kind()
        text = texts.draw(st.text(max_size=30), mark.name)
        problems = choose(lab, {mark.name: text})
        assert all(mark.name in problem and problem.endswith("Left out.") for problem in problems)
        if problems:
            assert choices_of(lab) == {}
        again = kind()
        assert choose(again, choices_of(lab)) == []


def reopened(session):
    """A session that follows the link of another one, and the problems of the link."""
    other = Session(RunConfig())
    link, problems = read_link(session.link().to_query())
    other.follow(link, problems)
    while other.player.running:
        other.player.tick(0.1)
    return other


def test_a_link_carries_the_choices_of_pages_that_are_opened_later():
    session = Session(RunConfig(hidden=6, layers=3, cell="lstm", epochs=4))
    session.layer, session.part, session.objective = 1, "f", Objective.MARGIN
    session.units.edits = (silence(2, 1),)
    session.lab(DynamicsLab).words = ("not", "bad")
    session.lab(WhatIfLab).change = "add 2 not"
    other = reopened(session)
    assert (other.layer, other.part, other.objective) == (1, "f", Objective.MARGIN)
    assert other.units.edits == (silence(2, 1),)
    # Its address keeps what no page has read yet.
    assert other.link().to_query() == session.link().to_query()
    assert other.lab(DynamicsLab).words == ("not", "bad")
    assert other.lab(WhatIfLab).perturbation == Perturbation(Alter.ADD, 1, "not")
    assert other.link().to_query() == session.link().to_query()


def test_defaults_and_unknown_names_are_left_out():
    session = Session(SMALL)
    for kind in {kind for kind, *_ in CHOICES} - {UnitLab}:
        session.lab(kind)
    assert session.choices() == {}
    link, _ = read_link({"utm.source": "x", "rest.starts": "400"})
    session.follow(link)
    assert session.choices() == {"rest.starts": "400"}


def test_an_invalid_choice_is_said_when_its_page_is_opened():
    session = Session(SMALL)
    session.follow(read_link({"rest.starts": "7", "carry.order": "up", "shown.layer": "9"})[0])
    assert "carry.order" in session.player.message
    assert session.layer == 0
    session.lab(DynamicsLab)
    assert "rest.starts" in session.player.message
    assert session.choices() == {}
