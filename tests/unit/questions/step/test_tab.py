"""Every moment has its text."""

import re

import pytest

from rnnviz.charts.texts import explanation, texts
from rnnviz.probe.unrolled import Moment, Phase
from rnnviz.questions.step.measure import Focus
from rnnviz.questions.step.tab import caption_fields, caption_key
from tests.sampling import each_row
from tests.unit.conftest import TEXTS

#: Nobody reads more beside a picture.
MOST_WORDS = 76


@each_row("name", sorted(texts()))
def test_every_text_has_at_most_four_sentences_and_one_of_an_example(name):
    body, *example = re.split(r"(?=Surprising would be|For example,)", texts()[name])
    for part, most in (body, 4), *((part, 1) for part in example):
        assert 1 <= len(re.findall(r"[.!?](?:\s|$)", part)) <= most
        assert len(part.split()) <= MOST_WORDS


@each_row(
    ("text", "settings", "keys"),
    [
        (
            TEXTS[4],
            {},
            "forward_first forward forward forward loss backward_last backward backward"
            " backward_first clip_idle update",
        ),
        ("bad", {"clip": 0.001}, "forward_first loss backward_only clip update"),
        ("bad", {"clip_by": "off"}, "forward_first loss backward_only clip_off update"),
        (
            "not good",
            {"truncate": 1, "optimizer": "adam"},
            "forward_first forward loss backward_last backward_cut clip_idle update_adaptive",
        ),
    ],
)
def test_each_kind_of_moment_has_its_own_text(step_of, text, settings, keys):
    step = step_of(text, **settings)
    found = [caption_key(step, Focus(moment)) for moment in step.moments]
    assert found == [f"moment_{key}" for key in keys.split()]


def test_a_caption_has_the_numbers_of_its_moment(step_of):
    step = step_of(TEXTS[4], clip=0.01)
    fields = caption_fields(step, Focus(Moment(Phase.BACKWARD, 1)))
    norms, gradient = step.unrolled(0).norms, step.trace.gradient.theta
    assert fields["word"] == "“am”"
    assert (fields["t"], fields["T"], fields["previous"]) == ("2", "4", "1")
    assert float(fields["factor"]) == pytest.approx(norms[1] / norms[2], rel=1e-3)
    assert fields["count"] == f"{(abs(gradient) > 0.01).sum():,}"
    assert (fields["target"], fields["p"]) == ("positive", f"{step.trace.probs[0, 1]:.1%}")


def test_only_with_dropout_a_caption_speaks_of_it(step_of):
    for dropout in (0.0, 0.5):
        step = step_of(TEXTS[4], dropout=dropout)
        for t in (0, 1):
            focus = Focus(Moment(Phase.FORWARD, t))
            shown = explanation(f"step/{caption_key(step, focus)}", **caption_fields(step, focus))
            assert ("(with dropout)" in shown) == bool(dropout)


def test_a_caption_names_the_activation(step_of):
    step = step_of(TEXTS[4], activation="relu")
    moments = [(Phase.FORWARD, 0), (Phase.FORWARD, 1), (Phase.BACKWARD, 3)]
    for focus in (Focus(Moment(phase, t)) for phase, t in moments):
        shown = explanation(f"step/{caption_key(step, focus)}", **caption_fields(step, focus))
        assert re.search(r"(put through relu|relu of the sum|slope of relu)", shown)
