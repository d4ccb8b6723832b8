"""The command line: open the page or weights, train without a browser, check, show a cell."""

from __future__ import annotations

import argparse
import errno
import os
import socket
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from tqdm import tqdm

from rnnviz import __version__
from rnnviz.cells import CELLS, ELMAN, OWN, CellText
from rnnviz.config import (
    SETTINGS,
    Activation,
    Gradient,
    OutputAt,
    RunConfig,
    Setting,
    SettingError,
)
from rnnviz.engine.cell_check import define
from rnnviz.engine.cell_source import description, source
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.gradcheck import GradientCheck, complex_step_gradient, relative_errors
from rnnviz.engine.own_cell import own_cell
from rnnviz.engine.training import record
from rnnviz.files import output as export
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.opened import is_run
from rnnviz.files.output import FILES, Content, EveryPicture, history_json, write
from rnnviz.files.pictures import BrowserError
from rnnviz.files.record import StoredRecording, is_recording
from rnnviz.files.run_file import stored_run
from rnnviz.files.script import ScriptError
from rnnviz.files.weights_file import WeightsHints, read_weights, words_of
from rnnviz.files.whole_file import check_outputs
from rnnviz.probe.probe import Probe, read
from rnnviz.probe.session import Session
from rnnviz.probe.verification import (
    OVERFLOW,
    Check,
    NetworkChecks,
    notebook_check,
    run_checks,
    step_check,
    train_in_halves,
)
from rnnviz.questions.wrong.results_csv import ResultFile, result_csv, result_files
from rnnviz.tasks.columns import Form, columns_of
from rnnviz.tasks.csv_table import TaskError, read_bytes
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.encoding import EncodingError
from rnnviz.tasks.given_examples import Given
from rnnviz.tasks.table import near_listed, table
from rnnviz.tasks.upload import (
    DATA_SETTINGS,
    FaultsError,
    File,
    Upload,
    cells_of,
    check_rows,
    dataset_of,
    with_columns,
)
from rnnviz.tasks.upload_preview import preview
from rnnviz.terminal import printable, say, show

_CELL_FILE = "a cell of your own: a text, one equation a line"
_FILES = "own data to learn: a table as .csv, .tsv, .xlsx or .parquet, or a text"
_DATA = tuple(DATA_SETTINGS.values())
_SWITCHES = {
    "skip_bad": "leave out the rows that can't be used",
    "merge_labels": "make labels one that differ only in case, blanks or Unicode form",
}
#: At most so many rows that can't be used are listed.
_MOST_FAULTS = 20
#: Opens the page at a port (None: a free one), and whether to open a browser; and, if it isn't the
#: usual one, with what makes the session of a new tab.
OpenPage = Callable[..., None]


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options: Any) -> None:
        # The beginning of an option may be another one: --init is no --init-scale.
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {printable(message)}\n")


def _setting_options(parser: argparse.ArgumentParser, rows: Iterable[Setting]) -> None:
    for row in (row for row in rows if not row.packed):
        default = "" if row.default is None else f"; default {row.default}"
        text = f"{row.help} {row.allowed.capitalize()}{default}."
        metavar = "|".join(row.choices) or ("TEXT" if row.kind is str else "N")
        parser.add_argument(row.flag, metavar=metavar, help=text.replace("%", "%%"))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="rnnviz",
        description="Watch a recurrent neural network learn. Without a command the page is opened.",
    )
    parser.add_argument("--version", action="version", version=f"rnnviz {__version__}")
    parser.add_argument(
        "--port",
        type=_port,
        metavar="N",
        help="serve the page at this port; 8501 or the next free one by default",
    )
    parser.add_argument("--no-browser", action="store_true", help="serve the page, open no browser")
    commands = parser.add_subparsers(dest="command", parser_class=_Parser)
    _train_options(commands.add_parser("train", help="train without a browser"))
    exported = commands.add_parser("export", help="train, and write the run as files")
    export.add_options(exported)
    _run_options(exported)
    _gradcheck_options(
        commands.add_parser("gradcheck", help="check the gradient of every parameter")
    )
    verify = commands.add_parser("verify", help="check all that NumPy alone can check, on a run")
    verify.add_argument("--phrase", help="what to read; the first phrase of the task by default")
    _run_options(verify)
    _open_options(
        commands.add_parser("open", help="open the page with a run, weights or a recording")
    )
    _show_options(
        commands.add_parser("show", help="print a cell's equations and its backward pass")
    )
    return parser


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--train", type=Path, metavar="FILE", help=_FILES)
    parser.add_argument("--test", type=Path, metavar="FILE", help="the same, to test on")
    for name, text in _SWITCHES.items():
        parser.add_argument(_flag(name), action="store_true", default=None, help=text)
    _cell_file_option(parser)
    _setting_options(parser, (*_DATA, *SETTINGS.values()))


