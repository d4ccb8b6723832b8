"""A sweep of the present settings that the page starts as a process; and its progress."""

from __future__ import annotations

import hashlib
import math
import os
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import streamlit as st

from rnnviz.cells import OWN
from rnnviz.config import SETTINGS, RunConfig, Setting, SettingError
from rnnviz.engine.cell_text import CellError
from rnnviz.files.whole_file import whole_file
from rnnviz.probe.session import Session
from rnnviz.questions.runs.measure import RunsLab
from rnnviz.sweeps.grid import Range, axis_of, grid
from rnnviz.sweeps.store import Store, StoreError, digest_of
from rnnviz.tasks.upload import OPTIONS, Upload
from rnnviz.ui.browser_session import first_value, visit
from rnnviz.ui.style import escaped

#: The most runs of a sweep that the page starts.
_MOST_RUNS = 2000
#: How far a suggested range goes from the present value, and how many values it has.
_TIMES, _VALUES = 4, 3
#: The most lines of what a sweep said at its end.
_MOST_LINES = 3
#: The most choices that are suggested.
_CHOICES = 3
_NO_SWEEP = "What a program has made can't be swept here: rnnviz.sweep takes settings and data."


def sweep_form(session: Session, lab: RunsLab) -> None:
    """The settings of the present run, with a range where a value stood."""
    config = session.config
    if session.data.given is not None or session.player.recorded or session.player.imported:
        st.caption(_NO_SWEEP)
        return
    alone = {"seed", *["cell", "constants"] * (config.cell == OWN), *["task"] * session.data.own}
    usable = [n for n, row in SETTINGS.items() if n not in alone and not row.packed]
    # What stood there when the page was left.
    form = first_value("sweep_form", visit("runs"), lab.form)
    names = st.multiselect(
        "Settings that vary", usable, [name for name in usable if name in form], key="sweep_names",
        format_func=lambda n: SETTINGS[n].label, help="All others are as in the present run.",
    )  # fmt: skip
    texts = {
        name: st.text_input(
            SETTINGS[name].label,
            form.get(name) or suggested(SETTINGS[name], getattr(config, name)),
            key=f"sweep_{name}",
            help="A list, 5,10,20, or a range, 1..9:5; in its logarithm, 0.003..0.3:log:5",
        )
        for name in names
    }
    left, right = st.columns(2)
    seeds = left.number_input("Seeds", 1, 100, int(form.get("seeds", 5)), key="sweep_seeds")
    draws = right.number_input(
        "Random draws", 0, _MOST_RUNS, int(form.get("random", 0)), key="sweep_draws",
        help="0: all combinations. Otherwise as many random ones; a range then needs no number of "
        "values: 0.003..0.3:log",
    )  # fmt: skip
    count, problem = _counted(config, texts, seeds, draws)
    if problem:
        st.caption(escaped(problem))
    label = f"Sweep: {count:,} runs" if count else "Sweep"
    lab.form = {**texts, "seeds": str(seeds), **({"random": str(draws)} if draws else {})}
    idle = bool(count) and not lab.sweeping
    # A callback would start what stood there before the last text was left.
    if st.button(label, key="sweep", type="primary", disabled=not idle, width="stretch"):
        _begin(lab, config, session.data.upload, lab.form)


def _counted(config: RunConfig, texts: dict[str, str], seeds: int, draws: int) -> tuple[int, str]:
    """How many runs the values make, and why they can't be used."""
    try:
        axes = {name: axis_of(SETTINGS[name], text) for name, text in texts.items()}
        each = draws or math.prod(1 if isinstance(a, Range) else len(a) for a in axes.values())
        if seeds * each > _MOST_RUNS:
            many = f"{seeds * each:,} runs are too many for the page, which starts {_MOST_RUNS:,}"
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


def _begin(lab: RunsLab, config: RunConfig, upload: Upload | None, how: dict[str, str]) -> None:
    """Start the command, which outlives this server."""
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
        why = f"{problem.filename}: {problem.strerror}"
        st.error(escaped(f"No sweep can be started: {why}."))


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
            # Whoever gives a test file can't say what share of the rows is set aside.
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


# Progress


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds > 90 else f"{seconds:.0f} s"


def _alive(pid: int) -> bool:
    """Whether a process is there. On Windows, where asking would end it, it counts as there."""
    if os.name == "nt":
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _is_command(pid: int) -> bool:
    """Whether a process is the command; if its sweep was killed, another can have its number.

    Nor is it the command if a program sweeps, and on Windows it isn't known.
    """
    with suppress(OSError):
        asked = ["ps", "-o", "args=", "-p", str(pid)]
        found = subprocess.run(asked, capture_output=True, encoding="utf-8", check=False)
        return " sweep " in found.stdout
    return False


@st.fragment(run_every=1.0)
def progress(lab: RunsLab) -> None:
    """The sweep that runs, and new runs; the table stays as it is until it is asked for."""
    if lab.sweep and not lab.sweeping and not lab.said:
        lab.said = _end_of(lab)
        # The button can be pressed again.
        st.rerun()
    if lab.said:
        st.caption(escaped(lab.said))
    running, latest = list[dict[str, Any]](), lab.edition
    # There is no file yet, or it can't be read: the page itself says so.
    with suppress(StoreError), closing(Store(lab.path, readonly=True)) as store:
        latest = store.latest()
        running = [s for s in store.sweeps()[:4] if s["state"] == "running" and _alive(s["pid"])]
    with st.container(horizontal=True, vertical_alignment="center", key="runs_progress"):
        for sweep in running[:1]:
            done, total = sweep["stored"], sweep["total"]
            spent = time.time() - sweep["begun"]
            rest = f", about {_duration(spent / done * (total - done))} left" if done else ""
            st.progress(min(1.0, done / max(1, total)), f"{done:,} of {total:,} runs{rest}")
            own = lab.sweep is not None and lab.sweeping and lab.sweep.pid == sweep["pid"]
            if (own or _is_command(sweep["pid"])) and st.button("Cancel", key="runs_cancel"):
                with suppress(OSError):
                    os.kill(sweep["pid"], signal.SIGTERM)
        if lab.sweeping and not running:
            st.progress(0.0, "The sweep begins …")
        count = latest[1] - lab.edition[1]
        if count > 0 and st.button(f"Show {count:,} new", key="runs_newer", type="primary"):
            lab.read()
            st.rerun()


def _end_of(lab: RunsLab) -> str:
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
