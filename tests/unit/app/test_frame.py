"""A frame's message: what is new since the last one, and what the browser then has."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.app.frame import Frame, SentState, SliderState
from rnnviz.figures.picture import Picture, heatmap, scatter
from tests.unit.app.browser import unpacked


def message(sent, *pictures, texts=(), sliders=()):
    frame = Frame({key for key, _ in pictures})
    for key, picture in pictures:
        frame.chart(key, lambda picture=picture: picture)
    frame.texts, frame.sliders = dict(texts), dict(sliders)
    return unpacked(sent.message({}, frame))


def test_what_is_as_it_was_is_not_sent_again():
    sent, picture = SentState(), Picture([scatter(y=np.arange(5.0))], {"title": "a"})
    texts = [("status", "<b>3</b>")]
    first = message(sent, ("loss", picture), texts=texts)
    assert set(first["pictures"]) == {"loss"}
    assert first["texts"] == {"status": "<b>3</b>"}
    again = message(
        sent, ("loss", Picture([scatter(y=np.arange(5.0))], {"title": "a"})), texts=texts
    )
    assert again["pictures"] == again["texts"] == {}


def test_only_what_is_new_of_a_picture_is_sent():
    sent, words = SentState(), ["not", "bad"]
    message(sent, ("states", Picture([heatmap(z=np.zeros((3, 2)), x=words)], {})))
    told = message(sent, ("states", Picture([heatmap(z=np.ones((3, 2)), x=words)], {})))
    assert told["pictures"]["states"]["outline"] is None
    other = message(sent, ("states", Picture([heatmap(z=np.ones((3, 2)), x=["a", "b"])], {})))
    assert other["pictures"]["states"]["outline"]
    assert [row[4] for row in other["pictures"]["states"]["arrays"]] == [b""]


def test_a_remark_that_changes_is_sent_alone():
    sent, picture = SentState(), Picture([scatter(y=np.arange(3.0))], {})
    for remark in ("one", "two"):
        frame = Frame({"loss"})
        frame.chart("loss", lambda: picture, remark=remark)
        told = unpacked(sent.message({}, frame))["pictures"]["loss"]
    assert (told["remark"], told["outline"]) == ("two", None)


def test_sliders_are_told_with_every_frame():
    state = SliderState(9, 3, "4 of 10", [("forward", 5)])
    told = message(SentState(), sliders=[("moment", state)])
    assert told["sliders"]["moment"] == {
        "last": 9, "shown": 3, "text": "4 of 10", "bands": [["forward", 5]],
    }  # fmt: skip


kinds = st.sampled_from(["f4", "f8", "i4", "i8"])
arrays = st.tuples(kinds, st.lists(st.integers(-9, 9), max_size=6), st.booleans())


@given(st.lists(st.lists(arrays, max_size=3), min_size=1, max_size=6))
def test_the_browser_has_every_picture_to_the_byte(frames):
    sent, held = SentState(), {}
    for frame in frames:
        series = [
            scatter(
                y=np.array(numbers * 2, kind).reshape(2, -1) if flat else np.array(numbers, kind)
            )
            for kind, numbers, flat in frame
        ]
        picture = Picture(series, {})
        told = message(sent, ("any", picture))["pictures"].get("any")
        if told:
            new = {}
            for path, kind, shape, start, news in told["arrays"]:
                new[path] = held.get(path, (b"",))[0][:start] + news, kind, shape
            held = new
        _, expected = picture.parts()
        assert held.keys() == expected.keys()
        for path, (content, kind, shape) in held.items():
            found = np.frombuffer(content, kind).reshape(shape)
            np.testing.assert_array_equal(found, expected[path])


def test_what_is_not_finite_travels():
    picture = Picture([scatter(y=np.array([1.0, np.nan, np.inf]))], {})
    told = message(SentState(), ("loss", picture))["pictures"]["loss"]
    values = np.frombuffer(told["arrays"][0][4], "f8")
    np.testing.assert_array_equal(values, [1.0, np.nan, np.inf])
    assert json.loads(told["outline"])["data"] == [{"type": "scatter"}]
