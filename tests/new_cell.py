"""A cell that nobody wrote any code for: one entry more in the table of cells."""

from rnnviz.cells import ADMITTING, CELLS, CellText

#: Two states, a constant, a gate and an output without names that mean anything.
VALVE = CellText(
    "valve",
    """
    k = sigmoid(W_xk @ x + W_pk @ p + b_k)  # valve
    p = k * p + (1 - k) * tanh(s * (W_xp @ x + U_qp @ q + b_p))  # store
    q = relu(W_pq @ p + b_q) - 0.1 * q  # outlet
    """,
    source="nobody",
    memory="What the valve k shuts in stays.",
    keeps="k",
    out="q",
    constants={"s": 0.9},
    first={"b_q": ADMITTING},
)


def add(monkeypatch):
    """Add the cell to the table, and return its name."""
    monkeypatch.setitem(CELLS, VALVE.name, VALVE)
    return VALVE.name
