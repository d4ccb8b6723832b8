"""The results of a run as CSV."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from rnnviz.charts.theme import LIGHT
from rnnviz.config import RunConfig
from rnnviz.probe.session import Session, from_frame
from rnnviz.questions.wrong.answer_list import rows_of as rows_of_list
from rnnviz.questions.wrong.measure import (
    ANSWERS,
    CONFUSION,
    SCORES,
    DataPart,
    ResultsLab,
    Section,
    result_csv,
    result_files,
)
from rnnviz.tasks.upload import File, Upload
from tests.sampling import each_row


def table_of(text):
    """What stands below the lines that say what made it."""
    lines = text.splitlines(keepends=True)
    made = [line for line in lines if line.startswith("# ")]
    assert lines[: len(made)] == made
    return "".join(lines[len(made) :])


def rows_of(session, kind):
    return list(csv.DictReader(io.StringIO(table_of(result_csv(session, kind)))))


@pytest.fixture(scope="module")
def session():
    session = Session(RunConfig(hidden=4, lr=0.05))
    session.player.advance(60)
    return session


@each_row("part", DataPart)
def test_every_answer_has_a_row_with_what_the_network_says(session, part):
    session.lab(ResultsLab).rows = part
    rows = rows_of(session, ANSWERS)
    assert list(rows[0]) == ["text", "label", "predicted", "probability"]
    assert [row["text"] for row in rows] == [
        e.text for e in session.lab(ResultsLab).part(session.dataset)
    ]
    for row in rows[:5]:
        probe = session.inspect(row["text"])
        assert row["predicted"] == probe.verdict
        assert float(row["probability"]) == pytest.approx(probe.probability)


@each_row("part", DataPart)
def test_the_confusion_matrix_and_the_scores_count_the_answers(session, part):
    session.lab(ResultsLab).rows = part
    answers = rows_of(session, ANSWERS)
    matrix, scores = rows_of(session, CONFUSION), rows_of(session, SCORES)
    for line, score in zip(matrix, scores, strict=True):
        name = line.pop("label \\ predicted")
        assert score["class"] == name
        wanted = [row["predicted"] for row in answers if row["label"] == name]
        assert {k: int(v) for k, v in line.items()} == {k: wanted.count(k) for k in line}
        said = [row for row in answers if row["predicted"] == name]
        right = sum(row["label"] == name for row in said)
        assert int(score["count"]) == len(wanted)
        assert float(score["recall"]) == pytest.approx(right / len(wanted))
        if said:
            assert float(score["precision"]) == pytest.approx(right / len(said))
        total = len(wanted) + len(said)
        assert float(score["f1"]) == pytest.approx(2 * right / total)


@each_row("task", ["brackets", "flipflop"])
def test_with_an_answer_after_every_token_each_has_a_row(task):
    session = Session(RunConfig(task=task, hidden=3))
    rows = rows_of(session, ANSWERS)
    assert len(rows) == sum(len(example.targets) for example in session.dataset.test)
    count = len(session.dataset.test[0].targets)
    assert [int(row["place"]) for row in rows[:count]] == list(range(1, count + 1))


def test_values_have_targets_and_predictions_and_no_classes():
    session = Session(RunConfig(task="adding", hidden=3))
    assert result_files(session) == [ANSWERS]
    (name,) = session.dataset.classes
    rows = rows_of(session, ANSWERS)
    targets = [float(row[f"target {name}"]) for row in rows]
    np.testing.assert_allclose(targets, [float(e.targets.ravel()[0]) for e in session.dataset.test])


def test_answers_can_be_traced_to_the_rows_and_the_ids_of_a_file():
    session = Session(RunConfig(hidden=3))
    table = "Ticket_ID,text,label\n" + "".join(
        f"T-{k},{word} warm,{'good' if k % 2 else 'bad'}\n" for k, word in enumerate("abcdefghij")
    )
    session.load(Upload(File("a.csv", table.encode()), test_share=0.3))
    lab = session.lab(ResultsLab)
    for lab.rows in DataPart:
        rows = rows_of(session, ANSWERS)
        assert len(rows) == len(lab.part(session.dataset))
        for row in rows:
            words = row["text"].split()
            k = "abcdefghij".index(words[0])
            assert (row["id"], int(row["row"])) == (f"T-{k}", k + 2)
        assert ("part" in rows[0]) == (lab.rows is DataPart.ALL)
    answers = lab.answers(session.state, session.dataset)
    columns = rows_of_list(session, answers, Section("errors", np.arange(3)), LIGHT).columns
    assert columns[0].name == "id"
    assert {*columns[0].cells} <= {f"T-{k}" for k in range(10)}


@each_row("part", DataPart)
def test_classes_of_series_have_the_time_of_each_answer(part):
    hours = pd.date_range("2024-01-01", periods=150, freq="h")
    shops = [(f"m{k}", hours[k : k + 12]) for k in range(40)]
    frame = pd.concat(
        pd.DataFrame({"hour": when, "machine": name, "x": np.arange(12.0) + k})
        for k, (name, when) in enumerate(shops)
    )
    known = {(row.machine, row.x): f"{row.hour:%Y-%m-%d %H:%M}" for row in frame.itertuples()}
    for label in (frame["x"] % 5 < 2, frame["machine"].str[1:].astype(int) % 2 == 0):
        made = from_frame(
            frame.assign(state=label.map({True: "on", False: "off"})), RunConfig(hidden=3),
            time="hour", id="machine", value="x", label="state", window=5,
        )  # fmt: skip
        made.lab(ResultsLab).rows = part
        rows = rows_of(made, ANSWERS)
        assert {"hour", "text", "label"} <= rows[0].keys()
        for row in rows:
            machine, read = row["id"].split()[0], row["text"].split()
            place = int(row.get("place", len(read))) - 1
            assert row["hour"] == known[machine, float(read[place])]


def test_what_comes_from_no_table_has_neither_rows_nor_ids():
    session = Session(RunConfig(hidden=3))
    assert not {"row", "id"} & {*rows_of(session, ANSWERS)[0]}
    session.load(Upload(File("a.txt", b"so warm and cold and so on\n" * 40)))
    assert session.data.own
    assert not {"row", "id"} & {*rows_of(session, ANSWERS)[0]}


def test_texts_and_labels_stand_in_the_file_as_typed_and_run_no_formula():
    session = Session(RunConfig(hidden=3))
    content = 'text,label\n"so, ""warm""",<b>\n=1+1 so,"a,b"\n'
    session.load(Upload(File("a.csv", content.encode()), test_share=0))
    rows = rows_of(session, ANSWERS)
    assert [(row["text"], row["label"]) for row in rows] == [
        ('so, "warm"', "<b>"),
        ("'=1+1 so", "a,b"),
    ]
    assert [*rows_of(session, CONFUSION)[0]] == ["label \\ predicted", "<b>", "a,b"]


