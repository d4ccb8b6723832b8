"""Cells whose lines read the lines before them several times: written out, they are huge."""

from itertools import pairwise

from hypothesis import strategies as st

FIRST = "a = sigmoid(W_a @ x + U_a @ h + b_a)"
#: How a line uses what it has so far, {t}, and a line before it, {b}.
_USES = (
    "{t} + {b}", "{t} - {b}", "({t}) * {b}", "{t} * {t}", "({t}) / (2 + {b} * {b})", "-({t})",
    "tanh({t}) * {b}", "sigmoid({t})", "softplus({t})", "relu({t}) + {b}", "cos({t}) - {b}",
    "max({t}, {b})", "where({t} > {b}, {t}, {b})", "({t} + {b}) ** 2", "W_{n} @ ({t}) + {b}",
    "(1 - {b}) * ({t}) + {b} * tanh({b})", "0.1 * ({t})",
)  # fmt: skip


def powers(lines: int, factors: int = 9) -> str:
    """A cell in which every line is a power of the line before."""
    names = ["a", *(f"p{k}" for k in range(lines))]
    rows = [f"{b} = {' * '.join([a] * factors)}" for a, b in pairwise(names)]
    return "\n".join([FIRST, *rows, f"h = tanh(W @ x + U @ h) * {names[-1]}"])


@st.composite
def cells(draw, lines: int = 9, uses: int = 4) -> str:
    """A cell of up to so many lines, each of so many operations on the two lines before it."""
    known, rows = ["a"], [FIRST]
    for k in range(draw(st.integers(1, lines))):
        text = known[-1]
        for n in range(draw(st.integers(1, uses))):
            before = draw(st.sampled_from(known[-2:]))
            used = draw(st.sampled_from(_USES)).format(t=text, b=before, n=f"{k}_{n}")
            text = used if len(used) < 150 else text
        known.append(f"p{k}")
        rows.append(f"p{k} = 0.5 * tanh({text}) + 0.5 * a")  # squashed, so that numbers stay small
    return "\n".join([*rows, f"h = tanh(W @ x + U @ h) * {known[-1]} + {known[-2]}"])


@st.composite
def sums(draw, lines: int = 5) -> str:
    """A cell whose lines are sums of products, vectors and lines before, added and subtracted."""
    rows, known, vectors = ["e = tanh(E @ x + b_e)"], ["e"], ["b_e"]
    for k in range(draw(st.integers(1, lines))):
        terms = []
        for n in range(draw(st.integers(2, 4))):
            match draw(st.sampled_from(["x", "h", "e", "vector", "line", "state"])):
                case "vector":
                    vectors += [f"b_{k}_{n}"] * draw(st.booleans())
                    term = draw(st.sampled_from(vectors))
                case "line":
                    term = draw(st.sampled_from(["{0}", "{0} * e", "sigmoid({0})", "-({0})"]))
                    term = term.format(draw(st.sampled_from(known)))
                case "state":
                    term = f"u_{k}_{n} * h"
                case operand:
                    term = f"W_{k}_{n} @ {operand}"
            terms.append(draw(st.sampled_from(["+ ", "- "] if terms else ["+ "])) + term)
        rows.append(f"p{k} = {' '.join(terms).removeprefix('+ ')}")
        if draw(st.booleans()):
            rows[-1] = f"p{k} = {draw(st.sampled_from(['tanh', 'relu', 'sin']))}({rows[-1][5:]})"
        known.append(f"p{k}")
    read = " + ".join(known)
    return "\n".join([*rows, f"h = 0.5 * tanh({read} + U @ h) + 0.3 * cos({known[-1]})"])
