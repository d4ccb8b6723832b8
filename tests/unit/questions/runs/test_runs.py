"""What many runs came to: the table of the page Runs, the answer, and the pictures."""

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.charts.theme import LIGHT
from rnnviz.config import RunConfig
from rnnviz.probe.marks import choices_of, choose
from rnnviz.questions.runs.measure import (
    LEARNED,
    Band,
    RunsLab,
    RunsPicture,
    by_value,
    invalid,
    spreads,
)
from rnnviz.questions.runs.opening import together
from rnnviz.questions.runs.pictures import learned_when, run_curves
from rnnviz.questions.runs.run_rows import run_rows
from rnnviz.questions.runs.setting_pictures import (
    score_map,
    scores_over,
    setting_lines,
    spread_of,
)
from rnnviz.run.schedule import Change, Position, Schedule
from rnnviz.sweeps.members import Ending, Member
from rnnviz.sweeps.store import Store

EPOCHS = 4


def run(cell, lr, seed, learned_at=None, diverged=False):
    """A run whose training score is 1 from an epoch on."""
    config = RunConfig(cell=cell, lr=lr, seed=seed, epochs=EPOCHS)
    scores = np.full((EPOCHS + 1, 4), 0.5)
    scores[:, 0] = 1 / (1 + np.arange(EPOCHS + 1) + seed)
    if cell == "elman" and lr == 0.1:
        scores[-1, 3] = 0.6
    if learned_at is not None:
        scores[learned_at:, 1] = scores[learned_at:, 3] = 1
    link = f"seed={seed}&cell={cell}&lr={lr}"
    return Member(Schedule(config), scores, np.arange(2.0), diverged=diverged, link=link)


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
    assert found["lstm", 0.1] == (2, 2, 1)
    assert found["lstm", 0.01] == (2, 1, 3)
    assert found["elman", 0.1][:2] == (2, 0)


def test_the_decisive_setting_is_the_one_over_which_the_share_that_learns_spreads_most(lab):
    assert lab.deciding == "cell" and lab.spreads == {"cell": 0.75, "lr": 0.25}
    assert by_value(lab.table, "cell").to_dict("index") == {
        "elman": {"learned": 0, "n": 4}, "lstm": {"learned": 3, "n": 4},
    }  # fmt: skip
    assert spreads(lab.table[lab.table["cell"] == "elman"], ["lr"]) == {"lr": 0}


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


def test_a_table_of_each_run_keeps_what_was_chosen(lab):
    families = [*lab.rows.index[:2]]
    lab.chosen = families
    lab.show_each(True)
    runs = lab.table.set_index("key")
    assert len(lab.listed) == 8 and {*runs.loc[lab.picked, "family"]} == {*families}
    assert lab.groups[0].name == "learning rate 0.1, seed 0"
    assert [len(group.runs) for group in lab.groups] == [1] * 4
    lab.show_each(False)
    assert lab.picked == families


def test_conditions_choose_runs_and_what_differs_among_them(lab):
    lab.conditions = ("cell=lstm", "lr=0.05..1")
    assert len(lab.table) == 2 and lab.varied == [] and lab.filterable == ["cell", "lr"]
    lab.conditions = ("cell=gru",)
    assert lab.table.empty and len(lab.whole) == 8


@pytest.mark.parametrize("text", ["cell", "wings=2", "lr=fast", "lr=1..0.1", "lr=1..9:5000"])
def test_a_condition_that_can_not_be_used_is_a_sentence(text):
    assert invalid(text).endswith(".") and not invalid("lag=1,2")


def test_a_link_carries_every_choice(lab):
    lab.view, lab.band, lab.column, lab.score = (
        RunsPicture.LINES, Band.HALF, "test_loss", "best_test_metric",
    )  # fmt: skip
    lab.conditions, lab.axes, lab.each = ("cell=lstm", "lr=0.01..1"), ("lr", "cell", ""), True
    lab.chosen = [*lab.listed.index[1:3]]
    texts, other = choices_of(lab), RunsLab()
    assert choose(other, texts) == []
    other.path = lab.path
    other.read()
    assert choices_of(other) == texts and other.picked == lab.picked
    assert (other.conditions, other.axes, other.band) == (lab.conditions, lab.axes, lab.band)


@pytest.mark.parametrize(
    "conditions",
    [
        ("note=first; the best", "cell=lstm"), ("constants=a=0.1;a=0.2", "note=50 % more"),
        ("lr=" + ",".join(f"0.{k}" for k in range(1, 99)),),
    ],
)  # fmt: skip
def test_any_conditions_stay_what_they_are_in_a_link(lab, conditions):
    lab.conditions = conditions
    other = RunsLab()
    assert choose(other, choices_of(lab)) == []
    assert other.conditions == conditions


@pytest.mark.parametrize(
    "name, text",
    [
        ("runs.where", "wings=2"), ("runs.where", "lr=0.1" + ",0.2" * 600),
        ("runs.where", "lr=0.1;" * 200 + "lr"), ("runs.score", "luck"), ("runs.view", "pie"),
    ],
)  # fmt: skip
def test_a_choice_of_a_link_that_is_invalid_is_a_sentence(name, text):
    (sentence,) = choose(RunsLab(), {name: text})
    assert "Left out." in sentence


