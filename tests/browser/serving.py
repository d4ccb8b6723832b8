"""One server of the page, one browser, and pages that are watched while they are driven."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from filelock import FileLock
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.browser.browsers import find_chromium

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
#: The height of the window: that of a laptop. Fewer pictures in sight take less time.
HEIGHT = 900
#: Milliseconds that a page may take for anything: slow machines are not wrong.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)
IDLE = "[data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
# Opened at a page below the first, Streamlit asks there for its server, then one level higher.
_LOOKING_FOR_ITS_PATH = re.compile(r"/[a-z]+/_stcore/(health|host-config)$")

# An exception box may be gone again before the test looks; the console remembers each that was ever
# shown. To look for one at every change of the page would take as long as to draw a chart.
_REPORT_EXCEPTIONS = """
const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  @keyframes rnnviz-raised { from { outline-color: red } }
  [data-testid=stException] { animation: rnnviz-raised 1ms }
`);
document.adoptedStyleSheets.push(sheet);
document.addEventListener("animationstart", ({ animationName, target }) => {
  if (animationName === "rnnviz-raised") console.error("exception box: " + target.textContent);
});
"""


@dataclass(frozen=True)
class Server:
    """A running server: where it answers, and its process."""

    url: str
    pid: int


@contextlib.contextmanager
def serve(
    port: int | None = None,
    base: str = "",
    environ: Mapping[str, str] | None = None,
    opening: Path | None = None,
    lesson: str = "",
) -> Iterator[Server]:
    """Run the app on a port of this machine, a free one if none is given, ready to be opened.

    ``base`` is the path that is put before all of its own; ``environ`` is added to the environment.
    ``opening`` is a file that ``rnnviz open`` opens instead, ``lesson`` one for ``rnnviz class``,
    with students on this machine.
    """
    port = port or free_port()
    command: tuple[str, ...] = (
        sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true",
        "--server.port", str(port), "--server.baseUrlPath", base,
    )  # fmt: skip
    if opening:
        open_it = ("-m", "rnnviz", "open", str(opening), "--no-browser", "--port", str(port))
        command = (sys.executable, *open_it)
    if lesson:
        begun = ("class", lesson, "--host", "127.0.0.1", "--no-browser")
        command = (sys.executable, "-m", "rnnviz", "--port", str(port), *begun)
    whole = {**os.environ, **(environ or {})}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env=whole
        )
        try:
            url = f"http://127.0.0.1:{port}{base and '/' + base}"
            wait_until_healthy(f"{url}/_stcore/health", process, log)
            _LOGS.append(log)
            yield Server(url, process.pid)
        finally:
            if log in _LOGS:
                _LOGS.remove(log)
            stop(process)


#: What the running servers have said.
_LOGS: list[IO[bytes]] = []


def tracebacks() -> str:
    """The tracebacks in the logs of the running servers."""
    # Read at a place, because the server writes at the file's own.
    logs = (os.pread(log.fileno(), 1_000_000, 0).decode(errors="replace") for log in _LOGS)
    parts = (log[log.index("Traceback") :] for log in logs if "Traceback" in log)
    return "\n".join(part[:4000] for part in parts)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    """Wait until a server answers at ``url``; raise RuntimeError, with its log, if it doesn't."""
    until = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < until and process.poll() is None:
        # No proxy: the server is on this machine, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with contextlib.suppress(OSError), opener.open(url, timeout=2):
            return
        time.sleep(0.05)
    log.seek(0)
    raise RuntimeError("The server did not start:\n" + log.read().decode(errors="replace"))


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process, by force if it takes long."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A real Chromium without a window."""
    with sync_playwright() as playwright:
        browser = _launch(playwright)
        yield browser
        browser.close()


def _launch(playwright: Playwright) -> Browser:
    path = program(playwright.chromium.executable_path)
    return playwright.chromium.launch(executable_path=path, args=list(FLAGS))


def program(own: str) -> str:
    """The path of a Chromium; ``own`` is where Playwright keeps its own."""
    # Of several workers the first installs it; two at once would stop each other.
    with FileLock(Path(tempfile.gettempdir()) / "rnnviz-chromium.lock"):
        return find_chromium(own)


def open_page(browser: Browser, complaints: list[str], **options: Any) -> Page:
    """An empty page in a context of its own; what goes wrong on it is added to ``complaints``."""
    return watched(new_context(browser, **options).new_page(), complaints)


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A browser without a past, so tall that the curves of the run are in sight."""
    # With reduced motion the run does not begin by itself.
    usual = {"viewport": {"width": 1280, "height": HEIGHT}, "reduced_motion": "reduce"}
    context = browser.new_context(**{**usual, **options})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(_REPORT_EXCEPTIONS)
    return context


def watched(page: Page, complaints: list[str]) -> Page:
    """The page; what goes wrong on it, and what leaves the machine, is added to ``complaints``."""

    def on_request(request: Any) -> None:
        if not stays_here(request.url):
            complaints.append(f"request: {request.url}")

    def on_console(message: Any) -> None:
        if message.type == "error" and not _LOOKING_FOR_ITS_PATH.search(message.location["url"]):
            complaints.append(f"console: {message.text}")

    page.on("request", on_request)
    page.on("websocket", on_request)
    page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
    page.on("console", on_console)
    return page


def stays_here(url: str) -> bool:
    """Whether a request for ``url`` leaves this machine alone."""
    parts = urlsplit(url)
    return parts.scheme in {"blob", "data"} or parts.hostname in LOOPBACK


def visit(page: Page, url: str, first: str = "network") -> None:
    """Go to ``url`` and wait until the chart ``first`` is drawn and nothing runs.

    A link that leads far is followed before all eyes.
    """
    page.goto(url)
    expect_there(page, f".st-key-{first} .rnnviz-chart[data-drawn]")
    page.wait_for_function("() => !rnnviz.stage.header.running")
    expect_there(page, IDLE)


def expect_there(page: Page, selector: str) -> None:
    """Wait until there is such an element.

    It is looked for in every animation frame; a locator looks twice a second.
    """
    page.wait_for_function("selector => document.querySelector(selector)", arg=selector)
