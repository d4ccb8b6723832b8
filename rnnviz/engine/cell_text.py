"""Cell text: the lines of a cell, parsed as Python, with an error message for each mistake.

A text is one equation a line, in Python's syntax. It is parsed, never evaluated.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from rnnviz.engine.graph import FUNCTIONS

#: The size of each cache of cells. A long draft leaves 12,000 objects, which garbage collection
#: visits. The cells of runs are held by the runs themselves.
CACHED = 48
#: Limits of a text: equations, characters, and characters in a line.
LINES, CHARACTERS, LINE_CHARACTERS = 20, 2_000, 200
#: The length to which a comment is cut; it names a line on the page.
NOTE = 40
#: Names with a meaning of their own.
TAKEN = {
    "x": "the input", "t": "the index of a token", "T": "the number of tokens",
    "np": "NumPy", "H": "the number of units", "W_hy": "the readout's matrix",
    "b_y": "the readout's bias", "first": "the first states", "len": "Python's",
    "range": "Python's", "reversed": "Python's", "file": "NumPy's", "allow_pickle": "NumPy's",
    **dict.fromkeys(("rnnviz", "vocabulary", "classes", "slots"), "no weight in a file of weights"),
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,15}$")
#: A number as it is written in many languages.
_COMMA = re.compile(r"(?<![\w.])(\d+),(\d+)")
#: Symbols that are likely to be copied from a paper, and how to write them.
_SYMBOLS = {"σ": "sigmoid(...)", "⊙": "*", "×": "*", "·": "*", "∘": "*", "−": "-", "⊕": "+"}
_UNREADABLE = (
    "this can't be read: an operator such as + or a name may be missing or superfluous here"
)
_WANTED = "an equation is expected here, such as h = tanh(W_xh @ x + W_hh @ h + b_h)"


class CellError(ValueError):
    """An error in a text, in one sentence; ``line`` and ``column`` count from 1."""

    def __init__(self, line: int, column: int, sentence: str) -> None:
        super().__init__(f"line {line}, column {column}: {sentence}")
        self.line, self.column, self.sentence = line, column, sentence


class Statement(NamedTuple):
    """A parsed equation: its line number, the name it writes, the right side, its comment."""

    number: int
    target: ast.Name
    value: ast.expr
    note: str = ""

    @property
    def name(self) -> str:
        """The name that it writes."""
        return self.target.id


def statements(text: str, options: dict[str, str]) -> list[Statement]:
    """The equations of a text; raises CellError.

    A line such as ``out = "y"`` is none: it replaces one of the ``options``.
    """
    if len(text) > CHARACTERS:
        size = f"a text may have {CHARACTERS:,} characters, this has {len(text):,}"
        raise CellError(1, 1, size)
    found: dict[str, Statement] = {}
    for number, line in enumerate(text.split("\n"), 1):
        before, _, note = line.partition("#")
        code = before.replace("\t", " ").rstrip(" \r")
        if not code.strip():
            continue
        statement = _statement(number, code)._replace(note=note.strip()[:NOTE])
        name, value = statement.name, statement.value
        if name in options:
            if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
                fail(number, value, f'{name} takes the name of a line, as in {name} = "h"')
            options[name] = value.value
            continue
        problem = name_problem(name)
        if name in found:
            problem = f"{name} is written in line {found[name].number} already; take another name"
        if problem:
            fail(number, statement.target, problem)
        found[name] = statement
    if not found:
        raise CellError(1, 1, _WANTED)
    if len(found) > LINES:
        raise CellError([*found.values()][LINES].number, 1, f"a cell may have {LINES} equations")
    return [*found.values()]


def place_of(name: str, text: str) -> tuple[int, int]:
    """The line and column, from 1, of a name's first occurrence in a text outside comments."""
    pattern = re.compile(rf"\b{re.escape(name)}\b")
    found = (pattern.search(line.partition("#")[0]) for line in text.split("\n"))
    places = ((number, spot.start() + 1) for number, spot in enumerate(found, 1) if spot)
    return next(places, (1, 1))


def fail(line: int, part: ast.AST, sentence: str) -> NoReturn:
    """Raise CellError at a part of a line."""
    raise CellError(line, getattr(part, "col_offset", 0) + 1, sentence)


