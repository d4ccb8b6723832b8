"""Pictures as SVG, drawn by an installed browser with the scripts of the page."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from rnnviz.charts.theme import LIGHT, css_variables
from rnnviz.files.numbers import Drawn, with_numbers
from rnnviz.files.output import origin
from rnnviz.files.page_script import filled_page, page_file
from rnnviz.files.wire_format import PackedPicture, packed
from rnnviz.probe.session import Session

#: Program names. The headless shell, the same engine without windows, is faster.
NAMES = (
    "chromium-headless-shell", "google-chrome", "google-chrome-stable", "chromium",
    "chromium-browser", "chrome", "microsoft-edge", "microsoft-edge-stable", "msedge",
)  # fmt: skip
_MAC = ("Google Chrome", "Chromium", "Microsoft Edge")
_WINDOWS = (
    "Google/Chrome/Application/chrome.exe", "Chromium/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
)  # fmt: skip
_LINUX = (
    "/opt/google/chrome/chrome", "/opt/microsoft/msedge/msedge", "/usr/lib/chromium/chromium",
    "/snap/bin/chromium",
)  # fmt: skip
#: Seconds that the browser may take.
TIME_LIMIT = 120.0
#: Draw on the CPU, load no extensions, and resolve no host name.
_OPTIONS = (
    "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--force-device-scale-factor=1", "--no-first-run", "--no-default-browser-check",
    "--disable-extensions", "--disable-sync", "--disable-component-update",
    "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip


class BrowserError(RuntimeError):
    """There is no browser, or it failed; the message says what to do."""


def installed(
    environ: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
    which: Callable[[str], str | None] = shutil.which,
) -> list[str]:
    """Paths where a browser may be: on the PATH, then in the system's usual places."""
    on_path = filter(None, map(which, NAMES))
    if platform == "darwin":
        folders = ("/Applications", f"{environ.get('HOME', '')}/Applications")
        usual = [
            f"{folder}/{name}.app/Contents/MacOS/{name}" for folder in folders for name in _MAC
        ]
    elif platform == "win32":
        names = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        roots = filter(None, map(environ.get, names))
        usual = [f"{root}/{place}" for root in roots for place in _WINDOWS]
    else:
        usual = [*_LINUX]
    return [*on_path, *usual]


def find_browser(chosen: Path | None = None) -> str:
    """The path of the ``chosen`` browser, else of an installed one; raises BrowserError."""
    if chosen is not None:
        # A bare name is looked up on the PATH.
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
    """The HTML of ``page`` after its scripts have run.

    ``folder`` holds the page and the browser's profile meanwhile, because some browsers can't read
    the system's temporary folder. Raises BrowserError if the browser fails or takes longer than
    ``limit`` seconds.
    """
    with TemporaryDirectory(prefix="browser-", dir=folder, ignore_cleanup_errors=True) as place:
        here = Path(place).resolve()
        (here / "page.html").write_text(page, encoding="utf-8")
        profile, address = f"--user-data-dir={here / 'profile'}", (here / "page.html").as_uri()
        # As root it doesn't start in its sandbox.
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [browser, *_OPTIONS, *root, profile, "--dump-dom", address]
        code = _run(command, here, limit)
        document = (here / "document").read_text(encoding="utf-8", errors="replace")
        if code or not document:
            errors = (here / "errors").read_text(encoding="utf-8", errors="replace").split("\n")
            last = next((line.strip() for line in reversed(errors) if line.strip()), "no message")
            said = last[:200].rstrip(".")
            raise BrowserError(f"{browser} has not drawn the pictures: {said}.")
        return document


def _run(command: list[str], here: Path, limit: float) -> int:
    """Run a command and return its exit code; its output goes to files in ``here``."""
    # A pipe would stay open as long as any child process of the browser.
    with (here / "document").open("wb") as document, (here / "errors").open("wb") as errors:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=document, stderr=errors,
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
                if sys.platform == "win32":
                    process.kill()
                else:  # Also its child processes.
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


# The page that draws

#: The width of each picture, in pixels; its layout has its height.
WIDTH = 960
_TEMPLATE = Path(__file__).with_name("pictures.html")
_ANSWER = re.compile(r'<pre id="answer"( class="problem")?>([A-Za-z0-9+/=]+)</pre>')


def pictures(
    session: Session, drawn: Mapping[str, Drawn], browser: str, folder: Path
) -> dict[str, str]:
    """Every picture that has numbers, as SVG, by file name.

    ``browser`` is the path of a program; ``folder`` is where it may work, and is left as it was.
    Raises BrowserError.
    """
    document = document_of(pictures_page(session, with_numbers(drawn)), browser, folder)
    answer = _ANSWER.search(document)
    if answer is None:
        raise BrowserError(
            f"{browser} has not drawn the pictures: it may be too old. "
            "Name another browser with --browser."
        )
    content = base64.b64decode(answer[2]).decode()
    if answer[1]:
        raise BrowserError(f"{browser} has not drawn the pictures: {content}.")
    return {f"{name}.svg": svg for name, svg in json.loads(content).items()}


def pictures_page(session: Session, drawn: Mapping[str, Drawn]) -> str:
    """A self-contained page that draws the pictures when it is opened."""
    return filled_page(
        _TEMPLATE, "pictures/host_pictures.js", width=WIDTH,
        style=f"{css_variables(LIGHT, LIGHT.background)}\n{page_file('style.css')}",
        content=base64.b64encode(content_of(session, drawn)).decode(),
    )  # fmt: skip


def content_of(session: Session, drawn: Mapping[str, Drawn]) -> bytes:
    """The pictures in the wire format, each with its kind and its origin."""
    made, body = origin(session), list[bytes]()
    entries = {
        name: {
            "kind": one.kind, "told": one.told(made),
            **PackedPicture(one.picture.parts()).entry(body),
        }
        for name, one in drawn.items()
    }  # fmt: skip
    return packed({"pictures": entries}, body)
