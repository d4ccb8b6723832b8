"""The equations of every kind of cell, forward and backward, as data.

The page's texts, vectors and terms are made from them. Tests compare them with the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rnnviz.analysis.unrolled import Unrolled
from rnnviz.config import Activation, CellKind
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture


class Factor(NamedTuple):
    """A number of each unit at every token, (T, H), and how it is written.

    ``written`` has {n} for the number of the token, from 1, and {p} for the one before.
    """

    written: str
    of: Callable[[Unrolled], Array]

    def label(self, t: int) -> str:
        """How it is written at token ``t`` (from 0)."""
        return self.written.format(n=t + 1, p=t)


def product_label(factors: Sequence[Factor], t: int) -> str:
    """How the product of some factors is written at token ``t`` (from 0)."""
    return " · ".join(factor.label(t) for factor in factors)


class Source(NamedTuple):
    """A part of a sum: the suffix of its weights, whether they read the token and the state.

    If ``times`` is set, the part from the state is multiplied by it.
    """

    gate: str
    token: bool = True
    state: bool = True
    times: Factor | None = None


class Part(NamedTuple):
    """A gate or state of the cell.

    A gate is a ``curve`` of the sum of its ``sources``. The gradient of that sum, named ``error``,
    is the product of the factors ``back``. A state is a sum of ``products``.
    """

    name: str
    sources: tuple[Source, ...] = ()
    curve: str = ""
    error: str = ""
    back: tuple[Factor, ...] = ()
    products: tuple[tuple[Factor, ...], ...] = ()


def _value(name: str) -> Factor:
    return Factor(f"{name}_{{n}}", lambda u: u.of(name))


def _before(name: str) -> Factor:
    return Factor(f"{name}_{{p}}", lambda u: u.of(f"{name}_before"))


def _rest(name: str) -> Factor:
    return Factor(f"(1 − {name}_{{n}})", lambda u: 1 - u.of(name))


def _sigmoid_slope(name: str) -> Factor:
    return Factor(f"{name}_{{n}} (1 − {name}_{{n}})", lambda u: u.of(name) * (1 - u.of(name)))


def _tanh_slope(name: str) -> Factor:
    return Factor(f"(1 − {name}_{{n}}²)", lambda u: 1 - u.of(name) ** 2)


_DH = Factor("dh_{n}", lambda u: u.dh)
_DN = Factor("dn_{n}", lambda u: u.errors()["xn"])
_DC = Factor("dc_{n}", lambda u: u.of("d_c"))
_TANH_C = Factor("tanh(c_{n})", lambda u: u.of("tanh_c"))
_STEP = Factor("[a_{n} > 0]", lambda u: (u.of("a_h") > 0) * 1.0)
_MEMORY = Factor("m_{n}", lambda u: u.of("m"))
_CHANGE = Factor("(h_{p} − n_{n})", lambda u: u.of("h_before") - u.of("n"))


def _elman(curve: str, slope: Factor) -> tuple[Part, ...]:
    return (Part("h", (Source("h"),), curve, "h", (_DH, slope)),)


def _sigmoid(name: str, *back: Factor) -> Part:
    return Part(name, (Source(name),), "σ", name, (*back, _sigmoid_slope(name)))


_LSTM = (
    _sigmoid("i", _DC, _value("g")),
    _sigmoid("f", _DC, _before("c")),
    Part("g", (Source("g"),), "tanh", "g", (_DC, _value("i"), _tanh_slope("g"))),
    _sigmoid("o", _DH, _TANH_C),
    Part("c", products=((_value("f"), _before("c")), (_value("i"), _value("g")))),
    Part("h", products=((_value("o"), _TANH_C),)),
)
_GRU = (
    _sigmoid("r", _DN, _MEMORY),
    _sigmoid("z", _DH, _CHANGE),
    Part(
        "n",
        (Source("xn", state=False), Source("hn", token=False, times=_value("r"))),
        "tanh",
        "xn",
        (_DH, _rest("z"), _tanh_slope("n")),
    ),
    Part("h", products=((_rest("z"), _value("n")), (_value("z"), _before("h")))),
)
_ELMAN = {Activation.TANH: _elman("tanh", _tanh_slope("h")), Activation.RELU: _elman("relu", _STEP)}


def parts(architecture: Architecture) -> dict[str, Part]:
    """The parts of a network's cells by name, in the order of computation."""
    gated = {CellKind.LSTM: _LSTM, CellKind.GRU: _GRU}.get(architecture.kind)
    return {part.name: part for part in gated or _ELMAN[architecture.activation]}


def nonnegative(name: str) -> bool:
    """Whether the gate of this name is a sigmoid, and so never negative."""
    return name in ("i", "f", "o", "r", "z")
