"""Cell source: a cell's forward pass and backpropagation through time as readable NumPy."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter
from typing import NamedTuple

from rnnviz.cells import CellText
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.derive import Adjoint, Backward
from rnnviz.engine.equations import Equations, Line, equations_of
from rnnviz.engine.graph import Node, topological

#: Maximum operations in a cell's gradients, written out.
OPERATIONS = 3_000
#: Functions that NumPy lacks.
_WRITTEN_OUT = {
    "sigmoid": "def sigmoid(a):\n    return 0.5 + 0.5 * np.tanh(0.5 * a)",
    "relu": "def relu(a):\n    return np.maximum(a, 0)",
    "softplus": "def softplus(a):  # log(1 + exp(a)), without overflow\n"
    "    return np.maximum(a, 0) + np.log1p(np.exp(np.where(a > 0, -a, a)))",
}
_HEADING = '''"""{name}: forward pass and backpropagation through time, with NumPy alone.{source}

{equations}

x is (T, D): T tokens, D inputs. Each line is an array with a row of H units for each token. Row -1
is before the first token and holds a state's initial value.
"""

import numpy as np'''
_CHECK = '''def check(T=5, D=3, H=4, seed=0, scale=0.5):
    """The largest relative difference of a gradient from the complex step, Im L(w + ie) / e."""
    rng, sizes = np.random.default_rng(seed), {"H": H, "D": D}
    weights = {
        name: scale * rng.standard_normal([sizes[size] for size in shape])
        for name, shape in SHAPES.items()
    }
    first, x = np.abs(rng.standard_normal((len(STATES), H))), rng.standard_normal((T, D))
    d_out = np.zeros((T + 1, H))  # the loss is the sum of d_out times the output
    d_out[:-1] = rng.standard_normal((T, H))

    def loss(first, weights):
        out = forward(x.astype(complex), first, **weights)[LINES.index(OUT)]
        return (d_out * out).sum()

    found, found_first = backward(d_out.copy(), x, *forward(x, first, **weights), **weights)
    if not np.isfinite(sum(map(np.sum, [*found, *found_first]), loss(first, weights))):
        return np.nan  # there is nothing to compare
    pairs = [(np.array(found_first), steps(lambda changed: loss(changed, weights), first))]
    for name, gradient in zip(SHAPES, found):
        others = steps(lambda changed: loss(first, {**weights, name: changed}), weights[name])
        pairs.append((gradient, others))
    sizes = np.array([np.abs(b).max() for _, b in pairs])
    errors = np.array([np.abs(a - b).max() for a, b in pairs])
    # Gradients far below the largest one are rounding errors.
    return np.max(errors / np.maximum(sizes, 1e-6 * np.max(sizes) + 1e-300))


def steps(loss, values, e=1e-30):
    """The derivative of the loss by every one of the values."""
    gradient = np.zeros(values.shape)
    for index in np.ndindex(values.shape):
        changed = values.astype(complex)
        changed[index] += e * 1j
        gradient[index] = loss(changed).imag / e
    return gradient


if __name__ == "__main__":
    print(f"largest relative error of a gradient: {check():.1e}")
'''


def backward_equations(cell: CellText) -> list[str]:
    """The derived equations of one token's backward pass; a prime marks the state before the token.

    The gradients of matrices come last: the outer product of a gradient and the multiplied value.
    """
    names = _names(equations_of(cell))
    write = Writer(names, lambda name: f"{name}'", str, call=str)
    back, lines = Backward(equations_of(cell), names), list[str]()
    for adjoint in back.adjoints:
        name, node = adjoint.name, adjoint.node
        if name.endswith("_before"):
            name = f"{name.removesuffix('_before')}'"
        summed = adjoint.arrives or (node is not None and node.kind in ("state", "vector"))
        lines.append(f"{name} {'+=' if summed else '='} {write.gradient(adjoint)}")
    for product, adjoint in back.multiplied:
        read = write.value(product.args[0])
        lines.append(f"d_{product.name} += outer({write.name(adjoint)}, {read})")
    return lines


def description(cell: CellText) -> str:
    """The equations, the derived backward pass, and the shapes of the weights, to be printed."""
    out = f"d_{equations_of(cell).out}"
    parts = {
        f"{cell.name}. {cell.source}. {cell.memory}".replace(". .", "."): (),
        "Forward, at every token": equations_of(cell).text.split("\n"),
        f"Backward, from the last token to the first. What comes from above is in {out}; a prime "
        "marks what is before the token": backward_equations(cell),
        "Weights, for D inputs and H units": [
            f"{name:<8}{' x '.join(shape)}" for name, shape in equations_of(cell).shapes.items()
        ],
    }
    return "\n\n".join("\n".join([head, *(f"  {x}" for x in xs)]) for head, xs in parts.items())


def source(cell: CellText) -> str:
    """A complete script: forward, backward, and a check of every gradient by complex steps."""
    heading = _HEADING.format(
        name=plain_name(cell.name), source=f"\n{cell.source}." * bool(cell.source),
        equations="\n".join(f"    {line}" for line in understood(cell)),
    )  # fmt: skip
    return "\n\n\n".join([heading, *passes(cell), _CHECK])


def understood(cell: CellText) -> list[str]:
    """The equations as they were parsed.

    A script is executed, so nothing else of a text may enter it: no comments, no quotes.
    """
    return [f"{line.name} = {ast.unparse(line.tree)}" for line in equations_of(cell).lines]


def plain_name(name: str) -> str:
    """A name of letters, digits, spaces, . = and -, which is safe in a script."""
    return re.sub(r"[^\w .=-]", "_", name)


def passes(
    cell: CellText, *, inputs: bool = False, ends: bool = False, transposes: bool = True
) -> list[str]:
    """The parts of a script: facts about the cell, functions, forward and backward pass.

    The latter returns the gradients of weights and of first states, with ``inputs`` that of x too.
    With ``ends`` it takes the gradients of the last states. Without ``transposes`` it multiplies
    states as in the notebook.
    """
    equations = equations_of(cell)
    # These make the values that need functions.
    made = _forward(cell), _backward(cell, inputs, ends, transposes)
    used = {node.kind for node in equations.graph.nodes}
    functions = [text for name, text in _WRITTEN_OUT.items() if name in used]
    shapes = _listed(f'"{name}": "{"".join(shape)}"' for name, shape in equations.shapes.items())
    states, lines = (
        ", ".join(f'"{name}"' for name in names) for names in (equations.states, equations.nodes)
    )
    names = f'STATES, LINES, OUT = [{states}], [{lines}], "{equations.out}"'
    return [f"SHAPES = {{\n{shapes}\n}}\n{names}", *functions, *made]


def _names(equations: Equations) -> dict[Node, str]:
    # Of two lines with the same value, the first one names it.
    return {line.node: line.name for line in reversed(equations.lines)}


def _forward(cell: CellText) -> str:
    equations, names = equations_of(cell), ", ".join(equations_of(cell).nodes)
    code = [f"def forward(\n{_listed(['x', 'first', *equations.shapes])}\n):"]
    code += ['    """All lines at all tokens; first are the states before the first token."""']
    code += [f"    {name} = {value!r}" for name, value in equations.constants.items()]
    code += ["    T, H = len(x), len(first[0])"]
    code += [f"    {name} = np.zeros((T + 1, H), x.dtype)" for name in equations.nodes]
    code += [f"    {name}[-1] = first[{k}]" for k, name in enumerate(equations.states)]
    code += ["    for t in range(T):"]
    index = _Index(equations.states)
    for line in equations.lines:
        tree = ast.parse(ast.unparse(line.tree), mode="eval")
        code.append(f"        {line.name}[t] = {ast.unparse(index.visit(tree))}")
        index.written.add(line.name)
    return "\n".join([*code, f"    return {names}{',' * (len(equations.nodes) == 1)}"])


class _Index(ast.NodeTransformer):
    """Adds the token's index to the names of a line; ``written`` are the lines before it."""

    def __init__(self, states: Iterable[str]) -> None:
        self._states, self.written = states, {"x"}

    def visit_Name(self, name: ast.Name) -> ast.expr:
        """h[t] for a line before, h[t - 1] for a state before the token."""
        at = "[t]" if name.id in self.written else "[t - 1]" * (name.id in self._states)
        return ast.parse(f"{name.id}{at}", mode="eval").body

    def visit_Call(self, call: ast.Call) -> ast.expr:
        """np.tanh for tanh, and 1.0 for 1: arrays of integers overflow, and can't be 1 / h."""
        name = ast.parse(called(ast.unparse(call.func)), mode="eval").body
        for number in (arg for arg in call.args if _is_number(arg)):
            for part in ast.walk(number):
                if isinstance(part, ast.Constant):
                    part.value = float(part.value)  # type: ignore[arg-type]
        return ast.Call(name, [self.visit(argument) for argument in call.args], [])


