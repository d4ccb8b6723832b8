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

from tests.browser.serving import ROOT, free_port, stop, wait_until_healthy

#: Otherwise it looks for news and newer versions on the internet.
_QUIET = {"fetchNews": "false", "checkForUpdates": False}
_SETTINGS = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": _QUIET,
    "@jupyterlab/apputils-extension/themes.jupyterlab-settings": {"theme": "JupyterLab Light"},
}


@contextlib.contextmanager
def serve_lab(folder: Path, notebooks: dict[str, Any]) -> Iterator[str]:
    """Run JupyterLab over ``notebooks``, by name, and give its address."""
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
