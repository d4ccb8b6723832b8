"""The glossary: every term once, and those of a text below it."""

import re

import pytest

from rnnviz.charts.glossary import terms, terms_in, with_terms
from rnnviz.charts.texts import texts
from rnnviz.tasks import shipped

#: What a beginner doesn't know and meets on the page.
MET = (
    "nats", "radius", "half-life", "logit", "Jacobian", "gradient", "gate", "unit", "token", "BPTT",
    "RNN", "the notebook", "plateau", "readout", "singular value", "eigenvalue", "quartile",
)  # fmt: skip


def test_every_term_that_is_met_is_in_the_glossary_in_at_most_two_sentences():
    assert {*MET} <= {*terms()}
    assert all(said.count(". ") <= 1 and said.endswith(".") for said in terms().values())


def test_the_entries_are_in_order_and_no_name_is_there_twice():
    text = shipped("docs/glossary.md").read_text(encoding="utf-8")
    names = re.findall(r"^- \*\*(.+?)\*\*", text, re.MULTILINE)
    assert names == sorted(names, key=str.lower)
    every = [name.lower() for entry in names for name in entry.split(", ")]
    assert len(every) == len({*every}) == len(terms())


@pytest.mark.parametrize(
    "text, found",
    [
        ("The radius of W_hh and the half-life.", ["radius", "W_hh", "half-life"]),
        ("Spectral radius, or radius: the same.", ["spectral radius"]),
        ("Units and gates.", ["unit", "gate"]),
        ("A subunit, integrated, W_hhh.", []),
        ("The gradient's size in NATS.", ["gradient", "nats"]),
        ("", []),
    ],
)
def test_the_terms_of_a_text_are_whole_words(text, found):
    assert [*terms_in(text)] == found


def test_an_explanation_has_a_line_for_each_of_its_first_terms():
    told, *lines = with_terms("The loss is in nats.").split("\n")
    assert told == "The loss is in nats."
    assert [line.partition(":")[0] for line in lines] == ["Loss", "Nats"]
    assert all("\n" not in text for text in texts().values())
    assert max(len(terms_in(text)) for text in texts().values()) == 3
