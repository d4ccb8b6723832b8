"""The page Runs: the runs that are kept, and a sweep that is started from the page."""

import io
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from urllib.parse import parse_qsl

import pandas as pd
import pytest

from rnnviz.config import SETTINGS, RunConfig
from rnnviz.files.output import runs_csv
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.questions.runs.measure import RunsLab, RunsPicture
from rnnviz.questions.runs.opening import keep, open_run
from rnnviz.questions.runs.sweep_command import is_alive, suggested
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.grid import axis_of
from rnnviz.sweeps.members import failed, trained
from rnnviz.sweeps.run_table import run_table
from rnnviz.sweeps.store import Store, default_path, digest_of, key_of
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.upload import File, Upload, with_columns
from tests.page.tab import Page, Tab, app_test

SMALL = {"hidden": 4, "epochs": 3}


@pytest.fixture(autouse=True)
def own_file(monkeypatch, tmp_path):
    """The user's file of runs, in a folder of the test."""
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))


@pytest.fixture
def filled():
    """Two seeds of two cells."""
    with closing(Store(default_path())) as store:
        for cell in ("elman", "gru"):
            for seed in (0, 1):
                store.add(trained(Schedule(RunConfig(cell=cell, seed=seed, **SMALL))))


def lab_of(page):
    return page.session.lab(RunsLab)


def test_without_runs_the_page_says_how_to_make_some():
    page = Page("runs", **SMALL)
    assert "rnnviz sweep" in page.app.info[0].value


def test_the_table_has_a_row_for_the_seeds_of_each_setting(filled):
    page = Page("runs", **SMALL)
    table = page.app.dataframe[0].value
    assert table["cell"].tolist() == ["elman", "gru"]
    assert table["n"].tolist() == [2, 2]
    assert "of 4" in page.text


@pytest.mark.parametrize("view", list(RunsPicture))
def test_every_picture_is_drawn(filled, view):
    with closing(Store(default_path())) as store:
        store.add(trained(Schedule(RunConfig(cell="gru", lr=0.3, **SMALL))))
    page = Page("runs", **SMALL)
    page.app.segmented_control(key="runs_view_5_0").set_value(view)
    page.run()
    assert page.chart("runs")["data"]


@pytest.mark.parametrize("statement", ["DELETE FROM run", "UPDATE curve SET scores = x'00'"])
def test_a_file_that_has_changed_meanwhile_is_drawn_as_it_was_or_gets_a_sentence(filled, statement):
    page = Page("runs", **SMALL)
    with closing(sqlite3.connect(default_path())) as file, file:
        file.execute(statement)
    lab_of(page).column = "train_loss"
    lab_of(page).chosen = [lab_of(page).rows.index[-1]]
    page.run()
    assert page.charts


def test_a_file_that_is_gone_gets_a_sentence(filled):
    page = Page("runs", **SMALL)
    default_path().unlink()
    lab_of(page).chosen = [lab_of(page).rows.index[-1]]
    page.run()
    assert "can't be opened" in page.chart("runs")["layout"]["annotations"][0]["text"]


@pytest.mark.parametrize("view", list(RunsPicture))
def test_runs_that_all_failed_are_listed_and_drawn(view):
    with closing(Store(default_path())) as store:
        for config in (RunConfig(**SMALL), RunConfig(seed=1, lr=0.3, **SMALL), RunConfig(hidden=5)):
            store.add(failed(Schedule(config), "no reason"))
    page = Page("runs", **SMALL, **{"runs.view": view.name.lower()})
    assert page.app.dataframe[0].value["n"].sum() == 3
    assert page.charts and "0 of 3 runs learned" in " ".join(page.text.split())