def _is_number(tree: ast.expr) -> bool:
    return not any(isinstance(part, ast.Name) for part in ast.walk(tree))


def _backward(cell: CellText, inputs: bool, ends: bool, transposes: bool) -> str:
    equations, out = equations_of(cell), f"d_{equations_of(cell).out}"
    names = _names(equations)
    back = Backward(equations, names)
    _check_lengths(equations, back)
    write = Writer(names, lambda name: f"{name}[t - 1]", lambda name: f"{name}[t]")
    others = [f"d_{name}" for name in equations.states if name != equations.out]
    read = [out, *others * ends, "x", *equations.nodes, *equations.shapes]
    code = [f"def backward(\n{_listed(read)}\n):"]
    code += [
        f'    """All gradients; {out} is dL/d{equations.out}, (T + 1, H), and is written to."""'
    ]
    made = [*(f"d_{name}" for name in equations.shapes), *others * (not ends), *["d_x"] * inputs]
    code += [f"    {name} = np.zeros_like({name[2:]})" for name in made]
    code += ["    for t in reversed(range(len(x))):"]
    if not (back.adjoints or back.multiplied):
        code.append("        pass")
    for adjoint in back.adjoints:
        if adjoint.node is None or adjoint.node.kind != "input" or inputs:
            remark = cell.remarks.get(adjoint.name, "")
            note = f"  # {remark}" if remark else ""
            code.append(f"        {_gradient_line(adjoint, write, transposes)}{note}")
    for product, adjoint in back.multiplied:
        value = write.value(product.args[0])
        code.append(f"        d_{product.name} += np.outer({write.name(adjoint)}, {value})")
    grads = ", ".join(f"d_{name}" for name in equations.shapes)
    firsts = ", ".join(f"d_{name}[-1]" for name in equations.states)
    return "\n".join([*code, f"    return ({grads},), ({firsts},)" + ", d_x" * inputs])


