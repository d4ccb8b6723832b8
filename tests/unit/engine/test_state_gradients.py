"""The gradient of every state that a cell hands on."""

import re

import numpy as np

from rnnviz.cells import CELLS, OWN
from rnnviz.engine.batch import collate
from rnnviz.engine.gradcheck import complex_step_gradient
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import record
from tests.sampling import each_row
from tests.unit.engine.networks import architecture, examples, network, phrase

#: Every word once: the gradient of a word's column is that at its token.
TOKENS = [2, 0, 3, 1]
#: A state that is handed on unchanged by one line, and read by the next token.
DELAY = "q = p\np = tanh(W @ x + U @ q + V @ h)\nh = tanh(W_h @ p)"
TEXTS = {
    **{name: cell.standalone for name, cell in CELLS.items()},
    "delay": DELAY,
    # A state that is one function, and read by other lines of its token, too.
    "function": "c = tanh(W_c @ x + U_c @ c)\no = sigmoid(W_o @ x)\nh = o * c",
    "copied": "c = tanh(W_c @ x + U_c @ c)\nh = c",
    "negative": "c = -tanh(W_c @ x + c)\nh = tanh(W @ x + U_h @ h) * c",
    "negative line": "v = -tanh(h)\nu = tanh(V_u @ v)\nh = W @ x + v + u",
}


def with_an_input(text, state):
    """The equations with W_e x added to the last line of the state."""
    line = [*re.finditer(rf"^{state} = ([^#\n]+)", text, re.MULTILINE)][-1]
    return f"{text[: line.end()].rstrip()} + W_e @ x{text[line.end() :]}"


@each_row("name", [*TEXTS])
def test_it_is_the_gradient_of_what_could_be_added_to_the_state(name):
    of = Architecture(4, 5, 3, OWN, equations=TEXTS[name])
    weights, batch = network(of), collate([phrase(TOKENS, 1)])
    whole = of.cell.state_gradient(record(weights, batch).layers[0])[:, 0]
    for state, found in zip(of.cell.states, np.hsplit(whole, len(of.cell.states)), strict=True):
        other = Parameters(of._replace(equations=with_an_input(TEXTS[name], state)))
        for key, array in other.named().items():
            array[...] = 0 if key == "W_e" else weights[key]
        np.testing.assert_allclose(record(other, batch).logits, record(weights, batch).logits)
        expected = complex_step_gradient(other, batch)["W_e"].T[TOKENS]
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-13)


def test_of_a_batch_every_sequence_has_its_own():
    of = architecture(("lstm", "tanh"), layers=2)
    weights, given = network(of), examples(of, [5, 3])
    both = record(weights, collate(given))
    for k, example in enumerate(given):
        alone, steps = record(weights, collate([example])), len(example.inputs)
        for layer, own in zip(both.layers, alone.layers, strict=True):
            found, expected = (of.cell.state_gradient(one) for one in (layer, own))
            np.testing.assert_allclose(2 * found[:steps, k], expected[:, 0], atol=1e-12)
