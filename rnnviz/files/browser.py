"""An installed browser of the Chromium family, which draws a page without a window."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

#: The names of programs. The headless shell is the same engine without windows: it is faster.
NAMES = (
    "chromium-headless-shell",
    "google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "chrome",
    "microsoft-edge", "microsoft-edge-stable", "msedge",
)  # fmt: skip
_MAC = ("Google Chrome", "Chromium", "Microsoft Edge")
_WINDOWS = (
    "Google/Chrome/Application/chrome.exe",
    "Chromium/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
)
_LINUX = (
    "/opt/google/chrome/chrome",
    "/opt/microsoft/msedge/msedge",
    "/usr/lib/chromium/chromium",
    "/snap/bin/chromium",
)
#: Seconds that a page may take.
TIME_LIMIT = 120.0
#: It draws on the processor, in a profile of its own, and finds no other machine.
_OPTIONS = (
    "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--force-device-scale-factor=1", "--no-first-run", "--no-default-browser-check",
    "--disable-extensions", "--disable-sync", "--disable-component-update",
    "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip


class BrowserError(RuntimeError):
    """There is no browser, or it has not done its work; the message says what to do."""


def installed(
    environ: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
    which: Callable[[str], str | None] = shutil.which,
) -> list[str]:
    """Where a browser may be: on the PATH, then in the system's usual places."""
    return [*filter(None, map(which, NAMES)), *_usual_places(environ, platform)]


def _usual_places(environ: Mapping[str, str], platform: str) -> list[str]:
    if platform == "darwin":
        folders = ("/Applications", f"{environ.get('HOME', '')}/Applications")
        return [f"{folder}/{name}.app/Contents/MacOS/{name}" for folder in folders for name in _MAC]
    if platform == "win32":
        names = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        roots = filter(None, map(environ.get, names))
        return [f"{root}/{place}" for root in roots for place in _WINDOWS]
    return list(_LINUX)


def find_browser(chosen: Path | None = None) -> str:
    """The path of a browser: the one that is ``chosen``, else one that is installed.

    Raises BrowserError.
    """
    if chosen is not None:
        # A name alone is looked for as the shell would.
        found = shutil.which(str(chosen.resolve() if chosen.is_file() else chosen))
        if found is None:
            raise BrowserError(f"--browser {chosen}: there is no such program.")
        return found
    found = next((path for path in installed() if Path(path).is_file()), None)
    if found is None:
        raise BrowserError(
            "A browser draws the pictures, and none was found: no Google Chrome, Chromium or "
            "Microsoft Edge is on the PATH or in its usual place. Install one, or name its program "
            "with --browser."
        )
    return found


def document_of(page: str, browser: str, folder: Path, limit: float = TIME_LIMIT) -> str:
    """The document that ``page``, an HTML text, has become when its scripts have run.

    ``folder`` holds the page and the browser's profile meanwhile: some browsers can't read the
    system's temporary folder. Raises BrowserError if it fails or takes longer than ``limit``
    seconds.
    """
    with TemporaryDirectory(prefix="browser-", dir=folder, ignore_cleanup_errors=True) as place:
        here = Path(place).resolve()
        (here / "page.html").write_text(page, encoding="utf-8")
        profile, address = f"--user-data-dir={here / 'profile'}", (here / "page.html").as_uri()
        command = [browser, *_OPTIONS, *_as_root(), profile, "--dump-dom", address]
        code = _run(command, here, limit)
        document = (here / "document").read_text(encoding="utf-8", errors="replace")
        if code or not document:
            said = (here / "said").read_text(encoding="utf-8", errors="replace").split("\n")
            last = next(
                (line.strip() for line in reversed(said) if line.strip()), "it said nothing"
            )
            raise BrowserError(f"{browser} has not drawn the pictures: {last[:200]}")
        return document


def _as_root() -> tuple[str, ...]:
    """As root it doesn't start within its sandbox."""
    return ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()


def _run(command: list[str], here: Path, limit: float) -> int:
    """Run a command and return its exit code; what it writes goes to files in ``here``."""
    # A pipe would stay open as long as any process that it has started.
    with (here / "document").open("wb") as document, (here / "said").open("wb") as said:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=document, stderr=said,
                start_new_session=True,
            )  # fmt: skip
        except OSError as problem:
            raise BrowserError(f"{command[0]} can't be started: {problem.strerror}.") from None
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            raise BrowserError(
                f"{command[0]} has not drawn the pictures within {limit:.0f} seconds. "
                "Try again, or name another browser with --browser."
            ) from None
        finally:
            if process.poll() is None:
                _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, and those that it has started."""
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