def test_a_file_says_what_made_it_and_keeps_the_signs_of_its_texts():
    rows = "text,label\n" + "#so warm,C#\nso cold,x\n" * 3
    session = Session(RunConfig(hidden=4))
    session.load(Upload(File("sky.csv", rows.encode()), test_share=0))
    session.lab(ResultsLab).rows = DataPart.TRAIN
    for kind in (ANSWERS, CONFUSION, SCORES):
        text = result_csv(session, kind)
        assert "# data: sky.csv\n" in text
        assert "# seed: 0\n" in text
        table = pd.read_csv(io.StringIO(text), comment="#")
        assert len(table) == {ANSWERS: 6}.get(kind, 2)
        assert "C#" in {*map(str, table.to_numpy().ravel())} | {*table.columns}


def test_no_cell_of_any_file_is_a_formula():
    signs = ("=1+1", "+1 so", "-2+3", "@so", "\t=so", "- so")
    rows = "text,label\n" + "".join(f'"so {k}","{sign}"\n' for k, sign in enumerate(signs))
    rows += '"=HYPERLINK(""//x"")",-0.5\n'
    session = Session(RunConfig(hidden=4))
    session.load(Upload(File("a,=cmd().csv", rows.encode()), test_share=0))
    session.lab(ResultsLab).rows = DataPart.TRAIN
    for kind in (ANSWERS, CONFUSION, SCORES):
        text = result_csv(session, kind)
        cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
        assert "-0.5" in cells
        assert [cell for cell in cells if cell.lstrip()[:1] in {*"=+-@"} and cell != "-0.5"] == []
        assert "# data: a,'=cmd().csv\n" in text