def test_a_click_on_a_curve_opens_its_run_at_that_epoch(filled):
    page = Page("runs", **SMALL)
    lab = lab_of(page)
    row = lab.table[(lab.table["cell"] == "gru") & (lab.table["seed"] == 1)].iloc[0]
    page.say("click", on="runs", x=2, y=0.5, data=row["key"])
    page.run()
    config, at = page.session.config, page.session.player.position
    assert (config.cell, config.seed, at.epoch) == ("gru", 1, 2)
    assert page.session.run.position.epoch == 3
    assert "same" not in page.session.player.message.replace("the same to the last bit", "")


def test_a_sweep_that_the_page_starts_is_trained_and_offered(filled):
    page = Page("runs", **SMALL)
    page.app.multiselect(key="sweep_names").set_value(["lr"])
    page.run()
    page.app.text_input(key="sweep_lr").set_value("0.1,0.2")
    page.app.number_input(key="sweep_seeds").set_value(1)
    page.run()
    button = page.app.button(key="sweep")
    assert button.label == "Sweep: 2 runs"
    button.click()
    page.run()
    assert lab_of(page).sweep.wait(60) == 0
    page.run()
    page.app.button(key="runs_newer").click()
    page.run()
    assert "The sweep is done." in page.text
    # It is news once: not when the page is visited again.
    page.app.session_state["visit"] = 1, "train"
    page.run()
    assert "The sweep is done." not in page.text
    assert sorted(lab_of(page).table["lr"].unique()) == [0.02, 0.1, 0.2]


def test_values_that_no_run_can_have_are_a_sentence(filled):
    page = Page("runs", **SMALL)
    page.app.multiselect(key="sweep_names").set_value(["lr"])
    page.run()
    page.app.text_input(key="sweep_lr").set_value("fast")
    page.run()
    assert page.app.button(key="sweep").disabled
    assert any("fast" in caption.value for caption in page.app.caption)


def test_a_sweep_that_can_not_be_written_is_a_sentence(tmp_path):
    page = Page("runs", **SMALL)
    (tmp_path / "rnnviz").write_text("no folder", encoding="utf-8")
    page.app.button(key="sweep").click()
    page.run()
    (said,) = [box.value for box in page.app.error]
    assert said.startswith("No sweep can be started") and "Errno" not in said


def test_a_sweep_in_progress_is_a_bar_that_can_be_cancelled(filled):
    page = Page("runs", **{**SMALL, "epochs": 100_000, "hidden": 64})
    page.app.button(key="sweep").click()
    page.run()
    process = lab_of(page).sweep
    until = time.monotonic() + 60
    while not (found := [b for b in page.app.button if b.key == "runs_cancel"]):
        assert time.monotonic() < until and process.poll() is None
        page.run()
    found[0].click()
    page.run()
    assert process.wait(60) > 0


@pytest.mark.parametrize("other", ["a program", "no process", "the group of this one"])
def test_what_is_no_sweep_any_more_can_not_be_cancelled(filled, other):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        pid = {"a program": process.pid, "no process": 2**40}.get(other, 0)
        with closing(sqlite3.connect(default_path())) as file, file:
            row = "sweep (line, total, state, pid, begun, beat)"
            file.execute(f"INSERT INTO {row} VALUES ('', 9, 'running', ?, 0, 0)", [pid])
        page = Page("runs", **SMALL)
        assert not [button for button in page.app.button if button.key == "runs_cancel"]
        process.communicate(b"\n")


# What is listed


def test_each_run_has_a_row_with_its_last_and_best_score(filled):
    page = Page("runs", **SMALL)
    page.app.segmented_control(key="runs_rows_0").set_value("each run")
    page.run()
    table = page.app.dataframe[0].value
    assert table["open"].tolist() == ["seed 0", "seed 1"] * 2
    runs = lab_of(page).table
    assert table["test_metric"].tolist() == pytest.approx(100 * runs["test_metric"].to_numpy())
    assert len(table["small"].iloc[0]) == SMALL["epochs"] + 1


