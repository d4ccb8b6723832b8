"""One sequence's way through the network, against the formulas."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnnviz.cells import CELLS, OWN, CellText, cell_names
from rnnviz.config import Activation, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.gradcheck import own_cell
from rnnviz.engine.parameters import Architecture, initial_parameters
from rnnviz.engine.training import record
from rnnviz.probe.cell_parts import MOST_TERMS, cell_parts, memory_states, untimed
from rnnviz.probe.sequence_pass import (
    MOST_UNITS,
    Readers,
    memory_share,
    outgoing_parts,
    readers,
    recurrent_parts,
    sequence_pass,
)
from rnnviz.probe.unrolled import Unrolled
from rnnviz.tasks.dataset import Example
from tests.sampling import each_row
from tests.unit.engine.networks import architecture, examples, network

TOKENS = np.array([3, 0, 4, 1, 2])
SOURCE = np.array([1, 0, 2])


def passed(kind="elman", source=False, hidden=6, layers=1, **read):
    """The pass of a sequence of five words, or of a translation, its weights, and the trace."""
    of = Architecture(5, hidden, 3, kind, layers=layers, source=3 if source else 0)
    parameters = initial_parameters(of, RunConfig(init_scale=0.7, seed=2))
    tokens = read.get("tokens", TOKENS)
    targets = np.ones(len(tokens) if source or read.get("every") else 1, int)
    example = Example("", tokens, targets, SOURCE if source else None)
    trace = record(parameters, collate([example]))
    return sequence_pass(parameters, trace), parameters, trace


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def read(parameters, prefix, tokens, kind, states):
    """The kept and the added part, and the states, of every token, by the formulas."""
    W = {name.removeprefix(prefix): parameters[name] for name in parameters.named()}
    h, c = states
    for token in tokens:
        if kind == "elman":
            kept, added = W["W_hh"] @ h, W["W_xh"][:, token] + W["b_h"]
            h = np.tanh(kept + added)
        elif kind == "gru":
            r, z = (sigmoid(W[f"W_x{g}"][:, token] + W[f"W_h{g}"] @ h + W[f"b_{g}"]) for g in "rz")
            candidate = r * (W["W_hn"] @ h + W["b_hn"]) + W["W_xn"][:, token] + W["b_xn"]
            kept, added = z * h, (1 - z) * np.tanh(candidate)
            h = kept + added
        else:
            sums = {g: W[f"W_x{g}"][:, token] + W[f"W_h{g}"] @ h + W[f"b_{g}"] for g in "ifgo"}
            kept, added = sigmoid(sums["f"]) * c, sigmoid(sums["i"]) * np.tanh(sums["g"])
            c = kept + added
            h = sigmoid(sums["o"]) * np.tanh(c)
        yield kept, added, (h, c)


@each_row("kind", ["elman", "gru", "lstm"])
@each_row("source", [False, True])
def test_parts_and_shares_are_those_of_the_formulas(kind, source):
    found, parameters, trace = passed(kind, source=source)
    last, rows = (np.zeros(6), np.zeros(6)), []
    pieces = [("enc.", SOURCE), ("dec.", TOKENS)] if source else [("", TOKENS)]
    for prefix, tokens in pieces:
        for kept, added, after in read(parameters, prefix, tokens, kind, last):
            rows.append((kept, added, after[0]))
            last = after
    kept, added, h = (np.array(column) for column in zip(*rows, strict=True))
    assert found.memory == pytest.approx(kept)
    assert found.added == pytest.approx(added)
    assert found.states == pytest.approx(h)
    sizes = [np.sqrt((part**2).sum(axis=1)) for part in (kept, added)]
    assert found.share == pytest.approx(sizes[0] / (sizes[0] + sizes[1]))
    assert found.share[0] == 0
    assert found.bridge == (3 if source else 0)
    names = [f"{prefix}W_hh" for prefix, _ in pieces] if kind == "elman" else []
    assert len(found.weights) == len(names)
    for W, name in zip(found.weights, names, strict=True):
        assert (parameters[name] == W).all()
    assert found.loss == pytest.approx(-np.log(trace.probs[:, 1]).mean())


def test_a_verdict_after_every_word_is_that_of_the_words_so_far():
    found, parameters, _ = passed()
    for t in range(len(TOKENS)):
        short = record(parameters, collate([Example("", TOKENS[: t + 1], np.array([1]))]))
        assert found.answers[t] == pytest.approx(short.probs[0])
    every, _, trace = passed(every=True)
    assert (every.answers == trace.probs).all()


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(cell_names()), hidden=st.integers(1, 150), layers=st.integers(1, 2),
    source=st.booleans(), tokens=st.lists(st.integers(0, 4), min_size=1, max_size=12),
)  # fmt: skip
@example(kind="rglru", hidden=141, layers=2, source=True, tokens=[0])
def test_of_many_units_the_largest_of_each_group_are_shown(kind, hidden, layers, source, tokens):
    found, _, trace = passed(kind, source, hidden, layers, tokens=np.array(tokens))
    steps, shown = len(tokens) + 3 * source, len(found.units)
    assert shown <= MOST_UNITS
    assert shown == -(-hidden // found.group)
    assert found.states.shape == found.memory.shape == found.added.shape == (steps, shown)
    assert found.share.shape == found.gradients.shape == (steps,)
    assert found.finite
    assert ((found.share >= 0) & (found.share <= 1)).all()
    sizes = np.concatenate([np.abs(stack.top.h[:, 0]) for stack in trace.stacks]).max(axis=0)
    for first, unit in zip(range(0, hidden, found.group), found.units, strict=True):
        assert sizes[unit] == sizes[first : first + found.group].max()


@each_row("weight", [1e39, 1e200, np.nan])
def test_numbers_beyond_all_bounds_are_not_finite(weight):
    found, parameters, trace = passed()
    assert found.finite
    parameters.theta[:] = weight
    assert not sequence_pass(parameters, record(parameters, trace.batch)).finite


LSTM = (
    "i = sigmoid(W_i @ x + U_i @ h)\nf = sigmoid(W_f @ x + U_f @ h)\n"
    "o = sigmoid(W_o @ x + U_o @ h)\ng = tanh(W_g @ x + U_g @ h)\n"
)


@each_row(
    "lines",
    [
        "k = f * c\nm = i * g\nc = k + m\nq = tanh(c)\nh = o * q",
        "m = f * c + i * g\nc = m\nh = o * tanh(c)",
        "m = i * g - -(f * c)\nu = m\nc = u * 1\nh = o * tanh(c)",
    ],
)
def test_the_memory_is_found_behind_lines_with_names(lines):
    shares = []
    for text in (LSTM + "c = f * c + i * g\nh = o * tanh(c)", LSTM + lines):
        of = Architecture(5, 6, 3, OWN, equations=text)
        parameters = initial_parameters(of, RunConfig(init_scale=0.7, seed=2))
        trace = record(parameters, collate([Example("", TOKENS, np.ones(1, int))]))
        assert memory_states(of.cell) == ["c"]
        shares.append(memory_share(parameters, trace))
    assert (shares[0] == shares[1]).all() and (shares[0][1:] > 0).all()


@each_row(
    ("text", "kept", "added"),
    [
        ("z = sigmoid(W_z @ x)\nh = h + z * (tanh(W @ x) - h)", "h − z·h", "z·tanh(a_h)"),
        ("f = sigmoid(W_f @ x)\nh = f * (h + tanh(W @ x))", "f·h", "f·tanh(a_h)"),
        ("a = W @ x + U @ h\nh = 0.9 * h + 0.1 * a", "0.9·h", "0.1·a"),
    ],
)
def test_a_sum_that_keeps_and_adds_is_expanded(text, kept, added):
    parts = cell_parts(DerivedCell(CellText("own", text)))
    notation, found = untimed(parts.named), {True: "", False: ""}
    for term in parts.memory_terms:
        sign = " − " if term.sign < 0 else ""
        factors = "·".join(notation.factor(node, 0) for node in term.factors)
        found[parts.kept(term)] += sign + factors
    assert found == {True: kept, False: added}


def test_a_memory_of_many_lines_is_expanded_in_few_terms():
    lines = ["b = h + x_0", *(f"{y} = {x} + {x} * {x}" for x, y in pairwise("bcdefg"))]
    text = "\n".join([lines[0].replace("x_0", "tanh(W @ x)"), *lines[1:], "h = 0.01 * g"])
    assert len(cell_parts(DerivedCell(CellText("own", text))).memory_terms) <= 2 * MOST_TERMS


# What one unit gets from every unit of the state before


#: The lines of every cell into which threads can lead, the candidate's first.
LINES = {
    "elman": "h", "elman-relu": "h", "gru": "nrz", "lstm": "gifo", "peephole": "gifo", "mgu": "nf",
    "leaky": "s", "mingru": "", "rglru": "", "lru": "", "slstm": "gifo", "cornn": "z",
}  # fmt: skip


def readings(cell, line, layer=0, layers=1, encoder=False):
    """Of every unit at every token: the parts, its weights, the values, the states, the input."""
    of = architecture((cell, Activation.TANH), layers, encoder)
    weights = network(of)
    unrolled = Unrolled(record(weights, collate(examples(of, [5]))), layer)
    names = cell_parts(of.cell).equations.shapes
    for unit in range(of.hidden):
        parts = recurrent_parts(weights, unrolled.trace, layer, unit, line)
        assert parts.shape == unrolled.h.shape
        for t in range(len(unrolled)):
            w = {name: unrolled.weight(weights, t, name)[unit] for name in names}
            now = {name: unrolled.of(name)[t] for name in of.cell.shown}
            before = {name: unrolled.of(f"{name}_before")[t] for name in of.cell.states}
            yield unit, parts[t], w, now, before, unrolled.x(t)


@pytest.mark.parametrize("cell", CELLS)
def test_threads_lead_into_the_lines_that_read_the_state_through_a_matrix(cell):
    found = Readers(cell_parts(DerivedCell(CELLS[cell])))
    assert {*found.entries} == {*LINES[cell]}
    assert found.candidate == LINES[cell][:1]


@pytest.mark.parametrize(("layer", "encoder"), [(0, False), (1, False), (0, True)])
def test_of_an_elman_cell_the_parts_and_the_input_make_the_state(layer, encoder):
    for unit, parts, w, now, _, x in readings("elman", "h", layer, 2, encoder):
        total = parts.sum() + w["W_xh"] @ x + w["b_h"]
        assert np.tanh(total) == pytest.approx(now["h"][unit], rel=1e-12)


@pytest.mark.parametrize("layer", [0, 1])
def test_of_a_gru_the_parts_of_the_candidate_have_passed_the_reset_gate(layer):
    for unit, parts, w, now, before, x in readings("gru", "n", layer, 2):
        r = now["r"][unit]
        assert parts == pytest.approx(r * w["W_hn"] * before["h"])
        total = parts.sum() + r * w["b_hn"] + w["W_xn"] @ x + w["b_xn"]
        assert np.tanh(total) == pytest.approx(now["n"][unit], rel=1e-12)


@each_row(("line", "function"), [("i", sigmoid), ("f", sigmoid), ("g", np.tanh), ("o", sigmoid)])
def test_every_gate_of_an_lstm_has_its_own(line, function):
    for unit, parts, w, now, _, x in readings("lstm", line):
        total = parts.sum() + w[f"W_x{line}"] @ x + w[f"b_{line}"]
        assert function(total) == pytest.approx(now[line][unit], rel=1e-12)


def test_what_is_multiplied_may_be_a_gated_state_or_several_states():
    for _, parts, w, now, before, _ in readings("mgu", "n"):
        assert parts == pytest.approx(w["W_hn"] * now["f"] * before["h"])
    for _, parts, w, _, before, _ in readings("cornn", "z"):
        assert parts == pytest.approx(w["W_yz"] * before["y"] + w["W_zz"] * before["z"])


@pytest.mark.parametrize("cell", ["gru", "mgu", "cornn"])
def test_what_a_unit_gives_is_what_the_others_get_from_it(cell):
    of = architecture((cell, Activation.TANH), 2, encoder=True)
    weights = network(of)
    traced = weights, record(weights, collate(examples(of, [5]))), 1
    line, units = LINES[cell][0], range(of.hidden)
    got = [recurrent_parts(*traced, unit, line) for unit in units]
    given = [outgoing_parts(*traced, unit, line) for unit in units]
    assert np.array(given).transpose(2, 1, 0) == pytest.approx(np.array(got))
    assert np.abs(got).max() > 0.01


def test_two_sums_in_one_line_are_told_apart():
    text = "h = sigmoid(W_hz @ h + b_z) * h + tanh(W_xh @ x - b_r * (W_hh @ h))"
    found = readers(own_cell(text))
    terms = {
        name: [(untimed({}).value(factor, 0), product.name) for factor, product in own]
        for name, own in found.entries.items()
    }
    assert sorted(terms.values()) == [[("1", "W_hz")], [("−b_r", "W_hh")]]
    assert terms[found.candidate] == [("−b_r", "W_hh")]
