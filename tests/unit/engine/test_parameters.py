"""Parameters: named views of one array, and their initial values."""

import numpy as np
import pytest

from rnnviz.cells import OWN
from rnnviz.config import Init, RunConfig
from rnnviz.engine.parameters import (
    Architecture,
    Parameters,
    copy_of,
    initial_parameters,
    plain,
    zeros,
)
from tests.sampling import each_row, pairwise, singly
from tests.unit.engine.networks import CELLS, HIDDEN, architecture


@pairwise(encoder=[False, True], layers=[1, 2, 3], cell=CELLS)
def test_the_named_parameters_are_views_that_fill_theta(cell, layers, encoder):
    parameters = Parameters(architecture(cell, layers, encoder))
    for name, array in parameters.named().items():
        assert np.shares_memory(array, parameters.theta), name
        assert not array.any(), name
        array[...] = 1
    assert parameters.theta.all()


@each_row(
    ("of", "names"),
    [
        (architecture(), "W_xh W_hh b_h W_hy b_y"),
        (architecture(CELLS[2]), "W_xr W_hr b_r W_xz W_hz b_z W_hn b_hn W_xn b_xn W_hy b_y"),
        (
            architecture(CELLS[3]),
            "W_xi W_hi b_i W_xf W_hf b_f W_xg W_hg b_g W_xo W_ho b_o W_hy b_y",
        ),
        (
            architecture(layers=2, encoder=True),
            "enc.W_xh.1 enc.W_hh.1 enc.b_h.1 enc.W_xh.2 enc.W_hh.2 enc.b_h.2 "
            "dec.W_xh.1 dec.W_hh.1 dec.b_h.1 dec.W_xh.2 dec.W_hh.2 dec.b_h.2 W_hy b_y",
        ),
    ],
)
def test_gates_layers_and_stacks_have_their_names(of, names):
    assert list(Parameters(of).named()) == names.split()


@pairwise(
    name=["W", "enc", "dec", "W_h1", "e"],
    encoder=[False, True],
    layers=[1, 2],
)
def test_a_name_is_found_without_its_stack_and_layer(name, encoder, layers):
    """Whatever a cell calls its matrices."""
    of = architecture(layers=layers, encoder=encoder)
    of = of._replace(kind=OWN, equations=f"h = tanh({name} @ x + U @ h)")
    named = [*Parameters(of).named()]
    assert [*map(plain, named)] == [name, "U"] * len(of.affixes) + ["W_hy", "b_y"]


SIXTY_FOUR = Architecture(18, 64, 2)


def test_normal_weights_have_the_scale_and_zero_biases():
    parameters = initial_parameters(SIXTY_FOUR, RunConfig())
    assert not parameters["b_h"].any()
    assert not parameters.b_y.any()
    assert parameters["W_hh"].std() == pytest.approx(1e-3, rel=0.05)
    radius = np.abs(np.linalg.eigvals(parameters["W_hh"])).max()
    assert radius == pytest.approx(0.008, rel=0.15)


def test_xavier_weights_are_as_large_as_the_connections_allow():
    parameters = initial_parameters(SIXTY_FOUR, RunConfig(init=Init.XAVIER))
    for name in ("W_xh", "W_hh", "W_hy"):
        limit = np.sqrt(6 / sum(parameters[name].shape))
        assert 0.9 * limit < np.abs(parameters[name]).max() <= limit
        assert parameters[name].mean() == pytest.approx(0, abs=0.2 * limit)


@each_row("cell", CELLS, ids="-".join)
def test_orthogonal_recurrent_weights_keep_lengths_and_gates_begin_as_they_are_set(cell):
    config = RunConfig(init=Init.ORTHOGONAL, cell=cell[0], forget_bias=2)
    for name, array in initial_parameters(architecture(cell, 2), config).named().items():
        if plain(name).startswith("W_h") and name != "W_hy":
            np.testing.assert_allclose(array @ array.T, np.eye(HIDDEN), rtol=0, atol=1e-12)
        if plain(name).startswith("b"):
            assert np.all(array == (2 if plain(name) in ("b_f", "b_z") else 0))


def test_identity_recurrent_weights_pass_a_state_on():
    parameters = initial_parameters(SIXTY_FOUR, RunConfig(init=Init.IDENTITY))
    assert np.array_equal(parameters["W_hh"], np.eye(64))
    assert parameters["W_xh"].std() == pytest.approx(1e-3, rel=0.1)


@each_row("init", Init)
def test_the_seed_decides_and_single_precision_is_the_same_draw(init):
    one, same, other = (
        initial_parameters(SIXTY_FOUR, RunConfig(init=init, seed=seed)) for seed in (1, 1, 2)
    )
    assert one.theta.tobytes() == same.theta.tobytes()
    assert one.theta.tobytes() != other.theta.tobytes()
    single = initial_parameters(SIXTY_FOUR, RunConfig(init=init, seed=1, dtype="float32"))
    assert np.array_equal(single.theta, one.theta.astype(np.float32))


# A copy is equal, independent and writeable, however large it is; weights begin at a line


@singly(size=[1, 1_000, 124_999, 125_000, 300_001], dtype=["float64", "float32"])
def test_a_copy_is_equal_and_independent(size, dtype):
    array = np.random.default_rng(size).standard_normal(size).astype(dtype)
    before = array.tobytes()
    array.flags.writeable = False
    copy = copy_of(array)
    again = copy_of(copy)
    assert (copy.dtype, copy.shape) == (array.dtype, array.shape)
    copy += 1
    assert array.tobytes() == again.tobytes() == before
    del copy
    assert again[-1] == array[-1]


@singly(size=[1, 7, 1_000, 300_001], dtype=["float64", "float32", "complex128"])
def test_weights_and_their_copies_begin_at_a_cache_line(size, dtype):
    arrays = [zeros(size, dtype) for _ in range(9)]
    for array in (*arrays, *map(copy_of, arrays)):
        assert (array.shape, array.dtype) == ((size,), dtype)
        assert array.flags.writeable and not array.any()
        assert array.__array_interface__["data"][0] % 64 == 0