def test_two_settings_are_compared_at_the_lowest_seed_that_both_have(lab):
    one, two = (lab.table[lab.table["cell"] == cell] for cell in ("elman", "lstm"))
    assert [run["seed"] for run in together(one, two)] == [0, 0]
    assert [run["seed"] for run in together(one, two[two["seed"] == 1])] == [1, 1]
    later = two.assign(seed=two["seed"] + 5)
    assert [run["seed"] for run in together(one, later)] == [0, 5]


def test_a_run_that_its_settings_do_not_determine_is_listed_and_not_counted(lab):
    before = lab.spreads, lab.best.name
    kept = replace(run("gru", 0.1, 0, 1), unfinished=True)
    changed = run("lstm", 0.1, 5)
    branched = Schedule(changed.config, (Change(Position(1), "lr", 0.5),))
    changed = replace(changed, schedule=branched, link="seed=5&changes=1:lr=0.5")
    with closing(Store(lab.path)) as store:
        store.add(kept)
        store.add(changed)
    lab.read()
    assert len(lab.table) == 10 and len(lab.determined) == 8
    assert len(lab.rows) == len(lab.settled) + 2
    assert (lab.spreads, lab.best.name) == before
    assert "gru" not in "".join(group.name for group in lab.groups)
    lab.conditions = ("cell=gru",)
    assert lab.determined.empty and len(lab.groups) == 1


def test_a_run_that_diverged_has_no_last_score_in_a_row_of_its_own(lab):
    with closing(Store(lab.path)) as store:
        store.add(run("elman", 1.0, 0, diverged=True))
    lab.read()
    lab.each = True
    shown, *_ = run_rows(lab)
    broken = shown["state"] == Ending.DIVERGED
    assert broken.sum() == 1
    for name in ("test_metric", "train_loss"):
        assert shown.loc[broken, name].isna().all() and shown.loc[~broken, name].notna().all()
    assert shown.loc[broken, "best_test_metric"].tolist() == [50]


def test_losses_have_their_unit(lab):
    assert lab.unit == "nats"


# Pictures


def test_every_run_is_a_line_and_the_median_is_one_of_them(lab):
    group = lab.groups[0]
    rows = lab.curves(group)
    drawn = run_curves([group], [rows], "train_loss", lab.shared, unit="nats")
    *members, center = drawn.series
    assert [list(one["y"]) for one in members] == [pytest.approx(row) for row in rows]
    np.testing.assert_allclose(center["y"], rows.max(axis=0), rtol=1e-6)
    assert set(members[0]["customdata"]) == {group.runs["key"].iloc[0]}
    assert drawn.layout["title"]["text"] == "Training loss (nats); learning rate 0.1"


@pytest.mark.parametrize("band, ends", [(Band.RANGE, (0, 9)), (Band.HALF, (2, 7))])
def test_a_band_is_between_numbers_of_runs_that_still_train(lab, band, ends):
    group = lab.groups[0]
    rows = np.arange(10.0)[:, None] * np.ones(3) + 1
    rows[:9, 2] = np.nan
    low, high, _ = run_curves([group], [rows], "test_metric", "", unit="nats", band=band).series
    np.testing.assert_allclose(low["y"], [ends[0] + 1, ends[0] + 1, 10])
    np.testing.assert_allclose(high["y"], [ends[1] + 1, ends[1] + 1, 10])
    assert high["fill"] == "tonexty"


def test_curves_of_runs_that_ended_early_end_there(lab):
    key = lab.groups[0].runs["key"].iloc[0]
    lab._of = lambda keys: {key: np.ones((3, 4))}
    rows = lab.curves(lab.groups[0])
    assert np.isnan(rows[1]).all() and rows.shape == (2, 3)


def test_a_cell_of_the_map_counts_the_runs_of_two_values(lab):
    cells, counts = score_map(lab.table, LEARNED, ("lr", "cell", ""), named="score").series
    np.testing.assert_allclose(cells["z"], [[0, 0], [0.5, 1]])
    assert list(counts["text"]) == ["0 of 2", "0 of 2", "1 of 2", "2 of 2"]
    assert cells["customdata"][1][0] == [0.01, "lstm"]


def test_a_map_of_a_loss_is_its_median_and_the_lower_the_stronger(lab):
    axes = "lr", "cell", ""
    cells, counts = score_map(lab.table, "train_loss", axes, named="loss").series
    assert list(counts["text"]) == ["0.2"] * 4
    np.testing.assert_allclose(cells["z"], np.log10(1 / 5), rtol=1e-6)
    assert cells["colorscale"][0][1] == LIGHT.forward
    assert lab.named("train_loss") == "last training loss (nats)"


