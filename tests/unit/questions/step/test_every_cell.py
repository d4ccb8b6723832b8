"""Terms, vectors, shares and texts agree with the engine, for every cell, layer, part and task."""

import re

import numpy as np
import pytest

from rnnviz.charts.texts import explanation
from rnnviz.config import Activation, RunConfig
from rnnviz.engine.training import TrainState
from rnnviz.probe.unrolled import Phase
from rnnviz.questions.step.arithmetic import formula, terms
from rnnviz.questions.step.measure import Focus, step_cell, step_record
from rnnviz.questions.step.pictures import blocks, operation, share
from rnnviz.questions.step.tab import caption_fields, caption_key
from tests.new_cell import VALVE, add
from tests.sampling import each_row, pairwise, singly
from tests.unit.engine.networks import CELLS, OTHERS, examples, network
from tests.unit.probe.known import KIND, KINDS, LETTERS, case_of

CURVES = {"σ": lambda a: 1 / (1 + np.exp(-a)), "tanh": np.tanh, "relu": lambda a: np.maximum(a, 0)}
#: All cells, and one more in the table.
EVERY = pytest.mark.parametrize(
    "cell", [*CELLS, *OTHERS, (VALVE.name, Activation.TANH)], ids="-".join
)
LAYERS = pytest.mark.parametrize("layers", [1, 2])
DROPOUT = {"dropout": 0.4, "recurrent_dropout": 0.4}
SETTINGS = [{}, {"truncate": 2}, {"batch": 2}, {"gradient": "notebook"}, DROPOUT]
OPTIMIZING = [
    {},
    DROPOUT,
    {"clip": 100},
    {"clip_by": "off"},
    {"clip_by": "value"},
    {"optimizer": "adam"},
]


@pytest.fixture(autouse=True)
def one_cell_more(monkeypatch):
    add(monkeypatch)


def step_of(cell, layers, kind, **settings):
    of = case_of(cell, layers, kind)
    settings = {"clip_by": "norm", "clip": 0.1, **settings}
    if cell[0] != "elman":
        settings.pop("gradient", None)
    config = RunConfig(cell=cell[0], activation=cell[1], layers=layers, **settings)
    batch = examples(of, [4, 2], *kind[:2])[: settings.get("batch", 1)]
    return step_record(TrainState(network(of)), batch, config, LETTERS)


def focuses(step, layers, units=(0, 3)):
    for moment in step.moments:
        for layer in range(layers):
            for part in step.parts:
                yield from (Focus(moment, unit, layer, part) for unit in units)


#: What a sign between two vectors does.
COMBINED = {
    "+": np.add,
    "−": np.subtract,
    "·": np.multiply,
    "=": lambda result, _: result,
    **{name: lambda total, _, curve=curve: curve(total) for name, curve in CURVES.items()},
}


@pairwise(EVERY, LAYERS, KIND, settings=SETTINGS)
def test_terms_and_rows_add_up_to_what_was_recorded(cell, layers, kind, settings):
    step = step_of(cell, layers, kind, **settings)
    for focus in focuses(step, layers):
        found = terms(step, focus)
        assert abs(found.values.sum() - found.recorded) <= 1e-12, focus
        for row in found.rows:
            assert row.value == pytest.approx(np.prod(row.factors), abs=1e-15)
        rows = operation(step, focus)
        assert all(len(row.cells) == len(row.values) for row in rows)
        assert all(row.signed or row.values.min() >= 0 for row in rows)
        so_far = rows[0].values
        for row in rows[1:]:
            so_far = COMBINED.get(row.sign, lambda _, values: values)(so_far, row.values)
            if row.sign == "=" or row.sign in CURVES:
                np.testing.assert_allclose(so_far, row.values, rtol=0, atol=1e-12)
                so_far = row.values