def _check_lengths(equations: Equations, back: Backward) -> None:
    """Refuse a line, or a cell, if the gradients through it are too long to be written out."""
    named, lengths = {*equations.nodes.values()}, dict[Node, int]()
    passed = _passed(equations, back)
    for node in topological((factor for _, factor in passed), ends=named.__contains__):
        lengths[node] = 1 if node in named else 1 + sum(lengths[arg] for arg in node.args)
    through = Counter[Line]()
    for line, factor in passed:
        through[line] += lengths[factor]
    if through.total() <= OPERATIONS:
        return
    line, most = max(through.items(), key=itemgetter(1))
    long = "too long to be written out"
    if most > OPERATIONS:
        long = f"the gradient through {line.name} is {long}"
        raise CellError(line.number, 1, f"{long}: make parts of this line lines of their own")
    long = (
        f"the gradients through all lines are together {long}, with {through.total():,} operations"
    )
    raise CellError(1, 1, f"{long}; at most {OPERATIONS:,} are allowed: use fewer or shorter lines")


def _passed(equations: Equations, back: Backward) -> list[tuple[Line, Node]]:
    """All factors that gradients are multiplied by, each with the line that they pass through."""
    lines: dict[Node, Line] = {}
    for line in equations.lines:
        for node in topological([line.node], ends=lines.__contains__):
            lines.setdefault(node, line)
    parts = [part for adjoint in back.adjoints for part in adjoint.parts]
    return [
        (lines[one.node or equations.nodes[one.name.removeprefix("d_")]], factor)
        for one, factor in parts
    ]


