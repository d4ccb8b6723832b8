"""A lesson as one HTML file: every strip is in it, and nothing asks for anything."""

import json
import re

import pytest

from rnnviz.lessons.head import LessonError
from rnnviz.lessons.lesson import open_lesson, shipped
from rnnviz.lessons.lesson_file import lesson_html
from rnnviz.lessons.lesson_runs import measured
from tests.unit.lessons.test_play import lesson_of


@pytest.fixture(scope="module")
def views():
    page = lesson_html("reach", open_lesson(shipped()["reach"]))
    assert "default-src 'none'" in page and "http" not in page.partition("<main>")[0].replace(
        "http-equiv", ""
    )
    (text,) = re.findall(r'<script type="application/json" id="lesson">(.*)</script>', page)
    return json.loads(text)


def test_every_step_answer_and_experiment_is_in_it(views):
    answers = [f"{step} {k}" for step in ("See", "Transfer") for k in range(3)]
    assert {*views} == {"Predict", "Run", "See", "Why", "Why try", "Transfer", *answers}
    assert "Your guess is locked in." in views["Run"]["strip"]
    reasons = [name for name, view in views.items() if "0.953 to the power" in view["strip"]]
    assert reasons == ["Transfer 0", "Transfer 1", "Transfer 2"]
    assert "…" not in "".join(views[step]["strip"] for step in ("See", "Why", "Transfer"))


def test_it_says_what_was_measured(views):
    values = measured(open_lesson(shipped()["reach"])).values
    handle = views["See"]["pictures"]["handles"][0]
    assert handle["truth"] == values["i_50"] and handle["guess"] is None
    assert views["Predict"]["pictures"]["handles"][0]["truth"] is None
    right = [f'class="right" disabled><kbd>{k + 1}' in views["See 0"]["strip"] for k in range(3)]
    assert right == [False, False, True]


def test_it_is_shown_at_the_epochs_of_the_lesson(views):
    epochs = {name: views[name]["epoch"] for name in ("Predict", "See", "Why", "Why try")}
    assert epochs == {"Predict": 50, "See": 50, "Why": 50, "Why try": 250}


def test_a_run_that_cannot_answer_is_refused():
    more = '[measure]\nbug = { error = "W_hh", phrase = "not bad", within = [0, 2] }\n#'
    lesson = lesson_of(("[measure]", more), ("hidden = 6\ninit_scale", 'cell = "gru"\ninit_scale'))
    with pytest.raises(LessonError, match="no parameter 'W_hh'"):
        lesson_html("own", lesson)


def test_what_a_lesson_says_ends_no_script():
    lesson = lesson_of(("When will it learn?", "When </script><b>will</b> it learn?"))
    page = lesson_html("own", lesson)
    assert "When </script>" not in page
    assert page.count("</script>") == page.count("<script")
