"""The house rules: style, types, one-way imports, short functions."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [ROOT / "app.py", *sorted((ROOT / "rnnviz").rglob("*.py"))]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("ruff check .", "All checks passed"),
        ("ruff format --check .", "already formatted"),
        ("mypy", "no issues found"),
        ("lint-imports --no-cache", "0 broken"),
    ],
)
def test_the_checkers_find_nothing(command, said):
    program, *options = command.split()
    found = shutil.which(program, path=str(Path(sys.executable).parent))
    assert found, f"{program} is not installed: see requirements-dev.txt"
    run = subprocess.run(
        [found, *options], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert said in run.stdout


def body_lengths():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) and node.body[1:] else node.body
                yield f"{path.name}:{node.name}", node.end_lineno - body[0].lineno + 1


def test_functions_are_short():
    lengths = dict(body_lengths())
    assert max(lengths.values()) <= 40, max(lengths, key=lengths.get)


def test_the_page_is_a_frame():
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= 40


def test_no_rule_looks_at_the_whole_page_anew_with_every_line_of_a_chart():
    sheet = (ROOT / "rnnviz" / "ui" / "style.css").read_text(encoding="utf-8")
    assert ":has(" not in re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)


#: What only another package's own code may know: Streamlit's inside, Plotly's inside, and ends of a
#: run that are used as signals.
PRIVATE = re.compile(
    r"get_script_run_ctx|FragmentStorage|streamlit\.(?:runtime|proto|web)\b|data-test|_fullLayout|"
    r"_fullData|calcdata|_basePlotModules|_visibleModules|except BaseException"
)


def test_nothing_private_of_another_package_is_used():
    scripts = (ROOT / "rnnviz").rglob("*.js")
    found = {
        path.name: hits
        for path in (*SOURCES, *scripts)
        if (hits := PRIVATE.findall(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_requirements_name_a_compatible_release_each():
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").split("\n")
        assert all("~=" in line for line in lines if line and not line.startswith("-r "))