def factors(cell: CellText) -> Iterator[tuple[Line, str]]:
    """Each line with a factor by which it multiplies gradients, as Python at token t."""
    equations = equations_of(cell)
    for line, factor in _passed(equations, Backward(equations, _names(equations))):
        yield line, value_at_token(cell, factor)


def value_at_token(cell: CellText, node: Node) -> str:
    """A value of a cell as Python at token t."""
    names = _names(equations_of(cell))
    return Writer(names, lambda name: f"{name}[t - 1]", lambda name: f"{name}[t]").value(node)


def _gradient_line(adjoint: Adjoint, write: Writer, transposes: bool) -> str:
    kind, name = adjoint.node.kind if adjoint.node else "", adjoint.name
    value = write.gradient(adjoint, transposes or kind != "state")
    if kind == "input":
        return f"d_x[t] = {value}"
    if kind == "state":
        return f"{name.removesuffix('_before')}[t - 1] += {value}"
    if kind == "vector" or adjoint.arrives:
        return f"{name}{'' if kind == 'vector' else '[t]'} += {value}"
    return f"{name} = {value}"


def _listed(items: Iterable[str]) -> str:
    """Items as indented lines of at most 90 characters."""
    lines = ["   "]
    for item in items:
        if len(lines[-1]) + len(item) > 90:
            lines.append("   ")
        lines[-1] += f" {item},"
    return "\n".join(lines)


# Values and gradients

#: How tightly an operation binds: a sum, a product with a matrix, others, a sign, a power, a name.
_SUM, _MATRIX, _PRODUCT, _SIGN, _POWER, _NAME = range(1, 7)
_OPERATIONS = {
    "add": ("+", _SUM), "sub": ("-", _SUM), "mul": ("*", _PRODUCT), "div": ("/", _PRODUCT),
}  # fmt: skip
#: Functions that NumPy has under the same name.
_NUMPY = {"tanh", "exp", "log", "sqrt", "cos", "sin", "where"}


def called(function: str) -> str:
    """The name of a function in a script: NumPy's, or its own."""
    if function == "max":
        return "np.maximum"
    return f"np.{function}" if function in _NUMPY else function


class _Text(NamedTuple):
    """A value as Python, how tightly it binds, and whether a truth value is its first factor."""

    text: str
    binding: int = _NAME
    truth: bool = False

    def inside(self, binding: int) -> str:
        """The text, in brackets if it binds less tightly."""
        return f"({self.text})" if self.binding < binding else self.text


