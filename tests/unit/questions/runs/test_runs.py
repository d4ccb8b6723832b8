"""What many runs came to: the table of the page Runs, the answer, and the pictures."""

from contextlib import closing

import numpy as np
import pytest

from rnnviz.charts.theme import LIGHT
from rnnviz.config import RunConfig
from rnnviz.questions.runs.measure import RunsLab, RunsPicture, by_value, decisive
from rnnviz.questions.runs.pictures import learned_map, learned_when, run_curves, scores_over
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.members import Member
from rnnviz.sweeps.store import Store

EPOCHS = 4


def run(cell, lr, seed, learned_at=None):
    """A run whose training score is 1 from an epoch on."""
    config = RunConfig(cell=cell, lr=lr, seed=seed, epochs=EPOCHS)
    scores = np.full((EPOCHS + 1, 4), 0.5)
    scores[:, 0] = 1 / (1 + np.arange(EPOCHS + 1) + seed)
    if cell == "elman" and lr == 0.1:
        scores[-1, 3] = 0.6
    if learned_at is not None:
        scores[learned_at:, 1] = scores[learned_at:, 3] = 1
    return Member(Schedule(config), scores, np.arange(2.0), link=f"seed={seed}&cell={cell}&lr={lr}")


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """The LSTM learns with 0.1 in two of two seeds, with 0.01 in one; Elman never."""
    monkeypatch.setattr("rnnviz.questions.runs.measure.default_path", lambda: tmp_path / "r.db")
    with closing(Store(tmp_path / "r.db")) as store:
        for seed in (0, 1):
            for lr in (0.1, 0.01):
                store.add(run("elman", lr, seed))
                learned = 1 + seed if lr == 0.1 else 3 if seed else None
                store.add(run("lstm", lr, seed, learned))
    lab = RunsLab()
    lab.read()
    return lab


def test_the_seeds_of_a_setting_are_a_row_with_what_differs(lab):
    assert lab.varied == ["cell", "lr"]
    found = {(row.cell, row.lr): (row.n, row.learned, row.epoch) for row in lab.rows.itertuples()}
    assert found["lstm", 0.1] == (2, 2, 1.5)
    assert found["lstm", 0.01] == (2, 1, 3)
    assert found["elman", 0.1][:2] == (2, 0)


def test_the_decisive_setting_is_the_one_over_which_the_share_that_learns_spreads_most(lab):
    assert decisive(lab.table, lab.varied) == "cell"
    assert by_value(lab.table, "cell").to_dict("index") == {
        "elman": {"learned": 0, "n": 4}, "lstm": {"learned": 3, "n": 4},
    }  # fmt: skip
    assert decisive(lab.table[lab.table["cell"] == "elman"], ["lr"]) == ""


def test_the_best_of_each_value_of_the_decisive_setting_are_drawn_until_others_are_chosen(lab):
    assert [group.name for group in lab.groups] == ["cell lstm", "cell elman"]
    assert lab.shared == "learning rate 0.1"
    lab.chosen = [lab.rows.index[0]]
    assert len(lab.groups) == 1


def test_a_file_that_is_not_there_or_damaged_is_a_sentence_and_new_runs_are_read(lab, tmp_path):
    with closing(Store(lab.path)) as store:
        store.add(run("gru", 0.1, 0, 1))
    lab.read()
    assert "gru" in set(lab.table["cell"])
    lab.path = tmp_path / "other.db"
    lab.read()
    assert lab.table.empty and lab.tasks == []
    lab.path.write_bytes(b"nothing of ours" * 100)
    lab.read()
    assert "other.db" in lab.problem


# Pictures


def test_every_run_is_a_line_and_the_median_is_one_of_them(lab):
    group = lab.groups[0]
    rows = lab.curves(group)
    drawn = run_curves([group], [rows], "train_loss", lab.shared, LIGHT)
    *members, center = drawn.series
    assert [list(one["y"]) for one in members] == [pytest.approx(row) for row in rows]
    np.testing.assert_allclose(center["y"], rows.max(axis=0), rtol=1e-6)
    assert set(members[0]["customdata"]) == {group.runs["key"].iloc[0]}
    assert "learning rate 0.1" in drawn.layout["title"]["text"]


def test_curves_of_runs_that_ended_early_end_there(lab):
    key = lab.groups[0].runs["key"].iloc[0]
    lab._of = lambda keys: {key: np.ones((3, 4))}
    rows = lab.curves(lab.groups[0])
    assert np.isnan(rows[1]).all() and rows.shape == (2, 3)


def test_a_cell_of_the_map_counts_the_runs_of_two_values(lab):
    cells, counts = learned_map(lab.table, "lr", "cell", LIGHT).series
    np.testing.assert_allclose(cells["z"], [[0, 0], [0.5, 1]])
    assert list(counts["text"]) == ["0 of 2", "0 of 2", "1 of 2", "2 of 2"]
    assert cells["customdata"][1][0] == [0.01, "lstm"]


def test_seeds_that_never_learned_are_hollow_and_at_the_right(lab):
    learned, never, *_ = learned_when(lab.groups, "", LIGHT).series
    assert list(learned["x"]) == [1, 2] and len(never["x"]) == 0
    hollow = learned_when(lab.groups, "", LIGHT).series[3]
    assert hollow["marker"]["symbol"] == "circle-open"
    assert min(hollow["x"]) > EPOCHS


def test_a_dot_of_each_setting_is_a_run_and_a_line_joins_the_medians(lab):
    dots, line, *_ = scores_over(lab.table, lab.varied, "train_metric", LIGHT).series
    assert len(dots["x"]) == len(lab.table)
    assert list(line["y"]) == [0.5, 1]
    assert set(dots["customdata"]) == set(lab.table["key"])


def test_runs_of_one_setting_have_no_plot_of_each_setting(lab):
    lone = lab.table[lab.table["cell"] == "elman"][:1]
    assert "sentence" in scores_over(lone, [], "train_metric", LIGHT).layout["meta"]


def test_a_picture_is_drawn_once_for_the_same_choices(lab):
    drawn = [lab.drawn((RunsPicture.CURVES, "white"), object) for _ in range(2)]
    assert drawn[0] is drawn[1]
    lab.column = "test_loss"
    assert lab.drawn((RunsPicture.CURVES, "white"), object) is not drawn[0]
