"""A network that reads its own answers."""

import numpy as np
import pandas as pd
import pytest

from rnnviz.charts.texts import called
from rnnviz.config import RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import record
from rnnviz.probe.probe import left_out, likeliest, prompted, read, translate, with_token
from rnnviz.probe.session import Session, from_frame
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.data.number_cells import short_times
from rnnviz.tasks.data.vocabulary import END, Unit, Vocabulary
from rnnviz.tasks.data_source import PRESETS
from rnnviz.tasks.dataset import Dataset, Example


def trained(name, epochs=None):
    session = Session(PRESETS[name][0].config())
    session.player.advance(session.config.epochs if epochs is None else epochs)
    return session


@pytest.fixture(scope="module")
def translation():
    return trained("translation", 6)


def test_a_translation_is_exact_if_and_only_if_the_taught_answers_are(translation):
    parameters, exact = translation.state.parameters, 0
    for example in translation.dataset.test[:40]:
        taught = record(parameters, collate([example])).probs.argmax(axis=1)
        said = translate(parameters, translation.dataset, example.source, 20)
        assert (said == example.targets.tolist()) == np.array_equal(taught, example.targets)
        exact += said == example.targets.tolist()
    assert 0 < exact < 40


def test_a_translation_ends_with_the_end_sign_or_at_the_limit(translation):
    data = translation.dataset
    for example in data.test[:10]:
        said = translate(translation.state.parameters, data, example.source, 4)
        assert 1 <= len(said) <= 4
        assert END not in [data.classes[c] for c in said[:-1]]


def test_a_spelling_network_writes_the_names():
    session = trained("spelling")
    data = session.dataset
    for example in data.train:
        said = prompted(session.state.parameters, data, example.inputs[:1], likeliest, 20)
        assert said == example.targets.tolist()
        assert session.inspect(example.text).verdict == example.text[1:]


@pytest.mark.parametrize("task", ["sentiment", "waves", "adding", "characters", "translation"])
def test_an_unknown_target_is_the_own_answer_of_the_same_pass(task, monkeypatch):
    session, passes, made = trained(task, 0), 0, Trace.__init__

    def count(*args, **options):
        nonlocal passes
        passes += 1
        made(*args, **options)

    text = session.dataset.train[0].text
    # Of a translation and of a sum the answer is known, of this sentence twice it is not.
    text = f"{text} {text}" if task == "sentiment" else text
    with monkeypatch.context() as counting:
        counting.setattr(Trace, "__init__", count)
        probe = session.inspect(text)
    assert passes == 1 + 2 * (task == "translation")  # its own words are decoded first
    again = record(probe.parameters, collate([probe.example]))
    np.testing.assert_array_equal(probe.trace.gradient.theta, again.gradient.theta)
    np.testing.assert_array_equal(probe.trace.loss, again.loss)
    gaps, own, targets = probe.gaps, probe.answers, probe.example.targets
    np.testing.assert_array_equal(
        targets[gaps], own[gaps].argmax(axis=-1) if targets.ndim == 1 else own[gaps]
    )
    assert task != "sentiment" or gaps.all()


def test_a_blank_that_is_a_token_can_be_read_alone():
    """As the first line of a text is, by which a network of characters is asked."""
    words = Vocabulary(("\n", "a"), Unit.CHARACTERS)
    train = (Example("\n", np.array([0]), np.array([1])),)
    dataset = Dataset("lines", words, ("no", "yes"), train, ())
    assert read(dataset, "\n").tokens.tolist() == [0]
    assert Session(RunConfig(hidden=3), dataset).phrase_input.phrase == "\n"
    with pytest.raises(TaskError, match="is empty"):
        read(dataset, " ")


def hours(count, **columns):
    """A table of hours, with a value that depends on the hour."""
    times = pd.date_range("2024-12-31 20:00", periods=count, freq="h")
    return pd.DataFrame({"time": times, "load": 100 + 10 * np.sin(np.arange(count)), **columns})