def _cell_file_option(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--cell-file", type=Path, metavar="FILE", help=_CELL_FILE)


def _train_options(train: argparse.ArgumentParser) -> None:
    train.add_argument("--every", type=_positive, default=100, help="epochs between two reports")
    train.add_argument("--json", type=Path, metavar="FILE", help="write settings and every epoch")
    train.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="write the final weights, as .npz or, to be opened again, as .safetensors",
    )
    train.add_argument(
        "--results",
        type=Path,
        metavar="FILE.csv",
        help="write every answer to the test, or without one to the training; and beside it the "
        "confusion matrix and the scores of the classes",
    )
    train.add_argument(
        "--script", type=Path, metavar="FILE.py", help="write a script that trains the same network"
    )
    _run_options(train)


def _open_options(opened: argparse.ArgumentParser) -> None:
    opened.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="a run or a recording, .rnnviz, or weights, .safetensors or .npz",
    )
    opened.add_argument("--train", type=Path, metavar="FILE", help="what a run learned from")
    opened.add_argument("--test", type=Path, metavar="FILE", help="the same, to test on")
    opened.add_argument(
        "--vocabulary", type=Path, metavar="FILE", help="the words in their order, one a line"
    )
    opened.add_argument(
        "--classes", metavar="A,B,…", help="their names in order, divided by commas"
    )
    opened.add_argument(
        "--examples", type=Path, metavar="FILE", help="a table of texts and labels to train on"
    )
    opened.add_argument(
        "--reads",
        choices=[*map(str, OutputAt)],
        help="read out after the last word, or after every one",
    )
    opened.add_argument(
        "--activation", choices=[*map(str, Activation)], help="that of an nn.RNN; tanh by default"
    )
    opened.add_argument("--port", type=_port, metavar="N", dest="own_port", help="as without open")
    opened.add_argument("--no-browser", action="store_true", dest="own_no_browser", help="the same")


def _gradcheck_options(check: argparse.ArgumentParser) -> None:
    check.add_argument("--phrase", default="this is not very bad at all", help="what to read")
    names = ("cell", "hidden", "init_scale", "seed")
    _setting_options(check, (SETTINGS[name] for name in names))
    _cell_file_option(check)
    check.add_argument(
        "--after", dest="epochs", default=300, metavar="N", help="epochs of training before"
    )


def _show_options(show: argparse.ArgumentParser) -> None:
    which = show.add_mutually_exclusive_group(required=True)
    which.add_argument("cell", nargs="?", choices=CELLS, help="a cell by its name")
    _cell_file_option(which)
    show.add_argument("--code", action="store_true", help="print a script for NumPy instead")