def test_a_filter_leaves_what_fits_in_table_answer_and_files(filled):
    page = Page("runs", **SMALL)
    next(box for box in page.app.multiselect if box.key.startswith("runs_filter_cell")).set_value(
        ["gru"]
    )
    page.run()
    assert any("2 of 4 runs" in caption.value for caption in page.app.caption)
    assert "of 2 runs" in page.text and len(page.app.dataframe[0].value) == 1
    exported = pd.read_csv(io.StringIO(runs_csv(lab_of(page).table)), comment="#")
    assert exported["cell"].tolist() == ["gru", "gru"] and "digest" not in exported
    page.app.text_input(key="runs_filter_note_0").set_value("nothing has it")
    page.run()
    assert any("No run fits" in info.value for info in page.app.info)
    for view in RunsPicture:
        lab_of(page).view, lab_of(page).clicks = view, lab_of(page).clicks + 1
        page.run()
        assert "sentence" in page.chart("runs")["layout"]["meta"]
    page.app.button(key="runs_show_all").click()
    page.run()
    assert len(page.app.dataframe[0].value) == 2


@pytest.mark.parametrize("finished", [0, 1])
def test_runs_kept_before_their_end_say_nothing_of_settings_but_have_curves(finished):
    for hidden, lr in ((3, 0.1), (4, 0.2), (5, 0.3)):
        pair = Pair(Session(RunConfig(hidden=hidden, lr=lr, epochs=3)))
        pair.first.player.advance(3 if finished and hidden == 5 else 1)
        keep(pair, default_path(), "")
    page = Page("runs", **SMALL)
    lab = lab_of(page)
    of_rows = {RunsPicture.CURVES, RunsPicture.WHEN}
    for chosen in ([], [*lab.rows.index[:1]]):
        for view in RunsPicture:
            lab.view, lab.chosen, lab.clicks = view, chosen, lab.clicks + 1
            page.run()
            drawn = page.chart("runs")["layout"]
            unsettled = "unfinished, imported" in str(drawn.get("annotations"))
            assert unsettled == (not finished and view not in of_rows), view


def test_two_rows_open_as_a_and_b_at_the_same_seed(filled):
    page = Page("runs", **SMALL)
    lab = lab_of(page)
    assert page.app.button(key="runs_open_both").disabled
    lab.chosen, lab.clicks = [*lab.rows.index], 1
    page.run()
    assert not page.app.button(key="runs_open_both").disabled
    page.app.button(key="runs_open_both").click()
    page.run()
    configs = [session.config for session in page.pair.sessions]
    assert [(config.cell, config.seed) for config in configs] == [("elman", 0), ("gru", 0)]
    assert [session.run.position.epoch for session in page.pair.sessions] == [3, 3]


def test_the_link_of_the_page_opens_the_same_selection(filled):
    page = Page("runs", **SMALL)
    lab = lab_of(page)
    page.app.segmented_control(key="runs_view_3_0").set_value(RunsPicture.WHEN)
    page.run()
    lab.chosen = [lab.rows.index[1]]
    link = page.pair.query()
    assert "runs.view=when" in link
    other = Page("runs", **dict(parse_qsl(link)))
    assert lab_of(other).picked == lab.picked and lab_of(other).view is RunsPicture.WHEN


def test_new_runs_wait_until_they_are_asked_for(filled):
    page = Page("runs", **SMALL)
    with closing(Store(default_path())) as store:
        store.add(trained(Schedule(RunConfig(cell="lstm", **SMALL))))
    page.run()
    assert len(lab_of(page).table) == 4
    page.app.button(key="runs_newer").click()
    page.run()
    assert len(lab_of(page).table) == 5


