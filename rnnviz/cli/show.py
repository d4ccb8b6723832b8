"""The command ``rnnviz show``: a cell's equations and its backward pass."""

from __future__ import annotations

import argparse
from pathlib import Path

from rnnviz import terminal
from rnnviz.cells import CELLS
from rnnviz.cli.options import add_cell_file, cell_in
from rnnviz.engine.cell_source import description, source


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rnnviz show``."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("cell", nargs="?", choices=CELLS, help="a cell by its name")
    add_cell_file(which)
    parser.add_argument("--code", action="store_true", help="print a script for NumPy instead")


def show(*, cell: str, cell_file: Path | None, code: bool) -> None:
    """Print the equations of a cell, or its script for NumPy."""
    text = CELLS[cell] if cell_file is None else cell_in(cell_file)
    terminal.show(source(text) if code else description(text))
