"""A sentence in the place of a picture."""

from rnnviz.charts.shapes import sentence


def test_the_sentence_is_whole_and_the_readers_words_in_it_are_no_tags():
    said = f"{'long ' * 60}<b>x</b>"
    drawn = sentence("Title", said)
    assert drawn.figure.layout.title.text == "Title"
    assert drawn.layout["meta"]["sentence"] == said.replace("<", "&lt;").replace(">", "&gt;")
    assert drawn.figure.layout.annotations[0].text == drawn.layout["meta"]["sentence"]
    assert not drawn.figure.data
