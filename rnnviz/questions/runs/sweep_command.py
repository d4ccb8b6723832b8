"""The command that sweeps settings of the present run: its size, its start and its end."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

from rnnviz.config import SETTINGS, RunConfig, Setting, SettingError
from rnnviz.engine.cell_text import CellError
from rnnviz.files.whole_file import whole_file
from rnnviz.questions.runs.measure import RunsLab
from rnnviz.sweeps.grid import Range, axis_of, grid
from rnnviz.sweeps.store import digest_of
from rnnviz.tasks.upload import OPTIONS, Upload

#: The most runs of a sweep that the page starts.
MOST_RUNS = 2000
#: How far a suggested range goes from the present value, and how many values it has.
_TIMES, _VALUES = 4, 3
#: The most lines of what a sweep said at its end.
_MOST_LINES = 3
#: The most choices that are suggested.
_CHOICES = 3


def count_runs(config: RunConfig, texts: dict[str, str], seeds: int, draws: int) -> tuple[int, str]:
    """How many runs the values make, and why they can't be used."""
    try:
        axes = {name: axis_of(SETTINGS[name], text) for name, text in texts.items()}
        each = draws or math.prod(1 if isinstance(a, Range) else len(a) for a in axes.values())
        if seeds * each > MOST_RUNS:
            many = f"{seeds * each:,} runs are too many for the page, which starts {MOST_RUNS:,}"
            raise SettingError(f"{many} at most. In a terminal rnnviz sweep starts more.")
        return len(grid(axes, seeds=seeds, draws=draws, base=config)), ""
    except (SettingError, CellError) as problem:
        return 0, str(problem)


def suggested(row: Setting, value: object) -> str:
    """Values of a setting around its present one, as a text."""
    if row.choices:
        return ",".join([*dict.fromkeys([str(value), *row.choices])][:_CHOICES])
    if not isinstance(value, int | float) or value <= 0:
        return str(value)
    low, high = max(row.low, value / _TIMES), min(row.high, value * _TIMES)
    if isinstance(value, int):
        return f"{math.ceil(low)}..{math.floor(high)}:log:{_VALUES}"
    return f"{low:.3g}..{high:.3g}:log:{_VALUES}" if low > 0 else f"{low:g}..{high:.3g}:{_VALUES}"


def begin(lab: RunsLab, config: RunConfig, upload: Upload | None, how: dict[str, str]) -> str:
    """Start the command, which outlives this server; the problem if it can't be started, or ""."""
    folder, lab.said = lab.path.parent, ""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        options = [*_options(config, upload, how, folder / "data"), f"--db={lab.path}"]
        with lab.log.open("w", encoding="utf-8") as log:
            lab.sweep = subprocess.Popen(
                [sys.executable, "-m", "rnnviz", "sweep", *options], start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
            )  # fmt: skip
    except OSError as problem:
        return f"No sweep can be started: {problem.filename}: {problem.strerror}."
    return ""


def _options(
    config: RunConfig, upload: Upload | None, how: dict[str, str], folder: Path
) -> list[str]:
    """The options of the command; one's own data and cell are written to files in ``folder``."""
    changed = {
        name: str(value) for name, value in config.as_dict().items()
        if value != SETTINGS[name].default and name != "seed"
    }  # fmt: skip
    if equations := changed.pop("equations", ""):
        name = f"{hashlib.sha256(equations.encode()).hexdigest()[:12]}.txt"
        changed["cell_file"] = str(_kept(folder / name, equations.encode()))
        changed.pop("cell", None)
    flags = list[str]()
    if upload:
        changed.pop("task", None)
        for role, file in (("train", upload.train), ("test", upload.test)):
            if file:
                # Two files of one name are not the same data.
                path = folder / digest_of(upload) / role / Path(file.name).name
                changed[role] = str(_kept(path, file.content))
        for field in fields(Upload):
            value = getattr(upload, field.name)
            if field.name not in OPTIONS or value == field.default or value is None:
                continue
            # With a test file, no share of the rows can be held out.
            if value is True:
                flags.append(f"--{field.name.replace('_', '-')}")
            elif not (upload.test and field.name == "test_share"):
                changed[field.name] = str(value)
    return [*flags, *(f"--{n.replace('_', '-')}={v}" for n, v in {**changed, **how}.items())]


def _kept(path: Path, content: bytes) -> Path:
    """A file that stays, so that the same line goes on later."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(content)
    return path


def is_alive(pid: int) -> bool:
    """Whether a process is running. Always true on Windows, where the check would kill it."""
    if os.name == "nt":
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    # A child process that has ended stays a zombie until its exit code is read.
    with suppress(OSError, AttributeError):
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    return True


def is_command(pid: int) -> bool:
    """Whether a process is the command: if its sweep was killed, its PID may have been reused.

    Also false if a program runs the sweep, and on Windows, where it is unknown.
    """
    with suppress(OSError):
        asked = ["ps", "-o", "args=", "-p", str(pid)]
        found = subprocess.run(asked, capture_output=True, encoding="utf-8", check=False)
        return " sweep " in found.stdout
    return False


def end_of(lab: RunsLab) -> str:
    """How the last sweep has ended, in a sentence."""
    code = lab.sweep.poll() if lab.sweep else 0
    if code == 0:
        return "The sweep is done."
    # 1: runs failed, or the file can't be written; 2: the sweep was refused.
    if code not in (1, 2):
        return "The sweep was stopped. What is done is kept; the same sweep trains the rest."
    lines = lab.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_MOST_LINES:]
    said = [line.removeprefix("rnnviz: ") for line in lines if not line.startswith("Runs: ")]
    return " ".join(said) or "The sweep has ended."
