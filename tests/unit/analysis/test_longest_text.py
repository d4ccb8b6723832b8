"""The reserved texts are at least as long as those of any moment."""

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


@each_row("link", LINKS.values(), ids=LINKS)
def test_no_text_of_a_moment_is_longer_than_the_reserved_ones(link):
    session = Session(RunConfig.from_query({"hidden": "6", **link})[0])
    session.player.advance(1)
    step, architecture = session.step.record(session.step_query()), session.config
    for part in parts(step.before.architecture):
        for layer in range(architecture.layers):
            focus = session.step.focus._replace(part=part, layer=layer)
            captions, formulas = longest_captions(step, focus), longest_formulas(step, focus)
            assert max(len(captions), len(formulas)) <= 12
            for moment in step.moments:
                focus = focus._replace(moment=moment)
                key = caption_key(step, focus)
                said = explanation(key, **caption_fields(step, focus))
                assert len(said) <= len(explanation(key, **dict(captions)[key])), said
                lines = formula(step, focus)
                assert any(fits(lines, longest) for longest in formulas), lines


def fits(lines, longest):
    return all(len(line) <= len(most) for line, most in zip(lines, longest, strict=True))