def test_there_is_a_map_for_each_value_of_a_third_setting(lab):
    with closing(Store(lab.path)) as store:
        config = replace(RunConfig(), cell="lstm", lr=0.1, epochs=EPOCHS, hidden=9)
        store.add(Member(Schedule(config), np.full((5, 4), 0.5), np.arange(2.0)))
    lab.read()
    drawn = score_map(lab.table, LEARNED, ("lr", "cell", "hidden"), named="score")
    maps = [one for one in drawn.series if one["type"] == "heatmap"]
    assert [one["xaxis"] for one in maps] == ["x", "x2"]
    assert maps[0]["customdata"][0][1] == [0.1, "elman", 9]
    np.testing.assert_allclose(maps[0]["z"], [[np.nan, np.nan], [np.nan, 0]])
    assert [one["text"] for one in drawn.layout["annotations"]] == [
        "hidden units 9", "hidden units 64",
    ]  # fmt: skip
    sizes = lab.table.assign(hidden=range(len(lab.table)))
    assert (
        "sentence"
        in score_map(sizes, LEARNED, ("lr", "cell", "hidden"), named="score").layout["meta"]
    )


def test_seeds_that_never_learned_are_hollow_and_at_the_right(lab):
    learned, never, *_ = learned_when(lab.groups, "", LIGHT).series
    assert list(learned["x"]) == [1, 2] and len(never["x"]) == 0
    hollow = learned_when(lab.groups, "", LIGHT).series[3]
    assert hollow["marker"]["symbol"] == "circle-open"
    assert min(hollow["x"]) > EPOCHS


def test_a_dot_of_each_setting_is_a_run_and_a_line_joins_the_medians(lab):
    dots, crosses, line, *_ = scores_over(
        lab.table, lab.varied, "train_metric", named="score"
    ).series
    assert len(dots["x"]) == len(lab.table) and len(crosses["x"]) == 0
    assert list(line["y"]) == [0.5, 1]
    assert set(dots["customdata"]) == set(lab.table["key"])


def test_a_run_that_diverged_is_a_cross_below_and_spoils_no_median(lab):
    with closing(Store(lab.path)) as store:
        store.add(run("lstm", 5.0, 0, learned_at=1, diverged=True))
    lab.read()
    dots, crosses, line, *_ = scores_over(lab.table, ["lr"], "train_metric", named="score").series
    assert list(crosses["y"]) == [pytest.approx(-0.07)] and crosses["marker"]["symbol"] == "x"
    assert len(dots["x"]) == 8 and np.isnan(line["y"][-1])
    (faded, *_) = setting_lines(lab.table, lab.rows, ["lr"], "train_metric", named="score").series
    assert np.isnan(faded["y"]).sum() == 2 and len(faded["y"]) == 3


@pytest.mark.parametrize(
    "values, places",
    [
        ([0.001, 0.01, 0.1], [0, 0.5, 1]),  # Over decades by the logarithm.
        ([1, 2, 5], [0, 0.25, 1]),
        (["elman", "gru", "lstm"], [0, 0.5, 1]),
        ([8, 512], [0, 1]),
    ],
)
def test_numbers_stand_on_an_axis_by_their_size(lab, values, places):
    name = "cell" if isinstance(values[0], str) else "lr"
    table = lab.table[: len(values)].assign(**{name: values})
    *_, line = scores_over(table, [name], "train_metric", named="score").series
    np.testing.assert_allclose(line["x"], places, atol=1e-12)


def test_settings_are_in_the_order_of_the_spread_of_their_medians(lab):
    assert spread_of(lab.table, "cell", "train_metric") == 0.5
    drawn = setting_lines(lab.table, lab.rows, lab.varied, "train_metric", named="score")
    heads = [one["text"] for one in drawn.layout["annotations"][:3]]
    # Of an even number the median is the worse of the two in the middle.
    assert heads == ["Cell<br>0.50", "Learning rate<br>0.00", "last<br>training score"]
    points = {key for one in drawn.series for key in one["customdata"]}
    assert points == set(lab.rows["middle"])


def test_every_line_goes_through_the_values_of_its_run(lab):
    drawn = setting_lines(lab.table, lab.rows, ["lr"], "train_metric", named="score")
    for series in drawn.series:
        for k in range(0, len(series["x"]), 3):
            runs = lab.table[lab.table["family"] == lab.run(series["customdata"][k])["family"]]
            assert series["y"][k] == (runs["lr"].iloc[0] == 0.1)
            assert series["y"][k + 1] == runs["train_metric"].min()


def test_runs_of_one_setting_have_no_plot_of_each_setting(lab):
    lone = lab.table[lab.table["cell"] == "elman"][:1]
    assert "sentence" in scores_over(lone, [], "train_metric", named="score").layout["meta"]
    assert (
        "sentence"
        in setting_lines(lone, lab.rows, [], "train_metric", named="score").layout["meta"]
    )


def test_a_picture_is_drawn_once_for_the_same_choices(lab):
    drawn = [lab.drawn((RunsPicture.CURVES, "white"), object) for _ in range(2)]
    assert drawn[0] is drawn[1]
    lab.column = "test_loss"
    assert lab.drawn((RunsPicture.CURVES, "white"), object) is not drawn[0]
