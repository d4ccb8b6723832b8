"""Every moment has its text, and every gap in it is filled."""

import re

from rnnviz.analysis.captions import caption_fields, caption_key
from rnnviz.analysis.training_step import Focus
from rnnviz.app.text import explanation
from rnnviz.engine.timeline import Moment, Phase, timeline
from tests.sampling import each_row, singly
from tests.unit.analysis.conftest import TEXTS

SETTINGS = [{}, {"clip": 0.001}, {"clip_by": "norm", "clip": 0.001}, {"clip_by": "off"}]


@singly(settings=SETTINGS, text=TEXTS)
def test_every_text_is_there_and_has_no_open_gap(step_of, text, settings):
    step = step_of(text, **settings)
    for moment in timeline(len(step.words)):
        focus = Focus(moment)
        said = explanation(caption_key(step, focus), **caption_fields(step, focus))
        assert "{" not in said
        assert len(re.findall(r"[.!?](?:\s|$)", said)) <= 2


@each_row("key", ["network", "operation", "terms", "mosaic"])
def test_every_chart_has_two_sentences_at_most(key):
    assert len(re.findall(r"[.!?](?:\s|$)", explanation(key))) <= 2


def test_the_ends_of_the_way_have_their_own_texts(step_of):
    step = step_of(TEXTS[4])
    keys = [caption_key(step, Focus(moment)).removeprefix("moment_") for moment in timeline(4)]
    assert keys == [
        "forward_first",
        *["forward"] * 3,
        "loss",
        "backward_last",
        *["backward"] * 2,
        "backward_first",
        "clip_idle",
        "update",
    ]


def test_one_word_is_its_own_case(step_of):
    assert caption_key(step_of("bad"), Focus(Moment(Phase.BACKWARD, 0))) == "moment_backward_only"


@each_row(
    ("settings", "key"),
    [({}, "clip_idle"), ({"clip": 0.001}, "clip"), ({"clip_by": "off"}, "clip_off")],
)
def test_clipping_says_whether_it_cut(step_of, settings, key):
    assert (
        caption_key(step_of("not good", **settings), Focus(Moment(Phase.CLIP, 0)))
        == f"moment_{key}"
    )
