"""Every cell as its equations; all else is derived from them.

x is the input; the next layer reads h, or the line that ``out`` names. A name that is read before
it is written is a state. The left operand of @ is a matrix; any other name is a vector of weights,
one for each unit. The comment of a line is its name on the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent, wrap

#: NumPy formulas of initial weights; HIDDEN is the number of units.
KEEPING, ADMITTING = "np.full(HIDDEN, FORGET_BIAS)", "np.full(HIDDEN, -FORGET_BIAS)"
#: The name of a cell of one's own.
OWN = "own"
#: The largest number in a cell's text.
LARGEST = 1e6
#: The cells without a matrix from state to state.
_DIAGONAL = "mingru", "rglru", "lru"


@dataclass(frozen=True, eq=False)
class CellText:
    """A cell: its name, its equations, and where they come from.

    ``keeps`` is the gate that keeps the memory, ``memory`` one sentence on how it does.
    ``constants`` are numbers that can be set. ``remarks`` are comments on gradients, by name.
    ``first`` are formulas of initial vectors of weights, by name. Other vectors begin at 0, and
    the bias of the gate that keeps at the forget bias.
    """

    name: str
    text: str
    source: str = ""
    memory: str = ""
    keeps: str = ""
    out: str = "h"
    constants: Mapping[str, float] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    first: Mapping[str, str] = field(default_factory=dict)

    @property
    def lines(self) -> str:
        """The equations, one a line."""
        return dedent(self.text).strip()

    @property
    def gated(self) -> bool:
        """Whether one of its gates begins with the forget bias."""
        bias = re.search(rf"\bb_{self.keeps}\b", self.text) if self.keeps else None
        return bool(bias) or not {KEEPING, ADMITTING}.isdisjoint(self.first.values())

    @property
    def standalone(self) -> str:
        """The complete text: the equations with comments, constants and options."""
        head = _comment(f"{self.name}: {self.source}") if self.source else []
        if self.first:
            begin = f"begin{'s' * (len(self.first) == 1)}"
            head += _comment(f"Here {' and '.join(self.first)} {begin} at 0.")
        head += [f"{name} = {value!r}" for name, value in self.constants.items()]
        end = [f'out = "{self.out}"'] * (self.out != "h")
        end += [f'keeps = "{self.keeps}"'] * bool(self.keeps)
        return "\n".join([*head, self.lines, *end])


def _comment(text: str) -> list[str]:
    # Short enough for an editor in one of two columns.
    return wrap(text, 56, initial_indent="# ", subsequent_indent="# ")


ELMAN = CellText(
    "elman",
    "h = tanh(W_xh @ x + W_hh @ h + b_h)  # hidden state",
    source="Elman 1990",
    memory="W_hh multiplies the state at every token, and tanh squashes the sum.",
    remarks={"d_h_before": "the notebook's bug: W_hh without .T"},
)
ELMAN_RELU = CellText(
    "elman-relu",
    "h = relu(W_xh @ x + W_hh @ h + b_h)  # hidden state",
    source="Le, Jaitly and Hinton 2015",
    memory="As in an Elman cell; with the identity as W_hh, and nothing added, a positive state "
    "stays as it is.",
)
GRU = CellText(
    "gru",
    """
    r = sigmoid(W_xr @ x + W_hr @ h + b_r)  # reset gate
    z = sigmoid(W_xz @ x + W_hz @ h + b_z)  # update gate
    m = W_hn @ h + b_hn  # memory that r lets in
    n = tanh(W_xn @ x + b_xn + r * m)  # candidate
    h = z * h + (1 - z) * n  # hidden state
    """,
    source="Cho et al. 2014; the reset gate after the recurrent product, as in PyTorch",
    memory="Where the update gate z is 1 the state stays as it is.",
    keeps="z",
)
LSTM = CellText(
    "lstm",
    """
    i = sigmoid(W_xi @ x + W_hi @ h + b_i)  # input gate
    f = sigmoid(W_xf @ x + W_hf @ h + b_f)  # forget gate
    g = tanh(W_xg @ x + W_hg @ h + b_g)  # candidate
    o = sigmoid(W_xo @ x + W_ho @ h + b_o)  # output gate
    c = f * c + i * g  # cell state
    h = o * tanh(c)  # hidden state
    """,
    source="Hochreiter and Schmidhuber 1997; the forget gate of Gers et al. 2000",
    memory="The cell state c is only multiplied by the forget gate f and added to.",
    keeps="f",
)
PEEPHOLE = CellText(
    "peephole",
    """
    i = sigmoid(W_xi @ x + W_hi @ h + p_i * c + b_i)  # input gate
    f = sigmoid(W_xf @ x + W_hf @ h + p_f * c + b_f)  # forget gate
    g = tanh(W_xg @ x + W_hg @ h + b_g)  # candidate
    c = f * c + i * g  # cell state
    o = sigmoid(W_xo @ x + W_ho @ h + p_o * c + b_o)  # output gate
    h = o * tanh(c)  # hidden state
    """,
    source="Gers and Schmidhuber 2000",
    memory="As in an LSTM; the gates see the cell state too.",
    keeps="f",
)
MGU = CellText(
    "mgu",
    """
    f = sigmoid(W_xf @ x + W_hf @ h + b_f)  # forget gate
    n = tanh(W_xn @ x + W_hn @ (f * h) + b_n)  # candidate
    h = (1 - f) * h + f * n  # hidden state
    """,
    source="Zhou et al. 2016, minimal gated unit",
    memory="Where the one gate f is 0 the state stays as it is.",
    first={"b_f": ADMITTING},
)
LEAKY = CellText(
    "leaky",
    """
    s = (1 - a) * s + a * (W_xs @ x + W_rs @ r + b_s)  # current
    r = relu(s)  # firing rate
    """,
    source="Song, Yang and Wang 2016, without noise; a is the time step over the time constant",
    memory="A share 1 - a of the current s stays at every token.",
    out="r",
    constants={"a": 0.2},
)
MINGRU = CellText(
    "mingru",
    """
    z = sigmoid(W_xz @ x + b_z)  # update gate
    u = W_xn @ x + b_n  # input current
    n = where(u >= 0, u + 0.5, sigmoid(u))  # candidate
    h = (1 - z) * h + z * n  # hidden state
    """,
    source="Feng et al. 2024, Were RNNs all we needed?",
    memory="Where z is 0 the state stays as it is; the gate does not see the state.",
    first={"b_z": ADMITTING},
)
RGLRU = CellText(
    "rglru",
    """
    u = W_xu @ x + b_u  # input current
    r = sigmoid(W_ur @ u + b_r)  # recurrence gate
    i = sigmoid(W_ui @ u + b_i)  # input gate
    a = exp(-8 * r * softplus(L_a))  # decay
    h = a * h + sqrt(max(1 - a ** 2, 1e-6)) * (i * u)  # hidden state
    """,
    source="De et al. 2024, Griffin; their code has no root at the first token, and bounds its "
    "slope where here the root itself is bounded",
    memory="Every unit decays at its own rate a, which the input can slow down.",
    keeps="a",
    # At r = 1 the decay is uniform from 0.9 to 0.999.
    first={"L_a": "np.log(np.expm1(-np.log(rng.uniform(0.9, 0.999, HIDDEN)) / 8))"},
)
LRU = CellText(
    "lru",
    """
    l = exp(-exp(L_nu))  # size of the eigenvalue
    a = l * cos(exp(L_theta))  # real part of the eigenvalue
    b = l * sin(exp(L_theta))  # imaginary part of the eigenvalue
    s = a * p - b * q + sqrt(1 - l ** 2) * (W_xp @ x)  # new real part
    q = b * p + a * q + sqrt(1 - l ** 2) * (W_xq @ x)  # imaginary part of the state
    p = s  # real part of the state
    y = W_py @ p + W_qy @ q + W_xy @ x  # output
    """,
    source="Orvieto et al. 2023; p and q are the real and the imaginary part of the state; their "
    "factor gamma of the input begins at the root of 1 - l ** 2, and is learned apart",
    memory="Every pair of states turns and decays by its own eigenvalue, a + b i.",
    out="y",
    # Eigenvalues are uniform on a ring.
    first={
        "L_nu": "np.log(-0.5 * np.log(rng.uniform(0.9**2, 0.999**2, HIDDEN)))",
        "L_theta": "np.log(rng.uniform(1e-6, 2 * np.pi, HIDDEN))",
    },
)
SLSTM = CellText(
    "slstm",
    """
    i = W_xi @ x + W_hi @ h + b_i  # input gate, as a logarithm
    f = W_xf @ x + W_hf @ h + b_f  # forget gate before its sigmoid
    g = tanh(W_xg @ x + W_hg @ h + b_g)  # candidate
    o = sigmoid(W_xo @ x + W_ho @ h + b_o)  # output gate
    k = m - softplus(-f) - where(n > 0, 0, 1e4)  # old weight, as a logarithm; at first none
    m = max(i, k)  # larger of the two logarithms
    a = exp(i - m)  # weight of what is new
    e = exp(k - m)  # weight of what is kept
    c = e * c + a * g  # cell state
    n = e * n + a  # sum of the weights
    h = o * c / n  # hidden state
    """,
    source="Beck et al. 2024, xLSTM; one head, sigmoid forget gate; m keeps the exponentials "
    "small: a bias b_i, or a larger m with c and n scaled to it, changes no output",
    memory="An exponential input gate weighs what is new against what is kept, and n is the sum of "
    "the weights.",
    keeps="e",
    first={"b_f": KEEPING},
)
CORNN = CellText(
    "cornn",
    """
    z = z + dt * (tanh(W_yz @ y + W_zz @ z + W_xz @ x + b_z) - gamma * y - eps * z)  # velocity
    y = y + dt * z  # position
    """,
    source="Rusch and Mishra 2021",
    memory="Every unit is a driven oscillator: y is its position, z its velocity.",
    out="y",
    constants={"dt": 0.1, "gamma": 1.3, "eps": 4.7},
)
CELLS = {
    cell.name: cell
    for cell in (
        ELMAN, ELMAN_RELU, GRU, LSTM, PEEPHOLE, MGU, LEAKY, MINGRU, RGLRU, LRU, SLSTM, CORNN
    )
}  # fmt: skip


def cell_names() -> tuple[str, ...]:
    """The names of all cells; a variant such as elman-relu is chosen by another setting."""
    return (*(name for name in CELLS if "-" not in name), OWN)


def gated() -> tuple[str, ...]:
    """The cells that have a forget bias."""
    return tuple(name for name in cell_names() if name == OWN or CELLS[name].gated)


def recurrent() -> tuple[str, ...]:
    """The cells that have a matrix from state to state, or may have one."""
    return tuple(name for name in cell_names() if name not in _DIAGONAL)


def with_constants() -> tuple[str, ...]:
    """The cells with numbers that can be set."""
    return tuple(name for name in cell_names() if name != OWN and CELLS[name].constants)