def test_own_data_and_those_of_the_task_are_both_listed_until_one_is_chosen(filled):
    with closing(Store(default_path())) as store:
        config = RunConfig(cell="gru", **SMALL)
        member = trained(Schedule(config), upload=with_columns(OWN))
        store.add(member, upload=with_columns(OWN))
    page = Page("runs", **SMALL)
    assert lab_of(page).conditions == () and len(lab_of(page).table) == 5
    (box,) = (b for b in page.app.multiselect if b.key.startswith("runs_filter_data"))
    assert box.options == ["that of the task", "sky.csv"]
    box.set_value([""])
    page.run()
    assert len(lab_of(page).table) == 4


def test_a_click_on_a_cell_of_the_map_draws_the_curves_of_its_settings(filled):
    with closing(Store(default_path())) as store:
        store.add(trained(Schedule(RunConfig(cell="gru", lr=0.3, **SMALL))))
    page = Page("runs", **SMALL)
    page.app.segmented_control(key="runs_view_5_0").set_value(RunsPicture.MAP)
    page.run()
    assert page.chart("runs")["data"][0]["type"] == "heatmap"
    page.say("click", on="runs", x="0.3", y="gru", data=[0.3, "gru"])
    page.run()
    lab = lab_of(page)
    assert lab.view is RunsPicture.CURVES and len(lab.picked) == 1
    assert lab.rows.loc[lab.picked[0], "lr"] == 0.3
    assert page.chart("runs")["data"][0]["mode"] == "lines"


# What is kept


def kept(note, **link):
    """A page whose run was trained for two epochs and kept."""
    page = Tab(app_test(), {**SMALL, **link})
    page.session.player.advance(2)
    page.app.text_input(key="note").set_value(note)
    next(button for button in page.app.button if button.label == "Keep in Runs").click()
    page.run()
    assert "kept: see Runs" in page.session.player.message
    return page


def test_a_run_is_kept_as_it_is_and_opens_there_again():
    page = kept("half way")
    page.session.player.advance(1)
    with closing(Store(default_path())) as store:
        table = run_table(store)
    (run,) = table.to_dict("records")
    assert (run["note"], run["state"], run["reached"]) == ("half way", "unfinished", 2)
    with page.tab.host() as host:
        open_run(host.pair, table.iloc[0])
    while page.pair.at_work:
        page.pair.tick(1)
    assert page.session.run.position.epoch == 2
    assert "the same to the last bit" in page.session.player.message


def test_a_run_that_is_kept_again_takes_the_last_note_and_a_finished_one_is_that_of_a_sweep(filled):
    page = kept("first")
    for note, replaced in (("second", "The note “first” is replaced."), ("", ""), ("second", "")):
        with page.tab.host() as host:
            keep(host.pair, default_path(), note)
        said = page.session.player.message
        assert said == f"The run is kept: see Runs. {replaced}".strip()
    page.session.player.advance(1)
    with page.tab.host() as host:
        keep(host.pair, default_path(), "whole")
    with closing(Store(default_path())) as store:
        table = run_table(store)
    assert len(table) == 5
    assert dict(zip(table["note"], table["state"], strict=True)) == {
        "": "finished", "second": "unfinished", "whole": "finished",
    }  # fmt: skip


def test_a_run_with_changed_weights_is_not_one_of_its_settings(filled):
    page = kept("", cell="elman")
    with page.tab.host() as host:
        host.session.player.configure(replace(host.session.config, lr=0.5))
        host.session.player.advance(1)
        keep(host.pair, default_path(), "faster")
    with closing(Store(default_path())) as store:
        table = run_table(store)
    assert table["family"].nunique() == 4


@pytest.mark.parametrize("broken", ["damaged", "folder"])
def test_a_file_that_can_not_be_written_is_a_sentence(broken, tmp_path):
    page = Tab(app_test(), SMALL)
    path = tmp_path / "runs.sqlite"
    path.mkdir() if broken == "folder" else path.write_bytes(b"no database" * 500)
    with page.tab.host() as host:
        keep(host.pair, path, "")
    assert page.session.player.message.startswith(f"Not kept. {path}: ")
    assert "Errno" not in page.session.player.message


# One's own


