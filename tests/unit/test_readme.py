"""README and docs: their examples are run exactly as they are printed, and their links lead on."""

import os
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

import rnnviz
from rnnviz.probe import health

ROOT = Path(__file__).resolve().parents[2]
FILES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {path: path.read_text(encoding="utf-8") for path in FILES}
TEXT = "\n".join(TEXTS.values())


def blocks(language):
    """The code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


#: What stands in for the browser that a figure is shown in.
FETCH = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()"


def run(arguments, folder, **more):
    """What a program of this Python prints, run in a folder."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environ, capture_output=True,
        encoding="utf-8", check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_library_example(tmp_path):
    (example,) = blocks("python")
    browser = tmp_path / "browser.py"
    browser.write_text(FETCH, encoding="utf-8")
    python = Path(sys.executable).as_posix()
    shown = {"PLOTLY_RENDERER": "browser", "BROWSER": f'"{python}" "{browser.as_posix()}" %s &'}
    printed = run(["-c", example], tmp_path, **shown)
    assert printed.startswith("positive 0.")
    assert printed.splitlines()[0].endswith("(4, 1, 64)")


def test_the_example_with_pytorch(tmp_path):
    pytest.importorskip("torch")
    example, numbers = [block for block in blocks("py") if "from_torch" in block]
    answer, training = run(["-c", example], tmp_path).splitlines()
    assert answer.startswith(("negative, ", "positive, "))
    assert training.startswith("Training on differs from PyTorch")
    value, loss = run(["-c", numbers], tmp_path).split()
    assert 0 < float(value) < 2
    assert 0 < float(loss) < 1


def test_the_example_of_the_recorder(tmp_path):
    pytest.importorskip("torch")
    (example,) = [block for block in blocks("py") if "Recorder" in block]
    run(["-c", example], tmp_path)
    session = rnnviz.open_recording(tmp_path / "run.rnnviz")
    assert session.run.stored == [*range(0, 501, 50)]
    losses = session.run.history.column("test_loss")
    assert losses[-1] < losses[1]


#: A file that is as ugly as the examples say.
TICKETS = (
    "id,message,category\n1,charged twice,billing\n2,where is it,shipping\n3,,billing\n"
    "4,wrong invoice,Billing\n5,it is late,shipping\n"
)


def test_the_example_with_own_data(tmp_path):
    (example,) = [block for block in blocks("py") if "Upload" in block]
    (tmp_path / "tickets.csv").write_text(TICKETS, encoding="utf-8")
    printed = run(["-c", example], tmp_path)
    assert printed == "tickets.csv, row 4: the text is empty. Fill it in, or remove the row.\n"
    saved = (tmp_path / "confusion.csv").read_text(encoding="utf-8")
    assert saved.startswith("# rnnviz: ")
    assert "\nlabel \\ predicted,Billing,billing,shipping\n" in saved


def test_the_example_of_a_run_as_a_file(tmp_path):
    (example,) = [block for block in blocks("py") if "run_file" in block]
    same = (
        "print(again.state.parameters.theta.tobytes() == session.state.parameters.theta.tobytes())"
    )
    assert run(["-c", f"{example}\n{same}"], tmp_path) == "True\n"
    assert [path.name for path in tmp_path.iterdir()] == ["run.rnnviz"]


def test_the_example_of_a_sweep(tmp_path):
    (example,) = [block for block in blocks("py") if "rnnviz.sweep" in block]
    lines = run(["-c", example], tmp_path).splitlines()
    assert lines[0].split() == ["lag", "lr"]
    assert len(lines) == 1 + 6 + 1 and [*tmp_path.iterdir()] == []


def test_the_example_in_a_notebook(tmp_path):
    pytest.importorskip("anywidget")
    (example,) = blocks("ipython")
    # As in a cell: on a loop, and what stands last is shown.
    *lines, last = example.splitlines()
    body = "\n    ".join([*lines, f"print({last})"])
    code = f"import asyncio\nasync def cell():\n    {body}\nasyncio.run(cell())"
    assert run(["-c", code], tmp_path).startswith("The live picture of a session.")


def test_the_example_with_numbers_over_time(tmp_path):
    (example,) = [block for block in blocks("py") if "from_frame" in block]
    *models, ahead = run(["-c", example], tmp_path).splitlines()
    errors = {line.rsplit(maxsplit=2)[0]: float(line.split()[-1]) for line in models}
    assert [*errors][:3] == ["network", "last value", "same season"]
    assert errors["network"] < errors["last value"]
    assert ahead.startswith("2016-01-01T00:00:00.000000 [")


#: Days of two shops.
SALES = "date,store,units,price\n" + "".join(
    f"{date(2024, 1, 1) + timedelta(days=day)},{store},{day % 19 + k},{day % 5}\n"
    for day in range(120) for k, store in enumerate(("north", "south"))
)  # fmt: skip


def test_the_commands(tmp_path):
    (tmp_path / "tickets.csv").write_text(TICKETS, encoding="utf-8")
    (tmp_path / "sales.csv").write_text(SALES, encoding="utf-8")
    commands = [block for block in blocks("sh") if block.startswith("rnnviz train")]
    assert len(commands) == 3
    for command in "".join(commands).splitlines():
        program, *words = command.split()
        assert program == "rnnviz"
        assert run(["-m", program, *words], tmp_path)
    written = {path.name for path in tmp_path.iterdir()} - {"sales.csv", "tickets.csv"}
    assert written == {"run.json", "weights.npz"}


def test_the_limits_of_health_are_the_constants():
    """Those of the table, in its order; shares are in per cent, and silent units never bad."""
    (table,) = re.findall(r"\| sign \| measures.*?\n\n", TEXT, re.DOTALL)
    limits = [
        [float(number) for number in re.findall(r"[\d.]+(?:e-?\d+)?", row.split("|", 3)[3])]
        for row in table.splitlines()[2:-1]
    ]
    shares = (health.SATURATED_LIMITS, health.SILENT_LIMITS[:1], health.CLIPPED_LIMITS)
    watch, bad = health.RATIO_LIMITS
    assert limits == [
        *([100 * limit for limit in each] for each in shares),
        [watch, health.RATIO_LOW, bad],
        list(health.LARGE_LIMITS),
        [health.REACH_WATCH],
    ]
    assert f"never leaves ±{health.SILENT:g}" in table


def anchors(path):
    """The anchors of a file's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", TEXTS[path], re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_links_and_pictures_are_there(path):
    found = re.findall(r"\]\(([^)]+)\)|(?:src|srcset)=\"([^\"]+)\"", TEXTS[path])
    for link in ("".join(pair) for pair in found):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_is_a_front_page():
    assert len(TEXTS[FILES[0]].splitlines()) <= 120
