"""The page as the command ``rnnviz`` serves it."""

import asyncio
import errno
import queue
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import streamlit as st

from rnnviz import terminal
from rnnviz.page import main

CONFIG = Path(__file__).resolve().parents[3] / ".streamlit" / "config.toml"


def test_the_settings_are_those_of_the_config_file_and_streamlit_knows_them():
    table, settings = tomllib.loads(CONFIG.read_text(encoding="utf-8")), main.settings()
    for name, value in settings.items():
        expected = table
        for part in name.split("."):
            expected = expected[part]
        assert value == expected
        assert st.get_option(name) is not ...
    assert len(settings) == CONFIG.read_text(encoding="utf-8").count(" = ")
    assert settings["theme.light.primaryColor"] == "#00796b"


def test_the_page_is_served_with_all_settings_to_this_machine_alone(monkeypatch):
    seen = []
    monkeypatch.setattr(st.App, "run", lambda self, config: seen.append(config))
    main.serve()
    main.serve(9000, False)
    options, chosen = seen
    assert main.settings().items() <= options.items()
    assert options["server.address"] == "127.0.0.1"
    assert options["browser.gatherUsageStats"] is False
    assert "server.port" not in options and "server.headless" not in options
    assert chosen.items() >= {"server.port": 9000, "server.headless": True}.items()


def test_ctrl_c_ends_the_page_quietly(monkeypatch, capsys):
    def interrupted(self, config):
        raise KeyboardInterrupt

    monkeypatch.setattr(st.App, "run", interrupted)
    main.serve()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("headless", [True, False])
def test_a_browser_is_opened_once_the_page_is_there_unless_headless(monkeypatch, capsys, headless):
    @asynccontextmanager
    async def nothing(app):
        yield

    own = {"server.headless": headless, "server.address": "127.0.0.1", "server.port": 8777}
    monkeypatch.setattr(main, "lifespan", nothing)
    monkeypatch.setattr(st, "get_option", own.get)
    opened = queue.Queue()
    monkeypatch.setattr(main.webbrowser, "open", opened.put)

    async def started():
        async with main._opening(None):
            pass

    # Playwright may have this thread's loop.
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, started()).result()
    if headless:
        assert opened.empty()
    else:
        assert opened.get(timeout=10) == "http://127.0.0.1:8777"
    assert "the page is at http://127.0.0.1:8777" in capsys.readouterr().out
    monkeypatch.setattr(terminal.tqdm, "write", full)
    monkeypatch.setattr(terminal, "_discard", lambda _: None)
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, started()).result()


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")