OWN = Upload(File("sky.csv", b"text,label\n" + b"warm sun,good\ncold rain,bad\n" * 4))


def test_own_data_and_an_own_cell_are_swept_and_open_where_the_data_are_learned():
    page = Page("runs", **SMALL)
    with page.tab.host() as host:
        host.session.load(with_columns(OWN))
        host.session.use("h = tanh(W @ x + U @ h + b)")
    page.run()
    page.app.number_input(key="sweep_seeds").set_value(2)
    page.run()
    page.app.button(key="sweep").click()
    page.run()
    lab = lab_of(page)
    assert lab.sweep.wait(90) == 0, lab.log.read_text(encoding="utf-8")
    page.run()
    table = lab.table
    assert table["data"].tolist() == ["sky.csv"] * 2 and set(table["cell"]) == {"own"}
    session = page.session
    expected = {
        key_of(replace(session.config, seed=k), digest_of(session.data.upload)) for k in (0, 1)
    }
    assert set(table["key"]) == expected
    page.say("click", on="runs", x=1, y=0.5, data=table["key"].iloc[1])
    page.run()
    assert page.session.data.own and page.session.player.position.epoch == 1
    with page.tab.host() as host:
        host.session.load(None)
        with pytest.raises(TaskError, match=r"sky\.csv: open these data first"):
            open_run(host.pair, table.iloc[0])
    page.run()
    page.say("click", on="runs", x=1, y=0.5, data=table["key"].iloc[1])
    assert "sky.csv: open these data first" in page.session.player.message


@pytest.mark.parametrize("name", [n for n, row in SETTINGS.items() if not row.packed])
def test_the_suggested_values_of_a_setting_can_be_swept(name):
    row = SETTINGS[name]
    values = axis_of(row, suggested(row, row.default))
    assert row.default in values or not row.choices


@pytest.mark.parametrize(
    ("code", "said", "shown"),
    [
        (2, "rnnviz: it is not a database of runs.", "it is not a database of runs."),
        (1, "Runs: 2; none.\nr.db: the disk is full.\nStopped after 0 of 2.", "the disk is full."),
        (1, "Runs: 2; none.\nFailed runs: 2. Too large.", "Failed runs: 2. Too large."),
        (143, "Runs: 2; none.\nStopped after 1 of 2.", ""),
        (0, "Runs: 2; none.", ""),
    ],
)
def test_why_a_sweep_has_ended_is_a_sentence(filled, code, said, shown):
    page = Page("runs", **SMALL)
    lab = lab_of(page)
    lab.log.write_text(said, encoding="utf-8")
    lab.sweep = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
    assert lab.sweep.wait(60) == code
    page.run()
    assert shown in page.text
    assert not any(word in page.text for word in ("Runs: 2", "rnnviz: "))
    assert bool(shown) == (said.splitlines()[-1].removeprefix("rnnviz: ") in page.text)


def test_a_sweep_that_is_refused_says_why():
    default_path().parent.mkdir(parents=True)
    default_path().write_bytes(b"not a database of runs" * 99)
    page = Page("runs", **SMALL)
    page.app.button(key="sweep").click()
    page.run()
    assert lab_of(page).sweep.wait(60) == 2
    page.run()
    assert f"{default_path().name}: it is not a database of runs." in page.text


def test_a_sweep_whose_file_has_no_room_says_why():
    folder = default_path().parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_bytes(b"")
    page = Page("runs", **SMALL)
    page.app.button(key="sweep").click()
    page.run()
    assert any("No sweep can be started" in box.value for box in page.app.error)


def test_a_sweep_that_was_killed_does_not_go_on_while_nobody_has_asked_for_its_exit_code():
    sweep = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_alive(sweep.pid)
    sweep.kill()
    until = time.monotonic() + 30
    while is_alive(sweep.pid):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert sweep.wait() < 0
    assert not is_alive(sweep.pid)
    sweep.stdin.close()