def name_problem(name: str) -> str:
    """Why a line or weights can't have this name; empty if they can."""
    if name in FUNCTIONS:
        return f"{name} is a function; take another name"
    if name in TAKEN:
        return f"{name} is {TAKEN[name]}; take another name"
    if name.startswith("d_"):
        return "names that begin with d_ are gradients; take another name"
    if name.endswith("_before"):
        return "names that end in _before are states before the token; take another name"
    if not _NAME.match(name):
        return f"{name[:20]} is an invalid name: use a letter, then up to 15 letters, digits or _"
    return ""


def read_before_written(found: Sequence[Statement]) -> tuple[str, ...]:
    """The states: names that are read in a line before, or in which, they are written."""
    names, before, states = {statement.name for statement in found}, set[str](), list[str]()
    for statement in found:
        read = [part for part in ast.walk(statement.value) if isinstance(part, ast.Name)]
        ordered = sorted(read, key=lambda part: part.col_offset)
        states += [part.id for part in ordered if part.id in names - before]
        before.add(statement.name)
    return tuple(dict.fromkeys(states))


def spoken(part: ast.AST) -> str:
    """The name of a part of Python in a message."""
    names = {
        ast.Attribute: "a dot", ast.Subscript: "[...]", ast.IfExp: "if", ast.BoolOp: "and, or",
        ast.Compare: "a comparison", ast.JoinedStr: "a text", ast.List: "a list",
        ast.Tuple: "a comma", ast.Mod: "%", ast.FloorDiv: "//", ast.BitXor: "^ (a power is **)",
        ast.BitAnd: "&", ast.BitOr: "|", ast.Invert: "~", ast.Not: "not", ast.LShift: "<<",
        ast.RShift: ">>", ast.NamedExpr: ":=", ast.Lambda: "lambda", ast.Dict: "{...}",
        ast.Set: "{...}", ast.Starred: "*", ast.Await: "await", ast.Call: "a call of a call",
        ast.Constant: "this", ast.ListComp: "for", ast.GeneratorExp: "for", ast.DictComp: "for",
        ast.SetComp: "for", ast.Slice: ":", ast.Yield: "yield", ast.YieldFrom: "yield",
    }  # fmt: skip
    return names.get(type(part), type(part).__name__.lower())


def _statement(number: int, code: str) -> Statement:
    _check_characters(number, code)
    indent = len(code) - len(code.lstrip())
    match _parsed(number, code, indent):
        case [ast.Assign([ast.Name() as target], value) as equation]:
            pass
        case _:
            raise CellError(number, indent + 1, _WANTED)
    if isinstance(value, ast.Tuple):
        _refuse_comma(number, code)
    for part in ast.walk(equation):
        if isinstance(part, ast.expr):
            part.col_offset += indent
            part.end_col_offset = (part.end_col_offset or 0) + indent
    return Statement(number, target, value)


def _check_characters(number: int, code: str) -> None:
    for column, letter in enumerate(code, 1):
        # Python warns of a backslash in a string.
        if not letter.isascii() or not letter.isprintable() or letter == "\\":
            hint = f": write {_SYMBOLS[letter]}" if letter in _SYMBOLS else ""
            name = f"'{letter}'"
            if not letter.isprintable():
                name, hint = f"the invisible character U+{ord(letter):04X}", ": delete it"
            raise CellError(number, column, f"{name} can't be read here{hint}")
    if len(code) > LINE_CHARACTERS:
        most = f"a line may have {LINE_CHARACTERS} characters; make a part a line of its own"
        raise CellError(number, LINE_CHARACTERS, most)


def _parsed(number: int, code: str, indent: int) -> list[ast.stmt]:
    try:
        with warnings.catch_warnings():  # Python warns of 0.5if on the terminal.
            warnings.simplefilter("ignore")
            return ast.parse(code.lstrip()).body
    except SyntaxError as error:
        _refuse_comma(number, code)
        column = indent + max(1, error.offset or 1)
        # Python's own message is about programs.
        opened, closed = code.count("("), code.count(")")
        problem = _WANTED if "=" not in code else _UNREADABLE
        if opened != closed:
            problem = "a ( is never closed" if opened > closed else "there is one ) too many"
        raise CellError(number, column, problem) from None
    except (ValueError, RecursionError, MemoryError):
        raise CellError(number, indent + 1, "this line is nested too deeply") from None


def _refuse_comma(number: int, code: str) -> None:
    if found := _COMMA.search(code):
        raise CellError(number, found.start() + 1, with_a_point(*found.groups()))


def with_a_point(whole: object, rest: object) -> str:
    """The message for a number with a decimal comma."""
    return f"a number is written with a point: {whole}.{rest}, not {whole},{rest}"
