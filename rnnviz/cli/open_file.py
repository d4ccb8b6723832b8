"""The command ``rnnviz open``: the page over a run, a recording or weights."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rnnviz.cli.options import file_at, flag, port_number
from rnnviz.config import Activation, OutputAt
from rnnviz.files.opened import is_run
from rnnviz.files.recording_file import is_recording, open_recording
from rnnviz.files.run_file import stored_run
from rnnviz.files.weights_file import ImportedNetwork, WeightsHints, read_weights, words_of
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.tasks.data.csv_table import TaskError, read_bytes
from rnnviz.tasks.data.rows import Form, columns_of, table
from rnnviz.tasks.given_examples import Given
from rnnviz.tasks.upload import Upload, cells_of
from rnnviz.terminal import say


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rnnviz open``."""
    parser.add_argument(
        "file", type=Path, metavar="FILE",
        help="a run or a recording, .rnnviz, or weights, .safetensors or .npz",
    )  # fmt: skip
    for name, text in (
        ("train", "what a run learned from"),
        ("test", "the same, to test on"),
        ("vocabulary", "the words in their order, one a line"),
        ("examples", "a table of texts and labels to train on"),
    ):
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=text)
    parser.add_argument(
        "--classes", metavar="A,B,…", help="their names in order, separated by commas"
    )
    parser.add_argument(
        "--reads", choices=[*map(str, OutputAt)],
        help="read out after the last word, or after every one",
    )  # fmt: skip
    parser.add_argument(
        "--activation", choices=[*map(str, Activation)], help="that of an nn.RNN; tanh by default"
    )
    # Without a default they keep a value from before the command.
    parser.add_argument(
        "--port", type=port_number, metavar="N", default=argparse.SUPPRESS, help="as without open"
    )
    parser.add_argument(
        "--no-browser", action="store_true", default=argparse.SUPPRESS, help="the same"
    )


def open_file(
    *, open_page: Callable[[Callable[[], Session | Pair]], None], file: Path, train: Path | None,
    test: Path | None, **hints: Any,
) -> None:  # fmt: skip
    """Print the notes on a file, and open the page with it; raises TransferError or TaskError."""
    notes: Sequence[str] = ()
    session: Callable[[], Session | Pair]
    if not is_run(file.name):
        if train or test:
            raise TaskError("--train and --test are for a run; with weights give --examples.")
        network = _weights(file, **hints)
        notes, session = network.dataset.notes, network.session
    else:
        for name, value in hints.items():
            if value is not None:
                raise TaskError(f"{flag(name)} is for weights, not for a run: leave it out.")
        with file.open("rb") as content:
            recorded = is_recording(content)
        if recorded:
            recording = partial(open_recording, file)
            notes, session = recording().dataset.notes, recording
        else:
            upload = Upload(file_at(train), file_at(test) if test else None) if train else None
            session = stored_run(file, upload).opened
    for note in notes:
        say(note)
    open_page(session)


def _weights(
    file: Path, *, vocabulary: Path | None, classes: str | None, examples: Path | None,
    reads: str | None, activation: str | None,
) -> ImportedNetwork:  # fmt: skip
    words = None if vocabulary is None else words_of(read_bytes(vocabulary), vocabulary.name)
    names = None if classes is None else classes.split(",")
    labelled: tuple[Given, ...] = ()
    if examples is not None:
        cells = cells_of(file_at(examples))
        if cells.plain:
            raise TaskError(f"{examples.name}: must have the columns text,label.")
        rows = table(cells, columns_of(cells, Form.LABEL)).rows
        labelled = tuple((row.text, row.label.strip()) for row in rows)
    at, kind = OutputAt(reads) if reads else None, Activation(activation or Activation.TANH)
    return read_weights(file, WeightsHints(words, names, labelled, at, kind))
