"""The table of cells: one entry more is a cell that can be chosen, set, linked and trained."""

from functools import partial

import pytest

from rnnviz import cli
from rnnviz.cells import CELLS, OWN, cell_names
from rnnviz.config import SETTINGS, RunConfig, SettingError
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.probe.session import Session
from rnnviz.run.share_link import read_link
from tests.new_cell import VALVE, add

main = partial(
    cli.main,
    open_page=lambda *_: pytest.fail("The page was opened."),
    every_picture=lambda _: pytest.fail("Pictures were drawn."),
)


@pytest.fixture
def valve(monkeypatch):
    return add(monkeypatch)


def test_the_names_are_those_of_the_table_and_one_s_own():
    assert {*cell_names()} == {*CELLS} - {"elman-relu"} | {OWN}
    assert all(name == cell.name for name, cell in CELLS.items())
    with pytest.raises(SettingError, match=r"it is one of elman, gru, .*own"):
        RunConfig(cell=VALVE.name)


def test_cells_whose_gate_keeps_have_a_forget_bias_and_those_with_numbers_have_them():
    gated = {"gru", "lstm", "peephole", "mgu", "mingru", "slstm", OWN}
    assert {*SETTINGS["forget_bias"].needed} == gated
    assert {*SETTINGS["constants"].needed} == {"leaky", "cornn"}


def test_one_entry_more_is_a_choice_with_the_settings_that_it_has(valve):
    row = SETTINGS["cell"]
    assert valve in row.choices
    assert not row.packed
    config = RunConfig(cell=valve, constants="s=0.5", forget_bias=2, hidden=3)
    assert (config.constants, config.forget_bias) == ("s=0.5", 2)
    link, problems = read_link(config.to_query())
    assert (link.schedule.start, problems) == (config, [])
    parameters = Session(config).state.parameters
    assert parameters["b_k"].tolist() == [2] * 3
    assert parameters["b_q"].tolist() == [-2] * 3
    assert parameters.architecture.cell.equations.constants == {"s": 0.5}


def test_one_entry_more_is_trained_checked_and_shown(valve, capsys):
    cell = ["--cell", valve, "--hidden", "4"]
    assert main(["train", *cell, "--epochs", "2"]) == 0
    assert main(["gradcheck", *cell, "--phrase", "this is not bad"]) == 0
    assert main(["show", valve]) == 0
    assert "d_W_pk += outer(d_a_k, p')" in capsys.readouterr().out


def test_one_entry_more_learns(valve):
    settings = {"init": "xavier", "optimizer": "adam", "forget_bias": 0}
    session = Session(RunConfig(cell=valve, hidden=32, **settings))
    session.player.advance(20)
    losses = session.run.history.column("train_loss")
    assert losses[-1] < 0.1 * losses[0]


def test_an_slstm_answers_alike_with_any_input_bias_even_where_its_exponentials_vanish():
    session = Session(RunConfig(cell="slstm", hidden=5, init="xavier", dtype="float32"))
    example, answers = session.dataset.train[:1], []
    for bias in (0, -3, -110):
        parameters = session.state.parameters.copy()
        parameters["b_i"][...] = bias
        answers.append(record(parameters, collate(example)).probs[0].tolist())
    assert answers[1] == pytest.approx(answers[0], abs=1e-6)
    assert answers[2] == pytest.approx(answers[0], abs=1e-5)