class Writer:
    """Writes values and gradients as Python, with as few brackets as are safely readable.

    ``names`` are values that have a name. ``before`` writes a state before the token, ``here`` a
    name at it: a line, the input, or a gradient that is kept. ``call`` writes a function's name,
    ``weight`` that of a matrix or of a vector of weights.
    """

    def __init__(
        self, names: Mapping[Node, str], before: Callable[[str], str], here: Callable[[str], str],
        call: Callable[[str], str] = called, weight: Callable[[str], str] = str,
    ) -> None:  # fmt: skip
        self._names, self._before, self._here, self._call = names, before, here, call
        self._weight = weight

    def value(self, node: Node) -> str:
        """A value."""
        return self._text(node).text

    def name(self, adjoint: Adjoint) -> str:
        """A gradient's name."""
        kept = adjoint.node is None or adjoint.arrives
        return self._here(adjoint.name) if kept else adjoint.name

    def gradient(self, adjoint: Adjoint, transposes: bool = True) -> str:
        """The right side of a gradient's equation, without the gradient that arrives.

        Without ``transposes``, matrices are multiplied as in the notebook.
        """
        turned = ".T" if transposes else ""
        arrives = adjoint.arrives
        terms = [self._term(one, factor) for one, factor in adjoint.parts if one is not arrives]
        terms += [f"{matrix}{turned} @ {self.name(one)}" for matrix, one in adjoint.products]
        return " + ".join(terms).replace("+ -", "- ")

    def _term(self, adjoint: Adjoint, factor: Node) -> str:
        name = self.name(adjoint)
        if factor.is_number(1):
            return name
        if factor.kind == "neg":
            return f"-{self._term(adjoint, factor.args[0])}"
        binding = _SIGN if factor.kind == "div" else _PRODUCT
        return f"{name} * {self._text(factor).inside(binding)}"

    def _text(self, node: Node) -> _Text:
        if node in self._names:
            return _Text(self._here(self._names[node]))
        if node.kind in _OPERATIONS:
            return self._operation(node)
        args = node.args
        match node.kind:
            case "number":
                text = _Text(_written(node.value), _NAME if node.value >= 0 else _SIGN)
            case "state" | "input" | "vector" as kind:
                write = {"state": self._before, "input": self._here}.get(kind, self._weight)
                text = _Text(write(node.name))
            case "power":
                text = _Text(f"{self._text(args[0]).inside(_NAME)} ** {node.value:g}", _POWER)
            case "product":  # Python's @ binds like *; only in a sum it has no brackets.
                read = self._text(args[0]).inside(_NAME)
                text = _Text(f"{self._weight(node.name)} @ {read}", _MATRIX)
            case "neg":  # NumPy's truth values have no sign.
                negated = self._text(args[0])
                sign = "-1.0 * " if negated.truth else "-"
                # A sign binds no tighter than the product after it: a / -(b * c).
                binding = _PRODUCT if negated.binding == _PRODUCT else _SIGN
                text = _Text(f"{sign}{negated.inside(_PRODUCT)}", binding)
            case "mask":
                comparison = f"({self.value(args[0])} {node.name} {self.value(args[1])})"
                text = _Text(comparison, truth=True)
            case kind:
                values = [
                    _written(each.value, point=True) if each.kind == "number" else self.value(each)
                    for each in args
                ]
                if kind == "where":
                    values[:2] = [f"{values[0]} {node.name} {values[1]}"]
                text = _Text(f"{self._call(kind)}({', '.join(values)})")
        return text

    def _operation(self, node: Node) -> _Text:
        (left, right), (sign, binding) = node.args, _OPERATIONS[node.kind]
        if node.kind == "mul" and left is right:
            return _Text(f"{self._text(left).inside(_NAME)} ** 2", _POWER)
        # Numbers first, states last: 0.5 * z * h.
        if node.kind == "mul" and (right.kind == "number" or left.kind == "state"):
            left, right = right, left
        tighter = binding + (node.kind in ("sub", "div"))
        first = self._text(left)
        both = first.inside(binding), self._text(right).inside(tighter)
        # In NumPy a sum of two booleans is a boolean.
        counts = binding == _SUM and _is_truth(left) and right.kind != "number"
        truth = binding == _PRODUCT and first.truth
        return _Text("1.0 * " * counts + f" {sign} ".join(both), binding, truth)


def _written(number: float, point: bool = False) -> str:
    """A number in a script: with 15 digits, and always with a decimal ``point`` or without."""
    if not math.isfinite(number):
        return f"{number:g}".replace("inf", "np.inf").replace("nan", "np.nan")
    short = f"{number:.15g}"
    return repr(float(short)) if point else short


def _is_truth(node: Node) -> bool:
    """Whether it is True or False in NumPy, which can't be subtracted or added."""
    factors = topological([node], ends=lambda below: below.kind != "mul")
    return all(factor.kind in ("mask", "mul") for factor in factors)
