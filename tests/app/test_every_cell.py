"""Every page with every cell, and with a cell that is only a line of text."""

import pytest

from rnnviz.config import SETTINGS, CellKind
from tests.app.tab import PAGES, Page, tabs_of

#: A cell that nobody knows: two states, a gate without a name that means anything.
STRANGE = """
k = sigmoid(W_xk @ x + W_pk @ p + b_k)  # valve
p = k * p + (1 - k) * tanh(W_xp @ x + U_qp @ q + b_p)  # store
q = relu(W_pq @ p + b_q) - 0.1 * q  # outlet
out = "q"
keeps = "k"
"""


@pytest.fixture(scope="module", params=CellKind)
def session(request):
    """A run of a few epochs, which every page looks at."""
    own = (
        {"equations": SETTINGS["equations"].to_link(STRANGE)}
        if request.param is CellKind.OWN
        else {}
    )
    return Page("train", cell=request.param.value, hidden="5", epoch="2", **own).session


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_with_every_cell(page, session):
    opened = Page(page, session)
    for view in tabs_of(page):
        opened.enter(view)
        assert opened.charts.keys() == opened.places.keys()
        assert "nan" not in opened.text.lower().split()
        assert opened.session.config == session.config
