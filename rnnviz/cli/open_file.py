"""The command ``rnnviz open``: the page over a run, a recording or weights."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from rnnviz.cli.options import flag, port_number
from rnnviz.cli.run_options import file_at
from rnnviz.config import Activation, OutputAt
from rnnviz.files.opened import is_run
from rnnviz.files.recording_file import StoredRecording, is_recording
from rnnviz.files.run_file import stored_run
from rnnviz.files.weights_file import WeightsHints, read_weights, words_of
from rnnviz.probe.session import Session
from rnnviz.tasks.columns import Form, columns_of
from rnnviz.tasks.csv_table import TaskError, read_bytes
from rnnviz.tasks.given_examples import Given
from rnnviz.tasks.table import table
from rnnviz.tasks.upload import Upload, cells_of


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "file", type=Path, metavar="FILE",
        help="a run or a recording, .rnnviz, or weights, .safetensors or .npz",
    )  # fmt: skip
    parser.add_argument("--train", type=Path, metavar="FILE", help="what a run learned from")
    parser.add_argument("--test", type=Path, metavar="FILE", help="the same, to test on")
    parser.add_argument(
        "--vocabulary", type=Path, metavar="FILE", help="the words in their order, one a line"
    )
    parser.add_argument(
        "--classes", metavar="A,B,…", help="their names in order, divided by commas"
    )
    parser.add_argument(
        "--examples", type=Path, metavar="FILE", help="a table of texts and labels to train on"
    )
    parser.add_argument(
        "--reads", choices=[*map(str, OutputAt)],
        help="read out after the last word, or after every one",
    )  # fmt: skip
    parser.add_argument(
        "--activation", choices=[*map(str, Activation)], help="that of an nn.RNN; tanh by default"
    )
    # Without a default they keep the value given before the command.
    parser.add_argument(
        "--port", type=port_number, metavar="N", default=argparse.SUPPRESS, help="as without open"
    )
    parser.add_argument(
        "--no-browser", action="store_true", default=argparse.SUPPRESS, help="the same"
    )


def opened(
    *, file: Path, train: Path | None, test: Path | None, vocabulary: Path | None,
    classes: str | None, examples: Path | None, reads: str | None, activation: str | None,
) -> tuple[Sequence[str], Callable[[], Session]]:  # fmt: skip
    """The notes on a file, and what makes a session of it; raises TransferError or TaskError."""
    if is_run(file.name):
        known = {
            "vocabulary": vocabulary, "classes": classes, "examples": examples, "reads": reads,
            "activation": activation,
        }  # fmt: skip
        for name, value in known.items():
            if value is not None:
                raise TaskError(f"{flag(name)} has no effect: the file says it. Leave it out.")
        with file.open("rb") as content:
            recorded = is_recording(content)
        if recorded:
            recording = StoredRecording(file.name, file)
            return recording.session().dataset.notes, recording.session
        upload = Upload(file_at(train), file_at(test) if test else None) if train else None
        return (), stored_run(file, upload).session
    if train or test:
        raise TaskError("--train and --test go with a run: give weights --examples.")
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
    network = read_weights(file, WeightsHints(words, names, labelled, at, kind))
    return network.dataset.notes, network.session
