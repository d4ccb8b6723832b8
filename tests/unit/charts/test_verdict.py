"""The answer to a phrase as HTML."""

from rnnviz.charts.status import verdict_html


def test_a_sequence_that_was_opened_is_named_also_with_unknown_words(session):
    for phrase in ("i am not bad", "i am zebra"):
        probe = session.inspect(phrase)
        said = verdict_html(probe, "", opened=True)
        assert "<small></small>" in said
        assert f">“{phrase}”: <b" in said
        assert "“" not in verdict_html(probe, "")
