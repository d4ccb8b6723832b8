"""A frame's message: what is new since the last one, and what the browser then has."""

import json
from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.charts.picture import Picture, heatmap, scatter
from rnnviz.ui.frame import FREE_SECONDS, READABLE, Frame, SentState, SliderState, draw_throttle
from tests.unit.page.browser import unpacked


def message(sent, picture, remark="", texts=(), sliders=()):
    """What is sent of a frame with this picture."""
    frame = Frame({"loss"})
    frame.chart("loss", lambda: picture, remark=remark)
    frame.texts, frame.sliders = dict(texts), dict(sliders)
    return unpacked(sent.message({}, frame))


def states(value=0.0, words=("not", "bad")):
    return Picture([heatmap(z=np.full((3, 2), value), x=[*words])], {})


def test_what_is_as_it_was_is_not_sent_again_but_the_sliders_always_are():
    sent, texts = SentState(), [("status", "<b>3</b>")]
    sliders = [("moment", SliderState(9, 3, "4 of 10", [("forward", 5)]))]
    told = {"last": 9, "shown": 3, "text": "4 of 10", "bands": [["forward", 5]], "names": []}
    first, again = (message(sent, states(), "", texts, sliders) for _ in range(2))
    assert (set(first["pictures"]), first["texts"]) == ({"loss"}, dict(texts))
    assert again["pictures"] == again["texts"] == {}
    assert first["sliders"] == again["sliders"] == {"moment": told}


def test_only_what_is_new_of_a_picture_is_sent():
    sent = SentState()
    message(sent, states())
    rows = [
        message(sent, picture, remark)["pictures"]["loss"]
        for picture, remark in [(states(1), ""), (states(1, "ab"), ""), (states(1, "ab"), "new")]
    ]
    assert [bool(row["outline"]) for row in rows] == [False, True, False]
    assert [len(row["arrays"][0][4]) for row in rows] == [24, 0, 0]
    assert [row["remark"] for row in rows] == ["", "", "new"]


def test_in_a_hurry_what_takes_long_waits_and_what_is_quick_does_not(monkeypatch):
    throttle, drawn, spent = draw_throttle(), [], []
    clock = SimpleNamespace(perf_counter=lambda: sum(spent), thread_time=lambda: 0.0)
    monkeypatch.setattr("rnnviz.ui.frame.time", clock)

    def picture(name, seconds):
        drawn.append(name)
        spent.append(seconds)
        return states()

    def draw(now, hurried=True):
        frame = Frame({"slow", "quick"}, throttle, now, hurried)
        frame.chart("slow", picture, "slow", 2 * FREE_SECONDS)
        frame.chart("quick", picture, "quick", 0)
        return frame.complete

    assert draw(0.0)
    assert not draw(FREE_SECONDS), "the slow one was drawn a moment ago"
    assert draw(FREE_SECONDS, hurried=False)
    assert not draw(2 * FREE_SECONDS)
    assert draw(60.0)
    throttle.forget(["slow"])
    assert draw(60.0)
    assert drawn.count("slow") == 4
    assert drawn.count("quick") == 6


def test_a_long_text_stays_long_enough_to_be_read_while_the_run_plays():
    throttle = draw_throttle()

    def written(now, hurried=True):
        frame = Frame((), throttle, now, hurried)
        frame.text("sample", "at {}".format, now)
        return frame.texts.get("sample"), frame.complete

    assert written(0.0) == ("at 0.0", True)
    assert written(READABLE / 2) == (None, False)
    assert written(READABLE * 0.6, hurried=False) == (f"at {READABLE * 0.6}", True)
    assert written(READABLE * 1.5) == (None, False)
    assert written(READABLE * 1.6) == (f"at {READABLE * 1.6}", True)


kinds = st.sampled_from(["f4", "f8", "i4", "i8"])
arrays = st.tuples(kinds, st.lists(st.integers(-9, 9), max_size=6), st.booleans())


@given(st.lists(st.lists(arrays, max_size=3), min_size=1, max_size=6))
def test_the_browser_has_every_picture_to_the_byte(frames):
    sent, held = SentState(), {}
    for frame in frames:
        columns = [
            np.array(numbers * 2, kind).reshape(2, -1) if wide else np.array(numbers, kind)
            for kind, numbers, wide in frame
        ]
        picture = Picture([scatter(y=column) for column in columns], {})
        if news := message(sent, picture)["pictures"].get("loss"):
            held = {
                path: (held.get(path, (b"",))[0][:start] + content, kind, shape)
                for path, kind, shape, start, content in news["arrays"]
            }
        _, expected = picture.parts()
        assert held.keys() == expected.keys()
        for path, (content, kind, shape) in held.items():
            found = np.frombuffer(content, kind).reshape(shape)
            np.testing.assert_array_equal(found, expected[path])


def test_what_is_not_finite_travels():
    values = np.array([1.0, np.nan, np.inf])
    told = message(SentState(), Picture([scatter(y=values)], {}))["pictures"]["loss"]
    np.testing.assert_array_equal(np.frombuffer(told["arrays"][0][4], "f8"), values)
    assert json.loads(told["outline"])["data"] == [{"type": "scatter"}]
