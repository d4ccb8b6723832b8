"""The status of a session and the answer to a phrase, as HTML."""

from __future__ import annotations

import math
import re
from html import escape

import numpy as np
import pandas as pd
import pytest

from rnnviz.charts.texts import (
    count_in,
    explanation,
    score_text,
    scores_html,
    status_texts,
    story_line,
    texts,
    verdict_html,
)
from rnnviz.config import RunConfig, TaskName
from rnnviz.probe.health import MEANINGS
from rnnviz.probe.questions import GradientQuestion, StateQuestion, TrainQuestion
from rnnviz.probe.results import wilson
from rnnviz.probe.session import Session, from_frame
from rnnviz.run.schedule import Position
from rnnviz.tasks.data_source import PRESETS
from tests.sampling import each_row


def shown_of(session):
    return " ".join(status_texts(session).values())


def after(config, epochs):
    session = Session(config)
    session.player.advance(epochs)
    return session


def test_a_healthy_network_has_no_bad_sign_before_training_or_while_its_loss_falls():
    lstm = next(p for p in PRESETS[TaskName.RECALL] if p.label == "LSTM, lag 20")
    for session in (after(RunConfig(), 0), after(lstm.config(), 10)):
        shown = shown_of(session)
        assert ">bad<" not in shown
        assert "learning rate" not in shown


def test_a_run_that_breaks_gets_one_hint():
    """Before: the signs. Then: the message, until the reader looks back or changes something."""
    session = after(RunConfig(lr=10), 0)
    assert "On the phrase shown: One step changes" in shown_of(session)
    assert "try a learning rate of 0.02" in shown_of(session)
    session.player.advance(1000)
    assert "On the phrase shown" not in shown_of(session)
    assert "Try a learning rate of 0.02." in shown_of(session)
    session.configure(RunConfig(lr=0.02))
    assert "On the phrase shown" in shown_of(session)


def test_signs_of_numbers_over_time_speak_of_steps():
    shown = shown_of(after(RunConfig(task="elnino", hidden=4), 0))
    assert "On the window shown: " in shown
    assert "The gradient at the first step over that at the last" in shown
    assert "token" not in shown


def test_the_story_and_every_sign_lead_to_the_tab_that_shows_them():
    texts = status_texts(after(RunConfig(hidden=6), 12))
    assert 'data-question="How far back does it reach?"' in texts["story"]
    assert ">How far back?</button>" in texts["story"]
    asked = re.findall(r'data-question="([^"]*)"[^>]*>(\w+)</button>', texts["signs"])
    assert [name for _, name in asked] == [*MEANINGS]
    questions = [*GradientQuestion, *StateQuestion, *TrainQuestion]
    assert {question for question, _ in asked} <= {escape(question) for question in questions}
    assert "data-question" not in status_texts(after(RunConfig(hidden=6), 0))["story"]


def test_a_look_back_is_said_once_and_has_the_chapter_of_then():
    session = after(RunConfig(hidden=6), 12)
    assert "Looking back" not in shown_of(session)
    session.player.go_to(Position(0))
    assert "<b>Untrained</b>" in status_texts(session)["story"]
    said = status_texts(session)
    assert " ".join(said.values()).count("Looking back") == 1
    assert "Looking back" in said["status"]


# The answer to a phrase as HTML


def test_a_sequence_that_was_opened_is_named_also_with_unknown_words(session):
    for phrase in ("i am not bad", "i am zebra"):
        probe = session.inspect(phrase)
        said = verdict_html(probe, "", opened=True)
        assert "<small></small>" in said
        assert f">“{phrase}”: <b" in said
        assert "“" not in verdict_html(probe, "")


def test_of_several_values_the_first_is_shown_and_all_are_in_its_tip():
    steps = np.arange(60)
    frame = pd.DataFrame({"<Kiel>": steps % 5, "Ulm": steps % 7})
    told = verdict_html(from_frame(frame, RunConfig(hidden=2), window=6).inspect(), "")
    first = r"&lt;Kiel&gt; [\d.]+, came \d"
    assert re.search(rf'title="{first}; Ulm [\d.]+, came \d">&lt;Kiel&gt; <b>', told)
    assert told.count("Ulm") == 1
    assert re.search(r"came \d \(\+ 1\)</span>", told)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.1235"), (9999.0, "9999.0000"), (123456.0, "1.2·10⁵"), (1.8e90, "1.8·10⁹⁰"),
        (-2e9, "−2·10⁹"), (math.inf, "∞"), (math.nan, "–"),
    ],
)  # fmt: skip
def test_a_score_never_takes_more_room_than_the_column_has(value, text):
    assert score_text(value, "{:.4f}") == text
    assert len(text) <= 9


@each_row(
    ("link", "shown"),
    [
        ({"hidden": 8, "init_scale": 0.1}, True),  # 20 phrases
        ({"task": "characters", "cell": "lstm", "hidden": 8}, False),  # They depend on each other.
        ({"task": "spelling", "hidden": 8}, False),  # There is no test set.
    ],
)
def test_a_score_of_few_test_sequences_has_its_interval(link, shown):
    session = Session(RunConfig(**link))
    session.player.advance(1)
    html = scores_html(session, "Paused")
    found = re.search(r'title="20 sequences: 95% interval \(Wilson\) from ([\d.]+)% to', html)
    assert bool(found) == shown
    if found:
        right = session.run.history.row(1)["test_metric"]
        assert float(found[1]) == pytest.approx(
            100 * wilson(np.array([right]), np.array([20]))[0, 0], abs=0.05
        )


def test_the_explanations_of_a_recording_count_steps():
    count_in("step")
    try:
        shown = [explanation(name, **fields_of(text)) for name, text in texts().items()]
    finally:
        count_in("epoch")
    assert any("Each column is a step" in text for text in shown)
    assert any("did not before training" in text for text in shown)
    assert any("a probe sequence" in text for text in shown)
    assert not [text for text in shown if "an step" in text or "before probe" in text]


def fields_of(text):
    """A value for every gap of a text."""
    return dict.fromkeys(re.findall(r"{(\w+)}", text), "part")


def test_terms_of_the_header_explain_themselves_where_they_stand():
    said = story_line("Plateau", "Radius 0.2: the gradient fades by 99% per word, on average.")
    assert "Radius: The size of the largest eigenvalue of the recurrent weights." in said
    assert "Gradient: How much the loss would change" in said
    status = scores_html(Session(), "Paused")
    assert "Nats: The unit of a loss" in status and "Accuracy: The share of sequences" in status