def test_a_step_is_named_by_its_time_and_its_value_is_in_the_table_s_units():
    session = from_frame(hours(90), RunConfig(hidden=3), window=6, horizon=1)
    first = session.dataset.train[0]
    probe = session.inspect(first.text)
    assert probe.step_names == ("12-31 20:00", "21:00", "22:00", "23:00", "01-01 00:00", "01:00")
    assert probe.words == tuple(f"{100 + 10 * np.sin(k):.4g}" for k in range(6))
    assert not np.array_equal(first.inputs[:, 0].round(1), [float(word) for word in probe.words])
    shorter, longer = left_out(first, 1), with_token(first, 1, first.inputs[0], added=True)
    assert short_times(shorter.times)[:2] == ["12-31 20:00", "22:00"]
    assert longer.times is None
    assert with_token(first, 1, first.inputs[0]).times is first.times


def test_steps_that_were_typed_have_no_time_and_tokens_are_their_own_names():
    session = from_frame(hours(90), RunConfig(hidden=3), window=6, horizon=1)
    assert session.inspect("101 99.5 100").step_names == ("1", "2", "3")
    assert session.inspect("101 99.5 100").words == ("101", "99.5", "100")
    words = trained("sentiment", 0).inspect("i am sad")
    assert words.step_names == words.words == ("i", "am", "sad")


@pytest.mark.parametrize("text", ["100", "north 2020-01", "2031-01-01 05:00", "next year"])
def test_a_time_at_which_no_window_begins_is_said(text):
    session = from_frame(hours(90), RunConfig(hidden=3), window=6)
    with pytest.raises(TaskError, match=f"No window begins at “{text}”. Write a time, such as 20"):
        session.inspect(text)


def test_several_values_at_a_step_are_written_with_their_own_units():
    frame = hours(90).assign(price=lambda table: table["load"] % 7)
    session = from_frame(frame, RunConfig(hidden=3), value="load", input="price", window=6)
    assert session.inspect("120.5,3.25 99,0.5").words == ("120.5, 3.25", "99, 0.5")


def test_a_phrase_may_be_the_time_at_which_a_window_begins():
    session = from_frame(hours(90), RunConfig(hidden=3), window=6, horizon=2)
    session.ask("2025-01-01 05")
    probe = session.inspect()
    assert probe.example.key == "2025-01-01 05:00"
    assert probe.step_names == ("01-01 05:00", *(f"{k:02}:00" for k in range(6, 11)))
    assert probe.names_ahead == ("11:00", "12:00")
    assert probe.typed == () and not probe.gaps.any()
    # Of two windows with the same numbers it is that one.
    same = from_frame(hours(90).assign(load=[1.0, 2] * 45), RunConfig(hidden=3), window=6)
    assert same.inspect("2025-01-01 04").example.key == "2025-01-01 04:00"
    session.ask("tomorrow")
    assert session.inspect().example.key == "2025-01-01 05:00"
    assert session.phrase_input.problem.startswith("No window begins at “tomorrow”. Write a time, ")
    assert session.inspect("100 101").names_ahead == ("+1", "+2")


def test_the_tip_of_a_step_has_its_time_and_its_values_with_their_names():
    frame = hours(90).assign(price=lambda table: 3.0 + table.index % 7)
    session = from_frame(frame, RunConfig(hidden=3), value="load", input="price", window=6)
    probe = session.inspect(session.dataset.train[0].text)
    # Beside a value there is the input of the next step.
    assert probe.step_texts[:2] == (
        "2024-12-31 20:00: load 100, next price 4", "2024-12-31 21:00: load 108.4, next price 5"
    )  # fmt: skip
    assert session.inspect("120,3 99,0.5").step_texts[1] == "step 2: load 99, next price 0.5"
    assert trained("sentiment", 0).inspect("i am sad").step_texts == ()


def test_a_time_that_is_a_number_is_called_by_its_column_and_a_date_by_itself():
    frame = hours(90).assign(time=range(1900, 1990)).rename(columns={"time": "year"})
    years = from_frame(frame, RunConfig(hidden=3), window=6)
    probe = years.inspect(years.dataset.train[3].text)
    assert called(probe, 0) == "year 1903"
    assert probe.step_texts[0].startswith("year 1903: load ")
    dated = from_frame(hours(90), RunConfig(hidden=3), window=6)
    assert called(dated.inspect(dated.dataset.train[0].text), 1) == "21:00"
    assert called(dated.inspect("101 99.5 100"), 1) == "step 2"
    assert called(trained("sentiment", 0).inspect("i am sad"), 2) == "“sad”"
