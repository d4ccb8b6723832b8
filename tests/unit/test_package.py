"""What is installed: the same as in the checkout, and described once."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import rnnviz
from rnnviz import figures
from rnnviz.config import RunConfig
from rnnviz.probe.session import Session
from rnnviz.tasks import shipped

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SHIPPED = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]


def requirements(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("-r ")]


def test_the_package_needs_what_requirements_txt_names():
    assert PROJECT["project"]["dependencies"] == requirements("requirements.txt")


def test_the_extra_dev_is_requirements_dev_txt():
    extras = PROJECT["project"]["optional-dependencies"]
    assert extras.keys() == {"dev", "torch", "notebook", "excel", "class", "sweep-dask"}
    assert extras["dev"] == requirements("requirements-dev.txt")


@pytest.mark.parametrize(("extra", "package"), [("torch", "torch"), ("sweep-dask", "dask")])
def test_an_extra_that_not_all_tests_need_is_what_the_others_use(extra, package):
    assert PROJECT["project"]["optional-dependencies"][extra] == [
        line for line in requirements("requirements-parity.txt") if line.startswith(package)
    ]


def test_the_extra_notebook_is_what_is_tested():
    (needed,) = PROJECT["project"]["optional-dependencies"]["notebook"]
    assert needed in requirements("requirements-dev.txt")


def test_the_tests_build_with_what_the_package_is_built_with():
    assert set(PROJECT["build-system"]["requires"]) <= set(requirements("requirements-dev.txt"))


def test_the_version_stands_in_one_place():
    assert "version" in PROJECT["project"]["dynamic"]
    found = [
        path.name
        for path in (ROOT / "pyproject.toml", *(ROOT / "rnnviz").rglob("*.py"))
        if re.search(rf'"{re.escape(rnnviz.__version__)}"', path.read_text(encoding="utf-8"))
    ]
    assert found == ["__init__.py"]


def test_types_are_shipped():
    assert (ROOT / "rnnviz" / "py.typed").is_file()


# Short names


def test_short_names_are_the_things_themselves():
    assert rnnviz.Session is Session
    assert rnnviz.RunConfig is RunConfig
    assert rnnviz.figures is figures
    assert callable(rnnviz.figures.training_curves.loss_curve)
    assert {"Session", "RunConfig", "figures"} <= set(dir(rnnviz))


def test_another_short_name_is_refused():
    with pytest.raises(AttributeError, match="has no attribute 'Sesion'"):
        _ = rnnviz.Sesion


def in_a_new_process(code):
    command = [sys.executable, "-c", f"import json, sys; {code}"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True
    )
    return json.loads(done.stdout)


def test_the_package_alone_imports_nothing_large():
    code = "import rnnviz; print(json.dumps([name for name in sys.modules if '.' not in name]))"
    assert not {"numpy", "plotly", "pandas", "streamlit"} & set(in_a_new_process(code))


def test_every_short_name_can_be_imported_first():
    for name in rnnviz.__all__:
        code = f"from rnnviz import {name}; print(json.dumps({name}.__name__))"
        assert in_a_new_process(code).endswith(name)


def test_figures_offers_every_module_that_draws():
    paths = [
        path for room in ("charts", "questions") for path in (ROOT / "rnnviz" / room).rglob("*.py")
    ]
    draw = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in paths
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        if isinstance(node.returns, ast.Name) and node.returns.id == "Picture"
    }
    offered = {getattr(figures, name).__name__ for name in figures.__all__}
    assert len(draw) > 15
    assert offered == draw
    assert {"training_curves", "hidden_states"} <= set(dir(figures))


def test_figures_knows_its_former_names():
    assert figures.run_curves is figures.training_curves
    assert figures.silencing is figures.breaks
    with pytest.raises(AttributeError, match="has no attribute 'no_such_figure'"):
        _ = figures.no_such_figure


# Files


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_is_found_by_its_name_in_the_checkout(name):
    assert shipped(name) == ROOT / name
    assert shipped(name).exists()
    assert SHIPPED[name] == f"rnnviz/shipped/{name}"


def test_every_shipped_file_that_is_read_is_in_the_wheel():
    asked = {
        name
        for path in (ROOT / "rnnviz").rglob("*.py")
        for name in re.findall(r'shipped\("([^"]+)"\)', path.read_text(encoding="utf-8"))
    }
    assert len(asked) >= 5
    assert all(any(f"{name}/".startswith(f"{given}/") for given in SHIPPED) for name in asked), (
        asked
    )


def test_nothing_else_of_the_package_looks_above_itself():
    found = {
        path.name
        for path in (ROOT / "rnnviz").rglob("*.py")
        if path != ROOT / "rnnviz" / "tasks" / "__init__.py"
        and re.search(r"__file__.*parents|parent\.parent", path.read_text(encoding="utf-8"))
    }
    assert found == set()


# Other systems


def workflow():
    return (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")


def test_every_system_and_every_python_runs_the_tests():
    text = workflow()
    for word in ("ubuntu", "macos", "windows", '"3.11"', '"3.12"', '"3.13"', '"3.14"'):
        assert word in text
    lowest = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert min(re.findall(r'"(3\.\d+)"', text)) == lowest


#: Calls that guess an encoding where none is named, and differently on every system.
GUESSING = re.compile(
    r"\.(?:read_text|write_text)\((?!.*(?:encoding|\"utf-8\"))|(?<![\w.])open\((?!.*(?:encoding|b\"))"
    r"|\.open\(\"[rwax]\"\)|\.open\(\)|\btext=True(?!.*encoding)"
)


def test_every_text_file_is_read_and_written_with_its_encoding_named():
    folders = ("rnnviz", "benchmarks", "data", "tests")
    sources = [path for name in folders for path in (ROOT / name).rglob("*.py")]
    found = {
        f"{path.name}: {line.strip()}"
        for path in sources
        if path != Path(__file__)
        for line in path.read_text(encoding="utf-8").splitlines()
        if GUESSING.search(line)
    }
    assert found == set()
