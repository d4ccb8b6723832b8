"""Page *Train*, its question *Where is it wrong?*: what is listed, opened, filtered and saved."""

import re

import numpy as np
import pytest

from rnnviz.probe.formatting import own_number
from rnnviz.probe.questions import TrainQuestion
from rnnviz.probe.results import read_values
from rnnviz.questions.wrong.measure import Ahead, DataPart, ResultsLab, Show
from tests.page.tab import App, Page

THINGS = {"song": "music", "jazz": "music", "lamp": "light", "bulb": "light", "clock": "time"}
#: Three classes.
REQUESTS = "text,label\n" + "".join(
    f"{verb} {thing},{label}\n"
    for thing, label in THINGS.items()
    for verb in ("show", "start", "stop")
)


def opened(**link):
    return Page("train", **link).enter(TrainQuestion.WRONG)


def listed(page):
    """The heading and the texts of each section of the list."""
    tables = page.chart("list")["data"]
    return [(table["name"], table["cells"]["values"][0]) for table in tables]


@pytest.fixture
def page():
    return opened(hidden="8", init_scale="0.1", lr="0.05", epoch="12")


def wrong_in_test(session):
    """The test phrases that are read wrongly, each alone."""
    return {
        example.text
        for example in session.dataset.test
        if session.inspect(example.text).verdict != session.dataset.classes[example.target]
    }


def test_the_errors_are_those_of_every_phrase_read_alone_and_the_story_counts_them(page):
    errors = wrong_in_test(page.session)
    (heading, texts), *_ = listed(page)
    assert {*texts} == errors
    assert heading.startswith(f"{len(errors)} error")
    assert f"{20 - len(errors)} of 20  test phrases are right" in page.text
    matrix = page.chart("confusion")["data"][0]
    assert np.sum(np.sign(matrix["z"]) < 0) <= 2


def test_what_is_shown_is_the_phrase_in_the_box_until_a_row_is_opened(page):
    table, words = page.chart("list"), page.chart("words")["layout"]["meta"]
    assert table["layout"]["meta"]["opened"] is None
    assert " ".join(words["words"]) == page.session.phrase_input.typed
    right = table["data"][-1]
    page.say("click", on="list", x=None, y=None, data=right["customdata"][0])
    assert page.session.phrase_input.phrase == right["cells"]["values"][0][0]
    assert "<small>Verdict</small><p><b" in page.bodies["verdict"]
    assert page.chart("list")["layout"]["meta"]["opened"] == right["customdata"][0]
    assert page.chart("words")["layout"]["meta"]["typed"]
    page.ask("not bad")
    assert page.chart("list")["layout"]["meta"]["opened"] is None
    assert page.chart("words")["layout"]["meta"]["words"] == ["not", "bad"]


def test_rows_and_what_is_shown_of_them_can_be_chosen(page):
    session = page.session
    page.choose("Rows", DataPart.TRAIN)
    assert "of 58  training phrases are right" in page.text
    page.choose("Show", Show.ALL)
    ((heading, texts),) = listed(page)
    assert (heading, texts) == ("58 phrases", [example.text for example in session.dataset.train])
    page.choose("Rows", DataPart.ALL)
    page.choose("Show", Show.UNSURE)
    ((_, texts),) = listed(page)
    assert len(texts) == 78
    sure = page.chart("list")["data"][0]["cells"]["values"][-1]
    assert sure == sorted(sure)


def test_a_cell_of_the_matrix_filters_the_list_until_it_is_clicked_again(page):
    before = listed(page)
    page.say("click", on="confusion", x=0, y=0, data=[0, 0])
    ((heading, texts),) = listed(page)
    assert "“negative” is found" in heading
    said = [page.session.inspect(text).verdict for text in texts]
    assert said == ["negative"] * len(texts)
    page.say("click", on="confusion", x=0, y=0, data=[0, 0])
    assert listed(page) == before


def test_the_results_can_be_saved_and_of_values_the_answers_only(page):
    kinds = ["Answers", "Confusion matrix", "Scores of the classes"]
    for opened_page, expected in ((page, kinds), (opened(task="adding", hidden="4"), kinds[:1])):
        labels = [button.proto.label for button in opened_page.app.get("download_button")]
        assert labels == expected


def test_with_an_answer_after_every_token_the_wrong_ones_are_marked():
    page = opened(task="brackets", hidden="4", epoch="2")
    table = page.chart("list")["data"][0]
    text, count = (table["cells"]["values"][k][0] for k in (0, 1))
    assert text.count("<b>") == int(count) > 0
    assert "sequences as a whole" in page.text


def test_values_have_a_scatter_and_a_list_of_the_largest_errors():
    page = opened(task="adding", hidden="4", epoch="1")
    assert page.charts.keys() == {"words", "answers", "list", "scatter", "metric"}
    errors = [float(e) for e in page.chart("list")["data"][0]["cells"]["values"][-1]]
    assert errors == sorted(errors, reverse=True)
    assert "The share of test answers less than 0.1 off is" in page.text


def test_ones_own_classes_are_bars_with_the_wanted_one_in_its_row():
    page = App(hidden="6", epochs="50")
    page.learn("requests.csv", REQUESTS.encode())
    page.choose("Question", TrainQuestion.WRONG)
    table = page.chart("list")
    page.say("click", on="list", x=None, y=None, data=table["data"][0]["customdata"][0])
    bars = page.chart("answers")["layout"]
    assert page.chart("list")["layout"]["meta"]["opened"] == table["data"][0]["customdata"][0]
    *_, text, wanted, said, _ = (column[0] for column in table["data"][0]["cells"]["values"])
    assert THINGS[text.split()[1]] == wanted != said
    rows = {note["text"].split()[0]: note["y"] for note in bars["annotations"]}
    assert bars["yaxis"]["ticktext"][rows["target"]] == f"<b>{wanted}</b>"
    assert bars["yaxis"]["ticktext"][rows["answer"]] == f"<b>{said}</b>"