def _port(text: str) -> int:
    if not (text.isdecimal() and len(text) < 6 and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1 to 65535")
    return int(text)


def _positive(text: str) -> int:
    if not (text.isdecimal() and len(text) < 10 and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1 up")
    return int(text)


def main(
    arguments: Sequence[str] | None = None, *, open_page: OpenPage, every_picture: EveryPicture
) -> int:
    """Run one command; return the exit code: 0, 1 for a failed run or check, 2 for bad input."""
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    if options["command"] is None:
        if options["port"] is not None:
            _check_free(parser, options["port"])
        open_page(options["port"], not options["no_browser"])
        return 0
    if options["command"] == "open":
        return _guarded(lambda: _open(parser, options, open_page))
    for name in ("port", "no_browser"):
        if options[name]:
            parser.error(f"{_flag(name)} has no effect with {options['command']}. Leave it out.")
    return _guarded(lambda: _run({**options, "every_picture": every_picture}))


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _check_free(parser: argparse.ArgumentParser, port: int) -> None:
    with socket.socket() as probe:
        # Accept a port whose server has just ended; on Windows this would accept any port.
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                parser.error(f"port {port} is taken: give another, or none to have a free one.")
            parser.error(f"port {port} can't be used: {problem.strerror}.")


def _run(options: dict[str, Any]) -> int:
    commands = {
        "train": _train, "export": _export, "gradcheck": _gradcheck, "verify": _verify
    }  # fmt: skip
    command = commands.get(options["command"])
    if command is None:
        return _show(options)
    settings = _settings(options)
    config = RunConfig(**settings)
    for sentence in config.idle(settings):
        raise SettingError(f"{sentence} Leave it out.")
    return command(config, options)


def _guarded(command: Callable[[], int]) -> int:
    """The exit code of a command; what is wrong with its input is printed as a sentence.

    NumPy does not warn of numbers that overflow: the commands say so themselves.
    """
    try:
        with np.errstate(all="ignore"):
            return command()
    except FaultsError as problem:
        say(*_all_faults(problem))
    except (
        SettingError,
        TaskError,
        CellError,
        ScriptError,
        TransferError,
        BrowserError,
    ) as problem:
        say(str(problem))
    except BrokenPipeError:  # The reader has closed the pipe.
        return 1
    except OSError as problem:
        said = problem.strerror or str(problem)
        say(f"{problem.filename}: {said}." if problem.filename else f"{said}.")
    return 2


def _open(parser: argparse.ArgumentParser, options: dict[str, Any], open_page: OpenPage) -> int:
    """Open the page with the weights in a file."""
    port = options["own_port"] or options["port"]
    if port is not None:
        _check_free(parser, port)
    notes, session = _opened(options)
    for note in notes:
        say(note)
    open_page(port, not (options["own_no_browser"] or options["no_browser"]), session)
    return 0


def _opened(options: dict[str, Any]) -> tuple[Sequence[str], Callable[[], Session]]:
    """What is said of a file, and what makes a session of it; raises TransferError or TaskError."""
    path: Path = options["file"]
    if is_run(path.name):
        _check_alone(options)
        return _recorded(path) if _is_recording(path) else ((), _stored(options))
    if options["train"] or options["test"]:
        raise TaskError("--train and --test go with a run: give weights --examples.")
    network = read_weights(path, _known(options))
    return network.dataset.notes, network.session


def _recorded(path: Path) -> tuple[Sequence[str], Callable[[], Session]]:
    recording = StoredRecording(path.name, path)
    return recording.session().dataset.notes, recording.session


def _stored(options: dict[str, Any]) -> Callable[[], Session]:
    """What makes sessions that go on with the run in a file."""
    train, test = options["train"], options["test"]
    upload = Upload(_file(train), test and _file(test)) if train else None
    return stored_run(options["file"], upload).session


def _is_recording(path: Path) -> bool:
    with path.open("rb") as file:
        return is_recording(file)


def _check_alone(options: dict[str, Any]) -> None:
    """Raise TaskError for an option that says what the file says itself."""
    for name in ("vocabulary", "classes", "examples", "reads", "activation"):
        if options[name] is not None:
            raise TaskError(f"{_flag(name)} has no effect: the file says it. Leave it out.")


def _known(options: dict[str, Any]) -> WeightsHints:
    """What the options say of a file of weights."""
    words, classes, examples = (options[name] for name in ("vocabulary", "classes", "examples"))
    return WeightsHints(
        None if words is None else words_of(read_bytes(words), words.name),
        None if classes is None else classes.split(","),
        () if examples is None else _labelled(examples),
        options["reads"] and OutputAt(options["reads"]),
        Activation(options["activation"] or Activation.TANH),
    )


def _labelled(path: Path) -> tuple[Given, ...]:
    """The texts and labels of a CSV; raises TaskError."""
    cells = cells_of(_file(path))
    if cells.plain:
        raise TaskError(f"{path.name}: must have the columns text,label.")
    rows = table(cells, columns_of(cells, Form.LABEL)).rows
    return tuple((row.text, row.label.strip()) for row in rows)


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    """The settings that were given, with the equations of a file."""
    settings = {name: options[name] for name in SETTINGS if options.get(name) is not None}
    if options["cell_file"] is None:
        return settings
    if "cell" in settings:
        both = "--cell has no effect with --cell-file: the cell is that file."
        raise SettingError(f"{both} Leave one of them out.")
    return {**settings, "cell": OWN, "equations": _cell(options["cell_file"]).text}


def _show(options: dict[str, Any]) -> int:
    path = options["cell_file"]
    cell = CELLS[options["cell"]] if path is None else _cell(path)
    show(source(cell) if options["code"] else description(cell))
    return 0


def _cell(path: Path) -> CellText:
    """A cell of one's own; an error begins with the file's name."""
    try:
        text = read_bytes(path).decode("utf-8-sig").replace("\r\n", "\n")
        own_cell(text)
        return define(text, path.stem)
    except UnicodeDecodeError:
        raise TaskError(f"{path.name} is no text in UTF-8.") from None
    except CellError as problem:
        raise TaskError(f"{path.name}, {problem}.") from None


def _dataset(config: RunConfig, options: dict[str, Any]) -> Dataset | None:
    upload = _upload(config, options)
    return dataset_of(upload) if upload else None


def _upload(config: RunConfig, options: dict[str, Any]) -> Upload | None:
    _check_together(options)
    train, test = options["train"], options["test"]
    if train is None:
        return None
    names = (*DATA_SETTINGS, *_SWITCHES)
    settings = {name: options[name] for name in names if options[name] is not None}
    upload = Upload(_file(train), test and _file(test), **settings, seed=config.seed)
    try:
        # A run that is stored reads its file alike, however columns are guessed one day.
        upload = with_columns(upload)
        if "window" in settings and check_rows(upload).form is not Form.NEXT:
            raise TaskError("--window has no effect unless a text alone is learned. Leave it out.")
        _tell_near_labels(upload)
        say(f"{train.name}: {'; '.join(preview(upload).sentences)}.")
        return upload
    except EncodingError as problem:
        read = ", ".join(f"{one} ({sample})" for one, sample in problem.samples.items())
        raise TaskError(f"{problem} --encoding takes {read}.") from None


def _tell_near_labels(upload: Upload) -> None:
    near = check_rows(upload).near
    if near and not upload.merge_labels:
        listed = near_listed(near)
        say(f"Nearly equal labels: {listed}. --merge-labels merges them.")


def _all_faults(problem: FaultsError) -> list[str]:
    """The first rows that can't be used, one a line, and what can be done."""
    faults = problem.faults
    if len(faults) == 1:
        return [f"{faults[0]} --skip-bad leaves it out."]
    more = ["…"] if len(faults) > _MOST_FAULTS else []
    count = f"{len(faults):,} of {problem.count:,} rows can't be used. --skip-bad leaves them out."
    return [count, *map(str, faults[:_MOST_FAULTS]), *more]


def _check_together(options: dict[str, Any]) -> None:
    own = options["train"] is not None
    for name in ("test", *DATA_SETTINGS, *_SWITCHES):
        if options[name] is not None and not own:
            raise TaskError(f"{_flag(name)} needs --train: give the phrases to learn as well.")
    if own and options["task"] is not None:
        raise TaskError(
            "--task has no effect with --train: that file is learned. Leave one of them out."
        )
    if options["test"] is not None and options["test_share"] is not None:
        raise TaskError(
            "--test-share has no effect with --test: the test is that file. Leave one of them out."
        )


def _file(path: Path) -> File:
    return File(path.name, read_bytes(path))


def _train(config: RunConfig, options: dict[str, Any]) -> int:
    session = Session(config, _dataset(config, options))
    for note in session.dataset.notes:
        say(note)
    if options["weights"]:
        FILES["weights"].check(options["weights"])
    files = _files(session, options)
    _check_outputs([(option, path) for option, path, _ in files], options)
    code = _train_to_the_end(session, options["every"], anyway=bool(files))
    return max([code, *(_guarded(partial(_write, path, content)) for _, path, content in files)])


def _files(
    session: Session, options: dict[str, Any]
) -> list[tuple[str, Path, Callable[[], Content]]]:
    """The files to write: the option of each, its path, and what makes its content."""
    contents: dict[str, Callable[[], Content]] = {"json": partial(history_json, session)}
    for name in ("weights", "script"):
        contents[name] = partial(FILES[name].content, session, options[name], options)
    files = [(_flag(name), options[name], content) for name, content in contents.items()]
    for path, kind in _result_files(session, options["results"]).items():
        files.append(("--results", path, partial(result_csv, session, kind)))
    return [file for file in files if file[1]]


def _check_outputs(outputs: Sequence[tuple[str, Path]], options: dict[str, Any]) -> None:
    """Raise, before anything is trained, for what can't be written or would destroy an input."""
    names = ("train", "test", "cell_file")
    check_outputs(outputs, [(_flag(name), options[name]) for name in names if options[name]])


def _write(path: Path, content: Callable[[], Content]) -> int:
    write(path, content())
    return 0


def _train_to_the_end(session: Session, every: int, anyway: bool = True) -> int:
    """Train with a bar on the terminal, and a report every so many epochs; return the exit code.

    Reports that can't be printed end the training, unless it is to go on ``anyway``.
    """
    code = 0
    with tqdm(total=session.config.epochs, unit="epoch", disable=None, leave=False) as bar:
        while not session.player.finished and (anyway or not code):
            before = session.state.epoch
            session.player.advance(1)
            if session.state.epoch == before:
                say(session.player.message)
                break
            bar.update()
            if session.state.epoch % every == 0 or session.player.finished:
                code = max(code, _guarded(lambda: _report(session)))
    return code if session.player.finished else max(code, 1)


def _report(session: Session) -> int:
    show(report(session))
    return 0


def _export(config: RunConfig, options: dict[str, Any]) -> int:
    session = Session(config)
    session.load(_upload(config, options))
    for note in session.dataset.notes:
        say(note)
    export.check(session, options)
    _check_outputs(export.outputs(options), options)
    codes = [_train_to_the_end(session, max(1, config.epochs))]
    for path, content in export.export(session, options, options["every_picture"]):
        codes.append(_guarded(partial(_write, path, content)))
        if not codes[-1]:
            say(f"wrote {path}")
    return max(codes)


def _result_files(session: Session, path: Path | None) -> dict[Path, ResultFile]:
    """The files of results, and what is in them."""
    if path is None:
        return {}
    stem, end = path.stem, path.suffix
    return {path.parent / f"{stem}{kind.suffix}{end}": kind for kind in result_files(session)}


def report(session: Session) -> str:
    """The present scores in the format of the notebook: loss and metric, to 3 decimals."""
    row, name = session.run.history.row(-1), session.dataset.metric.name.capitalize()
    lines = [f"--- Epoch {session.state.epoch}"]
    for part in ("train", "test"):
        loss, metric = row[f"{part}_loss"], row[f"{part}_metric"]
        if not np.isnan(loss):
            lines.append(f"{part.capitalize()}:\tLoss {loss:.3f} | {name}: {metric:.3f}")
    return "\n".join(lines)


def _gradcheck(config: RunConfig, options: dict[str, Any]) -> int:
    session = Session(config)
    read(session.dataset, options["phrase"])
    session.player.advance(config.epochs)
    parameters, probe = session.state.parameters, session.inspect(options["phrase"])
    batch = probe.trace.batch
    truth = complex_step_gradient(parameters, batch)
    kinds = [*Gradient] if config.cell == ELMAN.name else [Gradient.EXACT]
    errors = {k: relative_errors(record(parameters, batch, k).gradient, truth) for k in kinds}
    show(f"Relative error against complex-step differences, after {session.state.epoch} epochs,")
    show(f"on the {len(probe.words)} words: {' '.join(probe.words)}")
    show(f"{'parameter':<12}" + "".join(f"{kind:>12}" for kind in kinds))
    for name in truth.named():
        show(f"{name:<12}" + "".join(f"{errors[kind][name]:12.1e}" for kind in kinds))
    if _overflows(probe, float(np.linalg.norm(truth.theta))):
        return 1
    size = truth.theta.size
    if not (wrong := GradientCheck(errors[Gradient.EXACT], size, size).wrong):
        return 0
    say(f"The gradient is wrong in {', '.join(wrong)}.")
    return 1


def _verify(config: RunConfig, options: dict[str, Any]) -> int:
    session = Session(config, _dataset(config, options))
    phrase = session.first_phrase if options["phrase"] is None else options["phrase"]
    read(session.dataset, phrase)
    halfway, weights = train_in_halves(session.player)
    if not session.player.finished:
        say(session.player.message)
    probe = session.inspect(phrase)
    if _overflows(probe, session.run.history.row(-1)["train_loss"]):
        return 1
    show(f"After {session.state.epoch} epochs, on: {printable(phrase)}")
    checks = chain(
        NetworkChecks(session.state.parameters, probe.example, session.dataset, config.seed),
        [notebook_check(probe)] if config.gradient is Gradient.NOTEBOOK else [],
        [step_check(session.state, config, session.dataset)],
        run_checks(session.player, halfway, weights),
    )
    results = [*map(_shown, checks)]
    failed = sum(check.failed for check in results)
    unknown = sum(check.why == OVERFLOW for check in results)
    show(f"{failed} failed." if failed else "None failed.")
    if unknown:
        say(f"{unknown} of {len(results)} can't be checked, as {OVERFLOW}.")
    return 1 if failed or unknown else 0


def _overflows(probe: Probe, number: float) -> bool:
    """Whether the outputs, the losses or the number is not finite; it is said, too."""
    finite = probe.finite and np.isfinite([*probe.trace.loss, number]).all()
    if not finite:
        say(f"Nothing can be checked, as {OVERFLOW}.")
    return not finite


def _shown(check: Check) -> Check:
    """Print a check on one line."""
    note = check.allowed == np.inf
    mark = "skipped" if check.why else "FAILED" if check.failed else "note" if note else "ok"
    most = "" if note else f" (at most {check.allowed:.0e})"
    show(f"{mark:<9}{check.what}: {check.why or f'{check.measured:.1e}{most}'}")
    return check
