"""What the moments of a step say has room in what is kept for them."""

from functools import cache

from rnnviz.analysis.captions import caption_fields, caption_key
from rnnviz.analysis.cell_equations import parts
from rnnviz.analysis.formula import formula
from rnnviz.analysis.longest_text import longest_captions, longest_formulas
from rnnviz.app.text import explanation
from rnnviz.config import RunConfig
from rnnviz.session import Session
from tests.sampling import each_row

LINKS = {
    "elman": {},
    "cut": {"truncate": "2", "clip_by": "norm", "clip": "0.001"},
    "answers everywhere": {"task": "brackets", "optimizer": "adam", "batch": "8"},
    "lstm": {"cell": "lstm", "layers": "2", "clip_by": "off"},
    "gru": {"cell": "gru", "task": "translation"},
    "values": {"cell": "gru", "task": "adding"},
}


@cache
def walked(name):
    """A step, and everything in it that can be looked at."""
    session = Session(RunConfig.from_query({"hidden": "6", **LINKS[name]})[0])
    session.player.advance(1)
    step, scope = session.step.record(session.step_query()), session.step
    architecture = step.before.architecture
    foci = [
        scope.focus._replace(moment=moment, part=part, layer=layer)
        for part in parts(architecture)
        for layer in range(architecture.layers)
        for moment in step.moments
    ]
    return step, foci


@each_row("name", LINKS)
def test_no_caption_is_longer_than_what_is_kept(name):
    step, foci = walked(name)
    for focus in foci:
        kept = dict(longest_captions(step, focus))
        key = caption_key(step, focus)
        said = explanation(key, **caption_fields(step, focus))
        assert len(said) <= len(explanation(key, **kept[key])), said


@each_row("name", LINKS)
def test_no_formula_is_longer_than_one_that_is_kept(name):
    step, foci = walked(name)
    kept = {focus[1:]: longest_formulas(step, focus) for focus in foci}
    for focus in foci:
        said = formula(step, focus)
        room = (zip(said, longest, strict=True) for longest in kept[focus[1:]])
        assert any(all(len(a) <= len(b) for a, b in lines) for lines in room), said


@each_row("name", LINKS)
def test_as_little_is_kept_as_there_are_kinds(name):
    step, foci = walked(name)
    assert len(longest_formulas(step, foci[0])) <= 12
    assert len(longest_captions(step, foci[0])) <= 12
