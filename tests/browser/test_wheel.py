"""The wheel, installed outside the repository: it serves the page and trains from any folder."""

import contextlib
import os
import signal
import subprocess
import sys
import sysconfig
import urllib.error
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

import rnnviz
from rnnviz.lessons.lesson import example, shipped
from tests.browser.serving import ROOT, free_port, open_page, stop, visit, wait_until_healthy
from tests.browser.train_page import TrainPage

#: With the docs that the page *Guide* shows.
LARGEST = 1_250_000
#: Files beside the package that the wheel has too.
SHIPPED = (
    "data/sentiment/train.csv", "data/translation/test.csv", "data/characters/moon.txt",
    "docs/logo.svg", ".streamlit/config.toml",
)  # fmt: skip
#: What a folder may have been set to for another app; none of it may reach ours.
FOREIGN = """
[server]
address = "0.0.0.0"
allowedHosts = ["*"]
maxUploadSize = 999
baseUrlPath = "elsewhere"

[theme.light]
primaryColor = "#ff0000"
"""


def run(*command, folder):
    """Run a program to its end, away from the repository and its environment's variables."""
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=plain_environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def plain_environment():
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built as ``pip install .`` builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--quiet", "--wheel-dir", folder)
    done = run(sys.executable, "-m", "pip", "wheel", ROOT, *options, folder=folder)
    assert done.returncode == 0, done.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def programs(wheel, tmp_path_factory):
    """The folder of the programs of a new environment, with the wheel in it.

    What the wheel needs is found where these tests have it, so that nothing is downloaded.
    """
    place = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(place, with_pip=False, symlinks=os.name != "nt")
    names = {"base": str(place), "platbase": str(place)}
    of_new = sysconfig.get_paths("venv", names)
    scripts, packages = Path(of_new["scripts"]), Path(of_new["purelib"])
    here = sysconfig.get_paths()
    lines = dict.fromkeys((here["purelib"], here["platlib"]))
    (packages / "here.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    python = scripts / Path(sys.executable).name
    # These tests' own environment may have rnnviz as well.
    options = ("--no-deps", "--no-index", "--ignore-installed", "--quiet")
    done = run(python, "-m", "pip", "install", *options, wheel, folder=place)
    assert done.returncode == 0, done.stderr
    return scripts


@pytest.fixture
def command(programs):
    """The installed command ``rnnviz``."""
    return programs / ("rnnviz.exe" if os.name == "nt" else "rnnviz")


@contextlib.contextmanager
def started(command, folder, port):
    """The installed command, serving the page from a folder; its process and its address."""
    with (folder / "log").open("w+b") as log:
        process = subprocess.Popen(
            [str(command), "--no-browser", "--port", str(port)],
            cwd=folder,
            env=plain_environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_healthy(f"{url}/_stcore/health", process, log)
            yield process, url
        finally:
            stop(process)


# What is in it


def test_the_wheel_is_small_and_has_the_package_alone(wheel):
    assert wheel.stat().st_size <= LARGEST
    with zipfile.ZipFile(wheel) as found:
        names = {name for name in found.namelist() if ".dist-info/" not in name}
        shipped = {name: found.read(f"rnnviz/shipped/{name}") for name in SHIPPED}
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "rnnviz").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {name for name in names if "/shipped/" not in name} == package
    assert "rnnviz/py.typed" in names
    assert shipped == {name: (ROOT / name).read_bytes() for name in SHIPPED}


def test_the_wheel_gives_its_own_files_and_no_top_level_data(programs, tmp_path):
    code = """
import importlib.util, rnnviz
from rnnviz.tasks import shipped
print(importlib.util.find_spec("data"), rnnviz.__version__, shipped("docs/logo.svg").is_file())
print(shipped("docs/logo.svg"))
"""
    done = run(programs / Path(sys.executable).name, "-c", code, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    said, path = done.stdout.splitlines()
    assert said == f"None {rnnviz.__version__} True"
    assert Path(path).is_relative_to(programs.parent)


# What it does


def test_the_installed_command_trains_from_any_folder(command, tmp_path):
    for task in ("sentiment", "characters", "translation"):
        options = ("--task", task, "--hidden", 4, "--epochs", 2, "--every", 2)
        done = run(command, "train", *options, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("--- Epoch 2\nTrain:\tLoss")


def test_the_lessons_are_installed(command, tmp_path):
    done = run(command, "lesson", "list", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == [*shipped()]
    done = run(command, "lesson", "new", "my.lesson.md", folder=tmp_path)
    assert (tmp_path / "my.lesson.md").read_text(encoding="utf-8") == example()


def test_bad_input_of_the_installed_command_gets_one_sentence(command, tmp_path):
    done = run(command, "--port", "abc", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("rnnviz: ") and done.stderr.count("\n") == 1


def status(url, host=None):
    """The code of the answer to a request, under the name of a host."""
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


@pytest.mark.story
def test_the_installed_page_holds_its_settings_and_ends_without_a_traceback(
    command, tmp_path, browser, complaints
):
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text(FOREIGN, encoding="utf-8")
    with started(command, tmp_path, free_port()) as (process, url):
        assert status(url) == 200
        assert status(url, "evil.example") == 403
        page = open_page(browser, complaints, color_scheme="light")
        visit(page, url)
        TrainPage(page).step_to("1")
        assert page.locator("img[data-testid$=Logo]").first.evaluate("img => img.naturalWidth > 0")
        style = "getComputedStyle(document.querySelector('.stApp'))"
        assert "rgb(31, 41, 51)" in page.evaluate(f"{style}.color")
        page.context.close()
        if os.name != "nt":  # a process can't be sent Ctrl-C alone there
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 0
    said = (tmp_path / "log").read_text(encoding="utf-8")
    assert said == f"rnnviz: the page is at {url}. Ctrl-C ends it.\n"
