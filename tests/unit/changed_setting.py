"""A run of which one setting is not the default, for each setting there is, also for a new one."""

from rnnviz.config import SETTINGS

#: A cell with two states, no constants and names of its own.
STRANGE = """
k = sigmoid(W_xk @ x + W_pk @ p + b_k)
p = k * p + (1 - k) * tanh(W_xp @ x + U_qp @ q + b_p)
q = relu(W_pq @ p + b_q) - 0.1 * q
out = "q"
keeps = "k"
"""

#: What else must be set for a setting to have an effect, where its row can't say so.
_NEEDED = {
    "constants": {"cell": "leaky"},
    "window": {"task": "elnino"},
    "horizon": {"task": "elnino"},
}


def changed_setting(name):
    """The settings of a small run with another value of the setting ``name`` than its default."""
    row = SETTINGS[name]
    needed = {row.only[0]: row.needed[0]} if row.only else {}
    needed |= _NEEDED.get(name, {})
    small = {"hidden": 4, "epochs": 2, "init_scale": 0.3, "batch": 8, **needed}
    return {**small, name: _other_value(row)}


def _other_value(row):
    if row.choices:
        return next(value for value in row.choices if value not in (row.default, "own"))
    if row.kind is str:
        return {"constants": "a=0.7", "equations": STRANGE}[row.name]
    higher = row.default + 1
    return row.kind(higher) if higher <= row.high else (row.default or row.high) / 2
