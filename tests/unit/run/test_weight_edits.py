"""Edits of the weights: their texts, and what they make of the weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.cells import OWN
from rnnviz.config import RunConfig, SettingError
from rnnviz.engine.batch import collate
from rnnviz.engine.parameters import Parameters, initial_parameters, plain
from rnnviz.engine.training import record
from rnnviz.probe.memory_gauge import spectrum
from rnnviz.run.weight_edits import (
    LARGEST,
    Edit,
    apply_edits,
    noise,
    outgoing,
    problem,
    scale,
    set_weight,
    silence,
)
from tests.sampling import each_row, pairwise, singly
from tests.unit.engine.networks import CELLS, HIDDEN, architecture, examples, network

CASES = pytest.mark.parametrize("cell", CELLS, ids="-".join)
UNIT = 2
AMOUNTS, COUNTS = st.floats(-LARGEST, LARGEST), st.integers(0, 999_999_999)
NAMES = st.sampled_from(["W_hh", "enc.W_xh.2", "W_hy"])
EDITS = (
    st.builds(silence, COUNTS, COUNTS)
    | st.builds(scale, AMOUNTS)
    | st.builds(noise, AMOUNTS, COUNTS)
    | st.builds(set_weight, NAMES, COUNTS, COUNTS, AMOUNTS)
)


def answers(parameters, given):
    return record(parameters, collate(given)).logits


# Texts


@given(EDITS)
def test_an_edit_is_read_as_it_is_written(edit):
    assert Edit.parse(str(edit)) == edit
    assert "," not in str(edit)


def test_edits_are_short():
    edits = silence(1, 7), scale(0.9), noise(0.1, 3), set_weight("W_hh", 3, 4, 0.5)
    assert [*map(str, edits)] == ["silence 1 7", "scale 0.9", "noise 0.1 3", "set W_hh 3 4 0.5"]


TEXTS = (
    "|silence|silence 1|silence 1 2 3|silence -1 2|silence 1.5 2|silence ٣ 1|silence 1 9999999999"
    "|scale|scale nan|scale inf|scale 1e7|noise 0.1|noise x 1|set W_hh 1 1|set W_hh 1 1 1 1 1 1 1 1"
    "|kill 1 2|<b>"
)


@each_row("text", TEXTS.split("|"))
def test_anything_else_gets_a_sentence(text):
    with pytest.raises(SettingError, match="is not an edit of the weights: write silence 1 7"):
        Edit.parse(text)


# What becomes of the weights


@pairwise(
    CASES,
    pytest.mark.parametrize(("layers", "layer"), [(1, 0), (2, 0), (2, 1), (3, 1)]),
    encoder=[False, True],
)
def test_nobody_hears_a_silenced_unit(cell, layers, layer, encoder):
    """Whatever comes into the unit, the answers are the same."""
    of = architecture(cell, layers, encoder)
    parameters, given = network(of), examples(of, [4, 3], every=encoder)
    silenced = apply_edits(parameters, [silence(layer + 1, UNIT)])
    suffix = f".{layer + 1}" if layers > 1 else ""
    for stack in of.stacks:
        for name, array in silenced.named().items():
            if name.startswith(stack) and name.endswith(suffix) and name not in ("W_hy", "b_y"):
                array[UNIT] += 1
    quiet = apply_edits(parameters, [silence(layer + 1, UNIT)])
    assert not np.array_equal(silenced.theta, quiet.theta)
    assert answers(silenced, given) == pytest.approx(answers(quiet, given), abs=1e-12)
    # A rectified unit may have nothing to say.
    if cell[1] != "relu":
        assert not np.allclose(answers(parameters, given), answers(quiet, given))


def test_what_a_unit_of_an_lru_is_worth_does_not_depend_on_how_its_states_are_numbered():
    of = architecture(("lru", "tanh"))
    parameters, given = network(of), examples(of, [4, 3])
    other, order = parameters.copy(), np.roll(np.arange(of.hidden), 1)
    for name, array in other.named().items():
        if name in ("W_py", "W_qy"):
            array[...] = array[:, order]
        elif name in ("W_xp", "W_xq", "L_nu", "L_theta"):
            array[...] = array[order]
    found = [answers(apply_edits(one, [silence(1, UNIT)]), given) for one in (parameters, other)]
    assert found[0] == pytest.approx(found[1], abs=1e-12)
    assert found[0] != pytest.approx(answers(parameters, given), abs=1e-3)


@each_row(
    ("matrix", "layers", "encoder"),
    [("W", 1, True), ("W", 2, True), ("enc", 1, True), ("enc", 2, False)],
)
def test_a_unit_is_silenced_whatever_a_cell_calls_its_matrices(matrix, layers, encoder):
    of = architecture(layers=layers, encoder=encoder)
    text = f"h = tanh({{}} @ x + {matrix} @ h + b_h)"
    usual = of._replace(kind=OWN, equations=text.format("W_xh").replace(f"{matrix} @", "W_hh @"))
    of = of._replace(kind=OWN, equations=text.format("V"))
    parameters = network(of)
    silenced = apply_edits(parameters, [silence(1, UNIT)])
    same = apply_edits(Parameters(usual, parameters.theta), [silence(1, UNIT)])
    assert np.array_equal(silenced.theta, same.theta)
    assert not np.array_equal(silenced.theta, parameters.theta)


def test_silencing_is_a_forward_pass_with_the_unit_at_zero():
    of = architecture()
    parameters, (given,) = network(of), examples(of, [5])
    found = answers(apply_edits(parameters, [silence(1, UNIT)]), [given])[0]
    h, heard = np.zeros(HIDDEN), np.ones(HIDDEN)
    heard[UNIT] = 0
    for token in given.inputs:
        a = parameters["W_xh"][:, token] + parameters["W_hh"] @ h + parameters["b_h"]
        h = np.tanh(a) * heard
    assert found == pytest.approx(parameters["W_hy"] @ h + parameters["b_y"])


@CASES
def test_only_what_goes_out_of_the_unit_is_touched(cell):
    parameters = network(architecture(cell, 2))
    after = apply_edits(parameters, [silence(1, UNIT)])
    changed = {
        name
        for name, array in after.named().items()
        if not np.array_equal(array, parameters.named()[name])
    }
    gates = {name[3:-2] for name in after.named() if plain(name).startswith("W_h")} - {""}
    heard = {f"W_h{gate}.1" for gate in gates} | {f"W_x{gate}.2" for gate in gates}
    assert changed == heard
    for weights in outgoing(after, 0, UNIT):
        assert not weights.any()
    rest = np.delete(np.arange(HIDDEN), UNIT)
    for name in changed:
        assert np.array_equal(after[name][:, rest], parameters[name][:, rest])


@singly(CASES, factor=[0.0, 0.5, 2.0])
def test_scaling_multiplies_the_spectral_radius(cell, factor):
    parameters = network(architecture(cell, 2, encoder=True))
    after = apply_edits(parameters, [scale(factor)])
    for name, array in parameters.named().items():
        recurrent = plain(name).startswith("W_h") and name != "W_hy"
        assert after[name] == pytest.approx(array * factor if recurrent else array)
        if recurrent:
            assert spectrum(after[name]).radius == pytest.approx(factor * spectrum(array).radius)


def test_noise_comes_from_its_seed_and_is_as_large_as_was_said():
    parameters = network(architecture()._replace(hidden=80))
    one, again, other = (apply_edits(parameters, [noise(0.1, seed)]) for seed in (3, 3, 4))
    assert np.array_equal(one.theta, again.theta)
    assert not np.array_equal(one.theta, other.theta)
    for name, array in parameters.named().items():
        added = one[name] - array
        size = np.sqrt((array**2).mean())
        if array.ndim == 1:
            assert not added.any()
        else:
            assert np.sqrt((added**2).mean()) == pytest.approx(0.1 * size, rel=0.25)


def test_one_weight_is_set_and_no_other():
    parameters = network(architecture())
    after = apply_edits(parameters, [set_weight("W_hh", 3, 4, -0.5)])
    assert after["W_hh"][3, 4] == -0.5
    assert (after.theta != parameters.theta).sum() == 1


def test_edits_follow_each_other_and_the_original_stays():
    """In single precision all is single."""
    parameters = initial_parameters(architecture(), RunConfig(dtype="float32", init_scale=0.5))
    before = parameters.theta.copy()
    edits = [silence(1, 1), noise(0.1, 1), scale(2.0), set_weight("W_hh", 0, 0, 1.0), scale(2.0)]
    after = apply_edits(parameters, edits)
    assert (after["W_hh"][0, 0], after.theta.dtype) == (2, np.float32)
    assert np.array_equal(parameters.theta, before)
    assert np.array_equal(apply_edits(parameters, []).theta, before)


@each_row(
    ("edit", "said"),
    [
        (silence(1, HIDDEN), "no unit 6 in a layer 1"),
        (silence(3, 0), "in a layer 3"),
        (silence(0, 0), "in a layer 0"),
        (set_weight("W_hx.1", 0, 0, 1.0), "no matrix 'W_hx.1'"),
        (set_weight("b_h.1", 0, 0, 1.0), "no matrix"),
        (set_weight("W_hh.1", 0, HIDDEN, 1.0), "only 6 × 6"),
        (silence(2, 5), ""),
        (scale(1e6), ""),
        (noise(0.1, 0), ""),
        (set_weight("W_xh.2", 5, 5, 0.0), ""),
    ],
)
def test_only_what_a_network_has_can_be_edited(edit, said):
    why = problem(edit, architecture(layers=2))
    assert said in why
    assert bool(said) == bool(why)
