"""Networks of every cell and of every kind of task."""

import pytest

from rnnviz.analysis.notation import Names
from tests.unit.engine.networks import CELLS, architecture

LETTERS = Names(("a", "b", "c", "d"), ("A", "B", "C"), tuple("vwxyz"))
#: Whether there is an answer after every token, values instead of tokens, an encoder.
KINDS = {
    "verdict": (False, False, False),
    "every": (True, False, False),
    "values": (True, True, False),
    "translation": (True, False, True),
}
CASES = pytest.mark.parametrize("cell", CELLS, ids="-".join)
KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def case_of(cell, layers, kind):
    _, values, encoder = kind
    return architecture(cell, layers, encoder, squared=values)