def test_other_data_leave_nothing_of_what_was_chosen():
    page = App(hidden="6")
    page.choose("Question", TrainQuestion.WRONG)
    page.say("click", on="confusion", x=0, y=0, data=[1, 0])
    page.learn("requests.csv", REQUESTS.encode())
    assert page.session.lab(ResultsLab).cell is None
    assert "15  training phrases are right" in page.text


def test_the_settings_of_the_run_fold_where_the_tab_needs_the_room():
    page = App(hidden="6")
    assert "More settings" in [box.label for box in page.app.sidebar.expander]
    page.choose("Question", TrainQuestion.WRONG)
    assert "Settings of the run" in [box.label for box in page.app.sidebar.expander]
    page.choose("Question", TrainQuestion.LEARN)
    assert "More settings" in [box.label for box in page.app.sidebar.expander]


def test_a_large_part_is_measured_on_some_while_it_plays_and_on_all_when_it_rests():
    page = opened(task="translation", hidden="64", cell="gru", epoch="0")
    part = len(page.session.dataset.test)
    assert f"of {part}. The rest is being read." in page.text
    page.finish()
    assert "The rest is being read." not in page.text
    owners = page.session.lab(ResultsLab).answers(page.session.state, page.session.dataset).owners
    assert len(np.unique(owners)) == part


#: A month's numbers of the sea, expected three months ahead.
SEA = {"task": "elnino", "horizon": "3", "window": "12", "hidden": "4", "epoch": "2"}


def test_next_values_stand_beside_simple_models_and_their_times():
    page = opened(**SEA)
    assert page.charts.keys() == {"over_time", "answers", "list", "better", "scatter"}
    (table,) = page.chart("list")["data"]
    assert table["header"]["values"] == ["month", "expected", "came", "error"]
    times, expected, came, errors = (
        [*map(float, column)] if k else column for k, column in enumerate(table["cells"]["values"])
    )
    assert errors == sorted(errors, reverse=True)
    assert np.allclose(np.abs(np.subtract(expected, came)), errors, atol=0.011)
    series = page.session.dataset.series.test[0]
    assert came[0] == series.values[[*map(str, series.times.astype("M8[M]"))].index(times[0]), 0]
    count = len(page.session.dataset.test)
    assert table["name"] == f"{count} windows, largest error first, 1 step ahead"
    assert "is better: " in page.text or "Mean error of temperature" in page.text
    assert "on the test" in page.text


def test_the_loss_has_its_root_in_the_units_of_the_column():
    page = opened(**SEA)
    session, data = page.session, page.session.dataset
    answers = read_values(session.state.parameters, data.test, np.arange(len(data.test)))
    off = data.own_answers(answers.predicted) - data.own_answers(answers.targets)
    error = own_number(float(np.sqrt((off**2).mean())))
    assert f"root mean square error of temperature: {error}" in page.bodies["status"]


def test_a_window_is_opened_from_its_row_or_from_the_time_and_read_above():
    page = opened(**SEA)
    row = page.chart("list")["data"][0]["customdata"][2]
    page.say("click", on="list", x=None, y=None, data=row)
    example = page.session.dataset.test[row]
    assert page.session.phrase_input.phrase == example.key
    read = page.chart("answers")["data"][0]["y"]
    assert np.allclose(read, [float(text) for text in example.text.split()])
    cells = [column[2] for column in page.chart("list")["data"][0]["cells"]["values"]]
    assert page.chart("answers")["data"][1]["text"][1] == cells[0]
    assert f"<b>{cells[1]}</b>, came {cells[2]}<" in page.bodies["verdict"]
    page.say("click", on="over_time", x=4, y=1, data=4)
    assert page.session.phrase_input.phrase == page.session.dataset.test[4].key


def test_the_last_step_is_judged_if_it_is_chosen():
    page = App(**SEA)
    page.choose("Question", TrainQuestion.WRONG)
    (first,) = page.chart("list")["data"]
    page.choose("Ahead", Ahead.LAST)
    (last,) = page.chart("list")["data"]
    assert last["name"].endswith("3 steps ahead")
    assert first["cells"]["values"] != last["cells"]["values"]
    page.choose("Rows", DataPart.ALL)
    assert {"training", "test"} <= page.series("over_time").keys()


def test_classes_of_series_are_listed_by_their_names_and_times():
    frame = "id,t,x,label\n" + "".join(
        f"m{k},{t},{(k % 2) * 2 + t % 3},{'xy'[k % 2]}\n" for k in range(40) for t in range(9)
    )
    page = App(hidden="4", epochs="3")
    page.learn("moves.csv", frame.encode())
    page.choose("Question", TrainQuestion.WRONG)
    tables = page.chart("list")["data"]
    (headings,) = {tuple(table["header"]["values"]) for table in tables if table["cells"]["values"]}
    assert headings == ("window", "target", "answer", "probability")
    names = {text for table in tables for text in table["cells"]["values"][0]}
    assert names
    assert all(re.fullmatch(r"m\d+ 0", name) for name in names)
