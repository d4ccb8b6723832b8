"""A real JupyterLab in a folder of its own, which asks nobody else for anything."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.serving import ROOT, free_port, stop, wait_until_healthy

#: Otherwise it looks for news and newer versions on the internet.
_QUIET = {"fetchNews": "false", "checkForUpdates": False}
_SETTINGS = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": _QUIET,
    "@jupyterlab/apputils-extension/themes.jupyterlab-settings": {"theme": "JupyterLab Light"},
}


@contextlib.contextmanager
def serve_lab(folder: Path, notebooks: dict[str, Any]) -> Iterator[str]:
    """Run JupyterLab over ``notebooks``, by name, which it trusts, and give its address."""
    home = folder / "home"
    for name, values in _SETTINGS.items():
        path = home / "settings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    (folder / "work").mkdir()
    for name, notebook in notebooks.items():
        (folder / "work" / name).write_text(json.dumps(notebook), encoding="utf-8")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    options = {
        "ServerApp.ip": "127.0.0.1", "ServerApp.port": port, "ServerApp.open_browser": False,
        "ServerApp.root_dir": folder / "work", "IdentityProvider.token": "",
        "LabApp.extension_manager": "readonly", "ServerApp.allow_root": True,
    }  # fmt: skip
    command = [sys.executable, "-m", "jupyterlab", *(f"--{k}={v}" for k, v in options.items())]
    own = {f"JUPYTER_{part}_DIR": str(home / part) for part in ("CONFIG", "DATA", "RUNTIME")}
    environ = {
        **os.environ, **own, "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"), "IPYTHONDIR": str(home / "ipython"),
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    trust = "from nbformat.sign import TrustNotebookApp; TrustNotebookApp.launch_instance()"
    paths = [folder / "work" / name for name in notebooks]
    subprocess.run([sys.executable, "-c", trust, *paths], env=environ, check=True)
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, env=environ
        )
        try:
            wait_until_healthy(f"{url}/api/status", process, log)
            yield url
        finally:
            stop(process)


def notebook(*cells: str, **metadata: Any) -> dict[str, Any]:
    """A notebook with these cells of code."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": [
            {"cell_type": "code", "id": f"cell-{k}", "source": source, "metadata": {},
             "execution_count": None, "outputs": []}
            for k, source in enumerate(cells)
        ],
        "metadata": {"kernelspec": kernel, **metadata}, "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip


class Lab:
    """A notebook that is open in JupyterLab."""

    def __init__(self, page: Page) -> None:
        self.page = page
        #: All widgets, and parts of theirs.
        self.widget = page.locator(".rnnviz-widget")
        self.status = self.widget.locator(".rnnviz-status")
        self.epoch, self.note = self.status.locator("b"), self.widget.locator(".rnnviz-note")
        self.phrase = self.widget.get_by_role("textbox", name="Phrase", exact=True)

    def visit(self, url: str, name: str) -> None:
        """Open a notebook, and wait for its kernel."""
        self.page.goto(f"{url}/lab/tree/{name}?reset")
        self.wait_for_kernel()

    def wait_for_kernel(self) -> None:
        """Wait until the kernel has nothing to do."""
        expect(self.page.get_by_text("(ipykernel) | Idle")).to_be_visible()

    def cell(self, number: int) -> Locator:
        """A cell, the first is 0."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def run(self, number: int) -> str:
        """Run a cell, and give what it has printed."""
        cell = self.cell(number)
        prompt = cell.locator(".jp-InputPrompt").element_handle()
        # After a restart of the kernel the number may be the same as before.
        prompt.evaluate(
            """node => {
              node.changed = false;
              const observer = new MutationObserver(() => { node.changed = true; });
              observer.observe(node, { characterData: true, childList: true, subtree: true });
            }"""
        )
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function(
            "node => node.changed && /\\d/.test(node.innerText)", arg=prompt
        )
        return "\n".join(cell.locator(".jp-OutputArea-output pre").all_inner_texts()).strip()

    def choose(self, *names: str) -> None:
        """Choose from the menus."""
        self.page.get_by_role("menuitem", name=names[0], exact=True).click()
        for name in names[1:]:
            self.page.locator(".lm-Menu-itemLabel").get_by_text(name, exact=True).click()

    def press(self, name: str, number: int = 0) -> None:
        """Press a button of a widget, the first is 0."""
        self.widget.nth(number).get_by_role("button", name=name).click()

    def expect_drawn(self, count: int = 1) -> None:
        """Wait until so many widgets are drawn, both pictures of each, the last in sight."""
        expect(self.widget).to_have_count(count)
        self.widget.last.scroll_into_view_if_needed()
        expect(self.widget.locator("[data-picture=network][data-drawn]")).to_have_count(count)
        expect(self.widget.locator("[data-picture=curves][data-drawn]")).to_have_count(count)