@pairwise(EVERY, LAYERS, KIND)
def test_a_line_is_the_function_of_its_total_and_its_gradient_the_engine_s(cell, layers, kind):
    step = step_of(cell, layers, kind)
    for found in (step_cell(step, layer) for layer in range(layers)):
        for part in found.parts.by_name.values():
            values = found.values(part.total)
            for function in reversed(part.functions):
                values = found.values.function(function, values)
            np.testing.assert_allclose(values, found.values(part.node), rtol=0, atol=1e-14)
            adjoint = found.parts.gradient(part)
            own, recorded = found.gradients(adjoint), found.recorded(adjoint)
            np.testing.assert_allclose(own, recorded, rtol=0, atol=1e-13)


@pairwise(EVERY, LAYERS, KIND, settings=[{}, DROPOUT])
def test_the_shares_of_all_moments_add_up_to_the_gradient(cell, layers, kind, settings):
    step = step_of(cell, layers, kind, **settings)
    so_far = np.zeros_like(step.before.theta)
    for moment in step.moments:
        here, total = share(step, moment)
        so_far += here.theta
        np.testing.assert_allclose(total.theta, so_far, rtol=0, atol=1e-13)
    np.testing.assert_allclose(so_far, step.descent.gradient.theta, rtol=0, atol=1e-13)


@pairwise(EVERY, LAYERS, KIND, settings=OPTIMIZING)
def test_every_moment_has_its_formula_and_its_caption_of_two_sentences(
    cell, layers, kind, settings
):
    step = step_of(cell, layers, kind, **settings)
    for focus in focuses(step, layers, units=(1,)):
        assert all(formula(step, focus))
        text = explanation(f"step/{caption_key(step, focus)}", **caption_fields(step, focus))
        assert "{" not in text
        assert len(re.findall(r"[.!?](?:\s|$)", text)) <= 2


@singly(EVERY, LAYERS, KIND)
def test_blocks_are_parameters_of_the_layer(cell, layers, kind):
    step = step_of(cell, layers, kind)
    for focus in focuses(step, layers, units=(1,)):
        found = blocks(step, focus)
        for name, block in zip(found.weights, found.of(step.before), strict=True):
            columns = len(found.columns) if name in found.inputs else step.before[name][0].size
            assert block.shape == (6, columns)
        assert all(name.endswith(f".{focus.layer + 1}") for name in found.weights) == (layers > 1)


def test_of_many_inputs_the_columns_that_are_read_are_shown(monkeypatch):
    monkeypatch.setattr("rnnviz.questions.step.pictures._MOST_COLUMNS", 2)
    step = step_of(CELLS[2], 2, KINDS["translation"])
    bridge, words = step.unrolled(0).bridge, step.words
    read = [{*map("vwxyz".index, words[:bridge])}, {*map("abcd".index, words[bridge:])}]
    for moment in step.moments:
        decoder = moment.t >= bridge or moment.phase in (Phase.CLIP, Phase.UPDATE)
        assert blocks(step, Focus(moment, 0, 0, "r")).columns == (*sorted(read[decoder]),)
        assert blocks(step, Focus(moment, 0, 1, "r")).columns == (*range(6),)


def test_what_a_gru_s_candidate_reads_of_the_memory_has_an_error_of_its_own():
    step = step_of(CELLS[2], 1, KINDS["verdict"])
    (moment,) = (m for m in step.moments if m.phase is Phase.BACKWARD and m.t == 2)
    found = formula(step, Focus(moment, 0, 0, "m"))
    assert found.symbols == "dm_3 = da_n,3 · r_3,  dW_hn += dm_3 h_2ᵀ"


@each_row(
    ("part", "signed"), [("o", [True] * 4 + [False]), ("g", [True] * 5), ("h", [False, True, True])]
)
def test_of_the_vectors_of_an_lstm_only_sigmoid_gates_are_never_negative(part, signed):
    step = step_of(CELLS[3], 1, KINDS["verdict"])
    assert [row.signed for row in operation(step, Focus(step.moments[1], 0, 0, part))] == signed
