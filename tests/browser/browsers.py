"""Find a Chromium on this machine, or fetch one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnviz.files.pictures import installed

_PLAYWRIGHT = (sys.executable, "-m", "playwright")
_FETCH = (*_PLAYWRIGHT, "install", "chromium")
_DEBIAN = (
    ("apt-get", "update"),
    ("apt-get", "install", "-y", "chromium-headless-shell"),
    ("apt-get", "install", "-y", "chromium"),
    (*_PLAYWRIGHT, "install-deps", "chromium"),
)


class NoBrowserError(RuntimeError):
    """No Chromium can be had; the message says what to install."""


@dataclass(frozen=True)
class Machine:
    """What the search asks of the machine, so that the tests can answer in its place."""

    environ: Mapping[str, str]
    platform: str
    debian_root: bool
    which: Callable[[str], str | None]
    usable: Callable[[str], bool]
    run: Callable[[Sequence[str]], None]


def this_machine() -> Machine:
    """The machine that this runs on."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    debian = root and Path("/etc/debian_version").exists()
    return Machine(os.environ, sys.platform, debian, shutil.which, _starts, _run)


def _starts(path: str) -> bool:
    """Whether ``path`` is a browser that starts: some are stubs, some lack their libraries."""
    if not Path(path).is_file():
        return False
    if sys.platform == "win32":  # there --version opens a window
        return True
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _run(command: Sequence[str]) -> None:
    """Run a command; whether it helped is seen by looking for the browser again."""
    print("$", *command, file=sys.stderr)
    try:
        subprocess.run(command, timeout=900, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        print(problem, file=sys.stderr)


def find_chromium(own: str, machine: Machine | None = None) -> str:
    """The path of a Chromium; ``own`` is where Playwright keeps its own. Raises NoBrowserError."""
    machine = machine or this_machine()
    chosen = machine.environ.get("CHROME_PATH")
    if chosen:
        if machine.usable(chosen):
            return chosen
        raise NoBrowserError(f"CHROME_PATH is {chosen}, where there is no browser that starts.")
    for _ in _attempts(machine):
        found = _first((*installed_paths(machine), own), machine)
        if found:
            return found
    raise NoBrowserError(
        "The browser tests need Chromium. Install Google Chrome, Chromium or Microsoft Edge, "
        "or set CHROME_PATH to the program of one."
    )


def _attempts(machine: Machine) -> Iterator[None]:
    """Before every look for a browser another way of getting one; before the first, none."""
    yield
    for command in (_FETCH, *(_DEBIAN if machine.debian_root else ())):
        machine.run(command)
        yield


def _first(paths: Iterable[str], machine: Machine) -> str | None:
    return next((path for path in paths if machine.usable(path)), None)


def installed_paths(machine: Machine) -> list[str]:
    """Where an installed browser may be: on the PATH, then in the system's usual places."""
    return installed(machine.environ, machine.platform, machine.which)
